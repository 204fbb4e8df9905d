//! `windlass scan --config FILE`: options of the command line from a YAML file. What the command line or the environment
//! gives counts more.

use std::{ffi::OsString, path::Path};

use clap::{
    Arg, ArgAction, ArgMatches, Command, CommandFactory as _, FromArgMatches as _, builder::Resettable,
    parser::ValueSource,
};
use serde_json::{Map, Value};

use crate::{arguments::Arguments, diagnostics::Hinted, service, yaml};

/// The command that takes a file of options.
const COMMAND: &str = "scan";
const OPTION: &str = "config";

/// The command line with the options of the file that it names; a file that cannot be used is an error.
pub(crate) fn parse(given: Vec<OsString>) -> anyhow::Result<Result<Arguments, clap::Error>> {
    let mut given = service::read_as_ours(given);
    // What is wrong with the command line is told when both are read together.
    let known = command().ignore_errors(true).try_get_matches_from(&given);
    let scan = known.as_ref().ok().and_then(|matches| matches.subcommand_matches(COMMAND));
    if let Some((scan, path)) = scan.and_then(|scan| Some((scan, scan.get_one::<std::path::PathBuf>(OPTION)?))) {
        let options = options(path, scan)?;
        let command = given.iter().position(|argument| argument == COMMAND).map_or(given.len(), |at| at + 1);
        given.splice(command..command, options);
    }
    let read = command().try_get_matches_from(given).and_then(|matches| Arguments::from_arg_matches(&matches));
    Ok(read.map_err(|error| error.format(&mut command())))
}

fn command() -> Command {
    without_empty_variables(Arguments::command())
}

/// A variable that is empty says nothing.
fn without_empty_variables(command: Command) -> Command {
    command
        .mut_args(|argument| {
            let value = argument.get_env().and_then(std::env::var_os);
            if value.is_some_and(|value| value.is_empty()) { argument.env(Resettable::Reset) } else { argument }
        })
        .mut_subcommands(without_empty_variables)
}

/// The file's options as arguments, but for those that are settled elsewhere.
fn options(path: &Path, scan: &ArgMatches) -> anyhow::Result<Vec<OsString>> {
    let members: Map<String, Value> = yaml::read(path)?;
    let mut command = Arguments::command();
    command.build();
    let command = command.find_subcommand_mut(COMMAND).expect("it is one of ours");
    let mut options = Vec::new();
    for (name, value) in &members {
        let option = option(command, name, path)?;
        let settled = matches!(
            scan.value_source(option.get_id().as_str()),
            Some(ValueSource::CommandLine | ValueSource::EnvVariable)
        );
        if !settled {
            add(option, name, value, path, &mut options)?;
        }
    }
    Ok(options)
}

fn option<'c>(command: &'c Command, name: &str, path: &Path) -> anyhow::Result<&'c Arg> {
    let known = || command.get_arguments().filter_map(|option| Some((option.get_long()?, option)));
    let known = || known().filter(|(long, _)| ![OPTION, "help", "version"].contains(long));
    known().find(|(long, _)| *long == name).map(|(_, option)| option).ok_or_else(|| {
        let nearest = known().map(|(long, _)| long).min_by_key(|long| strsim::damerau_levenshtein(long, name));
        Hinted::error(
            format!("{}: there is no option {name:?}", path.display()),
            format!("did you mean {}? The keys are those of windlass scan --help", nearest.unwrap_or_default()),
        )
    })
}

/// A flag is true or false, what can be repeated may be a list, everything else is one value.
fn add(option: &Arg, name: &str, value: &Value, path: &Path, options: &mut Vec<OsString>) -> anyhow::Result<()> {
    let takes_none = option.get_num_args().is_some_and(|number| number.min_values() == 0);
    let repeats = matches!(option.get_action(), ArgAction::Append);
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    match value {
        Value::Bool(true) if takes_none => options.push(format!("--{name}").into()),
        Value::Bool(false) if takes_none => {}
        Value::Array(values) if repeats && values.iter().all(|value| text(value).is_some()) => {
            options.extend(values.iter().filter_map(text).map(|text| format!("--{name}={text}").into()));
        }
        value => {
            let (is_flag, expected) = match option.get_action() {
                ArgAction::SetTrue | ArgAction::Count => (true, "true or false"),
                ArgAction::Append => (false, "a text or a list of texts"),
                _ => (false, "a text or a number"),
            };
            let text = text(value).filter(|_| !is_flag).ok_or_else(|| {
                let message = format!("{}: {name} cannot be {value}", path.display());
                Hinted::error(message, format!("give it {expected}"))
            })?;
            options.push(format!("--{name}={text}").into());
        }
    }
    Ok(())
}
