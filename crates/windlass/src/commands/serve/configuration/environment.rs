//! Settings of the environment: `WINDLASS_A__B=value` is `a: {b: value}`.

use std::{cell::RefCell, collections::BTreeMap};

use clap::{Command, CommandFactory as _};
use serde_json::{Map, Value};

use super::{Configuration, EVERYTHING, keys, original};
use crate::{
    arguments::Arguments,
    diagnostics::{Hinted, meant},
};

const PREFIX: &str = "WINDLASS_";

/// What is read from the environment and is neither a key, nor an option that names its variable, nor of the client: the
/// program's own, then those of its tests and measurements.
const OTHERS: &[&str] = &[
    "CACHE_DIR",
    "CREDENTIALS",
    "DB_CACHE_DIR",
    "LOG",
    "SECRET_KEY",
    "ANCHORE_CLI",
    "CORPUS",
    "IMAGES",
    "KILLS",
    "KILLS_SEED",
    "POSTGRES",
    "REQUIRE_NATIVE",
    "REQUIRE_SERVERS",
    "RULES_IMAGES",
    "SHARED",
    "SOAK_IMAGES",
    "WRITE_PAGES",
];

/// What the original's variables say, and what ours do, which count more.
///
/// # Errors
/// A variable of ours that nothing reads.
pub(super) fn settings(environment: &BTreeMap<String, String>) -> anyhow::Result<[Map<String, Value>; 2]> {
    let mut originals = Map::new();
    for (name, key) in original::VARIABLES {
        if let Some(value) = environment.get(*name).filter(|value| *value != original::NOT_SET) {
            set(&mut originals, key, value);
        }
    }
    let keys = keys::of::<Configuration>();
    let others = read_elsewhere();
    let mut own = Map::new();
    for (name, value) in environment {
        let Some(rest) = name.strip_prefix(PREFIX) else { continue };
        let key = rest.to_ascii_lowercase();
        let first = key.split("__").next().unwrap_or(&key);
        if keys.contains(&first) {
            set(&mut own, &key, value);
        } else if !others.iter().any(|other| other == rest) && !is_of_kubernetes(rest, value) {
            let others = others.iter().map(|name| name.to_ascii_lowercase()).collect::<Vec<_>>();
            let known = keys.iter().copied().chain(others.iter().map(String::as_str));
            let hint = meant(first, known).map_or_else(
                || EVERYTHING.to_owned(),
                |meant| format!("did you mean {PREFIX}{}{}?", meant.to_ascii_uppercase(), &rest[first.len()..]),
            );
            return Err(Hinted::error(format!("the environment: there is no setting {name}"), hint));
        }
    }
    Ok([originals, own])
}

fn set(members: &mut Map<String, Value>, key: &str, text: &str) {
    let Some((section, rest)) = key.split_once("__") else {
        members.insert(key.to_owned(), text.into());
        return;
    };
    let below = members.entry(section).or_insert(Value::Null);
    if !below.is_object() {
        *below = Value::Object(Map::new());
    }
    set(below.as_object_mut().expect("it was made one"), rest, text);
}

/// Asks those who read them, so that names are written down once.
fn read_elsewhere() -> Vec<String> {
    let names = RefCell::new(Vec::new());
    let _ = windlass_client::Settings::named(|name| {
        names.borrow_mut().push(name.to_owned());
        None
    });
    let mut names = names.into_inner();
    of_options(&Arguments::command(), &mut names);
    let own = names.iter().filter_map(|name| name.strip_prefix(PREFIX));
    own.chain(OTHERS.iter().copied()).map(str::to_owned).collect()
}

fn of_options(command: &Command, names: &mut Vec<String>) {
    names.extend(command.get_arguments().filter_map(|option| Some(option.get_env()?.to_str()?.to_owned())));
    command.get_subcommands().for_each(|below| of_options(below, names));
}

/// Whether a variable, without the prefix, is one that Kubernetes puts into every pod of a namespace for its services: of one
/// that is called `windlass` (`SERVICE_HOST`, `PORT_8228_TCP_ADDR`), or `windlass-api` (`API_SERVICE_HOST`).
fn is_of_kubernetes(name: &str, value: &str) -> bool {
    let ends_so = |end: &str| name == end || name.ends_with(&format!("_{end}"));
    let is_number = |text: &str| text.parse::<u16>().is_ok();
    let of_port = |(_, port): (&str, &str)| {
        let mut parts = port.split('_');
        parts.next().is_some_and(is_number) && matches!(parts.next(), Some("TCP" | "UDP" | "SCTP"))
    };
    let after =
        |part: &str| name.strip_prefix(part).map(|rest| ("", rest)).or_else(|| name.split_once(&format!("_{part}")));
    ends_so("SERVICE_HOST")
        || (ends_so("SERVICE_PORT") || after("SERVICE_PORT_").is_some()) && is_number(value)
        || ends_so("PORT") && value.contains("://")
        || after("PORT_").is_some_and(of_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(name: &str, value: &str) -> Option<(String, String)> {
        let error = settings(&BTreeMap::from([(name.to_owned(), value.to_owned())])).err()?;
        Some((error.to_string(), crate::diagnostics::advice(&error).unwrap_or_default()))
    }

    #[test]
    fn a_variable_that_nothing_reads_is_refused_with_the_nearest_that_is() {
        for (name, hint) in [
            ("WINDLASS_ANALISIS__THREADS", "did you mean WINDLASS_ANALYSIS__THREADS?"),
            ("WINDLASS_LISEN", "did you mean WINDLASS_LISTEN?"),
            ("WINDLASS_ROLES", "did you mean WINDLASS_ROLE?"),
            ("WINDLASS_OBJECT", "did you mean WINDLASS_OBJECTS?"),
            ("WINDLASS_BASEURL", "did you mean WINDLASS_BASE_URL?"),
            ("WINDLASS_SECRETKEY", "did you mean WINDLASS_SECRET_KEY?"),
            ("WINDLASS_LISTEN_PORT", "docs/service.md lists every setting"),
        ] {
            let refused = (format!("the environment: there is no setting {name}"), hint.to_owned());
            assert_eq!(refusal(name, "2"), Some(refused));
        }
    }

    #[test]
    fn what_the_client_commands_and_tests_read_is_no_setting_and_no_mistake() {
        for name in [
            "WINDLASS_URL",
            "WINDLASS_SSL_VERIFY",
            "WINDLASS_DB",
            "WINDLASS_SERVICE_CA",
            "WINDLASS_LOG",
            "WINDLASS_SHARED",
        ] {
            assert_eq!(refusal(name, "x"), None, "{name}");
        }
    }

    #[test]
    fn what_kubernetes_tells_of_a_service_called_windlass_stops_no_start() {
        for (name, value) in [
            ("WINDLASS_SERVICE_HOST", "10.96.0.11"),
            ("WINDLASS_SERVICE_PORT", "8228"),
            ("WINDLASS_SERVICE_PORT_HTTP", "8228"),
            ("WINDLASS_PORT", "tcp://10.96.0.11:8228"),
            ("WINDLASS_PORT_8228_TCP", "tcp://10.96.0.11:8228"),
            ("WINDLASS_PORT_8228_TCP_PROTO", "tcp"),
            ("WINDLASS_PORT_8228_TCP_PORT", "8228"),
            ("WINDLASS_PORT_8228_TCP_ADDR", "10.96.0.11"),
            ("WINDLASS_API_SERVICE_HOST", "10.96.0.12"),
            ("WINDLASS_API_PORT_8228_TCP_ADDR", "10.96.0.12"),
        ] {
            assert_eq!(refusal(name, value), None, "{name}");
        }
        assert!(refusal("WINDLASS_PORT", "8228").is_some(), "somebody meant something by it");
    }
}
