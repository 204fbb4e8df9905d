//! `windlass policy describe [GATE [TRIGGER]]`: what rules can ask for.

use std::io::{self, Write};

use clap::{Args, ValueEnum};
use serde_json::Value;
use windlass_policy::{Gate, Parameter, Trigger, gates};

use crate::{Outcome, diagnostics::Hinted, output::Target};

#[derive(Args)]
pub(super) struct DescribeArguments {
    /// A gate [default: list all].
    gate: Option<String>,
    /// One of its triggers.
    trigger: Option<String>,
    /// How to print it; json is the form of a service's policy_spec.
    #[arg(short, long, value_enum, default_value_t)]
    output: Format,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum Format {
    #[default]
    Table,
    Markdown,
    Json,
}

/// What is described.
#[derive(Clone, Copy)]
enum Topic {
    All,
    Gate(&'static Gate),
    Trigger(&'static Gate, &'static Trigger),
}

pub(super) fn run(arguments: &DescribeArguments) -> anyhow::Result<Outcome> {
    let topic = topic(arguments)?;
    Target { format: (), file: None }.write(|(), out| match arguments.output {
        Format::Table => table(topic, out),
        Format::Markdown => write!(out, "{}", markdown(topic)),
        Format::Json => {
            serde_json::to_writer_pretty(&mut *out, &json(topic))?;
            writeln!(out)
        }
    })?;
    Ok(Outcome::Fine)
}

fn topic(arguments: &DescribeArguments) -> anyhow::Result<Topic> {
    let Some(name) = &arguments.gate else { return Ok(Topic::All) };
    let Some(gate) = gates::gate(name) else {
        let names = gates::ALL.iter().filter(|gate| !gate.is_end_of_life()).map(|gate| gate.name);
        return Err(unknown(&format!("there is no gate {name:?}"), name, &names.collect::<Vec<_>>()));
    };
    let Some(name) = &arguments.trigger else { return Ok(Topic::Gate(gate)) };
    let trigger = gate.trigger(name).ok_or_else(|| {
        let names: Vec<_> = gate.triggers.iter().map(|trigger| trigger.name).collect();
        unknown(&format!("the gate {} has no trigger {name:?}", gate.name), name, &names)
    })?;
    Ok(Topic::Trigger(gate, trigger))
}

fn unknown(message: &str, name: &str, known: &[&str]) -> anyhow::Error {
    let distance = |known: &&&str| strsim::damerau_levenshtein(known, &name.to_lowercase());
    let nearest = known.iter().min_by_key(distance).copied().unwrap_or_default();
    Hinted::error(message, format!("did you mean {nearest}? There are {}", known.join(", ")))
}

fn table(topic: Topic, out: &mut dyn Write) -> io::Result<()> {
    match topic {
        Topic::All => {
            let mut rows = vec![["GATE", "TRIGGERS", "ABOUT"].map(str::to_owned).to_vec()];
            for gate in gates::ALL.iter().filter(|gate| !gate.is_end_of_life()) {
                let triggers = gate.triggers.len().to_string();
                rows.push(vec![gate.name.to_owned(), triggers, gate.description.to_owned()]);
            }
            windlass_report::columns(&rows, out)?;
            let retired = gates::ALL.iter().filter(|gate| gate.is_end_of_life()).map(|gate| gate.name);
            writeln!(out, "\nNo longer evaluated: {}", retired.collect::<Vec<_>>().join(", "))
        }
        Topic::Gate(gate) => {
            writeln!(out, "{}\n  {}", gate.name, gate.description)?;
            gate.triggers.iter().try_for_each(|described| {
                writeln!(out)?;
                trigger(described, out)
            })
        }
        Topic::Trigger(_, described) => trigger(described, out),
    }
}

fn trigger(trigger: &Trigger, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}\n  {}", trigger.name, trigger.description)?;
    let row = |parameter: &Parameter| {
        let required = if parameter.required { " (required)" } else { "" };
        let example = parameter.example.map_or_else(String::new, |example| format!(" Example: {example}"));
        let value = parameter.kind.description();
        vec![format!("    {}{required}", parameter.name), format!("{} {value}{example}", parameter.description)]
    };
    windlass_report::columns(&trigger.parameters.iter().map(row).collect::<Vec<_>>(), out)
}

fn markdown(topic: Topic) -> String {
    match topic {
        Topic::All => windlass_policy::contents(),
        Topic::Gate(gate) => windlass_policy::page(gate),
        Topic::Trigger(gate, trigger) => windlass_policy::section(gate, trigger),
    }
}

/// The part of the specification that is asked for.
fn json(topic: Topic) -> Value {
    let all = windlass_policy::describe();
    let named = |list: &Value, name: &str| {
        let entries = list.as_array().into_iter().flatten();
        entries.into_iter().find(|entry| entry["name"] == name).cloned().unwrap_or_default()
    };
    match topic {
        Topic::All => all,
        Topic::Gate(gate) => named(&all, gate.name),
        Topic::Trigger(gate, trigger) => named(&named(&all, gate.name)["triggers"], trigger.name),
    }
}
