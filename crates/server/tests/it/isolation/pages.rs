//! Every list is told in parts to whoever asks for them.

use serde_json::Value;

use super::{
    alpha,
    calls::Operation,
    house::{House, in_every_house},
};

/// Lists that take neither `page` nor `limit`, and why that does no harm.
const WHOLE: &[(&str, &[&str])] = &[
    (
        "it is one record, in a list as clients expect it",
        &[
            "get_image",
            "get_image_by_image_id",
            "get_policy",
            "get_registry",
            "get_services_by_name_and_host",
            "get_subscription",
        ],
    ),
    (
        "it is a part of the program, and as long as that makes it",
        &[
            "describe_error_codes",
            "describe_policy",
            "get_image_vulnerability_types",
            "get_image_vulnerability_types_by_imageId",
            "list_event_types",
            "list_image_content",
            "list_image_content_by_imageid",
            "list_image_metadata",
            "list_roles",
        ],
    ),
    (
        "it was written when the image was analysed, and is passed on piece by piece",
        &["list_file_content_search_results", "list_retrieved_files", "list_secret_search_results"],
    ),
];

/// Lists within one record, by its digest and its tag, that are told where the question has this in it.
const WITHIN: &[(&str, &str)] = &[("check_image", "history=true&"), ("check_image_by_id", "history=true&")];

/// Lists that go on behind an item and not after a number of pages: by that parameter.
const BEHIND: &[(&str, &str)] = &[
    ("list_all_audit_records", "before"),
    ("list_audit_records", "before"),
    ("list_changes", "page"),
    ("list_image_changes", "page"),
    ("list_images", "after"),
];

/// Lists of which the original told all for a limit of 0, from the first page where it was asked for the one before.
const FROM_ZERO: &[&str] = &["query_images_by_package", "query_images_by_vulnerability", "query_vulnerabilities"];

/// The list in an answer: the answer itself, or its member, or what is within its only record.
fn items(text: &str, is_within: bool) -> Vec<Value> {
    let mut answer: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    if is_within {
        let by_digest = answer[0].as_object().and_then(|record| record.values().next());
        let by_tag = by_digest.and_then(|tags| tags.as_object()?.values().next());
        answer = by_tag.cloned().unwrap_or_default();
    }
    let list = answer.as_array().or_else(|| answer.as_object()?.values().find_map(Value::as_array));
    list.unwrap_or_else(|| panic!("no list: {text}")).clone()
}

#[test]
fn every_list_is_told_in_parts_of_a_length_that_is_checked() {
    in_every_house(|house| async move {
        let own = house.team("alpha").await;
        alpha::move_in(&house, &own).await;
        let (mut lists, mut wrong) = (0, Vec::new());
        for operation in house.operations().await.into_iter().filter(Operation::lists) {
            let id = operation.id.as_str();
            if let Some((reason, _)) = WHOLE.iter().find(|(_, ids)| ids.contains(&id)) {
                assert!(operation.parameter("limit").is_none(), "{id} takes a limit, and is no exception: {reason}");
                continue;
            }
            let own = if operation.domain == "system" { "admin" } else { &own };
            wrong.extend(trouble(&house, own, &operation).await);
            lists += 1;
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert!(lists > 20, "{lists}");
    });
}

/// What is wrong with the parts of a list that somebody asks for.
async fn trouble(house: &House, who: &str, operation: &Operation) -> Vec<String> {
    let id = operation.id.as_str();
    let behind = BEHIND.iter().find(|(known, _)| *known == id).map(|(_, parameter)| *parameter);
    let within = WITHIN.iter().find(|(known, _)| *known == id).map(|(_, asked)| *asked);
    let page = operation.parameter(behind.unwrap_or("page"));
    let Some((limit, _)) = operation.parameter("limit").zip(page) else {
        return vec![format!("{id} answers a list without page and limit")];
    };
    let Some(most) = limit["maximum"].as_u64().filter(|most| *most <= 1000) else {
        return vec![format!("{id} has a limit of any height: {limit}")];
    };
    let ask = async |query: &str| {
        let mut call = operation.call("alpha");
        let mark = if call.address.contains('?') { '&' } else { '?' };
        call.address = format!("{}{mark}{}{query}", call.address, within.unwrap_or_default());
        house.ask(who, &call, None).await
    };
    let mut troubles = Vec::new();
    let (zero, above) = (if FROM_ZERO.contains(&id) { "-1" } else { "0" }, (most + 1).to_string());
    let limits = [zero, "-1", "abc", &above].map(|value| ("limit", value));
    let pages = [zero, "-1", "abc"].map(|value| ("page", value)).into_iter().filter(|_| behind.is_none());
    for (name, value) in limits.into_iter().chain(pages) {
        let refused = ask(&format!("{name}={value}")).await;
        if refused.status != 400 || !refused.text.contains(&format!("'{name}'")) {
            troubles.push(format!("{id}: {name}={value} is not refused: {refused:?}"));
        }
    }
    let whole = ask(&format!("limit={most}")).await;
    let whole = items(&whole.text, within.is_some());
    if whole.is_empty() {
        troubles.push(format!("{id} has nothing to be told in parts"));
    }
    let mut parts = vec![("limit=1".to_owned(), whole.first())];
    if behind.is_none() {
        let numbered = [(1, whole.first()), (2, whole.get(1)), (whole.len() + 1, None)];
        parts.extend(numbered.map(|(page, expected)| (format!("page={page}&limit=1"), expected)));
    }
    for (query, expected) in parts {
        let told = items(&ask(&query).await.text, within.is_some());
        if told.iter().ne(expected) {
            troubles.push(format!("{id}: {query} tells {told:?}, not {expected:?}"));
        }
    }
    troubles
}
