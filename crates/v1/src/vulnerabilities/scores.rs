//! CVSS scores as the API tells them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use windlass_matching::{Cvss, CvssKind, Finding, Vulnerability as Record};

/// One judgement of a vulnerability.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CvssScores {
    /// The vulnerability that is judged.
    pub id: String,
    pub cvss_v2: Scores,
    pub cvss_v3: Scores,
}

/// Scores from 0.0 to 10.0; -1.0 where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Scores {
    pub base_score: f64,
    pub exploitability_score: f64,
    pub impact_score: f64,
}

impl Scores {
    pub const NONE: Self = Self { base_score: -1.0, exploitability_score: -1.0, impact_score: -1.0 };
}

impl From<&Cvss> for Scores {
    fn from(cvss: &Cvss) -> Self {
        Self {
            base_score: cvss.metrics.base,
            exploitability_score: cvss.metrics.exploitability.unwrap_or(-1.0),
            impact_score: cvss.metrics.impact.unwrap_or(-1.0),
        }
    }
}

/// The scores of the NVD and those of the vendor.
///
/// A record of the NVD is judged by nobody else. Version 4 has no place in this API: what has only that is not judged.
pub(super) fn of(finding: &Finding, feed_group: &str) -> (Vec<CvssScores>, Vec<CvssScores>) {
    let own = &finding.vulnerability;
    if feed_group.contains("nvd") {
        return (chosen(own).into_iter().collect(), Vec::new());
    }
    let mut nvd: Vec<CvssScores> = Vec::new();
    for record in finding.related.iter().filter(|record| record.namespace.contains("nvd")) {
        if nvd.iter().all(|known| known.id != record.id) {
            nvd.push(chosen(record).unwrap_or_else(|| unjudged(&record.id)));
        }
    }
    let vendor = own.cvss.iter().filter_map(|cvss| single(&own.id, cvss)).collect();
    (nvd, vendor)
}

/// Of each version the record's own judgement, else the first that it passes on; `None` where it has none of either.
fn chosen(record: &Record) -> Option<CvssScores> {
    let of = |version: char| {
        let judged = || record.cvss.iter().filter(|cvss| cvss.version.starts_with(version));
        judged().find(|cvss| cvss.kind == CvssKind::Primary).or_else(|| judged().next())
    };
    let (v2, v3) = (of('2'), of('3'));
    (v2.is_some() || v3.is_some()).then(|| CvssScores {
        cvss_v2: v2.map_or(Scores::NONE, Scores::from),
        cvss_v3: v3.map_or(Scores::NONE, Scores::from),
        ..unjudged(&record.id)
    })
}

fn single(id: &str, cvss: &Cvss) -> Option<CvssScores> {
    let scores = Scores::from(cvss);
    match cvss.version.chars().next() {
        Some('2') => Some(CvssScores { cvss_v2: scores, ..unjudged(id) }),
        Some('3') => Some(CvssScores { cvss_v3: scores, ..unjudged(id) }),
        _ => None,
    }
}

fn unjudged(id: &str) -> CvssScores {
    CvssScores { id: id.to_owned(), cvss_v2: Scores::NONE, cvss_v3: Scores::NONE }
}
