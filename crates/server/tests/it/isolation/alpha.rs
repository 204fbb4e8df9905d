//! The account that others are not to see: it has a row in every table.

use std::collections::BTreeMap;

use serde_json::Value;
use windlass_store::testing::{Column, columns, fill, rows};
use windlass_v1::accounts::{AccountSettingsRequest, PolicyProfile};

use super::{
    analysed::{self, MARK},
    house::House,
};

/// When everything of it was made, in seconds and in microseconds.
pub(super) const SECONDS: i64 = 1_234_567_890;
const MOMENT: i64 = SECONDS * 1_000_000 + 123_456;
const SECRET: &str = "known to alpha alone";
/// What answers hold that tell of it: nothing else is of that moment, and nobody else is called so.
pub(super) const MARKS: &[&str] = &["2009-02-13T23:31:30", "1234567890", SECRET, MARK, "alpha-user"];
/// Ids of its rows: none that the database gives by itself.
const NUMBER: i64 = 1_000_000;

/// Tables that tell no account themselves; the column that refers to what does.
const HANGING: &[(&str, &str)] = &[
    ("credentials", "username"),
    ("api_keys", "username"),
    ("repository_tags", "subscription"),
    ("import_contents", "import"),
];

/// What its texts are, where they cannot be its name: a word of a closed set, JSON, a digest.
const TEXTS: &[(&str, &str, &str)] = &[
    ("", "annotations", r#"{"note": "known to alpha alone"}"#),
    ("", "details", r#"{"note": "known to alpha alone"}"#),
    ("", "digest", DIGEST),
    ("", "parent_digest", DIGEST),
    ("", "image_id", IMAGE_ID),
    ("archive_rules", "registry", "*"),
    ("archive_rules", "repository", "*"),
    ("archive_rules", "tag", "*"),
    ("archive_rules", "transition", "archive"),
    ("archive_transitions", "rules", r#"["alpha"]"#),
    ("archive_transitions", "tags", "[]"),
    ("archive_transitions", "transition", "archive"),
    ("archived_images", "status", "archived"),
    ("audit_records", "outcome", "done"),
    ("audit_records", "target", SECRET),
    ("deliveries", "state", "dead"),
    ("endpoints", "routing", "{}"),
    ("events", "kind", "user.image.analysis.completed"),
    ("events", "level", "info"),
    ("events", "message", SECRET),
    ("images", "analysis_status", "not_analyzed"),
    ("images", "status", "active"),
    ("import_contents", "kind", "packages"),
    ("imports", "status", "pending"),
    ("jobs", "payload", "{}"),
    ("jobs", "state", "waiting"),
    ("notices", "details", "{}"),
    ("notices", "facts", "{}"),
    ("notices", "kind", "tag_update"),
    ("notices", "message", SECRET),
    ("policies", "bundle", r#"{"id": "alpha", "name": "known to alpha alone", "version": "1_0"}"#),
    ("policies", "source", "local"),
    ("registries", "kind", "docker_v2"),
    ("registries", "name", SECRET),
    ("services", "name", "analyzer"),
    ("storage_samples", "name", SECRET),
    ("subscriptions", "key", SECRET),
    ("subscriptions", "kind", "tag_update"),
    ("subscriptions", "set_by", "user"),
    ("users", "kind", "native"),
];

/// Of an image that is not analysed.
const DIGEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const IMAGE_ID: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// The same where they are numbers: its rule takes all images at once.
const NUMBERS: &[(&str, &str, i64)] =
    &[("archive_rules", "analysis_age_days", 0), ("archive_rules", "tag_versions_newer", 0)];

/// Gives the account `alpha`, which is there with a user of that name, an image that was analysed, and a row in every table.
pub(super) async fn move_in(house: &House, username: &str) {
    analysed::move_in(house, username).await;
    let settings = AccountSettingsRequest { policy_profile: Some(PolicyProfile::Native), ..Default::default() };
    house.tenant("alpha").change_settings(settings).await.unwrap();
    analysed::send(house, username, "/v1/user/api-keys", "application/json", r#"{"name": "alphas-key"}"#.into()).await;
    fill(house.store(), "alpha", NUMBER, value).await;
    let tx = house.store().begin().await.unwrap();
    let mut changes = vec![
        format!("UPDATE accounts SET created_at = {MOMENT}, last_updated = {MOMENT} WHERE name = 'alpha'"),
        format!("UPDATE credentials SET created_at = {MOMENT} WHERE username = '{username}'"),
    ];
    for kind in ["dockerfile", "image_config", "manifest", "parent_manifest"] {
        changes.push(format!("INSERT INTO import_contents VALUES ('alpha', '{kind}', '{DIGEST}', 1, {MOMENT})"));
    }
    for sql in changes {
        sea_orm::ConnectionTrait::execute_unprepared(&tx, &sql).await.unwrap();
    }
    tx.commit().await.unwrap();
}

fn value(column: &Column) -> Option<String> {
    // When everything was measured is nobody's secret.
    if column.name == "measured_at" {
        return None;
    }
    let is_moment = column.name.ends_with("_at")
        || ["last_updated", "last_evaluated", "not_before", "heartbeat"].contains(&column.name.as_str());
    if is_moment && column.kind != "text" {
        return Some(MOMENT.to_string());
    }
    let number =
        NUMBERS.iter().find(|(table, name, _)| (*table, *name) == (column.table.as_str(), column.name.as_str()));
    if let Some((.., number)) = number {
        return Some(number.to_string());
    }
    let known = |(table, name, _): &&(&str, &str, &str)| {
        *name == column.name && (*table == column.table || table.is_empty()) && column.kind == "text"
    };
    TEXTS.iter().find(known).map(|(.., text)| format!("'{text}'"))
}

/// Everything that belongs to it, by table.
pub(super) async fn inventory(house: &House) -> BTreeMap<String, Vec<Value>> {
    let columns = columns(house.store()).await;
    let owned = columns.iter().filter(|column| column.name == "account").map(|column| column.table.as_str());
    let mut inventory = BTreeMap::new();
    for (table, column) in owned.map(|table| (table, "account")).chain(HANGING.iter().copied()) {
        inventory.insert(table.to_owned(), rows(house.store(), table, column, "alpha").await);
    }
    assert!(inventory.len() > 15 && inventory.values().all(|rows| !rows.is_empty()), "{inventory:?}");
    inventory
}
