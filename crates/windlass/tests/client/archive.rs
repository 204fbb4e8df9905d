//! The archive and its rules.

use serde_json::json;
use windlass_client::testing::StandIn;

use crate::place::Place;

#[test]
fn the_archive_and_its_rules_are_managed() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let archived = json!({"imageDigest": digest, "image_detail": [{"pullstring": "app:1"}, {"pullstring": "app:2"}],
        "status": "archived", "archive_size_bytes": 7});
    let rule = json!({"rule_id": "r1", "transition": "archive", "selector": {"registry": "*"}, "system_global": false, "max_images_per_account": null});
    let moved = json!({"imageDigest": digest, "tags": ["r/a:1", "r/a:2"], "transition": "archive", "transition_state": "complete",
        "transition_task_id": "t1", "detail": null, "created_at": null});
    let service = StandIn::start()
        .answers("GET /v1/archives/images", 200, json!([archived]).to_string())
        .answers(&format!("GET /v1/archives/images/{digest}"), 200, archived.to_string())
        .answers(
            "POST /v1/archives/images",
            200,
            json!([{"digest": digest, "status": "archived", "detail": "done"}]).to_string(),
        )
        .answers("POST /v1/images", 200, json!([{"imageDigest": digest}]).to_string())
        .answers(&format!("DELETE /v1/archives/images/{digest}?force=true"), 200, "{}")
        .answers("GET /v1/archives/rules", 200, json!([rule]).to_string())
        .answers("POST /v1/archives/rules", 200, rule.to_string())
        .answers("POST /v1/archives/rules/run", 200, json!({"transition_task_id": "t1", "dry_run": false}).to_string())
        .answers("GET /v1/archives/rules/r1/preview", 200, json!([moved]).to_string())
        .answers("GET /v1/archives/rules/r1/history", 200, json!([moved]).to_string())
        .answers("DELETE /v1/archives/rules/r1", 200, "{}");
    let place = Place::before(&service);
    assert!(place.ok("archive images list").contains("app:1,app:2"));
    assert!(place.ok(&format!("analysis-archive images get {digest}")).contains("archived"), "as anchore-cli calls it");
    assert!(place.ok(&format!("archive images add {digest}")).contains("done"));
    assert_eq!(place.run("archive images add sha256:zz").exit, 2, "it is no digest");
    assert!(place.ok(&format!("archive images restore {digest}")).contains("Image Digest"));
    assert_eq!(place.run(&format!("archive images del {digest}")).exit, 2, "whatever kept it");
    assert_eq!(place.ok(&format!("archive images del {digest} --force")), "Success\n");
    assert!(place.ok("archive rules list").contains("r1"));
    place
        .ok("archive rules add 30 2 archive --repository-selector app* --tag-exclude keep --exclude-expiration-days 9");
    assert_eq!(
        service.asked().pop().expect("asked").json(),
        json!({"analysis_age_days": 30, "tag_versions_newer": 2, "transition": "archive", "system_global": false,
            "selector": {"registry": "*", "repository": "app*", "tag": "*"},
            "exclude": {"selector": {"registry": "", "repository": "", "tag": "keep"}, "expiration_days": 9}})
    );
    place.ok("archive rules add 1 0 archive --is-global --max-images-per-account 5");
    let asked = service.asked().pop().expect("asked").json();
    assert!(asked.get("selector").is_none() && asked["max_images_per_account"] == 5, "{asked}");
    assert_eq!(place.run("archive rules add 1 0 archive --max-images-per-account 5").exit, 2, "only for every account");
    assert_eq!(
        place.run("archive rules add 1 0 archive --is-global --max-images-per-account 5 --tag-selector a").exit,
        2
    );
    assert_eq!(place.run("archive rules add 0 0 delete").exit, 1, "nobody said yes");
    assert!(place.ok("archive rules add 0 0 delete --dontask").contains("r1"));
    assert_eq!(place.ok("archive rules run"), "Run t1 moves images as soon as a worker is free\n");
    for what in ["preview", "history"] {
        let told = place.ok(&format!("archive rules {what} r1"));
        assert!(told.contains("r/a:1,r/a:2") && told.contains("complete"), "{told}");
    }
    assert_eq!(place.ok("archive rules del r1"), "Success\n");
}
