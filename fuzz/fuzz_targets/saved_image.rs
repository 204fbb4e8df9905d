//! Saved images: the outer archive with its index, manifest and config.
//!
//! Input: the archive.

#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_fuzz::on_disk;
use windlass_sources::{Options, resolve};

fuzz_target!(|data: &[u8]| {
    on_disk("image.tar", data, |path| {
        let options = Options { spool_limit: 4 << 20, ..Options::default() };
        for scheme in ["docker-archive", "oci-archive"] {
            if let Err(error) = resolve(&format!("{scheme}:{}", path.display()), &options) {
                assert!(!error.to_string().is_empty());
            }
        }
    });
});
