//! Inline flags: `(?i)`, `(?s-x:…)`.

use crate::tokens::{SyntaxError, Token, Tokens};

/// What changes the meaning of a pattern.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flags {
    pub(crate) ignore_case: bool,
    pub(crate) multi_line: bool,
    pub(crate) dot_all: bool,
    pub(crate) verbose: bool,
    pub(crate) ascii: bool,
    /// Stated; it is the default.
    pub(crate) unicode: bool,
}

/// What stands behind `(?`.
pub(crate) enum Inline {
    /// `(?i)`: for the whole pattern.
    Global(Flags),
    /// `(?i-s:`: for a group; what is added and what is removed.
    Scoped(Flags, Flags),
}

impl Flags {
    fn set(&mut self, letter: char) {
        *self = self.with(Self::of(letter).unwrap_or_default());
    }

    fn of(letter: char) -> Option<Self> {
        let none = Self::default();
        Some(match letter {
            'i' => Self { ignore_case: true, ..none },
            'm' => Self { multi_line: true, ..none },
            's' => Self { dot_all: true, ..none },
            'x' => Self { verbose: true, ..none },
            'a' => Self { ascii: true, ..none },
            'u' => Self { unicode: true, ..none },
            // Only for patterns over bytes.
            'L' => none,
            _ => return None,
        })
    }

    pub(crate) fn is_flag(letter: char) -> bool {
        Self::of(letter).is_some()
    }

    pub(crate) fn with(self, other: Self) -> Self {
        Self {
            ignore_case: self.ignore_case || other.ignore_case,
            multi_line: self.multi_line || other.multi_line,
            dot_all: self.dot_all || other.dot_all,
            verbose: self.verbose || other.verbose,
            ascii: self.ascii || other.ascii,
            unicode: self.unicode || other.unicode,
        }
    }

    /// What holds inside a group with flags of its own.
    pub(crate) fn inside(self, added: Self, removed: Self) -> Self {
        let states_kind = added.ascii || added.unicode;
        Self {
            ignore_case: (self.ignore_case || added.ignore_case) && !removed.ignore_case,
            multi_line: (self.multi_line || added.multi_line) && !removed.multi_line,
            dot_all: (self.dot_all || added.dot_all) && !removed.dot_all,
            verbose: (self.verbose || added.verbose) && !removed.verbose,
            ascii: if states_kind { added.ascii } else { self.ascii },
            unicode: if states_kind { added.unicode } else { self.unicode },
        }
    }

    fn intersects(self, other: Self) -> bool {
        (self.ignore_case && other.ignore_case)
            || (self.multi_line && other.multi_line)
            || (self.dot_all && other.dot_all)
            || (self.verbose && other.verbose)
    }
}

/// Reads flags from `first` on, the character behind `(?`.
pub(crate) fn parse(tokens: &mut Tokens, first: char) -> Result<Inline, SyntaxError> {
    let mut added = Flags::default();
    let mut letter = first;
    while letter != '-' {
        if letter == 'L' {
            return Err(tokens.error("bad inline flags: cannot use 'L' flag with a str pattern", 0));
        }
        added.set(letter);
        if added.ascii && added.unicode {
            return Err(tokens.error("bad inline flags: flags 'a', 'u' and 'L' are incompatible", 0));
        }
        letter = next(tokens, "missing -, : or )", ")-:")?;
        match letter {
            ')' => return Ok(Inline::Global(added)),
            ':' => return Ok(Inline::Scoped(added, Flags::default())),
            _ => {}
        }
    }
    let mut removed = Flags::default();
    letter = next(tokens, "missing flag", "")?;
    while letter != ':' {
        if matches!(letter, 'a' | 'u' | 'L') {
            return Err(tokens.error("bad inline flags: cannot turn off flags 'a', 'u' and 'L'", 0));
        }
        removed.set(letter);
        letter = next(tokens, "missing :", ":")?;
    }
    if added.intersects(removed) {
        return Err(tokens.error("bad inline flags: flag turned on and off", 1));
    }
    Ok(Inline::Scoped(added, removed))
}

/// A flag or one of the other characters that may stand here.
fn next(tokens: &mut Tokens, missing: &str, others: &str) -> Result<char, SyntaxError> {
    match tokens.take()? {
        None => Err(tokens.error(missing, 0)),
        Some(Token::Plain(c)) if Flags::is_flag(c) || others.contains(c) => Ok(c),
        Some(Token::Plain(c)) if c.is_alphabetic() => Err(tokens.error("unknown flag", 1)),
        Some(token) => Err(tokens.error(missing, token.to_string().chars().count())),
    }
}
