//! A place on this machine that an input names, looked into at most once.

use std::{
    cell::{Cell, OnceCell},
    io,
    path::{Path, PathBuf},
};

use crate::{archive::Archive, error::Error, selection::Wanted, source::Options, suggestion::similar_names};

/// A file, a folder or standard input, with the name of the image inside it that was asked for.
pub(crate) struct Location {
    user_input: String,
    /// Nothing for standard input.
    path: Option<PathBuf>,
    name: Option<String>,
    spool_limit: u64,
    archive: OnceCell<Option<Archive>>,
    /// Why there is no archive, until it is told.
    trouble: Cell<Option<Error>>,
}

impl Location {
    /// `value` is a path, a path and a name within it (`image.tar:debian:12`), or `-`.
    pub(crate) fn parse(user_input: &str, value: &str, options: &Options) -> Result<Self, Error> {
        let (path, name) = match value {
            "-" => (None, None),
            value => {
                let (path, name) = split_name(value)?;
                (Some(path), name)
            }
        };
        let (user_input, spool_limit) = (user_input.to_owned(), options.spool_limit);
        Ok(Self { user_input, path, name, spool_limit, archive: OnceCell::new(), trouble: Cell::new(None) })
    }

    pub(crate) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The path of an input that cannot come by standard input.
    pub(crate) fn require_path(&self) -> Result<&Path, Error> {
        self.path().ok_or_else(|| Error::NotA {
            path: "standard input".into(),
            expected: "a folder",
            reason: "only archives and bills of materials can be piped in".into(),
        })
    }

    pub(crate) fn wanted<'a>(&'a self, options: &'a Options) -> Wanted<'a> {
        let platform = options.platform.as_ref();
        Wanted { user_input: &self.user_input, name: self.name.as_deref(), platform }
    }

    /// The archive at this place, if there is one that can be read.
    pub(crate) fn archive(&self) -> Option<&Archive> {
        let opened = self.archive.get_or_init(|| self.open().map_err(|error| self.trouble.set(Some(error))).ok());
        opened.as_ref()
    }

    /// The archive at this place, or why there is none; to be asked once.
    pub(crate) fn require_archive(&self) -> Result<&Archive, Error> {
        self.archive().ok_or_else(|| self.trouble.take().expect("what is no archive has an error"))
    }

    /// Why nothing recognised this place.
    pub(crate) fn unrecognised(self) -> Error {
        match self.trouble.into_inner() {
            Some(error) if !matches!(error, Error::NotA { .. }) => error,
            _ => Error::Unrecognised { path: self.path.unwrap_or_default().display().to_string() },
        }
    }

    fn open(&self) -> Result<Archive, Error> {
        match &self.path {
            Some(path) => Archive::open(path, self.spool_limit),
            None => Archive::from_stream(io::stdin().lock(), self.spool_limit, "standard input"),
        }
    }
}

/// The longest part before a colon that exists is the path, the rest a name: both may hold colons themselves.
fn split_name(value: &str) -> Result<(PathBuf, Option<String>), Error> {
    if Path::new(value).exists() {
        return Ok((value.into(), None));
    }
    for (colon, _) in value.rmatch_indices(':') {
        let (path, name) = (&value[..colon], &value[colon + 1..]);
        if !path.is_empty() && !name.is_empty() && Path::new(path).exists() {
            return Ok((path.into(), Some(name.to_owned())));
        }
    }
    let path = PathBuf::from(value);
    // A folder that may not be entered is another trouble than a file that is not there.
    match std::fs::metadata(&path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound && source.kind() != io::ErrorKind::NotADirectory => {
            Err(Error::Read { what: value.into(), source })
        }
        _ => Err(Error::NoSuchPath { similar: similar_names(&path), path }),
    }
}
