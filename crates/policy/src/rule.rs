//! One rule: which trigger, with which parameters, and what to do when it fires (`spec/policy.md` §1.2, §1.6).

use serde_json::Value;

use crate::{
    Action, Arguments, Failure, Gate, Inputs, Parameter, Problem, Trigger,
    gate::{Check, Origin, State},
    gates,
    parameter::Kind,
    problem::{END_OF_LIFE, nearest},
    pyrepr,
};

/// A rule that is ready to be evaluated.
pub struct Rule {
    /// JSON pointer to it in the bundle as it was given.
    pub pointer: String,
    pub id: Option<String>,
    pub action: Action,
    pub gate: &'static Gate,
    pub trigger: &'static Trigger,
    /// What it gives to the trigger, in the order of the parameters' keys.
    pub params: Vec<(&'static Parameter, String)>,
    /// What its author advises, shown beside its findings.
    pub recommendation: Option<String>,
    /// A finding stops nothing before it is this many days old; until then it warns.
    pub grace_days: Option<u64>,
    /// A rule that cannot be prepared fails whenever it is evaluated.
    pub(crate) check: Result<Check, Failure>,
    /// Its parameters as failures print them.
    pub(crate) printed: String,
    /// What evaluating it brings where its gate is past its life.
    pub(crate) end_of_life: Option<Problem>,
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}/{} {}", self.action, self.gate.name, self.trigger.name, self.printed)
    }
}

/// Whether end-of-life names are mistakes (a bundle is being written) or to be lived with (an old one is evaluated).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strictness {
    Strict,
    Lenient,
}

impl Rule {
    /// What the rule depends on.
    pub fn reads(&self) -> Inputs {
        let clock = if self.grace_days.is_some() { Inputs::CLOCK } else { Inputs::NONE };
        self.trigger.reads | clock
    }

    /// The text that it gives for a parameter.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(parameter, _)| parameter.name == name).map(|(_, text)| text.as_str())
    }

    /// Reads one rule; every problem of its parameters is collected.
    pub(crate) fn build(rule: &Value, pointer: &str, strictness: Strictness) -> Result<Self, Vec<Problem>> {
        let one = |problem: Problem| vec![problem];
        let error = |details: String| Problem::error("PolicyError", details, pointer);
        let params = params(rule, pointer).map_err(one)?;
        let id = rule.get("id").and_then(Value::as_str);
        let word = rule.get("action").and_then(Value::as_str).unwrap_or_default().to_lowercase();
        let action = Action::parse(&word)
            .ok_or_else(|| one(error(word.clone()).with_hint("the action must be STOP, WARN or GO")))?;
        let nameless = |member: &str| {
            let problem = error("'NoneType' object has no attribute 'lower'".into());
            one(problem.with_hint(format!("the rule has no {member}")))
        };
        let gate_name = rule.get("gate").and_then(Value::as_str).ok_or_else(|| nameless("gate"))?;
        let gate = gates::gate(gate_name).ok_or_else(|| one(unknown_gate(gate_name, id, pointer)))?;
        let trigger_name = rule.get("trigger").and_then(Value::as_str).ok_or_else(|| nameless("trigger"))?;
        let trigger = gate
            .trigger(trigger_name)
            .ok_or_else(|| one(unknown_trigger(gate, gate_name, trigger_name, id, pointer)))?;

        params.check_possible(pointer).map_err(one)?;
        // What is past its life has no parameters to check.
        let end_of_life = end_of_life(gate, gate_name, pointer);
        let arguments = match &end_of_life {
            Some(problem) if strictness == Strictness::Strict => return Err(vec![problem.clone()]),
            Some(_) => Arguments::new(Vec::new(), id),
            None => arguments(gate, trigger, &params, id, pointer)?,
        };
        let check = (trigger.compile)(&arguments);
        // The original took what its triggers could not use, and failed when the rule ran; of ours it is told at once.
        if let (Err(failure), Origin::Windlass) = (&check, trigger.origin) {
            let details = format!("{failure} {}", named(gate, trigger, id));
            return Err(vec![Problem::error("ParameterValueInvalidError", details, pointer)]);
        }
        Ok(Self {
            pointer: pointer.to_owned(),
            id: id.map(str::to_owned),
            action,
            gate,
            trigger,
            params: arguments.given().map(|(parameter, text)| (parameter, text.to_owned())).collect(),
            recommendation: rule.get("recommendation").and_then(Value::as_str).map(str::to_owned),
            grace_days: grace_days(rule, pointer).map_err(one)?,
            check,
            printed: arguments.printed(),
            end_of_life,
        })
    }
}

/// Lower-cased name, value and place of each parameter; of several with one name the last counts.
struct Params<'r>(Vec<(String, &'r Value, String)>);

impl<'r> Params<'r> {
    fn get(&self, name: &str) -> Option<(&'r Value, &str)> {
        let found = self.0.iter().rev().find(|(given, _, _)| given == name)?;
        (!found.1.is_null()).then_some((found.1, found.2.as_str()))
    }

    /// The value of the parameter, else that of its first alias that is not empty, else that of its last.
    fn value(&self, parameter: &Parameter) -> Option<(&'r Value, &str)> {
        let aliases = || parameter.aliases.iter().map(|alias| self.get(alias));
        let is_full = |(value, _): &(&Value, &str)| value.as_str() != Some("");
        let full = || aliases().flatten().find(is_full);
        self.get(parameter.name).or_else(full).or_else(|| aliases().next_back().flatten())
    }

    fn check_possible(&self, pointer: &str) -> Result<(), Problem> {
        let Some((name, _, place)) = self.0.iter().find(|(name, _, _)| IMPOSSIBLE.contains(&name.as_str())) else {
            return Ok(());
        };
        let details = format!("type object got multiple values for keyword argument '{name}'");
        let problem = Problem::error("PolicyError", details, place);
        Err(problem.with_hint(format!("no trigger has a parameter {name}; remove it from {pointer}")))
    }
}

/// Parameters that the original could not take because of how it passed them on.
const IMPOSSIBLE: [&str; 2] = ["rule_id", "parent_gate_cls"];

fn params<'r>(rule: &'r Value, pointer: &str) -> Result<Params<'r>, Problem> {
    let error = |details: String| Problem::error("PolicyError", details, pointer);
    let given = match rule.get("params") {
        None => &[][..],
        Some(Value::Array(given)) => given,
        Some(_) => return Err(error("'NoneType' object is not iterable".into()).with_hint("params must be an array")),
    };
    let mut params = Vec::new();
    for (index, param) in given.iter().enumerate() {
        let Some(name) = param.get("name").and_then(Value::as_str).map(str::to_lowercase) else {
            let problem = error("'NoneType' object has no attribute 'lower'".into());
            return Err(problem.with_hint(format!("parameter {index} has no name")));
        };
        let value = param.get("value").unwrap_or(&Value::Null);
        params.push((name, value, format!("{pointer}/params/{index}")));
    }
    Ok(Params(params))
}

fn grace_days(rule: &Value, pointer: &str) -> Result<Option<u64>, Problem> {
    let Some(given) = rule.get("grace_days").filter(|given| !given.is_null()) else { return Ok(None) };
    let days = given.as_u64().or_else(|| given.as_str()?.trim().parse().ok());
    days.map(Some).ok_or_else(|| {
        let details = format!("grace_days must be a number of days, not {}", pyrepr::value(given));
        Problem::error("PolicyError", details, &format!("{pointer}/grace_days"))
    })
}

/// The rule as problems name it.
fn named(gate: &Gate, trigger: &Trigger, id: Option<&str>) -> String {
    format!("(gate={},trigger={},rule_id={})", gate.name, trigger.name, id.unwrap_or("None"))
}

/// The values of the trigger's parameters, checked in the order of their keys.
fn arguments<'r>(
    gate: &Gate,
    trigger: &'static Trigger,
    params: &Params<'r>,
    id: Option<&'r str>,
    pointer: &str,
) -> Result<Arguments<'r>, Vec<Problem>> {
    let context = named(gate, trigger, id);
    let mut declared: Vec<&'static Parameter> = trigger.parameters.iter().collect();
    declared.sort_by_key(|parameter| parameter.key);

    let mut problems = Vec::new();
    let mut rejected = |details: String, hint: String, place: &str| {
        problems
            .push(Problem::error("ParameterValueInvalidError", format!("{details} {context}"), place).with_hint(hint));
    };
    let mut values = Vec::new();
    for parameter in &declared {
        match params.value(parameter) {
            None if parameter.required => {
                rejected("Required parameter".into(), format!("the rule must give {}", parameter.name), pointer);
                values.push((*parameter, None));
            }
            None => values.push((*parameter, None)),
            Some((value, place)) => match parameter.kind.problem(value) {
                Some(problem) => {
                    let details = format!("Parameter validation failed: {problem}");
                    rejected(details, format!("the parameter is {}", parameter.name), place);
                }
                None => values.push((*parameter, value.as_str())),
            },
        }
    }
    for parameter in &declared {
        let Kind::Linked { to, kinds } = &parameter.kind else { continue };
        let decides = values.iter().find(|(other, _)| other.key == *to).and_then(|(_, value)| *value);
        let kind = kinds.iter().find(|(value, _)| Some(*value) == decides).map(|(_, kind)| kind);
        let accepted = values.iter().any(|(other, value)| std::ptr::eq(*other, *parameter) && value.is_some());
        let (value, place) = params.value(parameter).filter(|_| accepted).unwrap_or((&Value::Null, pointer));
        if let Some(problem) = kind.unwrap_or(&Kind::Text).problem(value) {
            rejected(problem, format!("the parameter is {}", parameter.name), place);
        }
    }
    if let Some(problem) = unknown_parameters(gate, trigger, &declared, params) {
        problems.push(problem);
    }
    if problems.is_empty() { Ok(Arguments::new(values, id)) } else { Err(problems) }
}

/// One problem however many unknown names there are.
fn unknown_parameters(
    gate: &Gate,
    trigger: &Trigger,
    declared: &[&'static Parameter],
    params: &Params<'_>,
) -> Option<Problem> {
    let names = || declared.iter().flat_map(|parameter| std::iter::once(&parameter.name).chain(parameter.aliases));
    let unknown: Vec<_> = params.0.iter().filter(|(name, _, _)| !names().any(|known| known == name)).collect();
    let (_, _, place) = unknown.first()?;
    let keys = pyrepr::list(declared.iter().map(|parameter| parameter.key));
    let details = format!(
        "Rule validation error (gate={},trigger={},rule_id=None,parameter=None,valid_parameters={keys})",
        gate.name, trigger.name
    );
    let meant = |name: &str| match nearest(name, names().copied()) {
        Some(known) => format!("there is no parameter {name}; did you mean {known}?"),
        None => format!("there is no parameter {name}"),
    };
    let hint = unknown.iter().map(|(name, _, _)| meant(name)).collect::<Vec<_>>().join("; ");
    Some(Problem::error("InvalidParameterError", details, place).with_hint(hint))
}

fn unknown_gate(name: &str, id: Option<&str>, pointer: &str) -> Problem {
    let details = format!(
        "The specified gate is not found in the policy engine as a valid gate name \
         (gate={name},trigger=None,rule_id={},valid_gates={})",
        id.unwrap_or("None"),
        pyrepr::list(gates::original_names())
    );
    let problem = Problem::error("GateNotFoundError", details, &format!("{pointer}/gate"));
    let live = gates::ALL.iter().filter(|gate| !gate.is_end_of_life()).map(|gate| gate.name);
    match nearest(name, live) {
        Some(meant) => problem.with_hint(format!("did you mean {meant}?")),
        None => problem,
    }
}

fn unknown_trigger(gate: &Gate, gate_name: &str, name: &str, id: Option<&str>, pointer: &str) -> Problem {
    let originals = gate.triggers.iter().filter(|trigger| trigger.origin == Origin::Original);
    let details = format!(
        "Trigger not found for specified gate. Valid triggers are: {} (gate={gate_name},trigger={name},rule_id={})",
        pyrepr::list(originals.map(|trigger| trigger.name)),
        id.unwrap_or("None")
    );
    let problem = Problem::error("TriggerNotFoundError", details, &format!("{pointer}/trigger"));
    match nearest(name, gate.triggers.iter().map(|trigger| trigger.name)) {
        Some(meant) => problem.with_hint(format!("did you mean {meant}?")),
        None => problem,
    }
}

fn end_of_life(gate: &Gate, name: &str, pointer: &str) -> Option<Problem> {
    let State::EndOfLife { successor } = gate.state else { return None };
    let replaced = successor.map_or_else(String::new, |successor| format!(" and replaced with '{successor}'"));
    let details = format!(
        "Gate {name} has been End-of-Lifed. It will not be evaluated, and should be removed from policies{replaced}"
    );
    Some(Problem::error(END_OF_LIFE, details, &format!("{pointer}/gate")))
}
