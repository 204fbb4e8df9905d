//! Writes what a pattern says in Rust's syntax.

use std::fmt::Write as _;

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

use crate::syntax::{Category, CategoryKind, Class, Mode, Node};

/// A pattern in the syntax that both engines read.
pub(crate) struct Emitted {
    pub(crate) text: String,
    /// Whether only the backtracking engine can run it.
    pub(crate) needs_backtracking: bool,
}

/// Which texts the result is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Texts {
    /// Not empty and ASCII only: the linear engine's own boundaries of words are Python's there.
    Ascii,
    /// Any: Python's boundaries, which need look-around.
    Any,
}

/// Writes what must be found at the start of a text; groups are counted where something refers to them.
pub(crate) fn emit(node: &Node, has_references: bool, texts: Texts) -> Emitted {
    let emitted = Emitted { text: r"\A".into(), needs_backtracking: false };
    let mut emitter = Emitter { emitted, texts, captures: has_references };
    emitter.group("(?:", node, !has_references);
    emitter.emitted
}

struct Emitter {
    emitted: Emitted,
    texts: Texts,
    captures: bool,
}

impl Emitter {
    fn push(&mut self, text: &str) {
        self.emitted.text += text;
    }

    fn group(&mut self, opening: &str, node: &Node, is_last: bool) {
        self.push(opening);
        self.node(node, is_last);
        self.push(")");
    }

    /// `is_last`: nothing follows, so that an end may take the newline that it stands before.
    fn node(&mut self, node: &Node, is_last: bool) {
        match node {
            Node::Class(class) => self.push(&class.text()),
            Node::Start { each_line: true } => self.push("(?m:^)"),
            Node::Start { each_line: false } => self.push(r"\A"),
            Node::End { each_line: true } => self.push("(?m:$)"),
            Node::End { each_line: false } if is_last => self.push(r"(?:\x{a}?\z)"),
            Node::End { each_line: false } => self.backtracking(r"(?=\x{a}?\z)"),
            Node::TextEnd => self.push(r"\z"),
            Node::WordBoundary { is_negated, is_ascii } => self.boundary(*is_negated, *is_ascii),
            Node::Concat(nodes) => {
                for (index, node) in nodes.iter().enumerate() {
                    self.node(node, is_last && index + 1 == nodes.len());
                }
            }
            Node::Alternation(nodes) => {
                for (index, node) in nodes.iter().enumerate() {
                    self.push(if index == 0 { "(?:" } else { "|" });
                    self.node(node, is_last);
                }
                self.push(")");
            }
            Node::Group { number: Some(_), node } if self.captures => self.group("(", node, is_last),
            Node::Group { node, .. } => self.group("(?:", node, is_last),
            Node::Repeat { node, min, max, mode } => self.repeat(node, *min, *max, *mode, is_last),
            Node::Atomic(node) => {
                self.emitted.needs_backtracking = true;
                self.group("(?>", node, is_last);
            }
            Node::Look { is_behind, is_negated, node } => {
                self.emitted.needs_backtracking = true;
                let opening = match (is_behind, is_negated) {
                    (false, false) => "(?=",
                    (false, true) => "(?!",
                    (true, false) => "(?<=",
                    (true, true) => "(?<!",
                };
                self.group(opening, node, !is_behind && !self.captures);
            }
            Node::Reference { group, ignore_case } => {
                let flag = if *ignore_case { "i" } else { "" };
                self.backtracking(&format!(r"(?{flag}:\{group})"));
            }
            Node::Conditional { group, yes, no } => {
                self.backtracking(&format!("(?({group})"));
                self.node(yes, false);
                self.push("|");
                self.node(no, false);
                self.push(")");
            }
        }
    }

    fn backtracking(&mut self, text: &str) {
        self.emitted.needs_backtracking = true;
        self.push(text);
    }

    fn repeat(&mut self, node: &Node, min: u32, max: Option<u32>, mode: Mode, is_last: bool) {
        if mode == Mode::Possessive {
            self.backtracking("(?>");
        }
        if node.width(&[]).1 == 0 {
            self.optional_position(node, min, max, mode, is_last);
        } else {
            self.group("(?:", node, is_last && max == Some(1));
            let _ = match (min, max) {
                (0, None) => write!(self.emitted.text, "*"),
                (1, None) => write!(self.emitted.text, "+"),
                (0, Some(1)) => write!(self.emitted.text, "?"),
                (min, None) => write!(self.emitted.text, "{{{min},}}"),
                (min, Some(max)) => write!(self.emitted.text, "{{{min},{max}}}"),
            };
            self.push(if mode == Mode::Lazy { "?" } else { "" });
        }
        if mode == Mode::Possessive {
            self.push(")");
        }
    }

    /// What takes no character is so once or never; the backtracking engine refuses to repeat it.
    fn optional_position(&mut self, node: &Node, min: u32, max: Option<u32>, mode: Mode, is_last: bool) {
        self.push("(?:");
        if max != Some(0) {
            self.push(if min == 0 && mode == Mode::Lazy { "|" } else { "" });
            self.node(node, is_last);
            self.push(if min == 0 && mode != Mode::Lazy { "|" } else { "" });
        }
        self.push(")");
    }

    fn boundary(&mut self, is_negated: bool, is_ascii: bool) {
        if self.texts == Texts::Ascii {
            self.push(if is_negated { r"(?-u:\B)" } else { r"(?-u:\b)" });
            return;
        }
        let word = Category { kind: CategoryKind::Word, is_negated: false }.text(is_ascii);
        self.backtracking(&if is_negated {
            // There is no such place in an empty text.
            format!(r"(?:(?!\A\z)(?:(?<={word})(?={word})|(?<!{word})(?!{word})))")
        } else {
            format!("(?:(?<={word})(?!{word})|(?<!{word})(?={word}))")
        });
    }
}

impl Class {
    fn text(&self) -> String {
        let mut text = String::from(if self.is_negated { "[^" } else { "[" });
        let ranges = if self.ignore_case { self.folded() } else { self.ranges.clone() };
        match (ranges.as_slice(), self.categories.as_slice()) {
            // Any character at all, or none.
            ([], []) => return if self.is_negated { "(?s:.)".into() } else { r"[^\x{0}-\x{10ffff}]".into() },
            ([(first, last)], []) if first == last && !self.is_negated && first.is_ascii_alphanumeric() => {
                return first.to_string();
            }
            _ => {}
        }
        for (first, last) in ranges {
            let _ = write!(text, r"\x{{{:x}}}-\x{{{:x}}}", first as u32, last as u32);
        }
        for category in &self.categories {
            text += &category.text(self.is_ascii);
        }
        text.push(']');
        text
    }

    /// The ranges with the characters that differ from theirs in case only.
    fn folded(&self) -> Vec<(char, char)> {
        if self.is_ascii {
            let swapped = |(first, last): (char, char), from: (char, char), to: char| {
                let (first, last) = (first.max(from.0), last.min(from.1));
                let shift = |c: char| char::from_u32(c as u32 - from.0 as u32 + to as u32).unwrap_or(c);
                (first <= last).then(|| (shift(first), shift(last)))
            };
            let lower = self.ranges.iter().filter_map(|range| swapped(*range, ('A', 'Z'), 'a'));
            let upper = self.ranges.iter().filter_map(|range| swapped(*range, ('a', 'z'), 'A'));
            return self.ranges.iter().copied().chain(lower).chain(upper).collect();
        }
        let ranges = self.ranges.iter().map(|(first, last)| ClassUnicodeRange::new(*first, *last));
        let mut class = ClassUnicode::new(ranges);
        // It fails where tables are missing, which our features ask for.
        let _ = class.try_case_fold_simple();
        // To Python, i with and without its dot are one letter in four forms.
        const DOTLESS: [char; 4] = ['I', 'i', '\u{130}', '\u{131}'];
        let holds = |c: char| class.iter().any(|range| (range.start()..=range.end()).contains(&c));
        if DOTLESS.into_iter().any(holds) {
            for c in DOTLESS {
                class.push(ClassUnicodeRange::new(c, c));
            }
        }
        class.iter().map(|range| (range.start(), range.end())).collect()
    }
}

impl Category {
    /// As a class, Python's idea of it.
    fn text(self, is_ascii: bool) -> String {
        let members = match (self.kind, is_ascii) {
            (CategoryKind::Digit, true) => "0-9",
            (CategoryKind::Digit, false) => r"\p{Nd}",
            (CategoryKind::Space, true) => r"\x{9}-\x{d}\x{20}",
            // With the separators of ASCII, which Unicode does not count as white space.
            (CategoryKind::Space, false) => r"\s\x{1c}-\x{1f}",
            (CategoryKind::Word, true) => "0-9A-Za-z_",
            // Without marks and joiners, which Unicode counts.
            (CategoryKind::Word, false) => r"\p{L}\p{N}_",
        };
        format!("[{}{members}]", if self.is_negated { "^" } else { "" })
    }
}
