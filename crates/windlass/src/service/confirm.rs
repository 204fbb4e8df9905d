//! What is asked of the one who types.

use std::{io, path::Path};

use anyhow::Context as _;
use windlass_client::Secret;

/// Whether to go on: `dont_ask` says so, or a line that begins with `y`; no answer is no.
#[expect(clippy::print_stderr, reason = "a question is not a message of the log")]
pub(crate) fn confirm(question: &str, dont_ask: bool) -> anyhow::Result<bool> {
    if dont_ask {
        return Ok(true);
    }
    eprint!("{question} (y/N) ");
    let agreed = line()?.to_ascii_lowercase().starts_with('y');
    if !agreed {
        eprintln!("Nothing was done.");
    }
    Ok(agreed)
}

/// A secret as it was given, or where that is `-`, the first line of standard input: command lines can be seen by others.
pub(crate) fn secret(given: &str) -> anyhow::Result<String> {
    if given == "-" { line() } else { Ok(given.to_owned()) }
}

/// The password in a file, without the line's end.
pub(super) fn password_file(path: &Path) -> anyhow::Result<Secret> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("the password file {} cannot be read", path.display()))?;
    Ok(Secret::new(text.trim_end_matches(['\r', '\n'])))
}

fn line() -> anyhow::Result<String> {
    let mut line = String::new();
    io::stdin().read_line(&mut line).context("standard input cannot be read")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
