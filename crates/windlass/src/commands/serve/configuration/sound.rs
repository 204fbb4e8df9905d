//! Values that no start would take as they are: refused with the key, the reason, and what may stand there.

use windlass_operations::{Timer, timers};

use super::{Configuration, EVERYTHING};
use crate::diagnostics::{Hinted, meant};

/// A hundred years, in seconds: nobody means longer, and clocks do not count as far as numbers do.
pub(in super::super) const LONGEST: u64 = 100 * 365 * 24 * 60 * 60;

impl Configuration {
    /// # Errors
    /// The first value that cannot be used.
    pub(super) fn demand_sound(&self) -> anyhow::Result<()> {
        self.storage.demand_sound()?;
        self.notifications.demand_sound()?;
        at_most(LONGEST, "oauth.expiration_seconds", self.oauth.expiration_seconds)?;
        at_least(1, "analysis.threads", self.analysis.threads.map(|threads| threads as u64))?;
        at_least(1, "analysis.lease_seconds", self.analysis.lease_seconds)?;
        at_least(1, "limits.connections", self.limits.connections.map(|count| count as u64))?;
        self.base_url.as_deref().map_or(Ok(()), demand_address)?;
        self.webhooks.check().map_err(|problem| {
            Hinted::error(problem, "write the receiver's address as https://host/path, or leave the section out")
        })?;
        self.timers.iter().try_for_each(|(name, seconds)| demand_timer(name, *seconds))
    }
}

/// # Errors
/// When a number is given and is smaller.
pub(in super::super) fn at_least<N: Copy + Into<u128> + std::fmt::Display>(
    least: u32,
    key: &str,
    value: Option<N>,
) -> anyhow::Result<()> {
    match value {
        Some(value) if value.into() < u128::from(least) => Err(Hinted::error(
            format!("{key} is {value}; it must be {least} or more"),
            format!("set {key} to {least} or more, or leave it out"),
        )),
        _ => Ok(()),
    }
}

/// # Errors
/// When a number is given and is greater.
pub(in super::super) fn at_most(most: u64, key: &str, value: Option<u64>) -> anyhow::Result<()> {
    match value {
        Some(value) if value > most => Err(Hinted::error(
            format!("{key} is {value}; it must be {most} or less"),
            format!("set {key} to {most} or less, or leave it out"),
        )),
        _ => Ok(()),
    }
}

fn demand_address(text: &str) -> anyhow::Result<()> {
    let is_address = |url: &reqwest::Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    let url = reqwest::Url::parse(text).ok().filter(is_address);
    let refused = |reason: &str| {
        Err(Hinted::error(format!("base_url {reason}"), "write it as https://host:port, or leave it out"))
    };
    match url {
        None => refused(&format!("is {text:?}, which is no address")),
        // Everybody who is told of an event would learn it.
        Some(url) if !url.username().is_empty() || url.password().is_some() => refused("holds a user name or password"),
        Some(_) => Ok(()),
    }
}

fn demand_timer(name: &str, seconds: i64) -> anyhow::Result<()> {
    let Some(timer) = timers().find(|timer| timer.name == name) else {
        let hint = meant(name, timers().map(|timer| timer.name))
            .map_or_else(|| EVERYTHING.to_owned(), |meant| format!("did you mean timers.{meant}?"));
        return Err(Hinted::error(format!("there is no timer {name:?}"), hint));
    };
    if timer.allows(seconds) {
        return Ok(());
    }
    let Timer { range: (least, most), default, .. } = timer;
    Err(Hinted::error(
        format!("timers.{name} is {seconds}; it must be from {least} to {most} seconds"),
        format!("set it to a number of that range, to 0 to switch it off, or leave it out for {default}"),
    ))
}
