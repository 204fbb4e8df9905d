//! From an index to one image, wherever its documents are stored.

use std::{collections::VecDeque, sync::Arc};

use windlass_image::{Digest, Image, Layer, LayerSource, Platform};

use crate::{
    documents::{Config, Descriptor, Document, Index, Manifest, OCI_MANIFEST, shortened},
    error::Error,
    limits,
    platform::{agrees, describe, host, suitability},
    reference::canonical_tag,
};

/// Where documents and layers can be had by their descriptors. Documents come verified; layers are verified as they are
/// read.
pub(crate) trait Store {
    /// Names the store in messages.
    fn name(&self) -> &str;
    fn manifest(&self, descriptor: &Descriptor) -> Result<Vec<u8>, Error>;
    fn config(&self, descriptor: &Descriptor) -> Result<Vec<u8>, Error>;
    fn layer(&self, descriptor: &Descriptor) -> Result<Arc<dyn LayerSource>, Error>;
}

/// What the user asked for beyond the place.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub user_input: &'a str,
    /// A name within the store, by its annotations.
    pub name: Option<&'a str>,
    pub platform: Option<&'a Platform>,
}

/// The one image of an index that was asked for: by name, then by platform. A single image is taken whatever its
/// platform, unless the user named one.
pub(crate) fn select(store: &dyn Store, index: Index, wanted: Wanted<'_>) -> Result<Image, Error> {
    Offer::of(store, index)?.choose(wanted)
}

/// The images of an index, none of them chosen.
#[derive(Clone)]
pub(crate) struct Offer<'s> {
    store: &'s dyn Store,
    candidates: Vec<Candidate>,
    reads: usize,
}

/// An image as its index lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexEntry {
    /// Nothing where the index does not say.
    pub platform: Option<Platform>,
    /// Digest of its manifest.
    pub digest: Digest,
    pub media_type: String,
}

impl<'s> Offer<'s> {
    /// An index that offers nothing is an error.
    pub(crate) fn of(store: &'s dyn Store, index: Index) -> Result<Self, Error> {
        let mut reads = 0;
        let (candidates, skipped) = collect(store, index, &mut reads)?;
        if candidates.is_empty() {
            return Err(Error::NoImage { container: store.name().into(), skipped });
        }
        Ok(Self { store, candidates, reads })
    }

    pub(crate) fn entries(&self) -> Vec<IndexEntry> {
        let entry = |candidate: &Candidate| IndexEntry {
            platform: candidate.descriptor.platform.clone().map(Into::into),
            digest: candidate.descriptor.digest.clone(),
            media_type: shortened(&candidate.descriptor.media_type),
        };
        self.candidates.iter().map(entry).collect()
    }

    pub(crate) fn choose(mut self, wanted: Wanted<'_>) -> Result<Image, Error> {
        if let Some(name) = wanted.name {
            let choices = self.candidates.iter().map(Candidate::label).collect();
            self.candidates.retain(|candidate| candidate.names.iter().any(|own| own == name));
            if self.candidates.is_empty() {
                return Err(Error::NoSuchName { container: self.store.name().into(), name: shortened(name), choices });
            }
        }
        if self.candidates.len() > 1 {
            let platform = wanted.platform.cloned().unwrap_or_else(host);
            let best = fittest(self.store, self.candidates, &platform, &mut self.reads)?;
            return assemble(self.store, &best, Wanted { platform: Some(&platform), ..wanted });
        }
        let only = self.candidates.pop().expect("one candidate is left");
        assemble(self.store, &only, wanted)
    }

    /// Every image, in the order of the index but for the one that [`Offer::first_amd64`] would choose, which goes first.
    pub(crate) fn all(self, user_input: &str) -> Result<Vec<Image>, Error> {
        if self.candidates.len() > limits::PLATFORMS {
            return Err(too_many(self.store, "images in the index", limits::PLATFORMS));
        }
        let wanted = Wanted { user_input, name: None, platform: None };
        let images = self.candidates.iter().map(|candidate| assemble(self.store, candidate, wanted));
        let mut images = images.collect::<Result<Vec<_>, _>>()?;
        if let Some(first) = amd64_among(&self.candidates, &images) {
            images[..=first].rotate_right(1);
        }
        Ok(images)
    }

    /// The first image for amd64 of Linux or Windows, as the v1 API chooses: by what the index says, whatever the config.
    pub(crate) fn first_amd64(mut self, user_input: &str) -> Result<Image, Error> {
        for candidate in &mut self.candidates {
            if candidate.descriptor.platform.is_none() {
                candidate.descriptor.platform = platform_of(self.store, &candidate.descriptor, &mut self.reads)?;
            }
            let platform: Platform = candidate.descriptor.platform.clone().unwrap_or_default().into();
            if platform.architecture == "amd64" && matches!(platform.os.as_str(), "linux" | "windows") {
                return assemble(self.store, candidate, Wanted { user_input, name: None, platform: None });
            }
        }
        Err(no_such_platform(self.store, "linux/amd64 or windows/amd64".into(), &self.candidates))
    }
}

/// The place of the image that [`Offer::first_amd64`] would choose.
fn amd64_among(candidates: &[Candidate], images: &[Image]) -> Option<usize> {
    candidates.iter().zip(images).position(|(candidate, image)| {
        let stated = candidate.descriptor.platform.clone().map(Platform::from);
        let platform = stated.as_ref().unwrap_or(&image.platform);
        platform.architecture == "amd64" && matches!(platform.os.as_str(), "linux" | "windows")
    })
}

/// The image behind a manifest that is already at hand.
pub(crate) fn image_of(
    store: &dyn Store,
    bytes: Vec<u8>,
    manifest: &Manifest,
    names: &[String],
    wanted: Wanted<'_>,
) -> Result<Image, Error> {
    let container = store.name();
    manifest.check(container)?;
    let config_bytes = store.config(&manifest.config)?;
    let what = format!("config {} of {container}", manifest.config.digest);
    let config = Config::parse(&config_bytes, &what)?;
    if config.diff_ids.len() != manifest.layers.len() {
        let reason = format!("it has {} diff ids for {} layers", config.diff_ids.len(), manifest.layers.len());
        return Err(Error::malformed(what, reason));
    }
    check_platform(container, wanted.platform, &config.platform)?;
    let layers = (manifest.layers.iter().zip(config.diff_ids))
        .map(|(layer, diff_id)| {
            Ok(Layer {
                digest: Some(layer.digest.clone()),
                diff_id,
                media_type: layer.media_type.clone(),
                size: layer.size,
                source: store.layer(layer)?,
            })
        })
        .collect::<Result<_, Error>>()?;
    Ok(Image {
        user_input: wanted.user_input.to_owned(),
        id: manifest.config.digest.clone(),
        manifest_digest: Digest::of(&bytes),
        media_type: manifest.media_type_or(OCI_MANIFEST),
        manifest: bytes,
        config: config_bytes,
        platform: config.platform,
        // A bare tag, as `latest` in most layouts, names nothing outside its layout.
        tags: names
            .iter()
            .filter(|name| name.contains('/') || name.contains(':'))
            .cloned()
            .map(canonical_tag)
            .collect(),
        repo_digests: Vec::new(),
        layers,
    })
}

/// Refuses an image made for something else than was asked for. Images that do not say are taken as they are.
pub(crate) fn check_platform(container: &str, wanted: Option<&Platform>, found: &Platform) -> Result<(), Error> {
    match wanted {
        Some(wanted) if !found.architecture.is_empty() && !agrees(wanted, found) => {
            Err(Error::WrongPlatform { container: container.into(), wanted: describe(wanted), found: describe(found) })
        }
        _ => Ok(()),
    }
}

/// An image of an index, and what it is called there.
#[derive(Clone)]
struct Candidate {
    descriptor: Descriptor,
    names: Vec<String>,
}

impl Candidate {
    fn label(&self) -> String {
        let digest = &self.descriptor.digest.hex()[..12];
        let platform = self.descriptor.platform.clone().map(|platform| describe(&platform.into()));
        match (self.names.first(), platform) {
            (Some(name), Some(platform)) => format!("{} ({platform})", shortened(name)),
            (Some(name), None) => shortened(name),
            (None, Some(platform)) => platform,
            (None, None) => format!("sha256:{digest}…"),
        }
    }
}

/// All images of an index and the indexes inside it, each once, and the types of what was no image.
fn collect(store: &dyn Store, index: Index, reads: &mut usize) -> Result<(Vec<Candidate>, Vec<String>), Error> {
    let mut candidates: Vec<Candidate> = Vec::new();
    let mut skipped: Vec<String> = Vec::new();
    let mut seen = 0;
    let mut queue = VecDeque::from([(index, Vec::<String>::new(), 1)]);
    while let Some((index, inherited, depth)) = queue.pop_front() {
        for descriptor in index.manifests {
            seen += 1;
            if seen > limits::INDEX_ENTRIES {
                return Err(too_many(store, "entries in the indexes", limits::INDEX_ENTRIES));
            }
            let mut names = names_of(&descriptor);
            names.extend(inherited.iter().cloned());
            names.dedup();
            if descriptor.is_attestation() {
                note(&mut skipped, "attestations");
            } else if let Some(kind) = &descriptor.artifact_type {
                note(&mut skipped, kind);
            } else if descriptor.is_manifest() {
                add(&mut candidates, descriptor, names);
            } else if descriptor.is_index() || descriptor.media_type.is_empty() {
                let what = format!("index {} of {}", descriptor.digest, store.name());
                match Document::parse(&read(store, &descriptor, reads)?, &what)? {
                    Document::Index(_) if depth == limits::INDEX_DEPTH => {
                        return Err(too_many(store, "indexes inside indexes", limits::INDEX_DEPTH));
                    }
                    Document::Index(nested) => queue.push_back((nested, names, depth + 1)),
                    Document::Manifest(_) => add(&mut candidates, descriptor, names),
                    Document::Schema1 => return Err(Error::Schema1 { reference: store.name().into() }),
                }
            } else {
                note(&mut skipped, &descriptor.media_type);
            }
        }
    }
    Ok((candidates, skipped))
}

fn add(candidates: &mut Vec<Candidate>, descriptor: Descriptor, names: Vec<String>) {
    match candidates.iter_mut().find(|other| other.descriptor.digest == descriptor.digest) {
        Some(same) => {
            same.names.extend(names);
            same.names.sort_unstable();
            same.names.dedup();
        }
        None => candidates.push(Candidate { descriptor, names }),
    }
}

fn note(skipped: &mut Vec<String>, kind: &str) {
    let kind = shortened(kind);
    if skipped.len() < 8 && !skipped.contains(&kind) {
        skipped.push(kind);
    }
}

/// Layout writers use one of these annotations; the first names an image everywhere, the second within the layout.
fn names_of(descriptor: &Descriptor) -> Vec<String> {
    ["io.containerd.image.name", "org.opencontainers.image.ref.name"]
        .iter()
        .filter_map(|key| descriptor.annotations.get(*key))
        .filter(|name| !name.is_empty() && name.len() <= 512)
        .cloned()
        .collect()
}

fn fittest(
    store: &dyn Store,
    mut candidates: Vec<Candidate>,
    platform: &Platform,
    reads: &mut usize,
) -> Result<Candidate, Error> {
    let mut fits = Vec::with_capacity(candidates.len());
    for candidate in &mut candidates {
        if candidate.descriptor.platform.is_none() {
            candidate.descriptor.platform = platform_of(store, &candidate.descriptor, reads)?;
        }
        let found: Platform = candidate.descriptor.platform.clone().unwrap_or_default().into();
        fits.push(suitability(platform, &found));
    }
    let Some(best) = fits.iter().flatten().max().copied() else {
        return Err(no_such_platform(store, describe(platform), &candidates));
    };
    let mut fitting =
        candidates.into_iter().zip(fits).filter(|(_, fit)| *fit == Some(best)).map(|(fitting, _)| fitting);
    let first = fitting.next().expect("the best fit is one of the candidates");
    let others: Vec<String> = fitting.map(|other| other.label()).take(31).collect();
    if others.is_empty() {
        return Ok(first);
    }
    let choices = std::iter::once(first.label()).chain(others).collect();
    Err(Error::SeveralImages { container: store.name().into(), choices })
}

fn no_such_platform(store: &dyn Store, wanted: String, candidates: &[Candidate]) -> Error {
    let mut available: Vec<String> = candidates.iter().map(Candidate::label).collect();
    available.dedup();
    available.truncate(32);
    Error::NoSuchPlatform { container: store.name().into(), wanted, available }
}

/// Descriptors of a layout's `index.json` rarely say; the config always does.
fn platform_of(
    store: &dyn Store,
    descriptor: &Descriptor,
    reads: &mut usize,
) -> Result<Option<crate::documents::PlatformDocument>, Error> {
    let what = format!("manifest {} of {}", descriptor.digest, store.name());
    let Document::Manifest(manifest) = Document::parse(&read(store, descriptor, reads)?, &what)? else {
        return Err(Error::malformed(what, "it is not a manifest, as its descriptor says"));
    };
    *reads += 1;
    let config = store.config(&manifest.config)?;
    Ok(crate::documents::json(&config, &format!("config {} of {}", manifest.config.digest, store.name())).ok())
}

fn assemble(store: &dyn Store, chosen: &Candidate, wanted: Wanted<'_>) -> Result<Image, Error> {
    let bytes = store.manifest(&chosen.descriptor)?;
    let what = format!("manifest {} of {}", chosen.descriptor.digest, store.name());
    match Document::parse(&bytes, &what)? {
        Document::Manifest(manifest) => image_of(store, bytes, &manifest, &chosen.names, wanted),
        Document::Schema1 => Err(Error::Schema1 { reference: store.name().into() }),
        Document::Index(_) => Err(Error::malformed(what, "it is an index, but its descriptor says manifest")),
    }
}

fn read(store: &dyn Store, descriptor: &Descriptor, reads: &mut usize) -> Result<Vec<u8>, Error> {
    *reads += 1;
    if *reads > limits::INDEX_READS {
        return Err(too_many(store, "documents to choose from", limits::INDEX_READS));
    }
    store.manifest(descriptor)
}

fn too_many(store: &dyn Store, what: &str, limit: usize) -> Error {
    Error::TooMany { what: format!("{what} of {}", store.name()), limit }
}
