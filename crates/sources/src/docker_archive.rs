//! `docker-archive`: the tar that `docker save` and `podman save` write.
//!
//! `manifest.json` names the config and the layers by their paths in the tar. There is no registry manifest, so one is
//! made up, with diff ids for layer digests; its digest therefore differs from the one a registry would give.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use windlass_image::{Digest, Image, Layer};

use crate::{
    archive::Archive,
    documents::{Config, DOCKER_CONFIG, DOCKER_LAYER, DOCKER_MANIFEST, json, shortened},
    error::Error,
    limits,
    location::Location,
    reference::canonical_tag,
    selection::{Wanted, check_platform},
    source::{Finds, Input, Options, Source},
};

pub(crate) const SOURCE: Source = Source {
    scheme: "docker-archive",
    summary: "a file made by `docker save`, optionally FILE:NAME:TAG; - reads standard input",
    finds: Finds::Path { recognises, open },
};

/// The one image of an archive, or the one of this name.
pub(crate) fn image(archive: &Archive, wanted: Wanted<'_>) -> Result<Image, Error> {
    let name = archive.name();
    let Some(listing) = archive.read("manifest.json", limits::INDEX_BYTES)? else {
        if is_legacy(archive) {
            return Err(Error::LegacyArchive { path: name.into() });
        }
        let reason = "it has no manifest.json".into();
        return Err(Error::NotA { path: name.into(), expected: "a docker archive", reason });
    };
    let what = format!("manifest.json of {name}");
    let entries: Vec<Entry> = json(&listing, &what)?;
    let entry = choose(entries, name, wanted.name)?;
    let member = |path: &str| format!("{} of {name}", shortened(path));

    let config_bytes = archive
        .read(&entry.config, limits::CONFIG_BYTES)?
        .ok_or_else(|| Error::MissingBlob { what: member(&entry.config), container: name.into() })?;
    let config = Config::parse(&config_bytes, &member(&entry.config))?;
    let paths = entry.layers.unwrap_or_default();
    if paths.len() > limits::LAYERS {
        return Err(Error::TooMany { what: format!("layers of {name}"), limit: limits::LAYERS });
    }
    if paths.len() != config.diff_ids.len() {
        let reason = format!("it lists {} layers, but the config {} diff ids", paths.len(), config.diff_ids.len());
        return Err(Error::malformed(what, reason));
    }
    check_platform(name, wanted.platform, &config.platform)?;
    let layers = (paths.iter().zip(config.diff_ids))
        .map(|(path, diff_id)| {
            let slice = archive.find(path).ok_or_else(|| Error::MissingBlob {
                what: format!("layer {}", shortened(path)),
                container: name.into(),
            })?;
            let (size, source) = (slice.len(), Arc::new(slice));
            Ok(Layer { digest: None, diff_id, media_type: DOCKER_LAYER.into(), size, source })
        })
        .collect::<Result<Vec<_>, Error>>()?;
    let manifest = synthesise(&config_bytes, &layers);
    Ok(Image {
        user_input: wanted.user_input.to_owned(),
        id: Digest::of(&config_bytes),
        manifest_digest: Digest::of(&manifest),
        media_type: DOCKER_MANIFEST.into(),
        manifest,
        config: config_bytes,
        platform: config.platform,
        tags: entry.repo_tags.unwrap_or_default().into_iter().map(canonical_tag).collect(),
        repo_digests: Vec::new(),
        layers,
    })
}

fn recognises(location: &Location) -> bool {
    location.archive().is_some_and(|archive| archive.contains("manifest.json") || is_legacy(archive))
}

fn open(location: &Location, options: &Options) -> Result<Input, Error> {
    let image = image(location.require_archive()?, location.wanted(options))?;
    Ok(Input::Image(Box::new(image)))
}

fn is_legacy(archive: &Archive) -> bool {
    archive.contains("repositories") && archive.any_ends_with("/layer.tar")
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    config: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    #[serde(default)]
    layers: Option<Vec<String>>,
}

impl Entry {
    fn label(&self) -> String {
        match self.repo_tags.as_deref() {
            None | Some([]) => shortened(&self.config),
            Some(tags) => tags.iter().take(4).map(|tag| shortened(tag)).collect::<Vec<_>>().join(" = "),
        }
    }
}

fn choose(mut entries: Vec<Entry>, container: &str, name: Option<&str>) -> Result<Entry, Error> {
    let choices = || entries.iter().take(32).map(Entry::label).collect();
    if let Some(name) = name {
        let has = |entry: &Entry| entry.repo_tags.iter().flatten().any(|tag| tag == name);
        return match entries.iter().position(has) {
            Some(at) => Ok(entries.swap_remove(at)),
            None => Err(Error::NoSuchName { container: container.into(), name: shortened(name), choices: choices() }),
        };
    }
    match entries.len() {
        1 => Ok(entries.remove(0)),
        0 => Err(Error::NoImage { container: container.into(), skipped: Vec::new() }),
        _ => Err(Error::SeveralImages { container: container.into(), choices: choices() }),
    }
}

/// The manifest other scanners make up for the same archive, byte for byte: the order of the fields matters.
fn synthesise(config: &[u8], layers: &[Layer]) -> Vec<u8> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Manifest<'a> {
        schema_version: u8,
        media_type: &'a str,
        config: Descriptor<'a>,
        layers: Vec<Descriptor<'a>>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Descriptor<'a> {
        media_type: &'a str,
        size: u64,
        digest: &'a str,
    }
    let id = Digest::of(config);
    let manifest = Manifest {
        schema_version: 2,
        media_type: DOCKER_MANIFEST,
        config: Descriptor { media_type: DOCKER_CONFIG, size: config.len() as u64, digest: id.as_str() },
        layers: (layers.iter())
            .map(|layer| Descriptor { media_type: DOCKER_LAYER, size: layer.size, digest: layer.diff_id.as_str() })
            .collect(),
    };
    serde_json::to_vec(&manifest).expect("strings and numbers always become JSON")
}
