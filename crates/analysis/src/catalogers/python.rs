//! Installed Python distributions (`spec/analysis.md` §6.1): `*.dist-info`, `*.egg-info` as folder or file, and the
//! `EGG-INFO` of unpacked eggs (`python_egg.rs` reads the zipped ones). `RECORD`, `top_level.txt` and `direct_url.json` lie beside the metadata.

use std::sync::LazyLock;

use regex::Regex;
use serde::Deserialize;
use windlass_sbom::{
    FileDigest, License, Metadata, Package, PackageType,
    metadata::{PythonDirectUrl, PythonFile, PythonPackage},
    package_url,
};

use super::rfc822::{self, Stanza};
use crate::{Candidate, Catalog, Cataloger, Content, Evidence, Found, Unreadable, View};

pub(crate) struct PythonInstalled;

/// What one file of a distribution says.
#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) enum PythonFact {
    Metadata(Box<PythonMetadata>),
    Files(Vec<PythonFile>),
    TopLevel(Vec<String>),
    DirectUrl(PythonDirectUrl),
}

/// The metadata, with the licence as it is stated.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub(crate) struct PythonMetadata {
    pub(super) package: PythonPackage,
    license: String,
}

impl PythonMetadata {
    /// The package, with everything but its place.
    pub(super) fn describe(self, found_by: &str) -> Package {
        let python = self.package;
        let vcs_url = python.direct_url_origin.as_ref().filter(|origin| !origin.vcs.is_empty()).map(|origin| {
            let at = if origin.commit_id.is_empty() { "" } else { "@" };
            format!("{}+{}{at}{}", origin.vcs, origin.url, origin.commit_id)
        });
        let qualifiers = [("vcs_url", vcs_url.as_deref().unwrap_or_default())];
        Package {
            found_by: found_by.to_owned(),
            licenses: (!self.license.is_empty()).then(|| License::declared(&self.license)).into_iter().collect(),
            purl: package_url(PackageType::Python, "", &python.name, &python.version, &qualifiers),
            metadata: Metadata::Python(Box::new(python.clone())),
            ..Package::new(PackageType::Python, python.name, python.version)
        }
    }
}

impl Cataloger for PythonInstalled {
    type Facts = PythonFact;

    fn name(&self) -> &'static str {
        "python-installed-package-cataloger"
    }

    fn evidence(&self) -> Evidence {
        Evidence::Installed
    }

    fn selects(&self, file: &Candidate<'_>) -> bool {
        Role::of(file).is_some()
    }

    fn read(&self, file: &Candidate<'_>, content: &mut Content) -> Result<Option<PythonFact>, Unreadable> {
        let Some(role) = Role::of(file) else { return Ok(None) };
        let text = content.text()?;
        Ok(match role {
            Role::Metadata => metadata(&rfc822::header(&text)).map(|m| PythonFact::Metadata(Box::new(m))),
            Role::Record => Some(PythonFact::Files(text.lines().filter_map(record_line).collect())),
            Role::InstalledFiles => Some(PythonFact::Files(text.lines().filter_map(plain_line).collect())),
            Role::TopLevel => Some(PythonFact::TopLevel(lines(&text))),
            Role::DirectUrl => {
                let origin: DirectUrl = serde_json::from_str(&text).map_err(Unreadable::new)?;
                Some(PythonFact::DirectUrl(origin.into()))
            }
        })
    }

    fn assemble(&self, view: &View<'_, PythonFact>, catalog: &mut Catalog) {
        let mut numbers = Vec::new();
        for found in view.files() {
            if let PythonFact::Metadata(metadata) = found.facts {
                numbers.push(add(self.name(), view, &found, metadata, catalog));
            }
        }
        relate(&numbers, catalog);
    }
}

/// What a file of a distribution is for.
enum Role {
    Metadata,
    Record,
    InstalledFiles,
    TopLevel,
    DirectUrl,
}

impl Role {
    fn of(file: &Candidate<'_>) -> Option<Self> {
        if file.name_ends_with_ignoring_case(".egg-info") {
            return Some(Self::Metadata);
        }
        let directory = file.directory();
        let ends_with = |suffix: &[u8]| {
            directory.len() >= suffix.len() && directory[directory.len() - suffix.len()..].eq_ignore_ascii_case(suffix)
        };
        let dist_info = ends_with(b"dist-info");
        if !dist_info && !ends_with(b"egg-info") {
            return None;
        }
        match file.name() {
            b"METADATA" if dist_info => Some(Self::Metadata),
            b"PKG-INFO" if !dist_info => Some(Self::Metadata),
            b"RECORD" if dist_info => Some(Self::Record),
            b"installed-files.txt" => Some(Self::InstalledFiles),
            b"top_level.txt" => Some(Self::TopLevel),
            b"direct_url.json" => Some(Self::DirectUrl),
            _ => None,
        }
    }
}

/// The lines that are not blank.
pub(super) fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// What a metadata file says. `None` where it describes no distribution.
pub(super) fn metadata(header: &Stanza<'_>) -> Option<PythonMetadata> {
    let name = header.get("Name")?;
    let (Some(version), false) = (header.get("Version"), name.is_empty()) else { return None };
    // CPython's own build writes a file that describes the interpreter, which is no installed distribution.
    if name == "Python" {
        return None;
    }
    let license = header.get("License-Expression").or_else(|| header.get("License")).unwrap_or_default();
    Some(PythonMetadata {
        license: if license == "UNKNOWN" { String::new() } else { license.to_owned() },
        package: PythonPackage {
            name: normalise(name),
            version: version.to_owned(),
            author: header.text("Author"),
            author_email: header.text("Author-email"),
            platform: header.text("Platform"),
            requires_python: header.text("Requires-Python"),
            requires_dist: header.all("Requires-Dist").map(str::to_owned).collect(),
            provides_extra: header.all("Provides-Extra").map(str::to_owned).collect(),
            ..PythonPackage::default()
        },
    })
}

/// The normal form of a distribution's name: lower case, runs of `-`, `_` and `.` as one dash (PEP 503).
pub(crate) fn normalise(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for c in name.trim().chars() {
        match c {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            _ => normal.extend(c.to_lowercase()),
        }
    }
    normal
}

/// `path,algorithm=digest,size`; the path may be quoted where it holds a comma.
fn record_line(line: &str) -> Option<PythonFile> {
    let (path, rest) = match line.strip_prefix('"') {
        Some(quoted) => quoted.split_once("\",")?,
        None => line.split_once(',')?,
    };
    let (digest, size) = rest.split_once(',')?;
    Some(PythonFile {
        path: path.to_owned(),
        digest: digest
            .split_once('=')
            .map(|(algorithm, value)| FileDigest { algorithm: algorithm.into(), value: value.into() }),
        size: size.trim().to_owned(),
    })
}

fn plain_line(line: &str) -> Option<PythonFile> {
    let path = line.trim();
    (!path.is_empty()).then(|| PythonFile { path: path.to_owned(), ..PythonFile::default() })
}

/// `direct_url.json` (PEP 610)
#[derive(Deserialize)]
struct DirectUrl {
    #[serde(default)]
    url: String,
    #[serde(default)]
    vcs_info: Option<VcsInfo>,
}

#[derive(Deserialize)]
struct VcsInfo {
    #[serde(default)]
    vcs: String,
    #[serde(default)]
    commit_id: String,
}

impl From<DirectUrl> for PythonDirectUrl {
    fn from(origin: DirectUrl) -> Self {
        let (vcs, commit_id) = origin.vcs_info.map(|info| (info.vcs, info.commit_id)).unwrap_or_default();
        Self { url: origin.url, commit_id, vcs }
    }
}

/// Adds the distribution whose metadata file was found, joined with what lies beside it.
fn add(
    found_by: &str,
    view: &View<'_, PythonFact>,
    found: &Found<'_, PythonFact>,
    metadata: &PythonMetadata,
    catalog: &mut Catalog,
) -> usize {
    let mut metadata = metadata.clone();
    let python = &mut metadata.package;
    let directory = found.path.rsplit_once('/').map_or("", |(directory, _)| directory);
    let is_file = found.path.to_ascii_lowercase().ends_with(".egg-info");
    let site_packages = if is_file { directory } else { directory.rsplit_once('/').map_or("", |(parent, _)| parent) };
    python.site_packages_root_path = if site_packages.is_empty() { "/".into() } else { site_packages.to_owned() };

    let mut locations = vec![view.location(found)];
    if !is_file {
        for sibling in ["RECORD", "installed-files.txt", "top_level.txt", "direct_url.json"] {
            let path = format!("{directory}/{sibling}");
            let Some(beside) = view.file(&path) else { continue };
            locations.extend(view.supporting(&path));
            match beside.facts {
                PythonFact::Files(files) => python.files.clone_from(files),
                PythonFact::TopLevel(names) => python.top_level_packages.clone_from(names),
                PythonFact::DirectUrl(origin) => python.direct_url_origin = Some(origin.clone()),
                PythonFact::Metadata(_) => {}
            }
        }
    }
    catalog.add(Package { locations, introduced_by: view.layer(found.layer), ..metadata.describe(found_by) })
}

/// Requirements that no extra or marker makes optional lead to the package of that name in the same site-packages.
fn relate(numbers: &[usize], catalog: &mut Catalog) {
    static NAME: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^[A-Za-z0-9][A-Za-z0-9._-]*").expect("a constant pattern"));
    let mut by_name = std::collections::HashMap::new();
    let mut needs = Vec::new();
    for &number in numbers {
        let Metadata::Python(python) = &catalog.package(number).metadata else { continue };
        by_name.insert((python.site_packages_root_path.clone(), python.name.clone()), number);
        for requirement in &python.requires_dist {
            let optional = requirement.split_once(';').is_some_and(|(_, marker)| marker.contains("extra"));
            if let (false, Some(name)) = (optional, NAME.find(requirement)) {
                needs.push((number, (python.site_packages_root_path.clone(), normalise(name.as_str()))));
            }
        }
    }
    for (number, key) in needs {
        if let Some(&needed) = by_name.get(&key) {
            catalog.depends(number, needed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_take_their_normal_form() {
        assert_eq!(normalise("Foo.Bar__baz"), "foo-bar-baz");
        assert_eq!(normalise("zope.interface"), "zope-interface");
    }

    #[test]
    fn record_lines_may_quote_a_path_and_omit_digest_and_size() {
        let line = record_line("\"a,b.py\",sha256=AbC-_,12").expect("a record line");
        assert_eq!((line.path.as_str(), line.size.as_str()), ("a,b.py", "12"));
        assert_eq!(line.digest, Some(FileDigest { algorithm: "sha256".into(), value: "AbC-_".into() }));
        let line = record_line("pkg/__pycache__/a.pyc,,").expect("a record line");
        assert_eq!((line.digest, line.size.as_str()), (None, ""));
    }

    #[test]
    fn the_interpreter_and_nameless_metadata_are_no_distribution() {
        assert!(metadata(&rfc822::header("Name: Python\nVersion: 3.11.2\n")).is_none());
        assert!(metadata(&rfc822::header("Version: 1\n")).is_none());
        assert!(metadata(&rfc822::header("Name: a\n")).is_none());
        let read = metadata(&rfc822::header("Name: A_b\nVersion: 1\nLicense: UNKNOWN\n")).expect("a distribution");
        assert_eq!((read.package.name.as_str(), read.license.as_str()), ("a-b", ""));
    }
}
