//! What is told of images.

use serde_json::{Value, json};
use windlass_channels::Facts;
use windlass_sources::Error as SourceError;
use windlass_store::{events::Level, images};
use windlass_v1::{
    error::ErrorEnvelope,
    events::{EventLevel, EventType},
    images::AnalysisStatus,
    subscriptions::SubscriptionType,
    webhooks::{AnalysisProgress, AnalysisUpdateChange},
};

use super::record::annotations;
use crate::{Happening, Result};

/// A tag came to an image whose analysis is there already: it is available under that name from now on.
pub(super) fn available<'a>(image: &images::Model, fulltag: &'a str) -> Result<Happening<'a>> {
    let annotations = annotations(&image.annotations, &image.digest)?;
    let progress = AnalysisProgress {
        image_digest: image.digest.clone(),
        analysis_status: AnalysisStatus::Analyzed,
        annotations: annotations.clone(),
    };
    let change = AnalysisUpdateChange { curr_eval: progress.clone(), last_eval: progress, annotations };
    let mut details = json!(change);
    details["subscription_type"] = SubscriptionType::AnalysisUpdate.as_str().into();
    Ok(happening(EventType::UserAnalysisCompleted, fulltag, details))
}

/// A registry did not tell what an image is, or told something that is no image.
pub(super) fn lookup_failed<'a>(reference: &'a str, error: &SourceError, refusal: &ErrorEnvelope) -> Happening<'a> {
    let kind = match error {
        SourceError::Malformed { .. }
        | SourceError::Digest { .. }
        | SourceError::NotAnImage { .. }
        | SourceError::Schema1 { .. } => EventType::ManifestParseFailed,
        _ => EventType::RegistryLookupFailed,
    };
    happening(kind, reference, json!({ "anchore_error_json": refusal }))
}

/// Something that happened to an image.
pub(crate) fn happening(kind: EventType, resource: &str, details: Value) -> Happening<'_> {
    Happening {
        kind: kind.as_str(),
        level: match kind.level() {
            EventLevel::Info => Level::Info,
            EventLevel::Error => Level::Error,
        },
        message: kind.message().to_owned(),
        details,
        resource: (kind.resource_type().as_str(), Some(resource)),
        source: "catalog",
        facts: Facts::default(),
    }
}
