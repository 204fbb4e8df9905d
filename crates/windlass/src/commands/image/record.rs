//! The records of images.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use anyhow::Context as _;
use windlass_client::views::{Image, ImageMetadata};

use crate::service::{field, none};

/// A Dockerfile longer than this is not sent.
const DOCKERFILE_LIMIT: u64 = 1 << 20;

/// What is known of each, its tags last.
pub(crate) fn write(images: &Vec<Image>, out: &mut dyn Write) -> io::Result<()> {
    for image in images {
        field("Image Digest", image.image_digest.or("None"), out)?;
        if let Some(parent) = image.parent_digest.get() {
            field("Parent Digest", parent, out)?;
        }
        field("Analysis Status", image.analysis_status.or("None"), out)?;
        if let Some(reason) = image.analysis_failure.reason.get() {
            field("Analysis Failure", reason, out)?;
        }
        field("Image Type", image.image_type.or("None"), out)?;
        field("Analyzed At", image.analyzed_at.or("None"), out)?;
        field("Image ID", image.image_detail.first().map_or("None", |detail| detail.image_id.or("None")), out)?;
        if let Some(metadata) = &image.image_content.metadata {
            write_metadata(metadata, out)?;
        }
        if !image.annotations.is_empty() {
            let annotations = image.annotations.iter().map(|(key, value)| format!("{key}={}", none(value)));
            field("Annotations", &annotations.collect::<Vec<_>>().join(", "), out)?;
        }
        writeln!(out)?;
        for detail in &image.image_detail {
            field("Full Tag", &detail.full_tag(), out)?;
            field("Tag Detected At", detail.tag_detected_at.or("None"), out)?;
            writeln!(out)?;
        }
    }
    Ok(())
}

fn write_metadata(metadata: &ImageMetadata, out: &mut dyn Write) -> io::Result<()> {
    for (label, value) in [
        ("Dockerfile Mode", &metadata.dockerfile_mode),
        ("Distro", &metadata.distro),
        ("Distro Version", &metadata.distro_version),
        ("Size", &metadata.image_size),
        ("Architecture", &metadata.arch),
        ("Layer Count", &metadata.layer_count),
    ] {
        field(label, value.or("None"), out)?;
    }
    Ok(())
}

/// `key=value`, neither of them empty.
pub(super) fn annotation(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() && !value.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("{text:?} is no annotation; write key=value")),
    }
}

pub(super) fn dockerfile(path: &Path) -> anyhow::Result<Vec<u8>> {
    let failed = || format!("the Dockerfile {} cannot be read", path.display());
    let length = fs::metadata(path).with_context(failed)?.len();
    anyhow::ensure!(length <= DOCKERFILE_LIMIT, "{}: it is longer than {DOCKERFILE_LIMIT} bytes", failed());
    fs::read(path).with_context(failed)
}
