//! Rules about what an image is built on, which know the images of the account.

use serde_json::{Value, json};
use windlass_operations::{Tenant, evaluations::CheckRequest};
use windlass_store::testing::on_every_engine;

use crate::{
    place::{Place, add, registry_with},
    registry::Sample,
};

async fn forbid(tenant: &Tenant, trigger: &str, parameter: &str, value: &str) {
    let params = if parameter.is_empty() { json!([]) } else { json!([{"name": parameter, "value": value}]) };
    let rule = json!({"id": "r", "gate": "ancestry", "trigger": trigger, "action": "STOP", "params": params});
    let bundle = json!({"id": "b", "name": "b", "version": "1_0", "whitelists": [],
        "policies": [{"id": "p", "name": "p", "version": "1_0", "rules": [rule]}],
        "mappings": [{"id": "m", "name": "m", "policy_id": "p", "whitelist_ids": [], "registry": "*", "repository": "*",
            "image": {"type": "tag", "value": "*"}}]});
    let known = tenant.add_policy(bundle.clone()).await;
    known.unwrap();
    let update = json!({"policyId": "b", "active": true, "policybundle": bundle});
    tenant.update_policy("b", serde_json::from_value(update).unwrap(), false).await.unwrap();
}

async fn verdict(tenant: &Tenant, digest: &str, tag: &str) -> String {
    let request = CheckRequest { tag: tag.into(), ..CheckRequest::default() };
    let check: Value = json!(tenant.check(digest, &request).await.unwrap());
    let (_, of_tag) = check[0][digest].as_object().unwrap().iter().next().unwrap();
    of_tag[0]["status"].as_str().unwrap().to_owned()
}

#[test]
fn the_base_image_is_known_by_its_layers_within_the_account() {
    on_every_engine(|store| async move {
        let base = Sample::new("bash");
        let image = base.with("srv/a");
        let above = image.with("srv/b");
        let Some(registry) = registry_with(&base).await else { return };
        registry.push(&image, "2").await;
        registry.push(&above, "3").await;
        let place = Place::new(store).await;
        let (alpha, beta) = (&place.alpha, &place.beta);
        let tag = |tag: &str| format!("{}/team/app:{tag}", registry.address);
        add(alpha, &registry.address, "2").await;
        add(alpha, &registry.address, "3").await;
        add(beta, &registry.address, "1").await;
        while place.work().await {}
        forbid(alpha, "no_ancestors_analyzed", "", "").await;
        assert_eq!(verdict(alpha, &image.digest, &tag("2")).await, "fail", "beta's image is beta's");
        assert_eq!(verdict(alpha, &above.digest, &tag("3")).await, "pass");
        add(alpha, &registry.address, "1").await;
        while place.work().await {}
        assert_eq!(verdict(alpha, &image.digest, &tag("2")).await, "pass", "its base is known now");
        assert_eq!(verdict(alpha, &base.digest, &tag("1")).await, "fail", "it is not built on what is built on it");

        forbid(alpha, "allowed_base_image_tag", "base_tag", &tag("2")).await;
        assert_eq!(verdict(alpha, &above.digest, &tag("3")).await, "pass", "the one with the most layers");
        assert_eq!(verdict(alpha, &image.digest, &tag("2")).await, "fail");
        forbid(alpha, "denylist_ancestor_image_digest", "ancestor_digest", &base.digest).await;
        assert_eq!(verdict(alpha, &above.digest, &tag("3")).await, "fail", "every ancestor counts");
        assert_eq!(verdict(alpha, &base.digest, &tag("1")).await, "pass");
    });
}
