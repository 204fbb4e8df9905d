//! Licence expressions of a document and the references they need.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{super::document::short_hash, NO_ASSERTION};
use crate::{License, LicenseKind, Sbom};

/// A licence that is not on the SPDX list.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExtractedLicense<'a> {
    license_id: String,
    extracted_text: &'a str,
    name: &'a str,
}

/// All statements of this kind joined with AND; `NOASSERTION` where there are none.
pub(super) fn expression(licenses: &[License], kind: LicenseKind) -> String {
    let mut terms: Vec<String> = licenses.iter().filter(|license| license.kind == kind).map(term).collect();
    terms.sort();
    terms.dedup();
    match terms.as_slice() {
        [] => NO_ASSERTION.to_owned(),
        [term] => term.clone(),
        terms => {
            let parts = terms.iter().map(|term| if term.contains(' ') { format!("({term})") } else { term.clone() });
            parts.collect::<Vec<_>>().join(" AND ")
        }
    }
}

/// Every licence that the document's expressions refer to, by its identifier.
pub(super) fn extracted(sbom: &Sbom) -> Vec<ExtractedLicense<'_>> {
    let mut texts: BTreeMap<String, &str> = BTreeMap::new();
    for license in sbom.packages.iter().flat_map(|package| &package.licenses) {
        for reference in references(&term(license)) {
            texts.entry(reference).or_insert(&license.value);
        }
    }
    let extracted = |(license_id, text)| ExtractedLicense { license_id, extracted_text: text, name: text };
    texts.into_iter().map(extracted).collect()
}

/// References to other documents would have to be declared; such an expression is kept as a text.
fn term(license: &License) -> String {
    let expression = &license.spdx_expression;
    if expression.is_empty() || expression.contains("DocumentRef-") {
        reference(&license.value)
    } else {
        expression.clone()
    }
}

fn references(expression: &str) -> impl Iterator<Item = String> {
    let words = expression.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')'));
    words.filter(|word| word.starts_with("LicenseRef-")).map(str::to_owned)
}

/// An identifier for a text; where characters had to be replaced, a digest keeps different texts apart.
fn reference(text: &str) -> String {
    const LONGEST: usize = 64;
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    let plain: String = text.chars().take(LONGEST).map(|c| if allowed(c) { c } else { '-' }).collect();
    if plain == text && !plain.is_empty() {
        format!("LicenseRef-{plain}")
    } else {
        format!("LicenseRef-{plain}-{}", &short_hash(&[text])[..8])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_joined_and_alternatives_bracketed() {
        let licenses = [License::declared("MIT OR Apache-2.0"), License::declared("BSD"), License::concluded("ISC")];
        assert_eq!(expression(&licenses, LicenseKind::Declared), "LicenseRef-BSD AND (MIT OR Apache-2.0)");
        assert_eq!(expression(&licenses, LicenseKind::Concluded), "ISC");
        assert_eq!(expression(&[], LicenseKind::Declared), "NOASSERTION");
    }

    #[test]
    fn texts_that_differ_only_in_odd_characters_get_different_references() {
        assert_ne!(reference("see file"), reference("see:file"));
        spdx::Expression::parse(&reference("Lizenz: äöü + mehr")).expect("valid");
    }
}
