//! What an answer of a database depends on.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Package types whose records are kept under another one's, for databases whose own table does not say.
pub const SHARED_ECOSYSTEMS: &[(&str, &str)] = &[("jenkins-plugin", "java-archive"), ("erlang-otp", "hex")];

/// A question of [`Advisories`](crate::Advisories) without its details: the answer is the same as long as no record
/// that the key concerns was added, altered or removed. Texts are lower case, as names compare without regard to it.
///
/// `matching` says which keys a package version depends on, `vulnerabilities` which keys differ between two databases;
/// where the two sets have nothing in common, comparing the package again cannot give anything new.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LookupKey {
    /// Which releases a distribution's records are read from; the distribution by canonical type or os-release ID.
    Releases { distribution: String },
    /// Records of a package in any release that the distribution reads.
    InDistribution { distribution: String, name: String },
    /// Records of a package in no release; the ecosystem is a package type such as `npm`, canonical or not.
    InEcosystem { ecosystem: String, name: String },
    /// Records of a product; the vendor is `*` where any will do.
    Product { vendor: String, product: String },
    /// What a provider says under a name, whatever it affects.
    Record { provider: String, name: String },
    /// What is known of a CVE beside its records: exploitation and weakness classes. Predictions are left out, because
    /// all of them change every day.
    Cve { cve: String },
}

impl LookupKey {
    pub fn releases(distribution: &str) -> Self {
        Self::Releases { distribution: distribution.to_ascii_lowercase() }
    }

    pub fn in_distribution(distribution: &str, name: &str) -> Self {
        Self::InDistribution { distribution: distribution.to_ascii_lowercase(), name: name.to_ascii_lowercase() }
    }

    pub fn in_ecosystem(ecosystem: &str, name: &str) -> Self {
        Self::InEcosystem { ecosystem: ecosystem.to_ascii_lowercase(), name: name.to_ascii_lowercase() }
    }

    /// An empty vendor is any.
    pub fn product(vendor: &str, product: &str) -> Self {
        let vendor = if vendor.is_empty() { "*".to_owned() } else { vendor.to_ascii_lowercase() };
        Self::Product { vendor, product: product.to_ascii_lowercase() }
    }

    pub fn record(provider: &str, name: &str) -> Self {
        Self::Record { provider: provider.to_ascii_lowercase(), name: name.to_ascii_lowercase() }
    }

    pub fn cve(cve: &str) -> Self {
        Self::Cve { cve: cve.to_ascii_lowercase() }
    }
}

impl fmt::Display for LookupKey {
    /// One text a key, and no text for two keys: `distribution debian openssl`, `ecosystem npm ws`, `cve cve-2024-1`.
    /// For tables that are searched by key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Releases { distribution } => write!(f, "releases {distribution}"),
            Self::InDistribution { distribution, name } => write!(f, "distribution {} {name}", word(distribution)),
            Self::InEcosystem { ecosystem, name } => write!(f, "ecosystem {} {name}", word(ecosystem)),
            Self::Product { vendor, product } => write!(f, "product {} {product}", word(vendor)),
            Self::Record { provider, name } => write!(f, "record {} {name}", word(provider)),
            Self::Cve { cve } => write!(f, "cve {cve}"),
        }
    }
}

/// Without spaces, so that the text can be told apart from what follows.
fn word(text: &str) -> String {
    text.replace('%', "%25").replace(' ', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_same_in_any_case() {
        assert_eq!(LookupKey::in_distribution("Debian", "OpenSSL"), LookupKey::in_distribution("debian", "openssl"));
        assert_eq!(LookupKey::cve("CVE-2024-1").to_string(), "cve cve-2024-1");
    }

    #[test]
    fn different_keys_have_different_texts() {
        let one = LookupKey::product("big vendor", "product").to_string();
        let other = LookupKey::product("big", "vendor product").to_string();
        assert_ne!(one, other);
        assert_eq!(LookupKey::product("", "curl").to_string(), "product * curl");
    }
}
