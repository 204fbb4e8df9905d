//! What is told, and to whom.

use super::*;

/// D-2: a moved tag is told where its subscription is active, whatever is set for events, with key and type.
#[test]
fn a_moved_tag_is_told_while_its_subscription_is_active_and_only_then() {
    in_every_house(|house| async move {
        let plain = json!({"kind": "webhook", "url": house.receiver.url("/team"), "format": "anchore-v1"});
        house.endpoint("team", json!({"channel": plain})).await;
        house.move_tag(TAG).await;
        house.subscribe(SubscriptionType::TagUpdate, TAG, false).await;
        house.move_tag(TAG).await;
        house.subscribe(SubscriptionType::PolicyEval, TAG, true).await;
        house.move_tag(TAG).await;
        house.deliver().await;
        assert_eq!(house.receiver.got().len(), 0, "nobody subscribed");
        house.subscribe(SubscriptionType::TagUpdate, TAG, true).await;
        house.move_tag(TAG).await;
        house.move_tag("docker.io/team/app:2").await;
        house.deliver().await;
        let got = house.receiver.got();
        assert_eq!(got.len(), 1);
        let told = &got[0].body;
        assert_eq!((&told["queueId"], &told["userId"]), (&json!("tag_update"), &json!("team")));
        let payload = &told["data"]["notification_payload"];
        assert_eq!(payload["subscription_key"], TAG);
        assert_eq!(payload["subscription_type"], "tag_update");
        assert_eq!(payload["curr_eval"], json!(["sha256:b"]));
        assert_eq!(payload["last_eval"], json!(["sha256:a"]));
        assert_eq!(payload["notificationId"], told["dataId"]);
        house.subscribe(SubscriptionType::TagUpdate, TAG, false).await;
        house.move_tag(TAG).await;
        house.deliver().await;
        assert_eq!(house.receiver.got().len(), 1, "it was switched off");
    });
}

/// D-3: notices of all types go at once, those of subscriptions not after a cycle of others.
#[test]
fn nothing_waits_for_the_turn_of_its_type() {
    in_every_house(|house| async move {
        house.endpoint("team", json!({"routing": {"types": ["event_log", "analysis_update"]}})).await;
        house.subscribe(SubscriptionType::AnalysisUpdate, TAG, true).await;
        house.happen(EventType::RandomWisdom, "x", json!({}), Facts::default()).await;
        let progress = |status: &str| json!({"imageDigest": "sha256:a", "analysis_status": status, "annotations": {}});
        let details = json!({"last_eval": progress("analyzing"), "curr_eval": progress("analyzed"), "annotations": {},
            "subscription_type": "analysis_update"});
        house.happen(EventType::UserAnalysisCompleted, TAG, details, Facts::default()).await;
        house.deliver().await;
        assert_eq!(house.receiver.got().len(), 2, "and no time has passed");
        let kinds: Vec<Value> = house.receiver.got().iter().map(|got| got.body["type"].clone()).collect();
        assert_eq!(
            kinds,
            ["io.windlass.event_log", "io.windlass.analysis_update"],
            "events that are subscribed are no others"
        );
    });
}

/// `spec/operations.md` §3.3
#[test]
fn nothing_is_written_where_nobody_listens() {
    in_every_house(|house| async move {
        house.subscribe(SubscriptionType::TagUpdate, TAG, true).await;
        let waits = async || house.service().store().has_notices_to_route().await.unwrap();
        house.move_tag(TAG).await;
        assert!(!waits().await, "there is no endpoint");
        house.endpoint("others", json!({"routing": {"images": {"tags": ["v*"]}}})).await;
        house.endpoint("asleep", json!({"enabled": false})).await;
        house.move_tag(TAG).await;
        house.happen(EventType::RandomWisdom, "x", json!({}), Facts::default()).await;
        assert!(!waits().await, "none of them wants it");
        house.endpoint("team", json!({})).await;
        house.move_tag(TAG).await;
        assert!(waits().await);
    });
}

#[test]
fn a_notice_is_there_if_and_only_if_the_change_is() {
    in_every_house(|house| async move {
        house.endpoint("team", json!({"routing": {"types": ["event_log"]}})).await;
        let tx = house.service().store().begin().await.unwrap();
        let told = happening(EventType::RandomWisdom, "x", json!({}), Facts::default());
        house.service().tell(&tx, house.team.name(), told).await.unwrap();
        drop(tx);
        house.deliver().await;
        assert_eq!(house.receiver.got().len(), 0, "what was taken back is not told");
    });
}

#[test]
fn what_happens_in_one_account_is_told_to_it_and_to_the_administrators() {
    in_every_house(|house| async move {
        let other = house.bench.account("other").await;
        let admin = house.service().store().account(&windlass_store::AccountName::admin());
        let admin = Tenant::new(std::sync::Arc::clone(&house.bench.service), admin);
        let request = |name: &str, global: bool| -> EndpointRequest {
            let url = house.receiver.url(&format!("/{name}"));
            let routing = json!({"types": ["event_log"]});
            serde_json::from_value(json!({"name": name, "channel": {"kind": "webhook", "url": url}, "routing": routing,
                "system_global": global}))
            .unwrap()
        };
        other.create_notification_endpoint(&house.admin, request("other", false)).await.unwrap();
        admin.create_notification_endpoint(&house.admin, request("own", false)).await.unwrap();
        admin.create_notification_endpoint(&house.admin, request("all", true)).await.unwrap();
        house.happen(EventType::RandomWisdom, "x", json!({}), Facts::default()).await;
        house.deliver().await;
        let paths: Vec<String> = house.receiver.got().into_iter().map(|got| got.path).collect();
        assert_eq!(paths, ["/all"]);
        assert_eq!(house.states().await, Vec::<&str>::new(), "the log is of who has the endpoint");
        let log = admin.deliveries(&DeliveryQuery::default()).await.unwrap().results;
        assert_eq!((log[0].account.as_str(), log[0].endpoint.as_str()), ("team", "all"));
        house.service().set_account_state("team", windlass_v1::accounts::RequestedState::Disabled).await.unwrap();
        house.happen(EventType::RandomWisdom, "x", json!({}), Facts::default()).await;
        house.deliver().await;
        assert_eq!(house.receiver.got().len(), 1, "a disabled account has nothing to tell");
    });
}

#[test]
fn gathered_notices_are_one_delivery_and_two_windows_are_two() {
    in_every_house(|house| async move {
        house.endpoint("team", json!({"routing": {"window": {"every_minutes": 30}}})).await;
        for tag in ["a", "b"] {
            house.subscribe(SubscriptionType::TagUpdate, tag, true).await;
        }
        house.move_tag("a").await;
        house.deliver().await;
        house.bench.pass(60);
        house.move_tag("b").await;
        house.deliver().await;
        assert_eq!((house.receiver.got().len(), house.log().await.len()), (0, 1), "it is gathered");
        house.bench.pass(29 * 60);
        house.move_tag("a").await;
        house.deliver().await;
        let got = house.receiver.got();
        assert_eq!(got.len(), 1, "the window is over");
        assert_eq!(got[0].body.as_array().map(Vec::len), Some(2), "{}", got[0].body);
        assert_eq!(house.states().await, ["delivered", "waiting"]);
        let id = house.log().await[0].id.clone();
        let detail = house.team.delivery(&id).await.unwrap();
        let subjects: Vec<&str> = detail.notices.iter().map(|notice| notice.subject.as_str()).collect();
        assert_eq!(subjects, ["a", "b"]);
    });
}

#[test]
fn what_failed_or_waited_for_its_turn_is_not_sent_in_quiet_hours_but_for_what_is_urgent() {
    in_every_house(|house| async move {
        // It is noon.
        let quiet = |except: bool| json!({"quiet_hours": {"from": "12:01", "to": "13:00", "except_urgent": except}});
        let other = Receiver::start().await;
        house.endpoint("team", json!({"routing": quiet(true)})).await;
        let channel = json!({"kind": "webhook", "url": other.url("/slow")});
        house.endpoint("slow", json!({"channel": channel, "routing": quiet(false), "limits": {"per_minute": 1}})).await;
        for tag in ["a", "b"] {
            house.subscribe(SubscriptionType::TagUpdate, tag, true).await;
        }
        house.subscribe(SubscriptionType::VulnUpdate, "a", true).await;
        house.receiver.replies([Reply::TooMany(90)]);
        for tag in ["a", "b"] {
            house.move_tag(tag).await;
        }
        house.deliver().await;
        assert_eq!((house.receiver.got().len(), other.got().len()), (1, 1));
        house.pass(3540, 60).await;
        assert_eq!((house.receiver.got().len(), other.got().len()), (1, 1), "it is quiet");
        let log = house.log().await;
        let due: Vec<String> = log.iter().map(|delivery| json!(delivery.due_at).to_string()).collect();
        assert_eq!(due.iter().filter(|due| due.contains("T13:00:00")).count(), 3, "{due:?}");

        house.alarm("a").await;
        house.deliver().await;
        assert_eq!(
            (house.receiver.got().len(), other.got().len()),
            (2, 1),
            "what is urgent is told where that is wanted"
        );
        house.pass(180, 60).await;
        assert_eq!(house.states().await, ["delivered"; 6]);
        assert_eq!((house.receiver.got().len(), other.got().len()), (4, 3), "once it is over, each once");
    });
}

#[test]
fn a_verdict_that_is_what_it_was_when_its_time_is_over_is_settled() {
    in_every_house(|house| async move {
        house.endpoint("team", json!({"routing": {"verdicts": {"damping_minutes": 10}}})).await;
        house.subscribe(SubscriptionType::PolicyEval, TAG, true).await;
        house.judge(TAG, "go", "stop").await;
        house.judge(TAG, "stop", "go").await;
        house.deliver().await;
        house.pass(601, 601).await;
        assert_eq!(house.receiver.got().len(), 0);
        assert_eq!(house.states().await, ["settled"]);
    });
}

/// An event refers to verdicts; where they are kept no more, what it tells of them is told.
#[test]
fn verdicts_that_are_kept_no_more_are_told_in_short() {
    in_every_house(|house| async move {
        let channel = json!({"kind": "webhook", "url": house.receiver.url("/"), "format": "anchore-v1"});
        house.endpoint("team", json!({"channel": channel})).await;
        house.subscribe(SubscriptionType::PolicyEval, TAG, true).await;
        let verdict = |action: &str, status: &str| {
            json!({"evaluation": 77, "policyId": "p", "image_digest": "sha256:b", "tag": TAG, "final_action": action,
                "status": status})
        };
        let details = json!({"subscription_type": "policy_eval", "last_eval": verdict("go", "pass"),
            "curr_eval": verdict("stop", "fail"), "change_reason": "policy"});
        house.happen(EventType::TagPolicyEvaluationUpdate, TAG, details, Facts::default()).await;
        house.deliver().await;
        let payload = &house.receiver.got()[0].body["data"]["notification_payload"];
        assert_eq!(payload["subscription_key"], TAG);
        for (member, action, status) in [("last_eval", "go", "pass"), ("curr_eval", "stop", "fail")] {
            let told = &payload[member];
            assert_eq!((&told["final_action"], &told["status"]), (&json!(action), &json!(status)));
            assert_eq!(
                (&told["image_digest"], &told["tag"], &told["user_id"]),
                (&json!("sha256:b"), &json!(TAG), &json!("team"))
            );
        }
    });
}
