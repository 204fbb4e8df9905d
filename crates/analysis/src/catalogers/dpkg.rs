//! Debian packages as dpkg and opkg record them (`spec/analysis.md` §5.1).
//!
//! The status file names the packages; `info/*.md5sums` and `info/*.conffiles` list their files, `copyright` files state
//! licences. Distroless images keep one stanza per file under `status.d`, with the checksums beside it. opkg keeps a
//! status file of the same form, and one `.control` file a package that also states the licence.

use std::collections::BTreeMap;

use windlass_sbom::{
    Distro, FileDigest, License, Metadata, Package, PackageType,
    metadata::{DpkgEntry, DpkgFile},
    package_url,
};

use super::{dpkg_copyright, dpkg_status, dpkg_status::Installed, introductions::Introductions, providers::Providers};
use crate::{Candidate, Catalog, Cataloger, Content, Evidence, Found, Unreadable, View};

pub(crate) struct Dpkg;

/// What one file of the database says.
#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) enum DpkgFact {
    /// Installed packages, with the conffiles listed in their stanzas.
    Packages(Vec<Installed>),
    /// What opkg's `.control` file says of one package.
    Control(Box<Installed>),
    /// An `md5sums` file as it is: few of them belong to packages that stay, and the text is the smallest form.
    Checksums(Box<str>),
    /// Paths of configuration files, one a line.
    ConfigFiles(Box<str>),
    /// Licence names of a copyright file.
    Licenses(Vec<String>),
}

impl Cataloger for Dpkg {
    type Facts = DpkgFact;

    fn name(&self) -> &'static str {
        "dpkg-db-cataloger"
    }

    fn evidence(&self) -> Evidence {
        Evidence::Installed
    }

    fn selects(&self, file: &Candidate<'_>) -> bool {
        Role::of(file).is_some()
    }

    fn read(&self, file: &Candidate<'_>, content: &mut Content) -> Result<Option<DpkgFact>, Unreadable> {
        let Some(role) = Role::of(file) else { return Ok(None) };
        let text = content.text()?;
        Ok(match role {
            Role::Status => Some(DpkgFact::Packages(dpkg_status::installed(&text))),
            Role::Control => dpkg_status::installed(&text).pop().map(|one| DpkgFact::Control(Box::new(one))),
            Role::Checksums => Some(DpkgFact::Checksums(text.into())),
            Role::ConfigFiles => Some(DpkgFact::ConfigFiles(text.into())),
            Role::Copyright => Some(DpkgFact::Licenses(dpkg_copyright::license_names(&text))),
        })
    }

    fn assemble(&self, view: &View<'_, DpkgFact>, catalog: &mut Catalog) {
        // Packages of one root depend on each other, not on those of another root further down.
        let mut roots: BTreeMap<String, Vec<(usize, &Installed)>> = BTreeMap::new();
        for found in view.files().filter(|found| is_evidence(&found.path)) {
            let database = Database::of(view, &found);
            let installed = match found.facts {
                DpkgFact::Packages(installed) => installed.as_slice(),
                // The status file says what is installed; control files count where there is none.
                DpkgFact::Control(one) if !view.exists(&database.opkg_status()) => std::slice::from_ref(one.as_ref()),
                _ => continue,
            };
            let numbers = installed.iter().map(|one| (catalog.add(database.package(view, &found, one)), one));
            roots.entry(database.root.clone()).or_default().extend(numbers);
        }
        for packages in roots.values() {
            connect(packages, catalog);
        }
    }
}

/// Whether a file is where dpkg or opkg looks for it: `status-old` may be a hard link to `status`.
fn is_evidence(path: &str) -> bool {
    path.ends_with("/status") || path.contains("/status.d/") || path.contains("/opkg/info/")
}

/// What a path of the database is for.
enum Role {
    Status,
    Control,
    Checksums,
    ConfigFiles,
    Copyright,
}

impl Role {
    fn of(file: &Candidate<'_>) -> Option<Self> {
        let name = file.name();
        if name == b"status" && (file.directory_ends_with("lib/dpkg") || file.directory_ends_with("lib/opkg")) {
            return Some(Self::Status);
        }
        if file.directory_ends_with("lib/dpkg/status.d") {
            return Some(if name.ends_with(b".md5sums") { Self::Checksums } else { Self::Status });
        }
        if name.ends_with(b".md5sums") && file.directory_ends_with("lib/dpkg/info") {
            return Some(Self::Checksums);
        }
        if name.ends_with(b".conffiles") && file.directory_ends_with("lib/dpkg/info") {
            return Some(Self::ConfigFiles);
        }
        if name.ends_with(b".control") && file.directory_ends_with("lib/opkg/info") {
            return Some(Self::Control);
        }
        let is_copyright = name == b"copyright" && {
            let directory = file.directory();
            let documentation = directory.iter().rposition(|&b| b == b'/').map(|slash| &directory[..slash]);
            documentation
                .and_then(|path| path.strip_suffix(b"usr/share/doc"))
                .is_some_and(|root| root.is_empty() || root.ends_with(b"/"))
        };
        is_copyright.then_some(Self::Copyright)
    }
}

/// One file that names installed packages, and where what belongs to them is kept.
struct Database<'a> {
    /// What comes before `/var/lib/dpkg`: empty but for root file systems within the image.
    root: String,
    /// `/var/lib/dpkg`
    directory: String,
    /// Set for a file of `status.d`: its own path.
    stanza_file: Option<String>,
    introductions: Introductions<Key<'a>>,
}

/// What identifies an installed package: name, version, architecture.
type Key<'a> = (&'a str, &'a str, &'a str);

fn key(entry: &DpkgEntry) -> Key<'_> {
    (&entry.package, &entry.version, &entry.architecture)
}

impl<'a> Database<'a> {
    fn of(view: &View<'a, DpkgFact>, found: &Found<'a, DpkgFact>) -> Self {
        let parent = |path: &str| path.rsplit_once('/').map_or(String::new(), |(parent, _)| parent.to_owned());
        let mut directory = parent(&found.path);
        let stanza_file = directory.ends_with("/status.d").then(|| found.path.clone());
        if stanza_file.is_some() || directory.ends_with("/info") {
            directory = parent(&directory);
        }
        // Up from `var/lib/dpkg` or `usr/lib/dpkg`; a bare `/lib/dpkg` stands at its root.
        let mut root = parent(&parent(&directory));
        if root.ends_with("/var") || root.ends_with("/usr") {
            root = parent(&root);
        }
        let copies = view.versions(&found.path).filter_map(|(layer, facts)| match facts {
            DpkgFact::Packages(installed) => Some((layer, installed.as_slice())),
            DpkgFact::Control(one) => Some((layer, std::slice::from_ref(one.as_ref()))),
            _ => None,
        });
        let introductions =
            Introductions::of(copies.map(|(layer, installed)| (layer, installed.iter().map(|one| key(&one.entry)))));
        Self { root, directory, stanza_file, introductions }
    }

    fn opkg_status(&self) -> String {
        format!("{}/status", self.directory)
    }

    fn package(&self, view: &View<'_, DpkgFact>, found: &Found<'_, DpkgFact>, installed: &Installed) -> Package {
        let mut entry = installed.entry.clone();
        let mut package = Package::new(PackageType::Deb, entry.package.clone(), entry.version.clone());
        package.found_by = Dpkg.name().into();
        package.locations.push(view.location(found));
        package.introduced_by = view.layer(self.introductions.layer(&key(&installed.entry), found.layer));
        package.purl = purl(&entry, view.distro());
        let mut files: BTreeMap<String, DpkgFile> =
            std::mem::take(&mut entry.files).into_iter().map(|file| (file.path.clone(), file)).collect();
        let mut support = |path: &str| package.locations.extend(view.supporting(path));
        if let Some((path, listed)) = self.listing(view, &entry, "md5sums") {
            support(&path);
            for (md5, path) in listed.lines().filter_map(dpkg_status::checksum) {
                let file = files.entry(path).or_default();
                file.digest = Some(FileDigest { algorithm: "md5".into(), value: md5 });
            }
        }
        if let Some((path, listed)) = self.listing(view, &entry, "conffiles") {
            support(&path);
            for path in listed.lines().filter_map(dpkg_status::config_file) {
                files.entry(path.to_owned()).or_default().is_config_file = true;
            }
        }
        entry.files = files.into_iter().map(|(path, file)| DpkgFile { path, ..file }).collect();
        let copyright = format!("{}/usr/share/doc/{}/copyright", self.root, entry.package);
        if let Some(DpkgFact::Licenses(names)) = view.file(&copyright).map(|found| found.facts) {
            package.locations.extend(view.supporting(&copyright));
            package.licenses.extend(names.iter().map(|name| License::declared(name).found_in(copyright.clone())));
        }
        package.licenses.extend(self.license(view, installed).map(License::declared));
        package.metadata = Metadata::Dpkg(Box::new(entry));
        package
    }

    /// The path and text of what lists files of the package.
    fn listing<'v>(&self, view: &View<'v, DpkgFact>, entry: &DpkgEntry, kind: &str) -> Option<(String, &'v str)> {
        let base = format!("{}/info/{}", self.directory, entry.package);
        let paths = match &self.stanza_file {
            Some(stanza) => vec![format!("{stanza}.{kind}")],
            None => vec![format!("{base}:{}.{kind}", entry.architecture), format!("{base}.{kind}")],
        };
        paths.into_iter().find_map(|path| match view.file(&path)?.facts {
            DpkgFact::Checksums(text) | DpkgFact::ConfigFiles(text) => Some((path, text.as_ref())),
            _ => None,
        })
    }

    /// The licence that the stanza states, or the control file beside opkg's status file.
    fn license<'v>(&self, view: &View<'v, DpkgFact>, installed: &'v Installed) -> Option<&'v str> {
        installed.license.as_deref().or_else(|| {
            let control = format!("{}/info/{}.control", self.directory, installed.entry.package);
            if let DpkgFact::Control(control) = view.file(&control)?.facts { control.license.as_deref() } else { None }
        })
    }
}

fn purl(entry: &DpkgEntry, distro: Option<&Distro>) -> Option<String> {
    let distro = distro.filter(|distro| distro.is_like("debian"))?;
    let upstream = match (entry.source.as_str(), entry.source_version.as_str()) {
        (source, "") => source.to_owned(),
        (source, version) => format!("{source}@{version}"),
    };
    let qualifiers = [
        ("arch", entry.architecture.as_str()),
        ("distro", &distro.qualifier().unwrap_or_default()),
        ("upstream", &upstream),
    ];
    package_url(PackageType::Deb, &distro.id, &entry.package, &entry.version, &qualifiers)
}

/// Any installed alternative meets a dependency: which of them the package would use cannot be told from outside.
fn connect(packages: &[(usize, &Installed)], catalog: &mut Catalog) {
    let mut providers = Providers::default();
    for (number, installed) in packages {
        providers.offer(&installed.entry.package, *number);
        for provided in installed.entry.provides.iter().map(|provided| dpkg_status::relation_name(provided)) {
            providers.offer(provided, *number);
        }
    }
    for (number, installed) in packages {
        let needs = installed.entry.depends.iter().chain(&installed.entry.pre_depends);
        let names = needs.flat_map(|need| need.split('|')).map(dpkg_status::relation_name);
        for needed in providers.needed(*number, names) {
            catalog.depends(*number, needed);
        }
    }
}

#[cfg(test)]
mod tests;
