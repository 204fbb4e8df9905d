//! What is known of a CVE whatever it affects: exploitation, its likelihood, weakness classes.

use serde::{Deserialize, Serialize};
use windlass_advisories::{Advisories, Cwe, Epss, KnownExploited, LookupError};

use crate::Vulnerability;

/// Kept apart from records, because predictions change every day and records seldom.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Decoration {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub known_exploited: Vec<KnownExploited>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epss: Option<Epss>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cwes: Vec<Cwe>,
}

impl Decoration {
    /// What the database knows of a CVE.
    pub fn look_up(cve: &str, advisories: &dyn Advisories) -> Result<Self, LookupError> {
        Ok(Self {
            known_exploited: advisories.known_exploited(cve)?,
            epss: advisories.epss(cve)?,
            cwes: advisories.cwes(cve)?,
        })
    }
}

impl Vulnerability {
    /// The record with what `of` knows of each of its CVEs.
    ///
    /// # Errors
    /// Those of `of`.
    pub fn decorated<E>(self, mut of: impl FnMut(&str) -> Result<Decoration, E>) -> Result<Self, E> {
        let mut record = self.undecorated();
        for cve in record.cves.clone() {
            let known = of(&cve)?;
            record.known_exploited.extend(known.known_exploited);
            record.epss.extend(known.epss);
            record.cwes.extend(known.cwes);
        }
        Ok(record)
    }

    /// The record alone.
    #[must_use]
    pub fn undecorated(self) -> Self {
        Self { known_exploited: Vec::new(), epss: Vec::new(), cwes: Vec::new(), ..self }
    }
}
