//! Packages of programming languages, and what else is no distribution's.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use windlass_policy::PackageFact;
use windlass_sbom::Metadata;

use super::{cpes, licenses, or};

/// A package of an ecosystem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LanguagePackage {
    pub package: String,
    pub version: String,
    /// The ecosystem in upper case: `NPM`, `GEM`, `PYTHON`, `GO`
    #[serde(rename = "type")]
    pub kind: String,
    /// The file or folder that proves it.
    pub location: String,
    /// Its authors, `Unknown` where it names none.
    pub origin: String,
    /// Every licence, separated by spaces; `Unknown` where it states none.
    pub license: String,
    pub licenses: Vec<String>,
    pub cpes: Vec<String>,
}

const ABSENT: &str = "Unknown";

impl LanguagePackage {
    pub(super) fn new(fact: &PackageFact<'_>) -> Self {
        let package = fact.package;
        let origin = match &package.metadata {
            Metadata::Npm(npm) => npm.author.clone(),
            Metadata::Gem(gem) => gem.authors.join(","),
            Metadata::Python(python) => match (python.author.as_str(), python.author_email.as_str()) {
                (author, "") => author.to_owned(),
                ("", email) => email.to_owned(),
                (author, email) => format!("{author} <{email}>"),
            },
            _ => String::new(),
        };
        let (license, words) = licenses(package, ABSENT);
        // Only what Python packages state was split into words.
        let licenses = match fact.kind {
            "python" => words,
            _ if package.licenses.is_empty() => vec![ABSENT.to_owned()],
            _ => package.licenses.iter().map(|license| license.value.clone()).collect(),
        };
        Self {
            package: package.name.clone(),
            version: fact.full_version.to_owned(),
            kind: fact.kind.to_uppercase(),
            location: fact.path.to_string(),
            origin: or(&origin, ABSENT),
            license,
            licenses,
            cpes: cpes(package),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use windlass_sbom::{
        Evidence, License, Location, Package, PackageType, Sbom,
        metadata::{GemSpec, NpmPackage, PythonPackage},
    };

    use super::*;
    use crate::content::{Content, ContentType};

    fn told(kind: &str, package: Package) -> Value {
        let sbom = Sbom { packages: vec![package], ..Sbom::default() };
        json!(Content::of(&sbom, ContentType::parse(kind).unwrap()))[0].take()
    }

    fn package(kind: PackageType, licenses: &[&str], metadata: Metadata) -> Package {
        let mut package = Package::new(kind, "p", "1.0");
        package.licenses = licenses.iter().map(|text| License::declared(text)).collect();
        package.locations = vec![Location::new("/opt/p/manifest", None, Evidence::Primary)];
        package.metadata = metadata;
        package
    }

    #[test]
    fn licences_of_python_packages_are_split_and_those_of_others_are_not() {
        let python = Metadata::Python(Box::new(PythonPackage {
            author: "A".into(),
            author_email: "a@b.c".into(),
            site_packages_root_path: "/site".into(),
            top_level_packages: vec!["p".into()],
            ..PythonPackage::default()
        }));
        assert_eq!(
            told("python", package(PackageType::Python, &["Apache 2.0"], python)),
            json!({"package": "p", "version": "1.0", "type": "PYTHON", "location": "/site/p", "origin": "A <a@b.c>",
                "license": "Apache 2.0", "licenses": ["Apache", "2.0"], "cpes": []})
        );
        let npm = Metadata::Npm(Box::new(NpmPackage { author: "A".into(), ..NpmPackage::default() }));
        assert_eq!(
            told("npm", package(PackageType::Npm, &["Apache 2.0", "MIT"], npm)),
            json!({"package": "p", "version": "1.0", "type": "NPM", "location": "/opt/p/manifest", "origin": "A",
                "license": "Apache 2.0 MIT", "licenses": ["Apache 2.0", "MIT"], "cpes": []})
        );
        let gem = GemSpec { authors: vec!["A".into(), "B".into()], ..GemSpec::default() };
        let gem = told("gem", package(PackageType::Gem, &[], Metadata::Gem(Box::new(gem))));
        assert_eq!(
            (&gem["origin"], &gem["license"], &gem["licenses"]),
            (&json!("A,B"), &json!("Unknown"), &json!(["Unknown"]))
        );
    }

    #[test]
    fn other_ecosystems_are_told_in_the_same_shape() {
        for (name, kind, word) in [
            ("go", PackageType::GoModule, "GO"),
            ("binary", PackageType::Binary, "BINARY"),
            ("nuget", PackageType::Dotnet, "NUGET"),
            ("rust-crate", PackageType::RustCrate, "RUST-CRATE"),
        ] {
            assert_eq!(
                told(name, package(kind, &[], Metadata::None)),
                json!({"package": "p", "version": "1.0", "type": word, "location": "/opt/p/manifest", "origin": "Unknown",
                    "license": "Unknown", "licenses": ["Unknown"], "cpes": []})
            );
        }
    }
}
