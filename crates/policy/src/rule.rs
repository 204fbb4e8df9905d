//! One rule: which trigger, with which parameters, and what to do when it fires (`spec/policy.md` §1.2, §1.6).

use serde_json::Value;

use crate::{
    Action, Arguments, Failure, Gate, Inputs, Problem, Trigger,
    gate::{Check, Origin, State},
    gates,
    problem::nearest,
    pyrepr,
};

/// A rule that is ready to be evaluated.
pub struct Rule {
    /// JSON pointer to it in the bundle, in the words of version `1_0`.
    pub pointer: String,
    pub id: Option<String>,
    pub action: Action,
    pub gate: &'static Gate,
    pub trigger: &'static Trigger,
    /// What its author advises, shown beside its findings.
    pub recommendation: Option<String>,
    /// A finding stops nothing before it is this many days old; until then it warns.
    pub grace_days: Option<u64>,
    /// A rule that cannot be prepared fails whenever it is evaluated.
    pub(crate) check: Result<Check, Failure>,
    /// Its parameters as failures print them.
    pub(crate) printed: String,
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

    /// The problem that evaluating a rule of a gate past its life brings.
    pub(crate) fn end_of_life(&self) -> Option<Problem> {
        end_of_life(self.gate, self.gate.name, &self.pointer)
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

        // What is past its life has no parameters to check.
        let retired = gate.is_end_of_life();
        let arguments =
            if retired { Arguments::new(Vec::new(), id) } else { arguments(gate, trigger, &params, id, pointer)? };
        if retired && strictness == Strictness::Strict {
            return Err(end_of_life(gate, gate_name, pointer).into_iter().collect());
        }
        Ok(Self {
            pointer: pointer.to_owned(),
            id: id.map(str::to_owned),
            action,
            gate,
            trigger,
            recommendation: rule.get("recommendation").and_then(Value::as_str).map(str::to_owned),
            grace_days: grace_days(rule, pointer).map_err(one)?,
            check: (trigger.compile)(&arguments),
            printed: arguments.printed(),
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
        if IMPOSSIBLE.contains(&name.as_str()) {
            return Err(error(format!("type object got multiple values for keyword argument '{name}'")));
        }
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

/// The values of the trigger's parameters, checked in the order of their keys.
fn arguments<'r>(
    gate: &Gate,
    trigger: &'static Trigger,
    params: &Params<'r>,
    id: Option<&'r str>,
    pointer: &str,
) -> Result<Arguments<'r>, Vec<Problem>> {
    let context = format!("(gate={},trigger={},rule_id={})", gate.name, trigger.name, id.unwrap_or("None"));
    let mut declared: Vec<&'static crate::Parameter> = trigger.parameters.iter().collect();
    declared.sort_by_key(|parameter| parameter.key);

    let mut problems = Vec::new();
    let mut rejected = |details: String, hint: String, place: &str| {
        problems
            .push(Problem::error("ParameterValueInvalidError", format!("{details} {context}"), place).with_hint(hint));
    };
    let given = |parameter: &crate::Parameter| {
        let is_empty = |value: &Value| value.as_str() == Some("");
        let alias =
            || parameter.aliases.iter().find_map(|alias| params.get(alias).filter(|(value, _)| !is_empty(value)));
        params.get(parameter.name).or_else(alias)
    };
    let mut values = Vec::new();
    for parameter in &declared {
        match given(parameter) {
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
        let crate::parameter::Kind::Linked { to, kinds } = &parameter.kind else { continue };
        let decides = values.iter().find(|(other, _)| other.key == *to).and_then(|(_, value)| *value);
        let kind = kinds.iter().find(|(value, _)| Some(*value) == decides).map(|(_, kind)| kind);
        let (value, place) = given(parameter).unwrap_or((&Value::Null, pointer));
        if let Some(problem) = kind.unwrap_or(&crate::parameter::Kind::Text).problem(value) {
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
    declared: &[&'static crate::Parameter],
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
    Some(Problem::error("EndOfLifedError", details, &format!("{pointer}/gate")))
}
