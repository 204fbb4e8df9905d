//! rpm's databases in all their formats, and the headers in them.
//!
//! Input: a file as it lies in an image. What begins as no database is read as a single header.

#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_analysis::fuzzing;

fuzz_target!(|data: &[u8]| {
    fuzzing::rpm_database(data);
    fuzzing::rpm_header(data);
});
