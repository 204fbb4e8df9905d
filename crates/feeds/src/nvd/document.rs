//! The NVD's JSON, version 2.0 of its API, and Anchore's overrides, which replace parts of it.

use serde::Deserialize;

use crate::json::{or_default, text_or_none};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Cve {
    pub(super) id: String,
    pub(super) source_identifier: Option<String>,
    pub(super) published: Option<String>,
    pub(super) last_modified: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub(super) vuln_status: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) descriptions: Vec<Text>,
    #[serde(deserialize_with = "or_default")]
    pub(super) metrics: Metrics,
    #[serde(deserialize_with = "or_default")]
    pub(super) weaknesses: Vec<Weakness>,
    #[serde(deserialize_with = "or_default")]
    pub(super) configurations: Vec<Configuration>,
    #[serde(deserialize_with = "or_default")]
    pub(super) references: Vec<Link>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Text {
    pub(super) lang: String,
    pub(super) value: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Metrics {
    #[serde(rename = "cvssMetricV40", deserialize_with = "or_default")]
    pub(super) v40: Vec<Metric>,
    #[serde(rename = "cvssMetricV31", deserialize_with = "or_default")]
    pub(super) v31: Vec<Metric>,
    #[serde(rename = "cvssMetricV30", deserialize_with = "or_default")]
    pub(super) v30: Vec<Metric>,
    #[serde(rename = "cvssMetricV2", deserialize_with = "or_default")]
    pub(super) v2: Vec<Metric>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Metric {
    pub(super) source: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) cvss_data: Vector,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Vector {
    pub(super) vector_string: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Weakness {
    pub(super) source: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) description: Vec<Text>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Configuration {
    pub(super) operator: Option<Operator>,
    #[serde(deserialize_with = "or_default")]
    pub(super) nodes: Vec<Node>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Operator {
    And,
    Or,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Node {
    pub(super) operator: Option<Operator>,
    #[serde(deserialize_with = "or_default")]
    pub(super) cpe_match: Vec<CpeMatch>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct CpeMatch {
    pub(super) vulnerable: bool,
    pub(super) criteria: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) version_start_including: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) version_start_excluding: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) version_end_including: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) version_end_excluding: String,
    /// Added by collectors that know when the fix came out.
    pub(super) fix: Option<FixDate>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FixDate {
    pub(super) version: String,
    pub(super) date: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) kind: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Link {
    pub(super) url: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) tags: Vec<String>,
}

/// An item of the API's list, of Anchore's overrides, or of a collector's directory.
#[derive(Debug, Deserialize)]
pub(super) struct Item<C> {
    pub(super) cve: C,
}

#[derive(Debug, Deserialize)]
pub(super) struct Override {
    #[serde(rename = "_annotation", default, deserialize_with = "or_default")]
    pub(super) annotation: Annotation,
    #[serde(default)]
    pub(super) cve: Replacement,
    /// `CVE_RECORD` in the CVE programme's own format, which is published in archives alike.
    #[serde(rename = "dataType", default, deserialize_with = "text_or_none")]
    pub(super) data_type: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Annotation {
    #[serde(deserialize_with = "or_default")]
    pub(super) cve_id: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) description: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) references: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Replacement {
    pub(super) configurations: Option<Vec<Configuration>>,
    #[serde(deserialize_with = "or_default")]
    pub(super) references: Vec<Link>,
}
