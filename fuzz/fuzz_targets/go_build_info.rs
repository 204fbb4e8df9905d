//! The build information in Go programs.
//!
//! Input: a line with the version of Go, then the text about modules; both are put into an executable as the linker does.

#![no_main]

use libfuzzer_sys::fuzz_target;
use object::{
    Architecture, BinaryFormat, Endianness, SectionKind,
    write::{Object, StandardSegment},
};
use windlass_fuzz::analyse_files;

fuzz_target!(|data: &[u8]| {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (version, modules) = (&data[..end], data.get(end + 1..).unwrap_or_default());
    let frame = [0; 16];
    let mut section = b"\xff Go buildinf:\x08\x02".to_vec();
    section.resize(32, 0);
    push(&mut section, version);
    push(&mut section, &[&frame, modules, &frame].concat());
    let mut object = Object::new(BinaryFormat::Elf, Architecture::X86_64, Endianness::Little);
    let segment = object.segment_name(StandardSegment::Data).to_vec();
    let id = object.add_section(segment, b".go.buildinfo".to_vec(), SectionKind::Data);
    object.append_section_data(id, &section, 16);
    analyse_files(&[("usr/bin/app", &object.write().expect("memory takes everything"))]);
});

/// Adds a text behind its length, which is a varint.
fn push(section: &mut Vec<u8>, text: &[u8]) {
    let mut length = text.len();
    while length > 0x7f {
        section.push(length as u8 | 0x80);
        length >>= 7;
    }
    section.push(length as u8);
    section.extend(text);
}
