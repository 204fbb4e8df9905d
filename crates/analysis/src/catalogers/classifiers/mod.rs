//! Programs that no package manager installed, recognised by what their files say (`spec/analysis.md` §7).
//!
//! A file is looked into when its name and how it begins are in the table. It is read in windows that overlap, and only up
//! to the first match, so that memory stays small whatever the file's size.

mod classifier;
mod table;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::OnceLock};

use classifier::Classifier;
use regex::bytes::{Regex, RegexBuilder};
use windlass_sbom::{
    Cpe, CpeSource, Metadata, Package, PackageType,
    metadata::{BinarySignature, ClassifierMatch},
    package_url,
};

use crate::{Candidate, Catalog, Cataloger, Content, Evidence, Found, Unreadable, View};

/// Recognises programs.
pub(crate) struct BinaryClassifiers {
    rows: Vec<Row>,
    /// Places of the rows by the first byte of the names they are about: every file of an image is asked for.
    by_first_byte: [Vec<usize>; 256],
}

/// A row of the table; its patterns are compiled when the first file of the name comes along.
struct Row {
    classifier: &'static Classifier,
    pattern: OnceLock<Regex>,
    also: OnceLock<Regex>,
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
        let row = |classifier| Row { classifier, pattern: OnceLock::new(), also: OnceLock::new() };
        let rows: Vec<Row> = table::rows().map(row).collect();
        let mut by_first_byte = [const { Vec::new() }; 256];
        for (number, row) in rows.iter().enumerate() {
            by_first_byte[usize::from(row.classifier.file.first_byte())].push(number);
        }
        Self { rows, by_first_byte }
    }

    /// The rows about this file, by their numbers and in their order.
    fn about(&self, file: &Candidate<'_>) -> impl Iterator<Item = usize> {
        let rows = file.name().first().map(|byte| &self.by_first_byte[usize::from(*byte)]);
        rows.into_iter().flatten().copied().filter(|number| self.rows[*number].classifier.selects(file))
    }
}

impl Row {
    /// The first version in the content that the row accepts.
    fn find(&self, name: &[u8], content: &Content) -> Result<Option<String>, Unreadable> {
        let Classifier { file, pattern, also, .. } = *self.classifier;
        if !also.is_empty() {
            let also = self.also.get_or_init(|| compile(&regex::escape(also)));
            let there = scan(content, |window, _| also.is_match(window).then_some(()))?;
            if there.is_none() {
                return Ok(None);
            }
        }
        let pattern = self.pattern.get_or_init(|| compile(pattern));
        scan(content, |window, is_last| {
            let mut from = 0;
            while let Some(captures) = pattern.captures_at(window, from) {
                let (whole, version) = (captures.get(0)?, captures.name("version")?);
                if !is_last && whole.end() + MARGIN > window.len() {
                    return None;
                }
                // Strings share the NUL between them, so what follows a refused version begins right behind it.
                from = version.end();
                let version = String::from_utf8_lossy(version.as_bytes()).into_owned();
                if file.admits(name, &version) {
                    return Some(version);
                }
            }
            None
        })
    }
}

/// Shows the content in windows that overlap, until one has what is looked for.
fn scan<T>(content: &Content, look: impl Fn(&[u8], bool) -> Option<T>) -> Result<Option<T>, Unreadable> {
    let length = usize::try_from(content.size()).unwrap_or(WINDOW).min(WINDOW);
    let mut window = vec![0; length];
    let mut offset = 0;
    loop {
        let filled = content.read_at(offset, &mut window).map_err(Unreadable::new)?;
        let end = offset + filled as u64;
        let is_last = filled < WINDOW || end >= content.size();
        if let Some(found) = look(&window[..filled], is_last) {
            return Ok(Some(found));
        }
        if is_last {
            return Ok(None);
        }
        offset = end - OVERLAP as u64;
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
        self.about(file).next().is_some()
    }

    fn read(&self, file: &Candidate<'_>, content: &mut Content) -> Result<Option<Recognised>, Unreadable> {
        let mut recognised = Recognised::new();
        for number in self.about(file) {
            let row = &self.rows[number];
            if recognised.iter().any(|(by, _)| self.rows[*by].classifier.class == row.classifier.class) {
                continue;
            }
            if let Some(version) = row.find(file.name(), content)? {
                recognised.push((number, version));
            }
        }
        Ok((!recognised.is_empty()).then_some(recognised))
    }

    fn assemble(&self, view: &View<'_, Recognised>, catalog: &mut Catalog) {
        let mut packages: BTreeMap<(PackageType, &str, &str), Package> = BTreeMap::new();
        for found in view.files() {
            for (row, version) in found.facts {
                let classifier = self.rows[*row].classifier;
                if !is_complete(classifier, view, &found.path) {
                    continue;
                }
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

/// Whether what must lie beside the file at `path` does.
fn is_complete(classifier: &Classifier, view: &View<'_, Recognised>, path: &str) -> bool {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut beside = classifier.beside.iter();
    classifier.beside.is_empty() || beside.any(|file| view.exists(&format!("{folder}/{file}")))
}

/// Patterns are over bytes; `.` is any of them.
fn compile(pattern: &str) -> Regex {
    let pattern = pattern.replace("{v}", "(?P<version>[0-9]{1,4}\\.[0-9]{1,4}\\.[0-9]{1,4})").replace(
        "{v+}",
        "(?P<version>[0-9]{1,4}\\.[0-9]{1,4}\\.[0-9]{1,4}(?:-?(?i:alpha|beta|rc|dev|snapshot)[.-]?[0-9]{0,4})?)",
    );
    RegexBuilder::new(&pattern)
        .unicode(false)
        .dot_matches_new_line(true)
        .build()
        .expect("invariant: a test compiles every pattern of the table")
}

fn describe(classifier: &Classifier, version: &str, found_by: &str) -> Package {
    let Classifier { kind, url: (namespace, name), package, cpes, .. } = *classifier;
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
