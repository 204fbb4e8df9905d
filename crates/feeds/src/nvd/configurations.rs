//! Which products a CVE affects, on which platforms, in which versions (`spec/matching.md` §10, nvd).

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use windlass_advisories::{
    Available, CpeAttributes, CpeStatement, Fix, FixDetail, FixState, PackageBlob, Qualifiers, Range, Standing,
    VersionConstraint,
};
use windlass_sbom::Cpe;
use windlass_versions::Format;

use super::document::{Configuration, CpeMatch, Node, Operator};

/// Products whose versions are those of a Java runtime.
const JAVA_RUNTIMES: &[&str] = &["java_se", "jre", "jdk", "openjdk", "openj9", "zulu"];

/// What a product and its platforms have in common with another statement that they can be put together.
///
/// Platforms belong to the key: an affected product stays so on all platforms when another configuration restricts other
/// versions of it to one.
type Key = (CpeAttributes, Rc<[String]>);

/// Products times platforms of one configuration; the largest real ones stay below a hundredth of it.
const MAX_PAIRS: usize = 1_000_000;

/// One interval or version.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Bounds {
    constraint: String,
    /// The version that ends the interval, unless something else says that it is affected itself.
    fixed: String,
    /// When that version came out: day and kind.
    available: Option<(String, String)>,
}

/// All statements, ordered by product; `problem` is told of names that are no CPEs, `skip` of what cannot be expressed.
pub(super) fn statements(
    configurations: &[Configuration],
    problem: &mut dyn FnMut(&str),
    skip: &mut dyn FnMut(&str),
) -> Vec<CpeStatement> {
    let mut found: BTreeMap<Key, BTreeSet<Bounds>> = BTreeMap::new();
    for configuration in configurations {
        let all = configuration.operator == Some(Operator::And);
        let mut nodes = Vec::new();
        for node in &configuration.nodes {
            // Several products that must all be there cannot be said of one of them.
            if node.operator == Some(Operator::And) {
                skip("configuration of several products at once");
            } else {
                nodes.push(node);
            }
        }
        let platforms: Rc<[String]> = if all { platforms(&nodes, problem).into() } else { Rc::new([]) };
        let products = nodes.iter().map(|node| node.cpe_match.len()).sum::<usize>();
        if products.saturating_mul(platforms.len()) > MAX_PAIRS {
            problem(&format!("has a configuration of {products} criteria for {} platforms", platforms.len()));
            continue;
        }
        for criterion in nodes.iter().flat_map(|node| &node.cpe_match).filter(|criterion| criterion.vulnerable) {
            match criterion.criteria.parse::<Cpe>() {
                Ok(cpe) if matches!(cpe.part.as_str(), "a" | "h" | "o") => {
                    let bounds = bounds(criterion, &cpe);
                    found.entry((CpeAttributes::from(&cpe), Rc::clone(&platforms))).or_default().insert(bounds);
                }
                Ok(_) => skip("product that is neither application, system nor hardware"),
                Err(error) => problem(&error.to_string()),
            }
        }
    }
    found.into_iter().map(|((cpe, platforms), bounds)| statement(cpe, &platforms, bounds)).collect()
}

/// The products that a configuration wants without calling them vulnerable. One that any criterion of its node calls
/// vulnerable is not a platform in its other versions.
fn platforms(nodes: &[&Node], problem: &mut dyn FnMut(&str)) -> Vec<String> {
    let mut platforms = BTreeSet::new();
    for node in nodes {
        let parsed: Vec<(&CpeMatch, CpeAttributes)> = node
            .cpe_match
            .iter()
            .filter_map(|criterion| match criterion.criteria.parse::<Cpe>() {
                Ok(cpe) => Some((criterion, CpeAttributes::from(&cpe))),
                Err(error) if !criterion.vulnerable => {
                    problem(&error.to_string());
                    None
                }
                Err(_) => None,
            })
            .collect();
        let vulnerable: BTreeSet<&CpeAttributes> =
            parsed.iter().filter(|(criterion, _)| criterion.vulnerable).map(|(_, cpe)| cpe).collect();
        let wanted = parsed.iter().filter(|(criterion, cpe)| !criterion.vulnerable && !vulnerable.contains(cpe));
        platforms.extend(wanted.map(|(criterion, _)| criterion.criteria.clone()));
    }
    platforms.into_iter().collect()
}

fn bounds(criterion: &CpeMatch, cpe: &Cpe) -> Bounds {
    let mut units = Vec::new();
    let mut bound = |operator: &str, version: &str, otherwise: (&str, &str)| match (version, otherwise.1) {
        ("", "") => {}
        ("", version) => units.push(format!("{} {version}", otherwise.0)),
        (version, _) => units.push(format!("{operator} {version}")),
    };
    bound(">=", &criterion.version_start_including, (">", &criterion.version_start_excluding));
    bound("<", &criterion.version_end_excluding, ("<=", &criterion.version_end_including));
    if units.is_empty() && is_version(&cpe.version) {
        let update = if is_version(&cpe.update) { format!("-{}", cpe.update) } else { String::new() };
        units.push(format!("= {}{update}", cpe.version));
    }
    let affected = [&criterion.version_start_including, &criterion.version_end_including, &cpe.version];
    let end = &criterion.version_end_excluding;
    let fixed = if is_version(end) && !affected.contains(&end) { end.clone() } else { String::new() };
    let available = criterion.fix.as_ref().filter(|fix| !fixed.is_empty() && fix.version == fixed);
    Bounds { constraint: units.join(", "), fixed, available: available.map(|fix| (fix.date.clone(), fix.kind.clone())) }
}

fn is_version(version: &str) -> bool {
    !matches!(version, "" | "*" | "-")
}

fn statement(cpe: CpeAttributes, platforms: &[String], bounds: BTreeSet<Bounds>) -> CpeStatement {
    let format = format(&cpe);
    let ranges = bounds.into_iter().map(|bounds| Range {
        version: VersionConstraint { format: format.into(), constraint: bounds.constraint },
        fix: (!bounds.fixed.is_empty()).then(|| Fix {
            version: bounds.fixed,
            state: FixState::Fixed,
            detail: bounds
                .available
                .map(|(date, kind)| FixDetail { available: Some(Available { date, kind }), references: Vec::new() }),
        }),
    });
    let qualifiers = Qualifiers { platform_cpes: platforms.to_vec(), ..Qualifiers::default() };
    CpeStatement {
        standing: Standing::Affected,
        blob: PackageBlob {
            cves: Vec::new(),
            qualifiers: (qualifiers != Qualifiers::default()).then_some(qualifiers),
            ranges: ranges.collect(),
        },
        cpe,
    }
}

/// The format that the product's name or its target tells; empty where neither does, which is nearly everywhere.
fn format(cpe: &CpeAttributes) -> &'static str {
    if JAVA_RUNTIMES.contains(&cpe.product.to_ascii_lowercase().as_str()) {
        return Format::Jvm.as_str();
    }
    match Format::parse(&cpe.target_software) {
        Format::Fuzzy => "",
        format => format.as_str(),
    }
}
