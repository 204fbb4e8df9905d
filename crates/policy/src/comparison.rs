//! The six comparisons that rules write as signs.

use std::cmp::Ordering;

/// A comparison between what is found and what a rule says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    Greater,
    AtMost,
    AtLeast,
}

impl Comparison {
    /// In the order of the documentation.
    pub(crate) const WORDS: &'static [&'static str] = &["=", "!=", "<", ">", "<=", ">="];

    /// Reads one of [`WORDS`](Self::WORDS); anything else is `>=`.
    pub(crate) fn parse(word: &str) -> Self {
        match word {
            "=" => Self::Equal,
            "!=" => Self::NotEqual,
            "<" => Self::Less,
            ">" => Self::Greater,
            "<=" => Self::AtMost,
            _ => Self::AtLeast,
        }
    }

    /// Whether it holds for how the found value stands to the one of the rule.
    pub(crate) fn admits(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::Greater => order.is_gt(),
            Self::AtMost => order.is_le(),
            Self::AtLeast => order.is_ge(),
        }
    }

    /// Whether it holds; never for values without an order.
    pub(crate) fn holds<T: PartialOrd>(self, found: &T, wanted: &T) -> bool {
        found.partial_cmp(wanted).is_some_and(|order| self.admits(order))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sign_means_what_it_says() {
        for (word, less, equal, greater) in [
            ("=", false, true, false),
            ("!=", true, false, true),
            ("<", true, false, false),
            (">", false, false, true),
            ("<=", true, true, false),
            (">=", false, true, true),
        ] {
            let comparison = Comparison::parse(word);
            let held = (comparison.holds(&1, &2), comparison.holds(&2, &2), comparison.holds(&3, &2));
            assert_eq!(held, (less, equal, greater), "{word}");
            assert!(Comparison::WORDS.contains(&word));
        }
    }
}
