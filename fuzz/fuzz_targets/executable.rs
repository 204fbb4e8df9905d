//! Executables of every kind, in all that is read from them: sections, notes, resources.
//!
//! Input: a file as it lies in an image.

#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_fuzz::analyse_files;

fuzz_target!(|data: &[u8]| analyse_files(&[("usr/bin/app", data), ("app/app.dll", data)]));
