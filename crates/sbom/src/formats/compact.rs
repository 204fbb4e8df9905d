//! Windlass's compact document: what the JSON one holds, for programs that read thousands of them.
//!
//! It begins with [`MAGIC`], which no text does, followed by three sections, each with its length before it, of which
//! those that nobody wants are passed over:
//!
//! 1. the JSON document, without its files and without those that package managers say they installed;
//! 2. these: a JSON array of packages, by their place in the first section, with the member `files` of their metadata;
//! 3. the files by columns (`files.rs`).
//!
//! Numbers are little-endian with seven bits a byte, the highest bit set where another byte follows; lengths of sections
//! take eight bytes.

mod cursor;
mod files;

use std::io::{self, Write};

use serde::{Deserialize, Serialize, de::Error as _};
use serde_json::value::{RawValue, to_raw_value};

use self::cursor::Cursor;
use super::{Document, Saved, Wanted, windlass};
use crate::{FileTable, Metadata, Package, Sbom};

/// What documents of every version begin with.
pub(super) const NAME: &[u8] = b"\x89windlass-sbom ";
/// What those of this version begin with.
pub(super) const MAGIC: &[u8] = b"\x89windlass-sbom 1\n";

/// The files that a package manager says it installed with a package.
#[derive(Serialize, Deserialize)]
struct Manifest<T> {
    package: usize,
    files: T,
}

type Manifests = Vec<Manifest<Box<RawValue>>>;

struct Sections<'d> {
    document: &'d [u8],
    manifests: &'d [u8],
    files: &'d [u8],
}

pub(super) fn write(sbom: &Sbom, document: &Document, out: &mut dyn Write) -> io::Result<()> {
    let (packages, manifests) = without_manifests(&sbom.packages)?;
    let bare = Sbom {
        source: sbom.source.clone(),
        distro: sbom.distro.clone(),
        packages,
        files: Vec::new(),
        relationships: sbom.relationships.clone(),
        unknowns: sbom.unknowns.clone(),
        inspection: sbom.inspection.clone(),
    };
    out.write_all(MAGIC)?;
    let mut files = Vec::new();
    files::write(&FileTable::of(&sbom.files), &mut files)?;
    for section in [windlass::dense(&bare, document)?, serde_json::to_vec(&manifests)?, files] {
        out.write_all(&(section.len() as u64).to_le_bytes())?;
        out.write_all(&section)?;
    }
    out.flush()
}

/// Packages without the files of their package managers, and these.
fn without_manifests(packages: &[Package]) -> io::Result<(Vec<Package>, Manifests)> {
    let (mut bare, mut manifests) = (packages.to_vec(), Manifests::new());
    for (package, one) in bare.iter_mut().enumerate() {
        let files = match &mut one.metadata {
            Metadata::Dpkg(entry) if !entry.files.is_empty() => to_raw_value(&std::mem::take(&mut entry.files)),
            Metadata::Rpm(entry) if !entry.files.is_empty() => to_raw_value(&std::mem::take(&mut entry.files)),
            Metadata::Apk(entry) if !entry.files.is_empty() => to_raw_value(&std::mem::take(&mut entry.files)),
            _ => continue,
        };
        manifests.push(Manifest { package, files: files? });
    }
    Ok((bare, manifests))
}

pub(super) fn read(document: &[u8], wanted: Wanted) -> Result<Sbom, serde_json::Error> {
    let Saved { sbom, files } = read_saved(document, wanted)?;
    Ok(Sbom { files: files.iter().map(|file| file.to_file()).collect(), ..sbom })
}

/// As [`read`], with the files as they are kept.
pub(super) fn read_saved(document: &[u8], wanted: Wanted) -> Result<Saved, serde_json::Error> {
    let sections = Sections::of(document)?;
    let mut sbom = windlass::read(sections.document, Wanted { files: false, manifests: true })?;
    if wanted.manifests || !windlass::tells_ownership(&sbom) {
        let manifests: Vec<Manifest<&RawValue>> = serde_json::from_slice(sections.manifests)?;
        for Manifest { package, files } in manifests {
            let package = sbom.packages.get_mut(package).ok_or_else(|| {
                serde_json::Error::custom(format!("files are told of package {package}, which is not there"))
            })?;
            match &mut package.metadata {
                Metadata::Dpkg(entry) => entry.files = serde_json::from_str(files.get())?,
                Metadata::Rpm(entry) => entry.files = serde_json::from_str(files.get())?,
                Metadata::Apk(entry) => entry.files = serde_json::from_str(files.get())?,
                _ => {}
            }
        }
    }
    let files = if wanted.files {
        files::read(sections.files).map_err(serde_json::Error::custom)?
    } else {
        FileTable::default()
    };
    Ok(Saved { sbom, files })
}

/// Where in a document that could not be read the mistake is.
pub(super) fn locate(document: &[u8]) -> String {
    let Ok(sections) = Sections::of(document) else { return "its sections".into() };
    if windlass::read(sections.document, Wanted::ALL).is_err() {
        return windlass::locate(sections.document);
    }
    if files::read(sections.files).is_err() { "its files".into() } else { "the files of its packages".into() }
}

impl<'d> Sections<'d> {
    fn of(document: &'d [u8]) -> Result<Self, serde_json::Error> {
        let mut cursor = Cursor::new(document.strip_prefix(MAGIC).unwrap_or_default());
        let mut section = || cursor.section().map_err(serde_json::Error::custom);
        let sections = Self { document: section()?, manifests: section()?, files: section()? };
        cursor.end().map_err(serde_json::Error::custom)?;
        Ok(sections)
    }
}
