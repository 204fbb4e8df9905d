//! Arch Linux packages as pacman records them (`spec/analysis.md` §5.4).
//!
//! Each installed package has a folder of its own in `var/lib/pacman/local` with a description (`desc`), a list of files
//! (`files`) and a compressed manifest of them (`mtree`).

use std::{collections::BTreeMap, io::Read as _};

use serde_json::{Value, json};
use windlass_sbom::{Distro, License, Metadata, Package, PackageType, package_url};

use super::providers::Providers;
use crate::{Candidate, Catalog, Cataloger, Content, Evidence, Found, Unreadable, View};

pub(crate) struct Alpm;

/// What one file of a package's folder says.
#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) enum AlpmFact {
    /// The sections of `desc` or `files`.
    Sections(Sections),
    /// The text of `mtree`, whose files are looked at only for packages that stay.
    Manifest(Box<str>),
}

/// Lines by the name of the section they stand in.
type Sections = BTreeMap<String, Vec<String>>;

/// Bytes that a compressed manifest may unfold to; that of a package of 100,000 files takes 30 MB.
const MANIFEST_LIMIT: u64 = 64 << 20;

/// Files of one manifest that are listed.
const MAX_FILES: usize = 300_000;

/// Bytes of a value that `/set` gives to all following files: a number or a type. Longer ones would multiply.
const MAX_DEFAULT: usize = 16;

impl Cataloger for Alpm {
    type Facts = AlpmFact;

    fn name(&self) -> &'static str {
        "alpm-db-cataloger"
    }

    fn evidence(&self) -> Evidence {
        Evidence::Installed
    }

    fn selects(&self, file: &Candidate<'_>) -> bool {
        let package = file.directory();
        let database = package.iter().rposition(|&b| b == b'/').map(|slash| &package[..slash]);
        matches!(file.name(), b"desc" | b"files" | b"mtree")
            && database.and_then(|path| path.strip_suffix(b"var/lib/pacman/local")).is_some_and(is_root)
    }

    fn read(&self, file: &Candidate<'_>, content: &mut Content) -> Result<Option<AlpmFact>, Unreadable> {
        if file.name() != b"mtree" {
            return Ok(Some(AlpmFact::Sections(sections(&content.text()?))));
        }
        let bytes = content.bytes()?;
        let mut text = Vec::new();
        let mut unfolded = flate2::read::MultiGzDecoder::new(&*bytes).take(MANIFEST_LIMIT);
        unfolded.read_to_end(&mut text).map_err(Unreadable::new)?;
        Ok(Some(AlpmFact::Manifest(String::from_utf8_lossy(&text).into())))
    }

    fn assemble(&self, view: &View<'_, AlpmFact>, catalog: &mut Catalog) {
        let mut added: Vec<(usize, &Sections)> = Vec::new();
        for found in view.files().filter(|found| found.path.ends_with("/desc")) {
            let AlpmFact::Sections(description) = found.facts else { continue };
            if let Some(package) = package(view, &found, description) {
                added.push((catalog.add(package), description));
            }
        }
        let mut providers = Providers::default();
        for (number, description) in &added {
            for name in all(description, "NAME").chain(all(description, "PROVIDES")) {
                providers.offer(without_version(name), *number);
            }
        }
        for (number, description) in &added {
            for needed in providers.needed(*number, all(description, "DEPENDS").map(without_version)) {
                catalog.depends(*number, needed);
            }
        }
    }
}

fn is_root(prefix: &[u8]) -> bool {
    prefix.is_empty() || prefix.ends_with(b"/")
}

/// Reads `%NAME%` lines, each followed by its values and a blank line.
fn sections(text: &str) -> Sections {
    let mut sections = Sections::new();
    let mut current = String::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match line.strip_prefix('%').and_then(|rest| rest.strip_suffix('%')) {
            Some(name) => name.clone_into(&mut current),
            None => sections.entry(current.clone()).or_default().push(line.to_owned()),
        }
    }
    sections
}

fn all<'a>(sections: &'a Sections, name: &str) -> impl Iterator<Item = &'a str> + use<'a> {
    sections.get(name).into_iter().flatten().map(String::as_str)
}

fn first<'a>(sections: &'a Sections, name: &str) -> &'a str {
    all(sections, name).next().unwrap_or_default()
}

/// `glibc` of `glibc>=2.38`, `libfoo.so` of `libfoo.so=1-64`.
fn without_version(relation: &str) -> &str {
    relation.split(['=', '<', '>', ':']).next().unwrap_or_default()
}

fn package(view: &View<'_, AlpmFact>, found: &Found<'_, AlpmFact>, description: &Sections) -> Option<Package> {
    let (name, version) = (first(description, "NAME"), first(description, "VERSION"));
    if name.is_empty() || version.is_empty() {
        return None;
    }
    let mut package = Package::new(PackageType::Alpm, name, version);
    package.found_by = Alpm.name().into();
    package.locations.push(view.location(found));
    package.introduced_by = view.layer(found.layer);
    package.licenses = all(description, "LICENSE").map(License::declared).collect();
    package.purl = purl(description, view.distro());
    let beside = |name: &str| found.path.strip_suffix("desc").map(|folder| format!("{folder}{name}"));
    let sibling = |name: &str| view.file(&beside(name)?).map(|file| file.facts);
    let mut backups = all(description, "BACKUP").collect::<Vec<_>>();
    let mut files: BTreeMap<String, Value> = BTreeMap::new();
    if let Some(AlpmFact::Sections(listed)) = sibling("files") {
        package.locations.extend(beside("files").and_then(|path| view.supporting(&path)));
        backups.extend(all(listed, "BACKUP"));
        files.extend(all(listed, "FILES").map(|path| format!("/{}", path.trim_end_matches('/'))).map(|path| {
            let file = json!({ "path": path });
            (path, file)
        }));
    }
    if let Some(AlpmFact::Manifest(manifest)) = sibling("mtree") {
        package.locations.extend(beside("mtree").and_then(|path| view.supporting(&path)));
        files.extend(self::manifest(manifest));
    }
    let backups: Vec<Value> = backups
        .into_iter()
        .filter_map(|backup| backup.split_once('\t'))
        .map(|(path, md5)| json!({ "path": format!("/{path}"), "digest": [{ "algorithm": "md5", "value": md5 }] }))
        .collect();
    package.metadata = Metadata::Other {
        kind: "alpm-db-entry".into(),
        value: json!({
            "basepackage": first(description, "BASE"),
            "package": name,
            "version": version,
            "description": first(description, "DESC"),
            "architecture": first(description, "ARCH"),
            "size": first(description, "SIZE").parse::<u64>().unwrap_or_default(),
            "packager": first(description, "PACKAGER"),
            "url": first(description, "URL"),
            "validation": first(description, "VALIDATION"),
            "reason": first(description, "REASON").parse::<u64>().unwrap_or_default(),
            "files": files.into_values().collect::<Vec<_>>(),
            "backup": backups,
            "provides": all(description, "PROVIDES").collect::<Vec<_>>(),
            "depends": all(description, "DEPENDS").collect::<Vec<_>>(),
        }),
    };
    Some(package)
}

fn purl(description: &Sections, distro: Option<&Distro>) -> Option<String> {
    let distro = distro.filter(|distro| distro.id == "arch")?;
    let (name, base) = (first(description, "NAME"), first(description, "BASE"));
    let qualifiers = [
        ("arch", first(description, "ARCH")),
        ("distro", &distro.qualifier().unwrap_or_default()),
        ("upstream", if base == name { "" } else { base }),
    ];
    package_url(PackageType::Alpm, "arch", name, first(description, "VERSION"), &qualifiers)
}

/// Reads mtree(5) as far as pacman writes it: a path and `keyword=value` words a line, `/set` for defaults.
fn manifest(text: &str) -> Vec<(String, Value)> {
    let mut files = Vec::new();
    let mut defaults: Vec<(&str, &str)> = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(set) = line.strip_prefix("/set ") {
            defaults = keywords(set).filter(|(_, value)| value.len() <= MAX_DEFAULT).collect();
        } else if let Some((path, own)) = line.split_once(' ')
            && let Some(path) = path.strip_prefix("./").filter(|path| !path.starts_with('.'))
            && files.len() < MAX_FILES
        {
            let own: Vec<_> = keywords(own).collect();
            let path = format!("/{}", unescape(path));
            let file = described(&path, |key| {
                own.iter().chain(&defaults).find(|(name, _)| *name == key).map(|(_, value)| *value)
            });
            files.push((path, file));
        }
    }
    files
}

fn keywords(words: &str) -> impl Iterator<Item = (&str, &str)> {
    words.split_whitespace().filter_map(|word| word.split_once('='))
}

fn described<'a>(path: &str, get: impl Fn(&str) -> Option<&'a str>) -> Value {
    let mut file = serde_json::Map::new();
    file.insert("path".into(), path.into());
    for key in ["type", "uid", "gid", "time", "size", "link"] {
        if let Some(value) = get(key) {
            file.insert(key.into(), value.into());
        }
    }
    let digests: Vec<Value> = [("md5", "md5digest"), ("sha256", "sha256digest")]
        .into_iter()
        .filter_map(|(algorithm, key)| Some(json!({ "algorithm": algorithm, "value": get(key)? })))
        .collect();
    if !digests.is_empty() {
        file.insert("digest".into(), digests.into());
    }
    file.into()
}

/// Replaces `\` and three octal digits by the byte they name.
fn unescape(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let octal = (byte == b'\\').then(|| after.get(..3)).flatten();
        let named = octal.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        bytes.push(named.unwrap_or(byte));
        rest = if named.is_some() { &after[3..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use windlass_image::testing::{Tar, gzip};

    use super::*;
    use crate::testing::{names, package, scan};

    const DESC: &str = "%NAME%\ncurl\n\n%VERSION%\n8.5.0-1\n\n%BASE%\ncurl-base\n\n%ARCH%\nx86_64\n\n%LICENSE%\nMIT\n\n\
                        %DEPENDS%\nglibc>=2.38\nlibz.so=1-64\n\n";

    #[test]
    fn a_folder_is_a_package() {
        let mtree = "#mtree\n/set type=file uid=0 gid=0 mode=644\n./.PKGINFO time=1 size=1\n\
                     ./usr/bin/a\\040b time=1.0 size=9 md5digest=aa sha256digest=bb\n./usr/bin time=1 type=dir\n";
        let local = "var/lib/pacman/local";
        let sbom = scan([Tar::new()
            .file("etc/os-release", "ID=arch\nBUILD_ID=rolling\n")
            .file(format!("{local}/curl-8.5.0-1/desc"), DESC)
            .file(format!("{local}/curl-8.5.0-1/files"), "%FILES%\nusr/\nusr/bin/curl\n\n%BACKUP%\netc/curlrc\tcc\n")
            .file(format!("{local}/curl-8.5.0-1/mtree"), gzip(mtree.as_bytes()))
            .file(format!("{local}/zlib-1/desc"), "%NAME%\nzlib\n\n%VERSION%\n1\n\n%PROVIDES%\nlibz.so=1-64\n")
            .file(format!("{local}/broken/desc"), "%NAME%\nbroken\n")]);
        assert_eq!(names(&sbom), [("curl", "8.5.0-1"), ("zlib", "1")]);
        let curl = package(&sbom, "curl");
        assert_eq!(
            curl.purl.as_deref(),
            Some("pkg:alpm/arch/curl@8.5.0-1?arch=x86_64&distro=arch-rolling&upstream=curl-base")
        );
        let Metadata::Other { kind, value } = &curl.metadata else { panic!("no metadata of pacman") };
        assert_eq!((kind.as_str(), &value["backup"][0]["path"]), ("alpm-db-entry", &json!("/etc/curlrc")));
        let paths: Vec<_> =
            value["files"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap()).collect();
        assert_eq!(paths, ["/usr", "/usr/bin", "/usr/bin/a b", "/usr/bin/curl"]);
        assert_eq!(value["files"][2]["digest"][1], json!({ "algorithm": "sha256", "value": "bb" }));
        assert_eq!(value["files"][1]["type"], json!("dir"));
        assert_eq!(sbom.relationships.len(), 1, "curl needs zlib; glibc is not there");
    }
}
