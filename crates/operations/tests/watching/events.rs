use windlass_operations::{EventFilter, Settings, SubscriptionFilter};
use windlass_store::{AccountName, events, events::Level};
use windlass_v1::events::EventType;

use crate::house::{House, in_every_house, in_every_house_with, refusal};

async fn tell(house: &House, account: &AccountName, id: &str, kind: EventType) {
    let now = house.service.clock().moment();
    let level = if kind.as_str().contains("fail") { Level::Error } else { Level::Info };
    let event = events::Model {
        id: id.into(),
        account: account.to_string(),
        kind: kind.to_string(),
        level,
        message: kind.message().into(),
        details: r#"{"msg": "no space"}"#.into(),
        resource_kind: Some(kind.resource_type().to_string()),
        resource_id: Some("sha256:aa".into()),
        source_service: Some("catalog".into()),
        source_host: Some("windlass".into()),
        source_base_url: Some("http://127.0.0.1:8228".into()),
        request_id: None,
        occurred_at: now,
        created_at: now,
    };
    let tx = house.service.store().begin().await.unwrap();
    events::insert(&tx, account, vec![event]).await.unwrap();
    tx.commit().await.unwrap();
    house.wait(1);
}

async fn three(house: &House) {
    let admin = AccountName::admin();
    for (id, kind) in
        [("a", EventType::ImageArchived), ("b", EventType::ImageArchiveFailed), ("c", EventType::UserAnalysisCompleted)]
    {
        tell(house, &admin, id, kind).await;
    }
}

#[test]
fn events_are_told_in_the_shape_of_the_original() {
    in_every_house(|house| async move {
        three(&house).await;
        let list = house.admin().events(&EventFilter::default(), Some(2), Some(2)).await.unwrap();
        let expected = serde_json::json!({
            "item_count": 1, "next_page": false, "page": 2,
            "results": [{
                "created_at": "2026-01-01T12:00:00Z",
                "event": {
                    "details": {"msg": "no space"}, "level": "info", "message": "Analyzed image added to archive",
                    "resource": {"id": "sha256:aa", "type": "image_digest", "user_id": "admin"},
                    "source": {
                        "base_url": "http://127.0.0.1:8228", "hostid": "windlass", "request_id": null,
                        "servicename": "catalog",
                    },
                    "timestamp": "2026-01-01T12:00:00Z", "type": "system.analysis_archive.image_archived",
                },
                "generated_uuid": "a",
            }],
        });
        assert_eq!(serde_json::json!(list), expected);
        assert_eq!(serde_json::json!(house.admin().event("a").await.unwrap()), expected["results"][0]);
        assert_eq!(refusal(house.admin().event("nope").await), (404, "Event not found".into()));
    });
}

#[test]
fn filters_choose_and_bad_ones_are_refused() {
    in_every_house(|house| async move {
        three(&house).await;
        let admin = house.admin();
        let ids = async |filter: EventFilter<'_>| {
            let list = admin.events(&filter, None, None).await.unwrap();
            list.results.into_iter().map(|event| event.generated_uuid).collect::<Vec<_>>()
        };
        let of = EventFilter::default();
        assert_eq!(ids(EventFilter { event_type: Some("system.*"), ..of.clone() }).await, ["b", "a"]);
        // F 27
        assert_eq!(ids(EventFilter { level: Some("ERROR"), ..of.clone() }).await, ["b"]);
        assert_eq!(ids(EventFilter { level: Some("bogus"), ..of.clone() }).await, Vec::<String>::new());
        assert_eq!(ids(EventFilter { resource_type: Some("image_tag"), ..of.clone() }).await, ["c"]);
        assert_eq!(ids(EventFilter { resource_id: Some("\0"), ..of.clone() }).await, Vec::<String>::new());
        let (since, before) = (Some("2026-01-01 12:00:00"), Some("2026-01-01T13:00:02+01:00"));
        assert_eq!(ids(EventFilter { since, before, ..of.clone() }).await, ["b"]);

        let bad = EventFilter { since: Some("xx"), ..of.clone() };
        let message = "Invalid value for since query parameter, must be valid datetime string".to_owned();
        assert_eq!(refusal(admin.events(&bad, None, None).await), (400, message));
        let turned = EventFilter { since: before, before, ..of.clone() };
        assert_eq!(refusal(admin.events(&turned, None, None).await).0, 400);
        for (page, limit) in [(Some(0), None), (Some(-1), None), (None, Some(0)), (None, Some(1001))] {
            assert_eq!(refusal(admin.events(&of, page, limit).await).0, 400, "{page:?} {limit:?}");
        }
        assert_eq!(admin.events(&of, Some(i64::MAX), Some(1000)).await.unwrap().results, []);
    });
}

#[test]
fn what_is_deleted_is_told_and_another_account_has_none_of_it() {
    in_every_house(|house| async move {
        three(&house).await;
        let (admin, other) = (house.admin(), house.team("other").await);
        assert_eq!(other.events(&EventFilter::default(), None, None).await.unwrap().results, []);
        assert_eq!(refusal(other.event("a").await).0, 404);
        assert_eq!(refusal(other.delete_event("a").await).0, 404);
        assert_eq!(other.delete_events(&EventFilter::default()).await.unwrap(), Vec::<String>::new());

        admin.delete_event("a").await.unwrap();
        assert_eq!(refusal(admin.delete_event("a").await), (404, "Event not found".into()));
        let errors = EventFilter { level: Some("error"), ..EventFilter::default() };
        assert_eq!(admin.delete_events(&errors).await.unwrap(), ["b"]);
        assert_eq!(admin.delete_events(&errors).await.unwrap(), Vec::<String>::new());
        assert_eq!(admin.delete_events(&EventFilter::default()).await.unwrap(), ["c"]);
        assert_eq!(admin.subscriptions(SubscriptionFilter::default()).await.unwrap(), []);
    });
}

#[test]
fn old_events_are_forgotten_unless_they_are_to_be_kept() {
    for (days, kept) in [(Some(1), 1), (Some(0), 2), (None, 2)] {
        let settings = Settings { event_retention_days: days, ..Settings::default() };
        in_every_house_with(&settings, |house| async move {
            tell(&house, &AccountName::admin(), "old", EventType::ImageArchived).await;
            house.wait(86_400);
            tell(&house, &AccountName::admin(), "new", EventType::ImageArchived).await;
            house.service.forget_the_old().await.unwrap();
            let list = house.admin().events(&EventFilter::default(), None, None).await.unwrap();
            assert_eq!(list.item_count, kept, "{days:?}");
            assert_eq!(list.results[0].generated_uuid, "new");
        });
    }
}
