//! Every answer that was recorded is read into its type and written again: nothing is lost, nothing is added.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use utoipa::ToSchema;
use windlass_v1::{
    accounts::{Account, AccountStatus, Credential, User},
    archives::{ArchiveRule, ArchiveSummary, ArchivedImage, ArchivingResult},
    artifacts::{RetrievedFile, SearchResult},
    content::{self, ContentResponse},
    error::{self, ErrorCode, ErrorEnvelope, Problem},
    evaluations::Check,
    events::{self, Event, EventCategory, EventList},
    feeds::{Feed, FeedGroup},
    images::{Deletion, ImageRecord, ImageTag},
    imports::ImportOperation,
    metadata::{MetadataResponse, MetadataType},
    oauth::TokenResponse,
    policies::{self, GateSpec, PolicyRecord},
    queries::{ImagesWithPackages, QueriedVulnerabilities, VulnerableImages},
    registries::Registry,
    services::{self, Service, Status, SystemStatus, Version},
    subscriptions::{Subscription, SubscriptionType, subscription_id},
    vulnerabilities::{VulnerabilityResponse, VulnerabilityType},
    webhooks::Notification,
};

use crate::support::{Exchange, body, exchanges, shared, violations};

/// Answers that are not what the type says, on purpose.
const EXCEPTIONS: [(&str, &str); 3] = [
    ("201_repo_add", "has two members of the database's row, which no other answer about subscriptions has"),
    ("217_event_delete", "is an empty text where the specification says nothing"),
    ("334_webhook_test_ok", "is what the receiver answered"),
];

fn again<T: Serialize + DeserializeOwned + ToSchema>(body: &Value) -> Result<Value, String> {
    let wrong = violations::<T>(body);
    if !wrong.is_empty() {
        return Err(format!("by its schema: {wrong:?}"));
    }
    let read: T = serde_json::from_value(body.clone()).map_err(|error| error.to_string())?;
    Ok(json!(read))
}

fn read_again(exchange: &Exchange) -> Result<Value, String> {
    let body = &exchange.body;
    match (exchange.status, exchange.is_problem) {
        (401, _) => return Ok(json!(error::UNAUTHORIZED)),
        (_, true) => return again::<Problem>(body),
        (400.., false) => return again::<ErrorEnvelope>(body),
        _ => {}
    }
    match exchange.route.as_str() {
        "GET /" => Ok(json!(services::ROOT)),
        "GET /health" => Ok(json!(services::HEALTH)),
        "GET /version" => again::<Version>(body),
        "GET /status" => again::<Status>(body),
        "GET /system" => again::<SystemStatus>(body),
        route if route.starts_with("GET /system/services") => again::<Vec<Service>>(body),
        "GET /system/feeds" => again::<Vec<Feed>>(body),
        "PUT /system/feeds/{}" => again::<Feed>(body),
        "PUT /system/feeds/{}/{}" | "DELETE /system/feeds/{}/{}" => again::<FeedGroup>(body),
        "GET /system/policy_spec" => again::<Vec<GateSpec>>(body),
        "GET /system/error_codes" => again::<Vec<error::ErrorCodeDescription>>(body),
        "GET /policies" | "GET /policies/{}" | "PUT /policies/{}" => again::<Vec<PolicyRecord>>(body),
        "POST /policies" => again::<PolicyRecord>(body),
        "DELETE /policies/{}" => Ok(json!(policies::DELETED)),
        "GET /registries" | "POST /registries" | "GET /registries/{}" | "PUT /registries/{}" => {
            again::<Vec<Registry>>(body)
        }
        "DELETE /registries/{}" | "DELETE /subscriptions/{}" => Ok(json!(true)),
        "GET /accounts" => again::<Vec<Account>>(body),
        "GET /account" | "POST /accounts" | "GET /accounts/{}" => again::<Account>(body),
        "DELETE /accounts/{}" | "PUT /accounts/{}/state" => again::<AccountStatus>(body),
        "GET /user" | "POST /accounts/{}/users" | "GET /accounts/{}/users/{}" => again::<User>(body),
        "GET /accounts/{}/users" => again::<Vec<User>>(body),
        "GET /accounts/{}/users/{}/credentials" => again::<Vec<Credential>>(body),
        "POST /accounts/{}/users/{}/credentials" => again::<Credential>(body),
        "POST /oauth/token" => again::<TokenResponse>(body),
        "GET /event_types" => again::<Vec<EventCategory>>(body),
        "GET /events" => again::<EventList>(body),
        "GET /events/{}" => again::<Event>(body),
        "DELETE /events" => again::<Vec<String>>(body),
        "GET /images" | "POST /images" | "GET /images/{}" | "GET /images/by_id/{}" => again::<Vec<ImageRecord>>(body),
        "DELETE /images/{}" | "DELETE /images/by_id/{}" => again::<Deletion>(body),
        "GET /summaries/imagetags" => again::<Vec<ImageTag>>(body),
        "GET /images/{}/check" | "GET /images/by_id/{}/check" => again::<Check>(body),
        "GET /images/{}/vuln" => Ok(json!(VulnerabilityType::ALL)),
        route if route.contains("/vuln/") => again::<VulnerabilityResponse>(body),
        "GET /images/{}/content" => Ok(json!(content::LISTED)),
        route if route.contains("/content/") => again::<ContentResponse>(body),
        "GET /images/{}/metadata" => Ok(json!(MetadataType::ALL)),
        route if route.contains("/metadata/") => again::<MetadataResponse>(body),
        "GET /images/{}/artifacts/retrieved_files" => again::<Vec<RetrievedFile>>(body),
        route if route.contains("/artifacts/") => again::<Vec<SearchResult>>(body),
        route if route.contains(" /subscriptions") => again::<Vec<Subscription>>(body),
        "POST /repositories" => again::<Vec<Subscription>>(body),
        "GET /imports/images" => again::<Vec<ImportOperation>>(body),
        "GET /imports/images/{}" | "DELETE /imports/images/{}" => again::<ImportOperation>(body),
        "GET /query/images/by_vulnerability" => again::<VulnerableImages>(body),
        "GET /query/images/by_package" => again::<ImagesWithPackages>(body),
        "GET /query/vulnerabilities" => again::<QueriedVulnerabilities>(body),
        "GET /archives" => again::<ArchiveSummary>(body),
        "POST /archives/images" => again::<Vec<ArchivingResult>>(body),
        "GET /archives/images" => again::<Vec<ArchivedImage>>(body),
        "GET /archives/images/{}" => again::<ArchivedImage>(body),
        "DELETE /archives/images/{}" | "DELETE /archives/rules/{}" => Ok(json!({})),
        "GET /archives/rules" => again::<Vec<ArchiveRule>>(body),
        "POST /archives/rules" | "GET /archives/rules/{}" => again::<ArchiveRule>(body),
        route => Err(format!("there is no type for {route}")),
    }
}

#[test]
fn every_recorded_answer_is_written_as_it_was_read() {
    let mut wrong = Vec::new();
    let (mut count, mut exceptions) = (0, Vec::new());
    for exchange in exchanges() {
        if EXCEPTIONS.iter().any(|(name, _)| *name == exchange.name) {
            exceptions.push(exchange.name);
            continue;
        }
        count += 1;
        match read_again(&exchange) {
            Ok(written) if written == exchange.body => {}
            Ok(written) => wrong.push(format!("{}: {written}\nis not\n{}", exchange.name, exchange.body)),
            Err(error) => wrong.push(format!("{}: {error}", exchange.name)),
        }
    }
    let shorten = |text: &String| text.chars().take(1500).collect::<String>();
    assert!(wrong.is_empty(), "{}", wrong.iter().map(shorten).collect::<Vec<_>>().join("\n\n"));
    if count > 0 {
        assert_eq!(exceptions.len(), EXCEPTIONS.len(), "{exceptions:?}");
        println!("{count} answers are the same");
    }
}

#[test]
fn an_answer_to_a_new_repository_is_a_subscription_but_for_its_row() {
    let Some(mut told) = body("201_repo_add") else { return };
    let subscription = told[0].as_object_mut().unwrap();
    subscription.retain(|member, _| !member.starts_with("record_state_"));
    assert_eq!(again::<Vec<Subscription>>(&told), Ok(told.clone()));
    let text = told[0]["subscription_value"].as_str().unwrap();
    let repository = windlass_v1::repositories::WatchedRepository::from_text(text).unwrap();
    assert_eq!((repository.tagcount, repository.repotags), (1, Some(vec!["latest".into()])));
}

#[test]
fn ids_of_recorded_subscriptions_are_computed() {
    for name in ["154_subscriptions", "163_subscriptions_2", "202_repo_add_dryrun"] {
        let Some(told) = body(name) else { return };
        for subscription in told.as_array().unwrap() {
            let text = |member: &str| subscription[member].as_str().unwrap();
            let kind = SubscriptionType::parse(text("subscription_type")).unwrap();
            let id = subscription_id(text("userId"), text("subscription_key"), kind);
            assert_eq!(id, text("subscription_id"), "{subscription}");
        }
    }
}

#[test]
fn the_table_of_events_is_the_recorded_one_in_our_words() {
    let Some(mut recorded) = body("029_event_types") else { return };
    let mut ours = json!(events::event_types());
    for list in [&mut recorded, &mut ours] {
        for category in list.as_array_mut().unwrap() {
            for subcategory in category["subcategories"].as_array_mut().unwrap() {
                subcategory.as_object_mut().unwrap().remove("description").unwrap();
            }
            category.as_object_mut().unwrap().remove("description").unwrap();
        }
    }
    // The original never told of a tag that moved (`spec/operations.md` D-2), nor of receivers that it gave up.
    for category in ours.as_array_mut().unwrap() {
        for subcategory in category["subcategories"].as_array_mut().unwrap() {
            let events = subcategory["events"].as_array_mut().unwrap();
            events.retain(|event| {
                event["type"] != "user.image.tag.updated" && event["type"] != "system.notifications.endpoint_disabled"
            });
        }
        category["subcategories"].as_array_mut().unwrap().retain(|one| one["events"] != json!([]));
    }
    assert_eq!(ours, recorded);
}

#[test]
fn recorded_events_have_the_level_message_and_resource_of_their_type() {
    let Some(recorded) = body("331_events_all") else { return };
    let list: EventList = serde_json::from_value(recorded).unwrap();
    assert!(list.results.len() > 90);
    for event in list.results {
        let (kind, event) = (event.event.kind, event.event);
        let told = (event.level, event.message.as_str(), event.resource.kind);
        assert_eq!(told, (kind.level(), kind.message(), kind.resource_type()), "{kind}");
    }
}

#[test]
fn error_codes_are_the_recorded_ones_in_their_order() {
    let Some(recorded) = body("019_system_error_codes") else { return };
    let recorded: Vec<&str> = recorded.as_array().unwrap().iter().map(|code| code["name"].as_str().unwrap()).collect();
    assert_eq!(ErrorCode::ALL.iter().map(|code| code.as_str()).collect::<Vec<_>>(), recorded);
}

#[test]
fn the_policy_language_is_described_in_the_types() {
    let described = windlass_policy::describe();
    assert_eq!(again::<Vec<GateSpec>>(&described), Ok(described.clone()));
}

#[test]
fn problems_and_errors_are_told_in_the_recorded_words() {
    let envelope = |status, message: &str| json!(ErrorEnvelope::new(status, message));
    let expected = [
        ("109_unknown_image_get", envelope(404, windlass_v1::images::NOT_FOUND)),
        (
            "047_image_check_not_analyzed",
            envelope(404, &windlass_v1::images::not_analyzed(windlass_v1::images::AnalysisStatus::Analyzing)),
        ),
        ("087_big_vuln_bogus", envelope(404, &content::not_available("bogus"))),
        ("098_big_check_bogus_policy", envelope(404, &policies::not_found("nope"))),
        ("211_event_get_404", envelope(404, events::NOT_FOUND)),
        ("162_subscription_add_badtype", envelope(400, &SubscriptionType::unsupported("bogus"))),
        ("182_asuser_accounts_403", json!(error::forbidden("system", "listAccounts", None))),
        ("095_big_check_no_tag", json!(Problem::missing_query_parameter("tag"))),
        ("038_image_add_bad_json", json!(Problem::unparsable_body())),
        ("041_image_add_no_content_type", json!(Problem::unsupported_media_type(""))),
        (
            "126_archive_restore_existing",
            json!(ErrorEnvelope::new(409, windlass_v1::archives::RESTORE_CONFLICT).without_detail()),
        ),
        (
            "046_image_delete_while_analyzing",
            json!(Deletion::refused(
                "sha256:a467893a5223a0be6ceb7b2e668b602107bf42c20868f94f6473d368f3377081",
                windlass_v1::images::BEING_ANALYZED
            )),
        ),
        (
            "055_image_delete_unknown",
            json!(Deletion::not_found("sha256:0000000000000000000000000000000000000000000000000000000000000000")),
        ),
    ];
    for (name, ours) in expected {
        let Some(recorded) = body(name) else { return };
        assert_eq!(ours, recorded, "{name}");
    }
}

/// The first payload is what the original sent as a test: it has no `record_state_val`, and a list for annotations. Ours
/// is a notification like every other.
#[test]
fn recorded_notifications_are_written_as_they_were_read() {
    let Some(path) = shared("recorded/webhooks.jsonl") else { return };
    let lines = std::fs::read_to_string(path).unwrap();
    let mut count = 0;
    for line in lines.lines() {
        let mut delivery: Value = serde_json::from_str(line).unwrap();
        let body = delivery["body"].take();
        if body["data"]["notification_payload"]["annotations"].is_array() {
            assert_eq!(delivery["path"], "/hook/test/admin");
            continue;
        }
        assert_eq!(again::<Notification>(&body), Ok(body.clone()));
        count += 1;
    }
    assert_eq!(count, 5);
}
