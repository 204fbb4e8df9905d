//! Installed Homebrew formulae (`spec/analysis.md` §5.4). Those of `Taps`, which are only available, are no packages.

use serde_json::json;
use windlass_sbom::{License, Metadata, Package, PackageType, package_url};

use crate::{Candidate, Catalog, Cataloger, Content, Evidence, Unreadable, View};

pub(crate) struct Homebrew;

/// What a formula says of itself.
#[derive(Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Formula {
    description: String,
    homepage: String,
    license: String,
    url: String,
}

impl Cataloger for Homebrew {
    type Facts = Formula;

    fn name(&self) -> &'static str {
        "homebrew-cataloger"
    }

    fn evidence(&self) -> Evidence {
        Evidence::Installed
    }

    fn selects(&self, file: &Candidate<'_>) -> bool {
        file.name_ends_with(".rb") && file.directory_ends_with(".brew") && file.is_below("Cellar")
    }

    fn read(&self, _file: &Candidate<'_>, content: &mut Content) -> Result<Option<Formula>, Unreadable> {
        Ok(Some(formula(&content.text()?)))
    }

    fn assemble(&self, view: &View<'_, Formula>, catalog: &mut Catalog) {
        for found in view.files() {
            // …/Cellar/<name>/<version>/.brew/<name>.rb
            let mut parts = found.path.rsplit('/').skip(2);
            let (Some(version), Some(name), Some("Cellar")) = (parts.next(), parts.next(), parts.next()) else {
                continue;
            };
            let formula = found.facts;
            catalog.add(Package {
                found_by: self.name().to_owned(),
                locations: vec![view.location(&found)],
                introduced_by: view.layer(found.layer),
                licenses: Some(&formula.license).filter(|text| !text.is_empty()).map(|text| License::declared(text)).into_iter().collect(),
                purl: package_url(PackageType::Homebrew, "", name, version, &[]),
                metadata: Metadata::Other {
                    kind: "homebrew-formula".into(),
                    value: json!({ "homepage": formula.homepage, "description": formula.description, "url": formula.url }),
                },
                ..Package::new(PackageType::Homebrew, name, version)
            });
        }
    }
}

/// Reads `desc`, `homepage`, `license` and `url` with a quoted text, the first of each.
fn formula(text: &str) -> Formula {
    let mut formula = Formula::default();
    for line in text.lines().map(str::trim) {
        let Some((word, rest)) = line.split_once(' ') else { continue };
        let field = match word {
            "desc" => &mut formula.description,
            "homepage" => &mut formula.homepage,
            "license" => &mut formula.license,
            "url" => &mut formula.url,
            _ => continue,
        };
        let mut quoted = rest.split('"').skip(1);
        if let (true, Some(value)) = (field.is_empty(), quoted.next()) {
            value.clone_into(field);
        }
    }
    formula
}

#[cfg(test)]
mod tests {
    use windlass_image::testing::Tar;

    use super::*;
    use crate::testing::{names, package, scan};

    #[test]
    fn the_folder_names_the_package_and_the_formula_describes_it() {
        let formula = "class Jq < Formula\n  desc \"JSON processor\"\n  homepage \"https://jqlang.github.io/jq/\"\n  license \"MIT\"\n  \
                       url \"https://example.com/jq-1.7.tar.gz\"\n  bottle do\n    url \"other\"\n";
        let cellar = "home/linuxbrew/.linuxbrew/Cellar";
        let sbom = scan([Tar::new()
            .file(format!("{cellar}/jq/1.7.1/.brew/jq.rb"), formula)
            .file(format!("{cellar}/jq/1.7.1/lib/x.rb"), formula)]);
        assert_eq!(names(&sbom), [("jq", "1.7.1")]);
        let jq = package(&sbom, "jq");
        assert_eq!((jq.purl.as_deref(), jq.licenses[0].value.as_str()), (Some("pkg:brew/jq@1.7.1"), "MIT"));
        let Metadata::Other { value, .. } = &jq.metadata else { panic!("no metadata of Homebrew") };
        assert_eq!(value["url"], "https://example.com/jq-1.7.tar.gz");
    }
}
