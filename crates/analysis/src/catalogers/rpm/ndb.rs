//! rpm's own database format NDB (`Packages.db`), which SUSE uses.
//!
//! A header is followed by slots, each naming the blocks of one blob; a blob is a package's header between a head and a
//! tail that repeat what the slot says. All numbers are little-endian.

use std::io::{self, Read, Seek, SeekFrom};

const SLOT_PAGE: u64 = 4096;
const SLOT: usize = 16;
const BLOCK: u64 = 16;
const BLOB_HEAD: usize = 16;
const BLOB_TAIL: usize = 12;

/// Why a file is no such database.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NdbError {
    #[error("the database cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error("it is no NDB database")]
    NotNdb,
    #[error("it is an NDB database of version {0}; only version 0 is known")]
    Version(u32),
    #[error("it announces {announced} pages of slots, more than its {length} bytes hold")]
    Slots { announced: u32, length: u64 },
}

/// Whether a file that begins like this is an NDB database.
pub(crate) fn is_ndb(head: &[u8]) -> bool {
    head.starts_with(b"RpmP")
}

/// Hands every blob to `each`. A blob that is not what its slot says goes to `broken` with the reason, and the others are
/// read all the same.
///
/// # Errors
/// Where the file as a whole is no such database.
pub(crate) fn values<R: Read + Seek>(
    mut source: R,
    mut each: impl FnMut(&[u8]),
    mut broken: impl FnMut(String),
) -> Result<(), NdbError> {
    let length = source.seek(SeekFrom::End(0))?;
    source.seek(SeekFrom::Start(0))?;
    let mut header = [0; 32];
    source.read_exact(&mut header).map_err(|_| NdbError::NotNdb)?;
    if !is_ndb(&header) {
        return Err(NdbError::NotNdb);
    }
    if u32_at(&header, 4) != 0 {
        return Err(NdbError::Version(u32_at(&header, 4)));
    }
    let announced = u32_at(&header, 12);
    let slots_end = u64::from(announced) * SLOT_PAGE;
    if slots_end > length || announced == 0 {
        return Err(NdbError::Slots { announced, length });
    }
    let mut slots = vec![0; (slots_end - header.len() as u64) as usize];
    source.read_exact(&mut slots)?;
    // Blobs do not overlap, so together they are no longer than the file; slots that share one would be.
    let mut room = length;
    let mut blob = Vec::new();
    for slot in slots.chunks_exact(SLOT).filter(|slot| slot.starts_with(b"Slot")) {
        let (package, first, blocks) = (u32_at(slot, 4), u32_at(slot, 8), u32_at(slot, 12));
        if first == 0 {
            continue;
        }
        let (start, size) = (u64::from(first) * BLOCK, u64::from(blocks) * BLOCK);
        if size > room || start + size > length {
            broken(format!("package {package} lies outside the database or in the place of another"));
            continue;
        }
        room -= size;
        source.seek(SeekFrom::Start(start))?;
        blob.resize(size as usize, 0);
        source.read_exact(&mut blob)?;
        match content(&blob, package) {
            Ok(header) => each(header),
            Err(reason) => broken(format!("package {package} cannot be read: {reason}")),
        }
    }
    Ok(())
}

/// What stands between head and tail.
fn content(blob: &[u8], package: u32) -> Result<&[u8], &'static str> {
    if blob.len() < BLOB_HEAD + BLOB_TAIL {
        return Err("it is too short");
    }
    let (body, tail) = blob.split_at(blob.len() - BLOB_TAIL);
    if !body.starts_with(b"BlbS") || !tail.ends_with(b"BlbE") {
        return Err("its blocks are not marked as a package");
    }
    if u32_at(body, 4) != package {
        return Err("its blocks belong to another package");
    }
    let length = u32_at(body, 12);
    if u32_at(tail, 4) != length {
        return Err("it is stated to be of two lengths");
    }
    if u32_at(tail, 0) != adler32(body) {
        return Err("its checksum is wrong");
    }
    body[BLOB_HEAD..].get(..length as usize).ok_or("it is longer than its blocks")
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(*bytes[at..].first_chunk().expect("callers look within structures whose length was checked"))
}

/// The checksum of RFC 1950.
fn adler32(bytes: &[u8]) -> u32 {
    const MODULUS: u32 = 65_521;
    // As many bytes as cannot overflow the sums.
    let (a, b) = bytes.chunks(5552).fold((1, 0), |(mut a, mut b), chunk| {
        for &byte in chunk {
            a += u32::from(byte);
            b += a;
        }
        (a % MODULUS, b % MODULUS)
    });
    b << 16 | a
}
