//! Windlass's own document, version 1 (`docs/schemas/scan.md`): everything a scan knows.
//!
//! Keys are only ever added within a version. Lists are in the order of the report; absent values are left out.

use std::io::{self, Write};

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};
use windlass_matching::{
    Coverage, DataSource, Finding, Fit, GroupStanding, MatchDetail, SearchKey, Severity, Vulnerability,
};
use windlass_sbom::Sbom;

use crate::{Report, Verdict, plan, policy, verdict};

/// What the document calls itself.
pub(crate) const FORMAT: &str = "windlass-scan";

pub(crate) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let outcome = report.outcome;
    let document = json!({
        "format": FORMAT,
        "formatVersion": 1,
        "tool": { "name": "windlass", "version": report.document.tool_version },
        "source": source(report.sbom),
        "distribution": report.sbom.distro.as_ref().map(|distro| json!({ "id": distro.id, "version": distro.version_id, "name": distro.pretty_name })),
        "database": {
            "schema": report.database.schema,
            "built": report.database.built,
            "providers": report.database.providers.iter().map(|provider| json!({ "id": provider.id, "captured": provider.date_captured })).collect::<Vec<_>>(),
        },
        "verdict": {
            "result": Verdict::of(outcome, report.fail_on).as_str(),
            "state": outcome.state().as_str(),
            "failOn": report.fail_on.map(Severity::as_str),
            "text": verdict::sentence(outcome, report.fail_on),
        },
        "policy": report.policy.map(policy::json::member),
        "counts": outcome.count_by_severity().into_iter().map(|(severity, all, fixed)| {
            (severity.as_str().to_owned(), json!({ "all": all, "fixed": fixed }))
        }).collect::<Map<_, _>>(),
        "findings": outcome.findings.iter().map(|found| finding(report, found)).collect::<Vec<_>>(),
        "ignored": outcome.ignored.iter().map(|ignored| {
            let mut member = finding(report, &ignored.finding);
            member["ignoredBy"] = serde_json::to_value(&ignored.reasons).unwrap_or_default();
            member
        }).collect::<Vec<_>>(),
        "upgrades": plan::upgrades(report.sbom, outcome).into_iter().map(|upgrade| json!({
            "name": upgrade.name, "type": upgrade.kind.as_str(), "installed": upgrade.installed, "to": upgrade.to,
            "clears": upgrade.clears, "worst": upgrade.worst.as_str(), "places": upgrade.places,
        })).collect::<Vec<_>>(),
        "alerts": outcome.alerts.iter().map(|alert| json!({
            "package": package(report, alert.package), "kind": alert.kind.as_str(), "message": alert.message,
        })).collect::<Vec<_>>(),
        "coverage": coverage(report, &outcome.coverage),
    });
    serde_json::to_writer_pretty(&mut *out, &WithoutEmpty(&document))?;
    writeln!(out)
}

pub(crate) fn source(sbom: &Sbom) -> Value {
    match &sbom.source {
        windlass_sbom::Source::Image(image) => json!({
            "type": "image", "name": image.user_input, "imageId": image.image_id, "manifestDigest": image.manifest_digest,
            "repoDigests": image.repo_digests, "tags": image.tags, "os": image.os, "architecture": image.architecture,
            "variant": image.variant,
        }),
        windlass_sbom::Source::Directory { path } => json!({ "type": "directory", "name": path }),
        windlass_sbom::Source::Other { kind, name, version } => {
            json!({ "type": kind, "name": name, "version": version })
        }
    }
}

fn finding(report: &Report<'_>, finding: &Finding) -> Value {
    json!({
        "vulnerability": vulnerability(&finding.vulnerability),
        "related": finding.related.iter().map(|record| json!({
            "id": record.id, "namespace": record.namespace, "dataSource": record.data_source, "severity": record.severity.as_str(),
        })).collect::<Vec<_>>(),
        "package": package(report, finding.package),
        "fix": {
            "state": finding.fix.state.as_str(),
            "versions": finding.fix.versions,
            "suggested": finding.fix.suggested,
            "available": finding.fix.available.iter().map(|fix| json!({ "version": fix.version, "date": fix.date, "kind": fix.kind })).collect::<Vec<_>>(),
            "advisories": finding.fix.advisories.iter().map(|link| json!({ "id": link.id, "link": link.link })).collect::<Vec<_>>(),
        },
        "risk": rounded(finding.risk),
        "matches": finding.details.iter().map(detail).collect::<Vec<_>>(),
    })
}

fn vulnerability(record: &Vulnerability) -> Value {
    json!({
        "id": record.id,
        "namespace": record.namespace,
        "severity": record.severity.as_str(),
        "status": record.status.as_str(),
        "aliases": record.aliases,
        "description": record.description,
        "dataSource": record.data_source,
        "urls": record.urls,
        "published": record.published,
        "modified": record.modified,
        "cvss": record.cvss.iter().map(|cvss| json!({
            "source": cvss.source, "type": cvss.kind.as_str(), "version": cvss.version, "vector": cvss.vector, "score": cvss.metrics.base,
        })).collect::<Vec<_>>(),
        "epss": record.epss.iter().map(|epss| json!({
            "cve": epss.cve, "epss": epss.epss, "percentile": epss.percentile, "date": epss.date,
        })).collect::<Vec<_>>(),
        "knownExploited": record.known_exploited,
        "cwes": record.cwes.iter().map(|weakness| weakness.cwe.clone()).collect::<Vec<_>>(),
    })
}

fn package(report: &Report<'_>, index: usize) -> Value {
    let Some(package) = report.sbom.packages.get(index) else { return Value::Null };
    json!({
        "id": package.id.to_string(),
        "name": package.name,
        "version": package.version,
        "type": package.kind.as_str(),
        "purl": package.purl,
        "locations": package.locations.iter().map(|location| &location.path).collect::<Vec<_>>(),
        "introducedBy": package.introduced_by.as_deref(),
    })
}

fn detail(detail: &MatchDetail) -> Value {
    let searched = &detail.searched_by;
    let key = match &searched.key {
        SearchKey::Distribution { kind, version } => json!({ "distribution": format!("{kind} {version}") }),
        SearchKey::Ecosystem(ecosystem) => json!({ "ecosystem": ecosystem }),
        SearchKey::Cpes(cpes) => json!({ "cpes": cpes }),
        SearchKey::Vex(status) => json!({ "vex": status }),
    };
    json!({
        "type": detail.kind.as_str(),
        "matcher": detail.matcher,
        "confidence": detail.confidence(),
        "searchedBy": { "name": searched.name, "version": searched.version, "key": key },
        "found": {
            "vulnerability": detail.found.vulnerability, "constraint": detail.found.constraint, "format": detail.found.format,
            "cpes": detail.found.cpes, "symbols": detail.found.symbols,
        },
    })
}

pub(crate) fn coverage(report: &Report<'_>, coverage: &Coverage) -> Value {
    let named = |index: usize| report.sbom.packages.get(index).map(|package| package.name.clone());
    json!({
        "complete": coverage.is_complete(),
        "unmatchedPackages": coverage.unmatched_packages(),
        "distribution": coverage.distribution.as_ref().map(|own| json!({
            "name": own.name,
            "readAs": own.read_as,
            "fit": match own.fit { Fit::Exact => "exact", Fit::Major => "major", Fit::OtherMinor => "other-minor" },
            "channel": own.channel,
            "endOfLife": own.eol_date,
            "isPastEndOfLife": own.is_past_end_of_life,
        })),
        "groups": coverage.groups.iter().map(|group| {
            let (standing, sources, reason) = match &group.standing {
                GroupStanding::Matched(sources) => ("matched", sources.as_slice(), None),
                GroupStanding::Answered => ("answered-by-distribution", &[][..], None),
                GroupStanding::Unknown(gap) => ("unknown", &[][..], Some(gap.to_string())),
            };
            json!({
                "type": group.kind.as_str(), "packages": group.packages, "standing": standing, "reason": reason,
                "sources": sources.iter().map(data_source).collect::<Vec<_>>(), "examples": group.examples,
            })
        }).collect::<Vec<_>>(),
        "unreadable": coverage.unreadable.iter().map(|unknown| json!({
            "path": unknown.path, "foundBy": unknown.found_by, "reason": unknown.reason,
        })).collect::<Vec<_>>(),
        "incomparable": coverage.incomparable.iter().map(|error| json!({
            "vulnerability": error.vulnerability, "provider": error.provider, "package": named(error.package), "reason": error.reason,
        })).collect::<Vec<_>>(),
        "failures": coverage.failures.iter().map(|failure| json!({ "package": named(failure.package), "reason": failure.reason })).collect::<Vec<_>>(),
    })
}

fn data_source(source: &DataSource) -> Value {
    json!({ "provider": source.provider, "captured": source.captured })
}

/// Risk to a tenth of a tenth: what lies below is noise of floating point.
fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// The document without nulls and empty texts; empty lists stay, because they say that there is nothing.
pub(crate) struct WithoutEmpty<'a>(pub(crate) &'a Value);

impl Serialize for WithoutEmpty<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(members) => serializer.collect_map(
                members
                    .iter()
                    .filter(|(_, member)| !member.is_null() && member.as_str() != Some(""))
                    .map(|(key, member)| (key, WithoutEmpty(member))),
            ),
            Value::Array(members) => serializer.collect_seq(members.iter().map(WithoutEmpty)),
            other => other.serialize(serializer),
        }
    }
}
