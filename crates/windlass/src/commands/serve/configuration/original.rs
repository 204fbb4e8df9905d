//! What the configuration of Anchore Engine says, and where it is said here (`spec/operations.md` §6): operators keep their
//! file, and are told what of it changes nothing.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use windlass_operations::timers;

use super::super::anchore_storage::expanded;
use crate::diagnostics::Hinted;

/// Variables, and the keys that they set.
pub(super) const VARIABLES: &[(&str, &str)] = &[
    ("ANCHORE_ADMIN_PASSWORD", "admin_password"),
    ("ANCHORE_WEBHOOK_DESTINATION_URL", "webhooks__general__url"),
    ("ANCHORE_AUTH_SECRET", "keys__secret"),
    ("ANCHORE_AUTH_PUBKEY", "keys__public_key_path"),
    ("ANCHORE_AUTH_PRIVKEY", "keys__private_key_path"),
];

/// Other names of keys; the original's, but for the first.
const NAMES: &[(&str, &str)] = &[
    ("notifications.webhooks", "webhooks"),
    ("allow_awsecr_iam_auto", "registries.aws_ambient_credentials"),
    ("default_admin_email", "admin.email"),
    ("default_admin_password", "admin_password"),
    ("max_compressed_image_size_mb", "limits.compressed_image_size_mb"),
    ("metrics.enable", "metrics.enabled"),
    ("user_authentication.oauth.default_token_expiration_seconds", "oauth.expiration_seconds"),
    ("user_authentication.oauth.enabled", "oauth.enabled"),
    ("services.analyzer.enable_hints", "analysis.hints"),
    ("services.analyzer.max_threads", "analysis.threads"),
    ("services.catalog.analysis_archive", "analysis_archive"),
    ("services.catalog.archive", "archive"),
    ("services.catalog.event_log.max_retention_age_days", "events.retention_days"),
    ("services.catalog.event_log.notification", "events.notification"),
    ("services.catalog.object_store", "object_store"),
];

/// Services of the original whose `cycle_timers` are among ours.
const TIMED: [&str; 2] = ["catalog", "policy_engine"];

/// Its keys that there is nothing like here, with all below them.
const WITHOUT_COUNTERPART: &[&str] = &[
    "analyzer_endpoint",
    "apiext_endpoint",
    "auto_restart_services",
    "catalog_endpoint",
    "cleanup_images",
    "credentials",
    "default_bundle_file",
    "docker_conn",
    "docker_conn_timeout",
    "enable_access_logging",
    "enable_swagger_ui",
    "feeds",
    "global_client_connect_timeout",
    "global_client_read_timeout",
    "grype_db_dir",
    "image_analyze_timeout_seconds",
    "internal_ssl_verify",
    "log_level",
    "log_to_db",
    "policy_bundles_dir",
    "policy_engine_endpoint",
    "server_request_timeout_seconds",
    "service_dir",
    "services",
    "simplequeue_endpoint",
    "skopeo_global_timeout",
    "timers.analyzer_queue",
    "timers.authz_healthchecks",
    "timers.feed_sync_checker",
    "timers.grypedb_sync",
    "timers.handle_metrics",
    "timers.image_analyzer",
    "timers.image_vulnerabilities_refresh",
    "timers.notifications",
    "timers.policy_bundle_sync",
    "timers.policy_eval",
    "timers.service_heartbeat",
    "timers.vulnerability_scan",
    "tmp_dir",
    "user_authentication",
];

/// Sections that name variables for themselves, and cannot do without them.
const EXPANDED_ELSEWHERE: [&str; 3] = ["analysis_archive", "archive", "object_store"];

/// Puts every key where it is here, and takes out what changes nothing: the names of that.
///
/// # Errors
/// One setting is given under both its names.
pub(super) fn renamed(members: &mut Map<String, Value>) -> anyhow::Result<Vec<String>> {
    for (other, key) in NAMES {
        rename(members, other, key)?;
    }
    for timer in timers() {
        for service in TIMED {
            rename(
                members,
                &format!("services.{service}.cycle_timers.{}", timer.name),
                &format!("timers.{}", timer.name),
            )?;
        }
    }
    let mut ignored = Vec::new();
    for key in WITHOUT_COUNTERPART {
        if let Some(value) = take(members, key) {
            name_leaves(key, &value, &mut ignored);
        }
    }
    Ok(ignored)
}

/// Puts in what the environment has for each `${ANCHORE_NAME}`, and takes out what names one that is not set: the names of
/// that. The original's image has a value for each, which says nothing more than the absence of the key.
pub(super) fn expand(members: &mut Map<String, Value>, environment: &BTreeMap<String, String>) -> Vec<String> {
    let mut unset = Vec::new();
    for (key, value) in members.iter_mut().filter(|(key, _)| !EXPANDED_ELSEWHERE.contains(&key.as_str())) {
        expand_value(key, value, environment, &mut unset);
    }
    members.retain(|_, value| !value.is_null());
    unset
}

fn expand_value(key: &str, value: &mut Value, environment: &BTreeMap<String, String>, unset: &mut Vec<String>) {
    match value {
        Value::String(text) if text.contains("${ANCHORE_") => {
            *value = match expanded(text, key, |name| environment.get(name).cloned()) {
                Ok(text) if text == NOT_SET => Value::Null,
                Ok(text) => text.into(),
                Err(_) => {
                    unset.push(key.to_owned());
                    Value::Null
                }
            };
        }
        Value::Object(members) => {
            for (name, value) in members.iter_mut() {
                expand_value(&format!("{key}.{name}"), value, environment, unset);
            }
            members.retain(|_, value| !value.is_null());
        }
        _ => {}
    }
}

/// What its container has in variables that are not set.
pub(super) const NOT_SET: &str = "null";

fn rename(members: &mut Map<String, Value>, other: &str, key: &str) -> anyhow::Result<()> {
    match take(members, other) {
        None | Some(Value::Null) => Ok(()),
        Some(value) => put(members, key, value).map_err(|()| {
            Hinted::error(
                format!("{other} and {key} are the same setting, and both are given"),
                format!("leave out {other}"),
            )
        }),
    }
}

/// Takes a value out, and every section that is empty without it.
fn take(members: &mut Map<String, Value>, key: &str) -> Option<Value> {
    let Some((section, rest)) = key.split_once('.') else { return members.remove(key) };
    let below = members.get_mut(section)?.as_object_mut()?;
    let value = take(below, rest);
    if value.is_some() && below.is_empty() {
        members.remove(section);
    }
    value
}

/// Fails where there is something already. Sections come together.
fn put(members: &mut Map<String, Value>, key: &str, value: Value) -> Result<(), ()> {
    if let Some((section, rest)) = key.split_once('.') {
        let below = members.entry(section).or_insert(Value::Null);
        if below.is_null() {
            *below = Value::Object(Map::new());
        }
        return put(below.as_object_mut().ok_or(())?, rest, value);
    }
    match (members.get_mut(key), value) {
        (None | Some(Value::Null), value) => {
            members.insert(key.to_owned(), value);
            Ok(())
        }
        (Some(Value::Object(there)), Value::Object(more)) => {
            more.into_iter().try_for_each(|(name, value)| put(there, &name, value))
        }
        _ => Err(()),
    }
}

fn name_leaves(key: &str, value: &Value, names: &mut Vec<String>) {
    match value.as_object().filter(|members| !members.is_empty()) {
        Some(members) => members.iter().for_each(|(name, value)| name_leaves(&format!("{key}.{name}"), value, names)),
        None => names.push(key.to_owned()),
    }
}
