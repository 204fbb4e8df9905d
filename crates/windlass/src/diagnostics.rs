//! What is said on standard error.

use std::io::IsTerminal as _;

use tracing_subscriber::{EnvFilter, Layer as _, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::{Outcome, service::Unanswered};

/// How much is to be said.
#[derive(Clone, Copy)]
pub(crate) struct Volume {
    verbose: u8,
    quiet: bool,
}

impl Volume {
    /// As the command line has it; `ANCHORE_CLI_DEBUG` is one `-v`.
    pub(crate) fn of(verbose: u8, quiet: bool) -> Self {
        let debug = std::env::var("ANCHORE_CLI_DEBUG").is_ok_and(|word| word.eq_ignore_ascii_case("y"));
        Self { verbose: verbose.max(u8::from(debug)), quiet }
    }

    /// What is logged: errors alone where little is to be said, else the first of these, and a further one with each `-v`.
    /// `WINDLASS_LOG` overrides all of it.
    pub(crate) fn filter(self, levels: [&str; 3]) -> EnvFilter {
        let level = if self.quiet { "error" } else { levels[usize::from(self.verbose.min(2))] };
        EnvFilter::try_from_env("WINDLASS_LOG").unwrap_or_else(|_| EnvFilter::new(level))
    }
}

/// Starts logging for a command, which somebody waits for: warnings by default, and no moments.
pub(crate) fn start(volume: Volume) {
    let log = fmt::layer().with_writer(std::io::stderr).with_ansi(has_colour()).without_time().with_target(false);
    tracing_subscriber::registry().with(log.with_filter(volume.filter(["warn", "info", "debug"]))).init();
}

/// Whether standard error shows colours.
pub(crate) fn has_colour() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Prints an error with its causes, and what can be done about it.
#[expect(clippy::print_stderr, reason = "the one place that reports failure")]
pub(crate) fn report(error: &anyhow::Error) {
    eprintln!("error: {error}");
    for cause in causes(error) {
        eprintln!("  because: {cause}");
    }
    if let Some(hint) = advice(error) {
        eprintln!("hint: {hint}");
    }
}

/// What an error came of.
pub(crate) fn causes(error: &anyhow::Error) -> Vec<String> {
    let mut said = error.to_string();
    let mut causes = Vec::new();
    for cause in error.chain().skip(1) {
        let text = cause.to_string();
        // Libraries often repeat their cause in their own words.
        if !said.contains(&text) {
            causes.push(text.clone());
            said = text;
        }
    }
    causes
}

/// What can be done about an error.
pub(crate) fn advice(error: &anyhow::Error) -> Option<String> {
    error.chain().find_map(hint)
}

/// How a command ended that failed with this error: a service may have refused, all else could not be done.
pub(crate) fn outcome(error: &anyhow::Error) -> Outcome {
    let of_service = error.chain().find_map(|cause| cause.downcast_ref::<windlass_client::Error>());
    match of_service.map(windlass_client::Error::exit_code) {
        Some(1) => Outcome::Refused,
        _ if error.is::<Unanswered>() => Outcome::Refused,
        _ => Outcome::Unusable,
    }
}

/// What the libraries advise.
fn hint(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    if error.is::<Unanswered>() {
        return Some("--dontask does it without asking".into());
    }
    if let Some(hinted) = error.downcast_ref::<Hinted>() {
        return Some(hinted.hint.clone());
    }
    if let Some(error) = error.downcast_ref::<windlass_sources::Error>() {
        return error.hint();
    }
    if let Some(error) = error.downcast_ref::<windlass_client::Error>() {
        return error.hint();
    }
    if let Some(error) = error.downcast_ref::<windlass_operations::Error>() {
        return error.hint();
    }
    if let Some(error) = error.downcast_ref::<windlass_objects::Error>() {
        return error.hint();
    }
    if let Some(error) = error.downcast_ref::<windlass_store::Error>() {
        return error.hint();
    }
    error
        .downcast_ref::<windlass_vulnerabilities::Error>()
        .and_then(windlass_vulnerabilities::Error::hint)
        .map(str::to_owned)
}

/// Which of the known names was meant by one that is none; nothing where all are far from it.
pub(crate) fn meant<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let (distance, nearest) =
        known.map(|known| (strsim::damerau_levenshtein(known, name), known)).min_by_key(|(distance, _)| *distance)?;
    (distance * 3 <= name.len().max(nearest.len())).then_some(nearest)
}

/// An error of the command line itself, with its remedy.
#[derive(Debug)]
pub(crate) struct Hinted {
    message: String,
    hint: String,
}

impl Hinted {
    /// What is wrong, and what to do.
    pub(crate) fn error(message: impl Into<String>, hint: impl Into<String>) -> anyhow::Error {
        Self { message: message.into(), hint: hint.into() }.into()
    }
}

impl std::fmt::Display for Hinted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Hinted {}
