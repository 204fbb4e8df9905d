//! Accounts, users, tokens, API keys and roles on the wire.

use axum::http::Method;
use serde_json::{Value, json};
use windlass_operations::{Settings, testing::Bench};
use windlass_store::testing::on_every_engine;

use crate::client::{Answer, Client};

fn with_a_client<F: Future<Output = ()>>(test: impl Fn(Bench, Client) -> F) {
    on_every_engine(|store| {
        let test = &test;
        async move {
            let mut settings = Settings::default();
            settings.oauth.enabled = true;
            let bench = Bench::with(store, settings).await;
            let client = Client::of(&bench);
            test(bench, client).await;
        }
    });
}

async fn form(client: &Client, form: &str) -> Answer {
    client.send(Method::POST, "/v1/oauth/token", Some("application/x-www-form-urlencoded"), form.into()).await
}

#[test]
fn an_account_says_how_its_images_are_judged() {
    with_a_client(|_, client| async move {
        let admin = client.user("admin", "foobar");
        admin.post("/v1/accounts", &json!({"name": "acct1"})).await.ok();
        admin.post("/v1/accounts/acct1/users", &json!({"username": "one", "password": "foobar"})).await.ok();
        let one = client.user("one", "foobar");
        let settings = "/v1/accounts/acct1/settings";
        let chosen = |profile: &str, unmapped: &str, types: &[&str]| json!({"policy_profile": profile, "unmapped_images": unmapped, "new_tag_subscriptions": types});
        let original = chosen("compat", "go", &["analysis_update"]);
        assert_eq!(one.get(settings).await.ok(), original);
        let native = chosen("native", "go", &["analysis_update"]);
        assert_eq!(one.put(settings, &json!({"policy_profile": "native"})).await.ok(), native);
        let both = chosen("native", "stop", &["analysis_update"]);
        assert_eq!(
            admin.put(settings, &json!({"unmapped_images": "stop"})).await.ok(),
            both,
            "what is not given stays"
        );
        assert_eq!(one.get(settings).await.ok(), both);
        let bad = one.put(settings, &json!({"unmapped_images": "block"})).await.refusal();
        assert_eq!(bad, (400, "'block' is not one of ['go', 'warn', 'stop'] - 'unmapped_images'".into()));
        let types = |types: &[&str]| json!({ "new_tag_subscriptions": types });
        let told = one.put(settings, &types(&["vuln_update", "policy_eval", "vuln_update"])).await.ok();
        assert_eq!(told, chosen("native", "stop", &["policy_eval", "vuln_update"]));
        assert_eq!(one.put(settings, &types(&["repo_update"])).await.refusal().0, 400, "no tag has such a one");
        assert_eq!(one.put(settings, &types(&["bogus"])).await.refusal().0, 400);
        assert_eq!(one.put(settings, &types(&[])).await.ok(), chosen("native", "stop", &[]));
        assert_eq!(one.get("/v1/accounts/admin/settings").await.status, 403);
        assert_eq!(admin.get("/v1/accounts/admin/settings").await.ok(), original, "of this account alone");
        assert_eq!(admin.get("/v1/accounts/nope/settings").await.status, 404);
    });
}

#[test]
fn an_account_lives_as_the_original_has_it() {
    with_a_client(|_, client| async move {
        let admin = client.user("admin", "foobar");
        let account = admin.post("/v1/accounts", &json!({"name": "acct1", "email": "a@b.c"})).await.ok();
        assert_eq!(account["type"], "user");
        assert_eq!(admin.get("/v1/accounts/acct1").await.ok(), account);
        assert_eq!(admin.get("/v1/account").await.ok()["name"], "admin");
        assert_eq!(admin.in_account("acct1").get("/v1/account").await.ok(), account);
        let disabled = admin.get("/v1/accounts?state=disabled").await.ok();
        assert_eq!(disabled, json!([]));
        let bad = admin.get("/v1/accounts?state=bogus").await.refusal();
        assert_eq!(bad, (400, "'bogus' is not one of ['enabled', 'disabled', 'deleting']".into()));
        let bad = admin.put("/v1/accounts/acct1/state", &json!({"state": "bogus"})).await.refusal();
        assert_eq!(bad, (400, "'bogus' is not one of ['enabled', 'disabled'] - 'state'".into()));

        let password = json!({"username": "user1", "password": "p"});
        let bad = admin.post("/v1/accounts/acct1/users", &password).await.refusal();
        assert_eq!(bad, (400, "'p' does not match '.{6,128}$' - 'password'".into()));
        let user = json!({"username": "user1", "password": "pass123"});
        let user = admin.post("/v1/accounts/acct1/users", &user).await.ok();
        assert_eq!(admin.get("/v1/accounts/acct1/users").await.ok(), json!([user]));
        let user1 = client.user("user1", "pass123");
        assert_eq!(user1.get("/v1/user").await.ok(), user);
        let set = json!({"type": "password", "value": "newpass1"});
        let credential = user1.post("/v1/user/credentials", &set).await.ok();
        assert_eq!(credential["value"], "********");
        assert_eq!(user1.get("/v1/user").await.status, 401);
        let user1 = client.user("user1", "newpass1");
        assert_eq!(user1.get("/v1/user/credentials").await.ok(), json!([credential]));
        let own = "/v1/accounts/acct1/users/user1/credentials";
        assert_eq!(user1.get(own).await.ok(), json!([credential]));
        assert_eq!(user1.delete(&format!("{own}?credential_type=password")).await.status, 400);
        let missing = user1.delete(own).await.refusal();
        assert_eq!(missing, (400, "Missing query parameter 'credential_type'".into()));
        let removed = admin.delete(&format!("{own}?credential_type=password")).await;
        assert_eq!((removed.status.as_u16(), removed.text().as_str()), (204, ""));

        let enabled = admin.delete("/v1/accounts/acct1").await.refusal();
        assert!(enabled.0 == 400 && enabled.1.starts_with("Invalid account state change requested"), "{enabled:?}");
        let state = admin.put("/v1/accounts/acct1/state", &json!({"state": "disabled"})).await.ok();
        assert_eq!(state, json!({"state": "disabled"}));
        assert_eq!(admin.delete("/v1/accounts/acct1").await.ok(), json!({"state": "deleting"}));
        assert_eq!(admin.get("/v1/accounts/acct1/users").await.ok(), json!([]));
        assert_eq!(admin.get("/v1/accounts/nope/users").await.refusal(), (404, "Account not found".into()));
    });
}

#[test]
fn accounts_and_users_are_found_by_names_with_slashes() {
    with_a_client(|_, client| async move {
        let admin = client.user("admin", "foobar");
        let account = admin.post("/v1/accounts", &json!({"name": "shop/web"})).await.ok();
        assert_eq!(admin.get("/v1/accounts/shop%2Fweb").await.ok(), account);
        let user = json!({"username": "ann/b", "password": "pass123"});
        let user = admin.post("/v1/accounts/shop%2Fweb/users", &user).await.ok();
        assert_eq!(admin.get("/v1/accounts/shop%2Fweb/users/ann%2Fb").await.ok(), user);
        assert_eq!(admin.delete("/v1/accounts/shop%2Fweb/users/ann%2Fb").await.status, 204);
    });
}

#[test]
fn a_token_is_given_for_a_form_or_for_basic_credentials() {
    with_a_client(|_, client| async move {
        let good = form(&client, "grant_type=password&username=admin&password=foobar&client_id=anonymous").await;
        let token = good.ok();
        assert_eq!((&token["token_type"], &token["expires_in"]), (&json!("Bearer"), &json!(3600)));
        assert_eq!(
            (&good.headers["cache-control"], &good.headers["pragma"]),
            (&"no-store".parse().unwrap(), &"no-cache".parse().unwrap())
        );
        let bearer = client.bearer(token["access_token"].as_str().unwrap());
        assert_eq!(bearer.get("/v1/user").await.ok()["username"], "admin");
        assert!(form(&client.user("admin", "foobar"), "").await.ok()["access_token"].is_string());
        for (given, error) in [
            ("", "unsupported_grant_type"),
            ("grant_type=client_credentials&client_id=anonymous", "unsupported_grant_type"),
            ("grant_type=password&username=admin&password=foobar", "invalid_client"),
            ("grant_type=password&client_id=anonymous&username=admin", "invalid_request"),
            ("grant_type=password&username=admin&password=bad&client_id=anonymous", "invalid_grant"),
        ] {
            let answer = form(&client, given).await;
            assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (400, &json!(error)), "{given}");
        }
        let wrong = form(&client.user("admin", "wrong1"), "").await;
        assert_eq!((wrong.status.as_u16(), wrong.json()), (400, json!({"error": "invalid_grant"})));
    });
}

#[test]
fn no_token_is_given_where_tokens_are_switched_off() {
    on_every_engine(|store| async move {
        let client = Client::of(&Bench::over(store).await);
        let complete = "grant_type=password&username=admin&password=foobar&client_id=anonymous";
        for given in [complete, "grant_type=password&username=admin&password=foobar", ""] {
            assert_eq!(form(&client, given).await.refusal().0, 403, "{given}");
        }
    });
}

#[test]
fn keys_and_roles_restrict_and_tell_so() {
    with_a_client(|_, client| async move {
        let admin = client.user("admin", "foobar");
        admin.post("/v1/accounts", &json!({"name": "acct1"})).await.ok();
        let user = json!({"username": "user1", "password": "pass123"});
        admin.post("/v1/accounts/acct1/users", &user).await.ok();
        let user1 = client.user("user1", "pass123");
        let made = user1.post("/v1/user/api-keys", &json!({"name": "ci", "role": "read-only"})).await.ok();
        let key = client.bearer(made["key"].as_str().unwrap());
        assert_eq!(key.get("/v1/account").await.ok()["name"], "acct1");
        let more = key.post("/v1/user/api-keys", &json!({"name": "more"})).await.refusal();
        assert_eq!(more.0, 403);
        let password = json!({"type": "password", "value": "stolen1"});
        assert_eq!(key.post("/v1/user/credentials", &password).await.refusal().0, 403);
        assert_eq!(user1.get("/v1/user/api-keys").await.ok()[0]["name"], "ci");
        assert_eq!(user1.get("/v1/user/api-keys").await.ok()[0].get("key"), None);
        assert_eq!(user1.delete("/v1/user/api-keys/ci").await.status, 204);
        assert_eq!(key.get("/v1/account").await.status, 401);

        let roles = user1.get("/v1/roles").await.ok();
        let names: Vec<&str> = roles.as_array().unwrap().iter().map(|role| role["name"].as_str().unwrap()).collect();
        let known = ["full-control", "read-write", "read-only", "policy-editor", "image-analyzer", "account-admin"];
        assert_eq!(names, known);
        let binding = json!({"username": "user1", "role": "read-only"});
        let bound = admin.post("/v1/accounts/acct1/roles", &binding).await.ok();
        assert_eq!(user1.get("/v1/accounts/acct1/roles").await.ok(), json!([bound]));
        let refused =
            user1.post("/v1/accounts/acct1/users", &json!({"username": "user2", "password": "pass123"})).await;
        let message = "Not authorized. Requires permissions: domain=acct1 action=createUser target=*";
        assert_eq!(refused.refusal(), (403, message.into()));
        let gone = admin.delete("/v1/accounts/acct1/roles?username=user1&role=read-only").await;
        assert_eq!(gone.status, 204);
    });
}

#[test]
fn what_was_done_is_told_to_the_account_and_everything_to_administrators() {
    with_a_client(|_, client| async move {
        let admin = client.user("admin", "foobar");
        admin.post("/v1/accounts", &json!({"name": "acct1"})).await.ok();
        let user = json!({"username": "user1", "password": "pass123"});
        admin.post("/v1/accounts/acct1/users", &user).await.ok();
        form(&client, "grant_type=password&username=user1&password=bad&client_id=anonymous").await;
        form(&client, "grant_type=password&username=user1&password=pass123&client_id=anonymous").await;
        form(&client, "grant_type=nonsense&username=user1").await;
        let user1 = client.user("user1", "pass123");
        let told = |page: Value| -> Vec<String> {
            let told = |record: &Value| format!("{} {} {}", record["action"], record["target"], record["status"]);
            page["records"].as_array().unwrap().iter().map(told).map(|text| text.replace('"', "")).collect()
        };
        let own = user1.get("/v1/audit").await.ok();
        let expected =
            ["login /v1/oauth/token 200", "login /v1/oauth/token 400", "createUser /v1/accounts/acct1/users user1 200"];
        assert_eq!(told(own), expected);
        let all = admin.get("/v1/system/audit?limit=10").await.ok();
        assert_eq!(told(all.clone()).len(), 4);
        assert_eq!(all["records"][3]["target"], "/v1/accounts acct1");
        let first = admin.get("/v1/system/audit?limit=3").await.ok();
        let rest = admin.get(&format!("/v1/system/audit?before={}", first["next"])).await.ok();
        assert_eq!((told(rest).len(), first["next"].is_i64()), (1, true));
        assert_eq!(user1.get("/v1/system/audit").await.refusal().0, 403);
        assert_eq!(admin.get("/v1/audit?limit=0").await.refusal().0, 400);
    });
}

/// `spec/api.md` K24
#[test]
fn who_the_caller_is_does_not_depend_on_the_account_that_is_acted_in() {
    with_a_client(|_, client| async move {
        let admin = client.user("admin", "foobar");
        for name in ["acct1", "acct2"] {
            admin.post("/v1/accounts", &json!({ "name": name })).await.ok();
        }
        admin.post("/v1/accounts/acct1/users", &json!({"username": "user1", "password": "pass123"})).await.ok();
        let user1 = client.user("user1", "pass123");
        let (own, keys) = (user1.get("/v1/user").await.ok(), user1.get("/v1/user/api-keys").await.ok());
        let credentials = user1.get("/v1/user/credentials").await.ok();
        // Elsewhere it counts: there is an account that is not theirs, and one that is not there.
        for (account, status) in [("acct2", 403), ("nope", 403)] {
            let elsewhere = user1.in_account(account);
            assert_eq!(elsewhere.get("/v1/account").await.status, status, "{account}");
            assert_eq!(elsewhere.get("/v1/user").await.ok(), own);
            assert_eq!(elsewhere.get("/v1/user/credentials").await.ok(), credentials);
            assert_eq!(elsewhere.get("/v1/user/api-keys").await.ok(), keys);
            let key = elsewhere.post("/v1/user/api-keys", &json!({ "name": account })).await.ok();
            assert_eq!(client.bearer(key["key"].as_str().unwrap()).get("/v1/account").await.ok()["name"], "acct1");
            assert_eq!(elsewhere.delete(&format!("/v1/user/api-keys/{account}")).await.status, 204);
        }
        assert_eq!(admin.in_account("nope").get("/v1/account").await.status, 404);
        for account in ["acct1", "nope"] {
            assert_eq!(admin.in_account(account).get("/v1/user").await.ok()["username"], "admin", "{account}");
        }
        // It is the caller's password that is set, whichever account is named.
        let set = json!({"type": "password", "value": "newpass1"});
        user1.in_account("acct2").post("/v1/user/credentials", &set).await.ok();
        assert_eq!(client.user("user1", "newpass1").get("/v1/user").await.ok(), own);
    });
}
