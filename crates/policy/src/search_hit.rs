//! Hits of the searches through files as the original named them (`spec/policy.md` §4.3.1).

use windlass_sbom::PatternMatch;

/// `NAME=regex`, or the bare regex where it has no name.
pub(crate) struct SearchHit(String);

impl SearchHit {
    pub(crate) fn new(found: &PatternMatch) -> Self {
        let PatternMatch { name, regex, .. } = found;
        Self(if name.is_empty() { regex.clone() } else { format!("{name}={regex}") })
    }

    pub(crate) fn key(&self) -> &str {
        &self.0
    }

    /// Name and regex as the original told them apart: at the first `=`, even where that is part of a bare regex.
    pub(crate) fn parts(&self) -> (Option<&str>, &str) {
        self.0.split_once('=').map_or((None, &self.0), |(name, regex)| (Some(name), regex))
    }

    /// Whether `wanted` is its regex, its name or the whole key.
    pub(crate) fn is(&self, wanted: &str) -> bool {
        let (name, regex) = self.parts();
        wanted == regex || wanted == self.key() || (name == Some(wanted) && !wanted.is_empty())
    }
}
