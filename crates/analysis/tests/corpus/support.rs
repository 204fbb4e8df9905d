//! Finds the corpus and reads the images of its OCI layouts, trusting their documents.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::Value;
use windlass_analysis::{Options, analyse_image};
use windlass_image::{Digest, Image, Layer, LayerSource, Platform};
use windlass_sbom::{Package, PackageType, Sbom};

/// The corpus, or nothing and a loud word about it.
pub(crate) fn corpus() -> Option<PathBuf> {
    let corpus = std::env::var_os("WINDLASS_CORPUS").map(PathBuf::from);
    if corpus.is_none() {
        eprintln!("SKIPPED: set WINDLASS_CORPUS to a built corpus to hold packages against native package managers");
    }
    corpus
}

/// What the native package managers say of an image of the corpus.
pub(crate) fn expected(corpus: &Path, name: &str) -> Value {
    json(&corpus.join(format!("expected/{name}.json")))
}

/// What is found in an image of the corpus.
pub(crate) fn scan(layout: &Path) -> Sbom {
    scan_with(layout, &Options::default())
}

/// What is found with these options.
pub(crate) fn scan_with(layout: &Path, options: &Options) -> Sbom {
    analyse_image(&image(layout), options).expect("images of the corpus can be analysed").sbom
}

/// The image of a layout with a single one.
fn image(layout: &Path) -> Image {
    let index = json(&layout.join("index.json"));
    let described = &index["manifests"][0];
    let manifest = read(&blob(layout, &described["digest"]));
    let document: Value = serde_json::from_slice(&manifest).expect("a manifest");
    let config = read(&blob(layout, &document["config"]["digest"]));
    let diff_ids = serde_json::from_slice::<Value>(&config).expect("a config")["rootfs"]["diff_ids"].clone();
    let layers = document["layers"].as_array().expect("layers").iter().enumerate().map(|(index, layer)| Layer {
        digest: Some(digest(&layer["digest"])),
        diff_id: digest(&diff_ids[index]),
        media_type: layer["mediaType"].as_str().expect("a media type").to_owned(),
        size: layer["size"].as_u64().expect("a size"),
        source: Arc::new(Blob(blob(layout, &layer["digest"]))),
    });
    Image {
        user_input: layout.display().to_string(),
        id: digest(&document["config"]["digest"]),
        manifest_digest: digest(&described["digest"]),
        media_type: document["mediaType"].as_str().unwrap_or_default().to_owned(),
        layers: layers.collect(),
        manifest,
        config,
        platform: Platform { os: "linux".into(), architecture: "amd64".into(), variant: String::new() },
        tags: Vec::new(),
        repo_digests: Vec::new(),
    }
}

/// The packages of one kind.
pub(crate) fn packages(sbom: &Sbom, kind: PackageType) -> impl Iterator<Item = &Package> {
    sbom.packages.iter().filter(move |package| package.kind == kind)
}

/// What must be a text.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// Fails with what is missing and what is invented.
pub(crate) fn assert_same<T: Ord + std::fmt::Debug>(image: &str, wanted: &BTreeSet<T>, found: &BTreeSet<T>) {
    let missing: Vec<_> = wanted.difference(found).collect();
    let invented: Vec<_> = found.difference(wanted).collect();
    assert!(missing.is_empty() && invented.is_empty(), "{image}: missing {missing:#?}, invented {invented:#?}");
    assert!(!wanted.is_empty(), "{image}: the truth is empty");
    eprintln!("{image}: {} packages", wanted.len());
}

fn digest(text: &Value) -> Digest {
    text.as_str().expect("a digest").parse().expect("a digest")
}

fn blob(layout: &Path, digest_text: &Value) -> PathBuf {
    layout.join("blobs/sha256").join(digest(digest_text).hex())
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&read(path)).expect("a JSON document")
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

struct Blob(PathBuf);

impl LayerSource for Blob {
    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(File::open(&self.0)?))
    }
}
