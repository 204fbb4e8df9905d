//! The documentation of gates, written from their declarations: `docs/gates/` and `windlass policy describe`.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::{
    Gate, Inputs, Kind, Parameter, Trigger,
    gate::{Origin, State},
    gates,
};

/// The page of a gate in Markdown.
pub fn page(gate: &Gate) -> String {
    let mut out = format!("# Gate `{}`\n\n{}\n", gate.name, gate.description);
    if gate.origin == Origin::Windlass {
        out.push_str("\nWindlass's own: Anchore Engine does not know it.\n");
    }
    for trigger in gate.triggers {
        out.push('\n');
        out.push_str(&section(gate, trigger));
    }
    out
}

/// The list of all pages in Markdown.
pub fn contents() -> String {
    let mut out = String::from("# Gates\n\n| gate | triggers | about |\n|---|---|---|\n");
    let (live, retired): (Vec<&Gate>, Vec<&Gate>) = gates::ALL.iter().partition(|gate| !gate.is_end_of_life());
    for gate in live {
        let triggers: Vec<String> = gate.triggers.iter().map(|trigger| format!("`{}`", trigger.name)).collect();
        let (name, about) = (gate.name, cell(gate.description));
        let _ = writeln!(out, "| [{name}]({name}.md) | {} | {about} |", triggers.join(", "));
    }
    out.push_str("\nNames of gates that are no longer evaluated; bundles may still hold them:\n\n");
    out.push_str("| gate | successor |\n|---|---|\n");
    for gate in retired {
        let successor = match gate.state {
            State::EndOfLife { successor: Some(name) } => format!("`{name}`"),
            State::EndOfLife { successor: None } | State::Active => "none".into(),
        };
        let _ = writeln!(out, "| `{}` | {successor} |", gate.name);
    }
    out
}

/// A rule that uses the trigger as its declaration's examples suggest.
pub fn example_rule(gate: &Gate, trigger: &Trigger) -> Value {
    // A linked parameter is checked even where it is not given; where nothing must be given, something is shown.
    let is_given = |parameter: &&Parameter| parameter.required || matches!(parameter.kind, Kind::Linked { .. });
    let mut given: Vec<&Parameter> = trigger.parameters.iter().filter(is_given).collect();
    if given.is_empty() {
        given.extend(trigger.parameters.iter().find(|parameter| parameter.example.is_some()));
    }
    let params: Vec<Value> =
        given.iter().map(|parameter| json!({"name": parameter.name, "value": example(parameter)})).collect();
    json!({"gate": gate.name, "trigger": trigger.name, "action": "WARN", "params": params})
}

/// The part of a gate's page that is about one trigger.
pub fn section(gate: &Gate, trigger: &Trigger) -> String {
    let mut out = format!("## `{}`\n\n{}\n", trigger.name, trigger.description);
    if trigger.origin == Origin::Windlass && gate.origin == Origin::Original {
        out.push_str("\nWindlass's own: Anchore Engine does not know it.\n");
    }
    if !trigger.parameters.is_empty() {
        out.push_str("\n| parameter | value | example | meaning |\n|---|---|---|---|\n");
        for parameter in trigger.parameters {
            out.push_str(&row(parameter));
        }
    }
    let reads = trigger.reads.names();
    if !reads.is_empty() {
        let _ = write!(out, "\nDepends on: {}.\n", reads.join(", "));
    }
    if !gate.is_end_of_life() {
        let rule = serde_json::to_string_pretty(&example_rule(gate, trigger)).unwrap_or_default();
        let _ = write!(out, "\n```json\n{rule}\n```\n");
    }
    out
}

fn row(parameter: &Parameter) -> String {
    let value = match &parameter.kind {
        Kind::OneOf(words) => words.iter().map(|word| format!("`{}`", cell(word))).collect::<Vec<_>>().join(" "),
        kind => cell(&kind.description()),
    };
    let example = parameter.example.map_or_else(String::new, |example| format!("`{}`", cell(example)));
    let required = if parameter.required { " (required)" } else { "" };
    let meaning = cell(parameter.description);
    format!("| `{}`{required} | {value} | {example} | {meaning} |\n", parameter.name)
}

/// A value that the parameter takes: its example, unless that is one of the few that the original's own check refuses.
fn example(parameter: &Parameter) -> &'static str {
    match (&parameter.kind, parameter.example) {
        (Kind::OneOf(words), given) => given.filter(|given| words.contains(given)).unwrap_or(words[0]),
        (_, given) => given.unwrap_or_default(),
    }
}

/// Text that may stand in a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

impl Inputs {
    /// What the set holds, in words.
    pub fn names(self) -> Vec<&'static str> {
        const NAMES: [(Inputs, &str); 15] = [
            (Inputs::METADATA, "the image's metadata"),
            (Inputs::DOCKERFILE, "the Dockerfile"),
            (Inputs::PACKAGES, "packages"),
            (Inputs::FILES, "the list of files"),
            (Inputs::FILE_DIGESTS, "digests of files"),
            (Inputs::CONTENT_SEARCH, "the content search"),
            (Inputs::SECRET_SEARCH, "the search for secrets"),
            (Inputs::RETRIEVED_FILES, "retrieved files"),
            (Inputs::MALWARE, "malware scans"),
            (Inputs::FINDINGS, "vulnerabilities"),
            (Inputs::DATA_AGE, "the age of the vulnerability data"),
            (Inputs::CLOCK, "the time"),
            (Inputs::PACKAGE_FEEDS, "what package registries publish"),
            (Inputs::PREVIOUS, "the image that had the tag before"),
            (Inputs::ANCESTRY, "the images it is built on"),
        ];
        NAMES.iter().filter(|(input, _)| self.contains(*input)).map(|(_, name)| *name).collect()
    }
}
