//! What a document says of each package.

use std::collections::{HashMap, HashSet};

use windlass_advisories::{
    Fix, FixState, GoImport, OperatingSystem, PackageBlob, PackageStatement, Qualifiers, Range, Standing,
    VersionConstraint,
};

use super::document::{Affected, Document, Package};
use super::ecosystems::{self, Target};
use super::publishers::{Kind, Publisher};
use super::ranges::{self, Context};
use crate::time;

/// All statements, those about the same package put together. `skip` is told of everything that is left out.
pub(super) fn of(document: &Document, publisher: &Publisher, skip: &mut dyn FnMut(&str)) -> Vec<PackageStatement> {
    let announced = match publisher.kind {
        Kind::Mirror => None,
        _ => document.published.as_deref().and_then(time::day),
    };
    let stream = stream(&document.summary);
    let mut statements = Vec::new();
    let mut subscriptions = Vec::new();
    for affected in &document.affected {
        let Some(package) = &affected.package else {
            skip("affected entry without a package");
            continue;
        };
        let target = match ecosystems::resolve(&package.ecosystem) {
            Ok(target) => target,
            Err(kind) => {
                skip(&kind);
                continue;
            }
        };
        let name = ecosystems::package_name(target.package_type, &package.name);
        if name.is_empty() {
            skip("affected entry without a package");
            continue;
        }
        let context = Context { format: target.format, announced: announced.as_deref() };
        let (standing, ranges) = match publisher.kind {
            Kind::Resolution => (Standing::Unaffected, ranges::resolved(affected, &context, skip)),
            _ => (Standing::Affected, ranges::affected(affected, &context, skip)),
        };
        let Some(ranges) = ranges else {
            skip("affected entry that names no versions");
            continue;
        };
        let statement = PackageStatement {
            standing,
            ecosystem: target.package_type.into(),
            name,
            blob: PackageBlob {
                cves: affected.database_specific.cves_map.cves.iter().map(|cve| cve.id.clone()).collect(),
                qualifiers: qualifiers(stream, affected, package, publisher, &target),
                ranges,
            },
            operating_system: target.release,
        };
        if target.subscription {
            subscriptions.push((statement, affected));
        } else {
            statements.push(statement);
        }
    }
    add_subscriptions(&mut statements, subscriptions, publisher);
    merge(statements)
}

/// Ubuntu Pro: only its fixes are statements of its own. Where a document speaks of Pro alone, it has left out the plain
/// release because nothing will come there any more (`spec/matching.md` §12.2, Ubuntu).
fn add_subscriptions(
    statements: &mut Vec<PackageStatement>,
    subscriptions: Vec<(PackageStatement, &Affected)>,
    publisher: &Publisher,
) {
    let plain = |system: &Option<OperatingSystem>| {
        system.clone().map(|system| OperatingSystem { channel: String::new(), ..system })
    };
    let spoken_of: HashSet<(String, Option<OperatingSystem>)> =
        statements.iter().map(|known| (known.name.clone(), known.operating_system.clone())).collect();
    for (statement, affected) in subscriptions {
        let fixed = statement.blob.ranges.iter().any(|range| state(range) == FixState::Fixed);
        let base = plain(&statement.operating_system);
        if publisher.kind == Kind::Mirror && !spoken_of.contains(&(statement.name.clone(), base.clone())) {
            let free = affected.ecosystem_specific.availability.as_deref() == Some("No subscription required");
            let mut unsubscribed = statement.clone();
            unsubscribed.operating_system = base;
            if !free {
                let state = if fixed { FixState::WontFix } else { FixState::NotFixed };
                for range in &mut unsubscribed.blob.ranges {
                    let format = std::mem::take(&mut range.version.format);
                    range.version = VersionConstraint { format, constraint: String::new() };
                    range.fix = Some(Fix { state, ..Fix::default() });
                }
                ranges::deduplicate(&mut unsubscribed.blob.ranges);
            }
            statements.push(unsubscribed);
        }
        if fixed {
            statements.push(statement);
        }
    }
}

fn state(range: &Range) -> FixState {
    range.fix.as_ref().map_or(FixState::Unknown, |fix| fix.state)
}

fn qualifiers(
    stream: Option<&str>,
    affected: &Affected,
    package: &Package,
    publisher: &Publisher,
    target: &Target,
) -> Option<Qualifiers> {
    let mut qualifiers = Qualifiers::default();
    if target.package_type == "rpm" {
        qualifiers.rpm_modularity = module(stream, affected);
    }
    if publisher.provider == crate::provider::CHAINGUARD {
        architecture(&package.purl).unwrap_or_default().clone_into(&mut qualifiers.architecture);
    }
    qualifiers.go_imports = affected
        .ecosystem_specific
        .imports
        .iter()
        .filter(|import| !import.path.is_empty())
        .map(|import| GoImport { path: import.path.clone(), symbols: import.symbols.clone() })
        .collect();
    (qualifiers != Qualifiers::default()).then_some(qualifiers)
}

/// The module that a package's build belongs to: `nodejs:16`; empty if to none; `None` if it cannot be told.
///
/// Releases of modular builds name their platform (`….module_el8.6.0+2880+7d9e3703`), the summary names the stream. The
/// release decides, because newer summaries also write `pam:1.5.1` for a plain package and its version.
fn module(stream: Option<&str>, affected: &Affected) -> Option<String> {
    if let Some(module) = &affected.ecosystem_specific.rpm_modularity {
        return Some(module.clone());
    }
    let events = affected.ranges.iter().flat_map(|range| &range.events);
    let modular = events.filter_map(|event| event.fixed.as_deref()).any(|fixed| fixed.contains(".module"));
    if modular { stream.map(str::to_owned) } else { Some(String::new()) }
}

/// `nodejs:16` of "Important: nodejs:16 security update".
fn stream(summary: &str) -> Option<&str> {
    /// Names and streams are words; every package of an update gets a copy.
    const LONGEST: usize = 200;
    let is_stream = |word: &&str| {
        let parts = word.split_once(':');
        word.len() <= LONGEST && parts.is_some_and(|(name, stream)| !name.is_empty() && !stream.is_empty())
    };
    summary.split_whitespace().find(is_stream)
}

/// `arch` of a package URL, except for sources, which are what every record of a source package speaks of.
fn architecture(purl: &str) -> Option<&str> {
    let (_, parameters) = purl.split_once('?')?;
    let parameters = parameters.split('#').next().unwrap_or_default();
    let value = parameters.split('&').find_map(|parameter| parameter.strip_prefix("arch="))?;
    (value != "source").then_some(value)
}

/// Puts statements together that differ in their ranges only, in the order of the first of each.
fn merge(statements: Vec<PackageStatement>) -> Vec<PackageStatement> {
    let mut merged: Vec<PackageStatement> = Vec::with_capacity(statements.len());
    let mut places: HashMap<Subject, usize> = HashMap::with_capacity(statements.len());
    for statement in statements {
        let place = *places.entry(Subject::of(&statement)).or_insert(merged.len());
        match merged.get_mut(place) {
            Some(known) => {
                known.blob.ranges.extend(statement.blob.ranges);
                known.blob.cves.extend(statement.blob.cves);
            }
            None => merged.push(statement),
        }
    }
    for statement in &mut merged {
        ranges::deduplicate(&mut statement.blob.ranges);
        let mut seen = HashSet::new();
        statement.blob.cves.retain(|cve| cve.starts_with("CVE-") && seen.insert(cve.clone()));
    }
    merged
}

/// What a statement is about.
#[derive(PartialEq, Eq, Hash)]
struct Subject {
    standing: Standing,
    ecosystem: String,
    name: String,
    operating_system: Option<OperatingSystem>,
    qualifiers: Option<Qualifiers>,
}

impl Subject {
    fn of(statement: &PackageStatement) -> Self {
        Self {
            standing: statement.standing,
            ecosystem: statement.ecosystem.clone(),
            name: statement.name.clone(),
            operating_system: statement.operating_system.clone(),
            qualifiers: statement.blob.qualifiers.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_architecture_is_read_from_a_package_url() {
        assert_eq!(architecture("pkg:apk/wolfi/x?arch=x86_64&distro=wolfi"), Some("x86_64"));
        assert_eq!(architecture("pkg:deb/debian/x?arch=source"), None);
        assert_eq!(architecture("pkg:npm/x"), None);
    }
}
