//! `windlass system wait`

use std::collections::BTreeMap;

use clap::Args;
use windlass_client::{
    Error, Request, Standing, SystemClock,
    views::{Feed, SystemStatus},
    wait,
};

use crate::{
    Outcome,
    commands::image::PatienceArguments,
    service::{Progress, Session},
};

#[derive(Args)]
pub(super) struct WaitArguments {
    #[command(flatten)]
    patience: PatienceArguments,
    /// Feeds that must have data; none are waited for where it is empty.
    #[arg(long, value_name = "NAMES", default_value = "vulnerabilities")]
    feedsready: String,
    /// Services that must work, besides all that the service names.
    #[arg(long, value_name = "NAMES", default_value = "catalog,apiext,policy_engine,simplequeue,analyzer")]
    servicesready: String,
}

pub(super) fn run(arguments: &WaitArguments, session: &Session) -> anyhow::Result<Outcome> {
    let mut progress = Progress::start();
    wait(
        arguments.patience.patience()?,
        &SystemClock::default(),
        "the service did not become ready",
        || standing(arguments, session),
        |standing| progress.show(standing),
    )?;
    Ok(Outcome::Fine)
}

/// What is missing first: the service, one of its parts, data. Only what waiting cannot better is an error.
fn standing(arguments: &WaitArguments, session: &Session) -> Result<Standing<()>, Error> {
    match missing(arguments, session) {
        Ok(None) => Ok(Standing::Reached(())),
        Ok(Some(missing)) => Ok(Standing::Waiting(missing)),
        Err(error @ Error::Unsuitable(_)) => Err(error),
        Err(error) if error.refusal().is_some_and(|refusal| refusal.status == 401) => Err(error),
        Err(error) => Ok(Standing::Waiting(error.to_string())),
    }
}

fn missing(arguments: &WaitArguments, session: &Session) -> Result<Option<String>, Error> {
    session.service.check_access()?;
    match services(&arguments.servicesready, session)? {
        None => feeds(&arguments.feedsready, session),
        missing => Ok(missing),
    }
}

/// Which services do not work yet: of those that are named, and of those that there are (`spec/api.md` B6).
fn services(names: &str, session: &Session) -> Result<Option<String>, Error> {
    let status: SystemStatus = session.send(&Request::get(&["system"]))?.read_or_default();
    let mut up: BTreeMap<&str, bool> = list(names).map(|name| (name, false)).collect();
    for service in &status.service_states {
        *up.entry(service.servicename.as_str()).or_default() |= service.is_up();
    }
    Ok(describe("Service availability", up.into_iter().filter(|(_, up)| !up).map(|(name, _)| name)))
}

fn feeds(names: &str, session: &Session) -> Result<Option<String>, Error> {
    if list(names).next().is_none() {
        return Ok(None);
    }
    let feeds: Vec<Feed> = session.send(&Request::get(&["system", "feeds"]))?.read_or_default();
    let mut missing = Vec::new();
    for name in list(names) {
        match feeds.iter().find(|feed| feed.name.as_str() == name) {
            Some(feed) if !feed.is_enabled() => {
                return Err(Error::Unsuitable(format!("the feed {name} is disabled, so that it will not be ready")));
            }
            Some(feed) if feed.is_ready() => {}
            _ => missing.push(name),
        }
    }
    Ok(describe("Feed sync", missing.into_iter()))
}

fn describe<'a>(what: &str, missing: impl Iterator<Item = &'a str>) -> Option<String> {
    let missing: Vec<_> = missing.collect();
    (!missing.is_empty()).then(|| format!("{what}: waiting for {}", missing.join(", ")))
}

fn list(names: &str) -> impl Iterator<Item = &str> {
    names.split(',').map(str::trim).filter(|name| !name.is_empty())
}
