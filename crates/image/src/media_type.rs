//! The media types that a layer may have.

/// Whether this is a tar archive, as it is or compressed, in one of the ways that images have come to use.
///
/// The suffix is not needed: how a layer is compressed is seen from its first bytes, because documents are wrong about
/// it. Source: OCI image specification (layer media types), Docker image manifest version 2 schema 2.
pub fn is_layer_media_type(media_type: &str) -> bool {
    const TARS: [&str; 4] = [
        "application/vnd.oci.image.layer.v1.tar",
        "application/vnd.oci.image.layer.nondistributable.v1.tar",
        "application/vnd.docker.image.rootfs.diff.tar",
        "application/vnd.docker.image.rootfs.foreign.diff.tar",
    ];
    const COMPRESSIONS: [&str; 5] = ["", "+gzip", "+zstd", ".gzip", ".zstd"];
    TARS.iter().any(|tar| media_type.strip_prefix(tar).is_some_and(|suffix| COMPRESSIONS.contains(&suffix)))
}

#[cfg(test)]
mod tests {
    use super::is_layer_media_type;

    #[test]
    fn layers_of_all_known_kinds_are_accepted() {
        for media_type in [
            "application/vnd.oci.image.layer.v1.tar",
            "application/vnd.oci.image.layer.v1.tar+gzip",
            "application/vnd.oci.image.layer.v1.tar+zstd",
            "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
            "application/vnd.docker.image.rootfs.diff.tar",
            "application/vnd.docker.image.rootfs.diff.tar.gzip",
            "application/vnd.docker.image.rootfs.diff.tar.zstd",
            "application/vnd.docker.image.rootfs.diff.tar+zstd",
            "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        ] {
            assert!(is_layer_media_type(media_type), "{media_type}");
        }
    }

    #[test]
    fn anything_else_is_not_a_layer() {
        for media_type in [
            "",
            "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
            "application/vnd.oci.image.layer.v1.squashfs",
            "application/vnd.oci.image.layer.v1.tar+xz",
        ] {
            assert!(!is_layer_media_type(media_type), "{media_type}");
        }
    }
}
