//! Licence statements, and the SPDX expressions made of them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_sbom::License;

fuzz_target!(|data: &[u8]| {
    let license = License::declared(&String::from_utf8_lossy(data));
    if !license.spdx_expression.is_empty() {
        let again = License::declared(&license.spdx_expression);
        assert_eq!(again.spdx_expression, license.spdx_expression, "an expression stays what it is");
    }
});
