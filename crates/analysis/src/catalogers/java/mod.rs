//! Java archives (`spec/analysis.md` §6.4): the archive itself, what its pom.properties files name, and the archives
//! nested in it.

mod archive;
pub(super) mod declared;
mod file_name;
mod manifest;
mod naming;
mod pom;

use windlass_sbom::{License, Location, Metadata, Package, PackageType, metadata, package_url};

use super::ArchiveBudgets;
use crate::{Candidate, Catalog, Cataloger, Content, Evidence, Unreadable, View};

/// Reads archives, nested ones included, within its budgets.
pub(crate) struct JavaArchives {
    pub(crate) budgets: ArchiveBudgets,
}

/// Extensions of files that are zip archives of classes.
const EXTENSIONS: [&str; 13] =
    [".jar", ".war", ".ear", ".par", ".sar", ".nar", ".jpi", ".hpi", ".kar", ".far", ".lpkg", ".rar", ".zap"];

/// Whether a file name has one of the extensions of Java archives.
fn is_archive_name(name: &[u8]) -> bool {
    EXTENSIONS.iter().any(|extension| {
        name.len() > extension.len() && name[name.len() - extension.len()..].eq_ignore_ascii_case(extension.as_bytes())
    })
}

/// What one file unfolds to.
#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) struct JavaFact {
    /// In the order they were met: an archive before what it holds.
    packages: Vec<JavaPackage>,
    /// Archives that could not be read, or not to their end: virtual path and reason.
    troubles: Vec<(String, String)>,
}

/// A package of an archive.
#[derive(serde::Serialize, serde::Deserialize)]
struct JavaPackage {
    group: String,
    name: String,
    version: String,
    kind: PackageType,
    licenses: Vec<String>,
    metadata: metadata::JavaArchive,
    /// The package whose archive holds this one's, by its place in the list.
    parent: Option<usize>,
}

impl Cataloger for JavaArchives {
    type Facts = JavaFact;

    fn name(&self) -> &'static str {
        "java-archive-cataloger"
    }

    fn evidence(&self) -> Evidence {
        Evidence::Installed
    }

    fn selects(&self, file: &Candidate<'_>) -> bool {
        is_archive_name(file.name())
    }

    fn read(&self, file: &Candidate<'_>, content: &mut Content) -> Result<Option<JavaFact>, Unreadable> {
        let path = format!("/{}", String::from_utf8_lossy(file.path()));
        let fact = archive::read(&path, content.stream()?, self.budgets)?;
        Ok((!fact.packages.is_empty() || !fact.troubles.is_empty()).then_some(fact))
    }

    fn assemble(&self, view: &View<'_, JavaFact>, catalog: &mut Catalog) {
        for found in view.files() {
            for (virtual_path, reason) in &found.facts.troubles {
                catalog.unknown(virtual_path, self.name(), reason);
            }
            let mut numbers = Vec::with_capacity(found.facts.packages.len());
            for java in &found.facts.packages {
                let place = Location { access_path: java.metadata.virtual_path.clone(), ..view.location(&found) };
                let group = if java.group.is_empty() { &java.name } else { &java.group };
                let number = catalog.add(Package {
                    found_by: self.name().to_owned(),
                    locations: vec![place],
                    introduced_by: view.layer(found.layer),
                    licenses: java.licenses.iter().map(|license| License::declared(license)).collect(),
                    purl: package_url(java.kind, group, &java.name, &java.version, &[]),
                    metadata: Metadata::JavaArchive(Box::new(java.metadata.clone())),
                    ..Package::new(java.kind, java.name.clone(), java.version.clone())
                });
                if let Some(parent) = java.parent {
                    catalog.depends(numbers[parent], number);
                }
                numbers.push(number);
            }
        }
    }
}
