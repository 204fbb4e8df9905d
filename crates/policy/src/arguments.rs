//! What a rule gives to its trigger.

use crate::{Failure, Parameter, parameter::Kind, pyrepr};

/// The checked values of one rule, by the parameters of its trigger.
#[derive(Debug)]
pub struct Arguments<'r> {
    /// Sorted by key; `None` where the rule does not give it.
    values: Vec<(&'static Parameter, Option<&'r str>)>,
    rule_id: Option<&'r str>,
}

impl<'r> Arguments<'r> {
    pub(crate) fn new(mut values: Vec<(&'static Parameter, Option<&'r str>)>, rule_id: Option<&'r str>) -> Self {
        values.sort_by_key(|(parameter, _)| parameter.key);
        Self { values, rule_id }
    }

    /// The id of the rule, where it has one.
    pub(crate) fn rule_id(&self) -> Option<&'r str> {
        self.rule_id
    }

    /// The text as it was given. `name` is the parameter's name, not its key.
    pub(crate) fn text(&self, name: &str) -> Option<&'r str> {
        let found = self.values.iter().find(|(parameter, _)| parameter.name == name);
        debug_assert!(found.is_some(), "the trigger declares no parameter {name}");
        found.and_then(|(_, value)| *value)
    }

    /// The text, or what an unset one means.
    pub(crate) fn text_or(&self, name: &str, unset: &'r str) -> &'r str {
        self.text(name).unwrap_or(unset)
    }

    pub(crate) fn boolean(&self, name: &str) -> Option<bool> {
        self.text(name).map(|text| text.eq_ignore_ascii_case("true"))
    }

    /// A whole number; one too large to be held is the largest.
    pub(crate) fn integer(&self, name: &str) -> Option<u64> {
        self.text(name).map(|text| text.trim().parse().unwrap_or(u64::MAX))
    }

    pub(crate) fn float(&self, name: &str) -> Result<Option<f64>, Failure> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let number = text.trim().parse();
        number
            .map(Some)
            .map_err(|_| Failure::conversion(format!("could not convert string to float: {}", pyrepr::text(text))))
    }

    /// Items separated by commas, trimmed; empty where the parameter is unset.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        self.text(name).map(split).unwrap_or_default()
    }

    /// Whole numbers as plain decimals: `007` is `7`.
    pub(crate) fn numbers(&self, name: &str) -> Vec<String> {
        self.list(name).iter().map(|item| plain(item).to_owned()).collect()
    }

    /// The parameters that the rule gives, in the order of their keys.
    pub(crate) fn given(&self) -> impl Iterator<Item = (&'static Parameter, &'r str)> {
        self.values.iter().filter_map(|(parameter, value)| Some((*parameter, (*value)?)))
    }

    /// The values as the original printed them when a rule failed.
    pub(crate) fn printed(&self) -> String {
        let member = |(parameter, value): &(&'static Parameter, Option<&str>)| {
            let value = value.map_or_else(|| "None".to_owned(), |text| printed(&parameter.kind, text));
            format!("{}: {value}", pyrepr::text(parameter.name))
        };
        let members: Vec<String> = self.values.iter().map(member).collect();
        format!("{{{}}}", members.join(", "))
    }
}

/// Items separated by commas, trimmed.
pub(crate) fn split(text: &str) -> Vec<String> {
    text.trim().split(',').map(|item| item.trim().to_owned()).collect()
}

/// Digits without leading zeros.
fn plain(digits: &str) -> &str {
    match digits.trim_start_matches('0') {
        "" => "0",
        plain => plain,
    }
}

fn printed(kind: &Kind, text: &str) -> String {
    match kind {
        Kind::Boolean if text.eq_ignore_ascii_case("true") => "True".into(),
        Kind::Boolean => "False".into(),
        Kind::Integer => plain(text.trim()).to_owned(),
        Kind::Float => text.trim().parse().map_or_else(|_| pyrepr::text(text), pyrepr::float),
        Kind::List => pyrepr::list(split(text).iter().map(String::as_str)),
        Kind::Numbers => format!("[{}]", split(text).iter().map(|item| plain(item)).collect::<Vec<_>>().join(", ")),
        Kind::Text | Kind::OneOf(_) | Kind::Size | Kind::Linked { .. } => pyrepr::text(text),
    }
}
