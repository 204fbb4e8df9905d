//! The list of sources, and which of them an input belongs to.

use std::path::{Path, PathBuf};

use windlass_image::{Image, Platform};

use crate::{
    daemon::DaemonOptions,
    directory, docker, docker_archive,
    environment::Environment,
    error::Error,
    limits,
    location::Location,
    oci_archive, oci_dir, podman,
    reference::{Reference, is_image_id},
    registry::{self, RegistryOptions},
    sbom,
    suggestion::similar_names,
};

/// In the order in which they are asked about an input without a scheme.
const SOURCES: &[Source] = &[
    docker_archive::SOURCE,
    oci_archive::SOURCE,
    oci_dir::SOURCE,
    sbom::SOURCE,
    directory::SOURCE,
    docker::SOURCE,
    podman::SOURCE,
    registry::SOURCE,
];

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

/// What a search may do and whom it may ask. By default it asks no daemon and shows no credentials.
#[derive(Clone, Debug)]
pub struct Options {
    /// Chosen from an index, or demanded of a single image; the host's where nothing is given.
    pub platform: Option<Platform>,
    /// Bytes that may be copied to a temporary file for one input.
    pub spool_limit: u64,
    pub registry: RegistryOptions,
    pub daemon: DaemonOptions,
}

impl Default for Options {
    fn default() -> Self {
        let (registry, daemon) = (RegistryOptions::default(), DaemonOptions::default());
        Self { platform: None, spool_limit: limits::SPOOL_BYTES, registry, daemon }
    }
}

impl Options {
    /// The daemons and credentials that docker's and podman's clients would use for this user.
    pub fn from_environment() -> Self {
        let environment = Environment { get: &|name| std::env::var_os(name) };
        let mut options = Self::default();
        options.registry.credential_files = environment.credential_files();
        options.daemon.docker = environment.docker_endpoints();
        options.daemon.podman = environment.podman_endpoints();
        options
    }

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
    /// A reference, given without scheme and as the user wrote it. Where an error [declines](Error::declines), the next
    /// source may have the image.
    Reference { open: fn(&str, &str, &Options) -> Result<Input, Error> },
}

/// Every scheme with a line for the help.
pub fn schemes() -> impl Iterator<Item = (&'static str, &'static str)> {
    SOURCES.iter().map(|source| (source.scheme, source.summary))
}

/// Finds what an input names: `SCHEME:VALUE`, an existing path recognised by its content, or an image reference, for
/// which daemons are asked before the registry.
pub fn resolve(input: &str, options: &Options) -> Result<Input, Error> {
    if let Some((source, value)) = by_scheme(input) {
        return match source.finds {
            Finds::Path { open, .. } => open(&Location::parse(input, value, options)?, options),
            Finds::Reference { open } => {
                open(value, input, options).map_err(|error| with_other_reading(error, source.scheme, value))
            }
        };
    }
    if input == "-" {
        return Err(Error::Unnamed { input: input.into() });
    }
    if Path::new(input).exists() {
        return recognise(Location::parse(input, input, options)?, options);
    }
    if is_written_as_path(input) {
        return Err(Error::NoSuchPath { path: input.into(), similar: similar_names(Path::new(input)) });
    }
    if !is_image_id(input) {
        input.parse::<Reference>()?;
    }
    ask_around(input, options)
}

/// The source an input names, and what follows.
///
/// `registry:5000/team/app` is an image on the host `registry`: where a reference follows the scheme, a port and a slash
/// are not taken for its beginning.
fn by_scheme(input: &str) -> Option<(&'static Source, &str)> {
    let (scheme, value) = input.split_once(':')?;
    let source = SOURCES.iter().find(|source| source.scheme == scheme)?;
    let port = value.split_once('/').map(|(port, _)| port);
    let is_host = port.is_some_and(|port| !port.is_empty() && port.parse::<u16>().is_ok());
    (!is_host || matches!(source.finds, Finds::Path { .. })).then_some((source, value))
}

/// `registry:2` and `docker:27` are images, too; who meant them learns how to write it.
fn with_other_reading(error: Error, scheme: &'static str, value: &str) -> Error {
    let is_absent = matches!(error, Error::NotInRegistry { .. } | Error::NotInDaemon { .. } | Error::Denied { .. });
    let is_version = value.starts_with(|first: char| first.is_ascii_digit()) && !value.contains(['/', ':', '@']);
    if is_absent && is_version {
        return Error::TakenForScheme { scheme, value: value.to_owned(), error: Box::new(error) };
    }
    error
}

fn recognise(location: Location, options: &Options) -> Result<Input, Error> {
    for source in SOURCES {
        match source.finds {
            Finds::Path { recognises, open } if recognises(&location) => return open(&location, options),
            Finds::Path { .. } | Finds::Reference { .. } => {}
        }
    }
    Err(location.unrecognised())
}

/// The first source that has the image; if none has, the last one's error with what the others said.
fn ask_around(input: &str, options: &Options) -> Result<Input, Error> {
    let mut before = Vec::new();
    let mut last = None;
    for source in SOURCES {
        let Finds::Reference { open } = source.finds else { continue };
        match open(input, input, options) {
            Ok(found) => return Ok(found),
            Err(error) => {
                before.extend(last.take().filter(|error| !matches!(error, Error::NoDaemon { .. })));
                let declines = error.declines();
                last = Some(error);
                if !declines {
                    break;
                }
            }
        }
    }
    let last = last.expect("there is a source of references");
    if before.is_empty() { Err(last) } else { Err(Error::Nowhere { last: Box::new(last), before }) }
}

/// What nobody would call an image, but many a file.
fn is_written_as_path(input: &str) -> bool {
    const ENDINGS: &[&str] = &[".tar", ".tar.gz", ".tgz", ".tar.zst", ".tar.xz", ".json", ".xml", ".spdx"];
    let lower = input.to_ascii_lowercase();
    input.starts_with(['/', '.', '~']) || input.ends_with('/') || ENDINGS.iter().any(|ending| lower.ends_with(ending))
}
