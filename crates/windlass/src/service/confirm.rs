//! What is asked of the one who types.

use std::{fmt, io, path::Path};

use anyhow::Context as _;
use windlass_client::Secret;

/// There was a question and nobody to answer it.
#[derive(Debug)]
pub(crate) struct Unanswered;

impl std::error::Error for Unanswered {}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nobody is there to answer the question")
    }
}

/// As [`confirm`], and no answer is an error: where `anchore-cli` aborts, and does not only leave the thing undone.
///
/// # Errors
/// [`Unanswered`] where standard input ends.
pub(crate) fn demand(question: &str, dont_ask: bool) -> anyhow::Result<bool> {
    ask(question, dont_ask)?.ok_or_else(|| Unanswered.into())
}

/// Whether to go on: `dont_ask` says so, or a line that begins with `y`; no answer is no.
pub(crate) fn confirm(question: &str, dont_ask: bool) -> anyhow::Result<bool> {
    Ok(ask(question, dont_ask)?.unwrap_or(false))
}

/// The answer; nothing where there is none.
#[expect(clippy::print_stderr, reason = "a question is not a message of the log")]
fn ask(question: &str, dont_ask: bool) -> anyhow::Result<Option<bool>> {
    if dont_ask {
        return Ok(Some(true));
    }
    eprint!("{question} (y/N) ");
    let agreed = line()?.map(|answer| answer.to_ascii_lowercase().starts_with('y'));
    if agreed != Some(true) {
        eprintln!("Nothing was done.");
    }
    Ok(agreed)
}

/// A secret as it was given, or where that is `-`, the first line of standard input: command lines can be seen by others.
pub(crate) fn secret(given: &str) -> anyhow::Result<String> {
    if given == "-" { Ok(line()?.unwrap_or_default()) } else { Ok(given.to_owned()) }
}

/// The password in a file, without the line's end.
pub(crate) fn password_file(path: &Path) -> anyhow::Result<Secret> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("the password file {} cannot be read", path.display()))?;
    Ok(Secret::new(text.trim_end_matches(['\r', '\n'])))
}

/// The next line; nothing at the end.
fn line() -> anyhow::Result<Option<String>> {
    let mut line = String::new();
    let read = io::stdin().read_line(&mut line).context("standard input cannot be read")?;
    Ok((read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned()))
}
