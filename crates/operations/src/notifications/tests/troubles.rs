//! Receivers that are down, slow, or refuse; processes that are killed.

use std::time::Duration;

use windlass_store::deliveries;
use windlass_v1::notifications::ReplayRequest;

use super::*;

/// D-6, and `spec/operations.md` §11.4 (6): a receiver that is down for a day misses nothing and gets nothing twice.
#[test]
fn a_receiver_that_is_down_for_a_day_gets_everything_once_afterwards() {
    in_every_house(|mut house| async move {
        house.endpoint("team", json!({})).await;
        house.subscribe(SubscriptionType::TagUpdate, TAG, true).await;
        house.receiver.down().await;
        for _ in 0..3 {
            house.move_tag(TAG).await;
        }
        house.pass(DAY, 300).await;
        assert_eq!(house.states().await, ["waiting"; 3]);
        let attempts = house.log().await[0].attempts;
        assert!((20..200).contains(&attempts), "{attempts} attempts in a day");
        let shown = house.team.notification_endpoint("team").await.unwrap();
        assert!(shown.enabled && shown.health.failing_since.is_some() && shown.health.failures > 5);
        house.receiver.up().await;
        house.pass(7 * 3600, 300).await;
        assert_eq!(house.states().await, ["delivered"; 3]);
        let log = house.log().await;
        let notices = |at: usize| {
            let (team, id) = (&house.team, &log[at].id);
            async move { team.delivery(id).await.unwrap().notices[0].id.clone() }
        };
        let expected = [notices(0).await, notices(1).await, notices(2).await];
        assert_eq!(house.receiver.ids(), expected, "once each, in the order in which it happened");
        let shown = house.team.notification_endpoint("team").await.unwrap();
        assert_eq!((shown.health.failures, shown.health.failing_since), (0, None));
    });
}

#[test]
fn the_log_tells_of_every_attempt() {
    in_every_house(|house| async move {
        house.endpoint("team", json!({})).await;
        house.subscribe(SubscriptionType::TagUpdate, TAG, true).await;
        house.receiver.replies([Reply::Status(500), Reply::Silence, Reply::Status(204)]);
        house.move_tag(TAG).await;
        house.deliver().await;
        house.pass(60, 5).await;
        let id = house.log().await[0].id.clone();
        let delivery = house.team.delivery(&id).await.unwrap();
        let statuses: Vec<Option<i64>> = delivery.log.iter().map(|attempt| attempt.status).collect();
        // D-22: any status of success is one.
        assert_eq!(statuses, [Some(500), None, Some(204)]);
        assert!(delivery.log[0].reason.is_some() && delivery.log[2].reason.is_none());
        let silent = &delivery.log[1];
        assert!(silent.milliseconds >= 1000 && silent.reason.is_some(), "{silent:?}");
        let ids = house.receiver.ids();
        assert!(ids.len() == 3 && ids.iter().all(|id| *id == ids[0]), "with the same id each time: {ids:?}");
        assert_eq!(delivery.delivery.attempts, 3);
    });
}

#[test]
fn a_receiver_that_asks_to_wait_is_let_alone_that_long() {
    in_every_house(|house| async move {
        house.endpoint("team", json!({})).await;
        for tag in ["a", "b"] {
            house.subscribe(SubscriptionType::TagUpdate, tag, true).await;
        }
        house.receiver.replies([Reply::TooMany(300)]);
        house.move_tag("a").await;
        house.deliver().await;
        house.move_tag("b").await;
        house.pass(295, 5).await;
        assert_eq!(house.receiver.got().len(), 1, "about other tags, too");
        house.pass(10, 5).await;
        assert_eq!(house.receiver.got().len(), 3);
        assert_eq!(house.states().await, ["delivered"; 2]);
    });
}

/// D-7: what one receiver took is not sent to it again because another did not.
#[test]
fn each_receiver_is_tried_for_itself() {
    in_every_house(|house| async move {
        house.endpoint("one", json!({})).await;
        let other = Receiver::start().await;
        house.endpoint("two", json!({"channel": {"kind": "webhook", "url": other.url("/two")}})).await;
        house.subscribe(SubscriptionType::TagUpdate, TAG, true).await;
        other.replies([Reply::Status(503), Reply::Status(503)]);
        house.move_tag(TAG).await;
        house.deliver().await;
        house.pass(60, 5).await;
        assert_eq!((house.receiver.got().len(), other.got().len()), (1, 3));
        assert_eq!(house.states().await, ["delivered"; 2]);
    });
}

/// D-7: of a delivery of several requests, those that were taken are not sent again.
#[test]
fn of_several_requests_only_those_that_were_not_taken_are_sent_again() {
    in_every_house(|house| async move {
        let channel = json!({"kind": "webhook", "url": house.receiver.url("/"), "format": "anchore-v1"});
        house.endpoint("team", json!({"channel": channel, "routing": {"window": {"every_minutes": 1}}})).await;
        for tag in ["a", "b", "c"] {
            house.subscribe(SubscriptionType::TagUpdate, tag, true).await;
            house.move_tag(tag).await;
        }
        house.deliver().await;
        house.receiver.replies([Reply::Status(200), Reply::Status(500)]);
        house.pass(120, 5).await;
        let keys: Vec<Value> = house
            .receiver
            .got()
            .iter()
            .map(|got| got.body["data"]["notification_payload"]["subscription_key"].clone())
            .collect();
        assert_eq!(keys, ["a", "b", "b", "c"]);
        assert_eq!(house.states().await, ["delivered"]);
    });
}

#[test]
fn what_a_receiver_has_not_taken_is_sent_though_its_endpoint_is_changed_meanwhile() {
    let tags = ["team/alpha:1", "team/beta:1", "team/gamma:1"];
    for (change, expected) in [
        // It is sent the same requests, and those that it took are none of them.
        (json!({"limits": {"per_minute": 600}}), vec![vec!["team/beta:1"], vec!["team/gamma:1"]]),
        (json!({"channel": {"format": "cloudevents"}}), vec![tags.to_vec()]),
        (json!({"channel": {"format": "windlass"}}), vec![tags.to_vec()]),
        (json!({"channel": {"kind": "mattermost"}}), vec![tags.to_vec()]),
        (json!({"templates": {"body": "[{{ subjects | tojson }}]"}}), vec![tags.to_vec()]),
    ] {
        in_every_house(|house| {
            let (change, expected) = (change.clone(), expected.clone());
            async move {
                let mut document = json!({
                    "channel": {"kind": "webhook", "url": house.receiver.url("/"), "format": "anchore-v1"},
                    "routing": {"window": {"every_minutes": 1}},
                });
                house.endpoint("team", document.clone()).await;
                for tag in tags {
                    house.subscribe(SubscriptionType::TagUpdate, tag, true).await;
                    house.move_tag(tag).await;
                }
                house.deliver().await;
                house.receiver.replies([Reply::Status(200), Reply::Status(503)]);
                house.bench.pass(60);
                house.deliver().await;
                assert_eq!(house.receiver.got().len(), 2, "it took one of three");
                for (member, value) in change.as_object().unwrap() {
                    match document[member].as_object_mut() {
                        Some(known) => known.extend(value.as_object().unwrap().clone()),
                        None => document[member] = value.clone(),
                    }
                }
                if document["channel"]["kind"] != "webhook" {
                    document["channel"].as_object_mut().unwrap().remove("format");
                }
                house.change("team", document).await;
                house.pass(60, 5).await;
                let told = house.receiver.got().split_off(2).into_iter().map(|got| {
                    let text = got.body.to_string();
                    tags.into_iter().filter(|tag| text.contains(tag)).collect::<Vec<_>>()
                });
                assert_eq!(told.collect::<Vec<_>>(), expected, "{change}");
                assert_eq!(house.states().await, ["delivered"]);
            }
        });
    }
}

/// With another routing fewer notices may be left to tell.
#[test]
fn what_is_told_no_more_takes_nothing_with_it_that_is() {
    in_every_house(|house| async move {
        let channel = json!({"kind": "webhook", "url": house.receiver.url("/"), "format": "anchore-v1"});
        let routed = |damping: u32| {
            let routing = json!({"window": {"every_minutes": 1}, "verdicts": {"damping_minutes": damping}});
            json!({"channel": channel, "routing": routing})
        };
        house.endpoint("team", routed(0)).await;
        house.subscribe(SubscriptionType::PolicyEval, TAG, true).await;
        house.subscribe(SubscriptionType::TagUpdate, TAG, true).await;
        house.judge(TAG, "go", "stop").await;
        house.judge(TAG, "stop", "go").await;
        house.move_tag(TAG).await;
        house.deliver().await;
        house.receiver.replies([Reply::Status(200), Reply::Status(503)]);
        house.bench.pass(60);
        house.deliver().await;
        house.change("team", routed(10)).await;
        house.pass(60, 5).await;
        let kinds: Vec<Value> = house.receiver.got().iter().map(|got| got.body["queueId"].clone()).collect();
        assert_eq!(kinds, ["policy_eval", "policy_eval", "tag_update"]);
        assert_eq!(house.states().await, ["delivered"]);
    });
}

#[test]
fn what_is_about_one_subject_goes_in_order_and_others_do_not_wait_for_it() {
    in_every_house(|house| async move {
        house.endpoint("team", json!({})).await;
        for tag in ["a", "b"] {
            house.subscribe(SubscriptionType::TagUpdate, tag, true).await;
        }
        house.receiver.replies([Reply::Status(500)]);
        for tag in ["a", "a", "b"] {
            house.move_tag(tag).await;
        }
        house.deliver().await;
        assert_eq!(house.states().await, ["waiting", "waiting", "delivered"]);
        house.pass(10, 5).await;
        assert_eq!(house.states().await, ["delivered"; 3]);
        let ids = house.receiver.ids();
        assert_eq!(ids.len(), 4);
        assert!(ids[0] == ids[2] && ids[2] != ids[3], "the first again, then the second: {ids:?}");
    });
}

/// A process that was killed after it claimed a delivery, before anything was sent.
#[test]
fn what_a_process_was_about_to_send_when_it_was_killed_is_sent_by_another() {
    in_every_house(|mut house| async move {
        house.endpoint("team", json!({})).await;
        house.subscribe(SubscriptionType::TagUpdate, TAG, true).await;
        house.move_tag(TAG).await;
        // Routed and claimed, and the process is gone before it reaches the receiver.
        house.receiver.down().await;
        while house.service().route_notices().await.unwrap() > 0 {}
        let claim = house.service().claim_delivery().await.unwrap().unwrap();
        drop(claim);
        house.receiver.up().await;
        assert_eq!(house.states().await, ["sending"]);
        let folder = tempfile::tempdir().unwrap();
        let other = house.bench.another_process(folder.path());
        assert!(!other.deliver_next().await.unwrap(), "it may live still");
        house.bench.pass(121);
        assert!(other.deliver_next().await.unwrap());
        assert_eq!(house.receiver.got().len(), 1);
        assert_eq!(house.states().await, ["delivered"]);
    });
}

/// A process that was killed after the receiver took a delivery, before that was noted.
#[test]
fn what_a_process_sent_when_it_was_killed_is_sent_again_with_the_same_id() {
    in_every_house(|house| async move {
        house.endpoint("team", json!({})).await;
        house.subscribe(SubscriptionType::TagUpdate, TAG, true).await;
        house.move_tag(TAG).await;
        house.receiver.replies([Reply::Silence]);
        tokio::select! {
            _ = house.service().deliver_next() => panic!("it waits for an answer"),
            () = house.receiver.arrival() => {}
        }
        assert_eq!(house.states().await, ["sending"]);
        house.bench.pass(121);
        house.deliver().await;
        assert_eq!(house.states().await, ["delivered"]);
        let ids = house.receiver.ids();
        assert!(ids.len() == 2 && ids[0] == ids[1], "{ids:?}");
        assert_eq!(house.log().await[0].attempts, 2);
    });
}

/// A process that was only slow, and whose delivery another took over.
#[test]
fn a_process_that_lost_a_delivery_notes_nothing() {
    in_every_house(|house| async move {
        house.endpoint("team", json!({})).await;
        house.subscribe(SubscriptionType::TagUpdate, TAG, true).await;
        house.move_tag(TAG).await;
        while house.service().route_notices().await.unwrap() > 0 {}
        let slow = house.service().claim_delivery().await.unwrap().unwrap();
        house.bench.pass(121);
        house.deliver().await;
        house.receiver.replies([Reply::Status(500)]);
        house.service().deliver(&slow).await.unwrap();
        assert_eq!(house.states().await, ["delivered"]);
        assert_eq!(house.log().await[0].last_error, None);
    });
}

#[test]
fn what_is_given_up_is_kept_and_goes_again_when_asked_for() {
    in_every_house(|mut house| async move {
        house.endpoint("team", json!({})).await;
        house.subscribe(SubscriptionType::TagUpdate, TAG, true).await;
        house.receiver.down().await;
        house.move_tag(TAG).await;
        house.pass(4 * DAY, 1800).await;
        let dead = house.log().await.remove(0);
        assert_eq!(dead.state.as_str(), "dead");
        assert!(dead.last_error.is_some() && dead.ended_at.is_some());
        house.receiver.up().await;
        house.pass(DAY, 1800).await;
        assert_eq!(house.receiver.got().len(), 0, "it does not go by itself");
        let replayed = house.team.replay_deliveries(&ReplayRequest::default()).await.unwrap();
        assert_eq!((replayed.deliveries, replayed.more), (vec![dead.id.clone()], false));
        house.pass(1200, 60).await;
        assert_eq!(house.states().await, ["delivered"]);
        assert_eq!(house.receiver.got().len(), 1);
        house.team.replay_delivery(&dead.id).await.unwrap();
        assert!(house.team.replay_delivery(&dead.id).await.is_err(), "it has not ended");
        house.deliver().await;
        let ids = house.receiver.ids();
        assert!(ids.len() == 2 && ids[0] == ids[1], "as the same: {ids:?}");
        assert!(house.team.replay_delivery("nope").await.is_err());
    });
}

#[test]
fn an_endpoint_that_fails_for_days_is_disabled_with_an_event() {
    in_every_house(|mut house| async move {
        house.endpoint("team", json!({})).await;
        house
            .endpoint(
                "watch",
                json!({"routing": {"types": ["event_log"], "events": {"levels": ["error"]}}, "channel":
            {"kind": "webhook", "url": Receiver::start().await.url("/")}}),
            )
            .await;
        house.subscribe(SubscriptionType::TagUpdate, TAG, true).await;
        house.receiver.down().await;
        house.move_tag(TAG).await;
        house.pass(2 * DAY, 1800).await;
        house.move_tag(TAG).await;
        house.pass(3 * DAY + 3600, 1800).await;
        house.service().look_after_notifications().await.unwrap();
        let shown = house.team.notification_endpoint("team").await.unwrap();
        assert!(!shown.enabled);
        let why = shown.health.disabled_because.unwrap();
        assert!(why.contains("in a row") && why.contains("enable it"), "{why}");
        let filter = crate::EventFilter { event_type: Some("system.notifications.*"), ..Default::default() };
        let events = house.team.events(&filter, None, None).await.unwrap().results;
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].event.resource.id.as_deref(), Some("team"));
        house.service().look_after_notifications().await.unwrap();
        assert_eq!(house.team.events(&filter, None, None).await.unwrap().results.len(), 1, "once");
        // What waits is given up in time, too.
        house.bench.pass(4 * DAY);
        house.service().look_after_notifications().await.unwrap();
        assert!(house.log().await.iter().all(|delivery| delivery.state.as_str() != "waiting"));
    });
}

#[test]
fn an_endpoint_is_disabled_once_so_many_deliveries_in_a_row_were_given_up() {
    let hour = Duration::from_hours(1);
    let settings =
        NotificationSettings { give_up_after: hour, disable_after_dead: 2, ..NotificationSettings::default() };
    in_every_house_with(&settings, |mut house| async move {
        house.endpoint("team", json!({})).await;
        house.subscribe(SubscriptionType::TagUpdate, TAG, true).await;
        let filter = crate::EventFilter { event_type: Some("system.notifications.*"), ..Default::default() };
        let disabled = async |house: &House| {
            house.service().look_after_notifications().await.unwrap();
            let told = house.team.events(&filter, None, None).await.unwrap().results;
            let shown = house.team.notification_endpoint("team").await.unwrap();
            assert_eq!(shown.enabled, told.is_empty(), "no endpoint is disabled without a word");
            (shown.health.disabled_because, told)
        };
        // One is given up, one arrives, one is given up: never two in a row.
        for expected in [vec!["dead"], vec!["dead", "delivered"], vec!["dead", "delivered", "dead"]] {
            match expected.last() {
                Some(&"dead") => house.receiver.down().await,
                _ => house.receiver.up().await,
            }
            house.move_tag(TAG).await;
            house.pass(7200, 300).await;
            assert_eq!(house.states().await, expected);
            assert_eq!(disabled(&house).await, (None, Vec::new()));
        }
        house.move_tag(TAG).await;
        house.pass(7200, 300).await;
        assert_eq!(house.states().await, ["dead", "delivered", "dead", "dead"]);
        for _ in 0..2 {
            let (why, told) = disabled(&house).await;
            let why = why.unwrap();
            assert!(why.contains("2 deliveries were given up"), "{why}");
            let [told] = &told[..] else { panic!("it is told once: {told:?}") };
            assert_eq!(json!(told.event.kind), "system.notifications.endpoint_disabled");
            assert_eq!(json!(told.event.level), "error");
            assert_eq!(told.event.resource.id.as_deref(), Some("team"));
            let details = json!({"endpoint": "team", "channel": "webhook", "cause": why});
            assert_eq!(json!(told.event.details), details);
        }
        // Nothing is sent to it any more, though it is well again.
        house.receiver.up().await;
        house.move_tag(TAG).await;
        house.pass(1800, 300).await;
        assert_eq!(house.receiver.got().len(), 1);
    });
}

#[test]
fn an_endpoint_is_sent_no_more_than_its_limits_allow() {
    in_every_house(|house| async move {
        house.endpoint("team", json!({"limits": {"concurrency": 2, "per_minute": 6}})).await;
        for number in 0..9 {
            let tag = format!("docker.io/team/app:{number}");
            house.subscribe(SubscriptionType::TagUpdate, &tag, true).await;
            house.move_tag(&tag).await;
        }
        while house.service().route_notices().await.unwrap() > 0 {}
        let claim = async || house.service().claim_delivery().await.unwrap();
        let (one, two) = (claim().await.unwrap(), claim().await.unwrap());
        assert!(claim().await.is_none(), "two at once");
        house.service().deliver(&one).await.unwrap();
        house.service().deliver(&two).await.unwrap();
        house.deliver().await;
        assert_eq!(house.receiver.got().len(), 6, "six in a minute");
        house.pass(10, 10).await;
        assert_eq!(house.receiver.got().len(), 7);
        house.pass(20, 10).await;
        assert_eq!(house.receiver.got().len(), 9);
    });
}

#[test]
fn what_ended_long_ago_is_forgotten_with_its_notices() {
    in_every_house(|house| async move {
        house.endpoint("team", json!({})).await;
        house.subscribe(SubscriptionType::TagUpdate, TAG, true).await;
        house.move_tag(TAG).await;
        house.deliver().await;
        let forget = async || {
            house.service().forget_the_old().await.unwrap();
            house.service().look_after_notifications().await.unwrap();
        };
        house.bench.pass(29 * DAY);
        forget().await;
        let number = 1;
        assert_eq!(house.log().await.len(), 1);
        assert_eq!(house.service().store().notices_of(number).await.unwrap().len(), 1);
        house.bench.pass(2 * DAY);
        forget().await;
        assert_eq!(house.log().await.len(), 0);
        assert_eq!(house.service().store().count_deliveries(deliveries::State::Delivered).await.unwrap(), 0);
    });
}

/// The loop of a process, with time as it is.
#[test]
fn a_process_delivers_by_itself_until_it_is_told_to_stop() {
    in_every_house(|house| async move {
        house.endpoint("team", json!({})).await;
        house.subscribe(SubscriptionType::TagUpdate, TAG, true).await;
        let stop = tokio_util::sync::CancellationToken::new();
        let (service, end) = (std::sync::Arc::clone(&house.bench.service), stop.clone());
        let running = tokio::spawn(async move { service.keep_delivering(end).await });
        house.move_tag(TAG).await;
        let arrived = tokio::time::timeout(Duration::from_secs(20), house.receiver.arrival()).await;
        arrived.expect("it is delivered within seconds");
        stop.cancel();
        running.await.unwrap();
        assert_eq!(house.states().await, ["delivered"], "what was being sent is finished");
    });
}
