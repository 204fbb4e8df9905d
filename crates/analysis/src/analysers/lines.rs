//! Searches content line by line while it passes by.

use super::patterns::Patterns;

/// Lines are looked at together up to this many bytes, and a single line no further.
const BLOCK: usize = 1 << 20;
/// Matching lines of one pattern in one file that are listed.
const MAX_LINES: usize = 10_000;

/// Where patterns matched in one file.
#[derive(Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Hits {
    /// By pattern: its place in the list and the lines, counted from 0.
    pub(super) lines: Vec<(usize, Vec<u32>)>,
    /// Why the search is not complete, if it is not.
    pub(super) trouble: Option<String>,
}

pub(super) struct LineSearch<'p> {
    patterns: &'p Patterns,
    block: Vec<u8>,
    /// Number of the first line of the block.
    line: u32,
    /// The block begins within a line whose beginning was looked at.
    cut: bool,
    hits: Hits,
}

impl<'p> LineSearch<'p> {
    pub(super) fn new(patterns: &'p Patterns, size: u64) -> Self {
        let expected = usize::try_from(size).unwrap_or(BLOCK).min(BLOCK);
        Self { patterns, block: Vec::with_capacity(expected), line: 0, cut: false, hits: Hits::default() }
    }

    pub(super) fn see(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK - self.block.len()));
            self.block.extend_from_slice(now);
            bytes = later;
            if self.block.len() == BLOCK {
                let end = self.block.iter().rposition(|&b| b == b'\n').map_or(BLOCK, |newline| newline + 1);
                self.search(end);
            }
        }
    }

    pub(super) fn finish(mut self) -> Hits {
        self.search(self.block.len());
        self.hits.lines.sort_unstable_by_key(|(pattern, _)| *pattern);
        self.hits
    }

    /// Looks at the block up to `end`, and takes it away.
    fn search(&mut self, end: usize) {
        let text = &self.block[..end];
        let mut start = 0;
        if self.cut {
            start = text.iter().position(|&b| b == b'\n').map_or(end, |newline| newline + 1);
            self.line += u32::from(text[..start].ends_with(b"\n"));
        }
        let lines = &text[start..];
        let candidates = self.patterns.candidates(lines);
        if !candidates.is_empty() {
            for (number, line) in (self.line..).zip(lines.split_inclusive(|&b| b == b'\n')) {
                for &pattern in &candidates {
                    match self.patterns.get(pattern).matches(line) {
                        Ok(true) => note(&mut self.hits, self.patterns, pattern, number),
                        Ok(false) => {}
                        Err(error) => {
                            let name = self.patterns.get(pattern).label();
                            self.hits.trouble = Some(format!("{name} gave up on line {number}: {error}"));
                        }
                    }
                }
            }
        }
        self.line = self.line.saturating_add((lines.split(|&b| b == b'\n').count() - 1) as u32);
        self.cut = !text.is_empty() && !text.ends_with(b"\n");
        self.block.drain(..end);
    }
}

fn note(hits: &mut Hits, patterns: &Patterns, pattern: usize, line: u32) {
    let known = hits.lines.iter().position(|(other, _)| *other == pattern);
    let at = known.unwrap_or_else(|| {
        hits.lines.push((pattern, Vec::new()));
        hits.lines.len() - 1
    });
    let lines = &mut hits.lines[at].1;
    if lines.len() < MAX_LINES {
        lines.push(line);
    } else {
        let name = patterns.get(pattern).label();
        hits.trouble = Some(format!("{name} matches more than {MAX_LINES} lines; only the first are listed"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(patterns: &[&str], content: &[u8], piece: usize) -> Hits {
        let patterns = Patterns::parse(patterns).expect("valid");
        let mut search = LineSearch::new(&patterns, content.len() as u64);
        content.chunks(piece).for_each(|piece| search.see(piece));
        search.finish()
    }

    #[test]
    fn lines_are_counted_from_0_however_the_bytes_come() {
        let content = b"key=1\nother\n  key=2\nkey=3";
        for piece in [1, 3, 100] {
            assert_eq!(search(&["key", "o"], content, piece).lines, [(0, vec![0, 3]), (1, vec![1])]);
        }
        assert_eq!(search(&["key"], b"", 1), Hits::default());
    }

    #[test]
    fn numbers_go_on_over_blocks_and_long_lines_are_looked_at_in_their_beginning() {
        let mut content = b"key\n".to_vec();
        content.extend(vec![b'x'; BLOCK / 2]);
        content.extend(b"\nkey");
        content.extend(vec![b'x'; 2 * BLOCK]);
        content.extend(b"needle\nkey\nneedle");
        for piece in [4_096, BLOCK * 4] {
            let hits = search(&["key", ".*needle"], &content, piece);
            assert_eq!(hits.lines, [(0, vec![0, 2, 3]), (1, vec![4])], "pieces of {piece}");
        }
    }

    #[test]
    fn a_file_full_of_matches_is_listed_in_part_and_says_so() {
        let hits = search(&["A=a"], "a\n".repeat(MAX_LINES + 1).as_bytes(), 1 << 16);
        assert_eq!(hits.lines[0].1.len(), MAX_LINES);
        assert_eq!(hits.trouble.as_deref(), Some("A matches more than 10000 lines; only the first are listed"));
    }
}
