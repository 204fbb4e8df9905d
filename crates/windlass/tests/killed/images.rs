//! Images that differ in everything, as a registry takes them.

use windlass_image::testing::{Tar, gzip, image, layer};

pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// Files in each image: enough to read for a worker to be killed meanwhile.
const FILES: usize = 300;

pub(crate) struct Sample {
    pub(crate) config: Vec<u8>,
    pub(crate) manifest: Vec<u8>,
    /// Compressed.
    pub(crate) layer: Vec<u8>,
    pub(crate) digest: String,
}

/// An image with one package, which no other has.
pub(crate) fn numbered(number: usize) -> Sample {
    let status = format!(
        "Package: package-{number}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.0-{number}\n\
         Maintainer: Nobody <nobody@example.org>\nDescription: a package\n\n"
    );
    let mut tar =
        Tar::new().file("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n").file("var/lib/dpkg/status", status);
    for file in 0..FILES {
        tar = tar.file(format!("srv/{file}"), format!("{number} {file} ").repeat(1000));
    }
    let bytes = tar.into_bytes();
    let stored = gzip(&bytes);
    let image = image(vec![layer("application/vnd.oci.image.layer.v1.tar+gzip", &bytes, stored.clone())]);
    let digest = image.manifest_digest.to_string();
    Sample { config: image.config, manifest: image.manifest, layer: stored, digest }
}
