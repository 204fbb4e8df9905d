//! Whether the original's odd semantics hold (`spec/policy.md` §8).

/// How rules are understood where the original's behaviour is surprising.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Profile {
    /// As the original: rows, ids and verdicts are the same.
    #[default]
    Compat,
    /// As the author of the rule meant it: continued lines of a Dockerfile are joined, BuildKit's history is read, file
    /// contents are matched by line, `vendor_only` is obeyed.
    Native,
}

impl Profile {
    /// Reads `compat` or `native`.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "compat" => Some(Self::Compat),
            "native" => Some(Self::Native),
            _ => None,
        }
    }

    /// `compat` or `native`
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Compat => "compat",
            Self::Native => "native",
        }
    }
}
