//! Images built in memory and scanned, for tests.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use windlass_image::{
    Digest,
    testing::{Tar, image},
};
use windlass_sbom::{Package, Sbom};

use crate::{LayerFacts, Options, analyse_image};

/// What is found in an image of these layers, lowest first.
pub(crate) fn scan(layers: impl IntoIterator<Item = Tar>) -> Sbom {
    scan_with(layers, &Options::default())
}

/// What is found with these options; the same again where the layers are known from before.
pub(crate) fn scan_with(layers: impl IntoIterator<Item = Tar>, options: &Options) -> Sbom {
    let image = image(layers.into_iter().map(Tar::plain).collect());
    let options = Options { layers: Some(Arc::new(Memory::default())), ..options.clone() };
    let scan = || analyse_image(&image, &options).expect("the image of this test is in order").sbom;
    let fresh = scan();
    assert_eq!(scan(), fresh, "facts that were kept tell something else");
    fresh
}

/// Facts of layers, kept in memory.
#[derive(Default)]
pub(crate) struct Memory(Mutex<BTreeMap<String, Vec<u8>>>);

impl Memory {
    pub(crate) fn len(&self) -> usize {
        self.0.lock().expect("no test panicked with it").len()
    }

    pub(crate) fn all(&self) -> Vec<(String, Vec<u8>)> {
        self.0.lock().expect("no test panicked with it").clone().into_iter().collect()
    }

    pub(crate) fn set(&self, key: &str, facts: &[u8]) {
        self.0.lock().expect("no test panicked with it").insert(key.to_owned(), facts.to_vec());
    }
}

impl LayerFacts for Memory {
    fn get(&self, diff_id: &Digest, key: &str) -> Option<Vec<u8>> {
        self.0.lock().expect("no test panicked with it").get(&format!("{diff_id} {key}")).cloned()
    }

    fn put(&self, diff_id: &Digest, key: &str, facts: Vec<u8>) {
        self.set(&format!("{diff_id} {key}"), &facts);
    }
}

/// The only package of that name.
pub(crate) fn package<'a>(sbom: &'a Sbom, name: &str) -> &'a Package {
    let mut named = sbom.packages.iter().filter(|package| package.name == name);
    let first = named.next().unwrap_or_else(|| panic!("no package {name} in {:?}", names(sbom)));
    assert!(named.next().is_none(), "several packages are named {name}");
    first
}

/// Names and versions of all packages, in the order of the document.
pub(crate) fn names(sbom: &Sbom) -> Vec<(&str, &str)> {
    sbom.packages.iter().map(|package| (package.name.as_str(), package.version.as_str())).collect()
}

/// Index of the layer that introduced a package.
pub(crate) fn introduced_in(sbom: &Sbom, layers: &[&Tar], name: &str) -> Option<usize> {
    let introduced_by = package(sbom, name).introduced_by.as_deref()?;
    layers.iter().position(|layer| Tar::clone(layer).plain().diff_id.as_str() == introduced_by)
}

/// A folder of shared test data, named by `WINDLASS_SHARED` or beside the repository; says so where there is none.
pub(crate) fn shared(folder: &str) -> Option<std::path::PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let root = std::env::var_os("WINDLASS_SHARED").map_or_else(|| beside.into(), std::path::PathBuf::from);
    let path = root.join(folder);
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("SKIPPED: {} is no folder; set WINDLASS_SHARED to the folder with shared test data", path.display());
    None
}
