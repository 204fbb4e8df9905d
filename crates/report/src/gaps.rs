//! Why an answer is incomplete, in the words that every format for people has.

use windlass_matching::{Coverage, GroupStanding};

use crate::{
    Report,
    text::{count, printable},
};

/// What keeps the answer from being complete, one sentence each; empty where it is complete.
pub(crate) fn gaps(report: &Report<'_>) -> Vec<String> {
    // By name, so that nothing that is added to it can be forgotten here.
    let Coverage { distribution, groups, unreadable, incomparable, failures } = &report.outcome.coverage;
    let mut gaps: Vec<String> = Vec::new();
    if groups.is_empty() {
        gaps.push("no package was found".to_owned());
    }
    if let Some(distribution) = distribution
        && distribution.is_past_end_of_life
    {
        let name = printable(&distribution.name);
        gaps.push(format!("{name} gets no security updates since {}", distribution.eol_date));
    }
    for group in groups {
        if let GroupStanding::Unknown(gap) = &group.standing {
            let packages = count(group.packages, &format!("{} package", group.kind.as_str()));
            let of = if group.examples.len() < group.packages { "such as " } else { "" };
            let (why, examples) = (printable(&gap.to_string()), printable(&group.examples.join(", ")));
            gaps.push(format!("{packages} not compared: {why} ({of}{examples})"));
        }
    }
    for unknown in unreadable {
        gaps.push(format!("{} could not be read: {}", printable(&unknown.path), printable(&unknown.reason)));
    }
    for error in incomparable {
        let (id, provider, reason) = (&error.vulnerability, &error.provider, printable(&error.reason));
        gaps.push(format!("{id} ({provider}) could not be compared: {reason}"));
    }
    for failure in failures {
        let name = report.sbom.packages.get(failure.package).map(|package| package.name.as_str()).unwrap_or_default();
        gaps.push(format!("{} could not be matched: {}", printable(name), printable(&failure.reason)));
    }
    gaps
}
