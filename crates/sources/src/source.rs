//! The list of sources, and which of them an input belongs to.

use std::path::{Path, PathBuf};

use windlass_image::{Image, Platform};

use crate::{
    directory, docker_archive, error::Error, limits, location::Location, oci_archive, oci_dir, sbom,
    suggestion::similar_names,
};

/// In the order in which they are asked about an input without a scheme.
const SOURCES: &[Source] =
    &[docker_archive::SOURCE, oci_archive::SOURCE, oci_dir::SOURCE, sbom::SOURCE, directory::SOURCE];

/// Something that can be scanned, found but not yet read.
pub enum Input {
    Image(Box<Image>),
    /// The root of a file system.
    Directory(PathBuf),
    Sbom(Bill),
}

/// Where a bill of materials is read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bill {
    File(PathBuf),
    StandardInput,
}

/// What a search may do and whom it may ask.
#[derive(Clone, Debug)]
pub struct Options {
    /// Chosen from an index, or demanded of a single image; the host's where nothing is given.
    pub platform: Option<Platform>,
    /// Bytes that may be copied to a temporary file for one input.
    pub spool_limit: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { platform: None, spool_limit: limits::SPOOL_BYTES }
    }
}

impl Options {
    pub(crate) fn refuse_platform(&self, input: &str) -> Result<(), Error> {
        match self.platform {
            Some(_) => Err(Error::PlatformWithoutImage { input: input.into() }),
            None => Ok(()),
        }
    }
}

/// One way to find an image; adding one is a file with a `SOURCE` and its line in [`SOURCES`].
pub(crate) struct Source {
    pub scheme: &'static str,
    pub summary: &'static str,
    pub finds: Finds,
}

/// What a source takes.
pub(crate) enum Finds {
    /// A place on this machine; `recognises` looks at its content.
    Path { recognises: fn(&Location) -> bool, open: fn(&Location, &Options) -> Result<Input, Error> },
}

/// Every scheme with a line for the help.
pub fn schemes() -> impl Iterator<Item = (&'static str, &'static str)> {
    SOURCES.iter().map(|source| (source.scheme, source.summary))
}

/// Finds what an input names: `SCHEME:VALUE`, an existing path recognised by its content, or an image reference.
pub fn resolve(input: &str, options: &Options) -> Result<Input, Error> {
    let scheme = input.split_once(':').and_then(|(scheme, value)| {
        let source = SOURCES.iter().find(|source| source.scheme == scheme)?;
        Some((source, value))
    });
    if let Some((source, value)) = scheme {
        return match source.finds {
            Finds::Path { open, .. } => open(&Location::parse(input, value, options)?, options),
        };
    }
    if input == "-" {
        return Err(Error::Unnamed { input: input.into() });
    }
    if Path::new(input).exists() {
        return recognise(Location::parse(input, input, options)?, options);
    }
    Err(Error::NoSuchPath { path: input.into(), similar: similar_names(Path::new(input)) })
}

fn recognise(location: Location, options: &Options) -> Result<Input, Error> {
    for source in SOURCES {
        match source.finds {
            Finds::Path { recognises, open } if recognises(&location) => return open(&location, options),
            Finds::Path { .. } => {}
        }
    }
    Err(location.unrecognised())
}
