//! dpkg's status, checksum, conffile and copyright files, each line and stanza of the input as every one of them.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| windlass_analysis::fuzzing::dpkg(data));
