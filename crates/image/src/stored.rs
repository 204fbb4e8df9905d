//! A layer's stored bytes on their way to its uncompressed ones.

use std::io::{self, BufRead, Read};

use sha2::{Digest as _, Sha256};

/// How a layer is compressed, told by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Compression {
    fn sniff(start: &[u8]) -> Self {
        match start {
            [0x1f, 0x8b, ..] => Self::Gzip,
            // A frame, or one that decoders skip.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            _ => Self::None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None => "uncompressed",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// Reads stored bytes, counting them and (unless they are uncompressed, when the diff ID is their digest as well)
/// hashing each once.
pub(crate) struct Stored {
    source: Box<dyn Read + Send>,
    buffer: Box<[u8]>,
    position: usize,
    filled: usize,
    hasher: Option<Sha256>,
    read: u64,
    /// The manifest's word; a source that goes on beyond it is not read to its end.
    expected: Option<u64>,
    failure: Option<StoredFailure>,
}

/// What was wrong with the stored bytes themselves, as opposed to what a decompressor thought of them.
#[derive(Debug)]
pub(crate) enum StoredFailure {
    Source(io::Error),
    TooLong,
}

const BUFFER: usize = 128 << 10;

impl Stored {
    /// Takes in the first bytes. `size` is 0 if unknown.
    pub(crate) fn new(source: Box<dyn Read + Send>, size: u64) -> io::Result<(Self, Compression)> {
        let mut stored = Self {
            source,
            buffer: vec![0; BUFFER].into(),
            position: 0,
            filled: 0,
            hasher: None,
            read: 0,
            expected: (size > 0).then_some(size),
            failure: None,
        };
        while stored.filled < 4 {
            match stored.source.read(&mut stored.buffer[stored.filled..]) {
                Ok(0) => break,
                Ok(read) => stored.filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        stored.read = stored.filled as u64;
        let compression = Compression::sniff(&stored.buffer[..stored.filled]);
        if compression != Compression::None {
            let mut hasher = Sha256::new();
            hasher.update(&stored.buffer[..stored.filled]);
            stored.hasher = Some(hasher);
        }
        Ok((stored, compression))
    }

    /// Bytes read so far.
    pub(crate) fn read(&self) -> u64 {
        self.read
    }

    pub(crate) fn failure(&self) -> Option<&StoredFailure> {
        self.failure.as_ref()
    }

    pub(crate) fn take_failure(&mut self) -> Option<StoredFailure> {
        self.failure.take()
    }

    /// Reads and hashes what is left, so that the digest is that of all bytes.
    pub(crate) fn drain(&mut self) -> io::Result<()> {
        loop {
            let length = self.fill_buf()?.len();
            if length == 0 {
                return Ok(());
            }
            self.consume(length);
        }
    }

    /// The digest of all bytes read, `None` if they were uncompressed and therefore not hashed here.
    pub(crate) fn finish(self) -> Option<[u8; 32]> {
        self.hasher.map(|hasher| hasher.finalize().into())
    }
}

impl BufRead for Stored {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.position == self.filled && self.failure.is_none() {
            self.position = 0;
            self.filled = match self.source.read(&mut self.buffer) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
                Err(error) => {
                    self.filled = 0;
                    let seen = io::Error::new(error.kind(), error.to_string());
                    self.failure = Some(StoredFailure::Source(error));
                    return Err(seen);
                }
            };
            self.read += self.filled as u64;
            if let Some(hasher) = &mut self.hasher {
                hasher.update(&self.buffer[..self.filled]);
            }
            if self.expected.is_some_and(|expected| self.read > expected) {
                self.failure = Some(StoredFailure::TooLong);
                self.filled = 0;
                return Err(io::Error::new(io::ErrorKind::InvalidData, "more bytes than the manifest says"));
            }
        }
        Ok(&self.buffer[self.position..self.filled])
    }

    fn consume(&mut self, bytes: usize) {
        self.position += bytes;
    }
}

impl Read for Stored {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let taken = available.len().min(out.len());
        out[..taken].copy_from_slice(&available[..taken]);
        self.consume(taken);
        Ok(taken)
    }
}

/// Largest window a zstd frame may ask for, as a power of two: 128 MiB, what the format's own tools accept.
const ZSTD_WINDOW: u32 = 27;

/// The uncompressed bytes, of all gzip members or zstd frames.
pub(crate) enum Decoder {
    Plain(Stored),
    Gzip(Box<flate2::bufread::MultiGzDecoder<Stored>>),
    Zstd(zstd::stream::read::Decoder<'static, Stored>),
}

impl Decoder {
    pub(crate) fn new(stored: Stored, compression: Compression) -> io::Result<Self> {
        Ok(match compression {
            Compression::None => Self::Plain(stored),
            Compression::Gzip => Self::Gzip(Box::new(flate2::bufread::MultiGzDecoder::new(stored))),
            Compression::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(stored)?;
                decoder.window_log_max(ZSTD_WINDOW)?;
                Self::Zstd(decoder)
            }
        })
    }

    pub(crate) fn stored(&mut self) -> &mut Stored {
        match self {
            Self::Plain(stored) => stored,
            Self::Gzip(decoder) => decoder.get_mut(),
            Self::Zstd(decoder) => decoder.get_mut(),
        }
    }

    pub(crate) fn into_stored(self) -> Stored {
        match self {
            Self::Plain(stored) => stored,
            Self::Gzip(decoder) => decoder.into_inner(),
            Self::Zstd(decoder) => decoder.finish(),
        }
    }

    /// Fills `buffer` unless the bytes end first; the number of bytes in it.
    pub(crate) fn fill(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            let read = match self {
                Self::Plain(stored) => stored.read(&mut buffer[filled..]),
                Self::Gzip(decoder) => decoder.read(&mut buffer[filled..]),
                Self::Zstd(decoder) => decoder.read(&mut buffer[filled..]),
            };
            match read {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }
}
