//! The history in an image's config, and the Dockerfiles told from it.
//!
//! Input: the config.

#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_sbom::{ImageSource, dockerfile};

fuzz_target!(|data: &[u8]| {
    let image = ImageSource { config: data.to_vec(), ..ImageSource::default() };
    let (guessed, normalised) = (dockerfile::guessed(&image), dockerfile::normalised(&image));
    assert_eq!(guessed.is_some(), normalised.is_some(), "both read the same document");
});
