//! Builders of small images, and what tests ask of the ones they get back.

use std::{error::Error as _, fmt::Write as _, io::Read, path::PathBuf};

use windlass_image::{Digest, Image, Layer};
use windlass_sources::{Error, Input, Options, resolve};

/// The folder an environment variable names; says loudly that the test is skipped if there is none.
pub(crate) fn folder(variable: &str) -> Option<PathBuf> {
    let folder = std::env::var_os(variable).map(PathBuf::from).filter(|folder| folder.is_dir());
    if folder.is_none() {
        eprintln!("SKIPPED: {variable} names no folder");
    }
    folder
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
