//! The list of crates in Rust programs.
//!
//! Input: the JSON, which is put into an executable as cargo-auditable does.

#![no_main]

use std::io::Write as _;

use flate2::{Compression, write::ZlibEncoder};
use libfuzzer_sys::fuzz_target;
use object::{Architecture, BinaryFormat, Endianness, SectionKind, write::Object};
use windlass_fuzz::analyse_files;

fuzz_target!(|data: &[u8]| {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(data).expect("memory takes everything");
    let section = encoder.finish().expect("memory takes everything");
    let mut object = Object::new(BinaryFormat::Elf, Architecture::X86_64, Endianness::Little);
    let id = object.add_section(Vec::new(), b".dep-v0".to_vec(), SectionKind::ReadOnlyData);
    object.append_section_data(id, &section, 1);
    analyse_files(&[("usr/bin/app", &object.write().expect("memory takes everything"))]);
});
