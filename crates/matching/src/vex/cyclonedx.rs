//! CycloneDX documents with an analysis of vulnerabilities.

use std::collections::HashMap;

use serde::Deserialize;

use super::{Product, Statement, VexDocument, VexStatus, time};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Bom {
    #[serde(rename = "serialNumber")]
    serial_number: String,
    metadata: BomMetadata,
    components: Vec<Component>,
    vulnerabilities: Vec<Vulnerability>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct BomMetadata {
    timestamp: String,
    component: Option<Component>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Component {
    #[serde(rename = "bom-ref")]
    reference: String,
    name: String,
    version: String,
    purl: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Vulnerability {
    id: String,
    references: Vec<Reference>,
    analysis: Analysis,
    affects: Vec<Affected>,
    updated: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Reference {
    id: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Analysis {
    state: String,
    justification: String,
    detail: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Affected {
    #[serde(rename = "ref")]
    reference: String,
}

pub(super) fn parse(bytes: &[u8]) -> Result<VexDocument, serde_json::Error> {
    let bom: Bom = serde_json::from_slice(bytes)?;
    let mut ids: HashMap<&str, Vec<String>> = HashMap::new();
    for component in bom.components.iter().chain(&bom.metadata.component) {
        let named = [component.purl.clone(), component.version.clone(), component.name.clone()];
        // A version may be the digest of an image; that of a library names nothing by itself.
        let is_identity = |text: &String| text.starts_with("pkg:") || text.starts_with("sha256:") || text.contains('/');
        ids.insert(&component.reference, named.into_iter().filter(is_identity).collect());
    }
    let product = |affected: &Affected| {
        // A link to another document names its element after `#`.
        let reference = affected.reference.rsplit('#').next().unwrap_or_default();
        let mut known = ids.get(reference).cloned().unwrap_or_default();
        known.push(reference.to_owned());
        Product { ids: known, subcomponents: Vec::new() }
    };
    let statement = |vulnerability: &Vulnerability| {
        let status = status(&vulnerability.analysis.state)?;
        let aliases = vulnerability.references.iter().map(|reference| &reference.id);
        let names = std::iter::once(&vulnerability.id).chain(aliases).filter(|name| !name.is_empty());
        let names: Vec<String> = names.cloned().collect();
        let analysis = &vulnerability.analysis;
        let reason = if analysis.justification.is_empty() { &analysis.detail } else { &analysis.justification };
        (!names.is_empty()).then(|| Statement {
            names,
            products: vulnerability.affects.iter().map(product).collect(),
            status,
            justification: reason.clone(),
            at: time(&vulnerability.updated).or_else(|| time(&bom.metadata.timestamp)),
        })
    };
    let statements = bom.vulnerabilities.iter().filter_map(statement).collect();
    Ok(VexDocument { id: bom.serial_number.clone(), matcher: "cyclonedx-vex-matcher", statements })
}

fn status(state: &str) -> Option<VexStatus> {
    match state {
        "not_affected" | "false_positive" => Some(VexStatus::NotAffected),
        "resolved" | "resolved_with_pedigree" => Some(VexStatus::Fixed),
        "exploitable" => Some(VexStatus::Affected),
        "in_triage" => Some(VexStatus::UnderInvestigation),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_analysis_is_a_statement_about_the_components_it_refers_to() {
        let document = br#"{"bomFormat": "CycloneDX", "serialNumber": "urn:uuid:1",
            "components": [{"bom-ref": "a", "name": "lodash", "version": "4.0.0", "purl": "pkg:npm/lodash@4.0.0"}],
            "vulnerabilities": [{"id": "CVE-1", "analysis": {"state": "false_positive", "detail": "not used"},
                                 "affects": [{"ref": "urn:cdx:1/1#a"}]}]}"#;
        let document = VexDocument::parse("x.json", document).unwrap();
        let [statement] = document.statements.as_slice() else { panic!("{document:?}") };
        assert_eq!((statement.status, statement.justification.as_str()), (VexStatus::NotAffected, "not used"));
        assert_eq!(statement.products[0].ids, ["pkg:npm/lodash@4.0.0", "a"]);
    }
}
