use jiff::tz::TimeZone;
use proptest::prelude::*;
use serde_json::{Value, json};
use windlass_channels::VerdictChange;
use windlass_v1::{
    notifications::TimeOfDay,
    subscriptions::SubscriptionType,
    webhooks::{NotificationPayload, Subscribed, TagUpdate, TagUpdateChange},
};

use super::*;

fn route(routing: Value) -> Route {
    Route::new(serde_json::from_value(routing).unwrap()).unwrap()
}

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn of_tag(name: &str) -> Facts {
    Facts {
        registry: Some("docker.io".into()),
        repository: Some("team/app".into()),
        tag: Some(name.into()),
        ..Facts::default()
    }
}

fn vulnerability(id: &str, severity: &str, change: VulnerabilityChange) -> VulnerabilityFact {
    VulnerabilityFact {
        id: id.into(),
        aliases: Vec::new(),
        change,
        severity: severity.into(),
        kev: false,
        epss: None,
        package: "openssl".into(),
        version: "1".into(),
        fixed_in: Vec::new(),
        url: None,
    }
}

fn vulnerable(facts: Vec<VulnerabilityFact>) -> Facts {
    Facts { vulnerabilities: facts, ..of_tag("1") }
}

/// A change of a verdict on a tag.
fn verdict(id: usize, subject: &str, from: &str, to: &str) -> Notice {
    let change = TagUpdateChange { curr_eval: vec![], last_eval: vec![], annotations: None };
    let subscribed = Subscribed {
        notification_id: id.to_string(),
        user_id: "team".into(),
        subscription_key: subject.into(),
        subscription_type: SubscriptionType::PolicyEval,
    };
    let passes = |action: &str| action != "stop";
    Notice {
        id: id.to_string(),
        account: "team".into(),
        email: None,
        kind: NotificationType::PolicyEval,
        subject: subject.into(),
        occurred_at: Timestamp::UNIX_EPOCH,
        message: format!("{subject} is {to}"),
        facts: Facts {
            verdict: Some(VerdictChange {
                from: from.into(),
                to: to.into(),
                flips: passes(from) != passes(to),
                reason: "policy".into(),
                policy: "p".into(),
                rules: Vec::new(),
            }),
            ..Facts::default()
        },
        // Settling looks at facts alone.
        payload: NotificationPayload::TagUpdate(TagUpdate { subscribed, change }),
    }
}

fn ids(notices: &[Notice]) -> Vec<&str> {
    notices.iter().map(|notice| notice.id.as_str()).collect()
}

#[test]
fn without_a_word_an_endpoint_is_told_all_but_events() {
    let all = route(json!({}));
    for kind in NotificationType::ALL {
        assert_eq!(all.wants(*kind, &Facts::default()), *kind != NotificationType::EventLog, "{kind}");
    }
}

#[test]
fn events_are_chosen_by_type_and_level() {
    let route = route(json!({"types": ["event_log"], "events": {"types": ["system.*"], "levels": ["error"]}}));
    let event = |kind: &str, level: &str| Facts {
        event_type: Some(kind.into()),
        level: Some(level.into()),
        ..Facts::default()
    };
    for (kind, level, expected) in [
        ("system.feeds.sync.failed", "error", true),
        ("system.feeds.sync.started", "info", false),
        ("user.image.analysis.failed", "error", false),
    ] {
        assert_eq!(route.wants(NotificationType::EventLog, &event(kind, level)), expected, "{kind}");
    }
    assert!(!route.wants(NotificationType::TagUpdate, &of_tag("1")));
}

#[test]
fn images_are_chosen_by_patterns_in_which_only_the_asterisk_is_one() {
    let route = route(json!({"images": {"repositories": ["team/*", "shared"], "tags": ["v*"]}}));
    for (tag, expected) in [("v1", true), ("v", true), ("latest", false), ("1v", false)] {
        assert_eq!(route.wants(NotificationType::TagUpdate, &of_tag(tag)), expected, "{tag}");
    }
    assert!(!route.wants(NotificationType::TagUpdate, &Facts::default()), "what is about no image does not fit");
}

#[test]
fn registries_are_chosen_by_patterns_as_well_and_all_that_is_said_of_an_image_must_fit() {
    let at = |registry: &str| Facts { registry: Some(registry.into()), ..of_tag("v1") };
    let ours = route(json!({"images": {"registries": ["*.corp.example", "docker.io", "localhost:*"]}}));
    for (registry, expected) in [
        ("hub.corp.example", true),
        ("eu.hub.corp.example", true),
        (".corp.example", true),
        ("corp.example", false),
        ("hub.corp.example.evil.example", false),
        ("hub_corp_example", false),
        ("docker.io", true),
        ("docker.io.example", false),
        ("localhost:5000", true),
        ("localhost", false),
    ] {
        for kind in [NotificationType::TagUpdate, NotificationType::AnalysisUpdate] {
            assert_eq!(ours.wants(kind, &at(registry)), expected, "{registry}");
        }
    }
    assert!(!ours.wants(NotificationType::TagUpdate, &Facts { registry: None, ..of_tag("v1") }));

    let of_team = route(json!({"images": {"registries": ["docker.io"], "repositories": ["team/*"], "tags": ["v*"]}}));
    let other = Facts { repository: Some("other/app".into()), ..of_tag("v1") };
    for (facts, expected) in [(of_tag("v1"), true), (at("quay.io"), false), (other, false), (of_tag("latest"), false)] {
        assert_eq!(of_team.wants(NotificationType::TagUpdate, &facts), expected, "{facts:?}");
    }
}

#[test]
fn vulnerabilities_are_chosen_by_all_that_is_said_of_them() {
    use VulnerabilityChange::{Added, Removed};
    let full = VulnerabilityFact {
        kev: true,
        epss: Some(0.5),
        fixed_in: vec!["2".into()],
        ..vulnerability("CVE-1", "High", Added)
    };
    let lesser = [
        VulnerabilityFact { severity: "Medium".into(), ..full.clone() },
        VulnerabilityFact { severity: "Unknown".into(), ..full.clone() },
        VulnerabilityFact { kev: false, ..full.clone() },
        VulnerabilityFact { epss: Some(0.49), ..full.clone() },
        VulnerabilityFact { epss: None, ..full.clone() },
        VulnerabilityFact { fixed_in: Vec::new(), ..full.clone() },
        VulnerabilityFact { change: Removed, ..full.clone() },
    ];
    let strict = json!({"min_severity": "High", "kev": true, "min_epss": 0.5, "fix_available": true, "added": true});
    let route = route(json!({"vulnerabilities": strict}));
    let wants = |facts: Vec<VulnerabilityFact>| route.wants(NotificationType::VulnUpdate, &vulnerable(facts));
    assert!(wants(vec![full.clone()]));
    for fact in &lesser {
        assert!(!wants(vec![fact.clone()]), "{fact:?}");
    }
    assert!(!wants(Vec::new()));
    assert!(route.wants(NotificationType::PolicyEval, &of_tag("1")), "it is about vulnerabilities alone");
    let mut notice = verdict(1, "app", "go", "stop");
    notice.kind = NotificationType::VulnUpdate;
    notice.facts = vulnerable(lesser.iter().cloned().chain([full.clone()]).collect());
    assert_eq!(route.settle(vec![notice])[0].facts.vulnerabilities, [full], "only those are told");
}

/// D-23: from GO to WARN both pass.
#[test]
fn only_flips_are_told_where_that_is_wanted() {
    let flips = route(json!({"verdicts": {"flips": true}}));
    for (from, to, expected) in [("go", "warn", false), ("warn", "stop", true), ("stop", "go", true)] {
        let facts = verdict(1, "app", from, to).facts;
        assert_eq!(flips.wants(NotificationType::PolicyEval, &facts), expected, "{from} {to}");
        assert!(route(json!({})).wants(NotificationType::PolicyEval, &facts));
    }
}

#[test]
fn the_vulnerabilities_of_many_images_join_within_a_minute() {
    let now = moment("2026-01-01T12:00:00Z");
    let route = route(json!({"collapse": true}));
    let place = |kind, subject| route.place(kind, subject, &of_tag("1"), now);
    let (one, other) = (place(NotificationType::VulnUpdate, "a"), place(NotificationType::VulnUpdate, "b"));
    assert_eq!(one, other);
    assert!(one.gathers);
    assert_eq!(one.due, moment("2026-01-01T12:01:00Z"));
    let tag = place(NotificationType::TagUpdate, "a");
    assert_eq!(tag, Placement { due: now, subject: "a".into(), gathers: false });
}

#[test]
fn quiet_hours_hold_back_but_for_what_is_urgent() {
    let now = moment("2026-01-01T23:00:00Z");
    let routing = |except: bool| {
        route(json!({"quiet_hours": {"from": "22:00", "to": "07:00", "except_urgent": except},
            "vulnerabilities": {"fix_available": true}}))
    };
    let fixed = |severity: &str, kev: bool| {
        let fact = vulnerability("CVE-1", severity, VulnerabilityChange::Added);
        vulnerable(vec![VulnerabilityFact { kev, fixed_in: vec!["2".into()], ..fact }])
    };
    let due = |except, facts: &Facts| routing(except).place(NotificationType::VulnUpdate, "a", facts, now).due;
    let morning = moment("2026-01-02T07:00:00Z");
    assert_eq!(due(true, &fixed("Critical", false)), now);
    assert_eq!(due(true, &fixed("Low", true)), now);
    assert_eq!(due(true, &fixed("High", false)), morning);
    assert_eq!(due(false, &fixed("Critical", true)), morning);
    let unwanted = vulnerable(vec![vulnerability("CVE-2", "Critical", VulnerabilityChange::Added)]);
    assert_eq!(due(true, &unwanted), morning, "what the endpoint does not want to know is not urgent to it");
}

#[test]
fn a_verdict_that_goes_to_and_fro_is_no_news() {
    let damped = route(json!({"verdicts": {"damping_minutes": 10}}));
    let now = moment("2026-01-01T12:00:00Z");
    let placed = damped.place(NotificationType::PolicyEval, "app", &Facts::default(), now);
    assert_eq!(placed, Placement { due: moment("2026-01-01T12:10:00Z"), subject: "app".into(), gathers: true });

    let there_and_back = vec![verdict(1, "app", "go", "stop"), verdict(2, "app", "stop", "go")];
    assert_eq!(ids(&damped.settle(there_and_back.clone())), Vec::<&str>::new());
    assert_eq!(ids(&route(json!({})).settle(there_and_back)), ["1", "2"], "where nothing is damped all is told");
    let two =
        vec![verdict(1, "app", "go", "warn"), verdict(2, "other", "go", "stop"), verdict(3, "app", "warn", "stop")];
    assert_eq!(ids(&damped.settle(two)), ["1", "2", "3"], "a change of each kind lasts");
    let unsteady =
        vec![verdict(1, "app", "go", "stop"), verdict(2, "app", "stop", "go"), verdict(3, "app", "go", "stop")];
    let told = damped.settle(unsteady);
    assert_eq!(ids(&told), ["3"]);
    assert_eq!(told[0].message, "app is stop (the verdict changed 3 times meanwhile)");
    assert_eq!(told[0].facts.verdict.as_ref().map(|verdict| verdict.from.as_str()), Some("go"));
}

/// D-23: what was gathered is a flip if the first and the last verdict make one, whatever lies between.
#[test]
fn whether_a_verdict_flipped_is_said_of_all_that_was_gathered() {
    let steps = |actions: &[&str]| -> Vec<Notice> {
        let pairs = actions.windows(2).enumerate();
        pairs.map(|(at, pair)| verdict(at, "app", pair[0], pair[1])).collect()
    };
    let told = |only_flips: bool, notices: Vec<Notice>| -> Vec<(String, String, bool)> {
        let damped = route(json!({"verdicts": {"damping_minutes": 10, "flips": only_flips}}));
        let verdicts = damped.settle(notices).into_iter().filter_map(|notice| notice.facts.verdict);
        verdicts.map(|verdict| (verdict.from, verdict.to, verdict.flips)).collect()
    };
    let change = |from: &str, to: &str, flips| (from.to_owned(), to.to_owned(), flips);
    assert_eq!(told(false, steps(&["stop", "go", "warn", "go"])), [change("stop", "go", true)]);
    assert_eq!(told(false, steps(&["go", "stop", "go", "warn"])), [change("go", "warn", false)]);

    let there_and_nearly_back = || steps(&["go", "stop", "warn"]);
    assert_eq!(told(true, there_and_nearly_back()), [], "it passes as it did");
    assert_eq!(told(false, there_and_nearly_back()), [change("go", "stop", true), change("stop", "warn", true)]);
    let lasting = [verdict(1, "app", "stop", "go"), verdict(2, "app", "warn", "stop"), verdict(3, "app", "stop", "go")];
    assert_eq!(told(true, lasting.to_vec()), [change("stop", "go", true)]);
}

#[test]
fn a_zone_that_is_not_known_is_named() {
    let routing = serde_json::from_value(json!({"time_zone": "Mars/Olympus"})).unwrap();
    let error = Route::new(routing).unwrap_err().to_string();
    assert!(error.contains("Mars/Olympus") && error.contains("Europe/Berlin"), "{error}");
}

fn any_window() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!("immediate")),
        (1_u32..=1440).prop_map(|minutes| json!({"every_minutes": minutes})),
        any_time().prop_map(|time| json!({"daily_at": time})),
    ]
}

fn any_time() -> impl Strategy<Value = String> {
    (0_u32..1440).prop_map(|minute| TimeOfDay::new(minute / 60, minute % 60).unwrap().to_string())
}

fn any_zone() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"])
}

fn any_moment() -> impl Strategy<Value = Timestamp> {
    (1_577_836_800_i64..2_051_222_400).prop_map(|second| Timestamp::from_second(second).unwrap())
}

/// A zone and a moment, every other time near one at which its clocks are set.
fn anywhere_and_when() -> impl Strategy<Value = (&'static str, Timestamp)> {
    (any_zone(), any_moment(), any::<bool>(), -10_800_i64..10_800).prop_map(|(name, moment, near, seconds)| {
        let zone = windows::zone(name).unwrap();
        let set = zone.following(moment).next().filter(|_| near);
        (name, set.map_or(moment, |set| set.timestamp() + SignedDuration::from_secs(seconds)))
    })
}

proptest! {
    #[test]
    fn nothing_is_due_before_now_or_in_quiet_hours_or_later_than_window_and_quiet_hours_are_long(
        window in any_window(),
        (from, to) in (any_time(), any_time()).prop_filter("hours", |(from, to)| from != to),
        (zone, now) in anywhere_and_when(),
        collapse: bool,
        damping in 0_u32..1440,
        kind in prop::sample::select(NotificationType::ALL.to_vec()),
    ) {
        let routing = json!({
            "window": window, "time_zone": zone, "collapse": collapse, "verdicts": {"damping_minutes": damping},
        });
        let mut quiet = routing.clone();
        quiet["quiet_hours"] = json!({"from": from, "to": to});
        let (loud, quiet) = (route(routing), route(quiet));
        let due = |route: &Route| route.place(kind, "app", &Facts::default(), now).due;
        let (gathered, placed) = (due(&loud), due(&quiet));
        // Where clocks are set, a day or a night has an hour more.
        let hour = SignedDuration::from_hours(1);
        prop_assert!(gathered >= now && gathered.duration_since(now) <= 25 * hour, "{gathered}");
        let hours = quiet.routing.quiet_hours.unwrap();
        let long = (1440 + hours.to.minutes() - hours.from.minutes()) % 1440;
        let most = SignedDuration::from_mins(long.into()) + hour;
        prop_assert!(placed >= gathered && placed.duration_since(gathered) <= most, "{placed} after {gathered}");
        prop_assert_eq!(windows::quiet_until(hours, &quiet.zone, placed), None);
    }

    #[test]
    fn what_happens_in_one_window_is_sent_at_once(
        minutes in 1_u32..=1440,
        now in any_moment(),
        later in 0_i64..86_400,
    ) {
        let route = route(json!({"window": {"every_minutes": minutes}}));
        let first = route.place(NotificationType::TagUpdate, "a", &Facts::default(), now);
        let then = now + SignedDuration::from_secs(later);
        let second = route.place(NotificationType::VulnUpdate, "b", &Facts::default(), then);
        prop_assert!(first.gathers && first.due > now);
        prop_assert_eq!(first.due <= then, second.due != first.due);
        prop_assert_eq!(&first.subject, &second.subject);
        let over = TimeZone::UTC.to_datetime(first.due);
        let minute = u32::try_from(i32::from(over.hour()) * 60 + i32::from(over.minute())).unwrap();
        prop_assert!(minute % minutes == 0 && over.second() == 0, "{over}");
    }

    #[test]
    fn settling_drops_only_verdicts_keeps_the_order_and_tells_the_last_state(
        steps in prop::collection::vec((0_usize..3, prop::sample::select(vec!["go", "warn", "stop"])), 0..24),
    ) {
        let subjects = ["a", "b", "c"];
        let mut states = ["go", "go", "go"];
        let mut notices = Vec::new();
        for (number, (subject, to)) in steps.into_iter().enumerate() {
            if states[subject] != to {
                notices.push(verdict(number, subjects[subject], states[subject], to));
                states[subject] = to;
            }
        }
        let route = route(json!({"verdicts": {"damping_minutes": 5}}));
        let told = route.settle(notices.clone());
        let places: Vec<usize> = told.iter().map(|notice| notice.id.parse().unwrap()).collect();
        prop_assert!(places.is_sorted());
        for (subject, state) in subjects.iter().zip(states) {
            let last = told.iter().rev().find(|notice| notice.subject == *subject);
            let verdict = last.and_then(|notice| notice.facts.verdict.as_ref());
            prop_assert_eq!(verdict.map_or("go", |verdict| &verdict.to), state, "nothing is told of what is as it was");
        }
        let again = route.settle(told.clone());
        prop_assert_eq!(ids(&again), ids(&told), "what is settled is settled");
    }
}
