//! Bills of materials in every format that is read.
//!
//! Input: one document; what it is must be found out from its content.

#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_sbom::{
    Sbom,
    formats::{self, Document, Format},
};

fuzz_target!(|data: &[u8]| {
    let Ok(sbom) = formats::read(data) else { return };
    for format in Format::all() {
        let written = write(&sbom, format);
        assert_eq!(written, write(&sbom, format), "{format}: the same document is written in two ways");
        if format != Format::Table {
            let again = formats::read(&written).unwrap_or_else(|error| panic!("{format}: own output: {error}"));
            assert_eq!(again.unknowns.is_empty(), sbom.unknowns.is_empty(), "{format}: what could not be read is kept");
        }
    }
    let again = formats::read(&write(&sbom, Format::Json)).expect("own output");
    assert_eq!(again.packages.len(), sbom.packages.len(), "the own document loses packages");
    let compact = formats::read(&write(&again, Format::Compact)).expect("own output");
    assert_eq!(compact, again, "both own documents hold the same");
});

fn write(sbom: &Sbom, format: Format) -> Vec<u8> {
    let mut out = Vec::new();
    formats::write(sbom, format, &Document::default(), &mut out).expect("memory takes everything");
    out
}
