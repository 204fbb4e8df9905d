//! CSAF 2.0 advisories (<https://docs.oasis-open.org/csaf/csaf/v2.0/>), of the VEX profile or any other.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

use super::{Product, Statement, VexDocument, VexStatus, time};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Advisory {
    document: Header,
    product_tree: Tree,
    vulnerabilities: Vec<Vulnerability>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Header {
    tracking: Tracking,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Tracking {
    id: String,
    current_release_date: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Tree {
    branches: Vec<Branch>,
    full_product_names: Vec<Named>,
    relationships: Vec<Relation>,
}

/// The parser bounds how deep these nest.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Branch {
    branches: Vec<Branch>,
    product: Option<Named>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Named {
    product_id: String,
    product_identification_helper: Identification,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Identification {
    purl: String,
}

/// A product that is another one as part of a third.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Relation {
    full_product_name: Named,
    product_reference: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Vulnerability {
    cve: String,
    ids: Vec<Id>,
    product_status: BTreeMap<String, Vec<String>>,
    flags: Vec<Flag>,
    threats: Vec<Threat>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Id {
    text: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Flag {
    label: String,
    product_ids: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Threat {
    category: String,
    details: String,
    product_ids: Vec<String>,
}

/// Status groups, the one that counts first where a product is listed under several.
const GROUPS: &[(&str, VexStatus)] = &[
    ("known_not_affected", VexStatus::NotAffected),
    ("fixed", VexStatus::Fixed),
    ("first_fixed", VexStatus::Fixed),
    ("under_investigation", VexStatus::UnderInvestigation),
    ("known_affected", VexStatus::Affected),
    ("first_affected", VexStatus::Affected),
    ("last_affected", VexStatus::Affected),
    ("recommended", VexStatus::Affected),
];

pub(super) fn parse(bytes: &[u8]) -> Result<VexDocument, serde_json::Error> {
    let advisory: Advisory = serde_json::from_slice(bytes)?;
    let purls = purls(advisory.product_tree);
    let tracking = advisory.document.tracking;
    let at = time(&tracking.current_release_date);
    let mut statements = Vec::new();
    for vulnerability in &advisory.vulnerabilities {
        let mut grouped: BTreeMap<(VexStatus, String), Vec<String>> = BTreeMap::new();
        let mut seen = std::collections::HashSet::new();
        for (group, status) in GROUPS {
            for id in vulnerability.product_status.get(*group).into_iter().flatten() {
                if seen.insert(id.as_str()) {
                    let ids = purls.get(id).cloned().into_iter();
                    grouped.entry((*status, justification(vulnerability, id))).or_default().extend(ids);
                }
            }
        }
        let ids = vulnerability.ids.iter().map(|id| &id.text);
        let names: Vec<String> =
            std::iter::once(&vulnerability.cve).chain(ids).filter(|name| !name.is_empty()).cloned().collect();
        let products =
            |ids: Vec<String>| ids.into_iter().map(|id| Product { ids: vec![id], subcomponents: Vec::new() }).collect();
        statements.extend(grouped.into_iter().filter(|_| !names.is_empty()).map(|((status, justification), ids)| {
            Statement { names: names.clone(), products: products(ids), status, justification, at }
        }));
    }
    Ok(VexDocument { id: tracking.id, matcher: "csaf-vex-matcher", statements })
}

/// The flag's label, else what the threat's text says of the impact.
fn justification(vulnerability: &Vulnerability, product: &str) -> String {
    let concerns = |ids: &[String]| ids.is_empty() || ids.iter().any(|id| id == product);
    let flag = vulnerability.flags.iter().find(|flag| concerns(&flag.product_ids)).map(|flag| &flag.label);
    let threat =
        vulnerability.threats.iter().find(|threat| threat.category == "impact" && concerns(&threat.product_ids));
    flag.or(threat.map(|threat| &threat.details)).cloned().unwrap_or_default()
}

/// Package URLs by product id; a product that is part of another has the URL of the part.
fn purls(tree: Tree) -> HashMap<String, String> {
    let mut purls = HashMap::new();
    let mut add = |named: &Named| {
        let purl = &named.product_identification_helper.purl;
        if !purl.is_empty() {
            purls.insert(named.product_id.clone(), purl.clone());
        }
    };
    tree.full_product_names.iter().for_each(&mut add);
    let mut open = tree.branches;
    while let Some(branch) = open.pop() {
        branch.product.iter().for_each(&mut add);
        open.extend(branch.branches);
    }
    for relation in &tree.relationships {
        add(&relation.full_product_name);
    }
    for relation in tree.relationships {
        if let Some(purl) = purls.get(&relation.product_reference).cloned() {
            purls.entry(relation.full_product_name.product_id).or_insert(purl);
        }
    }
    purls
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_listed_twice_has_the_milder_status() {
        let document = br#"{
            "document": {"csaf_version": "2.0", "tracking": {"id": "X-1", "current_release_date": "2024-01-01T00:00:00Z"}},
            "product_tree": {
                "branches": [{"branches": [{"product": {"product_id": "bash", "product_identification_helper": {"purl": "pkg:rpm/redhat/bash@5.1"}}}]}],
                "relationships": [{"full_product_name": {"product_id": "rhel:bash"}, "product_reference": "bash"}]
            },
            "vulnerabilities": [{
                "cve": "CVE-1",
                "product_status": {"known_affected": ["rhel:bash"], "known_not_affected": ["rhel:bash"]},
                "flags": [{"label": "component_not_present", "product_ids": ["rhel:bash"]}]
            }]}"#;
        let document = VexDocument::parse("x.json", document).unwrap();
        let [statement] = document.statements.as_slice() else { panic!("{document:?}") };
        assert_eq!(
            (statement.status, statement.justification.as_str()),
            (VexStatus::NotAffected, "component_not_present")
        );
        assert_eq!(statement.products[0].ids, ["pkg:rpm/redhat/bash@5.1"]);
    }
}
