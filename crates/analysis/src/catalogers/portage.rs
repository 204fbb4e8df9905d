//! Gentoo packages as portage records them (`spec/analysis.md` §5.4).
//!
//! Each installed package has a folder `var/db/pkg/<category>/<name>-<version>`; `CONTENTS` lists its files.

use serde_json::{Value, json};
use windlass_sbom::{License, Metadata, Package, PackageType, package_url};

use crate::{Candidate, Catalog, Cataloger, Content, Evidence, Found, Unreadable, View};

pub(crate) struct Portage;

/// What one file of a package's folder says: the text, which is all that `LICENSE` and `SIZE` hold and the smallest form
/// of a list of files.
#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) struct PortageFact(Box<str>);

impl Cataloger for Portage {
    type Facts = PortageFact;

    fn name(&self) -> &'static str {
        "portage-cataloger"
    }

    fn evidence(&self) -> Evidence {
        Evidence::Installed
    }

    fn selects(&self, file: &Candidate<'_>) -> bool {
        let mut above = file.directory().rsplitn(3, |&b| b == b'/').skip(2);
        matches!(file.name(), b"CONTENTS" | b"LICENSE" | b"SIZE")
            && above
                .next()
                .and_then(|path| path.strip_suffix(b"var/db/pkg"))
                .is_some_and(|root| root.is_empty() || root.ends_with(b"/"))
    }

    fn read(&self, _file: &Candidate<'_>, content: &mut Content) -> Result<Option<PortageFact>, Unreadable> {
        Ok(Some(PortageFact(content.text()?.into())))
    }

    fn assemble(&self, view: &View<'_, PortageFact>, catalog: &mut Catalog) {
        for found in view.files().filter(|found| found.path.ends_with("/CONTENTS")) {
            if let Some(package) = package(view, &found) {
                catalog.add(package);
            }
        }
    }
}

fn package(view: &View<'_, PortageFact>, found: &Found<'_, PortageFact>) -> Option<Package> {
    let folder = found.path.strip_suffix("/CONTENTS")?;
    let mut components = folder.rsplit('/');
    let (name, version) = split_version(components.next()?)?;
    let category = components.next()?;
    let mut package = Package::new(PackageType::Portage, format!("{category}/{name}"), version);
    package.found_by = Portage.name().into();
    package.locations.push(view.location(found));
    package.introduced_by = view.layer(found.layer);
    package.purl = package_url(PackageType::Portage, category, name, version, &[]);
    let sibling = |name: &str| {
        let path = format!("{folder}/{name}");
        Some((view.file(&path)?.facts.0.trim(), view.supporting(&path)?))
    };
    if let Some((text, location)) = sibling("LICENSE") {
        package.licenses = licenses(text).map(License::declared).collect();
        package.locations.push(location);
    }
    let size = sibling("SIZE").map(|(text, location)| {
        package.locations.push(location);
        text.parse::<u64>().unwrap_or_default()
    });
    let files: Vec<Value> = found.facts.0.lines().filter_map(file).collect();
    package.metadata = Metadata::Other {
        kind: "portage-db-entry".into(),
        value: json!({ "installedSize": size.unwrap_or_default(), "files": files }),
    };
    Some(package)
}

/// `skopeo` and `1.5.1-r2` of `skopeo-1.5.1-r2`: the version begins at the last dash before a digit (a revision begins
/// with a letter).
fn split_version(folder: &str) -> Option<(&str, &str)> {
    let starts_with_digit = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let at = folder.rmatch_indices('-').map(|(at, _)| at).find(|&at| starts_with_digit(&folder[at + 1..]))?;
    (at > 0).then(|| (&folder[..at], &folder[at + 1..]))
}

/// The names in an expression of licences: `|| ( GPL-2 MIT ) ssl? ( openssl )`.
fn licenses(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace().filter(|word| !matches!(*word, "||" | "(" | ")") && !word.ends_with('?'))
}

/// `obj /usr/bin/skopeo 376c02bd3b22804df8fdfdc895e7dbfb 1649284374`
fn file(line: &str) -> Option<Value> {
    let (rest, _modified) = line.strip_prefix("obj ")?.rsplit_once(' ')?;
    let (path, md5) = rest.rsplit_once(' ')?;
    Some(json!({ "path": path, "digest": { "algorithm": "md5", "value": md5 } }))
}

#[cfg(test)]
mod tests {
    use windlass_image::testing::Tar;

    use super::*;
    use crate::testing::{package, scan};

    #[test]
    fn a_folder_is_a_package() {
        let folder = "var/db/pkg/app-containers/skopeo-1.5.1-r2";
        let contents =
            "dir /usr/bin\nobj /usr/bin/sko peo 376c02bd3b22804df8fdfdc895e7dbfb 1649284374\nsym /a -> b 1\n";
        let sbom = scan([Tar::new()
            .file(format!("{folder}/CONTENTS"), contents)
            .file(format!("{folder}/LICENSE"), "Apache-2.0 || ( BSD MIT ) ssl? ( openssl )\n")
            .file(format!("{folder}/SIZE"), "27937835\n")]);
        let skopeo = package(&sbom, "app-containers/skopeo");
        assert_eq!(skopeo.version, "1.5.1-r2");
        assert_eq!(skopeo.purl.as_deref(), Some("pkg:portage/app-containers/skopeo@1.5.1-r2"));
        let licenses: Vec<_> = skopeo.licenses.iter().map(|license| license.value.as_str()).collect();
        assert_eq!(licenses, ["Apache-2.0", "BSD", "MIT", "openssl"]);
        let Metadata::Other { value, .. } = &skopeo.metadata else { panic!("no metadata of portage") };
        assert_eq!(
            (&value["installedSize"], &value["files"][0]["path"]),
            (&json!(27_937_835), &json!("/usr/bin/sko peo"))
        );
        assert_eq!(value["files"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn the_version_begins_at_the_last_dash_before_a_digit() {
        for (folder, expected) in [
            ("skopeo-1.5.1-r2", Some(("skopeo", "1.5.1-r2"))),
            ("gtk+-3.24", Some(("gtk+", "3.24"))),
            ("font-adobe-100dpi-1.0.3", Some(("font-adobe-100dpi", "1.0.3"))),
            ("no-version", None),
        ] {
            assert_eq!(split_version(folder), expected);
        }
    }
}
