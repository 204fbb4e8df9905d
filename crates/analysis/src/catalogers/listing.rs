//! The common kind of cataloger: one text file lists packages by itself, as lock files do.

use windlass_sbom::{Package, formats};

use crate::{Candidate, Catalog, Cataloger, Content, Evidence, Unreadable, View};

/// A file format that lists packages: what it is called, which files have it, how it is read.
pub(crate) struct Listing {
    pub(crate) name: &'static str,
    pub(crate) evidence: Evidence,
    pub(crate) selects: fn(&Candidate<'_>) -> bool,
    /// Packages with everything but their place and finder.
    pub(crate) parse: fn(&str) -> Result<Vec<Package>, Unreadable>,
}

/// What one file lists.
#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) struct Listed(#[serde(with = "formats::packages")] Vec<Package>);

impl Cataloger for Listing {
    type Facts = Listed;

    fn name(&self) -> &'static str {
        self.name
    }

    fn evidence(&self) -> Evidence {
        self.evidence
    }

    fn selects(&self, file: &Candidate<'_>) -> bool {
        (self.selects)(file)
    }

    fn read(&self, _file: &Candidate<'_>, content: &mut Content) -> Result<Option<Listed>, Unreadable> {
        let text = content.text()?;
        let packages = (self.parse)(text.strip_prefix('\u{feff}').unwrap_or(&text))?;
        Ok((!packages.is_empty()).then_some(Listed(packages)))
    }

    fn assemble(&self, view: &View<'_, Listed>, catalog: &mut Catalog) {
        for found in view.files() {
            for package in &found.facts.0 {
                catalog.add(Package {
                    found_by: self.name.to_owned(),
                    locations: vec![view.location(&found)],
                    introduced_by: view.layer(found.layer),
                    ..package.clone()
                });
            }
        }
    }
}

/// Why a document of this kind is not one.
pub(crate) fn not_a(what: &str, reason: impl std::fmt::Display) -> Unreadable {
    Unreadable::new(format!("it is not a valid {what}: {reason}"))
}
