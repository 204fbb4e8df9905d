//! The outer tar of a saved image: indexed by its headers, never unpacked.
//!
//! Only headers are read; bodies are seeked over and later read in place, several at a time. Names are keys of a map and
//! never touch the file system. Of two members with one name the later counts, as it would if the tar were unpacked.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, Read},
    os::unix::fs::FileExt,
    path::Path,
    sync::Arc,
};

use windlass_image::tar::{BLOCK, Block, Records, text};

use crate::{
    error::Error,
    limits,
    slice::Slice,
    spool::{is_compressed, spool, unsupported},
};

/// An image archive and where its members are.
pub(crate) struct Archive {
    file: Arc<File>,
    name: String,
    members: HashMap<String, Member>,
}

enum Member {
    File {
        offset: u64,
        length: u64,
    },
    /// Another member's name.
    Link(String),
}

impl Archive {
    /// Indexes a file; what is compressed or is no regular file is first copied to a temporary one.
    pub(crate) fn open(path: &Path, spool_limit: u64) -> Result<Self, Error> {
        let name = path.display().to_string();
        let file = File::open(path).map_err(Error::read(&name))?;
        let metadata = file.metadata().map_err(Error::read(&name))?;
        if metadata.is_dir() {
            let reason = "it is a folder".into();
            return Err(Error::NotA { path: name, expected: "an image archive", reason });
        }
        if !metadata.is_file() {
            return Self::from_stream(file, spool_limit, &name);
        }
        let mut head = [0; 6];
        let count = file.read_at(&mut head, 0).map_err(Error::read(&name))?;
        if let Some(compression) = unsupported(&head[..count]) {
            let reason = format!("it is compressed with {compression}, of which only gzip and zstd are read");
            return Err(Error::NotA { path: name, expected: "an image archive", reason });
        }
        if is_compressed(&head[..count]) {
            return Self::from_stream(file, spool_limit, &name);
        }
        Self::index(file, name)
    }

    /// Copies a stream to a temporary file, then indexes that.
    pub(crate) fn from_stream(stream: impl Read, spool_limit: u64, name: &str) -> Result<Self, Error> {
        Self::index(spool(stream, spool_limit, name)?, name.to_owned())
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn contains(&self, member: &str) -> bool {
        self.find(member).is_some()
    }

    /// Where a member's bytes are, links followed.
    pub(crate) fn find(&self, member: &str) -> Option<Slice> {
        let mut name = clean("", member)?;
        for _ in 0..limits::ARCHIVE_LINKS {
            match self.members.get(&name)? {
                Member::File { offset, length } => return Some(Slice::new(self.file.clone(), *offset, *length)),
                Member::Link(target) => name.clone_from(target),
            }
        }
        None
    }

    /// A whole member of at most `limit` bytes; nothing if there is none of this name.
    pub(crate) fn read(&self, member: &str, limit: u64) -> Result<Option<Vec<u8>>, Error> {
        let Some(slice) = self.find(member) else { return Ok(None) };
        let what = || format!("{member} in {}", self.name);
        if slice.len() > limit {
            return Err(Error::TooLarge { what: what(), limit });
        }
        let mut bytes = Vec::with_capacity(slice.len() as usize);
        slice.reader().read_to_end(&mut bytes).map_err(Error::read(what()))?;
        Ok(Some(bytes))
    }

    /// Whether any member's name ends so.
    pub(crate) fn any_ends_with(&self, suffix: &str) -> bool {
        self.members.keys().any(|name| name.ends_with(suffix))
    }

    fn index(file: File, name: String) -> Result<Self, Error> {
        let length = file.metadata().map_err(Error::read(&name))?.len();
        let damaged = |reason: String| Error::malformed(&name, reason);
        let mut members = HashMap::new();
        let mut records = Records::default();
        let (mut long_name, mut long_link) = (None, None);
        let mut offset = 0;
        while offset < length {
            let mut block = Block([0; BLOCK]);
            match file.read_exact_at(&mut block.0, offset) {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && offset > 0 => {
                    return Err(damaged(format!("the archive ends within a header, at byte {offset}")));
                }
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(not_a_tar(name)),
                other => other.map_err(Error::read(&name))?,
            }
            if block.is_zero() {
                break;
            }
            let stated = block.size().filter(|_| block.checksum_holds()).and_then(|size| u64::try_from(size).ok());
            let Some(stated) = stated else {
                let reason = format!("there is no tar header at byte {offset}");
                return Err(if offset == 0 { not_a_tar(name) } else { damaged(reason) });
            };
            let body = offset + BLOCK as u64;
            let is_file = matches!(block.typeflag(), 0 | b'0' | b'7');
            let size = match (block.typeflag(), records.size) {
                // Links, devices, folders and pipes; a size there is no more than a remark.
                (b'1'..=b'6', _) => 0,
                (_, Some(size)) if is_file => {
                    u64::try_from(size).map_err(|_| damaged("a member has a negative size".into()))?
                }
                _ => stated,
            };
            let mut header_name = Vec::new();
            block.name_into(&mut header_name);
            let end = body.checked_add(size).filter(|end| *end <= length).ok_or_else(|| {
                let within = String::from_utf8_lossy(&header_name);
                damaged(format!("the archive ends within {within:?}, at byte {length}"))
            })?;
            offset = end.next_multiple_of(BLOCK as u64);
            if let b'x' | b'g' | b'L' | b'K' = block.typeflag() {
                if size > limits::ARCHIVE_HEADER_BYTES {
                    let what = format!("an extended header of {name}");
                    return Err(Error::TooLarge { what, limit: limits::ARCHIVE_HEADER_BYTES });
                }
                let mut bytes = vec![0; size as usize];
                file.read_exact_at(&mut bytes, body).map_err(Error::read(&name))?;
                match block.typeflag() {
                    b'x' => records = Records::parse(&bytes).map_err(|reason| damaged(reason.into()))?,
                    b'L' => long_name = Some(text(&bytes).to_vec()),
                    b'K' => long_link = Some(text(&bytes).to_vec()),
                    // Global headers carry a commit id or times, nothing that moves a member.
                    _ => {}
                }
                continue;
            }
            let extra = std::mem::take(&mut records);
            let member_name = long_name.take().or(extra.path).unwrap_or(header_name);
            let target = long_link.take().or(extra.link).unwrap_or_else(|| block.link().to_vec());
            let Some(key) = clean("", &String::from_utf8_lossy(&member_name)) else { continue };
            let target = String::from_utf8_lossy(&target);
            let member = match block.typeflag() {
                b'1' => clean("", &target).map(Member::Link),
                b'2' => {
                    let folder = key.rsplit_once('/').map_or("", |(folder, _)| folder);
                    clean(folder, &target).map(Member::Link)
                }
                _ => is_file.then_some(Member::File { offset: body, length: size }),
            };
            if let Some(member) = member {
                members.insert(key, member);
            }
            if members.len() > limits::ARCHIVE_MEMBERS {
                return Err(Error::TooMany { what: format!("members of {name}"), limit: limits::ARCHIVE_MEMBERS });
            }
        }
        Ok(Self { file: Arc::new(file), name, members })
    }
}

/// A member's name from the root of the archive; nothing if it would leave it.
fn clean(folder: &str, name: &str) -> Option<String> {
    if name.len() > 4096 {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    let folder = if name.starts_with('/') { "" } else { folder };
    for part in folder.split('/').chain(name.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn not_a_tar(path: String) -> Error {
    Error::NotA { path, expected: "an image archive", reason: "it is not a tar".into() }
}
