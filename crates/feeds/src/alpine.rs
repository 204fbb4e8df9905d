//! Security databases of Alpine and the distributions that publish in its form ("secdb",
//! <https://secdb.alpinelinux.org>): for each package, which versions fixed what. Turned around here, because a record is
//! about a vulnerability.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use windlass_advisories::{
    Advisory, Fix, FixState, OperatingSystem, PackageBlob, PackageStatement, Range, Reference, Standing,
    VersionConstraint, VulnerabilityBlob,
};

use crate::error::FeedError;
use crate::input::Input;
use crate::json::{self, or_default};
use crate::provider::{self, ProviderId};
use crate::releases;
use crate::sink::Sink;
use crate::source::SourceKind;

pub(crate) const SOURCE: SourceKind = SourceKind {
    name: "alpine",
    about: "Security databases of Alpine, Wolfi, Chainguard and MinimOS",
    accepts: "secdb files as JSON, such as v3.19/main.json of https://secdb.alpinelinux.org",
    providers: &[provider::ALPINE, provider::CHAINGUARD, provider::MINIMOS, provider::WOLFI],
    read,
};

/// Distributions without releases, told by where their packages are.
struct Rolling {
    url: &'static str,
    provider: ProviderId,
    page: &'static str,
}

const ROLLING: &[Rolling] = &[
    Rolling { url: "packages.wolfi.dev", provider: provider::WOLFI, page: "https://images.chainguard.dev/security/" },
    Rolling {
        url: "packages.cgr.dev",
        provider: provider::CHAINGUARD,
        page: "https://images.chainguard.dev/security/",
    },
    Rolling { url: "packages.mini.dev", provider: provider::MINIMOS, page: "https://osv.dev/vulnerability/" },
];

const ALPINE_PAGE: &str = "https://security.alpinelinux.org/vuln/";

#[derive(Deserialize)]
struct Entry {
    pkg: Package,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    #[serde(default, deserialize_with = "or_default")]
    secfixes: BTreeMap<String, Option<Vec<String>>>,
}

/// Whose the file is, gathered from its other members, which may stand before or after the packages.
#[derive(Default)]
struct Header {
    version: String,
    prefix: String,
}

struct Distribution {
    provider: ProviderId,
    page: &'static str,
    system: OperatingSystem,
}

/// Versions by release and package of one vulnerability.
#[derive(Default)]
struct Gathered {
    page: &'static str,
    fixes: BTreeMap<(OperatingSystem, String), BTreeSet<String>>,
}

fn read(input: &Input, sink: &mut Sink<'_>) -> Result<(), FeedError> {
    let mut vulnerabilities: BTreeMap<(ProviderId, String), Gathered> = BTreeMap::new();
    input.documents(&mut |document| {
        if !document.is_json() {
            sink.skip("file that is not JSON");
            return Ok(());
        }
        let file = document.name.to_owned();
        let mut header = Header::default();
        let mut packages = Vec::new();
        json::parts(document, &["packages"], sink, &mut |part, sink| {
            match (part.key, part.element) {
                ("packages", true) => match serde_json::from_str::<Entry>(part.json) {
                    Ok(entry) => packages.push(entry.pkg),
                    Err(error) => sink.problem(&file, "", &format!("is no package of a secdb: {error}")),
                },
                ("distroversion", _) => header.version = serde_json::from_str(part.json).unwrap_or_default(),
                ("urlprefix", _) => header.prefix = serde_json::from_str(part.json).unwrap_or_default(),
                _ => {}
            }
            Ok(())
        })?;
        match distribution(&header, &file) {
            Some(distribution) => {
                for package in packages {
                    gather(package, &distribution, &mut vulnerabilities, sink);
                }
            }
            None => {
                sink.problem(&file, "", "is no secdb of a known distribution: distroversion and urlprefix name none");
            }
        }
        Ok(())
    })?;
    for ((provider, id), gathered) in vulnerabilities {
        sink.advisory(provider, advisory(id, gathered))?;
    }
    Ok(())
}

/// Alpine's files name their release; the directory does where one does not (`v3.19/main.json`).
fn distribution(header: &Header, file: &str) -> Option<Distribution> {
    if let Some(rolling) = ROLLING.iter().find(|rolling| header.prefix.contains(rolling.url)) {
        let system = releases::labelled(rolling.provider.as_str(), "rolling");
        return Some(Distribution { provider: rolling.provider, page: rolling.page, system });
    }
    let directory = || file.rsplit('/').nth(1).unwrap_or_default();
    let version = if header.version.is_empty() { directory() } else { &header.version };
    let system = releases::alpine(version)?;
    Some(Distribution { provider: provider::ALPINE, page: ALPINE_PAGE, system })
}

fn gather(
    package: Package,
    distribution: &Distribution,
    vulnerabilities: &mut BTreeMap<(ProviderId, String), Gathered>,
    sink: &mut Sink<'_>,
) {
    for (version, fixed) in package.secfixes {
        // One text may hold several ids and remarks: "CVE-2019-2426 XSA-100 (IPMI)".
        for id in fixed.iter().flatten().flat_map(|ids| ids.split_whitespace()) {
            let known = match distribution.provider {
                provider::ALPINE => is_cve(id),
                _ => is_cve(id) || id.starts_with("GHSA-") || id.starts_with("CGA-"),
            };
            if !known {
                sink.skip("id or remark that is no CVE");
                continue;
            }
            let gathered = vulnerabilities.entry((distribution.provider, id.to_owned())).or_default();
            gathered.page = distribution.page;
            let versions = gathered.fixes.entry((distribution.system.clone(), package.name.clone())).or_default();
            versions.insert(version.clone());
        }
    }
}

fn is_cve(id: &str) -> bool {
    let number = id.strip_prefix("CVE-").and_then(|rest| rest.split_once('-'));
    number.is_some_and(|(year, number)| {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits(year) && digits(number)
    })
}

fn advisory(id: String, gathered: Gathered) -> Advisory {
    let packages = gathered.fixes.into_iter().map(|((system, name), versions)| PackageStatement {
        standing: Standing::Affected,
        ecosystem: "apk".into(),
        name,
        operating_system: Some(system),
        blob: PackageBlob { ranges: versions.iter().map(|version| range(version)).collect(), ..PackageBlob::default() },
    });
    let blob = VulnerabilityBlob {
        id: id.clone(),
        references: vec![Reference { url: format!("{}{id}", gathered.page), ..Reference::default() }],
        ..VulnerabilityBlob::default()
    };
    Advisory { packages: packages.collect(), name: id, blob, ..Advisory::default() }
}

/// Version `0` marks a package that never had the flaw: a range that holds nothing, which matching takes as a denial of
/// what others say of the package (`spec/matching.md` §3.5).
fn range(version: &str) -> Range {
    let (fixed, state) = if version == "0" { ("", FixState::NotAffected) } else { (version, FixState::Fixed) };
    Range {
        version: VersionConstraint { format: "apk".into(), constraint: format!("< {version}") },
        fix: Some(Fix { version: fixed.into(), state, detail: None }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{lines, read_text};

    #[test]
    fn fixes_are_turned_around_to_vulnerabilities() {
        let (records, summary) = read_text(
            &SOURCE,
            "main.json",
            r#"{
              "distroversion": "v3.19", "reponame": "main", "urlprefix": "https://dl-cdn.alpinelinux.org/alpine",
              "packages": [
                {"pkg": {"name": "quux", "secfixes": {
                  "1.2.3-r0": ["CVE-2024-1", "CVE-2024-2 XSA-100"],
                  "1.2.4-r1": ["CVE-2024-1", "CVE_2019-2426"],
                  "0": ["CVE-2023-9 (not built)"]
                }}},
                {"pkg": {"name": "none", "secfixes": {"1-r0": null}}},
                {"pkg": {"secfixes": {}}}
              ]
            }"#,
        );
        insta::assert_snapshot!(lines(&records), @r"
        alpine CVE-2023-9 active []
          affected apk quux alpine/3.19 < 0 (apk) not-affected
          https://security.alpinelinux.org/vuln/CVE-2023-9
        alpine CVE-2024-1 active []
          affected apk quux alpine/3.19 < 1.2.3-r0 (apk) fixed 1.2.3-r0 || < 1.2.4-r1 (apk) fixed 1.2.4-r1
          https://security.alpinelinux.org/vuln/CVE-2024-1
        alpine CVE-2024-2 active []
          affected apk quux alpine/3.19 < 1.2.3-r0 (apk) fixed 1.2.3-r0
          https://security.alpinelinux.org/vuln/CVE-2024-2
        ");
        assert_eq!(summary.skipped["id or remark that is no CVE"], 4);
        assert_eq!(summary.problems.count(), 1);
    }

    #[test]
    fn rolling_distributions_are_told_by_where_their_packages_are() {
        let (records, _) = read_text(
            &SOURCE,
            "security.json",
            r#"{"packages": [{"pkg": {"name": "quux", "secfixes": {"1-r0": ["CGA-2222-3333-4444", "GHSA-x"]}}}],
                "urlprefix": "https://packages.wolfi.dev", "reponame": "os"}"#,
        );
        insta::assert_snapshot!(lines(&records), @r"
        wolfi CGA-2222-3333-4444 active []
          affected apk quux wolfi/rolling < 1-r0 (apk) fixed 1-r0
          https://images.chainguard.dev/security/CGA-2222-3333-4444
        wolfi GHSA-x active []
          affected apk quux wolfi/rolling < 1-r0 (apk) fixed 1-r0
          https://images.chainguard.dev/security/GHSA-x
        ");
    }

    #[test]
    fn a_file_of_nobody_is_named() {
        let (records, summary) = read_text(&SOURCE, "main.json", r#"{"packages": [], "distroversion": "unreleased"}"#);
        assert!(records.is_empty());
        assert!(summary.problems.first()[0].reason.starts_with("is no secdb of a known distribution"));
    }
}
