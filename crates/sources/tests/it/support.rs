//! Builders of small images, and what tests ask of the ones they get back.

use std::{
    error::Error as _,
    fmt::Write as _,
    io::{Read, Write as _},
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use windlass_image::{Digest, Image, Layer};
use windlass_sources::{Error, Input, Options, parse_platform, resolve};

pub(crate) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(crate) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
pub(crate) const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// An image of one or more layers, with all its documents.
#[derive(Clone)]
pub(crate) struct Sample {
    pub config: Vec<u8>,
    pub manifest: Vec<u8>,
    /// Stored bytes, gzip.
    pub layers: Vec<Vec<u8>>,
    /// The same, uncompressed.
    pub tars: Vec<Vec<u8>>,
    pub platform: String,
}

impl Sample {
    /// One layer for each of these texts, which it holds as a file.
    pub(crate) fn new(platform: &str, texts: &[&str]) -> Self {
        let tars: Vec<Vec<u8>> = texts.iter().map(|text| tar(&[("etc/text", text.as_bytes())])).collect();
        let layers: Vec<Vec<u8>> = tars.iter().map(|tar| gzip(tar)).collect();
        Self::of_layers(platform, layers, tars)
    }

    pub(crate) fn of_layers(platform: &str, layers: Vec<Vec<u8>>, tars: Vec<Vec<u8>>) -> Self {
        let parts: Vec<&str> = platform.split('/').collect();
        let diff_ids: Vec<String> = tars.iter().map(|tar| Digest::of(tar).to_string()).collect();
        let mut config = json!({
            "os": parts[0], "architecture": parts[1], "config": {}, "rootfs": {"type": "layers", "diff_ids": diff_ids},
        });
        if let Some(variant) = parts.get(2) {
            config["variant"] = (*variant).into();
        }
        let config = serde_json::to_vec(&config).unwrap();
        let described: Vec<Value> = layers.iter().map(|layer| descriptor(OCI_LAYER, layer)).collect();
        let manifest = json!({
            "schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": descriptor(OCI_CONFIG, &config), "layers": described,
        });
        Self { config, manifest: serde_json::to_vec(&manifest).unwrap(), layers, tars, platform: platform.into() }
    }

    /// As an index lists it.
    pub(crate) fn described(&self) -> Value {
        let parts: Vec<&str> = self.platform.split('/').collect();
        let mut described = descriptor(OCI_MANIFEST, &self.manifest);
        described["platform"] = json!({"os": parts[0], "architecture": parts[1]});
        if let Some(variant) = parts.get(2) {
            described["platform"]["variant"] = (*variant).into();
        }
        described
    }

    pub(crate) fn blobs(&self) -> Vec<Vec<u8>> {
        let documents = [self.config.clone(), self.manifest.clone()];
        documents.into_iter().chain(self.layers.iter().cloned()).collect()
    }

    /// The members of a docker archive with this image, tagged.
    pub(crate) fn saved(&self, tag: &str) -> Vec<(String, Vec<u8>)> {
        let config = format!("{}.json", Digest::of(&self.config).hex());
        let paths: Vec<String> = (0..self.tars.len()).map(|at| format!("layer{at}/layer.tar")).collect();
        let listing = json!([{"Config": config, "RepoTags": [tag], "Layers": paths}]);
        let mut members: Vec<(String, Vec<u8>)> = paths.into_iter().zip(self.tars.iter().cloned()).collect();
        members.push((config, self.config.clone()));
        members.push(("manifest.json".into(), serde_json::to_vec(&listing).unwrap()));
        members
    }
}

/// The members of a layout with these entries in its `index.json` and these blobs.
pub(crate) fn layout(entries: &[Value], blobs: &[Vec<u8>]) -> Vec<(String, Vec<u8>)> {
    let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries});
    let mut members = vec![
        ("oci-layout".to_owned(), br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec()),
        ("index.json".to_owned(), serde_json::to_vec(&index).unwrap()),
    ];
    for blob in blobs {
        members.push((format!("blobs/sha256/{}", Digest::of(blob).hex()), blob.clone()));
    }
    members
}

pub(crate) fn write_folder(folder: &Path, members: &[(String, Vec<u8>)]) {
    for (name, bytes) in members {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

pub(crate) fn tar_of(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let members: Vec<(&str, &[u8])> = members.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    tar(&members)
}

pub(crate) fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": Digest::of(bytes).as_str(), "size": bytes.len()})
}

/// The folder an environment variable names; says loudly that the test is skipped if there is none.
pub(crate) fn folder(variable: &str) -> Option<PathBuf> {
    let folder = std::env::var_os(variable).map(PathBuf::from).filter(|folder| folder.is_dir());
    if folder.is_none() {
        eprintln!("SKIPPED: {variable} names no folder");
    }
    folder
}

pub(crate) fn for_platform(platform: &str) -> Options {
    Options { platform: Some(parse_platform(platform).unwrap()), ..Options::default() }
}

pub(crate) fn image(input: &str) -> Image {
    image_with(input, &Options::default())
}

pub(crate) fn image_with(input: &str, options: &Options) -> Image {
    match resolve(input, options) {
        Ok(Input::Image(image)) => *image,
        Ok(_) => panic!("{input} is no image"),
        Err(error) => panic!("{input}: {}", chain(&error)),
    }
}

pub(crate) fn failure(input: &str) -> Error {
    failure_with(input, &Options::default())
}

pub(crate) fn failure_with(input: &str, options: &Options) -> Error {
    match resolve(input, options) {
        Ok(_) => panic!("{input} was accepted"),
        Err(error) => error,
    }
}

/// An error as a command prints it, with its causes and its hint.
pub(crate) fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        write!(text, ": {cause}").unwrap();
        source = cause.source();
    }
    if let Some(hint) = error.hint() {
        write!(text, "\nhint: {hint}").unwrap();
    }
    text
}

pub(crate) fn bytes(layer: &Layer) -> Vec<u8> {
    let mut bytes = Vec::new();
    layer.source.open().unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

/// The digest of a layer's tar, decompressed if it must be.
pub(crate) fn diff_id(layer: &Layer) -> Digest {
    let stored = bytes(layer);
    let mut tar = Vec::new();
    match stored.get(..4) {
        Some([0x1f, 0x8b, ..]) => {
            flate2::read::MultiGzDecoder::new(&stored[..]).read_to_end(&mut tar).unwrap();
        }
        Some([0x28, 0xb5, 0x2f, 0xfd]) => tar = zstd::decode_all(&stored[..]).unwrap(),
        _ => tar = stored,
    }
    Digest::of(&tar)
}
