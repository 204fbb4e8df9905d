use sea_orm::EntityTrait as _;
use windlass_matching::testing::{AdvisoryBuilder, advisory};
use windlass_operations::{Error, testing::on_every_service, vulnerabilities::FEED_SYNC};
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

#[test]
fn newer_data_is_brought_from_its_source_and_told_of() {
    on_every_service(|bench| async move {
        let failed = bench.service.synchronize_feeds(false).await.unwrap();
        assert_eq!(failed[0].status, SyncStatus::Failure, "there is nothing at the source");
        let source = bench.folder.path().join("source").join("v6");
        std::fs::create_dir_all(&source).unwrap();
        let path = database(bench.folder.path(), 1, records());
        let listing = export(&path, &source.join("data.tar.zst"), Compression::Zstd).unwrap();
        std::fs::write(source.join("latest.json"), listing.to_json()).unwrap();
        let brought = bench.service.synchronize_feeds(false).await.unwrap();
        assert_eq!(brought[0].status, SyncStatus::Success);
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
        let told = ["completed", "failed", "feed_completed", "feed_failed", "feed_started", "started"];
        assert_eq!(kinds, told.map(|kind| format!("system.feeds.sync.{kind}")));
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
