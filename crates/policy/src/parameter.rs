//! Parameters of triggers: one declaration drives reading, validation, description and documentation
//! (`spec/policy.md` §3.3).

use serde_json::{Value, json};

use crate::pyrepr;

/// A parameter that rules may give to a trigger.
#[derive(Debug)]
pub struct Parameter {
    /// As bundles write it.
    pub name: &'static str,
    /// The internal name: it orders validation problems and is what they list.
    pub key: &'static str,
    /// Older names that are read as well.
    pub aliases: &'static [&'static str],
    pub kind: Kind,
    pub required: bool,
    /// Whether its text is a regular expression.
    pub is_pattern: bool,
    pub example: Option<&'static str>,
    pub description: &'static str,
}

/// What a parameter's text must look like, and what it means.
#[derive(Debug)]
pub enum Kind {
    Text,
    /// One of these words, in this case.
    OneOf(&'static [&'static str]),
    /// `true` or `false` in any case.
    Boolean,
    /// Digits, blanks around them.
    Integer,
    /// Digits with a fraction; texts without any digit pass and fail when the rule runs.
    Float,
    /// At least one item, none of them empty, separated by commas.
    List,
    /// Unsigned integers separated by commas.
    Numbers,
    /// A number of bytes, with an optional unit: `10mb`.
    Size,
    /// What it must look like depends on the value of the parameter of that key; text where no entry names the value.
    Linked {
        to: &'static str,
        kinds: &'static [(&'static str, Kind)],
    },
}

impl Parameter {
    /// An optional parameter whose internal name is its own.
    pub(crate) const fn new(name: &'static str, kind: Kind, description: &'static str) -> Self {
        Self { name, key: name, aliases: &[], kind, required: false, is_pattern: false, example: None, description }
    }

    pub(crate) const fn key(mut self, key: &'static str) -> Self {
        self.key = key;
        self
    }

    pub(crate) const fn alias(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    pub(crate) const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Its text is a regular expression.
    pub(crate) const fn pattern(mut self) -> Self {
        self.is_pattern = true;
        self
    }

    pub(crate) const fn example(mut self, example: &'static str) -> Self {
        self.example = Some(example);
        self
    }
}

const LIST: &str = r"^\s*(\s*([^,]+)\s*,)*\s*([^,]+){1}\s*$";
const NUMBERS: &str = r"^\s*(\s*(\d+)\s*,)*\s*(\d+){1}\s*$";
const INTEGER: &str = r"^\s*[\d]+\s*$";
const FLOAT: &str = r"^\s*-*(\d)*(\.\d*)?\s*$";
const SIZE: &str = "^([0-9]+)([kmgt]b)?$";

impl Kind {
    /// The word of `policy_spec`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Text => "type",
            Self::OneOf(_) => "EnumString",
            Self::Boolean => "BooleanString",
            Self::Integer => "IntegerString",
            Self::Float => "FloatString",
            Self::List => "CommaDelimitedStringList",
            Self::Numbers => "CommaDelimitedStringOfNumbers",
            Self::Size => "RegexValidator",
            Self::Linked { .. } => "LinkedValidator",
        }
    }

    /// What it must look like, for people.
    pub fn description(&self) -> String {
        match self {
            Self::Text => "Any text.".into(),
            Self::OneOf(words) => format!("One of: {}.", words.join(", ")),
            Self::Boolean => "true or false, in any case.".into(),
            Self::Integer => "A whole number.".into(),
            Self::Float => "A number, such as 7.5.".into(),
            Self::List => "Items separated by commas.".into(),
            Self::Numbers => "Whole numbers separated by commas.".into(),
            Self::Size => "A number of bytes, or of kb, mb, gb or tb.".into(),
            Self::Linked { to, .. } => format!("Depends on the value of {to}."),
        }
    }

    /// The JSON schema of its texts.
    pub fn criteria(&self) -> Value {
        let pattern = |pattern: &str| json!({"type": "string", "pattern": pattern});
        match self {
            Self::Text => json!({"type": "string"}),
            Self::OneOf(words) => json!({"type": "string", "enum": words}),
            Self::Boolean => json!({"type": "string", "enum": ["true", "false"]}),
            Self::Integer => pattern(INTEGER),
            Self::Float => pattern(FLOAT),
            Self::List => pattern(LIST),
            Self::Numbers => pattern(NUMBERS),
            Self::Size => pattern(SIZE),
            Self::Linked { kinds, .. } => {
                let mut alternatives: Vec<Value> = kinds.iter().map(|(_, kind)| kind.criteria()).collect();
                alternatives.push(Self::Text.criteria());
                json!({"anyOf": alternatives})
            }
        }
    }

    /// The text of the problem with a value, if there is one. `null` is no text.
    pub(crate) fn problem(&self, value: &Value) -> Option<String> {
        // Before it is known what the other parameter says, any text will do.
        if let Self::Linked { .. } = self {
            return Self::Text.problem(value);
        }
        if let Self::Boolean = self {
            let word = value.as_str().map_or_else(|| pyrepr::value(value), str::to_owned).to_lowercase();
            let is_boolean = word == "true" || word == "false";
            return (!is_boolean)
                .then(|| self.rejection(&format!("{} is not one of ['true', 'false']", pyrepr::text(&word))));
        }
        let Some(text) = value.as_str() else {
            return Some(self.rejection(&format!("{} is not of type 'string'", pyrepr::value(value))));
        };
        let printed = pyrepr::text(text);
        let mismatch = |pattern: &str| Some(format!("{printed} does not match {}", pyrepr::text(pattern)));
        // The patterns allow one newline at the end.
        let line = text.strip_suffix('\n').unwrap_or(text);
        let detail = match self {
            Self::Text | Self::Boolean | Self::Linked { .. } => None,
            Self::OneOf(words) if words.contains(&text) => None,
            Self::OneOf(words) => Some(format!("{printed} is not one of {}", pyrepr::list(words.iter().copied()))),
            Self::Integer if is_number(text.trim()) => None,
            Self::Integer => mismatch(INTEGER),
            Self::Float if is_float(text.trim()) => None,
            Self::Float => mismatch(FLOAT),
            Self::List if text.split(',').all(|item| !item.is_empty()) => None,
            Self::List => mismatch(LIST),
            Self::Numbers if text.split(',').all(|item| is_number(item.trim())) => None,
            Self::Numbers => mismatch(NUMBERS),
            Self::Size if is_size(line) => None,
            Self::Size => mismatch(SIZE),
        };
        detail.map(|detail| self.rejection(&detail))
    }

    fn rejection(&self, detail: &str) -> String {
        format!("JSON Schema validation failed. Schema={}, Detail={detail}", pyrepr::value(&self.criteria()))
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_float(text: &str) -> bool {
    let digits = text.trim_start_matches('-');
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit())
}

fn is_size(text: &str) -> bool {
    let number = text.strip_suffix('b').and_then(|rest| rest.strip_suffix(['k', 'm', 'g', 't'])).unwrap_or(text);
    is_number(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(kind: &Kind, texts: &[&str]) {
        for text in texts {
            assert_eq!(kind.problem(&json!(text)), None, "{kind:?} {text:?}");
        }
    }

    fn rejects(kind: &Kind, texts: &[&str]) {
        for text in texts {
            assert!(kind.problem(&json!(text)).is_some(), "{kind:?} {text:?}");
        }
    }

    #[test]
    fn kinds_accept_what_the_original_accepted() {
        accepts(&Kind::Text, &["", "x"]);
        accepts(&Kind::Boolean, &["true", "FALSE"]);
        rejects(&Kind::Boolean, &["", "yes", " true"]);
        accepts(&Kind::Integer, &["0", " 12 ", "007"]);
        rejects(&Kind::Integer, &["", "-1", "+1", "1.0", "1 2"]);
        accepts(&Kind::Float, &["7", "7.5", "-1", "--1", "", ".", "-", " 9.8 "]);
        rejects(&Kind::Float, &["1e3", "1,5", "1-", "x"]);
        accepts(&Kind::List, &["a", "a,b", " a , b ", " , "]);
        rejects(&Kind::List, &["", "a,", ",a", "a,,b"]);
        accepts(&Kind::Numbers, &["22", "22, 80"]);
        rejects(&Kind::Numbers, &["", "22,", "22 80", "a", "-1"]);
        accepts(&Kind::Size, &["10", "10mb", "1tb"]);
        rejects(&Kind::Size, &["10 mb", "10MB", "10b", "mb", ""]);
    }

    #[test]
    fn a_rejected_word_is_named_with_the_words_there_are() {
        let kind = Kind::OneOf(&["all", "os", "non-os"]);
        assert_eq!(
            kind.problem(&json!("blah")).unwrap_or_default(),
            "JSON Schema validation failed. Schema={'type': 'string', 'enum': ['all', 'os', 'non-os']}, \
             Detail='blah' is not one of ['all', 'os', 'non-os']"
        );
        assert_eq!(
            Kind::Text.problem(&Value::Null).unwrap_or_default(),
            "JSON Schema validation failed. Schema={'type': 'string'}, Detail=None is not of type 'string'"
        );
    }
}
