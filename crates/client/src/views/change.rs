//! What changed, and why.

use serde::Deserialize;

use crate::{
    Text,
    lenient::{list, or_default},
};

/// One page.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Changes {
    #[serde(deserialize_with = "list")]
    pub changes: Vec<Change>,
    pub next_page: Text,
}

/// A change of any kind: what a kind does not have is empty.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Change {
    pub changed_at: Text,
    /// `vulnerability`, `verdict`, `policy`
    pub kind: Text,
    /// `added`, `updated`, `removed`, `activated`, `edited`
    pub change: Text,
    #[serde(deserialize_with = "or_default")]
    vulnerability: Vulnerability,
    #[serde(deserialize_with = "or_default")]
    by_owner: bool,
    #[serde(deserialize_with = "list")]
    records: Vec<Record>,
    #[serde(deserialize_with = "or_default")]
    data: Data,
    tag: Text,
    from: Text,
    to: Text,
    reason: Text,
    #[serde(deserialize_with = "list")]
    rules: Vec<Text>,
    #[serde(rename = "policyId")]
    policy_id: Text,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Vulnerability {
    #[serde(rename = "CVE_ID")]
    id: Text,
    #[serde(rename = "Severity")]
    severity: Text,
    #[serde(rename = "Vulnerable_Package")]
    package: Text,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Record {
    provider: Text,
    id: Text,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Data {
    built_at: Text,
    checksum: Text,
}

impl Change {
    /// What changed, in a few words.
    pub fn what(&self) -> String {
        match self.kind.as_str() {
            "vulnerability" => {
                let Vulnerability { id, severity, package } = &self.vulnerability;
                format!("{} {id} ({severity}) in {package}", self.change)
            }
            "verdict" => format!("{} from {} to {}", self.tag, self.from, self.to),
            _ => format!("{} {}", self.policy_id, self.change),
        }
    }

    /// What caused it: records of vulnerability data, or rules.
    pub fn why(&self) -> String {
        match self.kind.as_str() {
            "vulnerability" => {
                let records: Vec<String> =
                    self.records.iter().map(|record| format!("{} {}", record.provider, record.id)).collect();
                let checksum: String = self.data.checksum.as_str().chars().take("sha256:".len() + 12).collect();
                let owner = match (self.by_owner, self.change.as_str()) {
                    (false, _) => "",
                    (true, "removed") => "fixed by the package's distribution: ",
                    (true, _) => "no longer fixed by the package's distribution: ",
                };
                format!("{owner}{} in the data of {} ({checksum})", records.join(", "), self.data.built_at)
            }
            "verdict" => match self.rules.first() {
                Some(rule) => format!("{}; {rule}", self.reason),
                None => self.reason.to_string(),
            },
            _ => String::new(),
        }
    }
}
