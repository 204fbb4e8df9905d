//! What a request for an image comes down to.

use jiff::Timestamp;

use crate::{
    DigestReference, InvalidPullString, PullString, TagReference,
    error::ErrorEnvelope,
    images::request::{
        ImageAnalysisRequest, ImageSource, ImportSource, Platforms, RegistryDigestSource, RegistryTagSource,
    },
    timestamp::parse_creation_time,
};

/// Where an image comes from, in the one form that all ways of asking lead to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnalysisSource {
    /// Resolve the tag at its registry.
    Tag { reference: TagReference, dockerfile: Option<String>, platforms: Option<Platforms> },
    /// Fetch by digest, record under the tag.
    Digest {
        reference: DigestReference,
        tag: TagReference,
        /// When the tag came to point at it; `None`: now.
        created_at: Option<Timestamp>,
        dockerfile: Option<String>,
        platforms: Option<Platforms>,
    },
    /// Restore the analysis of this digest.
    Archive { digest: String },
    /// Take an analysis that was made elsewhere, under these tags.
    Import { import: ImportSource, tags: Vec<TagReference> },
}

/// A request that names no image, or not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAnalysisRequest {
    #[error("nothing says which image; give source, or tag, or tag and digest")]
    Nothing,
    #[error("source is given together with tag, digest or dockerfile; give source alone")]
    SourceAndLegacy,
    #[error("source has several members; give one of tag, digest, archive, import")]
    SeveralSources,
    #[error("{0:?} is a digest or an image id where a tag is needed")]
    NotATag(String),
    #[error("{0:?} has no digest where one is needed")]
    NotADigest(String),
    #[error("the digest {0:?} needs a tag beside it, under which the image is recorded")]
    DigestWithoutTag(String),
    #[error("{tag:?} is another repository than {pullstring:?}; both must be of the same")]
    OtherRepository { pullstring: String, tag: String },
    #[error(transparent)]
    PullString(#[from] InvalidPullString),
    #[error("{property} is {value:?}, which is not of the form 2021-06-04T02:27:35Z")]
    CreationTime { property: &'static str, value: String },
    #[error("an import needs at least one tag")]
    ImportWithoutTags,
}

impl InvalidAnalysisRequest {
    /// The answer to such a request.
    pub fn envelope(&self) -> ErrorEnvelope {
        let reason = self.to_string();
        let envelope = |message: &str| ErrorEnvelope::new(400, message);
        match self {
            Self::Nothing | Self::SourceAndLegacy | Self::SeveralSources | Self::ImportWithoutTags => {
                envelope("Could not validate request due to error").with("validation_error", reason)
            }
            Self::DigestWithoutTag(_) | Self::PullString(_) => {
                envelope("Validation error").with("validation_error", reason)
            }
            Self::NotATag(value) | Self::NotADigest(value) | Self::OtherRepository { tag: value, .. } => {
                ErrorEnvelope::new(400, reason).with("invalid_value", value.as_str())
            }
            Self::CreationTime { property, value } => {
                ErrorEnvelope::new(400, reason).with("Property", *property).with("Value", value.as_str())
            }
        }
    }
}

impl ImageAnalysisRequest {
    /// Which image is asked for. A time beside `source` is ignored: an admission controller sends one.
    pub fn source(&self) -> Result<AnalysisSource, InvalidAnalysisRequest> {
        let Some(source) = &self.source else { return self.legacy() };
        if self.tag.is_some() || self.digest.is_some() || self.dockerfile.is_some() {
            return Err(InvalidAnalysisRequest::SourceAndLegacy);
        }
        match source {
            ImageSource { tag: Some(tag), digest: None, archive: None, import: None } => tag.analysis_source(),
            ImageSource { tag: None, digest: Some(digest), archive: None, import: None } => {
                digest.analysis_source("creation_timestamp_override")
            }
            ImageSource { tag: None, digest: None, archive: Some(archive), import: None } => {
                Ok(AnalysisSource::Archive { digest: archive.digest.clone() })
            }
            ImageSource { tag: None, digest: None, archive: None, import: Some(import) } => import.analysis_source(),
            ImageSource { tag: None, digest: None, archive: None, import: None } => {
                Err(InvalidAnalysisRequest::Nothing)
            }
            _ => Err(InvalidAnalysisRequest::SeveralSources),
        }
    }

    fn legacy(&self) -> Result<AnalysisSource, InvalidAnalysisRequest> {
        let dockerfile = self.dockerfile.clone();
        match (&self.digest, &self.tag) {
            (None, None) => Err(InvalidAnalysisRequest::Nothing),
            (None, Some(tag)) => {
                RegistryTagSource { pullstring: tag.clone(), dockerfile, platforms: None }.analysis_source()
            }
            (Some(digest), None) => Err(InvalidAnalysisRequest::DigestWithoutTag(digest.clone())),
            (Some(digest), Some(tag)) => {
                let creation_timestamp_override = self.created_at.clone();
                let (pullstring, tag) = (digest.clone(), tag.clone());
                RegistryDigestSource { pullstring, tag, creation_timestamp_override, dockerfile, platforms: None }
                    .analysis_source("created_at")
            }
        }
    }
}

fn tag(text: &str) -> Result<TagReference, InvalidAnalysisRequest> {
    match PullString::parse(text)? {
        PullString::Tag(reference) => Ok(reference),
        PullString::Digest(_) | PullString::ImageId(_) => Err(InvalidAnalysisRequest::NotATag(text.to_owned())),
    }
}

impl RegistryTagSource {
    fn analysis_source(&self) -> Result<AnalysisSource, InvalidAnalysisRequest> {
        let Self { pullstring, dockerfile, platforms } = self.clone();
        Ok(AnalysisSource::Tag { reference: tag(&pullstring)?, dockerfile, platforms })
    }
}

impl RegistryDigestSource {
    /// `property` is what the caller named the time.
    fn analysis_source(&self, property: &'static str) -> Result<AnalysisSource, InvalidAnalysisRequest> {
        let PullString::Digest(mut reference) = PullString::parse(&self.pullstring)? else {
            return Err(InvalidAnalysisRequest::NotADigest(self.pullstring.clone()));
        };
        let tag = tag(&self.tag)?;
        match &reference.repo {
            // A digest alone is of the tag's repository.
            None => (reference.registry, reference.repo) = (tag.registry.clone(), Some(tag.repo.clone())),
            Some(repo) if (&reference.registry, repo) == (&tag.registry, &tag.repo) => {}
            Some(_) => {
                let (pullstring, tag) = (self.pullstring.clone(), self.tag.clone());
                return Err(InvalidAnalysisRequest::OtherRepository { pullstring, tag });
            }
        }
        let time = |value: &String| {
            let value = value.clone();
            parse_creation_time(&value).ok_or(InvalidAnalysisRequest::CreationTime { property, value })
        };
        let created_at = self.creation_timestamp_override.as_ref().map(time).transpose()?;
        let (dockerfile, platforms) = (self.dockerfile.clone(), self.platforms.clone());
        Ok(AnalysisSource::Digest { reference, tag, created_at, dockerfile, platforms })
    }
}

impl ImportSource {
    fn analysis_source(&self) -> Result<AnalysisSource, InvalidAnalysisRequest> {
        let tags = self.tags.iter().map(|text| tag(text)).collect::<Result<Vec<_>, _>>()?;
        if tags.is_empty() {
            return Err(InvalidAnalysisRequest::ImportWithoutTags);
        }
        Ok(AnalysisSource::Import { import: self.clone(), tags })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::images::AllPlatforms;

    fn source(body: Value) -> Result<AnalysisSource, InvalidAnalysisRequest> {
        serde_json::from_value::<ImageAnalysisRequest>(body).unwrap().source()
    }

    fn reference(text: &str) -> TagReference {
        tag(text).unwrap()
    }

    #[test]
    fn both_ways_of_asking_for_a_tag_mean_the_same() {
        let expected = AnalysisSource::Tag {
            reference: reference("docker.io/a:1"),
            dockerfile: Some("Zg==".into()),
            platforms: None,
        };
        assert_eq!(source(json!({"tag": "a:1", "dockerfile": "Zg=="})), Ok(expected.clone()));
        let body = json!({
            "source": {"tag": {"pullstring": "a:1", "dockerfile": "Zg=="}, "digest": null},
            "created_at": "2024-01-01T00:00:00Z",
        });
        assert_eq!(source(body), Ok(expected));
    }

    #[test]
    fn both_ways_of_asking_for_a_digest_mean_the_same() {
        let expected = Ok(AnalysisSource::Digest {
            reference: DigestReference {
                registry: "r.io".into(),
                repo: Some("a".into()),
                tag: None,
                digest: "sha256:ab".into(),
            },
            tag: reference("r.io/a:1"),
            created_at: parse_creation_time("2024-01-01T00:00:00.5Z"),
            dockerfile: None,
            platforms: None,
        });
        let time = "2024-01-01T00:00:00:5Z";
        for digest in ["r.io/a@sha256:ab", "sha256:ab"] {
            assert_eq!(source(json!({"digest": digest, "tag": "r.io/a:1", "created_at": time})), expected);
            let member = json!({"pullstring": digest, "tag": "r.io/a:1", "creation_timestamp_override": time});
            assert_eq!(source(json!({"source": {"digest": member}})), expected);
        }
    }

    #[test]
    fn platforms_are_a_list_or_all_there_are() {
        let asked = |platforms: Value| {
            let body = json!({"source": {"tag": {"pullstring": "a:1", "platforms": platforms}}});
            let request = serde_json::from_value::<ImageAnalysisRequest>(body).ok()?;
            let AnalysisSource::Tag { platforms, .. } = request.source().unwrap() else { panic!("a tag") };
            platforms
        };
        assert_eq!(asked(json!("all")), Some(Platforms::All(AllPlatforms::All)));
        assert_eq!(asked(json!(["linux/arm64"])), Some(Platforms::Named(vec!["linux/arm64".into()])));
        for none in [json!("every"), json!(7), json!(null)] {
            assert_eq!(asked(none), None);
        }
    }

    #[test]
    fn imports_need_a_name() {
        let body = |tags: &[&str]| {
            json!({"source": {"import": {"operation_uuid": "u", "digest": "sha256:ab", "tags": tags,
                "contents": {"packages": "p", "manifest": "m", "image_config": "c", "dockerfile": null}}}})
        };
        let Ok(AnalysisSource::Import { tags, .. }) = source(body(&["a"])) else { panic!("an import") };
        assert_eq!(tags, [reference("docker.io/a:latest")]);
        assert_eq!(source(body(&[])), Err(InvalidAnalysisRequest::ImportWithoutTags));
    }

    #[test]
    fn what_names_no_image_or_several_is_refused_with_what_is_wrong() {
        let tag_source = json!({"pullstring": "a:1"});
        for (body, key, value) in [
            (json!({}), "validation_error", "nothing says which image; give source, or tag, or tag and digest"),
            (
                json!({"source": {}}),
                "validation_error",
                "nothing says which image; give source, or tag, or tag and digest",
            ),
            (
                json!({"source": {"tag": tag_source}, "tag": "a"}),
                "validation_error",
                "source is given together with tag, digest or dockerfile; give source alone",
            ),
            (
                json!({"source": {"tag": tag_source, "archive": {"digest": "sha256:ab"}}}),
                "validation_error",
                "source has several members; give one of tag, digest, archive, import",
            ),
            (json!({"tag": "a@sha256:ab"}), "invalid_value", "a@sha256:ab"),
            (json!({"digest": "a:1", "tag": "a:1"}), "invalid_value", "a:1"),
            (json!({"digest": "a@sha256:ab", "tag": "b:1"}), "invalid_value", "b:1"),
            (
                json!({"digest": "sha256:ab"}),
                "validation_error",
                "the digest \"sha256:ab\" needs a tag beside it, under which the image is recorded",
            ),
            (json!({"digest": "sha256:ab", "tag": "b:1", "created_at": "today"}), "Value", "today"),
        ] {
            let envelope = source(body.clone()).unwrap_err().envelope();
            assert_eq!(envelope.httpcode, 400, "{body}");
            assert_eq!(envelope.detail.unwrap().context[key], value, "{body}");
        }
        let envelope = source(json!({"tag": "a b"})).unwrap_err().envelope();
        assert_eq!(envelope.message, "Validation error");
    }
}
