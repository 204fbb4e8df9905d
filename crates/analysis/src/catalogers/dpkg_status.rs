//! The text formats of dpkg's database: status stanzas, lists of files, relations between packages.

use windlass_sbom::{
    FileDigest,
    metadata::{DpkgEntry, DpkgFile},
};

use super::rfc822::{self, Stanza};

/// A package that a status file says is installed.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Installed {
    /// `files` holds what the stanza itself lists: the conffiles.
    pub(crate) entry: DpkgEntry,
    /// opkg states it in the stanza.
    pub(crate) license: Option<String>,
}

/// The installed packages of a status file. A stanza without name or version, or whose package was removed and left only
/// its configuration, is none.
pub(crate) fn installed(text: &str) -> Vec<Installed> {
    rfc822::stanzas(text).filter_map(|stanza| package(&stanza)).collect()
}

/// A line of `md5sums`: digest and absolute path.
pub(crate) fn checksum(line: &str) -> Option<(String, String)> {
    let (md5, path) = line.split_once(char::is_whitespace)?;
    let path = path.trim_start().trim_start_matches('/');
    let is_digest = md5.len() == 32 && md5.bytes().all(|b| b.is_ascii_hexdigit());
    (is_digest && !path.is_empty()).then(|| (md5.to_ascii_lowercase(), format!("/{path}")))
}

/// A line of `conffiles`: an absolute path, which `remove-on-upgrade` may precede.
pub(crate) fn config_file(line: &str) -> Option<&str> {
    let line = line.trim();
    let path = line.strip_prefix("remove-on-upgrade ").map_or(line, str::trim_start);
    path.starts_with('/').then_some(path)
}

/// The package named by one alternative of a relation: `libc6` of `libc6:any (>= 2.36) [amd64]`.
pub(crate) fn relation_name(relation: &str) -> &str {
    let name = relation.trim();
    let end = name.find(|c: char| c.is_whitespace() || matches!(c, '(' | '[' | ':' | '<')).unwrap_or(name.len());
    &name[..end]
}

fn package(stanza: &Stanza<'_>) -> Option<Installed> {
    if stanza.get("Status").is_some_and(|status| status.contains("deinstall")) {
        return None;
    }
    let (source, source_version) = source(stanza.get("Source").unwrap_or_default());
    let entry = DpkgEntry {
        package: stanza.text("Package"),
        version: stanza.text("Version"),
        source: source.to_owned(),
        source_version: source_version.to_owned(),
        architecture: stanza.text("Architecture"),
        maintainer: stanza.text("Maintainer"),
        installed_size: stanza.get("Installed-Size").and_then(kibibytes).unwrap_or_default(),
        provides: relations(stanza, "Provides"),
        depends: relations(stanza, "Depends"),
        pre_depends: relations(stanza, "Pre-Depends"),
        files: stanza.get("Conffiles").unwrap_or_default().lines().filter_map(listed_conffile).collect(),
    };
    let license = stanza.get("License").filter(|license| !license.is_empty()).map(str::to_owned);
    (!entry.package.is_empty() && !entry.version.is_empty()).then_some(Installed { entry, license })
}

/// `glibc (2.36-9)` → name and version; the version is empty where it equals the package's.
fn source(value: &str) -> (&str, &str) {
    match value.split_once('(') {
        Some((name, version)) => (name.trim(), version.trim().trim_end_matches(')').trim()),
        None => (value.trim(), ""),
    }
}

fn relations(stanza: &Stanza<'_>, field: &str) -> Vec<String> {
    let value = stanza.get(field).unwrap_or_default();
    value.split(',').map(str::trim).filter(|relation| !relation.is_empty()).map(str::to_owned).collect()
}

/// A line of the `Conffiles` field: path, MD5 and perhaps `obsolete` or `remove-on-upgrade`. The digest of a file that
/// is yet to be unpacked is `newconffile`.
fn listed_conffile(line: &str) -> Option<DpkgFile> {
    let mut line = line.trim();
    while let Some(rest) = line.strip_suffix(" obsolete").or_else(|| line.strip_suffix(" remove-on-upgrade")) {
        line = rest.trim_end();
    }
    let (path, md5) = line.rsplit_once(' ')?;
    let digest = FileDigest { algorithm: "md5".into(), value: md5.into() };
    path.starts_with('/').then(|| DpkgFile {
        path: path.trim_end().to_owned(),
        digest: (md5 != "newconffile").then_some(digest),
        is_config_file: true,
    })
}

/// `Installed-Size` in KiB; some tools write a number with a unit instead (`1.5 MB`).
fn kibibytes(text: &str) -> Option<u64> {
    let text = text.trim();
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let unit_at = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let number: f64 = text[..unit_at].parse().ok()?;
    let bytes = match text[unit_at..].trim().to_ascii_lowercase().as_str() {
        "b" => 1.0,
        "k" | "kb" => 1e3,
        "kib" => 1024.0,
        "m" | "mb" => 1e6,
        "mib" => 1024.0 * 1024.0,
        "g" | "gb" => 1e9,
        "gib" => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    Some((number * bytes / 1024.0).round() as u64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STATUS: &str = "\
Package: libpam-runtime
Status: install ok installed
Architecture: all
Source: pam (1.5.2-6)
Version: 1.5.2-6+deb12u1
Installed-Size: 912
Maintainer: Steve Langasek <vorlon@debian.org>
Provides: pam-config (= 1.5), x
Depends: debconf (>= 0.5) | debconf-2.0,
 libc6:any
Pre-Depends: dpkg (>= 1.17.14)
Conffiles:
 /etc/pam.conf 87fc76f18e98ee7d3848f6b81b3391e5
 /etc/pam.d/other 31aa7f2181889ffb00b87df4126d1701 obsolete
 /etc/new newconffile

Package: gone
Status: deinstall ok config-files
Version: 1

Package: without-version
Status: install ok installed
";

    #[test]
    fn a_stanza_tells_everything_but_the_files() {
        let read = installed(STATUS);
        assert_eq!(read.len(), 1, "removed and versionless packages are not installed: {read:?}");
        let entry = &read[0].entry;
        assert_eq!((entry.package.as_str(), entry.version.as_str()), ("libpam-runtime", "1.5.2-6+deb12u1"));
        assert_eq!((entry.source.as_str(), entry.source_version.as_str()), ("pam", "1.5.2-6"));
        assert_eq!(entry.depends, ["debconf (>= 0.5) | debconf-2.0", "libc6:any"]);
        assert_eq!(entry.provides, ["pam-config (= 1.5)", "x"]);
        assert_eq!(entry.installed_size, 912);
        let files: Vec<_> =
            entry.files.iter().map(|f| (f.path.as_str(), f.digest.is_some(), f.is_config_file)).collect();
        assert_eq!(files, [("/etc/pam.conf", true, true), ("/etc/pam.d/other", true, true), ("/etc/new", false, true)]);
    }

    #[test]
    fn relations_name_packages() {
        for (relation, name) in [
            (" libc6 (>= 2.36)", "libc6"),
            ("python3:any", "python3"),
            ("gcc[amd64]", "gcc"),
            ("debhelper <!nocheck>", "debhelper"),
            ("", ""),
        ] {
            assert_eq!(relation_name(relation), name);
        }
    }

    #[test]
    fn checksums_are_lines_of_digest_and_path() {
        let md5 = "87fc76f18e98ee7d3848f6b81b3391e5";
        assert_eq!(checksum(&format!("{md5}  usr/bin/a b")), Some((md5.into(), "/usr/bin/a b".into())));
        assert_eq!(checksum("nonsense usr/bin/x"), None);
        assert_eq!(checksum(md5), None);
        assert_eq!(config_file("remove-on-upgrade /etc/x"), Some("/etc/x"));
        assert_eq!(config_file("etc/x"), None);
    }

    #[test]
    fn sizes_are_kibibytes_however_they_are_written() {
        for (text, size) in [("12", Some(12)), ("1.5 MB", Some(1465)), ("2MiB", Some(2048)), ("x", None), ("", None)] {
            assert_eq!(kibibytes(text), size, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(
            lines in prop::collection::vec(
                "(Package|Version|Status|Source|Depends|Provides|Conffiles|Installed-Size|License)?:?[ -~é]{0,20}",
                0..40,
            ),
        ) {
            let text = lines.join("\n");
            installed(&["Package: a\nVersion: 1\n", &text].concat());
            super::super::dpkg_copyright::license_names(&["Format: x\n", &text].concat());
            for line in &lines {
                let _ = (checksum(line), config_file(line), relation_name(line), kibibytes(line));
            }
        }
    }
}
