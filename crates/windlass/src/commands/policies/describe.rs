//! `windlass policies describe`: what rules can be made of.

use clap::Args;
use windlass_client::{
    Request, Text,
    views::{Gate, Parameter, Trigger},
};

use crate::{
    Outcome,
    service::{Session, Table, wrapped},
};

/// Characters of a description in one line of a table.
const WIDTH: usize = 60;

#[derive(Args)]
pub(super) struct DescribeArguments {
    /// Show what is no longer to be used, too.
    #[arg(long)]
    all: bool,
    /// Describe the triggers of this gate.
    #[arg(long)]
    gate: Option<String>,
    /// Describe the parameters of this trigger of the gate.
    #[arg(long, requires = "gate")]
    trigger: Option<String>,
}

pub(super) fn run(arguments: &DescribeArguments, session: &Session) -> anyhow::Result<Outcome> {
    let specification = session.send(&Request::get(&["system", "policy_spec"]))?;
    let gates: Vec<Gate> = specification.read_or_default();
    let table = match (&arguments.gate, &arguments.trigger) {
        (None, _) => self::gates(&gates, arguments.all),
        (Some(gate), None) => triggers(find_gate(&gates, gate)?, arguments.all),
        (Some(gate), Some(trigger)) => parameters(find_trigger(find_gate(&gates, gate)?, trigger)?, arguments.all),
    };
    session.print(&specification, |_: &Vec<Gate>, out| table.write(out))?;
    Ok(Outcome::Fine)
}

fn find_gate<'a>(gates: &'a [Gate], name: &str) -> anyhow::Result<&'a Gate> {
    gates.iter().find(|gate| gate.name.is(name)).ok_or_else(|| anyhow::anyhow!("the service has no gate {name}"))
}

fn find_trigger<'a>(gate: &'a Gate, name: &str) -> anyhow::Result<&'a Trigger> {
    let known = gate.triggers.iter().find(|trigger| trigger.name.is(name));
    known.ok_or_else(|| anyhow::anyhow!("the gate {} has no trigger {name}", gate.name))
}

fn gates(gates: &[Gate], all: bool) -> Table {
    let mut table = Described::new(&["Gate", "Description"], all);
    for gate in gates {
        let cells = [lower(&gate.name), wrapped(gate.description.as_str(), WIDTH)];
        table.row(cells, &gate.state, &gate.superceded_by);
    }
    table.table.sorted_by(0)
}

fn triggers(gate: &Gate, all: bool) -> Table {
    let mut table = Described::new(&["Trigger", "Description", "Parameters"], all);
    for trigger in &gate.triggers {
        let parameters: Vec<_> = trigger.parameters.iter().map(|parameter| lower(&parameter.name)).collect();
        let cells = [
            lower(&trigger.name),
            wrapped(trigger.description.as_str(), WIDTH),
            wrapped(&parameters.join(", "), WIDTH / 2),
        ];
        table.row(cells, &trigger.state, &trigger.superceded_by);
    }
    table.table.sorted_by(0)
}

fn parameters(trigger: &Trigger, all: bool) -> Table {
    let mut table = Described::new(&["Parameter", "Description", "Required", "Example"], all);
    for Parameter { name, description, required, example, state, superceded_by } in &trigger.parameters {
        let required = if required.is("false") { "False" } else { "True" };
        let cells = [
            lower(name),
            wrapped(description.as_str(), WIDTH),
            required.to_owned(),
            wrapped(example.or("None"), WIDTH),
        ];
        table.row(cells, state, superceded_by);
    }
    table.table.sorted_by(0)
}

fn lower(name: &Text) -> String {
    name.as_str().to_lowercase()
}

/// A table of things that may be out of use.
struct Described {
    table: Table,
    all: bool,
}

impl Described {
    fn new(titles: &[&str], all: bool) -> Self {
        let more: &[&str] = if all { &["State", "Superceded By"] } else { &[] };
        Self { table: Table::new(&[titles, more].concat()), all }
    }

    fn row<const N: usize>(&mut self, cells: [String; N], state: &Text, superceded_by: &Text) {
        if self.all {
            self.table.row(cells.into_iter().chain([state.to_string(), superceded_by.to_string()]));
        } else if state.get().is_none() || state.is("active") {
            self.table.row(cells);
        }
    }
}
