//! What cannot be read twice is copied once, to a temporary file without a name.

use std::{
    fs::File,
    io::{self, BufReader, Read, Write},
};

use crate::error::Error;

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
const OTHERS: &[(&[u8], &str)] = &[(b"\xfd7zXZ\0", "xz"), (b"BZh", "bzip2"), (b"LZIP", "lzip"), (b"PK\x03\x04", "zip")];

/// Greatest memory a zstd stream may ask for: 2^27 bytes, what the `zstd` command allows by default.
const ZSTD_WINDOW_LOG: u32 = 27;

/// Whether these first bytes of a file say that it must be decompressed before it can be read from anywhere.
pub(crate) fn is_compressed(head: &[u8]) -> bool {
    head.starts_with(GZIP) || head.starts_with(ZSTD)
}

/// The compression these first bytes belong to, if it is one that is not read here.
pub(crate) fn unsupported(head: &[u8]) -> Option<&'static str> {
    OTHERS.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, name)| *name)
}

/// Copies a stream, decompressed if it is gzip or zstd, to an anonymous temporary file of at most `limit` bytes.
///
/// The file vanishes when it is closed, also when the program is killed. `what` names the stream in errors.
pub(crate) fn spool(stream: impl Read, limit: u64, what: &str) -> Result<File, Error> {
    let mut head = Vec::with_capacity(6);
    let mut stream = BufReader::with_capacity(1 << 16, stream);
    stream.by_ref().take(6).read_to_end(&mut head).map_err(Error::read(what))?;
    let stream = io::Cursor::new(head.clone()).chain(stream);
    if head.starts_with(GZIP) {
        copy(flate2::bufread::MultiGzDecoder::new(BufReader::new(stream)), limit, what)
    } else if head.starts_with(ZSTD) {
        let mut decoder = zstd::Decoder::new(stream).map_err(Error::read(what))?;
        decoder.window_log_max(ZSTD_WINDOW_LOG).map_err(Error::read(what))?;
        copy(decoder, limit, what)
    } else {
        copy(stream, limit, what)
    }
}

fn copy(mut from: impl Read, limit: u64, what: &str) -> Result<File, Error> {
    let mut file = tempfile::tempfile().map_err(Error::read(format!("a temporary file for {what}")))?;
    let mut buffer = vec![0; 1 << 17];
    let mut total = 0;
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Error::Read { what: what.into(), source: error }),
        };
        total += count as u64;
        if total > limit {
            return Err(Error::TooLarge { what: what.into(), limit });
        }
        file.write_all(&buffer[..count]).map_err(|source| Error::Spool { what: what.into(), source })?;
    }
    Ok(file)
}
