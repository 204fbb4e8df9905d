use windlass_operations::identity::{Caller, Permission, Role, Target};
use windlass_v1::roles::RoleBindingRequest;

use crate::house::{House, in_every_house, refusal};

fn listing(account: &str) -> Permission<'_> {
    Permission { on: Target::Account(account), action: "listImages", object: None, changes: false }
}

async fn allowed(house: &House, caller: &Caller, account: &str, action: &str, changes: bool) -> bool {
    let permission = Permission { on: Target::Account(account), action, object: None, changes };
    match house.service.authorise(caller, &permission).await {
        Ok(name) => {
            assert_eq!(name.unwrap().as_str(), account);
            true
        }
        result => {
            assert_eq!(refusal(result).0, 403);
            false
        }
    }
}

#[test]
fn users_act_in_their_own_account_and_administrators_in_every() {
    in_every_house(|house| async move {
        house.team("acct1", &["user1"]).await;
        house.team("acct2", &[]).await;
        let (user1, admin) = (house.caller("user1").await, house.caller("admin").await);
        assert!(allowed(&house, &user1, "acct1", "deleteImage", true).await);
        for foreign in ["acct2", "admin", "anchore-system", "system", "nope", ""] {
            let refused = refusal(house.service.authorise(&user1, &listing(foreign)).await);
            let message = format!("Not authorized. Requires permissions: domain={foreign} action=listImages target=*");
            assert_eq!(refused, (403, message), "whether it is there is not told");
        }
        let system = Permission { on: Target::System, action: "deleteAccount", object: Some("acct2"), changes: true };
        let refused = refusal(house.service.authorise(&user1, &system).await);
        let message = "Not authorized. Requires permissions: domain=system action=deleteAccount target=acct2";
        assert_eq!(refused, (403, message.to_owned()));

        assert!(allowed(&house, &admin, "acct2", "deleteImage", true).await);
        assert_eq!(house.service.authorise(&admin, &system).await.unwrap(), None);
        let unknown = refusal(house.service.authorise(&admin, &listing("nope")).await);
        assert_eq!(unknown, (404, "Account not found".to_owned()));
    });
}

#[test]
fn an_account_named_like_the_installation_is_not_the_installation() {
    in_every_house(|house| async move {
        // The name is reserved, but a role binding could say it.
        house.team("acct1", &["user1"]).await;
        let user1 = house.caller("user1").await;
        let system = Permission { on: Target::System, action: "getAccount", object: None, changes: false };
        assert_eq!(refusal(house.service.authorise(&user1, &system).await).0, 403);
    });
}

#[test]
fn users_of_a_disabled_account_are_refused_and_administrators_act_in_it() {
    in_every_house(|house| async move {
        house.team("acct1", &["user1"]).await;
        house.team("acct2", &["user2"]).await;
        let admin = house.caller("admin").await;
        let request = RoleBindingRequest { username: "user2".into(), role: "read-only".into() };
        house.tenant("acct1").bind_role(&admin, &request).await.unwrap();
        let user2 = house.caller("user2").await;
        assert!(allowed(&house, &user2, "acct1", "listImages", false).await);
        house.disable("acct1").await;
        let user1 = house.caller("user1").await;
        let message = (403, "Not authorized. Account acct1 not enabled.".to_owned());
        assert_eq!(refusal(house.service.authorise(&user1, &listing("acct1")).await), message);
        assert_eq!(refusal(house.service.authorise(&user2, &listing("acct1")).await), message);
        assert!(allowed(&house, &admin, "acct1", "listImages", false).await);
    });
}

#[test]
fn a_role_restricts_in_its_account_and_nowhere_else() {
    in_every_house(|house| async move {
        let acct1 = house.team("acct1", &["user1"]).await;
        let acct2 = house.team("acct2", &[]).await;
        let (user1, admin) = (house.caller("user1").await, house.caller("admin").await);
        let request = |role: &str| RoleBindingRequest { username: "user1".into(), role: role.into() };

        acct2.bind_role(&admin, &request("read-only")).await.unwrap();
        assert!(allowed(&house, &user1, "acct2", "listImages", false).await);
        assert!(!allowed(&house, &user1, "acct2", "createImage", true).await);
        assert!(allowed(&house, &user1, "acct1", "createImage", true).await, "the own account stays the own");

        acct1.bind_role(&admin, &request("policy-editor")).await.unwrap();
        assert!(!allowed(&house, &user1, "acct1", "createImage", true).await);
        assert!(allowed(&house, &user1, "acct1", "createPolicy", true).await);
        acct1.bind_role(&admin, &request("image-analyzer")).await.unwrap();
        assert!(allowed(&house, &user1, "acct1", "createImage", true).await, "roles add up");
        acct1.unbind_role(&request("policy-editor")).await.unwrap();
        assert!(!allowed(&house, &user1, "acct1", "createPolicy", true).await);
        acct1.unbind_role(&request("image-analyzer")).await.unwrap();
        assert!(allowed(&house, &user1, "acct1", "createUser", true).await, "without a role: full control");
    });
}

#[test]
fn every_role_allows_in_an_account_what_it_allows_and_nothing_more() {
    in_every_house(|house| async move {
        let acct1 = house.team("acct1", &["user1"]).await;
        let (user1, admin) = (house.caller("user1").await, house.caller("admin").await);
        for (role, name, _) in Role::all() {
            let request = RoleBindingRequest { username: "user1".into(), role: name.into() };
            acct1.bind_role(&admin, &request).await.unwrap();
            for (action, changes) in [
                ("listImages", false),
                ("createImage", true),
                ("deleteImage", true),
                ("getEvent", false),
                ("getEvent", true),
                ("createPolicy", true),
                ("createUser", true),
                ("createRole", true),
                ("listAuditRecords", false),
            ] {
                let expected = role.allows(action, changes);
                assert_eq!(allowed(&house, &user1, "acct1", action, changes).await, expected, "{name}: {action}");
            }
            acct1.unbind_role(&request).await.unwrap();
        }
    });
}
