//! Debian's security tracker (<https://security-tracker.debian.org/tracker/data/json>): packages, the CVEs of each, and
//! how each release stands. Turned around here, because a record is about a CVE.

use std::collections::BTreeMap;

use serde::Deserialize;
use windlass_advisories::{
    Advisory, Fix, FixState, PackageBlob, PackageStatement, Range, Reference, Standing, VersionConstraint,
    VulnerabilityBlob,
};

use crate::error::FeedError;
use crate::input::Input;
use crate::json::{self, or_default};
use crate::provider;
use crate::releases;
use crate::severity;
use crate::sink::Sink;
use crate::source::SourceKind;

pub(crate) const SOURCE: SourceKind = SourceKind {
    name: "debian",
    about: "Debian's security tracker",
    accepts: "the tracker's JSON export (https://security-tracker.debian.org/tracker/data/json)",
    providers: &[provider::DEBIAN],
    read,
};

#[derive(Deserialize)]
struct Entry {
    #[serde(default, deserialize_with = "or_default")]
    description: String,
    releases: BTreeMap<String, State>,
}

#[derive(Deserialize)]
struct State {
    status: String,
    #[serde(default, deserialize_with = "or_default")]
    urgency: String,
    fixed_version: Option<String>,
    /// Why there is no advisory, where the security team decided against one.
    nodsa: Option<String>,
}

/// A CVE while its packages are gathered.
#[derive(Default)]
struct Gathered {
    description: String,
    severity: Option<windlass_advisories::Severity>,
    packages: Vec<PackageStatement>,
}

fn read(input: &Input, sink: &mut Sink<'_>) -> Result<(), FeedError> {
    let mut vulnerabilities: BTreeMap<String, Gathered> = BTreeMap::new();
    input.documents(&mut |document| {
        if !document.is_json() {
            sink.skip("file that is not JSON");
            return Ok(());
        }
        let file = document.name.to_owned();
        json::parts(document, &[], sink, &mut |package, sink| {
            match serde_json::from_str::<BTreeMap<String, Entry>>(package.json) {
                Ok(entries) => {
                    for (id, entry) in entries {
                        gather(package.key, id, entry, &mut vulnerabilities, sink);
                    }
                }
                Err(_) => singly(&package, &file, &mut vulnerabilities, sink),
            }
            Ok(())
        })
    })?;
    for (id, gathered) in vulnerabilities {
        let blob = VulnerabilityBlob {
            id: id.clone(),
            description: gathered.description,
            references: vec![Reference {
                url: format!("https://security-tracker.debian.org/tracker/{id}"),
                ..Reference::default()
            }],
            severities: gathered.severity.into_iter().collect(),
            ..VulnerabilityBlob::default()
        };
        let advisory = Advisory { name: id, blob, packages: gathered.packages, ..Advisory::default() };
        sink.advisory(provider::DEBIAN, advisory)?;
    }
    Ok(())
}

/// Reads the good entries of a package that has a bad one.
fn singly(package: &json::Part<'_>, file: &str, vulnerabilities: &mut BTreeMap<String, Gathered>, sink: &mut Sink<'_>) {
    let entries = match serde_json::from_str::<BTreeMap<String, &serde_json::value::RawValue>>(package.json) {
        Ok(entries) => entries,
        Err(error) => return sink.problem(file, package.key, &format!("is no package of the tracker: {error}")),
    };
    for (id, entry) in entries {
        match serde_json::from_str::<Entry>(entry.get()) {
            Ok(entry) => gather(package.key, id, entry, vulnerabilities, sink),
            Err(error) => {
                sink.problem(file, &format!("{}: {id}", package.key), &format!("is no entry of the tracker: {error}"));
            }
        }
    }
}

fn gather(
    package: &str,
    id: String,
    entry: Entry,
    vulnerabilities: &mut BTreeMap<String, Gathered>,
    sink: &mut Sink<'_>,
) {
    if !id.starts_with("CVE-") {
        return sink.skip("issue without a CVE");
    }
    let mut statements = Vec::with_capacity(entry.releases.len());
    let mut worst = None;
    for (codename, state) in entry.releases {
        let Some(system) = releases::debian_codename(&codename) else {
            sink.skip(&format!("release that is not matched: {codename}"));
            continue;
        };
        if state.status == "undetermined" {
            sink.skip("release of which Debian does not know");
            continue;
        }
        let urgency = severity::word(state.urgency.trim_end_matches('*'));
        worst = urgency.into_iter().chain(worst).max_by_key(severity::weight);
        let (standing, range) = judge(&state);
        statements.push(PackageStatement {
            standing,
            ecosystem: "deb".into(),
            name: package.to_owned(),
            operating_system: Some(system),
            blob: PackageBlob { ranges: vec![range], ..PackageBlob::default() },
        });
    }
    if statements.is_empty() {
        return;
    }
    let gathered = vulnerabilities.entry(id).or_default();
    if gathered.description.is_empty() {
        entry.description.trim().clone_into(&mut gathered.description);
    }
    gathered.severity = worst.into_iter().chain(gathered.severity.take()).max_by_key(severity::weight);
    gathered.packages.extend(statements);
}

/// A fixed version of `0` says that the release never had the flaw; none, that it has it still (`spec/matching.md`
/// §10 os, §12.2 Debian). The tracker says whether an advisory is withheld, not when one came out.
fn judge(state: &State) -> (Standing, Range) {
    let range = |constraint: String, version: &str, state: FixState| Range {
        version: VersionConstraint { format: "dpkg".into(), constraint },
        fix: Some(Fix { version: version.into(), state, detail: None }),
    };
    match state.fixed_version.as_deref().map(str::trim) {
        Some("0") => (Standing::Unaffected, range(String::new(), "", FixState::NotAffected)),
        Some(version) if !version.is_empty() => {
            (Standing::Affected, range(format!("< {version}"), version, FixState::Fixed))
        }
        _ if state.nodsa.is_some() => (Standing::Affected, range(String::new(), "", FixState::WontFix)),
        _ => (Standing::Affected, range(String::new(), "", FixState::NotFixed)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{lines, read_text};

    #[test]
    fn packages_are_turned_around_to_vulnerabilities() {
        let (records, summary) = read_text(
            &SOURCE,
            "tracker-2024-01-31.json",
            r#"{
              "quux": {
                "CVE-2024-1": {"description": "Quux reads past a buffer.", "releases": {
                  "bookworm": {"status": "resolved", "urgency": "low", "fixed_version": "1.2-3+deb12u1", "repositories": {}},
                  "bullseye": {"status": "open", "urgency": "medium**", "nodsa": "Minor issue"},
                  "sid": {"status": "resolved", "urgency": "unimportant", "fixed_version": "0"}
                }},
                "TEMP-0000001-ABCDEF": {"releases": {}}
              },
              "quux-legacy": {
                "CVE-2024-1": {"releases": {
                  "trixie": {"status": "open", "urgency": "not yet assigned"},
                  "potato": {"status": "open", "urgency": "low"},
                  "buster": {"status": "undetermined", "urgency": "low"}
                }}
              }
            }"#,
        );
        insta::assert_snapshot!(lines(&records), @r"
        debian CVE-2024-1 active [medium] Quux reads past a buffer.
          affected deb quux debian/12 < 1.2-3+deb12u1 (dpkg) fixed 1.2-3+deb12u1
          affected deb quux debian/11 all versions (dpkg) wont-fix
          unaffected deb quux debian/unstable all versions (dpkg) not-affected
          affected deb quux-legacy debian/13 all versions (dpkg) not-fixed
          https://security-tracker.debian.org/tracker/CVE-2024-1
        ");
        let skipped: Vec<_> = summary.skipped.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        assert_eq!(
            skipped,
            [
                "issue without a CVE 1",
                "release of which Debian does not know 1",
                "release that is not matched: potato 1"
            ]
        );
        assert_eq!(summary.providers[0].date_captured.as_deref(), Some("2024-01-31T00:00:00Z"));
    }

    #[test]
    fn a_bad_entry_costs_itself_only() {
        let (records, summary) = read_text(
            &SOURCE,
            "tracker.json",
            r#"{
              "quux": {
                "CVE-2024-1": {"releases": {"bookworm": {"status": "open"}}},
                "CVE-2024-2": {"releases": ["bookworm"]},
                "CVE-2024-3": 7
              },
              "other": "no package"
            }"#,
        );
        assert_eq!(records.len(), 1);
        let named: Vec<_> = summary.problems.first().iter().map(|problem| problem.record.as_str()).collect();
        assert_eq!(named, ["quux: CVE-2024-2", "quux: CVE-2024-3", "other"]);
    }
}
