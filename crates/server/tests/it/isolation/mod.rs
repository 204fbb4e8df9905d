//! Accounts are kept apart, and roles and states of accounts restrict what they are to restrict.
//!
//! The operations come from the API's own description, so that one that is added later is tried as well: what a call of it
//! takes is made of its schema, and where that does not do, the test fails and says so ([`calls`]).

mod alpha;
pub(crate) mod analysed;
mod calls;
mod house;
mod pages;
mod references;

use std::fmt::Write as _;

use windlass_operations::identity::Role;
use windlass_v1::{accounts::RequestedState, roles::RoleBindingRequest};

use calls::Operation;
use house::{Answered, in_every_house};

/// What is the same whoever asks, and tells of nobody.
const OF_NOBODY: &[&str] = &[
    "ping",
    "health_check",
    "readiness_check",
    "version_check",
    "metrics",
    "get_status",
    "get_service_detail",
    "get_system_feeds",
    "describe_error_codes",
    "describe_policy",
    "list_roles",
    "list_event_types",
    "list_image_content",
    "list_image_content_by_imageid",
    "list_image_metadata",
];

/// What alpha is shown that has no mark.
const UNMARKED: &[(&str, &str)] = &[
    ("get_account_settings", r#""policy_profile":"native""#),
    ("get_image_vulnerability_types", r#"["os","non-os","all"]"#),
    ("get_image_vulnerability_types_by_imageId", r#"["os","non-os","all"]"#),
];

/// What belongs to nobody, and may say what `alpha` brought.
const SHARED: &[&str] = &["query_vulnerabilities", "list_services", "get_services_by_name"];

fn tells_of_alpha(answered: &Answered) -> bool {
    let tells = |text: &str| alpha::MARKS.iter().any(|mark| text.contains(mark));
    tells(&answered.text) || answered.encoded().any(|text| tells(&text))
}

/// Fails where the request was not even understood, and so tested nothing.
fn demand_understood(operation: &Operation, answered: &Answered) {
    let misunderstood = answered.is_problem && [400, 404, 405, 415].contains(&answered.status);
    assert!(
        !misunderstood,
        "{}: the call that was made of its description is not understood ({}): add what it takes to calls::SPECIAL",
        operation.id, answered.text
    );
    assert!(answered.status != 500 || !answered.is_problem, "{}: it crashed: {}", operation.id, answered.text);
}

#[test]
fn nobody_sees_or_changes_what_belongs_to_another_account() {
    in_every_house(|house| async move {
        let beta = house.team("beta").await;
        let own = house.team("alpha").await;
        alpha::move_in(&house, &own).await;
        let (before, mut betrayed) = (alpha::inventory(&house).await, Vec::new());
        let refused = |operation: &Operation, answered: &Answered| {
            assert_eq!(answered.status, 403, "{}: {}", operation.id, answered.text);
            assert!(answered.text.contains("Not authorized"), "{}: {}", operation.id, answered.text);
        };
        for operation in house.operations().await {
            // What is not the caller's to name: the ids in the path and in the query are all alpha's.
            let as_beta = house.ask(&beta, &operation.call("beta"), None).await;
            if !SHARED.contains(&operation.id.as_str()) {
                assert!(!tells_of_alpha(&as_beta), "{} told beta: {}", operation.id, as_beta.text);
            }
            match operation.domain.as_str() {
                "open" | "authenticated" => demand_understood(&operation, &as_beta),
                "account" => {
                    demand_understood(&operation, &as_beta);
                    let in_alpha = house.ask(&beta, &operation.call("beta"), Some("alpha")).await;
                    refused(&operation, &in_alpha);
                }
                "named account" => {
                    demand_understood(&operation, &as_beta);
                    refused(&operation, &house.ask(&beta, &operation.call("alpha"), None).await);
                    refused(&operation, &house.ask(&beta, &operation.call("alpha"), Some("beta")).await);
                }
                "system" | "administrators" => refused(&operation, &as_beta),
                domain => panic!("{}: what is the domain {domain}? This test must know whom it lets in", operation.id),
            }
            // Nor can beta find out that there are such things.
            let about_nothing = house.ask(&beta, &operation.call_about_nothing("beta"), None).await;
            let expected = Operation::as_about_alpha(&about_nothing.text);
            let is_same = (as_beta.status, &as_beta.text) == (about_nothing.status, &expected);
            if operation.names_something() && !is_same {
                betrayed.push(format!("{}: {as_beta:?}, not {about_nothing:?}", operation.id));
            }
            let now = alpha::inventory(&house).await;
            assert_eq!(now, before, "{} changed what belongs to alpha", operation.id);
        }
        assert!(betrayed.is_empty(), "these tell that there is something:\n{}", betrayed.join("\n"));
    });
}

#[test]
fn what_is_kept_from_others_is_there_for_its_own() {
    in_every_house(|house| async move {
        let (own, beta) = (house.team("alpha").await, house.team("beta").await);
        alpha::move_in(&house, &own).await;
        let (mut told, mut silent) = (String::new(), Vec::new());
        for operation in house.operations().await.into_iter().filter(Operation::reads) {
            let to_alpha = house.ask(&own, &operation.call("alpha"), None).await;
            let to_beta = house.ask(&beta, &operation.call("beta"), None).await;
            let id = operation.id.as_str();
            if SHARED.contains(&id) {
                continue;
            }
            if OF_NOBODY.contains(&id) {
                assert_eq!((to_alpha.status, to_alpha.text), (to_beta.status, to_beta.text), "{id}");
                continue;
            }
            let is_shown = |(known, text): &(&str, &str)| *known == id && to_alpha.text.contains(text);
            if to_alpha.status != 200 || !(tells_of_alpha(&to_alpha) || UNMARKED.iter().any(is_shown)) {
                silent.push(format!("{id}: {} {}", to_alpha.status, to_alpha.text));
            }
            let Answered { status, text, .. } = to_beta;
            writeln!(told, "{id}: {status} {}", text.trim_end()).unwrap();
        }
        assert!(silent.is_empty(), "these show nothing of alpha even to alpha:\n{}", silent.join("\n"));
        insta::assert_snapshot!("told_to_beta", told);
    });
}

#[test]
fn users_of_a_disabled_account_may_do_nothing_and_nobody_acts_in_an_account_that_is_not() {
    in_every_house(|house| async move {
        let beta = house.team("beta").await;
        house.service().set_account_state("beta", RequestedState::Disabled).await.unwrap();
        for operation in house.operations().await {
            let answered = house.ask(&beta, &operation.call("beta"), None).await;
            if operation.domain == "open" {
                assert_ne!(answered.status, 403, "{}: {}", operation.id, answered.text);
            } else {
                let message = "Not authorized. Account beta not enabled.";
                assert!(answered.status == 403 && answered.text.contains(message), "{}: {answered:?}", operation.id);
            }
            let unknown = match operation.domain.as_str() {
                "account" => house.ask("admin", &operation.call("nope"), Some("nope")).await,
                "named account" => house.ask("admin", &operation.call("nope"), None).await,
                _ => continue,
            };
            assert!(unknown.status == 404 && !unknown.is_problem, "{}: {unknown:?}", operation.id);
        }
    });
}

#[test]
fn roles_let_do_what_they_are_for() {
    in_every_house(|house| async move {
        let user = house.team("gamma").await;
        let operations = house.operations().await;
        let gamma = house.tenant("gamma");
        let admin = house.caller("admin").await;
        for (role, name, _) in Role::all() {
            let binding = RoleBindingRequest { username: user.clone(), role: name.into() };
            gamma.bind_role(&admin, &binding).await.unwrap();
            for operation in operations.iter().filter(|operation| operation.domain.ends_with("account")) {
                let Some(expected) = is_for(role, operation) else { continue };
                let answered = house.ask(&user, &operation.call("gamma"), None).await;
                assert_eq!(answered.status != 403, expected, "{name}: {}: {answered:?}", operation.id);
            }
            gamma.unbind_role(&binding).await.unwrap();
        }
    });
}

/// Whether a role is for an operation, told from what the operation is and not from its action; `None` where it is a
/// matter of taste.
#[allow(clippy::match_same_arms, reason = "roles are in their order")]
fn is_for(role: Role, operation: &Operation) -> Option<bool> {
    let resource = operation.path.split('/').nth(1).unwrap_or_default();
    let (reads, resource) = (operation.method == "GET", resource);
    let people = operation.path.starts_with("/accounts/");
    match (role, resource) {
        (Role::FullControl, _) | (Role::AccountAdministrator, "accounts" | "account" | "audit") => Some(true),
        (Role::AccountAdministrator, _) | (_, "audit") => Some(false),
        (Role::ReadWrite, _) => Some(!people || reads),
        // Whoever imports sees only imports.
        (Role::ReadOnly | Role::PolicyEditor, "imports") if reads => None,
        (Role::PolicyEditor, "policies") | (Role::ImageAnalyser, "imports" | "import" | "summaries") => Some(true),
        (Role::ReadOnly | Role::PolicyEditor, _) | (Role::ImageAnalyser, "policies") => Some(reads),
        (Role::ImageAnalyser, "images") => Some(operation.method != "DELETE"),
        (Role::ImageAnalyser, "registries" | "events" | "archives") => Some(false),
        (Role::ImageAnalyser, _) if people => Some(operation.id == "get_account"),
        (Role::ImageAnalyser, _) => None,
    }
}

#[test]
fn whoever_changes_something_or_guesses_passwords_is_recorded() {
    in_every_house(|house| async move {
        let user = house.team("alpha").await;
        let records = async || {
            let page = house.service().audit_records(&windlass_v1::audit::AuditQuery::default()).await.unwrap();
            let told = |record: windlass_v1::audit::AuditRecord| {
                let who = record.username.unwrap_or_default();
                format!("{who} in {}: {} {} {}", record.account, record.action, record.target, record.status)
            };
            page.records.into_iter().map(told).collect::<Vec<_>>()
        };
        let operations = house.operations().await;
        let operation = |id: &str| operations.iter().find(|operation| operation.id == id).unwrap();
        house.ask(&user, &operation("list_users").call("alpha"), None).await;
        assert_eq!(records().await, [""; 0], "looking is not recorded");
        house.ask("admin", &operation("create_user").call("alpha"), None).await;
        house.ask(&user, &operation("create_account").call("alpha"), None).await;
        house.ask_with(&user, "a wrong one", &operation("list_users").call("alpha"), None).await;
        house.ask_with("nobody", "a wrong one", &operation("create_user").call("alpha"), None).await;
        assert_eq!(
            records().await,
            [
                "nobody in admin: login /accounts/alpha/users 401",
                "alpha-user in alpha: login /accounts/alpha/users 401",
                "alpha-user in alpha: createAccount /accounts brand-new 403",
                "admin in alpha: createUser /accounts/alpha/users brand-new 200",
            ]
        );
    });
}
