//! Rust crates that `cargo auditable` recorded in executables: the section `.dep-v0` holds zlib-compressed JSON
//! (`spec/analysis.md` §6.6).

use std::io::Read as _;

use object::{Object, ObjectSection};
use serde::Deserialize;
use windlass_sbom::{Metadata, Package, PackageType, metadata::RustAudit, package_url};

use super::executable;
use crate::{Candidate, Catalog, Cataloger, Content, Evidence, Unreadable, View};

pub(crate) struct CargoAuditable;

/// The recorded crates that are part of the program (build dependencies are not).
#[derive(Deserialize, serde::Serialize)]
pub(crate) struct Record {
    packages: Vec<Crate>,
}

#[derive(Deserialize, serde::Serialize)]
struct Crate {
    name: String,
    version: String,
    #[serde(default)]
    source: String,
    #[serde(default)]
    kind: Option<String>,
    /// Places in the list.
    #[serde(default)]
    dependencies: Vec<usize>,
}

/// No record is as long when inflated; the largest Rust programs have some thousand crates.
const RECORD_LIMIT: u64 = 16 << 20;

impl Cataloger for CargoAuditable {
    type Facts = Record;

    fn name(&self) -> &'static str {
        "cargo-auditable-binary-cataloger"
    }

    fn evidence(&self) -> Evidence {
        Evidence::Installed
    }

    fn selects(&self, file: &Candidate<'_>) -> bool {
        file.is_executable()
    }

    fn read(&self, _file: &Candidate<'_>, content: &mut Content) -> Result<Option<Record>, Unreadable> {
        let section = executable::with(content, |file| {
            file.section_by_name(".dep-v0").and_then(|section| section.data().ok()).map(<[u8]>::to_vec)
        })?;
        let Some(compressed) = section.flatten() else { return Ok(None) };
        let mut json = Vec::new();
        flate2::read::ZlibDecoder::new(compressed.as_slice())
            .take(RECORD_LIMIT)
            .read_to_end(&mut json)
            .and_then(|_| serde_json::from_slice(&json).map_err(Into::into))
            .map(Some)
            .map_err(|error| Unreadable::new(format!("its record of Rust crates (.dep-v0) is damaged: {error}")))
    }

    fn assemble(&self, view: &View<'_, Record>, catalog: &mut Catalog) {
        for found in view.files() {
            let crates = &found.facts.packages;
            let numbers: Vec<Option<usize>> = crates
                .iter()
                .map(|one| {
                    let linked = one.kind.as_deref().is_none_or(|kind| kind == "runtime");
                    linked.then(|| {
                        let audit = RustAudit {
                            name: one.name.clone(),
                            version: one.version.clone(),
                            source: one.source.clone(),
                        };
                        catalog.add(Package {
                            found_by: self.name().to_owned(),
                            locations: vec![view.location(&found)],
                            introduced_by: view.layer(found.layer),
                            purl: package_url(PackageType::RustCrate, "", &one.name, &one.version, &[]),
                            metadata: Metadata::RustAudit(Box::new(audit)),
                            ..Package::new(PackageType::RustCrate, one.name.clone(), one.version.clone())
                        })
                    })
                })
                .collect();
            for (one, number) in crates.iter().zip(&numbers) {
                for needed in one.dependencies.iter().filter_map(|&place| numbers.get(place).copied().flatten()) {
                    if let Some(number) = number {
                        catalog.depends(*number, needed);
                    }
                }
            }
        }
    }
}
