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

use crate::{
    error::Error,
    limits,
    slice::Slice,
    spool::{is_compressed, spool, unsupported},
    tar_header::{Extended, Header, Kind},
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
        let mut extended = Extended::default();
        let mut offset = 0;
        while offset < length {
            let mut block = [0; 512];
            match file.read_exact_at(&mut block, offset) {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && offset > 0 => {
                    return Err(damaged(format!("the archive ends within a header, at byte {offset}")));
                }
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(not_a_tar(name)),
                other => other.map_err(Error::read(&name))?,
            }
            if block.iter().all(|byte| *byte == 0) {
                break;
            }
            let Some(header) = Header::parse(&block) else {
                let reason = format!("there is no tar header at byte {offset}");
                return Err(if offset == 0 { not_a_tar(name) } else { damaged(reason) });
            };
            let body = offset + 512;
            let is_extension = matches!(header.kind, Kind::Pax | Kind::GlobalPax | Kind::LongName | Kind::LongLink);
            let size = if header.kind == Kind::File { extended.size.unwrap_or(header.size) } else { header.size };
            let end = body.checked_add(size).filter(|end| *end <= length).ok_or_else(|| {
                damaged(format!("the archive ends within {:?}, at byte {length}", header.name_lossy()))
            })?;
            offset = end.next_multiple_of(512);
            if is_extension {
                if size > limits::ARCHIVE_HEADER_BYTES {
                    let what = format!("an extended header of {name}");
                    return Err(Error::TooLarge { what, limit: limits::ARCHIVE_HEADER_BYTES });
                }
                let mut bytes = vec![0; size as usize];
                file.read_exact_at(&mut bytes, body).map_err(Error::read(&name))?;
                extended.absorb(header.kind, &bytes).map_err(damaged)?;
                continue;
            }
            let extra = std::mem::take(&mut extended);
            let member_name = extra.name.unwrap_or(header.name);
            let target = extra.link.unwrap_or(header.link);
            let Some(key) = clean("", &String::from_utf8_lossy(&member_name)) else { continue };
            let target = String::from_utf8_lossy(&target);
            let member = match header.kind {
                Kind::File => Some(Member::File { offset: body, length: size }),
                Kind::HardLink => clean("", &target).map(Member::Link),
                Kind::Symlink => {
                    let folder = key.rsplit_once('/').map_or("", |(folder, _)| folder);
                    clean(folder, &target).map(Member::Link)
                }
                _ => None,
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
