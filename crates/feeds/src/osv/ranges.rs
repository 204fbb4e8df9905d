//! Events and version lists as constraints.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use windlass_advisories::{Available, Fix, FixDetail, FixState, Range, VersionConstraint};
use windlass_versions::{Format, Version};

use super::document::{Affected, Event, FixDate, Interval};

/// What is needed beyond the events themselves.
pub(super) struct Context<'a> {
    /// The word for the version format.
    pub(super) format: &'a str,
    /// The day on which fixes were announced, if the document tells.
    pub(super) announced: Option<&'a str>,
}

/// The affected versions, one range for each interval. `None` if nothing says which: no usable range, no version list.
///
/// `skip` is told of what is there but cannot be used.
pub(super) fn affected(affected: &Affected, context: &Context<'_>, skip: &mut dyn FnMut(&str)) -> Option<Vec<Range>> {
    let mut ranges = Vec::new();
    let known_bound = affected.database_specific.last_known_affected_version_range.as_deref();
    for interval in usable(&affected.ranges, skip) {
        ranges.extend(intervals(interval, known_bound, context));
    }
    // Go module versions that cannot be told are said to be all of them; the project's own versions then say more.
    let custom = &affected.ecosystem_specific.custom_ranges;
    if !custom.is_empty() {
        let boundless = |range: &Range| range.version.constraint.is_empty();
        if ranges.iter().all(boundless) {
            ranges.clear();
        }
        for interval in usable(custom, skip) {
            ranges.extend(intervals(interval, None, context));
        }
    }
    if ranges.is_empty() {
        let versions = affected.versions.iter().map(|version| version.trim()).filter(|version| !version.is_empty());
        ranges.extend(versions.map(|version| range(format!("= {version}"), None, context)));
    }
    deduplicate(&mut ranges);
    (!ranges.is_empty()).then_some(ranges)
}

/// The versions that an update makes good: each fixed version and all after it (`spec/matching.md` §10, osv).
pub(super) fn resolved(affected: &Affected, context: &Context<'_>, skip: &mut dyn FnMut(&str)) -> Option<Vec<Range>> {
    let mut ranges = Vec::new();
    for interval in usable(&affected.ranges, skip) {
        let dates = dates(interval);
        let versions = interval.events.iter().filter_map(|event| event.fixed.as_deref());
        for fixed in versions.map(str::trim).filter(|version| !version.is_empty()) {
            ranges.push(range(format!(">= {fixed}"), Some(fix(fixed, &dates, context)), context));
        }
    }
    deduplicate(&mut ranges);
    (!ranges.is_empty()).then_some(ranges)
}

/// Removes equal ranges, keeping the first of each.
pub(super) fn deduplicate(ranges: &mut Vec<Range>) {
    if ranges.len() > 1 {
        let mut seen = HashSet::with_capacity(ranges.len());
        ranges.retain(|range| seen.insert(range.clone()));
    }
}

fn usable<'a>(intervals: &'a [Interval], skip: &mut dyn FnMut(&str)) -> Vec<&'a Interval> {
    let mut usable = Vec::new();
    for interval in intervals {
        match interval.kind.as_str() {
            "GIT" => skip("range of commits"),
            _ if interval.events.is_empty() => skip("range without events"),
            _ => usable.push(interval),
        }
    }
    usable
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Edge {
    Introduced,
    LastAffected,
    Fixed,
    Limit,
}

/// Pairs of events as intervals.
fn intervals(interval: &Interval, known_bound: Option<&str>, context: &Context<'_>) -> Vec<Range> {
    let mut ranges = Vec::new();
    let dates = dates(interval);
    let edges = in_order(&interval.events, context.format);
    // Against the schema, but plain: affected from the beginning.
    let mut lower = (!edges.iter().any(|(edge, _)| *edge == Edge::Introduced)).then_some("0");
    for (edge, version) in edges {
        let upper = match (edge, lower) {
            (Edge::Introduced, None) => {
                lower = Some(version);
                continue;
            }
            // A second last affected version is one more version that someone listed.
            (Edge::LastAffected, None) => {
                ranges.push(range(format!("= {version}"), None, context));
                continue;
            }
            // Introduced where it is already; fixed in one more line of releases, of which no affected versions are given.
            (Edge::Introduced, Some(_)) | (Edge::Fixed | Edge::Limit, None) => continue,
            (Edge::Limit, Some(_)) if version == "*" => continue,
            (Edge::LastAffected, Some(_)) => format!("<= {version}"),
            (Edge::Fixed | Edge::Limit, Some(_)) => format!("< {version}"),
        };
        let fixed = (edge == Edge::Fixed).then(|| fix(version, &dates, context));
        ranges.push(range(bounded(lower.take(), Some(&upper)), fixed, context));
    }
    if lower.is_some() {
        let bound = known_bound.map(str::trim).filter(|bound| is_upper_bound(bound));
        ranges.push(range(bounded(lower, bound), None, context));
    }
    ranges
}

/// The events by version, as the schema's evaluation rule wants them. Publishers write them in order, with few
/// exceptions; those are sorted, unless a version is not one of the format, where the publisher's order is all there is.
fn in_order<'a>(events: &'a [Event], format: &str) -> Vec<(Edge, &'a str)> {
    let mut edges: Vec<(Edge, &str)> = Vec::with_capacity(events.len());
    for event in events {
        for (edge, version) in [
            (Edge::Introduced, &event.introduced),
            (Edge::LastAffected, &event.last_affected),
            (Edge::Fixed, &event.fixed),
            (Edge::Limit, &event.limit),
        ] {
            if let Some(version) = version.as_deref().map(str::trim).filter(|version| !version.is_empty()) {
                edges.push((edge, version));
            }
        }
    }
    let alternating =
        edges.iter().enumerate().all(|(index, (edge, _))| (index % 2 == 0) == (*edge == Edge::Introduced));
    if !alternating {
        let format = Format::parse(format);
        let parsed: Option<Vec<_>> = edges
            .iter()
            .map(|&(edge, version)| {
                // From the beginning, and without end, whatever the format thinks of the text.
                let position = match (edge, version) {
                    (Edge::Introduced, version) if is_beginning(version) => Position::First,
                    (Edge::Limit, "*") => Position::Last,
                    _ => Position::At(Version::parse(version, format).ok()?),
                };
                Some((position, edge, version))
            })
            .collect();
        if let Some(mut parsed) = parsed {
            parsed.sort_by(|left, right| left.0.compare(&right.0).then(left.1.cmp(&right.1)));
            return parsed.into_iter().map(|(_, edge, version)| (edge, version)).collect();
        }
    }
    edges
}

enum Position {
    First,
    At(Version),
    Last,
}

impl Position {
    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::At(left), Self::At(right)) => left.compare(right).unwrap_or(Ordering::Equal),
            _ => self.rank().cmp(&other.rank()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::First => 0,
            Self::At(_) => 1,
            Self::Last => 2,
        }
    }
}

/// `0` by the schema; RustSec writes the lowest SemVer there is.
fn is_beginning(version: &str) -> bool {
    matches!(version, "0" | "0.0.0-0")
}

fn is_upper_bound(text: &str) -> bool {
    text.strip_prefix('<').is_some_and(|rest| {
        let version = rest.strip_prefix('=').unwrap_or(rest).trim();
        !version.is_empty() && !version.contains([',', '<', '>', '=', '|'])
    })
}

fn bounded(lower: Option<&str>, upper: Option<&str>) -> String {
    let lower = lower.filter(|version| !is_beginning(version)).map(|version| format!(">= {version}"));
    lower.into_iter().chain(upper.map(str::to_owned)).collect::<Vec<_>>().join(", ")
}

fn range(constraint: String, fixed: Option<Fix>, context: &Context<'_>) -> Range {
    let fix = fixed.unwrap_or(Fix { state: FixState::NotFixed, ..Fix::default() });
    Range { version: VersionConstraint { format: context.format.into(), constraint }, fix: Some(fix) }
}

/// When fixes came out, by version, where a collector has noted it.
fn dates(interval: &Interval) -> HashMap<&str, &FixDate> {
    interval.database_specific.anchore.fixes.iter().map(|fix| (fix.version.as_str(), fix)).collect()
}

fn fix(version: &str, dates: &HashMap<&str, &FixDate>, context: &Context<'_>) -> Fix {
    let available = match (dates.get(version), context.announced) {
        (Some(fix), _) => Some(Available { date: fix.date.clone(), kind: fix.kind.clone() }),
        (None, Some(day)) => Some(Available { date: day.into(), kind: "advisory".into() }),
        (None, None) => None,
    };
    Fix {
        version: version.into(),
        state: FixState::Fixed,
        detail: available.map(|available| FixDetail { available: Some(available), references: Vec::new() }),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::needless_pass_by_value, reason = "builders take `json!` values as they come")]

    use serde_json::json;

    use super::*;

    fn read(format: &str, entry: serde_json::Value) -> Vec<String> {
        let entry: Affected = serde_json::from_value(entry).unwrap();
        let context = Context { format, announced: None };
        affected(&entry, &context, &mut |_| {}).unwrap_or_default().iter().map(shown).collect()
    }

    fn shown(range: &Range) -> String {
        let fix = range.fix.as_ref().unwrap();
        match fix.state {
            FixState::Fixed => format!("{} fixed {}", range.version.constraint, fix.version),
            state => format!("{} {}", range.version.constraint, state.as_str()),
        }
    }

    fn events(format: &str, events: serde_json::Value) -> Vec<String> {
        read(format, json!({"ranges": [{"type": "ECOSYSTEM", "events": events}]}))
    }

    #[test]
    fn pairs_of_events_are_ranges() {
        assert_eq!(
            events(
                "semver",
                json!([{"introduced": "0"}, {"fixed": "1.2.0"}, {"introduced": "2.0.0"}, {"last_affected": "2.3.0"}])
            ),
            ["< 1.2.0 fixed 1.2.0", ">= 2.0.0, <= 2.3.0 not-fixed"]
        );
        assert_eq!(events("semver", json!([{"introduced": "3.0.0"}])), [">= 3.0.0 not-fixed"]);
        assert_eq!(events("semver", json!([{"introduced": "0"}])), [" not-fixed"]);
        assert_eq!(events("semver", json!([{"introduced": "0.0.0-0"}, {"fixed": "0.9.0"}])), ["< 0.9.0 fixed 0.9.0"]);
        assert_eq!(
            events("semver", json!([{"introduced": "1.0.0", "fixed": "1.5.0"}])),
            [">= 1.0.0, < 1.5.0 fixed 1.5.0"]
        );
    }

    #[test]
    fn events_out_of_order_are_sorted_by_the_format() {
        assert_eq!(
            events(
                "semver",
                json!([{"fixed": "10.0.0"}, {"introduced": "9.0.0"}, {"fixed": "2.0.0"}, {"introduced": "0"}])
            ),
            ["< 2.0.0 fixed 2.0.0", ">= 9.0.0, < 10.0.0 fixed 10.0.0"]
        );
        // The same version closes one interval and opens the next in the order of the schema.
        assert_eq!(
            events("python", json!([{"introduced": "2.0"}, {"introduced": "0"}, {"fixed": "1.5"}])),
            ["< 1.5 fixed 1.5", ">= 2.0 not-fixed"]
        );
    }

    #[test]
    fn further_last_affected_versions_are_versions_and_further_fixes_are_nothing() {
        assert_eq!(
            events("python", json!([{"introduced": "0"}, {"last_affected": "2.5.1"}, {"last_affected": "2.5"}])),
            ["<= 2.5 not-fixed", "= 2.5.1 not-fixed"]
        );
        assert_eq!(
            events("python", json!([{"introduced": "5.0"}, {"fixed": "5.0.12"}, {"fixed": "5.0.46"}])),
            [">= 5.0, < 5.0.12 fixed 5.0.12"]
        );
    }

    #[test]
    fn a_range_without_an_introduction_begins_with_the_first_version() {
        assert_eq!(events("semver", json!([{"fixed": "1.0.0"}])), ["< 1.0.0 fixed 1.0.0"]);
    }

    #[test]
    fn a_limit_ends_a_range_without_fixing_it() {
        assert_eq!(
            events("semver", json!([{"introduced": "1.0.0"}, {"limit": "2.0.0"}])),
            [">= 1.0.0, < 2.0.0 not-fixed"]
        );
        assert_eq!(events("semver", json!([{"introduced": "1.0.0"}, {"limit": "*"}])), [">= 1.0.0 not-fixed"]);
    }

    #[test]
    fn githubs_upper_bound_closes_an_open_range() {
        let bounded = |bound: &str| {
            read(
                "maven",
                json!({
                    "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "1.0"}]}],
                    "database_specific": {"last_known_affected_version_range": bound},
                }),
            )
        };
        assert_eq!(bounded("<= 1.4.2"), [">= 1.0, <= 1.4.2 not-fixed"]);
        assert_eq!(bounded("< 2"), [">= 1.0, < 2 not-fixed"]);
        assert_eq!(bounded("unknown"), [">= 1.0 not-fixed"]);
    }

    #[test]
    fn listed_versions_count_where_no_range_does() {
        let mut skipped = Vec::new();
        let entry: Affected = serde_json::from_value(json!({
            "ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}, {"type": "SEMVER", "events": []}],
            "versions": ["1.0.8", "1.0.8", "1.0.9"],
        }))
        .unwrap();
        let context = Context { format: "semver", announced: None };
        let ranges = affected(&entry, &context, &mut |kind| skipped.push(kind.to_owned())).unwrap();
        assert_eq!(ranges.iter().map(shown).collect::<Vec<_>>(), ["= 1.0.8 not-fixed", "= 1.0.9 not-fixed"]);
        assert_eq!(skipped, ["range of commits", "range without events"]);
        assert_eq!(read("semver", json!({})), Vec::<String>::new());
    }

    #[test]
    fn a_go_projects_own_versions_replace_all_module_versions_and_join_some() {
        let custom = json!([{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.9.0"}]}]);
        let with = |events: serde_json::Value| {
            let ranges = json!([{"type": "SEMVER", "events": events}]);
            read("go", json!({"ranges": ranges, "ecosystem_specific": {"custom_ranges": custom}}))
        };
        assert_eq!(with(json!([{"introduced": "0"}])), ["< 1.9.0 fixed 1.9.0"]);
        assert_eq!(
            with(json!([{"introduced": "0"}, {"fixed": "0.5.0"}])),
            ["< 0.5.0 fixed 0.5.0", "< 1.9.0 fixed 1.9.0"]
        );
    }

    #[test]
    fn the_date_of_a_fix_is_the_observed_one_or_that_of_the_advisory() {
        let entry: Affected = serde_json::from_value(json!({"ranges": [{
            "type": "SEMVER",
            "events": [{"introduced": "0"}, {"fixed": "1.0.0"}, {"introduced": "2.0.0"}, {"fixed": "2.1.0"}],
            "database_specific": {"anchore": {"fixes": [{"version": "2.1.0", "date": "2024-01-02", "kind": "release"}]}},
        }]}))
        .unwrap();
        let context = Context { format: "semver", announced: Some("2024-05-06") };
        let ranges = affected(&entry, &context, &mut |_| {}).unwrap();
        let dates: Vec<_> = ranges
            .iter()
            .map(|range| range.fix.as_ref().unwrap().detail.as_ref().unwrap().available.clone().unwrap())
            .map(|available| (available.date, available.kind))
            .collect();
        let pair = |date: &str, kind: &str| (date.to_owned(), kind.to_owned());
        assert_eq!(dates, [pair("2024-05-06", "advisory"), pair("2024-01-02", "release")]);
    }
}
