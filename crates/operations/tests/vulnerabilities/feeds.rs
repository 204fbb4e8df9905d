use jiff::Timestamp;
use sea_orm::EntityTrait as _;
use serde_json::{Value, json};
use windlass_matching::testing::{AdvisoryBuilder, advisory};
use windlass_operations::{
    Error,
    testing::{Bench, on_every_service},
    vulnerabilities::FEED_SYNC,
};
use windlass_store::events;
use windlass_v1::feeds::SyncStatus;
use windlass_vulnerabilities::{Compression, export};

use crate::scene::{database, publish};

fn records() -> [AdvisoryBuilder; 3] {
    [
        advisory("CVE-2026-1", "debian").in_release("debian:12", "bash", "< 6"),
        advisory("CVE-2026-2", "debian").in_release("debian:12", "bash", "< 6").in_release("debian:11", "bash", "< 6"),
        advisory("GHSA-1", "github").in_ecosystem("npm", "ws", "< 8.0.0"),
    ]
}

fn status(error: &Error) -> u16 {
    match error {
        Error::Refused(envelope) => envelope.httpcode,
        other => panic!("{other}"),
    }
}

#[test]
fn the_feed_has_a_group_for_each_namespace_and_is_ready_once_there_is_data() {
    on_every_service(|bench| async move {
        let feeds = bench.service.feeds().await.unwrap();
        assert_eq!((feeds[0].name.as_str(), feeds[0].is_ready()), ("vulnerabilities", false));
        publish(&bench, 1, records()).await;
        let feeds = bench.service.feeds().await.unwrap();
        let groups: Vec<_> = feeds[0].groups.iter().map(|group| (group.name.as_str(), group.record_count)).collect();
        assert_eq!(groups, [("debian:11", 1), ("debian:12", 2), ("github:npm", 1)]);
        assert!(feeds[0].is_ready());
    });
}

#[test]
fn a_feed_is_switched_as_a_whole_and_what_cannot_be_is_refused() {
    on_every_service(|bench| async move {
        publish(&bench, 1, records()).await;
        let service = &bench.service;
        assert!(!service.enable_feed("vulnerabilities", false).await.unwrap().enabled);
        assert!(service.synchronize_feeds(false).await.unwrap().is_empty(), "it is switched off");
        assert!(service.enable_feed("vulnerabilities", true).await.unwrap().enabled);
        assert_eq!(status(&service.delete_feed("vulnerabilities").unwrap_err()), 501);
        assert_eq!(status(&service.change_feed_group("vulnerabilities", "debian:12").await.unwrap_err()), 501);
        assert_eq!(status(&service.change_feed_group("vulnerabilities", "nope").await.unwrap_err()), 404);
        assert_eq!(status(&service.enable_feed("nope", true).await.unwrap_err()), 404, "F17");
        let error = service.enable_feed("nvdv2", true).await.unwrap_err();
        let Error::Refused(envelope) = &error else { panic!("{error}") };
        let detail = serde_json::to_value(&envelope.detail).unwrap();
        assert_eq!((envelope.httpcode, &detail["feed"]), (400, &"nvdv2".into()));
        assert!(detail["configured_provider"].is_string());
    });
}

/// Why the last run of the schedule failed.
async fn last_error(bench: &Bench) -> Option<String> {
    let schedules = bench.service.store().schedules().await.unwrap();
    schedules.into_iter().find(|row| row.name == FEED_SYNC).expect("it has run").last_error
}

#[test]
fn a_feed_tells_when_it_came_and_when_it_changed_whoever_asks() {
    on_every_service(|bench| async move {
        let feed = async || json!(bench.service.feeds().await.unwrap()[0]);
        let times = |value: &Value| [value["created_at"].clone(), value["updated_at"].clone()];
        let created = json!(Timestamp::from(bench.now()).to_string());
        bench.pass(60);
        assert_eq!(times(&feed().await), [created.clone(), created.clone()], "nothing has happened");

        publish(&bench, 1, records().into_iter().take(1)).await;
        let first = json!(Timestamp::from(bench.now()).to_string());
        assert_eq!(times(&feed().await), [created.clone(), first.clone()]);
        bench.pass(60);
        publish(&bench, 2, records()).await;
        let second = json!(Timestamp::from(bench.now()).to_string());
        let now = feed().await;
        assert_eq!(times(&now), [created.clone(), second.clone()]);
        let groups: Vec<_> = now["groups"].as_array().unwrap().iter().map(times).collect();
        let new = [second.clone(), second.clone()];
        assert_eq!(groups, [new.clone(), [first, second.clone()], new], "debian:12 was there before");

        bench.pass(60);
        bench.service.enable_feed("vulnerabilities", false).await.unwrap();
        let switched = json!(Timestamp::from(bench.now()).to_string());
        let now = feed().await;
        assert_eq!(times(&now), [created, switched]);
        assert_eq!(now["last_full_sync"], second);
    });
}

#[test]
fn newer_data_is_brought_from_its_source_and_told_of() {
    on_every_service(|bench| async move {
        let failed = bench.service.synchronize_feeds(false).await.unwrap();
        assert_eq!(failed[0].status, SyncStatus::Failure, "there is nothing at the source");
        let told = last_error(&bench).await.expect("a run that failed does not count as done");
        assert!(told.starts_with("no newer vulnerability data could be had: "), "{told}");
        assert!(told.contains("latest.json") && told.contains("No such file"), "with all its causes: {told}");
        offer(&bench, 1, records());
        let brought = bench.service.synchronize_feeds(false).await.unwrap();
        assert_eq!(brought[0].status, SyncStatus::Success);
        assert_eq!(last_error(&bench).await, None);
        let records: u64 = brought[0].groups.iter().map(|group| group.updated_record_count).sum();
        assert_eq!(records, 4);
        let again = bench.service.synchronize_feeds(true).await.unwrap();
        assert!(again[0].groups.iter().all(|group| group.updated_record_count == 0), "it is as new as the source's");
        let tx = bench.service.store().begin_read().await.unwrap();
        let mut kinds: Vec<String> =
            events::Entity::find().all(&tx).await.unwrap().into_iter().map(|event| event.kind).collect();
        kinds.retain(|kind| kind.starts_with("system.feeds.sync."));
        kinds.sort();
        kinds.dedup();
        let told = [
            "completed",
            "failed",
            "feed_completed",
            "feed_failed",
            "feed_started",
            "group_completed",
            "group_started",
            "started",
        ];
        assert_eq!(kinds, told.map(|kind| format!("system.feeds.sync.{kind}")));
    });
}

/// Puts a database where newer data is looked for.
fn offer(bench: &Bench, day: i8, records: impl IntoIterator<Item = AdvisoryBuilder>) {
    let source = bench.folder.path().join("source").join("v6");
    std::fs::create_dir_all(&source).unwrap();
    let path = database(bench.folder.path(), day, records);
    let listing = export(&path, &source.join(format!("{day}.tar.zst")), Compression::Zstd).unwrap();
    std::fs::write(source.join("latest.json"), listing.to_json()).unwrap();
}

/// What was told of groups, by kind and group: the last part of the kind, the group, and the details.
async fn told_of_groups(bench: &Bench) -> Vec<(String, String, Value)> {
    let tx = bench.service.store().begin().await.unwrap();
    let rows = events::Entity::find().all(&tx).await.unwrap();
    events::Entity::delete_many().exec(&tx).await.unwrap();
    tx.commit().await.unwrap();
    let of_group = |row: events::Model| {
        let kind = row.kind.strip_prefix("system.feeds.sync.group_")?.to_owned();
        assert_eq!(row.resource_kind.as_deref(), Some("feed_group"));
        Some((kind, row.resource_id.unwrap(), serde_json::from_str(&row.details).unwrap()))
    };
    let mut told: Vec<_> = rows.into_iter().filter_map(of_group).collect();
    told.sort_by(|one, other| (&one.0, &one.1).cmp(&(&other.0, &other.1)));
    told
}

fn names(told: &[(String, String, Value)]) -> Vec<(&str, &str)> {
    told.iter().map(|(kind, group, _)| (kind.as_str(), group.as_str())).collect()
}

#[test]
fn groups_with_other_numbers_of_records_are_told_of() {
    on_every_service(|bench| async move {
        offer(&bench, 1, records());
        bench.service.synchronize_feeds(false).await.unwrap();
        let told = told_of_groups(&bench).await;
        let [old, new, npm] = ["debian:11", "debian:12", "github:npm"].map(|group| format!("vulnerabilities/{group}"));
        let all = [&old, &new, &npm].map(String::as_str);
        let expected: Vec<_> =
            ["completed", "started"].into_iter().flat_map(|kind| all.map(|group| (kind, group))).collect();
        assert_eq!(names(&told), expected);
        let result = &told[1].2["result"];
        assert_eq!((&result["group"], &result["updated_record_count"]), (&json!("debian:12"), &json!(2)));
        assert_eq!((&result["status"], &result["updated_image_count"]), (&json!("success"), &json!(0)));

        // One group has a record more, one is gone, and one is as it was.
        let ws = advisory("GHSA-1", "github").in_ecosystem("npm", "ws", "< 8.0.0");
        let more = ["CVE-2026-1", "CVE-2026-2", "CVE-2026-3"];
        let more = more.map(|id| advisory(id, "debian").in_release("debian:12", "bash", "< 6"));
        offer(&bench, 2, more.into_iter().chain([ws]));
        bench.service.synchronize_feeds(false).await.unwrap();
        let told = told_of_groups(&bench).await;
        assert_eq!(names(&told), [("completed", &*old), ("completed", &*new), ("started", &*old), ("started", &*new)]);
        let counts = [&told[0], &told[1]].map(|(_, _, details)| details["result"]["updated_record_count"].clone());
        assert_eq!(counts, [json!(0), json!(3)]);
        bench.service.synchronize_feeds(true).await.unwrap();
        assert_eq!(names(&told_of_groups(&bench).await), [], "there is nothing new");
    });
}

#[test]
fn groups_that_cannot_be_put_in_force_are_told_of_with_the_cause() {
    on_every_service(|bench| async move {
        offer(&bench, 1, records());
        // What lies where the folder of objects was is none.
        let objects = bench.folder.path().join("objects");
        std::fs::rename(&objects, bench.folder.path().join("gone")).unwrap();
        std::fs::write(&objects, "").unwrap();
        let failed = bench.service.synchronize_feeds(false).await.unwrap();
        assert_eq!(failed[0].status, SyncStatus::Failure);
        let told = told_of_groups(&bench).await;
        let kinds: Vec<_> = told.iter().map(|(kind, _, _)| kind.as_str()).collect();
        assert_eq!(kinds, ["failed", "failed", "failed", "started", "started", "started"]);
        assert!(told[0].2["cause"].as_str().is_some_and(|cause| cause.contains("objects")), "{:?}", told[0]);
        assert!(bench.service.feeds().await.unwrap()[0].groups.is_empty(), "nothing is in force");
    });
}

#[test]
fn newer_data_is_looked_for_once_at_a_time() {
    on_every_service(|bench| async move {
        let (store, now) = (bench.service.store(), bench.now());
        store.prepare_schedule(FEED_SYNC, now, now).await.unwrap();
        let lease = now.plus_seconds(60);
        let run = store.begin_run(FEED_SYNC, "another process", lease, now).await.unwrap().unwrap();
        let error = bench.service.synchronize_feeds(false).await.unwrap_err();
        let Error::Refused(envelope) = &error else { panic!("{error}") };
        let detail = serde_json::to_value(&envelope.detail).unwrap();
        assert_eq!((envelope.httpcode, &detail["error_codes"][0]), (409, &"FEED_SYNC_ALREADY_IN_PROGRESS".into()));
        run.end(store, None, now.plus_seconds(3600)).await.unwrap();
        assert_eq!(bench.service.synchronize_feeds(false).await.unwrap().len(), 1, "whatever is due when");
    });
}
