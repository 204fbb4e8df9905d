//! What `grype -o json` writes (`spec/matching.md` §8), for tools that read it.

use std::io::{self, Write};

use serde_json::{Map, Value, json};
use windlass_matching::{Cvss, Finding, IgnoredFinding, MatchDetail, MatchKind, SearchKey, Vulnerability};
use windlass_sbom::{Location, Package, Source};

use crate::Report;

pub(crate) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let outcome = report.outcome;
    let mut document = json!({
        "matches": outcome.findings.iter().filter_map(|finding| matched(report, finding)).collect::<Vec<_>>(),
        "ignoredMatches": outcome.ignored.iter().filter_map(|ignored| ignored_match(report, ignored)).collect::<Vec<_>>(),
        "source": source(&report.sbom.source),
        "distro": distro(report),
        // Not one of Grype's: what the answer is worth.
        "coverage": crate::json::coverage(report, &outcome.coverage),
        "descriptor": {
            "name": "windlass",
            "version": report.document.tool_version,
            "db": {
                "status": { "schemaVersion": format!("v{}", report.database.schema), "built": report.database.built, "path": report.database.path, "valid": true },
                "providers": report.database.providers.iter().map(|provider| {
                    (provider.id.clone(), json!({ "captured": provider.date_captured, "input": provider.input_digest }))
                }).collect::<Map<_, _>>(),
            },
        },
    });
    if let Some(judgement) = report.policy {
        // Nor is this.
        document["policy"] = crate::policy::json::member(judgement);
    }
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

fn matched(report: &Report<'_>, finding: &Finding) -> Option<Value> {
    let package = report.sbom.packages.get(finding.package)?;
    let mut vulnerability = metadata(&finding.vulnerability);
    vulnerability["fix"] = json!({
        "versions": finding.fix.versions,
        "state": finding.fix.state.as_str(),
        "available": finding.fix.available.iter().map(|fix| json!({ "version": fix.version, "date": fix.date, "kind": fix.kind })).collect::<Vec<_>>(),
    });
    vulnerability["advisories"] =
        finding.fix.advisories.iter().map(|link| json!({ "id": link.id, "link": link.link })).collect();
    vulnerability["risk"] = json!(finding.risk);
    Some(json!({
        "vulnerability": vulnerability,
        "relatedVulnerabilities": finding.related.iter().map(|record| metadata(record)).collect::<Vec<_>>(),
        "matchDetails": finding.details.iter().map(|one| detail(finding, one)).collect::<Vec<_>>(),
        "artifact": artifact(package),
    }))
}

fn ignored_match(report: &Report<'_>, ignored: &IgnoredFinding) -> Option<Value> {
    let mut member = matched(report, &ignored.finding)?;
    member["appliedIgnoreRules"] = serde_json::to_value(&ignored.reasons).ok()?;
    Some(member)
}

fn metadata(record: &Vulnerability) -> Value {
    json!({
        "id": record.id,
        "dataSource": record.data_source,
        "namespace": record.namespace,
        "severity": record.severity.as_str(),
        "urls": record.urls,
        "description": record.description,
        "cvss": record.cvss.iter().map(cvss).collect::<Vec<_>>(),
        "knownExploited": record.known_exploited.iter().map(|entry| json!({
            "cve": entry.cve, "vendorProject": entry.vendor_project, "product": entry.product, "dateAdded": entry.date_added,
            "requiredAction": entry.required_action, "dueDate": entry.due_date,
            "knownRansomwareCampaignUse": entry.known_ransomware_campaign_use, "notes": entry.notes, "urls": entry.urls, "cwes": entry.cwes,
        })).collect::<Vec<_>>(),
        "epss": record.epss.iter().map(|score| json!({
            "cve": score.cve, "epss": score.epss, "percentile": score.percentile, "date": score.date,
        })).collect::<Vec<_>>(),
        "cwes": record.cwes.iter().map(|weakness| json!({
            "cve": weakness.cve, "cwe": weakness.cwe, "source": weakness.source, "type": weakness.kind,
        })).collect::<Vec<_>>(),
    })
}

fn cvss(cvss: &Cvss) -> Value {
    let mut metrics = json!({ "baseScore": cvss.metrics.base });
    for (key, score) in [("exploitabilityScore", cvss.metrics.exploitability), ("impactScore", cvss.metrics.impact)] {
        if let Some(score) = score {
            metrics[key] = json!(score);
        }
    }
    json!({
        "source": cvss.source, "type": cvss.kind.as_str(), "version": cvss.version, "vector": cvss.vector,
        "metrics": metrics, "vendorMetadata": {},
    })
}

fn detail(finding: &Finding, detail: &MatchDetail) -> Value {
    let by = &detail.searched_by;
    let mut searched = json!({ "namespace": by.namespace, "package": { "name": by.name, "version": by.version } });
    match &by.key {
        SearchKey::Distribution { kind, version } => searched["distro"] = json!({ "type": kind, "version": version }),
        SearchKey::Ecosystem(ecosystem) => searched["language"] = json!(ecosystem),
        SearchKey::Cpes(cpes) => searched["cpes"] = json!(cpes),
        SearchKey::Vex(status) => searched["status"] = json!(status),
    }
    let constraint = if detail.found.constraint.is_empty() {
        format!("none ({})", detail.found.format)
    } else {
        format!("{} ({})", detail.found.constraint, detail.found.format)
    };
    let mut found = json!({ "vulnerabilityID": detail.found.vulnerability, "versionConstraint": constraint });
    if detail.kind == MatchKind::Cpe {
        found["cpes"] = json!(detail.found.cpes);
    }
    let mut member =
        json!({ "type": detail.kind.as_str(), "matcher": detail.matcher, "searchedBy": searched, "found": found });
    if let Some(version) = &finding.fix.suggested {
        member["fix"] = json!({ "suggestedVersion": version });
    }
    member
}

fn artifact(package: &Package) -> Value {
    json!({
        "id": package.id.to_string(),
        "name": package.name,
        "version": package.version,
        "type": package.kind.as_str(),
        "locations": package.locations.iter().map(location).collect::<Vec<_>>(),
        "language": package.kind.language().map(windlass_sbom::Language::as_str).unwrap_or_default(),
        "licenses": package.licenses.iter().map(|license| {
            if license.spdx_expression.is_empty() { &license.value } else { &license.spdx_expression }
        }).collect::<Vec<_>>(),
        "cpes": package.cpes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "purl": package.purl.as_deref().unwrap_or_default(),
        "upstreams": package.upstreams().into_iter().map(|(name, version)| {
            if version.is_empty() { json!({ "name": name }) } else { json!({ "name": name, "version": version }) }
        }).collect::<Vec<_>>(),
    })
}

fn location(location: &Location) -> Value {
    json!({
        "path": location.path, "layerID": location.layer.as_deref(), "accessPath": location.access_path,
        "annotations": { "evidence": location.evidence.as_str() },
    })
}

fn source(source: &Source) -> Value {
    match source {
        Source::Image(image) => json!({
            "type": "image",
            "target": {
                "userInput": image.user_input, "imageID": image.image_id, "manifestDigest": image.manifest_digest,
                "mediaType": image.media_type, "tags": image.tags, "imageSize": image.size,
                "layers": image.layers.iter().map(|layer| json!({
                    "mediaType": layer.media_type, "digest": layer.digest, "size": layer.size,
                })).collect::<Vec<_>>(),
                "repoDigests": image.repo_digests, "architecture": image.architecture, "os": image.os,
                "labels": image.labels.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
            },
        }),
        Source::Directory { path } => json!({ "type": "directory", "target": path }),
        Source::Other { kind, name, .. } => json!({ "type": kind, "target": name }),
    }
}

fn distro(report: &Report<'_>) -> Value {
    let distro = report.sbom.distro.as_ref();
    json!({
        "name": distro.map(|distro| distro.id.as_str()).unwrap_or_default(),
        "version": distro.map(|distro| distro.version_id.as_str()).unwrap_or_default(),
        "idLike": distro.map(|distro| distro.id_like.clone()).unwrap_or_default(),
    })
}
