use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Component, Path};

use flate2::read::MultiGzDecoder;

use super::{Budget, Compression, DATABASE};
use crate::{Error, Progress, Result, Watch, file};

/// A database archive has one or two entries.
const ENTRIES: usize = 64;
/// Of entries that are passed over; they are read like the others.
const OTHER_ENTRY: u64 = 1 << 20;
const BLOCK: usize = 1 << 18;

/// Unpacks the database of the archive at `archive` to the new file `to`. `name` is what errors call the archive.
///
/// # Errors
/// The archive is cut short or of no known kind; holds no database, or two; holds names that point elsewhere, links or
/// devices; or is larger than the budget.
pub(crate) fn unpack(archive: &Path, name: &str, to: &Path, budget: Budget, watch: Watch<'_>) -> Result<()> {
    let unreadable = |source| Error::UnreadableArchive { name: name.to_owned(), source };
    let refused = |reason: String| Error::Archive { name: name.to_owned(), reason };
    let mut file = BufReader::with_capacity(BLOCK, File::open(archive).map_err(unreadable)?);
    let start = io::BufRead::fill_buf(&mut file).map_err(unreadable)?;
    let decoder: Box<dyn Read> = match Compression::of_bytes(start) {
        Some(Compression::Zstd) => Box::new(zstd::stream::read::Decoder::with_buffer(file).map_err(unreadable)?),
        Some(Compression::Gzip) => Box::new(MultiGzDecoder::new(file)),
        None if start.starts_with(&[0xfd, b'7', b'z', b'X', b'Z', 0]) => {
            return Err(refused("xz is not read; take the .tar.zst of the same release".to_owned()));
        }
        None => return Err(refused("it is neither a .tar.zst nor a .tar.gz".to_owned())),
    };
    // Headers of names and padding come on top of the database itself.
    let mut tar = tar::Archive::new(decoder.take(budget.database.saturating_add(ENTRIES as u64 * OTHER_ENTRY)));
    let mut found = false;
    for (count, entry) in tar.entries().map_err(unreadable)?.enumerate() {
        if count >= ENTRIES {
            return Err(refused(format!("it has more than {ENTRIES} entries")));
        }
        let mut entry = entry.map_err(unreadable)?;
        let path = entry.path().map_err(unreadable)?.into_owned();
        let shown = path.to_string_lossy().chars().take(100).collect::<String>();
        match entry.header().entry_type() {
            tar::EntryType::Directory => continue,
            tar::EntryType::Regular | tar::EntryType::Continuous => {}
            other => return Err(refused(format!("{shown:?} is a {other:?}, not a file"))),
        }
        match plain_name(&path) {
            None => return Err(refused(format!("the name {shown:?} points elsewhere"))),
            Some(plain) if plain == DATABASE && found => return Err(refused(format!("it has two {DATABASE}"))),
            Some(plain) if plain == DATABASE => {
                if entry.size() > budget.database {
                    let (size, allowed) = (entry.size(), budget.database);
                    return Err(refused(format!("{DATABASE} has {size} bytes, of which {allowed} are allowed")));
                }
                found = true;
                copy(&mut entry, to, watch).map_err(unreadable)?;
            }
            Some(_) if entry.size() > OTHER_ENTRY => {
                return Err(refused(format!("{shown:?} does not belong there and has {} bytes", entry.size())));
            }
            Some(_) => {}
        }
    }
    if found { Ok(()) } else { Err(refused(format!("it has no {DATABASE}"))) }
}

/// The file's name if the path is one name, with or without `./` before it.
fn plain_name(path: &Path) -> Option<&str> {
    let mut components = path.components().filter(|component| *component != Component::CurDir);
    let Some(Component::Normal(name)) = components.next() else { return None };
    if components.next().is_some() { None } else { name.to_str() }
}

fn copy(from: &mut impl Read, to: &Path, watch: Watch<'_>) -> io::Result<()> {
    let mut file = File::create_new(to)?;
    let mut written = 0;
    file::blocks(
        from,
        |error| error,
        |block| {
            file.write_all(block)?;
            written += block.len() as u64;
            watch(Progress::Unpacking { written });
            Ok(())
        },
    )
}
