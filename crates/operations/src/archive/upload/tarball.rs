//! A tar file from a stranger, compressed or not, of which a few members are wanted.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{self, BufReader, Read, Seek as _},
};

use flate2::read::MultiGzDecoder;
use tar::Archive;

use super::Unfit;

/// Members there may be.
const MEMBERS: usize = 100_000;
/// Bytes that it may unfold to.
const UNFOLDED: u64 = 8 << 30;
/// Bytes of the wanted members together: they are in memory.
const WANTED: u64 = 512 << 20;
/// The logarithm of the memory that zstd may ask for: 128 MiB.
const WINDOW: u32 = 27;

pub(super) struct Tarball(File);

/// Ends in an error when more comes than may.
struct Bounded<R> {
    content: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.content.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            io::Error::other(format!("it unfolds to more than the {UNFOLDED} bytes that an archive may have"))
        })?;
        Ok(read)
    }
}

impl Tarball {
    pub(super) fn new(file: File) -> Self {
        Self(file)
    }

    /// The content of these members, as many of them as are there. Members are plain files; what else there is is skipped.
    pub(super) fn take(&mut self, names: &BTreeSet<&str>) -> Result<BTreeMap<String, Vec<u8>>, Unfit> {
        let mut found = BTreeMap::new();
        let mut bytes = 0;
        let mut archive = Archive::new(Bounded { content: self.unfolded()?, left: UNFOLDED });
        // As they are: extended headers, which could be of any length, name nothing that is wanted.
        let members = archive.entries().map_err(damaged)?.raw(true);
        for (number, member) in members.enumerate() {
            let mut member = member.map_err(damaged)?;
            if number >= MEMBERS {
                return Err(Unfit::new(format!("it has more than {MEMBERS} members")));
            }
            let path = String::from_utf8_lossy(&member.path_bytes()).into_owned();
            let name = path.strip_prefix("./").unwrap_or(&path);
            if !member.header().entry_type().is_file() || !names.contains(name) {
                continue;
            }
            bytes += member.size();
            if bytes > WANTED {
                return Err(Unfit::new(format!("its documents have more than {WANTED} bytes")));
            }
            let mut content = Vec::new();
            member.read_to_end(&mut content).map_err(damaged)?;
            if found.insert(name.to_owned(), content).is_some() {
                return Err(Unfit::new(format!("{name} is there twice")));
            }
        }
        Ok(found)
    }

    /// From the beginning, whatever it is compressed with.
    fn unfolded(&mut self) -> Result<Box<dyn Read + '_>, Unfit> {
        self.0.rewind().map_err(damaged)?;
        let mut magic = Vec::new();
        (&mut self.0).take(4).read_to_end(&mut magic).map_err(damaged)?;
        self.0.rewind().map_err(damaged)?;
        let file = BufReader::with_capacity(128 << 10, &mut self.0);
        Ok(match magic.as_slice() {
            [0x1f, 0x8b, ..] => Box::new(MultiGzDecoder::new(file)),
            [0x28, 0xb5, 0x2f, 0xfd] => {
                let mut decoder = zstd::Decoder::with_buffer(file).map_err(damaged)?;
                decoder.window_log_max(WINDOW).map_err(damaged)?;
                Box::new(decoder)
            }
            _ => Box::new(file),
        })
    }
}

#[allow(clippy::needless_pass_by_value, reason = "it is what combinators hand on")]
fn damaged(error: io::Error) -> Unfit {
    Unfit::document("it is no tar file, or is damaged", error)
}
