//! What an image is, by its documents alone.

use std::sync::Arc;

use windlass_image::{Digest, Image, LayerSource, Platform};

use super::{Registry, blob::RemoteLayer, client::Client, client::Question};
use crate::{
    documents::{
        DOCKER_LIST, DOCKER_MANIFEST, Descriptor, Document, OCI_INDEX, OCI_MANIFEST, shortened, verify_digest,
    },
    error::Error,
    limits,
    reference::Reference,
    selection::{IndexEntry, Offer, Store, Wanted, image_of},
};

/// Which image of an index is meant. An image that came without an index is taken as it is, unless a platform is demanded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PlatformChoice {
    /// The first for amd64 of Linux or Windows, as the v1 API has it (A4.3).
    #[default]
    FirstAmd64,
    /// The only one, or the one for this machine.
    OfThisMachine,
    /// Demanded of an image without index, too.
    Exactly(Platform),
}

impl PlatformChoice {
    fn wanted<'a>(&'a self, user_input: &'a str) -> Wanted<'a> {
        let platform = match self {
            Self::Exactly(platform) => Some(platform),
            Self::FirstAmd64 | Self::OfThisMachine => None,
        };
        Wanted { user_input, name: None, platform }
    }
}

/// Which images of an index are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlatformChoices {
    /// One for each of them, in this order.
    Each(Vec<PlatformChoice>),
    /// All there are, the one that [`PlatformChoice::FirstAmd64`] means first if there is one.
    All,
}

/// Images of one index, or an image without one, as [`ImageDescription`] has them.
pub struct ImageDescriptions {
    pub images: Vec<Image>,
    pub index: Option<IndexDescription>,
}

/// An image whose documents are known and verified, and the index that led to it.
pub struct ImageDescription {
    /// Its manifest and config as they were delivered, with their digests; its layers are not opened yet.
    pub image: Image,
    pub index: Option<IndexDescription>,
}

/// An index as it was delivered.
#[derive(Clone, Debug)]
pub struct IndexDescription {
    pub bytes: Vec<u8>,
    pub digest: Digest,
    pub media_type: String,
    /// Its images, those of indexes inside it too, in its order; no attestations.
    pub images: Vec<IndexEntry>,
}

impl ImageDescription {
    /// Bytes of all layers as they are stored.
    pub fn compressed_bytes(&self) -> u64 {
        compressed_bytes(&self.image)
    }

    /// The digest of what the reference led to: the index if there is one, else the manifest. The v1 API's `parentDigest`.
    pub fn parent_digest(&self) -> &Digest {
        self.index.as_ref().map_or(&self.image.manifest_digest, |index| &index.digest)
    }
}

impl Registry {
    /// Fetches the documents of an image, and verifies whatever has a digest; reads no layer.
    pub fn describe(&self, reference: &Reference, platform: &PlatformChoice) -> Result<ImageDescription, Error> {
        let described = self.describe_each(reference, &PlatformChoices::Each(vec![platform.clone()]))?;
        let image = described.images.into_iter().next().expect("there is one for each choice");
        Ok(ImageDescription { image, index: described.index })
    }

    /// As [`Registry::describe`], of several images of one index.
    pub fn describe_each(&self, reference: &Reference, choices: &PlatformChoices) -> Result<ImageDescriptions, Error> {
        if let PlatformChoices::Each(platforms) = choices
            && platforms.len() > limits::PLATFORMS
        {
            return Err(Error::TooMany { what: format!("platforms of {reference}"), limit: limits::PLATFORMS });
        }
        let repository = self.repository(reference)?;
        let bytes = repository.fetch(reference.digest.as_ref().map_or(reference.tag_or_latest(), Digest::as_str))?;
        let what = format!("the manifest of {reference}");
        if let Some(digest) = &reference.digest {
            verify_digest(digest, &bytes, &what)?;
        }
        let name = repository.name();
        let (mut images, index) = match Document::parse(&bytes, &what)? {
            Document::Index(document) => {
                let digest = Digest::of(&bytes);
                let media_type = if document.media_type.is_empty() { OCI_INDEX } else { &document.media_type };
                let media_type = shortened(media_type);
                let offer = Offer::of(&repository, document)?;
                let entries = offer.entries();
                let images = match choices {
                    PlatformChoices::All => offer.all(name)?,
                    PlatformChoices::Each(platforms) => {
                        let choose = |platform: &PlatformChoice| match platform {
                            PlatformChoice::FirstAmd64 => offer.clone().first_amd64(name),
                            platform => offer.clone().choose(platform.wanted(name)),
                        };
                        platforms.iter().map(choose).collect::<Result<_, _>>()?
                    }
                };
                (images, Some(IndexDescription { bytes, digest, media_type, images: entries }))
            }
            Document::Manifest(manifest) => {
                let choices: &[PlatformChoice] = match choices {
                    PlatformChoices::All => &[PlatformChoice::FirstAmd64],
                    PlatformChoices::Each(platforms) => platforms,
                };
                let image = |platform: &PlatformChoice| {
                    image_of(&repository, bytes.clone(), &manifest, &[], platform.wanted(name))
                };
                (choices.iter().map(image).collect::<Result<_, _>>()?, None)
            }
            Document::Schema1 => return Err(Error::Schema1 { reference: reference.to_string() }),
        };
        for image in &mut images {
            image.tags = reference.full_tag().into_iter().collect();
            image.repo_digests = vec![reference.with_digest(&image.manifest_digest)];
        }
        Ok(ImageDescriptions { images, index })
    }

    /// The image itself, as an analysis takes it: its layers are requested when they are read.
    pub fn open(&self, reference: &Reference, platform: &PlatformChoice) -> Result<Image, Error> {
        Ok(self.describe(reference, platform)?.image)
    }
}

/// Bytes of all layers of an image as they are stored.
pub fn compressed_bytes(image: &Image) -> u64 {
    image.layers.iter().fold(0, |sum, layer| sum.saturating_add(layer.size))
}

/// A repository of a registry, on behalf of one reference.
pub(super) struct Repository {
    pub client: Arc<Client>,
    /// As the registry's API is asked for it.
    pub path: Arc<str>,
    /// The reference, in messages.
    name: String,
}

impl Repository {
    pub(super) fn new(client: Arc<Client>, reference: &Reference) -> Self {
        Self { client, path: reference.api_repository().into(), name: reference.to_string() }
    }

    /// What is asked for manifests of every kind that can be read.
    pub(super) fn accepted_types() -> String {
        [OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST].join(", ")
    }

    /// A manifest or index by its tag or digest.
    pub(super) fn fetch(&self, tag_or_digest: &str) -> Result<Vec<u8>, Error> {
        let accept = Self::accepted_types();
        let what = format!("manifest {tag_or_digest} of {}", self.name);
        let path = format!("manifests/{tag_or_digest}");
        let headers = vec![("accept", accept.as_str())];
        let question = Question { headers, ..Question::new(&self.path, &path, &what) };
        Ok(self.client.document(&question, limits::MANIFEST_BYTES)?.1)
    }
}

impl Store for Repository {
    fn name(&self) -> &str {
        &self.name
    }

    fn manifest(&self, descriptor: &Descriptor) -> Result<Vec<u8>, Error> {
        let bytes = self.fetch(descriptor.digest.as_str())?;
        descriptor.verify(&bytes, &format!("manifest {} of {}", descriptor.digest, self.name))?;
        Ok(bytes)
    }

    fn config(&self, descriptor: &Descriptor) -> Result<Vec<u8>, Error> {
        let what = format!("config {} of {}", descriptor.digest, self.name);
        let path = format!("blobs/{}", descriptor.digest);
        let (_, bytes) = self.client.document(&Question::new(&self.path, &path, &what), limits::CONFIG_BYTES)?;
        descriptor.verify(&bytes, &what)?;
        Ok(bytes)
    }

    fn layer(&self, descriptor: &Descriptor) -> Result<Arc<dyn LayerSource>, Error> {
        Ok(Arc::new(RemoteLayer::new(self.client.clone(), self.path.clone(), descriptor)))
    }
}
