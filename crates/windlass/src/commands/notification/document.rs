//! The description of an endpoint, made of options.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use serde_json::{Map, Value, json};
use windlass_matching::Severity;
use windlass_v1::vulnerabilities::SeverityName;

use crate::{arguments::severity, service, yaml};

/// Members that the service adds to what it was given.
const ADDED: &[&str] = &["read_only", "health", "created_at", "last_updated"];

#[derive(Args)]
pub(super) struct DocumentArguments {
    /// Description of the endpoint, in YAML or JSON, to which the other options are applied.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Kind of receiver: webhook, slack, teams, email, …
    #[arg(long, value_name = "KIND")]
    channel: Option<String>,
    /// Address of the receiver.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Any other member: channel.auth.scheme=bearer. A value of - is read from standard input, @FILE from a file.
    #[arg(long, value_name = "MEMBER=VALUE")]
    set: Vec<String>,
    /// Only notices of this type: tag_update, policy_eval, vuln_update, analysis_update, event_log.
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<String>,
    /// Only events of this type; * stands for anything.
    #[arg(long = "event-type", value_name = "PATTERN")]
    event_types: Vec<String>,
    /// Only events of this level.
    #[arg(long = "level", value_name = "LEVEL")]
    levels: Vec<String>,
    /// Only of registries of this name; * stands for anything.
    #[arg(long = "registry", value_name = "PATTERN")]
    registries: Vec<String>,
    /// Only of repositories of this name.
    #[arg(long = "repository", value_name = "PATTERN")]
    repositories: Vec<String>,
    /// Only of tags of this name.
    #[arg(long = "tag", value_name = "PATTERN")]
    tags: Vec<String>,
    /// Only vulnerabilities that are at least so bad.
    #[arg(long, value_name = "SEVERITY", value_parser = severity)]
    min_severity: Option<Severity>,
    /// Only vulnerabilities that are known to be exploited.
    #[arg(long)]
    kev: bool,
    /// Only vulnerabilities that are exploited within 30 days with at least this probability, from 0 to 1.
    #[arg(long, value_name = "PROBABILITY")]
    min_epss: Option<f64>,
    /// Only vulnerabilities that a newer version fixes.
    #[arg(long)]
    fix_available: bool,
    /// Only vulnerabilities that came.
    #[arg(long)]
    added: bool,
    /// Only verdicts that went from pass to fail, or back.
    #[arg(long)]
    flips: bool,
    /// Minutes that a change of a verdict is held, to see whether it lasts.
    #[arg(long, value_name = "MINUTES")]
    damping: Option<u32>,
    /// Gather notices, and send them whenever so many minutes are over.
    #[arg(long, value_name = "MINUTES", conflicts_with = "daily")]
    every: Option<u32>,
    /// Gather notices, and send them daily at that time.
    #[arg(long, value_name = "HH:MM")]
    daily: Option<String>,
    /// Send at once what was gathered so far.
    #[arg(long, conflicts_with_all = ["every", "daily"])]
    immediate: bool,
    /// Make one message of what is told of the vulnerabilities of many images within a minute.
    #[arg(long)]
    collapse: bool,
    /// Send nothing in these hours.
    #[arg(long, value_name = "HH:MM-HH:MM")]
    quiet_hours: Option<String>,
    /// Send even in quiet hours what is critical, or known to be exploited.
    #[arg(long, requires = "quiet_hours")]
    except_urgent: bool,
    /// Time zone of these times: Europe/Berlin [default: UTC].
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
    /// Do not send anything until it is enabled.
    #[arg(long, conflicts_with = "enable")]
    disable: bool,
    /// Send again.
    #[arg(long)]
    enable: bool,
    /// Tell it what happens in every account. Only administrators may.
    #[arg(long)]
    every_account: bool,
}

impl DocumentArguments {
    /// What the endpoint shall be that was `before`, or nothing.
    pub(super) fn applied_to(&self, before: Value, name: &str) -> anyhow::Result<Value> {
        let mut document = match &self.file {
            Some(file) => yaml::read(file)?,
            None => before,
        };
        if let Some(members) = document.as_object_mut() {
            members.retain(|name, _| !ADDED.contains(&name.as_str()));
        }
        put(&mut document, "name", json!(name));
        for (member, value) in self.changes()? {
            put(&mut document, member, value);
        }
        for given in &self.set {
            let (member, value) = given
                .split_once('=')
                .with_context(|| format!("--set {given}: write MEMBER=VALUE, as channel.auth.scheme=bearer"))?;
            put(&mut document, member, read(value)?);
        }
        let kind = document.pointer("/channel/kind").is_some();
        if !kind && document.get("channel").is_some() {
            put(&mut document, "channel.kind", json!("webhook"));
        }
        Ok(document)
    }

    /// What options other than --set say.
    fn changes(&self) -> anyhow::Result<Vec<(&'static str, Value)>> {
        let mut changes = Vec::new();
        let texts: [(&str, &[String]); 6] = [
            ("routing.types", &self.types),
            ("routing.events.types", &self.event_types),
            ("routing.events.levels", &self.levels),
            ("routing.images.registries", &self.registries),
            ("routing.images.repositories", &self.repositories),
            ("routing.images.tags", &self.tags),
        ];
        changes.extend(texts.into_iter().filter(|(_, list)| !list.is_empty()).map(|(name, list)| (name, json!(list))));
        let flags = [
            ("routing.vulnerabilities.kev", self.kev),
            ("routing.vulnerabilities.fix_available", self.fix_available),
            ("routing.vulnerabilities.added", self.added),
            ("routing.verdicts.flips", self.flips),
            ("routing.collapse", self.collapse),
            ("enabled", self.enable),
            ("system_global", self.every_account),
        ];
        changes.extend(flags.into_iter().filter(|(_, given)| *given).map(|(name, _)| (name, json!(true))));
        let quiet = self.quiet_hours.as_ref().map(|hours| {
            let (from, to) = hours.split_once('-').context("--quiet-hours: write HH:MM-HH:MM, as 22:00-07:00")?;
            anyhow::Ok(json!({"from": from, "to": to, "except_urgent": self.except_urgent}))
        });
        let values = [
            ("channel.kind", self.channel.as_ref().map(|kind| json!(kind))),
            ("channel.url", self.url.as_ref().map(|url| json!(url))),
            (
                "routing.vulnerabilities.min_severity",
                self.min_severity.map(|severity| json!(SeverityName::from(severity))),
            ),
            ("routing.vulnerabilities.min_epss", self.min_epss.map(|least| json!(least))),
            ("routing.verdicts.damping_minutes", self.damping.map(|minutes| json!(minutes))),
            ("routing.window", self.every.map(|minutes| json!({"every_minutes": minutes}))),
            ("routing.window", self.daily.as_ref().map(|time| json!({"daily_at": time}))),
            ("routing.window", self.immediate.then(|| json!("immediate"))),
            ("routing.quiet_hours", quiet.transpose()?),
            ("routing.time_zone", self.time_zone.as_ref().map(|zone| json!(zone))),
            ("enabled", self.disable.then(|| json!(false))),
        ];
        changes.extend(values.into_iter().filter_map(|(name, value)| Some((name, value?))));
        Ok(changes)
    }
}

/// Puts a value in the place that a member's path names, and makes the objects on the way.
fn put(document: &mut Value, path: &str, value: Value) {
    let mut place = document;
    for step in path.split('.') {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        place = place.as_object_mut().expect("it was made one").entry(step).or_insert(Value::Null);
    }
    *place = value;
}

/// JSON, or else a text.
fn read(given: &str) -> anyhow::Result<Value> {
    if given == "-" {
        return Ok(service::secret(given)?.into());
    }
    if let Some(path) = given.strip_prefix('@') {
        let text = std::fs::read_to_string(path).with_context(|| format!("{path} cannot be read"))?;
        return Ok(text.trim_end_matches(['\r', '\n']).into());
    }
    Ok(serde_json::from_str(given).unwrap_or_else(|_| given.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_put_where_its_path_leads() {
        let mut document = json!({"channel": {"kind": "webhook"}, "limits": 7});
        put(&mut document, "channel.auth.scheme", json!("bearer"));
        put(&mut document, "limits.concurrency", json!(2));
        assert_eq!(
            document,
            json!({"channel": {"kind": "webhook", "auth": {"scheme": "bearer"}}, "limits": {"concurrency": 2}})
        );
    }

    #[test]
    fn a_value_is_json_or_a_text() {
        for (given, value) in [("7", json!(7)), ("true", json!(true)), ("a b", json!("a b")), ("[\"x\"]", json!(["x"]))]
        {
            assert_eq!(read(given).expect("it can be read"), value);
        }
        assert!(read("@/nowhere/at/all").is_err());
    }
}
