//! Programs that no package manager installed, recognised by what their files say (`spec/analysis.md` §7).
//!
//! A file is looked into when it is an executable and its name is in the table, or it is one of the few scripts there. It
//! is read in windows that overlap, and only up to the first match, so that memory stays small whatever the file's size.

mod table;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::OnceLock};

use regex::bytes::{Regex, RegexBuilder};
use table::{CLASSIFIERS, Classifier};
use windlass_sbom::{
    Cpe, CpeSource, Metadata, Package, PackageType,
    metadata::{BinarySignature, ClassifierMatch},
    package_url,
};

use crate::{Candidate, Catalog, Cataloger, Content, Evidence, Found, Unreadable, View};

/// Recognises programs; patterns are compiled when the first file of the name comes along.
pub(crate) struct BinaryClassifiers {
    patterns: Vec<OnceLock<Regex>>,
}

/// What one file was recognised as: rows of the table and versions, one for each class.
pub(crate) type Recognised = Vec<(usize, String)>;

/// Bytes looked at together.
const WINDOW: usize = 1 << 20;

/// Bytes of a window that the next one repeats; no pattern matches as many.
const OVERLAP: usize = 4096;

/// A match this close to the end of a window is judged in the next one, where what follows it is seen.
const MARGIN: usize = 256;

impl BinaryClassifiers {
    pub(crate) fn new() -> Self {
        Self { patterns: CLASSIFIERS.iter().map(|_| OnceLock::new()).collect() }
    }

    fn pattern(&self, row: usize) -> &Regex {
        self.patterns[row].get_or_init(|| compile(CLASSIFIERS[row].pattern))
    }

    /// The first version in the content that the row accepts.
    fn find(&self, row: usize, name: &[u8], content: &mut Content) -> Result<Option<String>, Unreadable> {
        let pattern = self.pattern(row);
        let length = usize::try_from(content.size()).unwrap_or(WINDOW).min(WINDOW);
        let mut window = vec![0; length];
        let mut offset = 0;
        loop {
            let filled = content.read_at(offset, &mut window).map_err(Unreadable::new)?;
            let end = offset + filled as u64;
            let is_last = filled < WINDOW || end >= content.size();
            let mut from = 0;
            while let Some(captures) = pattern.captures_at(&window[..filled], from) {
                let (Some(whole), Some(version)) = (captures.get(0), captures.name("version")) else { break };
                if !is_last && whole.end() + MARGIN > filled {
                    break;
                }
                // Strings share the NUL between them, so what follows a refused version begins right behind it.
                from = version.end();
                let version = String::from_utf8_lossy(version.as_bytes()).into_owned();
                if CLASSIFIERS[row].file.admits(name, &version) {
                    return Ok(Some(version));
                }
            }
            if is_last {
                return Ok(None);
            }
            offset = end - OVERLAP as u64;
        }
    }
}

impl Cataloger for BinaryClassifiers {
    type Facts = Recognised;

    fn name(&self) -> &'static str {
        "binary-classifier-cataloger"
    }

    fn evidence(&self) -> Evidence {
        Evidence::Installed
    }

    fn selects(&self, file: &Candidate<'_>) -> bool {
        let name = file.name();
        (file.is_executable() && CLASSIFIERS.iter().any(|row| row.file.matches(name))) || is_script(file)
    }

    fn read(&self, file: &Candidate<'_>, content: &mut Content) -> Result<Option<Recognised>, Unreadable> {
        let name = file.name();
        let mut recognised = Recognised::new();
        for (row, classifier) in CLASSIFIERS.iter().enumerate().filter(|(_, row)| row.file.matches(name)) {
            if recognised.iter().any(|(by, _)| CLASSIFIERS[*by].class == classifier.class) {
                continue;
            }
            if let Some(version) = self.find(row, name, content)? {
                recognised.push((row, version));
            }
        }
        Ok((!recognised.is_empty()).then_some(recognised))
    }

    fn assemble(&self, view: &View<'_, Recognised>, catalog: &mut Catalog) {
        let mut packages: BTreeMap<(PackageType, &str, &str), Package> = BTreeMap::new();
        for found in view.files() {
            for (row, version) in found.facts {
                let classifier = &CLASSIFIERS[*row];
                let package = packages
                    .entry((classifier.kind, classifier.package, version))
                    .or_insert_with(|| describe(classifier, version, self.name()));
                prove(package, classifier, view, &found);
            }
        }
        for package in packages.into_values() {
            catalog.add(package);
        }
    }
}

/// The programs that are PHP archives and thus begin like a script.
fn is_script(file: &Candidate<'_>) -> bool {
    let name = file.name();
    file.head.starts_with(b"#!") && (name == b"wp" || name.starts_with(b"composer"))
}

/// Patterns are over bytes; `.` is any of them.
fn compile(pattern: &str) -> Regex {
    let pattern = pattern.replace("{v}", "(?P<version>[0-9]{1,4}\\.[0-9]{1,4}\\.[0-9]{1,4})").replace(
        "{v+}",
        "(?P<version>[0-9]{1,4}\\.[0-9]{1,4}\\.[0-9]{1,4}(?:-?(?:alpha|beta|rc|dev|snapshot)[.-]?[0-9]{0,4})?)",
    );
    RegexBuilder::new(&pattern)
        .unicode(false)
        .dot_matches_new_line(true)
        .build()
        .expect("invariant: a test compiles every pattern of the table")
}

fn describe(classifier: &Classifier, version: &str, found_by: &str) -> Package {
    let Classifier { kind, namespace, package, cpes, .. } = *classifier;
    // The last component is the name of a Go module within its namespace.
    let name = if namespace.is_empty() { package } else { package.rsplit('/').next().unwrap_or(package) };
    // java 8 and before count updates, which CPEs have a field for.
    let (release, update) = match version.split_once('_') {
        Some((release, rest)) => {
            let number = rest.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
            (release, format!("update{number}"))
        }
        None => (version, String::new()),
    };
    let cpe = |&(vendor, product): &(&str, &str)| Cpe {
        update: update.clone(),
        ..Cpe::application(vendor, product, release, CpeSource::Classifier)
    };
    Package {
        found_by: found_by.to_owned(),
        cpes: cpes.iter().map(cpe).collect(),
        purl: package_url(kind, namespace, name, version, &[]),
        metadata: Metadata::Binary(Box::default()),
        ..Package::new(kind, package, version)
    }
}

/// Adds a file to the evidence for a package; the lowest layer introduced it.
fn prove(package: &mut Package, classifier: &Classifier, view: &View<'_, Recognised>, found: &Found<'_, Recognised>) {
    package.locations.push(view.location(found));
    if package.introduced_by.is_none() {
        package.introduced_by = view.layer(found.layer);
    }
    if let Metadata::Binary(signature) = &mut package.metadata {
        let BinarySignature { matches } = signature.as_mut();
        matches.push(ClassifierMatch { classifier: classifier.class.to_owned(), path: found.path.clone() });
    }
}
