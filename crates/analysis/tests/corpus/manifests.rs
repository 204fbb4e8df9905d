//! What package managers recorded of their files, held against the files themselves: the inputs of package verification.

use std::collections::BTreeMap;

use windlass_analysis::{FileSelection, Options};
use windlass_image::{DigestAlgorithm, WalkOptions};
use windlass_sbom::{File, FileDigest, FileKind, Metadata, Sbom};

use crate::support;

/// A line of a package's manifest.
struct Recorded {
    path: String,
    digest: Option<FileDigest>,
    mode: Option<u32>,
    config: bool,
}

fn manifest(sbom: &Sbom) -> Vec<Recorded> {
    let octal = |mode: &str| u32::from_str_radix(mode, 8).ok();
    let of = |metadata: &Metadata| -> Vec<Recorded> {
        match metadata {
            Metadata::Dpkg(entry) => entry
                .files
                .iter()
                .map(|file| Recorded {
                    path: file.path.clone(),
                    digest: file.digest.clone(),
                    mode: None,
                    config: file.is_config_file,
                })
                .collect(),
            Metadata::Rpm(entry) => entry
                .files
                .iter()
                .map(|file| Recorded {
                    path: file.path.clone(),
                    digest: Some(file.digest.clone()).filter(|digest| !digest.value.is_empty()),
                    mode: Some(file.mode & 0o7777),
                    config: file.flags.contains('c'),
                })
                .collect(),
            Metadata::Apk(entry) => entry
                .files
                .iter()
                .map(|file| Recorded {
                    path: file.path.clone(),
                    digest: file.digest.clone(),
                    mode: octal(&file.permissions),
                    config: false,
                })
                .collect(),
            _ => Vec::new(),
        }
    };
    sbom.packages.iter().flat_map(|package| of(&package.metadata)).collect()
}

/// How many files of an image are what its package manager recorded, and which are not.
fn verify(image: &str) -> Option<(usize, usize, Vec<String>)> {
    let corpus = support::corpus()?;
    let walk = WalkOptions { file_digests: DigestAlgorithm::ALL.into_iter().collect(), ..WalkOptions::default() };
    let options = Options { walk, files: FileSelection::All, ..Options::default() };
    let sbom = support::scan_with(&corpus.join("images").join(image), &options);
    let files: BTreeMap<&str, &File> = sbom.files.iter().map(|file| (file.location.path.as_str(), file)).collect();
    let (mut same, mut configs, mut changed) = (0, 0, Vec::new());
    for recorded in manifest(&sbom) {
        configs += usize::from(recorded.config);
        // Packages list paths as they were before /lib became a link to /usr/lib.
        let moved = format!("/usr{}", recorded.path);
        let Some(file) = files.get(recorded.path.as_str()).or_else(|| files.get(moved.as_str())) else { continue };
        let (FileKind::RegularFile | FileKind::HardLink, Some(digest)) = (file.kind, &recorded.digest) else {
            continue;
        };
        let here = file.digests.iter().find(|here| here.algorithm == digest.algorithm);
        let here = here.unwrap_or_else(|| panic!("{} of {} was not computed", digest.algorithm, recorded.path));
        let same_mode = recorded.mode.is_none_or(|mode| mode == file.mode);
        if here == digest && same_mode {
            same += 1;
        } else if !recorded.config {
            changed.push(recorded.path);
        }
    }
    Some((same, configs, changed))
}

#[test]
fn files_of_debian_are_what_dpkg_recorded() {
    for (image, files, configurations) in [("debian-slim", 2_500, 50), ("distroless", 1_500, 0)] {
        let Some((same, configs, changed)) = verify(image) else { return };
        assert_eq!(changed, [""; 0], "{image}");
        assert!(same > files, "{image}: only {same} files were compared");
        assert!(configs >= configurations, "{image}: only {configs} configuration files");
    }
}

#[test]
fn files_of_alpine_are_what_apk_recorded() {
    let Some((same, _, changed)) = verify("alpine") else { return };
    assert_eq!(changed, [""; 0]);
    assert!(same > 10, "only {same} files were compared");
}

#[test]
fn files_of_rpm_are_what_its_headers_recorded_in_every_database_format() {
    for image in ["rpm-sqlite", "rpm-ndb", "rpm-bdb"] {
        let Some((same, configs, changed)) = verify(image) else { return };
        // Two architectures of glibc own this path with different content; only one of them can be there.
        assert_eq!(changed, ["/usr/share/licenses/glibc/COPYING"], "{image}");
        assert!(same >= 40 && configs > 10, "{image}: {same} files were compared, {configs} are configuration");
    }
}
