//! Many short texts searched at once: a search engine goes over a long text much faster than it is started on each of
//! thirty thousand short ones.

use regex_syntax::hir::{
    Class, ClassBytes, ClassBytesRange, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Literal, Look, Repetition,
    literal::Extractor,
};

use crate::{Pattern, StepLimitExceeded, search};

/// Texts that are matched against several patterns, such as the paths of an image.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    /// Texts of one line each, a newline after each; an empty line stands for a text of several lines.
    joined: String,
    /// Where each line begins.
    starts: Vec<usize>,
    /// Texts of several lines, with their indices, which rise.
    odd: Vec<(usize, String)>,
}

impl<'t> FromIterator<&'t str> for Lines {
    fn from_iter<T: IntoIterator<Item = &'t str>>(texts: T) -> Self {
        let mut lines = Self::default();
        for (index, text) in texts.into_iter().enumerate() {
            lines.starts.push(lines.joined.len());
            if text.contains('\n') {
                lines.odd.push((index, text.to_owned()));
            } else {
                lines.joined.push_str(text);
            }
            lines.joined.push('\n');
        }
        lines
    }
}

impl Lines {
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// The text of that index, in the order in which texts were given.
    fn text(&self, index: usize) -> &str {
        if let Ok(at) = self.odd.binary_search_by_key(&index, |(odd, _)| *odd) {
            return &self.odd[at].1;
        }
        let end = self.starts.get(index + 1).copied().unwrap_or(self.joined.len());
        &self.joined[self.starts[index]..end - 1]
    }

    /// Indices of the texts that begin with a match of the pattern, in order.
    ///
    /// # Errors
    /// Where the backtracking engine gave up on one of them.
    pub fn matching(&self, pattern: &Pattern) -> Result<Vec<usize>, StepLimitExceeded> {
        let Some(searching) = pattern.searching_lines() else {
            return self.among(0..self.starts.len(), pattern);
        };
        let mut candidates: Vec<usize> = self.odd.iter().map(|(index, _)| *index).collect();
        let mut from = 0;
        while let Some(hit) = searching.find_at(&self.joined, from) {
            let line = self.starts.partition_point(|start| *start <= hit.start()) - 1;
            candidates.push(line);
            match self.starts.get(line + 1) {
                Some(start) => from = *start,
                None => break,
            }
        }
        candidates.sort_unstable();
        candidates.dedup();
        self.among(candidates, pattern)
    }

    fn among(
        &self,
        candidates: impl IntoIterator<Item = usize>,
        pattern: &Pattern,
    ) -> Result<Vec<usize>, StepLimitExceeded> {
        let mut found = Vec::new();
        for index in candidates {
            if pattern.matches_start(self.text(index))? {
                found.push(index);
            }
        }
        Ok(found)
    }
}

/// What is found in every line that begins with a match of the expression, and perhaps in others; `None` where no literal
/// makes looking for it faster than trying line by line.
pub(crate) fn searching(expression: &str) -> Option<String> {
    let parsed = regex_syntax::parse(expression).ok()?;
    let line = on_a_line(&search::instead_of(&parsed).unwrap_or(parsed));
    let literals = Extractor::new().extract(&line);
    (literals.min_literal_len()? >= SELECTIVE).then(|| line.to_string())
}

/// Literals shorter than this occur on every other line.
const SELECTIVE: usize = 2;

/// The same expression for one line among many: the ends of a text are those of a line, and nothing takes a newline, so
/// that no match, and no search for one, leads over several lines.
fn on_a_line(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Look(Look::Start) => Hir::look(Look::StartLF),
        HirKind::Look(Look::End) => Hir::look(Look::EndLF),
        HirKind::Literal(Literal(bytes)) if bytes.contains(&b'\n') => Hir::fail(),
        HirKind::Class(Class::Unicode(class)) => {
            let mut class = class.clone();
            class.difference(&ClassUnicode::new([ClassUnicodeRange::new('\n', '\n')]));
            Hir::class(Class::Unicode(class))
        }
        HirKind::Class(Class::Bytes(class)) => {
            let mut class = class.clone();
            class.difference(&ClassBytes::new([ClassBytesRange::new(b'\n', b'\n')]));
            Hir::class(Class::Bytes(class))
        }
        HirKind::Repetition(repetition) => {
            let sub = Box::new(on_a_line(&repetition.sub));
            Hir::repetition(Repetition { sub, ..repetition.clone() })
        }
        HirKind::Capture(capture) => on_a_line(&capture.sub),
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(on_a_line).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.iter().map(on_a_line).collect()),
        HirKind::Empty | HirKind::Look(_) | HirKind::Literal(_) => hir.clone(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matching(pattern: &str, texts: &[&str]) -> Vec<usize> {
        let lines: Lines = texts.iter().copied().collect();
        lines.matching(&Pattern::new(pattern).unwrap()).unwrap()
    }

    #[test]
    fn texts_are_found_by_their_index_in_order() {
        let texts = ["/etc/ssl/key.pem", "/etc/passwd", "", "/a\nb.pem", "/root/.pem", "/root/pem"];
        assert_eq!(matching(r".*\.pem$", &texts), [0, 4]);
        assert_eq!(matching(r"/a\nb\.pem", &texts), [3]);
        assert_eq!(matching("/root/", &texts), [4, 5]);
        assert_eq!(matching("(?s).*pem", &texts), [0, 3, 4, 5]);
        assert_eq!(matching("$", &texts), [2]);
        assert_eq!(matching("x", &[]), [0; 0]);
    }

    #[test]
    fn only_expressions_with_a_literal_are_searched_for() {
        for (expression, expected) in [
            (r"\A(?:.*\.pem)", true),
            (r"\A(?:/root/.*)", true),
            (r"\A(?:.*/[0-9a-f]{3})", false),
            (r"\A(?:.*)", false),
        ] {
            assert_eq!(searching(expression).is_some(), expected, "{expression}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_096))]

        #[test]
        fn searching_all_and_matching_each_agree(
            pattern in r"([.][*][?]?)?(ab|/|a|b|[.]|\[\^a\]|[.][*]|\\n|\(\?s:[.]\)|[$^]|\\Z|\\b|\\s[*]|[|]|\(ab\)[+]|b[?]|é){1,7}",
            texts in proptest::collection::vec("[ab/ é\n]{0,6}", 0..8),
        ) {
            let Ok(pattern) = Pattern::new(&pattern) else { return Ok(()) };
            let lines: Lines = texts.iter().map(String::as_str).collect();
            let expected: Vec<usize> =
                (0..texts.len()).filter(|index| pattern.matches_start(&texts[*index]).unwrap()).collect();
            prop_assert_eq!(lines.matching(&pattern).unwrap(), expected);
        }
    }
}
