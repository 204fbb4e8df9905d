//! Installed Ruby gems: the gemspecs that rubygems writes below `specifications/` (`spec/analysis.md` §6.3).
//!
//! A gemspec is Ruby code; the ones rubygems writes state each field on one line, so the lines are read, not run.

use std::sync::LazyLock;

use regex::Regex;
use windlass_sbom::{License, Metadata, Package, PackageType, metadata::GemSpec, package_url};

use crate::{Candidate, Catalog, Cataloger, Content, Evidence, Unreadable, View};

pub(crate) struct GemInstalled;

/// A gemspec's fields.
#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) struct GemFact {
    spec: GemSpec,
    licenses: Vec<String>,
}

impl Cataloger for GemInstalled {
    type Facts = GemFact;

    fn name(&self) -> &'static str {
        "ruby-installed-gemspec-cataloger"
    }

    fn evidence(&self) -> Evidence {
        Evidence::InstalledInImage
    }

    fn selects(&self, file: &Candidate<'_>) -> bool {
        file.name_ends_with(".gemspec") && file.is_below("specifications")
    }

    fn read(&self, _file: &Candidate<'_>, content: &mut Content) -> Result<Option<GemFact>, Unreadable> {
        Ok(parse(&content.text()?))
    }

    fn assemble(&self, view: &View<'_, GemFact>, catalog: &mut Catalog) {
        for found in view.files() {
            let gem = &found.facts.spec;
            catalog.add(Package {
                found_by: self.name().to_owned(),
                locations: vec![view.location(&found)],
                introduced_by: view.layer(found.layer),
                licenses: found.facts.licenses.iter().map(|license| License::declared(license)).collect(),
                purl: package_url(PackageType::Gem, "", &gem.name, &gem.version, &[]),
                metadata: Metadata::Gem(Box::new(gem.clone())),
                ..Package::new(PackageType::Gem, gem.name.clone(), gem.version.clone())
            });
        }
    }
}

/// `s.field = value`, whatever the block calls its specification.
static ASSIGNMENT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*[A-Za-z_]+\.(name|version|homepage|files|authors|author|licenses|license)\s*=\s*(.+?)\s*$")
        .expect("a constant pattern")
});

/// A quoted text, optionally frozen.
static QUOTED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#""((?:[^"\\]|\\.)*)"|'([^']*)'"#).expect("a constant pattern"));

fn parse(text: &str) -> Option<GemFact> {
    let mut spec = GemSpec::default();
    let mut licenses = Vec::new();
    for line in text.lines() {
        // Gem names and versions come first; a spec of thousands of lines states nothing new further down.
        let Some(assignment) = ASSIGNMENT.captures(line) else { continue };
        let mut values = QUOTED.captures_iter(&assignment[2]).map(|value| {
            let quoted = value.get(1).or_else(|| value.get(2)).expect("one alternative matched");
            quoted.as_str().replace("\\\"", "\"")
        });
        match &assignment[1] {
            "name" => set_once(&mut spec.name, values.next()),
            "version" => set_once(&mut spec.version, values.next()),
            "homepage" => set_once(&mut spec.homepage, values.next()),
            "files" => spec.files.extend(values),
            "authors" | "author" => spec.authors.extend(values),
            _ => licenses.extend(values),
        }
    }
    let name = spec.name.clone();
    for text in spec.files.iter_mut().chain([&mut spec.version, &mut spec.homepage]) {
        *text = text.replace("#{name}", &name);
    }
    (!spec.name.is_empty() && !spec.version.is_empty()).then_some(GemFact { spec, licenses })
}

fn set_once(field: &mut String, value: Option<String>) {
    if let (true, Some(value)) = (field.is_empty(), value) {
        *field = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_rubygems_writes_are_read() {
        let gem = parse(
            r#"# -*- encoding: utf-8 -*-
# stub: rack 2.0.6 ruby lib
Gem::Specification.new do |s|
  s.name = "rack".freeze
  s.version = "2.0.6"
  s.authors = ["Leah Neukirchen".freeze, "B".freeze]
  s.files = ["lib/#{name}.rb".freeze]
  s.homepage = "https://rack.github.io/".freeze
  s.licenses = ["MIT".freeze]
  s.add_dependency(%q<minitest>.freeze, ["~> 5.0"])
end
"#,
        )
        .expect("a gem");
        assert_eq!((gem.spec.name.as_str(), gem.spec.version.as_str()), ("rack", "2.0.6"));
        assert_eq!(gem.spec.authors, ["Leah Neukirchen", "B"]);
        assert_eq!(gem.spec.files, ["lib/rack.rb"]);
        assert_eq!(gem.licenses, ["MIT"]);
    }

    #[test]
    fn a_spec_whose_version_is_computed_names_no_package() {
        assert!(parse("Gem::Specification.new do |s|\n s.name = 'x'\n s.version = X::VERSION\nend").is_none());
    }
}
