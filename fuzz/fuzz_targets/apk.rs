//! apk's database of installed packages.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| windlass_analysis::fuzzing::apk(data));
