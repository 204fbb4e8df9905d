//! Several patterns that are asked of the same texts.

use std::sync::OnceLock;

use crate::{
    Pattern, StepLimitExceeded,
    text_list::TextList,
    walk::{Hits, Walk},
};

/// Patterns that are looked for at once: the time that takes hardly grows with their number.
#[derive(Debug)]
pub struct PatternSet {
    patterns: Vec<Pattern>,
    /// Prepared when it is first needed.
    walk: OnceLock<Option<SetWalk>>,
}

/// The linear patterns of a set, as expressions of one walk.
#[derive(Debug)]
struct SetWalk {
    walk: Walk,
    /// For each expression the pattern that begins with it; the expressions after it, up to the next one's, are that
    /// pattern's further conditions.
    owners: Vec<Option<usize>>,
    is_negated: Vec<bool>,
    /// Whether each pattern is among them.
    is_member: Vec<bool>,
}

/// The indices of the texts that begin with a match of a pattern, in order, or why they cannot be told.
pub type Matching = Result<Vec<usize>, StepLimitExceeded>;

impl PatternSet {
    pub fn new(patterns: Vec<Pattern>) -> Self {
        Self { patterns, walk: OnceLock::new() }
    }

    /// Which texts begin with a match of each pattern, in the order of the patterns.
    pub fn matching(&self, texts: &TextList<'_>) -> Vec<Matching> {
        if texts.is_empty() {
            return self.patterns.iter().map(|_| Ok(Vec::new())).collect();
        }
        let walk = self.walk.get_or_init(|| SetWalk::new(&self.patterns)).as_ref();
        let mut walked = walk.and_then(|walk| Some((walk, walk.matching(&self.patterns, texts)?)));
        let one = |(index, pattern): (usize, &Pattern)| match &mut walked {
            Some((walk, found)) if walk.is_member[index] => Ok(std::mem::take(&mut found[index])),
            _ => one_by_one(pattern, texts),
        };
        self.patterns.iter().enumerate().map(one).collect()
    }
}

fn one_by_one(pattern: &Pattern, texts: &TextList<'_>) -> Matching {
    let mut found = Ok(Vec::new());
    texts.each(|index, text| {
        let Ok(known) = &mut found else { return };
        match pattern.matches_start(text) {
            Ok(true) => known.push(index),
            Ok(false) => {}
            Err(error) => found = Err(error),
        }
    });
    found
}

impl SetWalk {
    fn new(patterns: &[Pattern]) -> Option<Self> {
        let mut expressions = Vec::new();
        let (mut owners, mut is_negated) = (Vec::new(), Vec::new());
        let mut is_member = vec![false; patterns.len()];
        for (index, pattern) in patterns.iter().enumerate() {
            for (place, condition) in pattern.conditions().iter().enumerate() {
                is_member[index] = true;
                expressions.push(condition.expression());
                owners.push((place == 0).then_some(index));
                is_negated.push(condition.is_negated());
            }
        }
        Some(Self { walk: Walk::new(&expressions)?, owners, is_negated, is_member })
    }

    /// The texts of each pattern that is a member; `None` where the walk is not worth its while.
    fn matching(&self, patterns: &[Pattern], texts: &TextList<'_>) -> Option<Vec<Vec<usize>>> {
        let mut found = vec![Vec::new(); patterns.len()];
        let hear = |text: usize, hits: &Hits| {
            for expression in hits.expressions() {
                if let Some(pattern) = self.owners[expression].filter(|_| self.holds(expression, hits)) {
                    found[pattern].push(text);
                }
            }
        };
        self.walk.go(texts, hear).ok()?;
        for (pattern, found) in patterns.iter().zip(&mut found).filter(|(pattern, _)| pattern.is_odd_apart()) {
            found.retain(|text| texts.odd().binary_search(text).is_err());
            for &text in texts.odd() {
                if pattern.matches_start(&texts.text(text)).ok()? {
                    found.push(text);
                }
            }
            found.sort_unstable();
        }
        Some(found)
    }

    /// Whether the further conditions of a pattern whose first expression was found hold as well.
    fn holds(&self, first: usize, hits: &Hits) -> bool {
        let further = (first + 1..self.owners.len()).take_while(|expression| self.owners[*expression].is_none());
        further.into_iter().all(|expression| hits.has(expression) != self.is_negated[expression])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matching(patterns: &[&str], texts: &[&str]) -> Vec<Matching> {
        let patterns = patterns.iter().map(|pattern| Pattern::new(pattern).unwrap()).collect();
        PatternSet::new(patterns).matching(&texts.iter().copied().collect())
    }

    #[test]
    fn texts_are_found_by_their_index_in_order() {
        let texts = ["/etc/ssl/key.pem", "/etc/passwd", "", "/a\nb.pem", "/root/.pem", "/root/pem", "/usr/lib/é.py"];
        let expected = [
            (r".*\.pem$", vec![0, 4]),
            (r"/a\nb\.pem", vec![3]),
            ("/root/", vec![4, 5]),
            ("(?s).*pem", vec![0, 3, 4, 5]),
            ("$", vec![2]),
            ("/(?!etc|root).*p", vec![6]),
            (r"/(?=etc).*\b(?:key|passwd)\b", vec![0, 1]),
            (r"(/)etc\1", vec![0, 1]),
            (r".*(?<!é)\.p", vec![0, 4]),
            (".*", vec![0, 1, 2, 3, 4, 5, 6]),
        ];
        let patterns: Vec<&str> = expected.iter().map(|(pattern, _)| *pattern).collect();
        let found = matching(&patterns, &texts);
        for ((pattern, expected), found) in expected.into_iter().zip(found) {
            assert_eq!(found, Ok(expected), "{pattern}");
        }
        assert_eq!(matching(&["x"], &[]), [Ok(vec![])]);
        assert_eq!(matching(&[], &["x"]), []);
    }

    #[test]
    fn a_pattern_that_takes_too_long_fails_alone() {
        let long = "a".repeat(5_000);
        assert_eq!(matching(&[r"(a|aa)+\1c", "a"], &[&long]), [Err(StepLimitExceeded), Ok(vec![0])]);
    }

    #[test]
    fn expressions_that_take_too_many_states_together_are_tried_one_by_one() {
        // Each is a window of its own over the text: together they have more states than fit anywhere.
        let patterns: Vec<String> =
            (0..12).map(|number| format!("(?s).*[a-m].{{{}}}[{number}x]", 20 + number)).collect();
        let patterns: Vec<&str> = patterns.iter().map(String::as_str).collect();
        let mut seed = 1_u32;
        let mut letter = |_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from(b"abcxyz0123456789"[seed as usize >> 28])
        };
        let texts: Vec<String> = (0..100).map(|_| (0..400).map(&mut letter).collect()).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let parsed: Vec<Pattern> = patterns.iter().map(|pattern| Pattern::new(pattern).unwrap()).collect();
        let walk = SetWalk::new(&parsed).unwrap();
        assert!(walk.matching(&parsed, &texts.iter().copied().collect()).is_none());
        for (pattern, found) in parsed.iter().zip(matching(&patterns, &texts)) {
            let expected: Vec<usize> =
                (0..texts.len()).filter(|text| pattern.matches_start(texts[*text]).unwrap()).collect();
            assert!(!expected.is_empty());
            assert_eq!(found, Ok(expected), "{pattern:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_096))]

        #[test]
        fn searching_all_and_matching_each_agree(
            patterns in proptest::collection::vec(
                r"([.][*][?]?)?(ab|/|a|b|[.]|\[\^a\]|[.][*]|\\n|\(\?s:[.]\)|[$^]|\\Z|\\b|\\B|\\s[*]|[|]|\(ab\)[+]|b[?]|é|\([?][!=]a?/?b\)){1,7}",
                1..5,
            ),
            texts in proptest::collection::vec("[ab/ é\n]{0,6}", 0..8),
            is_sorted in any::<bool>(),
        ) {
            let patterns: Vec<Pattern> = patterns.iter().filter_map(|pattern| Pattern::new(pattern).ok()).collect();
            let mut texts = texts;
            if is_sorted {
                texts.sort();
            }
            let set = PatternSet::new(patterns.clone());
            let list: TextList<'_> = texts.iter().map(String::as_str).collect();
            // A second walk takes up the states of the first.
            for _ in 0..2 {
                for (pattern, found) in patterns.iter().zip(set.matching(&list)) {
                    let expected = (0..texts.len()).filter(|text| pattern.matches_start(&texts[*text]).unwrap());
                    prop_assert_eq!(found.unwrap(), expected.collect::<Vec<_>>(), "{}", pattern.as_str());
                }
            }
        }
    }
}
