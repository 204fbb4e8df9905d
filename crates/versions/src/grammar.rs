//! The grammar of constraints, read one unit at a time.
//!
//! ```text
//! expression := group ('||' group)*
//! group      := unit ((',' | white space) unit)*
//! unit       := ('<' | '<=' | '>' | '>=' | '=')? version
//! ```
//!
//! A version may be quoted with `"` or `'`. White space alone joins two units only where the second one has an
//! operator: `>= 1.0 < 2.0` has one meaning, `1.0 2.0` has none. Empty units (a trailing comma) are skipped, but an
//! empty alternative is an error: read literally it would hold for every version.

use std::cmp::Ordering;

use crate::constraint::InvalidConstraint;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
}

impl Operator {
    fn parse(text: &[u8]) -> Option<Operator> {
        Some(match text {
            b"<" => Operator::Less,
            b"<=" => Operator::LessOrEqual,
            b">" => Operator::Greater,
            b">=" => Operator::GreaterOrEqual,
            b"=" | b"" => Operator::Equal,
            _ => return None,
        })
    }

    pub(crate) fn holds(self, order: Ordering) -> bool {
        match self {
            Operator::Less => order.is_lt(),
            Operator::LessOrEqual => order.is_le(),
            Operator::Greater => order.is_gt(),
            Operator::GreaterOrEqual => order.is_ge(),
            Operator::Equal => order.is_eq(),
        }
    }
}

/// One comparison of a constraint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unit<'a> {
    pub(crate) operator: Operator,
    pub(crate) version: &'a str,
    /// Whether this unit opens a new alternative (follows `||`).
    pub(crate) opens_group: bool,
}

/// Reads the units of a constraint without allocating; after an error it yields nothing more.
pub(crate) struct Units<'a> {
    text: &'a str,
    offset: usize,
    /// The current alternative has no unit yet.
    group_is_empty: bool,
    /// A unit was read, and no comma or `||` since.
    unseparated: bool,
    opens_group: bool,
}

impl<'a> Units<'a> {
    pub(crate) fn of(text: &'a str) -> Units<'a> {
        Units { text, offset: 0, group_is_empty: true, unseparated: false, opens_group: false }
    }

    fn rest(&self) -> &'a [u8] {
        &self.text.as_bytes()[self.offset..]
    }

    fn skip_white_space(&mut self) {
        self.offset += self.rest().iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    }

    /// Reads up to the next unit; `None` at the end of the text.
    fn skip_separators(&mut self) -> Result<Option<()>, InvalidConstraint> {
        loop {
            self.skip_white_space();
            match self.rest() {
                [] if self.group_is_empty && self.opens_group => {
                    return Err(self.error("`||` is followed by nothing", "name a version after it, or remove it"));
                }
                [] if self.group_is_empty && !self.text.trim_ascii().is_empty() => {
                    return Err(self.error("it holds commas and no version", "name a version, or leave it empty"));
                }
                [] => return Ok(None),
                [b'|', b'|', ..] if self.group_is_empty => {
                    return Err(self.error("`||` follows nothing", "name a version before it, or remove it"));
                }
                [b'|', b'|', ..] => {
                    self.offset += 2;
                    self.group_is_empty = true;
                    self.opens_group = true;
                    self.unseparated = false;
                }
                [b',', ..] => {
                    self.offset += 1;
                    self.unseparated = false;
                }
                _ => return Ok(Some(())),
            }
        }
    }

    fn read_unit(&mut self) -> Result<Option<Unit<'a>>, InvalidConstraint> {
        if self.skip_separators()?.is_none() {
            return Ok(None);
        }
        let operator_length = self.rest().iter().take_while(|byte| is_operator(**byte)).count();
        if operator_length == 0 && self.unseparated {
            return Err(self.error("two versions follow each other", "put `,` (and) or `||` (or) between them"));
        }
        let Some(operator) = Operator::parse(&self.rest()[..operator_length]) else {
            return Err(self.error("the operator is unknown", "use one of < <= > >= ="));
        };
        self.offset += operator_length;
        self.skip_white_space();
        let version = match self.rest() {
            [quote @ (b'"' | b'\''), ..] => self.read_quoted(*quote)?,
            _ => self.read_bare()?,
        };
        let opens_group = std::mem::take(&mut self.opens_group);
        self.group_is_empty = false;
        self.unseparated = true;
        Ok(Some(Unit { operator, version, opens_group }))
    }

    fn read_quoted(&mut self, quote: u8) -> Result<&'a str, InvalidConstraint> {
        let start = self.offset + 1;
        let Some(length) = self.text.as_bytes()[start..].iter().position(|&byte| byte == quote) else {
            return Err(self.error("the quotation mark is never closed", "add the closing one"));
        };
        let version = self.text[start..start + length].trim();
        if version.is_empty() {
            return Err(self.error("the quoted version is empty", "name a version"));
        }
        self.offset = start + length + 1;
        match self.rest() {
            [] | [b',' | b'|', ..] => Ok(version),
            [byte, ..] if byte.is_ascii_whitespace() || is_operator(*byte) => Ok(version),
            _ => Err(self.error("text follows the closing quotation mark", "quote the whole version")),
        }
    }

    fn read_bare(&mut self) -> Result<&'a str, InvalidConstraint> {
        let ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b',' | b'|') || is_operator(*byte);
        let length = self.rest().iter().position(ends).unwrap_or(self.rest().len());
        let version = &self.text[self.offset..self.offset + length];
        match version.as_bytes() {
            [] => return Err(self.error("a version is missing", "name one after the operator")),
            [b'(' | b')', ..] => {
                return Err(self.error("parentheses are not supported", "write each alternative out, joined by `||`"));
            }
            [first, ..] if first.is_ascii_punctuation() && !matches!(first, b'.' | b'_' | b'-') => {
                return Err(self.error("the operator is unknown", "use one of < <= > >= ="));
            }
            bytes => {
                if let Some(at) = bytes.iter().position(|byte| matches!(byte, b'(' | b')' | b'"' | b'\'')) {
                    self.offset += at;
                    return Err(self.error("a version may not contain this character", "quote the whole version"));
                }
            }
        }
        self.offset += length;
        match self.rest() {
            [byte, ..] if is_operator(*byte) => {
                Err(self
                    .error("an operator stands inside a version", "put `,` or `||` before it, or quote the version"))
            }
            [b'|', after @ ..] if !after.starts_with(b"|") => {
                Err(self.error("a single `|` has no meaning", "write `||` for or"))
            }
            _ => Ok(version),
        }
    }

    fn error(&self, reason: &'static str, remedy: &'static str) -> InvalidConstraint {
        InvalidConstraint { text: self.text.into(), offset: self.offset, reason, remedy }
    }
}

impl<'a> Iterator for Units<'a> {
    type Item = Result<Unit<'a>, InvalidConstraint>;

    fn next(&mut self) -> Option<Self::Item> {
        let unit = self.read_unit().transpose();
        if !matches!(unit, Some(Ok(_))) {
            self.offset = self.text.len();
            self.opens_group = false;
            self.group_is_empty = false;
        }
        unit
    }
}

fn is_operator(byte: u8) -> bool {
    matches!(byte, b'<' | b'>' | b'=')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A constraint in one spelling: what the parser understood.
    fn understood(text: &str) -> String {
        let mut out = String::new();
        for unit in Units::of(text) {
            let unit = match unit {
                Ok(unit) => unit,
                Err(error) => return format!("{} at {}", error.reason, error.offset),
            };
            if !out.is_empty() {
                out.push_str(if unit.opens_group { " || " } else { ", " });
            }
            out.push_str(match unit.operator {
                Operator::Less => "< ",
                Operator::LessOrEqual => "<= ",
                Operator::Greater => "> ",
                Operator::GreaterOrEqual => ">= ",
                Operator::Equal => "= ",
            });
            out.push_str(unit.version);
        }
        out
    }

    #[test]
    fn constraints_are_read_in_all_their_spellings() {
        for (text, meaning) in [
            ("", ""),
            ("  ", ""),
            ("1.0", "= 1.0"),
            ("<1.0", "< 1.0"),
            (">= 1.0,<2.0", ">= 1.0, < 2.0"),
            (">= 1.0 < 2.0", ">= 1.0, < 2.0"),
            (">=1.0,<2.0||=3.0", ">= 1.0, < 2.0 || = 3.0"),
            ("\t< 1.0\n|| > 2", "< 1.0 || > 2"),
            ("< 1.0,", "< 1.0"),
            (",< 1.0", "< 1.0"),
            ("= \"1.0 <beta>\"", "= 1.0 <beta>"),
            ("< '1.0' || = '2 0'", "< 1.0 || = 2 0"),
            ("< 1:2.3-4~deb12u1", "< 1:2.3-4~deb12u1"),
            ("KB4540123 || base", "= KB4540123 || = base"),
        ] {
            assert_eq!(understood(text), meaning, "{text:?}");
        }
    }

    #[test]
    fn what_has_no_meaning_is_an_error_that_points_at_it() {
        for (text, complaint) in [
            ("1.0 2.0", "two versions follow each other at 4"),
            (">= 1.0 2.0", "two versions follow each other at 7"),
            ("== 1.0", "the operator is unknown at 0"),
            ("=> 1.0", "the operator is unknown at 0"),
            ("~> 1.0", "the operator is unknown at 0"),
            ("^1.0", "the operator is unknown at 0"),
            ("!= 1.0", "the operator is unknown at 0"),
            ("< 1.0<2", "an operator stands inside a version at 5"),
            ("<", "a version is missing at 1"),
            ("< , 2", "a version is missing at 2"),
            ("|| < 1", "`||` follows nothing at 0"),
            ("< 1 || || 2", "`||` follows nothing at 7"),
            ("< 1 ||", "`||` is followed by nothing at 6"),
            ("< 1|2", "a single `|` has no meaning at 3"),
            ("< 1|", "a single `|` has no meaning at 3"),
            (" , ,", "it holds commas and no version at 4"),
            ("(< 1)", "parentheses are not supported at 0"),
            ("< 1)", "a version may not contain this character at 3"),
            ("= \"1.0", "the quotation mark is never closed at 2"),
            ("= ''", "the quoted version is empty at 2"),
            ("= '1'2", "text follows the closing quotation mark at 5"),
        ] {
            assert_eq!(understood(text), complaint, "{text:?}");
        }
    }

    #[test]
    fn nothing_follows_an_error() {
        for text in [",", "< 1 ||", "|| 1", "1 2 3", "(1) || 2"] {
            let mut units = Units::of(text).skip_while(Result::is_ok);
            assert!(units.next().is_some(), "{text:?}");
            assert!(units.next().is_none(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,40}") {
            let _ = understood(&text);
        }

        #[test]
        fn almost_constraints_are_read_or_refused(text in "([<>=|,'\" ]|\\|\\||[0-9a-z.~^+:-]{1,4}){0,12}") {
            let _ = understood(&text);
        }

        #[test]
        fn what_was_understood_is_understood_again(
            units in prop::collection::vec(("(<|<=|>|>=|=)", "[0-9a-z][0-9a-z.~^+:-]{0,8}", any::<bool>()), 1..6)
        ) {
            let mut written = String::new();
            for (index, (operator, version, or)) in units.iter().enumerate() {
                if index > 0 {
                    written.push_str(if *or { " || " } else { ", " });
                }
                written.extend([operator, " ", version]);
            }
            prop_assert_eq!(understood(&written), written);
        }
    }
}
