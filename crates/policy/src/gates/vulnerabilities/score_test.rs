//! A CVSS score against the one of a rule.

use crate::{Arguments, Failure, Scores, comparison::Comparison, pyrepr};

/// One of the three scores, the parameters that speak of it, and what they say.
pub(super) struct ScoreTest {
    name: &'static str,
    comparison: Comparison,
    wanted: f64,
    of: fn(&Scores) -> f64,
}

impl ScoreTest {
    /// The tests of a rule under these parameter names, in the order base, exploitability, impact. The comparison's
    /// parameter has the name of the score's and `_comparison` behind it.
    ///
    /// # Errors
    /// Where a score is no number.
    pub(super) fn of(arguments: &Arguments<'_>, names: [(&'static str, &str); 3]) -> Result<Vec<Self>, Failure> {
        let scores: [fn(&Scores) -> f64; 3] = [|s| s.base, |s| s.exploitability, |s| s.impact];
        let mut tests = Vec::new();
        for ((name, comparison), of) in names.into_iter().zip(scores) {
            let comparison = Comparison::parse(arguments.text_or(comparison, ">="));
            if let Some(wanted) = arguments.float(name)? {
                tests.push(Self { name, comparison, wanted, of });
            }
        }
        Ok(tests)
    }

    pub(super) fn holds(&self, scores: &Scores) -> bool {
        self.comparison.holds(&(self.of)(scores), &self.wanted)
    }

    /// The scores that were tested, in brackets; those of zero are left out, and where that are all, the brackets too.
    pub(super) fn printed(tests: &[Self], scores: &Scores) -> String {
        let tested = tests.iter().map(|test| (test.name, (test.of)(scores))).filter(|(_, score)| *score != 0.0);
        let printed: Vec<String> = tested.map(|(name, score)| format!("{name}={}", pyrepr::float(score))).collect();
        if printed.is_empty() { String::new() } else { format!("({})", printed.join(" ")) }
    }
}
