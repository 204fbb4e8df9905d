//! What a backslash makes of the character behind it.

use crate::{
    parse::Member,
    syntax::{Category, CategoryKind, Node},
    tokens::{SyntaxError, Tokens},
};

/// The meaning of an escape outside a class.
pub(crate) enum Escape {
    /// `None`: a surrogate, which is in no text.
    Character(Option<char>),
    Category(Category),
    Position(Node),
    /// A back-reference, and how many characters it was written with.
    Group(usize, usize),
}

/// Reads the rest of an escape; there are `groups` groups so far.
pub(crate) fn outside_class(tokens: &mut Tokens, c: char, groups: usize) -> Result<Escape, SyntaxError> {
    if let Some(category) = category(c) {
        return Ok(Escape::Category(category));
    }
    let position = match c {
        'A' => Node::Start { each_line: false },
        'Z' => Node::TextEnd,
        'b' | 'B' => Node::WordBoundary { is_negated: c == 'B', is_ascii: false },
        '0' => {
            let digits = tokens.take_while(2, is_octal)?;
            let code = u32::from_str_radix(&digits, 8).unwrap_or(0);
            return Ok(Escape::Character(char::from_u32(code)));
        }
        '1'..='9' => return decimal(tokens, c, groups),
        _ => return Ok(Escape::Character(char::from_u32(character(tokens, c)?))),
    };
    Ok(Escape::Position(position))
}

/// Reads the rest of an escape in a class.
pub(crate) fn inside_class(tokens: &mut Tokens, c: char) -> Result<Member, SyntaxError> {
    if let Some(category) = category(c) {
        return Ok(Member::Category(category));
    }
    match c {
        'b' => Ok(Member::Code(8)),
        '0'..='7' => {
            let digits = format!("{c}{}", tokens.take_while(2, is_octal)?);
            octal(tokens, &digits).map(Member::Code)
        }
        '8' | '9' => Err(bad(tokens, &c.to_string())),
        _ => character(tokens, c).map(Member::Code),
    }
}

fn category(c: char) -> Option<Category> {
    let kind = match c.to_ascii_lowercase() {
        'd' => CategoryKind::Digit,
        's' => CategoryKind::Space,
        'w' => CategoryKind::Word,
        _ => return None,
    };
    Some(Category { kind, is_negated: c.is_ascii_uppercase() })
}

/// Three octal digits are a character, anything else the number of a group.
fn decimal(tokens: &mut Tokens, first: char, groups: usize) -> Result<Escape, SyntaxError> {
    let mut digits = first.to_string();
    digits += &tokens.take_while(1, |c| c.is_ascii_digit())?;
    if digits.len() == 2 && digits.chars().all(is_octal) && tokens.next_plain().is_some_and(is_octal) {
        digits += &tokens.take_while(1, is_octal)?;
        return octal(tokens, &digits).map(|code| Escape::Character(char::from_u32(code)));
    }
    let group = digits.parse().unwrap_or(usize::MAX);
    if group > groups {
        return Err(tokens.error(&format!("invalid group reference {group}"), digits.len()));
    }
    Ok(Escape::Group(group, digits.len() + 1))
}

fn octal(tokens: &Tokens, digits: &str) -> Result<u32, SyntaxError> {
    let out_of_range =
        || tokens.error(&format!("octal escape value \\{digits} outside of range 0-0o377"), digits.len() + 1);
    u32::from_str_radix(digits, 8).ok().filter(|code| *code <= 0o377).ok_or_else(out_of_range)
}

/// Escapes that mean one code point wherever they stand.
fn character(tokens: &mut Tokens, c: char) -> Result<u32, SyntaxError> {
    let length = match c {
        'a' => return Ok(0x07),
        'f' => return Ok(0x0c),
        'n' => return Ok(0x0a),
        'r' => return Ok(0x0d),
        't' => return Ok(0x09),
        'v' => return Ok(0x0b),
        'x' => 2,
        'u' => 4,
        'U' => 8,
        'N' => {
            return Err(tokens.error(r"named characters such as \N{DASH} are not read; write \uXXXX", 2));
        }
        c if c.is_ascii_alphabetic() => return Err(bad(tokens, &c.to_string())),
        c => return Ok(c as u32),
    };
    let digits = tokens.take_while(length, |c| c.is_ascii_hexdigit())?;
    let written = format!("{c}{digits}");
    if digits.len() < length {
        return Err(tokens.error(&format!("incomplete escape \\{written}"), written.len() + 1));
    }
    let code = u32::from_str_radix(&digits, 16).ok();
    code.filter(|code| *code <= u32::from(char::MAX)).ok_or_else(|| bad(tokens, &written))
}

fn bad(tokens: &Tokens, written: &str) -> SyntaxError {
    tokens.error(&format!("bad escape \\{written}"), written.chars().count() + 1)
}

fn is_octal(c: char) -> bool {
    ('0'..='7').contains(&c)
}
