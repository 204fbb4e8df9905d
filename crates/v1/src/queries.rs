//! Questions over all images of an account (`spec/api.md` A4.14).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use windlass_matching::{Cvss, Severity};

use crate::{
    timestamp::{self, IsoSeconds},
    vulnerabilities::SeverityName,
};

/// Where a page stands in the whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Paging {
    /// The number of the page, as a text.
    #[schema(example = "1")]
    pub page: String,
    /// How many elements are on it.
    pub returned_count: usize,
    /// How many there are.
    pub total_count: usize,
    /// The number of the next page; left out of the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_page: Option<String>,
}

impl Paging {
    /// Cuts a page out of all that there is, and says where it stands. Pages count from 1; a limit of 0 is none.
    pub fn cut<T>(all: Vec<T>, page: usize, limit: usize) -> (Vec<T>, Self) {
        let total_count = all.len();
        let page = page.max(1);
        let on_page: Vec<T> = match limit {
            0 => all,
            _ => all.into_iter().skip((page - 1).saturating_mul(limit)).take(limit).collect(),
        };
        let is_last = limit == 0 || page.saturating_mul(limit) >= total_count;
        let page_number = if limit == 0 { 1 } else { page };
        let paging = Self {
            page: page_number.to_string(),
            returned_count: on_page.len(),
            total_count,
            next_page: (!is_last).then(|| (page_number + 1).to_string()),
        };
        (on_page, paging)
    }
}

/// Images with a vulnerability.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VulnerableImages {
    pub images: Vec<VulnerableImage>,
    #[serde(flatten)]
    pub paging: Paging,
}

/// An image and its packages that are vulnerable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VulnerableImage {
    pub image: QueriedImage,
    pub vulnerable_packages: Vec<VulnerablePackage>,
}

/// A package that is vulnerable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VulnerablePackage {
    pub name: String,
    pub version: String,
    #[serde(rename = "type")]
    pub kind: String,
    /// As `feed_group` of vulnerabilities.
    pub namespace: String,
    pub severity: SeverityName,
}

/// Images with a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImagesWithPackages {
    pub images: Vec<ImageWithPackages>,
    #[serde(flatten)]
    pub paging: Paging,
}

/// An image and its packages that were asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImageWithPackages {
    pub image: QueriedImage,
    pub packages: Vec<QueriedPackage>,
}

/// A package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QueriedPackage {
    pub name: String,
    pub version: String,
    #[serde(rename = "type")]
    pub kind: String,
}

/// An image, in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QueriedImage {
    #[serde(rename = "imageDigest")]
    pub image_digest: String,
    #[serde(rename = "imageId")]
    pub image_id: String,
    /// The number 0 where it is not analysed.
    #[serde(with = "timestamp::or_zero")]
    #[schema(value_type = IsoSeconds)]
    pub analyzed_at: Option<IsoSeconds>,
    /// Every tag that it is known by.
    pub tag_history: Vec<QueriedTag>,
}

/// A tag of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QueriedTag {
    pub registry: String,
    pub repo: String,
    pub tag: String,
    /// `registry/repo:tag`
    pub fulltag: String,
    /// The number 0 where it is not known.
    #[serde(with = "timestamp::or_zero")]
    #[schema(value_type = IsoSeconds)]
    pub tag_detected_at: Option<IsoSeconds>,
}

/// Records of vulnerabilities.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QueriedVulnerabilities {
    pub vulnerabilities: Vec<QueriedVulnerability>,
    #[serde(flatten)]
    pub paging: Paging,
}

/// What a source says of a vulnerability.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QueriedVulnerability {
    pub id: String,
    /// As `feed_group` of vulnerabilities.
    pub namespace: String,
    pub severity: SeverityName,
    /// The advisory.
    pub link: String,
    #[schema(required = true)]
    pub description: Option<String>,
    #[schema(required = true)]
    pub references: Option<Vec<VulnerabilityReference>>,
    pub affected_packages: Vec<AffectedPackage>,
    pub nvd_data: Vec<QueriedScores>,
    pub vendor_data: Vec<QueriedScores>,
}

/// Where more is said of a vulnerability.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VulnerabilityReference {
    pub source: String,
    pub url: String,
}

/// A package that a vulnerability affects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AffectedPackage {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: String,
    /// Which versions are affected; `*` for all.
    pub version: String,
    pub will_not_fix: bool,
}

/// Judgements of a vulnerability.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QueriedScores {
    pub id: String,
    #[schema(required = true)]
    pub cvss_v2: Option<CvssJudgement>,
    #[schema(required = true)]
    pub cvss_v3: Option<CvssJudgement>,
}

/// A CVSS vector and what comes of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CvssJudgement {
    /// `2.0`, `3.0`, `3.1`
    pub version: String,
    pub vector_string: String,
    pub severity: SeverityName,
    pub base_metrics: BaseMetrics,
}

/// Scores from 0.0 to 10.0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BaseMetrics {
    pub base_score: f64,
    pub exploitability_score: f64,
    /// The same, under the name that the original spelled.
    pub expolitability_score: f64,
    pub impact_score: f64,
}

impl From<&Cvss> for CvssJudgement {
    fn from(cvss: &Cvss) -> Self {
        let exploitability = cvss.metrics.exploitability.unwrap_or(-1.0);
        Self {
            version: cvss.version.clone(),
            vector_string: cvss.vector.clone(),
            severity: Severity::of_score(cvss.metrics.base, &cvss.version).into(),
            base_metrics: BaseMetrics {
                base_score: cvss.metrics.base,
                exploitability_score: exploitability,
                expolitability_score: exploitability,
                impact_score: cvss.metrics.impact.unwrap_or(-1.0),
            },
        }
    }
}

impl QueriedScores {
    /// One element for each judgement of version 2 or 3.
    pub fn of(id: &str, judgements: &[Cvss]) -> Vec<Self> {
        let element = |cvss: &Cvss| {
            let judgement = Some(CvssJudgement::from(cvss));
            let (cvss_v2, cvss_v3) = match cvss.version.chars().next() {
                Some('2') => (judgement, None),
                Some('3') => (None, judgement),
                _ => return None,
            };
            Some(Self { id: id.to_owned(), cvss_v2, cvss_v3 })
        };
        judgements.iter().filter_map(element).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use windlass_matching::{CvssKind, CvssMetrics};

    use super::*;

    #[test]
    fn pages_are_numbered_in_texts_and_the_last_names_no_next() {
        let cut = |page, limit| {
            let (on_page, paging) = Paging::cut((0..5).collect::<Vec<_>>(), page, limit);
            (on_page, json!(paging))
        };
        let paging = |page: &str, returned: usize, next: Option<&str>| {
            let mut paging = json!({"page": page, "returned_count": returned, "total_count": 5});
            if let Some(next) = next {
                paging["next_page"] = json!(next);
            }
            paging
        };
        assert_eq!(cut(1, 0), (vec![0, 1, 2, 3, 4], paging("1", 5, None)));
        assert_eq!(cut(1, 2), (vec![0, 1], paging("1", 2, Some("2"))));
        assert_eq!(cut(3, 2), (vec![4], paging("3", 1, None)));
        assert_eq!(cut(1, 5), (vec![0, 1, 2, 3, 4], paging("1", 5, None)));
        assert_eq!(cut(9, 2), (vec![], paging("9", 0, None)));
        assert_eq!(cut(usize::MAX, usize::MAX), (vec![], paging(&usize::MAX.to_string(), 0, None)));
    }

    #[test]
    fn a_time_that_is_not_known_is_zero() {
        let image = QueriedImage {
            image_digest: "sha256:ab".into(),
            image_id: "id".into(),
            analyzed_at: None,
            tag_history: vec![],
        };
        let told = json!(image);
        assert_eq!(told, json!({"imageDigest": "sha256:ab", "imageId": "id", "analyzed_at": 0, "tag_history": []}));
        assert_eq!(serde_json::from_value::<QueriedImage>(told).unwrap(), image);
    }

    #[test]
    fn a_judgement_is_told_in_both_spellings() {
        let cvss = |version: &str| Cvss {
            source: String::new(),
            kind: CvssKind::Primary,
            version: version.into(),
            vector: "V".into(),
            metrics: CvssMetrics { base: 7.5, exploitability: Some(3.9), impact: Some(3.6) },
        };
        assert_eq!(
            json!(QueriedScores::of("CVE-1", &[cvss("3.1"), cvss("4.0")])),
            json!([{"id": "CVE-1", "cvss_v2": null, "cvss_v3": {
                "version": "3.1", "vector_string": "V", "severity": "High",
                "base_metrics": {"base_score": 7.5, "exploitability_score": 3.9, "expolitability_score": 3.9, "impact_score": 3.6},
            }}])
        );
        assert!(QueriedScores::of("CVE-1", &[cvss("2.0")])[0].cvss_v2.is_some());
    }
}
