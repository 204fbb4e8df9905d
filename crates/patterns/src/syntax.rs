//! What a regular expression says, whichever way it was written.

/// A part of a regular expression.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    /// One character out of a set.
    Class(Class),
    /// The start of the text, or of a line.
    Start {
        each_line: bool,
    },
    /// The end of the text or before its last newline; with `each_line`, before any.
    End {
        each_line: bool,
    },
    /// The very end of the text.
    TextEnd,
    /// Between a character of a word and one that is none; negated, anywhere else in a text that is not empty.
    WordBoundary {
        is_negated: bool,
        is_ascii: bool,
    },
    Concat(Vec<Node>),
    Alternation(Vec<Node>),
    /// Numbered from 1 where it captures.
    Group {
        number: Option<usize>,
        node: Box<Node>,
    },
    Repeat {
        node: Box<Node>,
        min: u32,
        max: Option<u32>,
        mode: Mode,
    },
    /// What it matched first is not reconsidered.
    Atomic(Box<Node>),
    Look {
        is_behind: bool,
        is_negated: bool,
        node: Box<Node>,
    },
    Reference {
        group: usize,
        ignore_case: bool,
    },
    /// One of two, by whether a group has matched.
    Conditional {
        group: usize,
        yes: Box<Node>,
        no: Box<Node>,
    },
}

/// How often a repetition is tried first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Greedy,
    Lazy,
    Possessive,
}

/// A set of characters.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Class {
    pub(crate) is_negated: bool,
    /// First and last of each range.
    pub(crate) ranges: Vec<(char, char)>,
    pub(crate) categories: Vec<Category>,
    pub(crate) ignore_case: bool,
    /// Whether case and categories are those of ASCII only.
    pub(crate) is_ascii: bool,
}

/// `\d`, `\s`, `\w` or the opposite of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Category {
    pub(crate) kind: CategoryKind,
    pub(crate) is_negated: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CategoryKind {
    Digit,
    Space,
    Word,
}

/// The fewest and the most characters that a part can match.
pub(crate) type Width = (u64, u64);

impl Node {
    /// Its width; `groups` are those of the groups before it, from group 1 on.
    pub(crate) fn width(&self, groups: &[Option<Width>]) -> Width {
        let either = |a: Width, b: Width| (a.0.min(b.0), a.1.max(b.1));
        match self {
            Self::Class(_) => (1, 1),
            Self::Start { .. } | Self::End { .. } | Self::TextEnd | Self::WordBoundary { .. } | Self::Look { .. } => {
                (0, 0)
            }
            Self::Concat(nodes) => nodes.iter().fold((0, 0), |sum, node| {
                let width = node.width(groups);
                (sum.0.saturating_add(width.0), sum.1.saturating_add(width.1))
            }),
            Self::Alternation(nodes) => nodes.iter().map(|node| node.width(groups)).reduce(either).unwrap_or_default(),
            Self::Group { node, .. } | Self::Atomic(node) => node.width(groups),
            Self::Repeat { node, min, max, .. } => {
                let (least, most) = node.width(groups);
                let max = max.map_or(u64::MAX, u64::from);
                (least.saturating_mul(u64::from(*min)), most.saturating_mul(max))
            }
            Self::Reference { group, .. } => groups.get(group - 1).copied().flatten().unwrap_or((0, u64::MAX)),
            Self::Conditional { yes, no, .. } => either(yes.width(groups), no.width(groups)),
        }
    }

    /// Whether a quantifier may follow: Python refuses to repeat a position.
    pub(crate) fn is_position(&self) -> bool {
        matches!(self, Self::Start { .. } | Self::End { .. } | Self::TextEnd | Self::WordBoundary { .. })
    }
}
