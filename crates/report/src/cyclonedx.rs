//! CycloneDX 1.6: the bill of materials with `vulnerabilities` that point into it.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use serde_json::{Value, json};
use windlass_matching::{Cvss, Finding, Severity};
use windlass_sbom::formats::cyclonedx::{Bom, bom_ref};

use crate::{Judgement, Report, gaps::gaps};

pub(crate) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let bom = Bom::new(report.sbom, report.document).with_vulnerabilities(vulnerabilities(report));
    let mut properties = coverage(report);
    properties.extend(report.policy.into_iter().flat_map(policy));
    bom.with_properties(properties).write(out)
}

/// What the answer is worth: the format has no place for it.
fn coverage(report: &Report<'_>) -> Vec<(&'static str, String)> {
    let complete = report.outcome.coverage.is_complete().to_string();
    let gaps = gaps(report).into_iter().map(|gap| ("windlass:coverage:gap", gap));
    [("windlass:coverage:complete", complete)].into_iter().chain(gaps).collect()
}

/// What a policy bundle says of the whole.
fn policy(judgement: &Judgement<'_>) -> Vec<(&'static str, String)> {
    let (bundle, evaluation) = (judgement.bundle.bundle(), judgement.evaluation);
    let mut properties = vec![
        ("windlass:policy:bundle", bundle.id().to_owned()),
        ("windlass:policy:profile", judgement.bundle.profile().as_str().to_owned()),
        ("windlass:policy:tag", judgement.tag.to_owned()),
        ("windlass:policy:verdict", evaluation.final_action.as_str().to_owned()),
        ("windlass:policy:text", judgement.sentence()),
    ];
    properties.extend(evaluation.problems.iter().map(|problem| ("windlass:policy:problem", problem.to_string())));
    properties.extend(judgement.warnings().iter().map(|warning| ("windlass:policy:warning", warning.to_string())));
    properties
}

/// One member a vulnerability, which lists every package it affects.
fn vulnerabilities(report: &Report<'_>) -> Vec<Value> {
    let mut grouped: BTreeMap<(&str, &str), Vec<&Finding>> = BTreeMap::new();
    for finding in &report.outcome.findings {
        let vulnerability = &finding.vulnerability;
        grouped.entry((&vulnerability.id, &vulnerability.namespace)).or_default().push(finding);
    }
    grouped.into_values().map(|findings| vulnerability(report, &findings)).collect()
}

fn vulnerability(report: &Report<'_>, findings: &[&Finding]) -> Value {
    let record = &findings[0].vulnerability;
    let affects: Vec<Value> = findings
        .iter()
        .filter_map(|finding| {
            let package = report.sbom.packages.get(finding.package)?;
            Some(json!({ "ref": bom_ref(package), "versions": [{ "version": package.version, "status": "affected" }] }))
        })
        .collect();
    let mut ratings: Vec<Value> = record.cvss.iter().map(rating).collect();
    if ratings.is_empty() {
        ratings.push(json!({ "severity": severity(record.severity) }));
    }
    let mut member = json!({
        "bom-ref": format!("vulnerability:{}:{}", record.namespace, record.id),
        "id": record.id,
        "source": { "name": record.provider, "url": record.data_source },
        "references": references(findings),
        "ratings": ratings,
        "cwes": cwes(findings[0]),
        "description": record.description,
        "recommendation": recommendation(findings),
        "advisories": record.urls.iter().map(|url| json!({ "url": url })).collect::<Vec<_>>(),
        "published": record.published,
        "updated": record.modified,
        "affects": affects,
        "properties": properties(findings[0]),
    });
    if let Value::Object(members) = &mut member {
        members.retain(|_, value| !is_empty(value));
    }
    member
}

fn rating(cvss: &Cvss) -> Value {
    let method = match cvss.version.as_str() {
        "2.0" => "CVSSv2",
        "3.0" => "CVSSv3",
        "3.1" => "CVSSv31",
        "4.0" => "CVSSv4",
        _ => "other",
    };
    json!({
        "source": { "name": cvss.source },
        "score": cvss.metrics.base,
        "severity": severity(Severity::of_score(cvss.metrics.base, &cvss.version)),
        "method": method,
        "vector": cvss.vector,
    })
}

/// CycloneDX knows `info` and `none` where we say negligible.
fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Unknown => "unknown",
        Severity::Negligible => "info",
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}

fn references(findings: &[&Finding]) -> Vec<Value> {
    let related = findings[0].related.iter();
    related
        .map(|record| json!({ "id": record.id, "source": { "name": record.provider, "url": record.data_source } }))
        .collect()
}

/// Numbers of `CWE-79` names; classes without a number are left out.
fn cwes(finding: &Finding) -> Vec<u32> {
    let mut numbers: Vec<u32> = finding
        .vulnerability
        .cwes
        .iter()
        .filter_map(|weakness| weakness.cwe.strip_prefix("CWE-")?.parse().ok())
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

fn recommendation(findings: &[&Finding]) -> String {
    let mut versions: Vec<&str> = findings.iter().filter_map(|finding| finding.fix.suggested.as_deref()).collect();
    versions.sort_unstable();
    versions.dedup();
    if versions.is_empty() { String::new() } else { format!("Upgrade to {}", versions.join(" or ")) }
}

fn properties(finding: &Finding) -> Vec<Value> {
    let mut properties = vec![json!({ "name": "windlass:risk", "value": format!("{:.1}", finding.risk) })];
    for score in &finding.vulnerability.epss {
        properties.push(json!({ "name": "windlass:epss", "value": format!("{} {}", score.cve, score.epss) }));
    }
    for entry in &finding.vulnerability.known_exploited {
        properties
            .push(json!({ "name": "windlass:kev", "value": format!("{} since {}", entry.cve, entry.date_added) }));
    }
    properties
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(members) => members.is_empty(),
        _ => false,
    }
}
