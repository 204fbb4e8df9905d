//! The original client, as PyPI has it: no line of it is changed.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde::Deserialize;

use crate::{
    place::Place,
    process::{PASSWORD, Process},
    tls::{CERTIFIED, certified},
    tour::{Sights, Tour, sets},
};

/// Prints what it can be told: each command and each group with its own options, and the variables that it reads.
const KNOWN: &str = r#"
import inspect, json, re
import click
import anchorecli.cli

commands = []

def walk(command, words):
    options = [max(one.opts, key=len) for one in command.params if isinstance(one, click.Option)]
    inner = command.commands if isinstance(command, click.Group) else {}
    commands.append({"words": " ".join(words), "options": options, "inner": list(inner)})
    for name, command in inner.items():
        walk(command, words + [name])

walk(anchorecli.cli.main_entry, [])
variables = sorted(set(re.findall("ANCHORE_CLI_[A-Z_]+", inspect.getsource(anchorecli.cli.utils))))
print(json.dumps({"commands": commands, "variables": variables}))
"#;

/// What the client can be told.
#[derive(Deserialize)]
struct Known {
    commands: Vec<Told>,
    variables: Vec<String>,
}

/// A command, or a group of them.
#[derive(Deserialize)]
struct Told {
    words: String,
    options: Vec<String>,
    /// The names of what is in a group, before which its own options stand.
    inner: Vec<String>,
}

impl Told {
    /// What a step tells it, and not what is in it; nothing where the step is about something else.
    fn own<'s>(&self, step: &'s str) -> Option<Vec<&'s str>> {
        let words: Vec<&str> = step.split(' ').collect();
        let own: Vec<&str> = self.words.split_terminator(' ').collect();
        let begin = (0..=words.len() - own.len().min(words.len())).find(|at| words[*at..].starts_with(&own))?;
        let behind = words[begin + own.len()..].iter().copied();
        Some(behind.take_while(|word| !self.inner.iter().any(|inner| inner == word)).collect())
    }
}

/// `anchore-cli` from `WINDLASS_ANCHORE_CLI`, the tools that `scripts/test` installs, or the path.
fn program() -> Option<PathBuf> {
    let named = env::var_os("WINDLASS_ANCHORE_CLI").map(PathBuf::from);
    let built =
        Path::new(env!("CARGO_BIN_EXE_windlass")).ancestors().nth(2).map(|target| target.join("tools/anchore-cli/bin"));
    let path: Vec<PathBuf> = env::var_os("PATH").iter().flat_map(env::split_paths).collect();
    let folders = built.into_iter().chain(path).map(|folder| folder.join("anchore-cli"));
    named.into_iter().chain(folders).find(|program| program.exists())
}

fn known(program: &Path, home: &Path) -> Known {
    let script = fs::read_to_string(program).expect("it is a script");
    let python = script.lines().next().and_then(|line| line.strip_prefix("#!")).expect("it says what runs it");
    let mut command = Command::new(python.trim());
    command.env_clear().env("HOME", home).env("LC_ALL", "C.UTF-8").args(["-c", KNOWN]);
    let output = command.output().expect("Python starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("it says what it knows")
}

/// Commands, options and variables that nobody tried.
fn missed(known: &Known, walked: &[String]) -> Vec<String> {
    let mut missed = Vec::new();
    for told in &known.commands {
        let tried: Vec<Vec<&str>> = walked.iter().filter_map(|step| told.own(step)).collect();
        if tried.is_empty() {
            missed.push(told.words.clone());
        }
        let is_new = |option: &&String| !tried.iter().any(|step| step.contains(&option.as_str()));
        missed.extend(told.options.iter().filter(is_new).map(|option| format!("{} {option}", told.words)));
    }
    let is_new = |name: &&String| !walked.iter().any(|step| sets(step, name));
    missed.extend(known.variables.iter().filter(is_new).cloned());
    missed
}

#[test]
fn options_of_a_group_stand_before_what_is_in_it() {
    let told = |words: &str, options: &[&str], inner: &[&str]| {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Told { words: words.into(), options: owned(options), inner: owned(inner) }
    };
    let commands = vec![
        told("", &["--json", "--insecure"], &["image", "registry"]),
        told("image", &[], &["add", "del"]),
        told("image add", &["--force"], &[]),
        told("image del", &["--force"], &[]),
        told("registry", &["--verbose"], &["add"]),
        told("registry add", &["--insecure"], &[]),
    ];
    let known = Known { commands, variables: vec!["URL".into(), "USER".into()] };
    let walked = ["--json image add a --force".into(), "USER=a registry add b --insecure".into()];
    let expected = [" --insecure", "image del", "image del --force", "registry --verbose", "URL"];
    assert_eq!(missed(&known, &walked), expected);
}

#[test]
fn anchore_cli_gets_along_with_the_service_in_all_its_commands() {
    let Some(program) = program() else {
        windlass_testing::skipped("anchore-cli is not installed", "scripts/test installs it");
        return;
    };
    let Some(mut place) = Place::new("all") else { return };
    let sights = Sights::around(&mut place);
    let home = place.path("home");
    let anchore_cli = || {
        let mut command = Command::new(&program);
        command.env_clear().env("HOME", &home).env("LC_ALL", "C.UTF-8").env("COLUMNS", "400");
        command
    };
    let mut tour = Tour::new(&place, &anchore_cli);
    tour.walk(&sights);
    // No service has what it asks of; ours hands over analyses otherwise.
    place.write("scan.json", "[{}]");
    tour.step("image import --infile scan.json", 1, &["There is no such resource"]);
    let known = known(&program, &home);
    assert!(known.commands.len() > 80 && known.variables.len() > 10, "{} commands", known.commands.len());
    let missed = missed(&known, tour.walked());
    tour.end();
    assert_eq!(missed, [""; 0], "commands, options and variables that were not tried");
}

#[test]
fn anchore_cli_speaks_to_a_service_whose_certificate_nobody_signed_if_it_is_told_to() {
    let Some(program) = program() else {
        windlass_testing::skipped("anchore-cli is not installed", "scripts/test installs it");
        return;
    };
    let process = Process::within(certified(), "api", &CERTIFIED);
    for (verify, option, exit) in [("y", None, 2), ("n", None, 0), ("y", Some("--insecure"), 0)] {
        let mut command = Command::new(&program);
        command.env_clear().env("HOME", process.path("home")).env("LC_ALL", "C.UTF-8");
        command.env("ANCHORE_CLI_URL", format!("{}/v1", process.url)).env("ANCHORE_CLI_SSL_VERIFY", verify);
        command.env("ANCHORE_CLI_USER", "admin").env("ANCHORE_CLI_PASS", PASSWORD);
        let output = command.args(option).args(["system", "status"]).output().expect("it starts");
        assert_eq!(
            output.status.code(),
            Some(exit),
            "{verify} {option:?}: {}",
            String::from_utf8_lossy(&output.stdout)
        );
    }
}
