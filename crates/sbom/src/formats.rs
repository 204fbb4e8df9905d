//! The formats a bill of materials is written to and read from.
//!
//! A format is one module and one line in [`Format::CODECS`]: its names, its writer and, where it can carry enough to be
//! matched again, its reader. Writers stream; nothing they print depends on anything but the document and [`Document`].
//! Readers take bytes from strangers: [`read`] finds out what they are from their content, not from a file name.

mod compact;
pub mod cyclonedx;
mod document;
mod graph;
mod json;
mod metadata;
mod party;
mod purl;
mod spdx;
mod syft;
mod table;
mod windlass;
mod words;

#[cfg(test)]
mod example;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    io::{self, Read, Write},
};

use serde::Deserialize;

pub use document::Document;
pub use windlass::packages;

use crate::{FileTable, Sbom};

/// A format by its name on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// Text for people: name, version and type.
    Table,
    /// Windlass's own document, which holds all that is known (`docs/schemas/sbom-1.json`).
    Json,
    /// The same for programs that read thousands of documents: bytes, no text.
    Compact,
    /// syft-json 16.
    SyftJson,
    /// CycloneDX 1.6 JSON.
    CycloneDxJson,
    /// SPDX 2.3 JSON.
    SpdxJson,
}

/// Everything there is to know of a format.
struct Codec {
    format: Format,
    /// The first is the one shown to people.
    names: &'static [&'static str],
    write: fn(&Sbom, &Document, &mut dyn Write) -> io::Result<()>,
    read: Option<Reader>,
}

/// How documents of a format are recognised and read.
struct Reader {
    recognises: fn(&Signs) -> bool,
    read: fn(&[u8], Wanted) -> Result<Sbom, serde_json::Error>,
    /// Where in the document the same error is: asked only after `read` failed, because keeping track costs time.
    locate: fn(&[u8]) -> String,
}

impl Format {
    const CODECS: &[Codec] = &[
        Codec { format: Self::Table, names: &["table", "text"], write: table::write, read: None },
        Codec {
            format: Self::Json,
            names: &["json", "windlass-json"],
            write: windlass::write,
            read: Some(Reader {
                recognises: |signs| signs.format.as_deref() == Some(windlass::FORMAT),
                read: windlass::read,
                locate: windlass::locate,
            }),
        },
        Codec {
            format: Self::Compact,
            names: &["compact", "windlass-compact"],
            write: compact::write,
            read: Some(Reader { recognises: |signs| signs.is_compact, read: compact::read, locate: compact::locate }),
        },
        Codec {
            format: Self::SyftJson,
            names: &["syft-json", "syft"],
            write: syft::write,
            read: Some(Reader {
                recognises: |signs| signs.artifacts && (signs.descriptor || signs.schema || signs.source),
                read: |document, _| syft::read(document),
                locate: json::locate::<syft::Input>,
            }),
        },
        Codec {
            format: Self::CycloneDxJson,
            names: &["cyclonedx-json", "cyclonedx"],
            write: cyclonedx::write,
            read: Some(Reader {
                recognises: |signs| signs.bom_format.as_deref() == Some("CycloneDX"),
                read: |document, _| cyclonedx::read(document),
                locate: json::locate::<cyclonedx::Input>,
            }),
        },
        Codec {
            format: Self::SpdxJson,
            names: &["spdx-json", "spdx"],
            write: spdx::write,
            read: Some(Reader {
                recognises: |signs| signs.spdx_version.as_deref().is_some_and(|version| version.starts_with("SPDX-2.")),
                read: |document, _| spdx::read(document),
                locate: json::locate::<spdx::Input>,
            }),
        },
    ];

    /// Every format, in the order of the list.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::CODECS.iter().map(|codec| codec.format)
    }

    /// The name on the command line: `cyclonedx-json`.
    pub fn name(self) -> &'static str {
        self.codec().names[0]
    }

    /// Reads a name; an unknown one is answered with the nearest.
    pub fn parse(name: &str) -> Result<Self, UnknownFormat> {
        let known = |codec: &&Codec| codec.names.iter().any(|known| known.eq_ignore_ascii_case(name));
        Self::CODECS.iter().find(known).map(|codec| codec.format).ok_or_else(|| UnknownFormat(name.to_owned()))
    }

    /// What a document is, by its content; `None` where it is none of the formats that can be read.
    pub fn detect(document: &[u8]) -> Option<Self> {
        let signs = Signs::of(document).ok()?;
        Self::recognised_by(&signs).map(|(format, _)| format)
    }

    fn recognised_by(signs: &Signs) -> Option<(Self, &'static Reader)> {
        let readers = Self::CODECS.iter().filter_map(|codec| Some((codec.format, codec.read.as_ref()?)));
        readers.into_iter().find(|(_, reader)| (reader.recognises)(signs))
    }

    fn codec(self) -> &'static Codec {
        Self::CODECS.iter().find(|codec| codec.format == self).expect("every format has a line in the list")
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no format's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownFormat(String);

impl std::error::Error for UnknownFormat {}

impl fmt::Display for UnknownFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not a format of a bill of materials", self.0)?;
        let near = Format::CODECS
            .iter()
            .flat_map(|codec| codec.names)
            .map(|known| (strsim::damerau_levenshtein(known, &self.0.to_ascii_lowercase()), known))
            .min_by_key(|(distance, _)| *distance);
        if let Some((distance, known)) = near
            && distance <= 3
        {
            return write!(f, "; did you mean {known:?}?");
        }
        let names: Vec<&str> = Format::all().map(Format::name).collect();
        write!(f, "; there are {}", names.join(", "))
    }
}

/// Writes the document in this format; equal arguments give equal bytes.
///
/// The caller has put the lists in order ([`Sbom::sort`]).
pub fn write(sbom: &Sbom, format: Format, document: &Document, out: &mut dyn Write) -> io::Result<()> {
    (format.codec().write)(sbom, document, out)
}

/// Why a document could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("the bill of materials could not be read")]
    Io(#[from] io::Error),
    #[error("the bill of materials is larger than {limit} bytes; raise the limit if it can be trusted")]
    TooLarge { limit: u64 },
    #[error("the bill of materials is not valid JSON")]
    NotJson(#[source] serde_json::Error),
    #[error("{0}; convert it to CycloneDX, SPDX or Syft JSON first")]
    Unsupported(&'static str),
    #[error(
        "this is no bill of materials that can be read: expected syft-json, CycloneDX JSON (\"bomFormat\"), \
         SPDX 2 JSON (\"spdxVersion\") or Windlass JSON (\"format\")"
    )]
    Unrecognised,
    #[error("this {format} document does not have the shape of one at {at}")]
    Shape { format: Format, at: String, source: serde_json::Error },
}

/// A document without its files, and these by columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Saved {
    /// Its list of files is empty.
    pub sbom: Sbom,
    pub files: FileTable,
}

/// What of a document somebody is going to look at, beside what everybody does. Only Windlass's own documents are read
/// in part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// The list of files.
    pub files: bool,
    /// The files that package managers say they installed. Who owns files of whom is known without them.
    pub manifests: bool,
}

impl Wanted {
    pub const ALL: Self = Self { files: true, manifests: true };
    pub const LEAST: Self = Self { files: false, manifests: false };

    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self { files: self.files || other.files, manifests: self.manifests || other.manifests }
    }
}

/// Reads a document of at most `limit` bytes, whichever of the readable formats it has.
pub fn read_from(input: impl Read, limit: u64) -> Result<Sbom, ReadError> {
    read_part_from(input, limit, Wanted::ALL)
}

/// Reads what is wanted of a document of at most `limit` bytes, whichever of the readable formats it has.
pub fn read_part_from(input: impl Read, limit: u64, wanted: Wanted) -> Result<Sbom, ReadError> {
    read_part(&bounded(input, limit)?, wanted)
}

/// As [`read_part_from`], with files by columns. Of compact documents nothing else is made on the way.
pub fn read_saved_from(input: impl Read, limit: u64, wanted: Wanted) -> Result<Saved, ReadError> {
    read_saved(&bounded(input, limit)?, wanted)
}

fn bounded(input: impl Read, limit: u64) -> Result<Vec<u8>, ReadError> {
    let mut document = Vec::new();
    input.take(limit.saturating_add(1)).read_to_end(&mut document)?;
    if document.len() as u64 > limit { Err(ReadError::TooLarge { limit }) } else { Ok(document) }
}

/// Reads a document, whichever of the readable formats it has.
pub fn read(document: &[u8]) -> Result<Sbom, ReadError> {
    read_part(document, Wanted::ALL)
}

/// Reads what is wanted of a document, whichever of the readable formats it has, with files by columns.
pub fn read_saved(document: &[u8], wanted: Wanted) -> Result<Saved, ReadError> {
    if document.starts_with(compact::MAGIC)
        && let Ok(mut saved) = compact::read_saved(document, wanted)
    {
        saved.sbom.sort();
        return Ok(saved);
    }
    let mut sbom = read_part(document, wanted)?;
    let files = FileTable::of(&std::mem::take(&mut sbom.files));
    Ok(Saved { sbom, files })
}

fn read_part(document: &[u8], wanted: Wanted) -> Result<Sbom, ReadError> {
    let document = document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document);
    // Going through a long document to find out what it is takes as long as half of reading it.
    if windlass::begins(document)
        && let Ok(mut sbom) = windlass::read(document, wanted)
    {
        sbom.sort();
        return Ok(sbom);
    }
    let signs = Signs::of(document)?;
    if signs.spdx_version.as_deref().is_some_and(|version| version.starts_with("SPDX-3")) || signs.graph {
        return Err(ReadError::Unsupported("SPDX 3 documents are not read yet"));
    }
    let (format, reader) = Format::recognised_by(&signs).ok_or(ReadError::Unrecognised)?;
    let shape = |source| ReadError::Shape { format, at: (reader.locate)(document), source };
    let mut sbom = (reader.read)(document, wanted).map_err(shape)?;
    sbom.sort();
    Ok(sbom)
}

/// The top-level members that tell the formats apart.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Signs {
    #[serde(skip)]
    is_compact: bool,
    format: Option<String>,
    bom_format: Option<String>,
    spdx_version: Option<String>,
    #[serde(deserialize_with = "json::is_there")]
    artifacts: bool,
    #[serde(deserialize_with = "json::is_there")]
    descriptor: bool,
    #[serde(deserialize_with = "json::is_there")]
    schema: bool,
    #[serde(deserialize_with = "json::is_there")]
    source: bool,
    #[serde(rename = "@graph", deserialize_with = "json::is_there")]
    graph: bool,
}

impl Signs {
    fn of(document: &[u8]) -> Result<Self, ReadError> {
        if document.starts_with(compact::MAGIC) {
            return Ok(Self { is_compact: true, ..Self::default() });
        }
        if document.starts_with(compact::NAME) {
            return Err(ReadError::Unsupported("a newer Windlass wrote this document"));
        }
        let start = document.trim_ascii_start();
        if start.starts_with(b"<") {
            return Err(ReadError::Unsupported("XML documents are not read yet"));
        }
        if start.starts_with(b"SPDXVersion:") {
            return Err(ReadError::Unsupported("SPDX tag-value documents are not read yet"));
        }
        if !start.starts_with(b"{") {
            return Err(ReadError::Unrecognised);
        }
        serde_json::from_slice(start)
            .map_err(|error| if error.is_data() { ReadError::Unrecognised } else { ReadError::NotJson(error) })
    }
}
