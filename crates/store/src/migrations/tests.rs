use sha2::{Digest as _, Sha256};

use super::{STEPS, VERSION};
use crate::{
    AccountName, Address, Moment, Store, accounts, image_tags, images,
    testing::{everything, fill, on_every_address},
};

const RELEASED: &str = include_str!("../../migrations/released");

/// What is wrong with steps, given the list of those that were released.
fn broken<'a>(released: &'a str, steps: &[(&str, &str)]) -> Vec<&'a str> {
    let lines = released.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let now =
        |(number, (name, sql)): (usize, &(&str, &str))| format!("{:x}  {number:04}_{name}.sql", Sha256::digest(sql));
    let mut now = (1..).zip(steps).map(now);
    lines.filter(|line| now.next().as_deref() != Some(line)).collect()
}

#[test]
fn no_step_is_edited_that_was_released() {
    let edited = broken(RELEASED, STEPS);
    assert!(edited.is_empty(), "these were released, and stay as they are; write a new step: {edited:?}");
}

#[test]
fn a_step_that_was_edited_moved_or_removed_is_noticed() {
    let (first, second) = (Sha256::digest("1"), Sha256::digest("2"));
    let released = format!("# of two\n{first:x}  0001_one.sql\n{second:x}  0002_two.sql\n");
    let (one, two, three) = (("one", "1"), ("two", "2"), ("three", "3"));
    assert_eq!(broken(&released, &[one, two]), [""; 0]);
    assert_eq!(broken(&released, &[one, two, three]), [""; 0], "one that is not released yet");
    for (steps, wrong) in [
        (vec![one, ("two", "2 edited")], 1),
        (vec![one, ("other", "2")], 1),
        (vec![one, three, two], 1),
        (vec![two, one], 2),
        (vec![one], 1),
    ] {
        assert_eq!(broken(&released, &steps).len(), wrong, "{steps:?}");
    }
}

async fn account(store: &Store, name: &str) -> AccountName {
    let name = AccountName::parse(name).unwrap();
    let tx = store.begin().await.unwrap();
    accounts::insert(&tx, &name, accounts::Kind::User, None, Moment(1)).await.unwrap();
    tx.commit().await.unwrap();
    name
}

/// Writes and reads as a service does.
async fn work(store: &Store) {
    let team = account(store, "team").await;
    let new = images::NewImage {
        digest: "sha256:1".into(),
        parent_digest: "sha256:1".into(),
        image_id: "1".into(),
        manifest: "sha256:1".into(),
        parent_manifest: None,
        annotations: "{}".into(),
        dockerfile: None,
        created_at: Moment(2),
    };
    let tx = store.begin().await.unwrap();
    let (image, _) = images::ensure(&tx, &team, new, Moment(2)).await.unwrap();
    let name = image_tags::TagName { registry: "r.example", repository: "app", tag: "1" };
    image_tags::insert(&tx, &team, image.id, name, Moment(2), Moment(2)).await.unwrap();
    tx.commit().await.unwrap();
    let shown = store.account(&team).images(images::Filter::default(), None).await.unwrap();
    assert_eq!(shown.iter().map(|image| image.digest.as_str()).collect::<Vec<_>>(), ["sha256:1"]);
    store.set_setting("new", "value").await.unwrap();
    assert_eq!(store.setting("new").await.unwrap().as_deref(), Some("value"));
    while store.account(&team).purge(10).await.unwrap() > 0 {}
}

#[test]
fn a_database_of_every_version_is_brought_up_to_date_with_all_that_is_in_it() {
    for version in 1..=VERSION {
        on_every_address(|address: Address| async move {
            let old = Store::open_as_of(&address, version).await.unwrap();
            account(&old, "old").await;
            fill(&old, "old", 1_000_000, |_| None).await;
            let before = everything(&old).await;
            assert!(before.values().all(|rows| rows.len() == 1), "{before:?}");
            old.close().await;

            let store = Store::open(&address).await.unwrap();
            let after = everything(&store).await;
            for (table, rows) in &before {
                let kept = &after[table];
                assert_eq!(kept.len(), rows.len(), "{table}, from version {version}");
                for (column, value) in rows[0].as_object().unwrap() {
                    assert_eq!(kept[0].get(column), Some(value), "{table}.{column}, from version {version}");
                }
            }
            work(&store).await;
            store.close().await;

            if version < VERSION {
                let refused = Store::open_as_of(&address, version).await.unwrap_err().to_string();
                assert!(refused.contains(&format!("{}", version + 1)), "an older program says why: {refused}");
            }
        });
    }
}
