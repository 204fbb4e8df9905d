//! `anchore-cli` takes what concerns the service before the group: `--url URL --json image list`. Scripts that do so
//! need not change.

use std::ffi::OsString;

use clap::{Args as _, Command, CommandFactory as _};

use super::ServiceArguments;
use crate::arguments::Arguments;

/// The command line with the options of the service that stand before a group moved behind it.
pub(crate) fn behind_the_group(given: Vec<OsString>) -> Vec<OsString> {
    let options = ServiceArguments::augment_args(Command::new("options"));
    let Some((moved, kept, group)) = split(&given, &options) else { return given };
    let speaks_to_a_service = |group: &str| {
        let command = Arguments::command();
        let command = command.find_subcommand(group);
        command.is_some_and(|command| command.get_arguments().any(|option| option.get_id() == "service_url"))
    };
    if moved.is_empty() || !given[group].to_str().is_some_and(speaks_to_a_service) {
        return given;
    }
    let mut arguments = kept;
    arguments.push(given[group].clone());
    arguments.extend(moved);
    arguments.extend_from_slice(&given[group + 1..]);
    arguments
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
    fn what_stands_before_the_group_is_read_as_if_it_stood_behind() {
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
            // Not ours to judge.
            ("windlass --config file scan app", "windlass --config file scan app"),
            ("windlass --bogus --json image list", "windlass --bogus image --json list"),
            ("windlass --json", "windlass --json"),
            ("windlass --url", "windlass --url"),
            ("windlass", "windlass"),
        ] {
            let words: Vec<OsString> = given.split(' ').map(OsString::from).collect();
            assert_eq!(behind_the_group(words).join(" ".as_ref()), OsString::from(read));
        }
    }
}
