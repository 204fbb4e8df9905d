//! Statements applied to findings.

use std::collections::{BTreeSet, HashMap};

use windlass_sbom::Sbom;

use super::{
    Statement, VexDocument, VexStatus,
    product::{Artifact, concerns},
};
use crate::{
    Finding, FoundBy, IgnoreRule, IgnoredFinding, MatchDetail, MatchKind, Options, SearchKey, SearchedBy,
    ignore::Compiled,
};

/// A statement that applies to nothing in the artifact: perhaps meant for another one, perhaps misspelt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnmatchedStatement {
    /// Id of the document.
    pub document: String,
    pub vulnerability: String,
    pub status: VexStatus,
    /// What it names as products, the parts it is limited to included.
    pub products: Vec<String>,
    /// The most similar name that would have matched, where the vulnerability was found. Only the first
    /// 500 statements that match nothing have one: a vendor's collection is not meant for one image.
    pub nearest: Option<String>,
}

/// How many statements without effect are compared with everything they might have meant.
const NEAREST: usize = 500;

/// By document and place in it.
type Place = (usize, usize);

struct Statements<'a> {
    documents: &'a [VexDocument],
    by_name: HashMap<String, Vec<Place>>,
    used: BTreeSet<Place>,
}

/// Takes out what is said not to be affected, brings back what is said to be, and reports statements without effect.
pub(crate) fn apply(
    kept: Vec<Finding>,
    ignored: Vec<IgnoredFinding>,
    rules: &[Compiled],
    sbom: &Sbom,
    options: &Options,
) -> (Vec<Finding>, Vec<IgnoredFinding>, Vec<UnmatchedStatement>) {
    if options.vex.is_empty() {
        return (kept, ignored, Vec::new());
    }
    let artifact = Artifact::of(&sbom.source);
    let mut statements = Statements::new(&options.vex);
    let (mut findings, mut out) = (Vec::new(), Vec::new());
    let mut seen: Vec<(Vec<String>, usize)> = Vec::new();
    let mut remember = |finding: &Finding| {
        seen.push((finding.names().map(str::to_ascii_uppercase).collect(), finding.package));
    };
    for finding in kept {
        remember(&finding);
        let newest = statements.newest(&finding, &artifact, sbom);
        match newest.filter(|(_, said)| matches!(said.status, VexStatus::NotAffected | VexStatus::Fixed)) {
            Some((_, said)) if is_wanted(said, &finding, rules, sbom, options) => {
                out.push(IgnoredFinding { reasons: vec![reason(said)], finding });
            }
            _ => findings.push(finding),
        }
    }
    for mut hidden in ignored {
        remember(&hidden.finding);
        let newest = statements.newest(&hidden.finding, &artifact, sbom);
        let is_back = newest.is_some_and(|(_, said)| {
            matches!(said.status, VexStatus::Affected | VexStatus::UnderInvestigation)
                && (options.vex_add.contains(&said.status)
                    || rules.iter().any(|rule| agrees(rule, said, &hidden.finding, sbom)))
        });
        match newest.filter(|_| is_back) {
            Some((matcher, said)) => {
                let detail = detail(matcher, said, &hidden.finding, sbom);
                hidden.finding.details.push(detail);
                hidden.finding.details.sort();
                findings.push(hidden.finding);
            }
            None => out.push(hidden),
        }
    }
    let unmatched = statements.unmatched(&seen, &artifact, sbom);
    (findings, out, unmatched)
}

impl<'a> Statements<'a> {
    fn new(documents: &'a [VexDocument]) -> Self {
        let mut by_name: HashMap<String, Vec<Place>> = HashMap::new();
        for (document, read) in documents.iter().enumerate() {
            for (place, statement) in read.statements.iter().enumerate() {
                for name in &statement.names {
                    by_name.entry(name.to_ascii_uppercase()).or_default().push((document, place));
                }
            }
        }
        Self { documents, by_name, used: BTreeSet::new() }
    }

    fn at(&self, (document, place): Place) -> &'a Statement {
        &self.documents[document].statements[place]
    }

    /// The newest statement about the finding, with its document's matcher; of equally old ones the last.
    fn newest(&mut self, finding: &Finding, artifact: &Artifact, sbom: &Sbom) -> Option<(&'static str, &'a Statement)> {
        let names: BTreeSet<String> = finding.names().map(str::to_ascii_uppercase).collect();
        let places = names.iter().filter_map(|name| self.by_name.get(name)).flatten().copied();
        let places: BTreeSet<Place> = places.collect();
        let package = &sbom.packages[finding.package];
        let about =
            |place: &Place| self.at(*place).products.iter().any(|product| concerns(product, artifact, package, sbom));
        let applying: Vec<Place> = places.into_iter().filter(about).collect();
        self.used.extend(applying.iter().copied());
        let newest = applying.into_iter().max_by_key(|place| (self.at(*place).at, *place))?;
        Some((self.documents[newest.0].matcher, self.at(newest)))
    }

    fn unmatched(&self, seen: &[(Vec<String>, usize)], artifact: &Artifact, sbom: &Sbom) -> Vec<UnmatchedStatement> {
        let mut packages: HashMap<&str, Vec<usize>> = HashMap::new();
        for (names, package) in seen {
            for name in names {
                packages.entry(name).or_default().push(*package);
            }
        }
        let mut unmatched = Vec::new();
        for (document, read) in self.documents.iter().enumerate() {
            for (place, statement) in read.statements.iter().enumerate() {
                if self.used.contains(&(document, place)) {
                    continue;
                }
                let products =
                    statement.products.iter().flat_map(|product| product.ids.iter().chain(&product.subcomponents));
                let mut products: Vec<String> = products.cloned().collect();
                products.dedup();
                let found = statement.names.iter().filter_map(|name| packages.get(name.to_ascii_uppercase().as_str()));
                let found: BTreeSet<usize> = found.flatten().copied().collect();
                let candidates: BTreeSet<&str> = if found.is_empty() || unmatched.len() >= NEAREST {
                    BTreeSet::new()
                } else {
                    let purls = found.iter().filter_map(|package| sbom.packages[*package].purl.as_deref());
                    purls.chain(artifact.names()).collect()
                };
                unmatched.push(UnmatchedStatement {
                    document: read.id.clone(),
                    vulnerability: statement.names[0].clone(),
                    status: statement.status,
                    nearest: nearest(&products, &candidates).map(str::to_owned),
                    products,
                });
            }
        }
        unmatched
    }
}

/// The candidate most like any of the names; the first of equals.
fn nearest<'c>(names: &[String], candidates: &BTreeSet<&'c str>) -> Option<&'c str> {
    // Names are others' text, and comparing costs their lengths multiplied.
    let bounded = |text: &str| text.chars().take(200).collect::<String>();
    let likeness = |candidate: &str| {
        let similar = |name: &String| strsim::normalized_levenshtein(&bounded(name), &bounded(candidate));
        names.iter().take(8).map(similar).fold(0.0, f64::max)
    };
    let scored = candidates.iter().take(64).map(|candidate| (likeness(candidate), *candidate));
    scored.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, candidate)| candidate)
}

/// Without rules about VEX every statement counts; with rules those that one agrees with.
fn is_wanted(said: &Statement, finding: &Finding, rules: &[Compiled], sbom: &Sbom, options: &Options) -> bool {
    let filters = |rule: &&Compiled| !rule.rule.vex_status.is_empty();
    let has_rules = options.ignore.iter().any(|rule| !rule.vex_status.is_empty());
    !has_rules || rules.iter().filter(filters).any(|rule| agrees(rule, said, finding, sbom))
}

fn agrees(compiled: &Compiled, said: &Statement, finding: &Finding, sbom: &Sbom) -> bool {
    let rule = &compiled.rule;
    rule.vex_status == said.status.as_str()
        && (rule.vex_justification.is_empty() || rule.vex_justification == said.justification)
        && compiled.matches(finding, &sbom.packages[finding.package], true)
}

fn reason(said: &Statement) -> IgnoreRule {
    IgnoreRule {
        vulnerability: said.names[0].clone(),
        namespace: "vex".into(),
        vex_status: said.status.as_str().into(),
        vex_justification: said.justification.clone(),
        ..IgnoreRule::default()
    }
}

fn detail(matcher: &'static str, said: &Statement, finding: &Finding, sbom: &Sbom) -> MatchDetail {
    let package = &sbom.packages[finding.package];
    MatchDetail {
        kind: MatchKind::ExactDirect,
        matcher,
        searched_by: SearchedBy {
            namespace: "vex".into(),
            name: package.name.clone(),
            version: package.version.clone(),
            key: SearchKey::Vex(said.status.as_str()),
        },
        found: FoundBy {
            vulnerability: said.names[0].clone(),
            constraint: String::new(),
            format: String::new(),
            cpes: Vec::new(),
            symbols: Vec::new(),
        },
    }
}
