//! Texts with expressions in braces: `{pkg.name} is too old`.

use cel::Value;

use super::{Budget, Expression, Scope, Variables};
use crate::Failure;

/// Longest source text, and longest text of one value, in bytes.
const LENGTH_LIMIT: usize = 4096;
const VALUE_LIMIT: usize = 1024;

/// A message that is filled in for each firing.
pub(crate) struct Template(Vec<Part>);

enum Part {
    Text(String),
    Value(Box<Expression>),
}

impl Template {
    /// Reads a text; `{{` and `}}` stand for braces.
    pub(crate) fn new(source: &str, scope: Scope) -> Result<Self, String> {
        if source.len() > LENGTH_LIMIT {
            return Err(format!("the message is longer than {LENGTH_LIMIT} bytes"));
        }
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut rest = source;
        while let Some(at) = rest.find(['{', '}']) {
            text.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix(brace) {
                text.push_str(brace);
                rest = after;
                continue;
            }
            let Some((expression, after)) = rest.split_once('}').filter(|_| brace == "{") else {
                return Err(format!(
                    "the message has a {brace} without its counterpart; {brace}{brace} stands for one"
                ));
            };
            parts.push(Part::Text(std::mem::take(&mut text)));
            parts.push(Part::Value(Box::new(
                Expression::new(expression, scope)
                    .map_err(|error| format!("{{{expression}}} in the message: {error}"))?,
            )));
            rest = after;
        }
        text.push_str(rest);
        parts.push(Part::Text(text));
        Ok(Self(parts))
    }

    /// Whether it looks at this variable.
    pub(crate) fn uses(&self, variable: &str) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Value(expression) if expression.uses(variable)))
    }

    pub(crate) fn fill(&self, shared: &Variables, own: &Variables, budget: &Budget) -> Result<String, Failure> {
        let mut out = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Value(expression) => out.push_str(&printed(&expression.over(shared, budget)?.evaluate(own)?)?),
            }
        }
        Ok(out)
    }
}

fn printed(value: &Value) -> Result<String, Failure> {
    let mut text = match value {
        Value::String(text) => text.as_str().to_owned(),
        Value::Int(number) => number.to_string(),
        Value::UInt(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Null => "null".to_owned(),
        Value::List(items) => items.iter().map(printed).collect::<Result<Vec<_>, _>>()?.join(", "),
        other => return Err(Failure::new(format!("a {} cannot be part of a message", other.type_of()))),
    };
    if text.len() > VALUE_LIMIT {
        text.truncate(text.floor_char_boundary(VALUE_LIMIT));
        text.push('…');
    }
    Ok(text)
}
