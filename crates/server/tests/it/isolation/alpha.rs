//! The account that others are not to see: it has a row in every table.

use std::collections::BTreeMap;

use serde_json::Value;
use windlass_store::testing::{Column, columns, fill, rows};

use super::house::House;

/// When everything of it was made, in microseconds.
const MOMENT: i64 = 1_234_567_890_123_456;
const SECRET: &str = "known to alpha alone";
/// What answers hold that tell of it: nothing else is of that moment.
pub(super) const MARKS: &[&str] = &["2009-02-13T23:31:30", "1234567890", SECRET];

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
    ("storage_samples", "name", SECRET),
    ("subscriptions", "kind", "tag_update"),
    ("users", "kind", "native"),
];

pub(super) const DIGEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
pub(super) const IMAGE_ID: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// Gives the account `alpha`, which is there, a row in every table.
pub(super) async fn move_in(house: &House) {
    fill(house.store(), "alpha", 1, value).await;
    let tx = house.store().begin().await.unwrap();
    let sql = format!("UPDATE accounts SET created_at = {MOMENT}, last_updated = {MOMENT} WHERE name = 'alpha'");
    sea_orm::ConnectionTrait::execute_unprepared(&tx, &sql).await.unwrap();
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
