//! Statements of makers (OpenVEX, CSAF, CycloneDX), and what they do to findings.
//!
//! Input: one document; what it is must be found out from its content.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use windlass_matching::{
    Options, VexDocument, match_sbom,
    testing::{MemoryAdvisories, advisory, package, sbom},
};
use windlass_sbom::{PackageType, Sbom};

static ADVISORIES: LazyLock<MemoryAdvisories> = LazyLock::new(|| {
    MemoryAdvisories::new().with(advisory("CVE-2021-23337", "nvd").in_ecosystem("npm", "lodash", "< 4.17.21"))
});

static SBOM: LazyLock<Sbom> = LazyLock::new(|| sbom("", [package(PackageType::Npm, "lodash", "4.17.15")]));

fuzz_target!(|data: &[u8]| {
    if let Ok(document) = VexDocument::parse("statements.json", data) {
        let options = Options { vex: vec![document], threads: 1, ..Options::default() };
        let outcome = match_sbom(&SBOM, &*ADVISORIES, &options).expect("memory answers");
        assert!(outcome.findings.len() + outcome.ignored.len() >= 1, "a finding is moved, never lost");
    }
});
