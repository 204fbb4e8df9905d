//! Patterns over all paths of an image, of all rules of a policy at once.

use windlass_patterns::{Matching, PatternSet};
use windlass_sbom::FileEntry;

use crate::{Failure, Firings, Image, Rule, gate::Condition};

/// The patterns of those rules that have usable ones, in the order of the rules.
#[derive(Debug)]
pub(crate) struct PathPatterns(PatternSet);

/// Which paths of an image they match, found when the first rule asks.
pub(crate) struct MatchingPaths<'p, 'i> {
    patterns: &'p PathPatterns,
    image: &'i Image<'i>,
    /// For the rules that have not asked yet.
    matching: Option<std::vec::IntoIter<Matching>>,
}

impl PathPatterns {
    pub(crate) fn of(rules: &[Rule]) -> Self {
        let patterns = rules.iter().filter_map(|rule| match &rule.check.as_ref().ok()?.0 {
            Condition::Paths(pattern, _) => pattern.usable().ok().cloned(),
            Condition::Facts(_) => None,
        });
        Self(PatternSet::new(patterns.collect()))
    }

    pub(crate) fn over<'i>(&self, image: &'i Image<'i>) -> MatchingPaths<'_, 'i> {
        MatchingPaths { patterns: self, image, matching: None }
    }
}

impl MatchingPaths<'_, '_> {
    /// Fires for each file that the next rule's pattern matches. Rules ask in their order, each once.
    ///
    /// # Errors
    /// Where there are files and the rule's pattern is none, or takes too long on one of their paths.
    pub(crate) fn fire_next(
        &mut self,
        pattern: &crate::rule_pattern::RulePattern,
        message: &dyn Fn(FileEntry<'_>) -> String,
        firings: &mut Firings,
    ) -> Result<(), Failure> {
        let files = self.image.files();
        if files.is_empty() {
            return Ok(());
        }
        pattern.usable()?;
        let matching = self.matching.get_or_insert_with(|| self.patterns.0.matching(&self.image.paths()).into_iter());
        for index in matching.next().expect("every rule with a usable pattern has its place")? {
            firings.fire(message(files.get(index)));
        }
        Ok(())
    }
}
