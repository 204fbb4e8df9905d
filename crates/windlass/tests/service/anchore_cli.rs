//! The original client, as PyPI has it: no line of it is changed.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    place::Place,
    tour::{Sights, Tour},
};

/// Prints the words and options of each of its commands.
const COMMANDS: &str = r#"
import click
import anchorecli.cli

def walk(command, words):
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            walk(inner, words + [name])
    else:
        options = [max(one.opts, key=len) for one in command.params if isinstance(one, click.Option)]
        print(" ".join(words), *options)

walk(anchorecli.cli.main_entry, [])
"#;

/// `anchore-cli` from `WINDLASS_ANCHORE_CLI`, the tools that `scripts/test` installs, or the path.
fn program() -> Option<PathBuf> {
    let named = env::var_os("WINDLASS_ANCHORE_CLI").map(PathBuf::from);
    let built =
        Path::new(env!("CARGO_BIN_EXE_windlass")).ancestors().nth(2).map(|target| target.join("tools/anchore-cli/bin"));
    let path: Vec<PathBuf> = env::var_os("PATH").iter().flat_map(env::split_paths).collect();
    let folders = built.into_iter().chain(path).map(|folder| folder.join("anchore-cli"));
    named.into_iter().chain(folders).find(|program| program.exists())
}

/// What it can be told to do: words, and options that begin with `--`.
fn commands(program: &Path, home: &Path) -> Vec<(String, Vec<String>)> {
    let script = fs::read_to_string(program).expect("it is a script");
    let python = script.lines().next().and_then(|line| line.strip_prefix("#!")).expect("it says what runs it");
    let mut command = Command::new(python.trim());
    command.env_clear().env("HOME", home).env("LC_ALL", "C.UTF-8").args(["-c", COMMANDS]);
    let output = command.output().expect("Python starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let command = |line: &str| {
        let (options, words): (Vec<&str>, Vec<&str>) = line.split(' ').partition(|word| word.starts_with("--"));
        (words.join(" "), options.into_iter().map(str::to_owned).collect())
    };
    said.lines().map(command).collect()
}

/// Commands and options that nobody tried.
fn missed(commands: &[(String, Vec<String>)], walked: &[String]) -> Vec<String> {
    let mut missed = Vec::new();
    for (words, options) in commands {
        let holds = |step: &str, part: &str| format!("{step} ").contains(&format!("{part} "));
        let tried: Vec<&String> = walked.iter().filter(|step| holds(step, words)).collect();
        if tried.is_empty() {
            missed.push(words.clone());
        }
        let is_new = |option: &&String| !tried.iter().any(|step| holds(step, option));
        missed.extend(options.iter().filter(is_new).map(|option| format!("{words} {option}")));
    }
    missed
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
    let commands = commands(&program, &home);
    assert!(commands.len() > 60, "{commands:?}");
    let missed = missed(&commands, tour.walked());
    tour.end();
    assert_eq!(missed, [""; 0], "commands and options that were not tried");
}
