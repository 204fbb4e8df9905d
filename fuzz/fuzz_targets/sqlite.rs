//! SQLite databases with their write-ahead logs.
//!
//! Input: the length of the database in four little-endian bytes, the database, the log.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| windlass_analysis::fuzzing::sqlite(data));
