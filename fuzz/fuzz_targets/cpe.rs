//! CPE names.

#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_sbom::Cpe;

fuzz_target!(|data: &[u8]| {
    if let Ok(cpe) = String::from_utf8_lossy(data).parse::<Cpe>() {
        let written = cpe.to_string();
        assert_eq!(written.parse().as_ref(), Ok(&cpe), "{written}");
    }
});
