//! Zipped Python eggs (`spec/analysis.md` §6.1): `name-1.0-py3.8.egg` is an archive with the metadata in `EGG-INFO`.

use std::io::{self, Read as _};

use zip::ZipArchive;

use super::{
    ArchiveBudgets,
    python::{self, PythonMetadata},
    rfc822,
};
use crate::{Candidate, Catalog, Cataloger, Content, Evidence, Unreadable, View};

/// Reads eggs within its budgets.
pub(crate) struct PythonEggs {
    pub(crate) budgets: ArchiveBudgets,
}

/// Metadata with a long description has some 100 KiB.
const DOCUMENT_LIMIT: u64 = 4 << 20;

impl Cataloger for PythonEggs {
    type Facts = Box<PythonMetadata>;

    fn name(&self) -> &'static str {
        "python-installed-package-cataloger"
    }

    fn evidence(&self) -> Evidence {
        Evidence::Installed
    }

    fn selects(&self, file: &Candidate<'_>) -> bool {
        file.name_ends_with_ignoring_case(".egg") && file.head.starts_with(b"PK")
    }

    fn read(&self, _file: &Candidate<'_>, content: &mut Content) -> Result<Option<Box<PythonMetadata>>, Unreadable> {
        let unreadable = |error: &dyn std::fmt::Display| Unreadable::new(format!("it is not a readable egg: {error}"));
        let mut zip = ZipArchive::new(content.stream()?).map_err(|error| unreadable(&error))?;
        if zip.len() > self.budgets.entries {
            let (found, limit) = (zip.len(), self.budgets.entries);
            return Err(unreadable(&format!(
                "it has {found} entries, more than the {limit} that are read (raise the archive budget to read it)"
            )));
        }
        let mut text = |name: &str| -> Result<String, Unreadable> {
            let entry = match zip.by_name(name) {
                Ok(entry) => entry,
                Err(zip::result::ZipError::FileNotFound) => return Ok(String::new()),
                Err(error) => return Err(unreadable(&error)),
            };
            let mut bytes = Vec::new();
            let read: io::Result<_> = entry.take(DOCUMENT_LIMIT).read_to_end(&mut bytes);
            read.map_err(|error| unreadable(&error))?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        let header = text("EGG-INFO/PKG-INFO")?;
        let Some(mut metadata) = python::metadata(&rfc822::header(&header)) else { return Ok(None) };
        metadata.package.top_level_packages = python::lines(&text("EGG-INFO/top_level.txt")?);
        Ok(Some(Box::new(metadata)))
    }

    fn assemble(&self, view: &View<'_, Box<PythonMetadata>>, catalog: &mut Catalog) {
        for found in view.files() {
            let mut metadata = found.facts.as_ref().clone();
            let folder = found.path.rsplit_once('/').map_or("", |(folder, _)| folder);
            metadata.package.site_packages_root_path = if folder.is_empty() { "/".into() } else { folder.to_owned() };
            let mut package = metadata.describe(self.name());
            package.locations = vec![view.location(&found)];
            package.introduced_by = view.layer(found.layer);
            catalog.add(package);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use windlass_image::testing::Tar;
    use windlass_sbom::Metadata;

    use super::*;
    use crate::testing::{names, package, scan};

    fn egg(files: &[(&str, &str)]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
        for (name, text) in files {
            zip.start_file(*name, zip::write::SimpleFileOptions::default()).expect("a new entry");
            zip.write_all(text.as_bytes()).expect("written to memory");
        }
        zip.finish().expect("an archive").into_inner()
    }

    #[test]
    fn a_zipped_egg_is_a_distribution() {
        let site = "usr/lib/python3.8/site-packages";
        let sbom = scan([Tar::new()
            .file(
                format!("{site}/Foo_Bar-1.2-py3.8.egg"),
                egg(&[
                    (
                        "EGG-INFO/PKG-INFO",
                        "Metadata-Version: 2.1\nName: Foo_Bar\nVersion: 1.2\nLicense: MIT\n\nA text.",
                    ),
                    ("EGG-INFO/top_level.txt", "foo\n"),
                    ("foo/__init__.py", ""),
                ]),
            )
            .file(format!("{site}/none-1.0.egg"), egg(&[("a.py", "")]))
            .file(format!("{site}/development.egg"), "a link file, no archive")]);
        assert_eq!(names(&sbom), [("foo-bar", "1.2")]);
        let foo = package(&sbom, "foo-bar");
        assert_eq!(foo.purl.as_deref(), Some("pkg:pypi/foo-bar@1.2"));
        assert_eq!(foo.licenses[0].value, "MIT");
        let Metadata::Python(python) = &foo.metadata else { panic!("no distribution") };
        assert_eq!(python.site_packages_root_path, format!("/{site}"));
        assert_eq!(python.top_level_packages, ["foo"]);
    }

    #[test]
    fn damaged_eggs_are_stated() {
        let mut broken = egg(&[("EGG-INFO/PKG-INFO", "Name: a\nVersion: 1\n")]);
        broken.truncate(broken.len() - 10);
        let sbom = scan([Tar::new().file("a.egg", broken)]);
        assert_eq!(names(&sbom), []);
        assert_eq!(sbom.unknowns.len(), 1);
        assert!(sbom.unknowns[0].reason.contains("it is not a readable egg"), "{}", sbom.unknowns[0].reason);
    }
}
