//! Values as the original service printed them inside its texts (`spec/policy.md` §1.8): clients compare these texts.

use std::fmt::Write as _;

use serde_json::Value;

/// Any JSON value.
pub fn value(value: &Value) -> String {
    let mut out = String::new();
    write_value(value, &mut out);
    out
}

/// A text in quotes.
pub fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    write_text(text, &mut out);
    out
}

/// `['a', 'b']`
pub fn list<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    let items: Vec<String> = items.into_iter().map(text).collect();
    format!("[{}]", items.join(", "))
}

/// A number with a fraction, the shortest that reads back the same: `9.8`, `10.0`, `-1.0`, `1e+16`.
pub fn float(number: f64) -> String {
    let is_plain = number == 0.0 || (1e-4..1e16).contains(&number.abs()) || !number.is_finite();
    let shortest = if is_plain { format!("{number:?}") } else { format!("{number:e}") };
    match shortest.split_once('e') {
        None => shortest,
        Some((digits, exponent)) => match exponent.strip_prefix('-') {
            Some(exponent) => format!("{digits}e-{exponent:0>2}"),
            None => format!("{digits}e+{exponent:0>2}"),
        },
    }
}

fn write_value(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("None"),
        Value::Bool(true) => out.push_str("True"),
        Value::Bool(false) => out.push_str("False"),
        Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (None, None, Some(fraction)) => out.push_str(&float(fraction)),
            _ => out.push_str(&number.to_string()),
        },
        Value::String(string) => write_text(string, out),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                write_value(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (index, (name, member)) in members.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                write_text(name, out);
                out.push_str(": ");
                write_value(member, out);
            }
            out.push('}');
        }
    }
}

fn write_text(text: &str, out: &mut String) {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for character in text.chars() {
        match character {
            '\\' => out.push_str(r"\\"),
            '\n' => out.push_str(r"\n"),
            '\r' => out.push_str(r"\r"),
            '\t' => out.push_str(r"\t"),
            c if c == quote => out.extend(['\\', c]),
            c if is_printable(c) => out.push(c),
            c => {
                let _ = match c as u32 {
                    code @ ..=0xff => write!(out, r"\x{code:02x}"),
                    code @ 0x100..=0xffff => write!(out, r"\u{code:04x}"),
                    code => write!(out, r"\U{code:08x}"),
                };
            }
        }
    }
    out.push(quote);
}

/// The standard library's debug form escapes the same categories as Python's, and marks that stand first in a text,
/// hence the letter before.
fn is_printable(character: char) -> bool {
    if character.is_ascii() {
        return !character.is_ascii_control();
    }
    let mut buffer = [b'a'; 5];
    let length = 1 + character.encode_utf8(&mut buffer[1..]).len();
    str::from_utf8(&buffer[..length]).is_ok_and(|text| text.escape_debug().count() == 2)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_printed_as_the_original_printed_them() {
        for (given, expected) in [
            (json!(null), "None"),
            (json!([true, false, 1, -2, 9.8, 10.0, -1.0]), "[True, False, 1, -2, 9.8, 10.0, -1.0]"),
            (json!({"b": "x", "a": ["y"]}), "{'b': 'x', 'a': ['y']}"),
            (json!("it's"), r#""it's""#),
            (json!("it's \"quoted\""), r#"'it\'s "quoted"'"#),
            (json!("a\\b\n\t\u{1}é"), r"'a\\b\n\t\x01é'"),
            (json!("\u{a0}\u{200b}\u{301}\u{10ffff}"), "'\\xa0\\u200b\u{301}\\U0010ffff'"),
            (json!([1e16, 1.5e-5, 123_456.75]), "[1e+16, 1.5e-05, 123456.75]"),
        ] {
            assert_eq!(value(&given), expected);
        }
    }
}
