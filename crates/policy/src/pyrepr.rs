//! Values as the original service printed them inside its texts (`spec/policy.md` §1.8): clients compare these texts.

use std::fmt::Write as _;

use serde_json::Value;

/// Any JSON value.
pub(crate) fn value(value: &Value) -> String {
    let mut out = String::new();
    write_value(value, &mut out);
    out
}

/// A text in quotes.
pub(crate) fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    write_text(text, &mut out);
    out
}

/// `['a', 'b']`
pub(crate) fn list<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    let items: Vec<String> = items.into_iter().map(text).collect();
    format!("[{}]", items.join(", "))
}

/// A number with a fraction, the shortest that reads back the same: `9.8`, `10.0`, `-1.0`.
pub(crate) fn float(number: f64) -> String {
    format!("{number:?}")
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
            c if !c.is_control() => out.push(c),
            c if (c as u32) <= 0xff => {
                let _ = write!(out, r"\x{:02x}", c as u32);
            }
            c => {
                let _ = write!(out, r"\u{:04x}", c as u32);
            }
        }
    }
    out.push(quote);
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
        ] {
            assert_eq!(value(&given), expected);
        }
    }
}
