//! SARIF 2.1.0: a rule a vulnerability and package, a result a finding.

mod policy;

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use serde_sarif::sarif::{
    ArtifactLocation, Invocation, Location, LogicalLocation, Message, MultiformatMessageString, Notification,
    PhysicalLocation, PropertyBag, ReportingConfiguration, ReportingDescriptor, ResultLevel, Run, Sarif, Tool,
    ToolComponent,
};
use windlass_matching::{Finding, Severity};
use windlass_sbom::Package;

use crate::{
    Report,
    gaps::gaps,
    text::{self, printable},
};

pub(crate) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut rules: Vec<ReportingDescriptor> = Vec::new();
    let mut numbers: BTreeMap<String, i64> = BTreeMap::new();
    let mut results = Vec::new();
    for finding in &report.outcome.findings {
        let Some(package) = report.sbom.packages.get(finding.package) else { continue };
        let id = format!("{}-{}", finding.vulnerability.id, printable(&package.name));
        let number = *numbers.entry(id.clone()).or_insert_with(|| {
            rules.push(rule(&id, finding, package));
            i64::try_from(rules.len() - 1).unwrap_or(i64::MAX)
        });
        results.push(result(report, &id, number, finding, package));
    }
    if let Some(judgement) = report.policy {
        let first = rules.len();
        rules.extend(policy::rules(judgement));
        results.extend(policy::results(judgement, first));
    }
    let driver = ToolComponent::builder()
        .name("windlass")
        .version(report.document.tool_version.clone())
        .semantic_version(report.document.tool_version.clone())
        .rules(rules)
        .build();
    let invocation =
        Invocation::builder().execution_successful(true).tool_execution_notifications(notifications(report)).build();
    let run = Run::builder()
        .tool(Tool::builder().driver(driver).build())
        .invocations(vec![invocation])
        .results(results)
        .build();
    let sarif = Sarif::builder()
        .schema("https://json.schemastore.org/sarif-2.1.0.json")
        .version(serde_json::json!("2.1.0"))
        .runs(vec![run])
        .build();
    serde_json::to_writer_pretty(&mut *out, &sarif)?;
    writeln!(out)
}

fn rule(id: &str, finding: &Finding, package: &Package) -> ReportingDescriptor {
    let record = &finding.vulnerability;
    let title = format!(
        "{} {} vulnerability in {}",
        record.id,
        record.severity.as_str().to_lowercase(),
        printable(&package.name)
    );
    let fix = match text::fix(finding) {
        fix if fix.is_empty() => "none known".into(),
        fix => fix,
    };
    let help = format!(
        "Vulnerability {}\nSeverity: {}\nPackage: {}\nInstalled: {}\nFixed in: {fix}\nType: {}\nLink: {}",
        record.id,
        record.severity,
        printable(&package.name),
        printable(&package.version),
        package.kind,
        record.data_source
    );
    let description = if record.description.is_empty() { title.clone() } else { printable(&record.description) };
    let mut properties = BTreeMap::new();
    properties.insert("security-severity".to_owned(), serde_json::json!(format!("{:.1}", score(finding))));
    properties.insert("tags".to_owned(), serde_json::json!(["security", "vulnerability"]));
    let properties = PropertyBag::builder().additional_properties(properties).build();
    let text = |text: String| MultiformatMessageString::builder().text(text).build();
    let configuration = ReportingConfiguration::builder().level(level_name(record.severity)).build();
    let builder = ReportingDescriptor::builder()
        .id(id)
        .name("PackageVulnerability")
        .short_description(text(title))
        .full_description(text(description))
        .help(text(help))
        .default_configuration(configuration)
        .properties(properties);
    if record.data_source.starts_with("http") {
        builder.help_uri(record.data_source.clone()).build()
    } else {
        builder.build()
    }
}

fn result(
    report: &Report<'_>,
    id: &str,
    number: i64,
    finding: &Finding,
    package: &Package,
) -> serde_sarif::sarif::Result {
    let place = package.locations.first();
    let path = place.map_or("", |location| location.path.as_str());
    let layer = place.and_then(|location| location.layer.as_deref()).unwrap_or_default();
    let message = format!(
        "{} {} ({}) has {} ({}){}",
        printable(&package.name),
        printable(&package.version),
        package.kind,
        finding.vulnerability.id,
        finding.severity().as_str().to_lowercase(),
        finding.fix.suggested.as_ref().map(|version| format!("; fixed in {}", printable(version))).unwrap_or_default()
    );
    let logical = LogicalLocation::builder()
        .name(printable(path))
        .fully_qualified_name(printable(&format!("{}@{layer}:{path}", report.sbom.source.name())))
        .build();
    let physical =
        PhysicalLocation::builder().artifact_location(ArtifactLocation::builder().uri(uri(path)).build()).build();
    let location = Location::builder().physical_location(physical).logical_locations(vec![logical]).build();
    let fingerprint = format!("{}:{}", package.id, finding.vulnerability.id);
    serde_sarif::sarif::Result::builder()
        .rule_id(id)
        .rule_index(number)
        .level(level(finding.severity()))
        .message(Message::builder().text(message).build())
        .locations(vec![location])
        .partial_fingerprints(BTreeMap::from([("windlass/v1".to_owned(), fingerprint)]))
        .build()
}

/// Why the answer is incomplete: a consumer must not take the run for a complete one.
fn notifications(report: &Report<'_>) -> Vec<Notification> {
    let mut texts = gaps(report);
    if let Some(judgement) = report.policy {
        texts.extend(judgement.evaluation.problems.iter().map(|problem| printable(&problem.to_string())));
        texts.extend(judgement.warnings().iter().map(|warning| printable(&warning.to_string())));
        texts.push(judgement.sentence());
    }
    texts
        .into_iter()
        .map(|text| {
            let message = Message::builder().text(text).build();
            Notification::builder().message(message).level("warning").build()
        })
        .collect()
}

/// A path as a relative reference of RFC 3986.
fn uri(path: &str) -> String {
    use std::fmt::Write as _;
    path.trim_start_matches('/').bytes().fold(String::with_capacity(path.len()), |mut uri, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => uri.push(char::from(byte)),
            _ => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
        uri
    })
}

/// The CVSS score that the severity rests on, or what stands for the word.
fn score(finding: &Finding) -> f64 {
    let scores = finding.vulnerability.cvss.iter().map(|cvss| cvss.metrics.base);
    scores
        .fold(None, |highest: Option<f64>, score| Some(highest.map_or(score, |highest| highest.max(score))))
        .unwrap_or(match finding.severity() {
            Severity::Unknown | Severity::Negligible => 0.0,
            Severity::Low => 3.0,
            Severity::Medium => 5.5,
            Severity::High => 8.0,
            Severity::Critical => 9.5,
        })
}

fn level(severity: Severity) -> ResultLevel {
    match severity {
        Severity::Critical | Severity::High => ResultLevel::Error,
        Severity::Medium => ResultLevel::Warning,
        _ => ResultLevel::Note,
    }
}

/// The level as text, which is how the description of a rule has it.
fn level_name(severity: Severity) -> &'static str {
    match level(severity) {
        ResultLevel::Error => "error",
        ResultLevel::Warning => "warning",
        _ => "note",
    }
}
