//! From an image in its registry to an analysis that can be written.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::runtime::Handle;
use tracing::Span;
use windlass_analysis::LayerFacts;
use windlass_image::{Digest, Image};
use windlass_sbom::{Distro, ImageSource, Sbom, Source, dockerfile};
use windlass_sources::{
    Reference,
    registry::{PlatformChoice, Registry, RegistryOptions},
};
use windlass_store::{
    analyses::{DockerfileMode, NewAnalysis, NewDocument},
    image_tags, images,
};

use super::{documents::DocumentKind, failure::Failure, layers::KnownLayers, settings::analysis_options};
use crate::{Result, Service, Settings, Tenant, threads};

/// Bytes of a Dockerfile that is shown in records.
const DOCKERFILE_LIMIT: usize = 256 << 10;

/// Where an image can be had.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) registry: String,
    pub(super) repository: String,
    pub(super) options: RegistryOptions,
}

impl Service {
    /// Pulls an image by its digest from the first place that has it, and analyses it; by force, of layers that are known, too. Dropping the future ends the work.
    pub(super) async fn analyse(
        self: &Arc<Self>,
        tenant: &Tenant,
        digest: &str,
        places: Vec<Place>,
        force: bool,
    ) -> Result<Sbom, Failure> {
        let settings = self.settings.clone();
        let digest = digest.to_owned();
        let stop = StopOnDrop(Arc::new(AtomicBool::new(false)));
        let stopped = Arc::clone(&stop.0);
        let layers = (settings.analysis.keep_layers_days > 0).then(|| {
            let (service, account) = (Arc::clone(self), tenant.account.clone());
            Arc::new(KnownLayers { service, account, runtime: Handle::current(), force, span: Span::current() })
                as Arc<dyn LayerFacts>
        });
        blocking(move || {
            let mut failure =
                Failure::lasting("REGISTRY_IMAGE_NOT_FOUND", "the image has no tag it could be pulled by");
            for place in places {
                match pull(&digest, &place)
                    .and_then(|image| read(&image, &settings, layers.clone(), Arc::clone(&stopped)))
                {
                    Ok(sbom) => return Ok(sbom),
                    // What may pass in one place counts more than what lasts in another.
                    Err(trouble) if failure.is_lasting() => failure = trouble,
                    Err(_) => {}
                }
                if stopped.load(Ordering::Relaxed) {
                    break;
                }
            }
            Err(failure)
        })
        .await?
    }

    /// Puts the documents of a bill of materials into object storage. The analysis is to be written in the transaction of
    /// what refers to it.
    ///
    /// # Errors
    /// When storage fails.
    pub(crate) async fn keep(&self, digest: &str, key: &str, sbom: Arc<Sbom>) -> Result<NewAnalysis, Failure> {
        let mut documents = Vec::new();
        // One after the other, so that one is in memory at a time.
        for kind in DocumentKind::of(&sbom) {
            let source = Arc::clone(&sbom);
            let written = blocking(move || kind.write(&source)).await?;
            let written = written.map_err(|error| Failure::lasting("ANALYSIS_CRASHED", error.to_string()))?;
            let Some(bytes) = written else { continue };
            let size = bytes.len() as u64;
            let object = self.objects.put(bytes).await?.to_string();
            documents.push(NewDocument { kind: kind.name(), object, size });
        }
        Ok(described(digest, key, &sbom, documents))
    }
}

impl Tenant {
    /// Where an image can be had: the repositories of its tags, in the order they came to it.
    pub(super) async fn places(&self, image: &images::Model) -> Result<Vec<Place>, Failure> {
        let mut places: Vec<Place> = Vec::new();
        let mut failure = None;
        for image_tags::Model { registry, repository, .. } in self.account.tags_of_images(&[image.id]).await? {
            if places.iter().any(|place| place.registry == registry && place.repository == repository) {
                continue;
            }
            match self.registry_options(&registry, &repository).await? {
                Ok(options) => {
                    // Nobody waits for the answer: a registry that stumbles gets as many attempts as any.
                    let retries = RegistryOptions::default().retries;
                    places.push(Place { registry, repository, options: RegistryOptions { retries, ..options } });
                }
                Err(error) => failure = Some(Failure::from(&error)),
            }
        }
        match failure {
            Some(failure) if places.is_empty() => Err(failure),
            _ => Ok(places),
        }
    }
}

fn pull(digest: &str, place: &Place) -> Result<Image, Failure> {
    let digest: Digest = digest.parse().map_err(|error| Failure::lasting("UNKNOWN", format!("{error}")))?;
    let reference = Reference::as_given(&place.registry, &place.repository, None, Some(digest));
    let open = || Registry::connect(&place.registry, &place.options)?.open(&reference?, &PlatformChoice::OfThisMachine);
    let image = open().map_err(|error| Failure::from(&error))?;
    // What is found is shared with others who have the image: how one of them calls it is not theirs to know.
    let user_input = image.manifest_digest.to_string();
    Ok(Image { user_input, tags: Vec::new(), repo_digests: Vec::new(), ..image })
}

fn read(
    image: &Image,
    settings: &Settings,
    layers: Option<Arc<dyn LayerFacts>>,
    stopped: Arc<AtomicBool>,
) -> Result<Sbom, Failure> {
    use windlass_analysis::AnalysisError::Walk;
    let options = analysis_options(settings, layers, stopped)?;
    windlass_analysis::analyse_image(image, &options).map(|analysis| analysis.sbom).map_err(|error| match error {
        Walk(windlass_image::WalkError::Cancelled) => Failure::timed_out(settings.analysis.timeout),
        error => error.into(),
    })
}

/// An analysis by its bill of materials.
fn described(digest: &str, key: &str, sbom: &Sbom, documents: Vec<NewDocument>) -> NewAnalysis {
    let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let image = match &sbom.source {
        Source::Image(image) => Some(image),
        Source::Directory { .. } | Source::Other { .. } => None,
    };
    let distro = sbom.distro.as_ref();
    NewAnalysis {
        key: key.to_owned(),
        digest: digest.to_owned(),
        arch: image.and_then(|image| said(&image.architecture)),
        distro: distro.and_then(|distro| said(&distro.id)),
        distro_version: distro.and_then(|distro| said(release(distro)).or_else(|| said(&distro.build_id))),
        dockerfile_mode: match sbom.inspection.dockerfile {
            Some(_) => DockerfileMode::Actual,
            None => DockerfileMode::Guessed,
        },
        dockerfile: image.and_then(|image| guessed(image)),
        image_size: image.map_or(0, |image| image.size),
        layer_count: image.map_or(0, |image| image.layers.len() as u64),
        chains: image.map(|image| image.chain_ids()).unwrap_or_default(),
        documents,
    }
}

/// The Dockerfile that the history of an image tells, in base64 as records show it; `None` where it is longer than any that
/// somebody wrote.
fn guessed(image: &ImageSource) -> Option<String> {
    let text = dockerfile::guessed(image).filter(|text| text.len() <= DOCKERFILE_LIMIT)?;
    Some(STANDARD.encode(text))
}

/// A version as records of images show it: that of Debian without its point release (`spec/analysis.md` 3.3).
fn release(distro: &Distro) -> &str {
    match distro.version_id.split_once('.') {
        Some((release, _)) if distro.id == "debian" => release,
        _ => &distro.version_id,
    }
}

/// Tells threads that nobody waits for their result any more.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs what takes a thread for long.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    threads::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "an analysis crashed");
        Failure::crashed()
    })
}
