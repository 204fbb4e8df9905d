//! Facts of layers, kept for other images that have the same: such a layer is neither read nor analysed again.
//!
//! Facts depend on their file alone, so that those of a layer hold for every image it is in. They are kept as JSON, next to
//! the layer's list of entries.

use std::{borrow::Cow, io};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use windlass_image::{Digest, Layer, WalkedLayer};

use crate::{Options, Unreadable, analyse::FileFacts, analysers::Analysers, cataloger::Registered};

/// Bytes that are kept of a layer; one with more is read each time.
const LIMIT: usize = 256 << 20;

/// Where facts of layers are kept.
///
/// Analysis itself reaches no storage: whoever starts it brings one. What it gives back must be what it was given; a storage
/// that fails says that it has nothing.
pub trait LayerFacts: Send + Sync {
    /// What was kept of the layer with this diff ID. `key` names who looked and for what: others would find something else.
    fn get(&self, diff_id: &Digest, key: &str) -> Option<Vec<u8>>;

    fn put(&self, diff_id: &Digest, key: &str, facts: Vec<u8>);
}

/// What is kept of one file: facts and troubles by the places of who has them in the list.
#[derive(Serialize, Deserialize)]
struct KeptFile<'a, T> {
    known: Vec<(usize, T)>,
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    troubles: Vec<(usize, Cow<'a, str>)>,
}

/// Facts of layers, as one analysis finds and keeps them.
pub(crate) struct Kept<'o> {
    storage: &'o dyn LayerFacts,
    catalogers: &'o [Registered],
    key: String,
}

impl<'o> Kept<'o> {
    /// `None` where nothing is kept. What a malware scanner says is not: it recognises more tomorrow.
    pub(crate) fn of(options: &'o Options, catalogers: &'o [Registered]) -> Option<Self> {
        let storage = options.layers.as_deref().filter(|_| options.analysers.malware.is_none())?;
        Some(Self { storage, catalogers, key: key(options, catalogers) })
    }

    /// The layer as it was walked before.
    pub(crate) fn find(&self, layer: &Layer) -> Option<WalkedLayer<FileFacts>> {
        let kept = self.storage.get(&layer.diff_id, &self.key)?;
        WalkedLayer::read(&kept, layer, |file| self.read(file).ok())
    }

    /// Keeps what was found in a layer.
    pub(crate) fn keep(&self, layer: &Layer, walked: &WalkedLayer<FileFacts>) {
        // What cannot be written is not kept: the layer is read again.
        if let Ok(kept) = walked.write(|facts| self.write(facts).map_err(io::Error::from))
            && kept.len() <= LIMIT
        {
            self.storage.put(&layer.diff_id, &self.key, kept);
        }
    }

    fn write(&self, facts: &FileFacts) -> serde_json::Result<Vec<u8>> {
        let known = facts.known.iter().map(|(by, known)| Ok((*by, self.catalogers[*by].get().write(known.as_ref())?)));
        let known: Vec<(usize, Box<RawValue>)> = known.collect::<serde_json::Result<_>>()?;
        let troubles = facts.troubles.iter().map(|(by, trouble)| (*by, trouble.to_string().into())).collect();
        serde_json::to_vec(&KeptFile { known, troubles })
    }

    fn read(&self, file: &[u8]) -> serde_json::Result<FileFacts> {
        let KeptFile::<&RawValue> { known, troubles } = serde_json::from_slice(file)?;
        let catalogers = self.catalogers;
        let cataloger =
            |by: usize| catalogers.get(by).ok_or_else(|| serde::de::Error::custom("it is of nobody who looks now"));
        let known = known.into_iter().map(|(by, text)| Ok((by, cataloger(by)?.get().parse(text)?)));
        let troubles = troubles.into_iter().map(|(by, reason)| cataloger(by).map(|_| (by, Unreadable::new(reason))));
        Ok(FileFacts {
            known: known.collect::<serde_json::Result<_>>()?,
            troubles: troubles.collect::<serde_json::Result<_>>()?,
        })
    }
}

/// Names all that facts depend on beside the layer: who looks, in which order, for what, and within which budgets.
fn key(options: &Options, catalogers: &[Registered]) -> String {
    let names: Vec<&str> = catalogers.iter().map(|cataloger| cataloger.get().name()).collect();
    let Analysers { content_search, secret_search, retrieve_files, malware: _, hints } = &options.analysers;
    let looked_for = format!(
        "{names:?} {content_search:?} {secret_search:?} {retrieve_files:?} {hints} {:?} {:?} {:?}",
        options.archives, options.walk.budgets, options.walk.file_digests
    );
    format!("{} {}", env!("CARGO_PKG_VERSION"), &Digest::of(looked_for.as_bytes()).hex()[..32])
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use windlass_image::testing::{Tar, image};

    use super::*;
    use crate::{Search, SecretRules, analyse_image, testing::Memory};

    fn layers() -> Vec<Tar> {
        vec![
            Tar::new().file("etc/os-release", "ID=debian\nVERSION_ID=12\n"),
            Tar::new().file("var/lib/dpkg/status", "Package: a\nStatus: install ok installed\nVersion: 1\n"),
        ]
    }

    #[test]
    fn a_layer_that_is_known_is_not_opened() {
        let memory = Arc::new(Memory::default());
        let options = Options { layers: Some(memory.clone()), ..Options::default() };
        let mut base = image(layers().into_iter().map(Tar::plain).collect());
        let fresh = analyse_image(&base, &options).unwrap().sbom;
        assert_eq!(memory.len(), 2);
        base.layers.push(image(vec![Tar::new().file("srv/a", "b").plain()]).layers.remove(0));
        for layer in &mut base.layers[..2] {
            layer.source = Arc::new(Gone);
        }
        let other = analyse_image(&base, &options).unwrap().sbom;
        assert_eq!((other.packages, other.distro), (fresh.packages, fresh.distro));
        assert_eq!(memory.len(), 3, "the new one is known from now on");
    }

    #[test]
    fn whoever_looks_for_something_else_finds_nothing() {
        let memory = Arc::new(Memory::default());
        let options = Options { layers: Some(memory.clone()), ..Options::default() };
        let image = image(layers().into_iter().map(Tar::plain).collect());
        analyse_image(&image, &options).unwrap();
        let mut others = [options.clone(), options.clone(), options.clone(), options];
        others[0].analysers.secret_search = Some(Search::secrets(SecretRules::Compatible));
        others[1].archives.depth = 1;
        others[2].walk.budgets.layer_entries = 99;
        others[3].analysers.hints = true;
        for (place, other) in others.iter().enumerate() {
            analyse_image(&image, other).unwrap();
            assert_eq!(memory.len(), 2 * (place + 2), "change {place}");
        }
    }

    #[test]
    fn what_is_damaged_is_read_again() {
        let memory = Arc::new(Memory::default());
        let options = Options { layers: Some(memory.clone()), ..Options::default() };
        let image = image(layers().into_iter().map(Tar::plain).collect());
        let fresh = analyse_image(&image, &options).unwrap().sbom;
        let whole = memory.all();
        for (place, (key, kept)) in whole.iter().enumerate() {
            for cut in (0..kept.len()).step_by(7) {
                memory.set(key, &kept[..cut]);
                assert_eq!(analyse_image(&image, &options).unwrap().sbom, fresh, "layer {place} cut at {cut}");
            }
            memory.set(key, kept);
        }
    }

    #[test]
    fn what_is_known_counts_for_the_budgets() {
        let memory = Arc::new(Memory::default());
        let mut options = Options { layers: Some(memory), ..Options::default() };
        let layers = layers();
        let each = |options: &Options| {
            layers.iter().all(|layer| analyse_image(&image(vec![layer.clone().plain()]), options).is_ok())
        };
        // As many as one layer has, and too few for both.
        options.walk.budgets.image_entries = (1..u64::MAX)
            .find(|limit| {
                let mut options = options.clone();
                options.walk.budgets.image_entries = *limit;
                each(&options)
            })
            .unwrap();
        let error = analyse_image(&image(layers.into_iter().map(Tar::plain).collect()), &options).err().unwrap();
        assert!(error.to_string().contains("entries in all layers"), "{error}");
    }

    /// A layer that nobody has any more.
    struct Gone;

    impl windlass_image::LayerSource for Gone {
        fn open(&self) -> io::Result<Box<dyn io::Read + Send>> {
            Err(io::ErrorKind::NotFound.into())
        }
    }
}
