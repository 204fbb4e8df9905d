//! `windlass policy validate BUNDLE`: what is wrong with a bundle, and where.

use std::{
    io::{self, Write},
    path::PathBuf,
    sync::Arc,
};

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use serde::Serialize;
use windlass_policy::{CompiledBundle, InvalidBundle, Problem, ProblemSeverity, Profile, Warning};

use crate::{Outcome, bundle::BundleText, judge, output::Target};

#[derive(Args)]
pub(super) struct ValidateArguments {
    /// The bundle: a JSON document.
    bundle: PathBuf,
    /// How to print it.
    #[arg(short, long, value_enum, default_value_t)]
    output: Format,
    /// Profile that warnings are about: compat, native.
    #[arg(long, value_name = "PROFILE", value_parser = judge::profile, default_value = "compat")]
    profile: Profile,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum Format {
    #[default]
    Table,
    Json,
}

/// The answer of the original's validator, with what it did not say.
#[derive(Serialize)]
struct Validation {
    valid: bool,
    #[serde(rename = "validation_details")]
    problems: Vec<Located<Problem>>,
    warnings: Vec<Located<Warning>>,
}

#[derive(Serialize)]
struct Located<T> {
    #[serde(flatten)]
    what: T,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
}

impl<T> Located<T> {
    fn new(what: T, place: Option<(usize, usize)>) -> Self {
        Self { what, line: place.map(|(line, _)| line), column: place.map(|(_, column)| column) }
    }

    fn place(&self) -> Option<(usize, usize)> {
        self.line.zip(self.column)
    }
}

pub(super) fn run(arguments: &ValidateArguments) -> anyhow::Result<Outcome> {
    let text = BundleText::read(&arguments.bundle)?;
    let validation = validate(&text, arguments.profile);
    Target { format: (), file: None }.write(|(), out| match arguments.output {
        Format::Table => table(&text, &validation, out),
        Format::Json => {
            serde_json::to_writer_pretty(&mut *out, &validation)?;
            writeln!(out)
        }
    })?;
    Ok(if validation.valid { Outcome::Fine } else { Outcome::Unusable })
}

fn validate(text: &BundleText, profile: Profile) -> Validation {
    let bundle = match text.parse() {
        Ok(bundle) => Arc::new(bundle),
        Err(invalid) => {
            let problem = Located::new(problem(&invalid), text.place_of(&invalid));
            return Validation { valid: false, problems: vec![problem], warnings: Vec::new() };
        }
    };
    let problems = bundle.validate();
    let warnings = CompiledBundle::new(bundle, profile).lint(Timestamp::now());
    Validation {
        valid: problems.is_empty(),
        problems: problems.into_iter().map(|found| located(text, found, |found| &found.pointer)).collect(),
        warnings: warnings.into_iter().map(|found| located(text, found, |found| &found.pointer)).collect(),
    }
}

fn located<T>(text: &BundleText, found: T, pointer: impl Fn(&T) -> &str) -> Located<T> {
    let place = text.place(pointer(&found));
    Located::new(found, place)
}

/// A text that is no bundle, as a problem.
fn problem(invalid: &InvalidBundle) -> Problem {
    let (problem_type, pointer) = match invalid {
        InvalidBundle::Shape(violation) => ("ValidationError", violation.pointer()),
        InvalidBundle::Json(_) | InvalidBundle::TooLong => ("JSONDecodeError", String::new()),
    };
    let details = invalid.to_string();
    Problem { severity: ProblemSeverity::Error, problem_type, details, hint: None, pointer }
}

fn table(text: &BundleText, validation: &Validation, out: &mut dyn Write) -> io::Result<()> {
    let printable = windlass_sbom::printable;
    for found in &validation.problems {
        writeln!(out, "{}: error: {}", text.at(found.place()), printable(&found.what.to_string()))?;
    }
    for found in &validation.warnings {
        writeln!(out, "{}: warning: {}", text.at(found.place()), printable(&found.what.to_string()))?;
    }
    let count = |number: usize, what: &str| if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") };
    let verdict = if validation.valid { "valid" } else { "invalid" };
    let errors = count(validation.problems.len(), "error");
    writeln!(out, "{}: {verdict}: {errors}, {}", text.at(None), count(validation.warnings.len(), "warning"))
}
