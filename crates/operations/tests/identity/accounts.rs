use serde_json::json;
use windlass_v1::accounts::{AccountRequest, AccountState, RequestedState};

use crate::house::{in_every_house, refusal, user_request};

fn request(name: &str) -> AccountRequest {
    AccountRequest { name: name.into(), email: Some("a@b.c".into()), kind: None }
}

#[test]
fn an_account_is_made_listed_and_found_in_the_shape_of_the_original() {
    in_every_house(|house| async move {
        let made = house.service.create_account(&request("acct1")).await.unwrap();
        let expected = json!({
            "name": "acct1", "type": "user", "state": "enabled", "email": "a@b.c",
            "created_at": "2026-01-01T12:00:00Z", "last_updated": "2026-01-01T12:00:00Z",
        });
        assert_eq!(json!(made), expected);
        assert_eq!(json!(house.tenant("acct1").account().await.unwrap()), expected);
        let listed = house.service.accounts(None).await.unwrap();
        let names: Vec<&str> = listed.iter().map(|account| account.name.as_str()).collect();
        assert_eq!(names, ["acct1", "admin"], "the installation's own account is not listed");
        assert_eq!(json!(listed[1])["type"], "admin");
        assert_eq!(house.service.accounts(Some(AccountState::Disabled)).await.unwrap(), []);
    });
}

#[test]
fn names_are_refused_that_are_reserved_taken_or_no_names() {
    in_every_house(|house| async move {
        house.team("acct1", &[]).await;
        let taken = refusal(house.service.create_account(&request("acct1")).await);
        assert_eq!(taken, (400, "Account already exists".into()));
        for name in ["admin", "anchore-system", "system", "-a-"] {
            let (status, message) = refusal(house.service.create_account(&request(name)).await);
            assert!(status == 400 && message.contains(name), "{message}");
        }
        let service = AccountRequest { kind: Some("service".into()), ..request("acct2") };
        assert_eq!(refusal(house.service.create_account(&service).await).0, 400);
        let user = AccountRequest { kind: Some("user".into()), ..request("acct2") };
        assert!(house.service.create_account(&user).await.is_ok());
    });
}

#[test]
fn states_change_as_the_life_of_an_account_has_it() {
    in_every_house(|house| async move {
        house.team("acct1", &["user1"]).await;
        let service = &house.service;
        let message = |from: &str, to: &str| {
            (400, format!("Invalid account state change requested. Cannot go from state {from} to state {to}"))
        };
        assert_eq!(refusal(service.delete_account("acct1").await), message("enabled", "deleting"));
        for state in [RequestedState::Enabled, RequestedState::Disabled, RequestedState::Disabled] {
            let changed = service.set_account_state("acct1", state).await.unwrap();
            assert_eq!(changed.state, AccountState::from(state));
        }
        assert_eq!(json!(service.delete_account("acct1").await.unwrap()), json!({"state": "deleting"}));
        assert_eq!(refusal(service.delete_account("acct1").await), message("deleting", "deleting"));
        let enabled = service.set_account_state("acct1", RequestedState::Enabled).await;
        assert_eq!(refusal(enabled), message("deleting", "enabled"));
        let late = house.tenant("acct1").create_user(&user_request("late1", "foobar")).await;
        assert_eq!(refusal(late).0, 400);

        let disabled = service.set_account_state("admin", RequestedState::Disabled).await;
        assert_eq!(refusal(disabled), message("enabled", "disabled"));
        let not_deletable = (400, "Account cannot be deleted".to_owned());
        assert_eq!(refusal(service.delete_account("admin").await), not_deletable);
        assert_eq!(refusal(service.delete_account("anchore-system").await), not_deletable);
        let not_found = (404, "Account not found".to_owned());
        for missing in ["nope", "anchore-system"] {
            assert_eq!(refusal(service.set_account_state(missing, RequestedState::Disabled).await), not_found);
            assert_eq!(refusal(house.tenant(missing).account().await), not_found);
        }
        assert_eq!(refusal(service.delete_account("nope").await), not_found);
    });
}

#[test]
fn a_deleted_account_loses_its_users_at_once_and_its_name_later() {
    in_every_house(|house| async move {
        house.team("acct1", &["user1"]).await;
        house.team("acct2", &["user2"]).await;
        house.disable("acct1").await;
        house.service.delete_account("acct1").await.unwrap();
        assert!(house.log_in("user1", "foobar").await.is_err());
        assert_eq!(refusal(house.service.create_account(&request("acct1")).await).1, "Account already exists");

        let mut calls = 0;
        while house.service.purge_accounts().await.unwrap() > 0 {
            calls += 1;
        }
        assert!(calls <= 1, "{calls}");
        assert_eq!(refusal(house.tenant("acct1").account().await).0, 404);
        assert!(house.log_in("user2", "foobar").await.is_ok(), "others keep what they have");
        house.team("acct1", &["user1"]).await;
        assert!(house.log_in("user1", "foobar").await.is_ok());
    });
}
