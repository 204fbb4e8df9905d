//! What ends an allow-list item before its time.

use serde_json::Value;
use windlass_matching::Severity;

use crate::{FindingFact, Problem, problem::nearest, pyrepr};

/// Changes of a finding that its acceptance did not foresee: if one of them has come about, the item does not cover the
/// finding any more. Findings that are about no vulnerability are not concerned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VoidIf {
    /// A version that fixes it has appeared.
    pub fix_available: bool,
    /// It is listed as exploited (CISA KEV).
    pub known_exploited: bool,
    /// It is judged worse than this.
    pub severity_above: Option<Severity>,
}

const CONDITIONS: [&str; 3] = ["fix_available", "known_exploited", "severity_above"];

impl VoidIf {
    /// Reads `{"fix_available": true, "known_exploited": true, "severity_above": "medium"}`.
    ///
    /// # Errors
    /// Where a condition is not known or not understood: an item must not live longer than its author meant.
    pub(crate) fn build(conditions: &Value, pointer: &str) -> Result<Self, Problem> {
        let error = |details: String, place: &str| Problem::error("PolicyError", details, place);
        let Value::Object(conditions) = conditions else {
            let details = format!("void_if must be an object of conditions, not {}", pyrepr::value(conditions));
            return Err(error(details, pointer));
        };
        let mut void_if = Self::default();
        for (name, given) in conditions {
            let place = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
            let boolean = || {
                let details = format!("{name} must be true or false, not {}", pyrepr::value(given));
                given.as_bool().ok_or_else(|| error(details, &place))
            };
            match name.as_str() {
                "fix_available" => void_if.fix_available = boolean()?,
                "known_exploited" => void_if.known_exploited = boolean()?,
                "severity_above" => {
                    let severity = given.as_str().filter(|word| !word.trim().is_empty()).and_then(Severity::parse);
                    let details = format!("{name} must be a severity, not {}", pyrepr::value(given));
                    void_if.severity_above = Some(severity.ok_or_else(|| error(details, &place))?);
                }
                _ => {
                    let problem = error(format!("void_if knows no condition {name}"), &place);
                    let hint = match nearest(name, CONDITIONS) {
                        Some(meant) => format!("did you mean {meant}?"),
                        None => format!("the conditions are {}", CONDITIONS.join(", ")),
                    };
                    return Err(problem.with_hint(hint));
                }
            }
        }
        Ok(void_if)
    }

    /// Which of the conditions has come about, in words.
    pub fn reason(&self, finding: &FindingFact<'_>) -> Option<String> {
        let record = &finding.finding.vulnerability;
        let mut records = std::iter::once(record).chain(&finding.finding.related);
        if self.fix_available && finding.fix_versions().next().is_some() {
            return Some("a fix is available".into());
        }
        if self.known_exploited && records.any(|record| !record.known_exploited.is_empty()) {
            return Some("it is known to be exploited".into());
        }
        let above = self.severity_above.filter(|limit| finding.severity() > *limit)?;
        Some(format!("its severity is {}, above {above}", finding.severity()))
    }
}
