//! `windlass image add IMAGE`

use std::{collections::BTreeMap, path::PathBuf};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use clap::Args;
use serde_json::{Value, json};
use windlass_client::{ImageName, Request};

use super::record;
use crate::{Outcome, diagnostics::Hinted, service::Session};

#[derive(Args)]
pub(super) struct AddArguments {
    /// A reference by tag (registry/repository:tag), or with --tag by digest (registry/repository@sha256:…).
    #[arg(value_name = "IMAGE", required_unless_present = "from_archive")]
    image: Option<String>,
    /// Analyse it again if it is known.
    #[arg(long)]
    force: bool,
    /// The Dockerfile that it was built with.
    #[arg(long, value_name = "FILE")]
    dockerfile: Option<PathBuf>,
    /// Note to keep with it (repeatable).
    #[arg(long, value_name = "KEY=VALUE", value_parser = record::annotation)]
    annotation: Vec<(String, String)>,
    /// Of an image for several platforms, the one for this (repeatable): linux/arm64.
    #[arg(long, value_name = "PLATFORM", conflicts_with = "from_archive")]
    platform: Vec<String>,
    /// Of an image for several platforms, every one.
    #[arg(long, conflicts_with_all = ["platform", "from_archive"])]
    all_platforms: bool,
    /// Do not watch the tag for new images.
    #[arg(long)]
    noautosubscribe: bool,
    /// Tag under which an image is recorded that is given by digest.
    #[arg(long, value_name = "REF", conflicts_with = "from_archive")]
    tag: Option<String>,
    /// When the tag came to be this image, if it was not now: 2024-03-01T09:00:00Z.
    #[arg(long, value_name = "TIME", requires = "tag")]
    created_at: Option<String>,
    /// Take the image with this digest back from the archive of analyses.
    #[arg(long, value_name = "DIGEST", conflicts_with_all = ["image", "dockerfile"])]
    from_archive: Option<String>,
}

pub(super) fn run(arguments: &AddArguments, session: &Session) -> anyhow::Result<Outcome> {
    let annotations: BTreeMap<_, _> = arguments.annotation.iter().cloned().collect();
    let mut body = source(arguments)?;
    if !annotations.is_empty() {
        body["annotations"] = json!(annotations);
    }
    let mut request = Request::post(&["images"]).query("autosubscribe", !arguments.noautosubscribe);
    if arguments.force {
        request = request.query("force", true);
    }
    let added = session.send(&request.json(&body))?;
    session.print(&added, record::write)?;
    Ok(Outcome::Fine)
}

fn source(arguments: &AddArguments) -> anyhow::Result<Value> {
    if let Some(digest) = &arguments.from_archive {
        return Ok(json!({"source": {"archive": {"digest": digest}}}));
    }
    let image = arguments.image.as_deref().unwrap_or_default();
    let dockerfile = arguments.dockerfile.as_deref().map(record::dockerfile).transpose()?;
    let dockerfile = dockerfile.map(|bytes| BASE64_STANDARD.encode(bytes));
    let mut given = match (ImageName::parse(image), &arguments.tag) {
        (ImageName::Tag(tag), None) => json!({"tag": tag}),
        (ImageName::Tag(pull), Some(tag)) if pull.contains("@sha256:") => json!({"pullstring": pull, "tag": tag}),
        _ => {
            return Err(Hinted::error(
                format!("{image} cannot be added"),
                "an image is added by a reference with a tag, or by one with a digest and --tag",
            ));
        }
    };
    if let Some(dockerfile) = dockerfile {
        given["dockerfile"] = dockerfile.into();
    }
    if let Some(time) = &arguments.created_at {
        given["creation_timestamp_override"] = time.as_str().into();
    }
    let platforms = platforms(arguments);
    if arguments.tag.is_none() && platforms.is_none() {
        return Ok(given);
    }
    if let Some(platforms) = platforms {
        given["platforms"] = platforms;
    }
    if arguments.tag.is_some() {
        return Ok(json!({"source": {"digest": given}}));
    }
    given["pullstring"] = given["tag"].take();
    if let Value::Object(members) = &mut given {
        members.remove("tag");
    }
    Ok(json!({"source": {"tag": given}}))
}

/// Which images of an index are meant, if others than the one that the service would choose.
fn platforms(arguments: &AddArguments) -> Option<Value> {
    if arguments.all_platforms {
        return Some(json!("all"));
    }
    (!arguments.platform.is_empty()).then(|| json!(arguments.platform))
}
