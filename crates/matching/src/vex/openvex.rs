//! OpenVEX (<https://github.com/openvex/spec>), versions 0.0.1 to 0.2.0.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Product, Statement, VexDocument, VexStatus, time};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Document {
    #[serde(rename = "@id")]
    id: String,
    timestamp: String,
    statements: Vec<Stated>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Stated {
    vulnerability: Named,
    products: Vec<Component>,
    /// Version 0.0.1 limits the statement here rather than in each product.
    subcomponents: Vec<Component>,
    status: String,
    justification: String,
    impact_statement: String,
    timestamp: String,
    last_updated: String,
}

/// A name, bare or with aliases.
#[derive(Deserialize)]
#[serde(untagged)]
enum Named {
    Bare(String),
    Full {
        #[serde(rename = "@id", default)]
        id: String,
        #[serde(default)]
        name: String,
        #[serde(default)]
        aliases: Vec<String>,
    },
}

impl Default for Named {
    fn default() -> Self {
        Self::Bare(String::new())
    }
}

/// A product or a part of one, bare or with further identifiers.
#[derive(Deserialize)]
#[serde(untagged)]
enum Component {
    Bare(String),
    Full {
        #[serde(rename = "@id", default)]
        id: String,
        #[serde(default)]
        identifiers: BTreeMap<String, String>,
        #[serde(default)]
        hashes: BTreeMap<String, String>,
        #[serde(default)]
        subcomponents: Vec<Part>,
    },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Part {
    Bare(String),
    Full {
        #[serde(rename = "@id", default)]
        id: String,
        #[serde(default)]
        identifiers: BTreeMap<String, String>,
    },
}

pub(super) fn parse(bytes: &[u8]) -> Result<VexDocument, serde_json::Error> {
    let document: Document = serde_json::from_slice(bytes)?;
    let statements = document.statements.into_iter().filter_map(|stated| statement(stated, &document.timestamp));
    Ok(VexDocument { id: document.id, matcher: "openvex-matcher", statements: statements.collect() })
}

/// A statement without a vulnerability or with an unknown status says nothing.
fn statement(stated: Stated, document_time: &str) -> Option<Statement> {
    let names = match stated.vulnerability {
        Named::Bare(name) => vec![name],
        Named::Full { id, name, aliases } => {
            // The id is a link whose last part is the name.
            let of_id = id.rsplit('/').next().unwrap_or_default().to_owned();
            [name, of_id].into_iter().chain(aliases).collect()
        }
    };
    let names: Vec<String> = names.into_iter().filter(|name| !name.is_empty()).collect();
    let status = VexStatus::parse(&stated.status).filter(|_| !names.is_empty())?;
    let limits: Vec<String> = stated.subcomponents.into_iter().flat_map(|part| product(part).ids).collect();
    let products = stated.products.into_iter().map(|component| {
        let mut product = product(component);
        product.subcomponents.extend(limits.iter().cloned());
        product
    });
    let times = [&stated.last_updated, &stated.timestamp].into_iter().map(String::as_str).chain([document_time]);
    Some(Statement {
        names,
        products: products.collect(),
        status,
        justification: first_of([stated.justification, stated.impact_statement]),
        at: times.into_iter().find_map(time),
    })
}

fn product(component: Component) -> Product {
    match component {
        Component::Bare(id) => Product { ids: vec![id], subcomponents: Vec::new() },
        Component::Full { id, identifiers, hashes, subcomponents } => {
            let digests = hashes.into_iter().map(|(kind, value)| format!("{}:{value}", kind.replace('-', "")));
            let ids = std::iter::once(id).chain(identifiers.into_values()).chain(digests);
            let parts = subcomponents.into_iter().flat_map(|part| match part {
                Part::Bare(id) => vec![id],
                Part::Full { id, identifiers } => std::iter::once(id).chain(identifiers.into_values()).collect(),
            });
            let named = |text: &String| !text.is_empty();
            Product { ids: ids.filter(named).collect(), subcomponents: parts.filter(named).collect() }
        }
    }
}

fn first_of<const N: usize>(texts: [String; N]) -> String {
    texts.into_iter().find(|text| !text.is_empty()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_read_in_every_version_of_the_format() {
        let current = br#"{
            "@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://example.com/vex-1",
            "timestamp": "2024-01-01T00:00:00Z",
            "statements": [{
                "vulnerability": {"@id": "https://nvd.nist.gov/vuln/detail/CVE-1", "name": "CVE-1", "aliases": ["GHSA-1"]},
                "products": [{"@id": "pkg:oci/app", "hashes": {"sha-256": "abcd"},
                              "subcomponents": [{"@id": "pkg:npm/lodash@4.0.0"}]}],
                "status": "not_affected", "justification": "vulnerable_code_not_present",
                "timestamp": "2024-02-01T00:00:00Z"
            }]}"#;
        let document = VexDocument::parse("x.json", current).unwrap();
        assert_eq!(document.id, "https://example.com/vex-1");
        let [statement] = document.statements.as_slice() else { panic!("{document:?}") };
        assert_eq!(statement.names, ["CVE-1", "CVE-1", "GHSA-1"]);
        assert_eq!(statement.products[0].ids, ["pkg:oci/app", "sha256:abcd"]);
        assert_eq!(statement.products[0].subcomponents, ["pkg:npm/lodash@4.0.0"]);
        assert_eq!(statement.at.unwrap().to_string(), "2024-02-01T00:00:00Z");

        let first = br#"{"@context": "https://openvex.dev/ns", "statements": [{
            "vulnerability": "CVE-2", "products": ["pkg:oci/app"], "subcomponents": ["pkg:npm/ws"], "status": "fixed"}]}"#;
        let document = VexDocument::parse("y.json", first).unwrap();
        assert_eq!(document.id, "y.json");
        assert_eq!(document.statements[0].products[0].subcomponents, ["pkg:npm/ws"]);
    }
}
