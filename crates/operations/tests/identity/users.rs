use serde_json::json;
use windlass_v1::roles::RoleBindingRequest;

use crate::house::{in_every_house, password, refusal, user_request};

#[test]
fn users_are_of_one_account_and_their_names_of_all() {
    in_every_house(|house| async move {
        let (acct1, acct2) = (house.team("acct1", &[]).await, house.team("acct2", &["user2"]).await);
        let made = acct1.create_user(&user_request("user1", "pass123")).await.unwrap();
        let expected = json!({
            "username": "user1", "type": "native", "source": null,
            "created_at": "2026-01-01T12:00:00Z", "last_updated": "2026-01-01T12:00:00Z",
        });
        assert_eq!(json!(made), expected);
        assert_eq!(json!(acct1.users().await.unwrap()), json!([expected]));
        let taken = (400, "User already exists".to_owned());
        assert_eq!(refusal(acct1.create_user(&user_request("user2", "pass123")).await), taken);
        for bad in ["short", &"x".repeat(129)] {
            assert_eq!(refusal(acct1.create_user(&user_request("user3", bad)).await).0, 400);
        }
        let unknown = house.tenant("nope").create_user(&user_request("user3", "pass123")).await;
        assert_eq!(refusal(unknown), (404, "Account not found".to_owned()));

        // What belongs to another account is not there.
        let caller = house.log_in("user1", "pass123").await.unwrap();
        let missing = (404, "User not found".to_owned());
        assert_eq!(refusal(acct1.user("user2").await), missing);
        assert_eq!(refusal(acct1.delete_user(&caller, "user2").await), missing);
        assert_eq!(refusal(acct1.credentials("user2").await), missing);
        assert_eq!(refusal(acct1.set_credential("user2", &password("stolen")).await), missing);
        assert_eq!(refusal(acct1.delete_credential(&caller, "user2").await), missing);
        assert!(acct2.user("user2").await.is_ok() && house.log_in("user2", "foobar").await.is_ok());
    });
}

#[test]
fn nobody_deletes_itself_or_who_is_needed() {
    in_every_house(|house| async move {
        let acct1 = house.team("acct1", &["user1", "user2"]).await;
        let user1 = house.caller("user1").await;
        assert_eq!(refusal(acct1.delete_user(&user1, "user1").await).0, 400);
        acct1.delete_user(&user1, "user2").await.unwrap();
        assert_eq!(refusal(acct1.user("user2").await).0, 404);
        assert!(house.log_in("user2", "foobar").await.is_err());
        let admin = house.caller("admin").await;
        let protected = refusal(house.tenant("admin").delete_user(&admin, "admin").await);
        assert_eq!(protected, (400, "User not allowed to be deleted due to system constraints".to_owned()));
    });
}

#[test]
fn a_password_is_replaced_masked_and_removed() {
    in_every_house(|house| async move {
        let acct1 = house.team("acct1", &["user1", "user2"]).await;
        house.pass(60);
        let set = acct1.set_credential("user1", &password("a much longer one")).await.unwrap();
        let expected = json!({"type": "password", "value": "********", "created_at": "2026-01-01T12:01:00Z"});
        assert_eq!(json!(set), expected);
        assert_eq!(json!(acct1.credentials("user1").await.unwrap()), json!([expected]));
        assert!(house.log_in("user1", "foobar").await.is_err());
        let user1 = house.log_in("user1", "a much longer one").await.unwrap();
        for bad in ["", "12345", &"x".repeat(129)] {
            assert_eq!(refusal(acct1.set_credential("user1", &password(bad)).await).0, 400);
        }
        assert_eq!(refusal(acct1.delete_credential(&user1, "user1").await).0, 400);
        acct1.delete_credential(&user1, "user2").await.unwrap();
        assert_eq!(acct1.credentials("user2").await.unwrap(), []);
        assert_eq!(refusal(acct1.delete_credential(&user1, "user2").await).0, 404);
        assert!(house.log_in("user2", "foobar").await.is_err());
    });
}

#[test]
fn roles_are_given_within_the_account_and_taken_away() {
    in_every_house(|house| async move {
        let acct1 = house.team("acct1", &["user1", "user2"]).await;
        house.team("acct2", &["other2"]).await;
        let (user1, admin) = (house.caller("user1").await, house.caller("admin").await);
        let request = |username: &str, role: &str| RoleBindingRequest { username: username.into(), role: role.into() };
        let bound = acct1.bind_role(&user1, &request("user2", "read-only")).await.unwrap();
        assert_eq!(acct1.role_bindings().await.unwrap(), std::slice::from_ref(&bound));
        assert_eq!(acct1.bind_role(&user1, &request("user2", "read-only")).await.unwrap(), bound, "once is enough");
        let (status, message) = refusal(acct1.bind_role(&user1, &request("user2", "god")).await);
        assert!(status == 400 && message.contains("read-only"), "{message}");
        // Names of other accounts' users are not told to those who are no administrators.
        for nobody in ["nobody", "other2"] {
            let refused = refusal(acct1.bind_role(&user1, &request(nobody, "read-only")).await);
            assert_eq!(refused, (404, "User not found".to_owned()));
        }
        assert_eq!(refusal(house.tenant("admin").bind_role(&admin, &request("admin", "read-only")).await).0, 400);
        acct1.bind_role(&admin, &request("other2", "read-only")).await.unwrap();
        acct1.unbind_role(&request("other2", "read-only")).await.unwrap();
        assert_eq!(refusal(acct1.unbind_role(&request("other2", "read-only")).await).0, 404);
        let acct2 = house.tenant("acct2");
        assert_eq!(refusal(acct2.unbind_role(&request("user2", "read-only")).await).0, 404, "it is another's");
        assert_eq!(acct1.role_bindings().await.unwrap().len(), 1);
    });
}
