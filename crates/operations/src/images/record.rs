//! Rows as the API shows them.

use jiff::Timestamp;
use windlass_store::{
    Moment, image_tags,
    images::{self, Shown},
};
use windlass_v1::{
    Annotations,
    images::{
        AnalysisFailure, AnalysisStatus, DockerfileMode, ImageContent, ImageDetail, ImageMetadata, ImageRecord,
        ImageStatus, ImageTag,
    },
    timestamp::{EpochSeconds, IsoSeconds},
};

use crate::{Error, Result};

pub(super) fn record(image: Shown, tags: Vec<image_tags::Model>) -> Result<ImageRecord> {
    Ok(ImageRecord {
        annotations: annotations(&image.annotations, &image.digest)?,
        image_detail: tags.into_iter().map(|tag| detail(&image, tag)).collect(),
        image_content: content(&image),
        image_type: "docker".to_owned(),
        image_status: status(image.status),
        analysis_status: analysis_status(image.analysis_status),
        created_at: seconds(image.created_at),
        last_updated: seconds(image.last_updated),
        analyzed_at: image.analyzed_at.map(seconds),
        analysis_failure: image
            .failure_code
            .zip(image.failure_reason)
            .map(|(code, reason)| AnalysisFailure { code, reason }),
        image_digest: image.digest,
        parent_digest: image.parent_digest,
        user_id: image.account,
    })
}

/// A tag in short.
pub(super) fn tag(row: image_tags::Summary) -> ImageTag {
    let seconds = |moment| EpochSeconds::from(Timestamp::from(moment));
    ImageTag {
        fulltag: row.fulltag(),
        image_digest: row.digest,
        parent_digest: row.parent_digest,
        image_id: row.image_id,
        analysis_status: analysis_status(row.analysis_status),
        image_status: status(row.status),
        created_at: seconds(row.created_at),
        analyzed_at: row.analyzed_at.map(seconds),
        tag_detected_at: seconds(row.detected_at),
    }
}

fn detail(image: &Shown, tag: image_tags::Model) -> ImageDetail {
    // What the history tells, where nobody gave one.
    let dockerfile = image.dockerfile.as_ref().or(image.guessed_dockerfile.as_ref());
    ImageDetail {
        fulltag: tag.fulltag(),
        fulldigest: format!("{}/{}@{}", tag.registry, tag.repository, image.digest),
        digest: image.digest.clone(),
        image_digest: image.digest.clone(),
        image_id: image.image_id.clone(),
        user_id: image.account.clone(),
        dockerfile: dockerfile.cloned(),
        created_at: seconds(tag.created_at),
        last_updated: seconds(tag.last_updated),
        tag_detected_at: seconds(tag.detected_at),
        registry: tag.registry,
        repo: tag.repository,
        tag: tag.tag,
    }
}

fn content(image: &Shown) -> ImageContent {
    let Some(image_size) = image.image_size else { return ImageContent::default() };
    // The analysis is shared by whoever has the image; a Dockerfile is of the one who gave it.
    let mode = if image.dockerfile.is_some() { DockerfileMode::Actual } else { DockerfileMode::Guessed };
    ImageContent {
        metadata: ImageMetadata {
            arch: image.arch.clone(),
            distro: image.distro.clone(),
            distro_version: image.distro_version.clone(),
            dockerfile_mode: Some(mode),
            image_size: u64::try_from(image_size).ok(),
            layer_count: image.layer_count.and_then(|count| u64::try_from(count).ok()),
        },
    }
}

/// What users said of the image with that digest.
pub(super) fn annotations(stored: &str, digest: &str) -> Result<Annotations> {
    // As most have it.
    if stored == "{}" {
        return Ok(Annotations::default());
    }
    serde_json::from_str(stored)
        .map_err(|error| Error::Broken(format!("the annotations of image {digest} cannot be read: {error}")))
}

fn seconds(moment: Moment) -> IsoSeconds {
    Timestamp::from(moment).into()
}

pub(super) fn status(status: images::Status) -> ImageStatus {
    match status {
        images::Status::Active => ImageStatus::Active,
        images::Status::Deleting => ImageStatus::Deleting,
    }
}

pub(super) fn stored_status(status: ImageStatus) -> images::Status {
    match status {
        ImageStatus::Active => images::Status::Active,
        ImageStatus::Deleting => images::Status::Deleting,
    }
}

pub(crate) fn analysis_status(status: images::AnalysisStatus) -> AnalysisStatus {
    match status {
        images::AnalysisStatus::NotAnalyzed => AnalysisStatus::NotAnalyzed,
        images::AnalysisStatus::Analyzing => AnalysisStatus::Analyzing,
        images::AnalysisStatus::Analyzed => AnalysisStatus::Analyzed,
        images::AnalysisStatus::AnalysisFailed => AnalysisStatus::AnalysisFailed,
    }
}

pub(super) fn stored_analysis_status(status: AnalysisStatus) -> images::AnalysisStatus {
    match status {
        AnalysisStatus::NotAnalyzed => images::AnalysisStatus::NotAnalyzed,
        AnalysisStatus::Analyzing => images::AnalysisStatus::Analyzing,
        AnalysisStatus::Analyzed => images::AnalysisStatus::Analyzed,
        AnalysisStatus::AnalysisFailed => images::AnalysisStatus::AnalysisFailed,
    }
}
