//! Alpine packages as apk records them (`spec/analysis.md` §5.3).

use windlass_sbom::{Distro, License, Metadata, Package, PackageType, metadata::ApkEntry, package_url};

use super::{apk_installed, apk_installed::Installed, introductions::Introductions, providers::Providers};
use crate::{Candidate, Catalog, Cataloger, Content, Evidence, Found, Unreadable, View};

pub(crate) struct Apk;

/// Distributions whose packages have apk's package URLs; others may be like one of them.
const APK_DISTROS: [&str; 6] = ["alpine", "wolfi", "chainguard", "minimos", "postmarketos", "secureos"];

impl Cataloger for Apk {
    /// The packages of an `installed` file.
    type Facts = Vec<Installed>;

    fn name(&self) -> &'static str {
        "apk-db-cataloger"
    }

    fn evidence(&self) -> Evidence {
        Evidence::Installed
    }

    fn selects(&self, file: &Candidate<'_>) -> bool {
        file.path_ends_with("lib/apk/db/installed")
    }

    fn read(&self, _file: &Candidate<'_>, content: &mut Content) -> Result<Option<Vec<Installed>>, Unreadable> {
        Ok(Some(apk_installed::packages(&content.text()?)))
    }

    fn assemble(&self, view: &View<'_, Vec<Installed>>, catalog: &mut Catalog) {
        // A hard link to the database from elsewhere is no second database.
        for found in view.files().filter(|found| found.path.ends_with("/lib/apk/db/installed")) {
            let copies = view.versions(&found.path).map(|(layer, packages)| (layer, packages.iter().map(key)));
            let introductions = Introductions::of(copies);
            let added: Vec<_> = found
                .facts
                .iter()
                .map(|installed| {
                    let layer = introductions.layer(&key(installed), found.layer);
                    (catalog.add(package(view, &found, layer, installed)), &installed.entry)
                })
                .collect();
            connect(&added, catalog);
        }
    }
}

fn key(installed: &Installed) -> (&str, &str, &str) {
    let entry = &installed.entry;
    (&entry.package, &entry.version, &entry.architecture)
}

fn package(
    view: &View<'_, Vec<Installed>>,
    found: &Found<'_, Vec<Installed>>,
    layer: usize,
    installed: &Installed,
) -> Package {
    let entry = &installed.entry;
    let mut package = Package::new(PackageType::Apk, entry.package.clone(), entry.version.clone());
    package.found_by = Apk.name().into();
    package.locations.push(view.location(found));
    package.introduced_by = view.layer(layer);
    package.licenses = licenses(&installed.license);
    package.purl = purl(entry, view.distro());
    package.metadata = Metadata::Apk(Box::new(ApkEntry { files: installed.files(), ..entry.clone() }));
    package
}

/// One licence where the text is an SPDX expression, else one a word.
fn licenses(text: &str) -> Vec<License> {
    let whole = License::declared(text);
    if whole.spdx_expression.is_empty() {
        return text.split_whitespace().map(License::declared).collect();
    }
    vec![whole]
}

fn purl(entry: &ApkEntry, distro: Option<&Distro>) -> Option<String> {
    let distro = distro.filter(|distro| APK_DISTROS.iter().any(|id| distro.is_like(id)))?;
    let upstream = if entry.origin_package == entry.package { "" } else { &entry.origin_package };
    let qualifiers = [
        ("arch", entry.architecture.as_str()),
        ("distro", &distro.qualifier().unwrap_or_default()),
        ("upstream", upstream),
    ];
    package_url(PackageType::Apk, &distro.id, &entry.package, &entry.version, &qualifiers)
}

fn connect(added: &[(usize, &ApkEntry)], catalog: &mut Catalog) {
    let mut providers = Providers::default();
    for (number, entry) in added {
        providers.offer(&entry.package, *number);
        entry.provides.iter().for_each(|provided| providers.offer(apk_installed::name(provided), *number));
    }
    for (number, entry) in added {
        // A leading `!` is a conflict.
        let needs = entry.pull_dependencies.iter().filter(|need| !need.starts_with('!'));
        for needed in providers.needed(*number, needs.map(|need| apk_installed::name(need))) {
            catalog.depends(*number, needed);
        }
    }
}

#[cfg(test)]
mod tests;
