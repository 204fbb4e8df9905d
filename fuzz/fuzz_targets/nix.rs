//! The database of Nix with its write-ahead log.
//!
//! Input: the length of the database in four little-endian bytes, the database, the log.

#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_fuzz::analyse_files;

fuzz_target!(|data: &[u8]| {
    let Some((length, rest)) = data.split_first_chunk() else { return };
    let (database, log) = rest.split_at((u32::from_le_bytes(*length) as usize).min(rest.len()));
    analyse_files(&[("nix/var/nix/db/db.sqlite", database), ("nix/var/nix/db/db.sqlite-wal", log)]);
});
