//! The layout is read back by Windlass itself.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use windlass_sources::Input;

use crate::layout;

/// Writes a file of a layer, with the folders above it.
fn file(layer: &Path, path: &str, content: &str) {
    let path = layer.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn npm_package(layer: &Path, name: &str, version: &str) {
    let manifest = format!(r#"{{"name": "{name}", "version": "{version}"}}"#);
    file(layer, &format!("app/node_modules/{name}/package.json"), &manifest);
}

/// A Debian base and an npm layer.
fn layers(folder: &Path) -> Vec<PathBuf> {
    let (debian, npm) = (folder.join("debian"), folder.join("npm"));
    file(&debian, "usr/lib/os-release", "ID=debian\nVERSION_ID=\"12\"\n");
    fs::create_dir_all(debian.join("etc")).unwrap();
    symlink("../usr/lib/os-release", debian.join("etc/os-release")).unwrap();
    let status = "Package: zlib1g\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:1.2.13.dfsg-1\n";
    file(&debian, "var/lib/dpkg/status", status);
    npm_package(&npm, "lodash", "4.17.15");
    npm_package(&npm, "minimist", "1.2.0");
    vec![debian, npm]
}

fn packages(layout: &Path) -> Vec<String> {
    let input = format!("oci-dir:{}", layout.display());
    let Input::Image(image) = windlass_sources::resolve(&input, &windlass_sources::Options::default()).unwrap() else {
        panic!("an image layout is an image");
    };
    let sbom = windlass_analysis::analyse_image(&image, &windlass_analysis::Options::default()).unwrap().sbom;
    assert_eq!(sbom.distro.unwrap().id, "debian", "os-release is found through its link");
    sbom.packages.iter().map(|package| format!("{} {}", package.name, package.version)).collect()
}

#[test]
fn what_the_layers_install_is_found_in_the_image() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("image");
    let image = layout::write(&output, &layers(folder.path()), &[]).unwrap();
    assert_eq!(image.layers, 2);
    assert_eq!(packages(&output), ["lodash 4.17.15", "minimist 1.2.0", "zlib1g 1:1.2.13.dfsg-1"]);
}

#[test]
fn what_is_removed_is_a_layer_more_and_not_found() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("image");
    let removed = ["app/node_modules/minimist".to_owned()];
    let image = layout::write(&output, &layers(folder.path()), &removed).unwrap();
    assert_eq!(image.layers, 3);
    assert_eq!(packages(&output), ["lodash 4.17.15", "zlib1g 1:1.2.13.dfsg-1"]);
}

#[test]
fn equal_folders_make_equal_images() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (layers, others) = (layers(one.path()), layers(other.path()));
    let digest = |layers: &[PathBuf]| layout::write(&one.path().join("image"), layers, &[]).unwrap().digest;
    assert_eq!(digest(&layers), digest(&others), "and a layout is replaced by the next");
}

#[test]
fn a_folder_that_is_no_layout_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let precious = folder.path().join("precious");
    file(&precious, "thesis.txt", "years");
    let error = layout::write(&precious, &layers(folder.path()), &[]).map(|_| ()).unwrap_err();
    assert!(error.to_string().ends_with("it is not an image layout"), "{error}");
    assert!(precious.join("thesis.txt").exists());
}

#[test]
fn a_layer_that_is_missing_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let error = layout::write(&folder.path().join("image"), &[missing], &[]).map(|_| ()).unwrap_err();
    assert!(error.to_string().starts_with("cannot list "), "{error}");
}
