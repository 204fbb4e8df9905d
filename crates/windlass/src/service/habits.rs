//! Command lines as they were written for `anchore-cli`, so that scripts need change its name alone. It takes what
//! concerns the service before the group (`--url URL --json image list`), and calls `policy` what is `policies` here.

use std::ffi::OsString;

use clap::{Args as _, Command, CommandFactory as _};

use super::ServiceArguments;
use crate::arguments::Arguments;

/// What `anchore-cli policy` does that `windlass policy` does not.
const OF_POLICIES: &[&str] = &["add", "get", "list", "activate", "del", "hub"];
/// What follows `describe` there; `windlass policy describe` has neither.
const OF_DESCRIBE: &[&str] = &["--all", "--gate", "--trigger"];

/// The command line with the options of the service behind the group, and the group by the name it has here.
pub(crate) fn read_as_ours(given: Vec<OsString>) -> Vec<OsString> {
    let options = ServiceArguments::augment_args(Command::new("options"));
    let Some((moved, kept, at)) = split(&given, &options) else { return given };
    let word = |at: usize| given.get(at).and_then(|word| word.to_str()).unwrap_or_default();
    let is_of_policies = match word(at + 1) {
        "describe" => OF_DESCRIBE.contains(&word(at + 2)),
        verb => OF_POLICIES.contains(&verb),
    };
    let group = if given[at] == "policy" && is_of_policies { "policies".into() } else { given[at].clone() };
    let command = Arguments::command();
    let command = group.to_str().and_then(|group| command.find_subcommand(group));
    let speaks_to_a_service =
        command.is_some_and(|command| command.get_arguments().any(|option| option.get_id() == "service_url"));
    if !speaks_to_a_service {
        return given;
    }
    kept.into_iter().chain([group]).chain(moved).chain(given[at + 1..].iter().cloned()).collect()
}

/// What is before the first word that is no option: what is to be moved, what is not, and where that word is.
fn split(given: &[OsString], options: &Command) -> Option<(Vec<OsString>, Vec<OsString>, usize)> {
    let (mut moved, mut kept) = (Vec::new(), given.get(..1)?.to_vec());
    let mut at = 1;
    loop {
        let word = given.get(at)?;
        let text = word.to_str()?;
        if !text.starts_with('-') {
            return Some((moved, kept, at));
        }
        let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
        let known = options.get_arguments().find(|option| {
            let long = |long: &str| name.strip_prefix("--") == Some(long);
            let short = |short: char| name.strip_prefix('-').is_some_and(|name| name.chars().eq([short]));
            option.get_long().is_some_and(long)
                || option.get_all_aliases().is_some_and(|aliases| aliases.into_iter().any(long))
                || option.get_short().is_some_and(short)
        });
        match known {
            Some(option) => {
                moved.push(word.clone());
                if option.get_action().takes_values() && value.is_none() {
                    at += 1;
                    moved.push(given.get(at)?.clone());
                }
            }
            None => kept.push(word.clone()),
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_for_anchore_cli_is_read_as_ours() {
        for (given, read) in [
            ("windlass --json image list", "windlass image --json list"),
            (
                "windlass --u admin --p word --url=http://x/v1 system status",
                "windlass system --u admin --p word --url=http://x/v1 status",
            ),
            ("windlass -v --insecure -o yaml event list", "windlass -v event --insecure -o yaml list"),
            (
                "windlass --as-account team analysis-archive images list",
                "windlass analysis-archive --as-account team images list",
            ),
            ("windlass image list --json", "windlass image list --json"),
            ("windlass --json policy list", "windlass policies --json list"),
            ("windlass policy describe --gate files", "windlass policies describe --gate files"),
            ("windlass policy describe files", "windlass policy describe files"),
            // Not ours to judge.
            ("windlass --config file scan app", "windlass --config file scan app"),
            ("windlass --bogus --json image list", "windlass --bogus image --json list"),
            ("windlass --json", "windlass --json"),
            ("windlass --url", "windlass --url"),
            ("windlass", "windlass"),
        ] {
            let words: Vec<OsString> = given.split(' ').map(OsString::from).collect();
            assert_eq!(read_as_ours(words).join(" ".as_ref()), OsString::from(read));
        }
    }
}
