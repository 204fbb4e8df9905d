use windlass_image::testing::Tar;
use windlass_sbom::{Metadata, RelationshipKind};

use crate::testing::{introduced_in, names, package, scan};

const MUSL: &str =
    "P:musl\nV:1.2.4-r2\nA:x86_64\nL:MIT\no:musl\np:so:libc.musl-x86_64.so.1=1\nF:lib\nR:ld-musl-x86_64.so.1\n\n";
const CURL: &str =
    "P:libcurl\nV:8.4.0-r0\nA:x86_64\nL:MIT BSD GPL2+\no:curl\nD:so:libc.musl-x86_64.so.1 !libcurl3 so:absent\n\n";

fn alpine() -> Tar {
    Tar::new().file("etc/os-release", "ID=alpine\nVERSION_ID=3.19.1\n")
}

#[test]
fn packages_have_origins_licences_files_and_layers() {
    let layers =
        [alpine().file("lib/apk/db/installed", MUSL), Tar::new().file("lib/apk/db/installed", [MUSL, CURL].concat())];
    let sbom = scan(layers.clone());
    assert_eq!(names(&sbom), [("libcurl", "8.4.0-r0"), ("musl", "1.2.4-r2")]);
    let curl = package(&sbom, "libcurl");
    assert_eq!(
        curl.purl.as_deref(),
        Some("pkg:apk/alpine/libcurl@8.4.0-r0?arch=x86_64&distro=alpine-3.19.1&upstream=curl")
    );
    let licenses: Vec<_> = curl.licenses.iter().map(|license| license.value.as_str()).collect();
    assert_eq!(licenses, ["BSD", "GPL2+", "MIT"], "what is no expression is a list of words");
    let Metadata::Apk(musl) = &package(&sbom, "musl").metadata else { panic!("no metadata of apk") };
    assert_eq!(
        musl.files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(),
        ["/lib", "/lib/ld-musl-x86_64.so.1"]
    );
    let layers = layers.each_ref();
    assert_eq!(introduced_in(&sbom, &layers, "musl"), Some(0));
    assert_eq!(introduced_in(&sbom, &layers, "libcurl"), Some(1));
    let edges: Vec<_> = sbom.relationships.iter().filter(|r| r.kind == RelationshipKind::DependencyOf).collect();
    assert_eq!(edges.len(), 1);
    assert_eq!((&edges[0].parent, &edges[0].child), (&package(&sbom, "musl").id, &curl.id));
}

#[test]
fn only_distributions_of_apk_give_a_package_url() {
    let purl = |os_release: &str| {
        let sbom = scan([Tar::new().file("etc/os-release", os_release).file("lib/apk/db/installed", MUSL)]);
        package(&sbom, "musl").purl.clone()
    };
    assert_eq!(
        purl("ID=wolfi\nVERSION_ID=20230201\n").as_deref(),
        Some("pkg:apk/wolfi/musl@1.2.4-r2?arch=x86_64&distro=wolfi-20230201")
    );
    assert_eq!(purl("ID=debian\n"), None);
}

/// Databases of real systems, where the folder with samples is at hand.
#[test]
fn real_databases_are_read() {
    let Some(samples) = crate::testing::shared("samples/apk") else { return };
    for (file, count) in [("base.installed", 1), ("multiple-2.installed", 14), ("trivy.installed", 15)] {
        let text = std::fs::read_to_string(samples.join(file)).unwrap();
        let packages = super::apk_installed::packages(&text);
        assert_eq!(packages.len(), count, "{file}");
        let digests = packages.iter().flat_map(super::Installed::files).filter(|file| file.digest.is_some()).count();
        assert_eq!(
            digests,
            text.lines().filter(|line| line.starts_with("Z:")).count(),
            "{file}: every digest is decoded"
        );
    }
}
