//! `JUnit` XML: a suite a package type, a failed case a finding. A scan without findings is one passed case.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use quick_junit::{NonSuccessKind, Report as JunitReport, TestCase, TestCaseStatus, TestSuite};
use windlass_matching::Severity;

use windlass_policy::Action;

use crate::{
    Judgement, Report,
    gaps::gaps,
    policy::{allowance, rule_name},
    text::{self, printable},
    verdict,
};

pub(crate) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut document = JunitReport::new(format!("windlass scan {}", printable(report.sbom.source.name())));
    let mut suites: BTreeMap<&str, Vec<TestCase>> = BTreeMap::new();
    for finding in &report.outcome.findings {
        let Some(package) = report.sbom.packages.get(finding.package) else { continue };
        let fails = finding.severity() >= report.fail_on.unwrap_or(Severity::Unknown);
        let name = format!("{} {}: {}", package.name, package.version, finding.vulnerability.id);
        let message = match text::fix(finding) {
            fix if fix.is_empty() => format!("{} severity, no fix", finding.severity()),
            fix => format!("{} severity, fixed in {fix}", finding.severity()),
        };
        let mut case = TestCase::new(
            printable(&name),
            if fails { TestCaseStatus::non_success(NonSuccessKind::Failure) } else { TestCaseStatus::success() },
        );
        case.set_classname(printable(&package.name));
        if fails {
            case.status.set_message(message).set_type(finding.severity().as_str());
            case.status.set_description(printable(&finding.vulnerability.description));
        }
        suites.entry(package.kind.as_str()).or_default().push(case);
    }
    let gaps = gaps(report);
    if !gaps.is_empty() {
        let mut case = TestCase::new("every package was compared", TestCaseStatus::skipped());
        case.status.set_message("not everything could be compared").set_description(gaps.join("\n"));
        suites.entry("coverage").or_default().push(case);
    }
    if let Some(judgement) = report.policy {
        suites.insert("policy", policy_cases(judgement));
    }
    if suites.is_empty() {
        suites.insert(
            "windlass",
            vec![TestCase::new(verdict::sentence(report.outcome, report.fail_on), TestCaseStatus::success())],
        );
    }
    for (name, cases) in suites {
        let mut suite = TestSuite::new(name);
        suite.add_test_cases(cases);
        document.add_test_suite(suite);
    }
    document.serialize(out).map_err(io::Error::other)
}

/// A case a finding, one a problem, and one for the verdict.
fn policy_cases(judgement: &Judgement<'_>) -> Vec<TestCase> {
    let failed = || TestCaseStatus::non_success(NonSuccessKind::Failure);
    let mut cases = Vec::new();
    for (policy, row) in judgement.rows() {
        let status = match row.action {
            _ if row.allowed.is_some() => TestCaseStatus::skipped(),
            Action::Stop => failed(),
            Action::Warn | Action::Go => TestCaseStatus::success(),
        };
        let class = format!("{}/{}", row.rule.gate.name, row.rule.trigger.name);
        let mut case = TestCase::new(printable(&format!("{class}: {}", row.trigger_id)), status);
        case.set_classname(class);
        match allowance(row) {
            Some(allowance) => {
                case.status.set_message(allowance);
            }
            None if row.action == Action::Stop => {
                case.status.set_type(row.action.as_str()).set_message(printable(&row.message));
                case.status.set_description(rule_name(policy, row));
            }
            None => {}
        }
        cases.push(case);
    }
    for problem in &judgement.evaluation.problems {
        let mut case = TestCase::new(problem.problem_type, TestCaseStatus::non_success(NonSuccessKind::Error));
        case.status.set_message(printable(&problem.to_string()));
        cases.push(case);
    }
    for warning in judgement.warnings() {
        let mut case = TestCase::new(warning.code, TestCaseStatus::skipped());
        case.status.set_message(printable(&warning.to_string()));
        cases.push(case);
    }
    let status = if judgement.is_stopped() { failed() } else { TestCaseStatus::success() };
    cases.push(TestCase::new(judgement.sentence(), status));
    cases
}
