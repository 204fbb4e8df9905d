//! Images of one index: the one that its tag stands for, and those that are asked for beside it.

use serde_json::{Value, json};
use windlass_operations::{Tenant, images::ImageFilter, testing::on_every_service};

use crate::{add, refusal, registry::Registry, request, told, waiting};

async fn digests(tenant: &Tenant, fulltag: Option<&str>) -> Vec<String> {
    let filter =
        ImageFilter { fulltag: fulltag.map(str::to_owned), history: fulltag.is_some(), ..ImageFilter::default() };
    tenant.images(&filter).await.unwrap().into_iter().map(|image| image.image_digest).collect()
}

async fn added(tenant: &Tenant, source: Value) -> Vec<String> {
    let records = tenant.add_image(&request(json!({ "source": source })), false, false).await.unwrap();
    records.into_iter().map(|image| image.image_digest).collect()
}

#[test]
fn every_platform_is_analysed_when_it_is_asked_for_and_the_tag_stands_for_amd64() {
    let Some(registry) = Registry::start() else { return };
    on_every_service(|bench| {
        let registry = &registry;
        async move {
            let team = bench.account("team").await;
            let arm = registry.push_for("shop/web", "arm", "arm", "arm64").await;
            let amd = registry.push_for("shop/web", "amd", "amd", "amd64").await;
            let s390 = registry.push_for("shop/web", "s390", "s390", "s390x").await;
            let index = registry.push_index("shop/web", "1", &[&arm, &amd, &s390]).await;
            let fulltag = format!("{}/shop/web:1", registry.address);
            let all = json!({"tag": {"pullstring": fulltag, "platforms": "all"}});
            assert_eq!(
                added(&team, all.clone()).await,
                [amd.digest.clone(), arm.digest.clone(), s390.digest.clone()],
                "the one that would be chosen goes first"
            );
            assert_eq!(waiting(&bench).await.len(), 3);
            for image in [&arm, &amd, &s390] {
                let record = team.image(&image.digest).await.unwrap();
                assert_eq!(
                    (record.parent_digest, record.image_detail[0].fulltag.clone()),
                    (index.clone(), fulltag.clone())
                );
            }
            assert_eq!(team.image(&index).await.unwrap().image_digest, amd.digest, "whoever asks for the index");
            let named = ImageFilter { fulltag: Some(fulltag.clone()), ..ImageFilter::default() };
            assert_eq!(team.images(&named).await.unwrap()[0].image_digest, amd.digest, "whoever asks for the tag");
            assert_eq!(digests(&team, Some(&fulltag)).await[0], amd.digest);
            assert_eq!(digests(&team, None).await.len(), 3);
            // Once more, nothing changes.
            bench.pass(60);
            let before: Vec<_> = team.images(&ImageFilter::default()).await.unwrap();
            added(&team, all).await;
            let after = team.images(&ImageFilter::default()).await.unwrap();
            let names = |records: &[windlass_v1::images::ImageRecord]| {
                records.iter().map(|image| json!([image.image_digest, image.image_detail])).collect::<Vec<_>>()
            };
            assert_eq!(names(&after), names(&before));
            assert_eq!(waiting(&bench).await.len(), 3);
        }
    });
}

#[test]
fn the_default_platform_keeps_tag_and_index_whatever_came_before_it() {
    let Some(registry) = Registry::start() else { return };
    on_every_service(|bench| {
        let registry = &registry;
        async move {
            let team = bench.account("team").await;
            let arm = registry.push_for("shop/web", "arm", "arm", "arm64").await;
            let amd = registry.push_for("shop/web", "amd", "amd", "amd64").await;
            let index = registry.push_index("shop/web", "1", &[&arm, &amd]).await;
            let fulltag = format!("{}/shop/web:1", registry.address);
            let stands_for = async || {
                let named = ImageFilter { fulltag: Some(fulltag.clone()), ..ImageFilter::default() };
                (
                    team.images(&named).await.unwrap()[0].image_digest.clone(),
                    team.image(&index).await.unwrap().image_digest,
                )
            };
            add(&team, json!({"tag": fulltag})).await;
            bench.pass(60);
            let by_digest = |digest: &str| format!("{}/shop/web@{digest}", registry.address);
            added(&team, json!({"digest": {"pullstring": by_digest(&arm.digest), "tag": fulltag}})).await;
            bench.pass(60);
            let both = json!({"digest": {"pullstring": by_digest(&index), "tag": fulltag,
                "platforms": ["linux/arm64", "x86_64"]}});
            assert_eq!(added(&team, both).await, [amd.digest.clone(), arm.digest.clone()]);
            assert_eq!(stands_for().await, (amd.digest.clone(), amd.digest.clone()));
            assert_eq!(team.image(&arm.digest).await.unwrap().parent_digest, index);
            // Only one that is none for amd64: there is nothing else the tag could stand for.
            let other = bench.account("other").await;
            let arm_alone = json!({"tag": {"pullstring": fulltag, "platforms": ["linux/arm64"]}});
            assert_eq!(added(&other, arm_alone).await, std::slice::from_ref(&arm.digest));
            assert_eq!(digests(&other, Some(&fulltag)).await, std::slice::from_ref(&arm.digest));
        }
    });
}

#[test]
fn platforms_that_are_none_or_not_there_are_refused_and_nothing_is_added() {
    let Some(registry) = Registry::start() else { return };
    on_every_service(|bench| {
        let registry = &registry;
        async move {
            let team = bench.account("team").await;
            let arm = registry.push_for("shop/web", "arm", "arm", "arm64").await;
            let amd = registry.push_for("shop/web", "amd", "amd", "amd64").await;
            registry.push_index("shop/web", "1", &[&arm, &amd]).await;
            let ask = |tag: &str, platforms: Value| {
                let pullstring = format!("{}/shop/web:{tag}", registry.address);
                json!({"source": {"tag": {"pullstring": pullstring, "platforms": platforms}}})
            };
            let envelope = refusal(&team, ask("1", json!(["linux/z80"])), false).await;
            let reason = envelope.detail.unwrap().context["validation_error"].to_string();
            assert!(envelope.httpcode == 400 && reason.contains("architecture is unknown"), "{reason}");
            assert_eq!(refusal(&team, ask("1", json!([])), false).await.httpcode, 400);
            assert_eq!(told(&bench).await, []);
            for (tag, platform) in [("1", "linux/s390x"), ("amd", "linux/arm64")] {
                let envelope = refusal(&team, ask(tag, json!(["linux/amd64", platform])), false).await;
                let reason = envelope.detail.unwrap().context["raw_exception_message"].to_string();
                assert!(reason.contains(platform), "{reason}");
            }
            assert_eq!(told(&bench).await.len(), 2, "as any look-up that failed");
            assert_eq!(digests(&team, None).await, [""; 0]);
            assert_eq!(
                added(&team, ask("amd", json!("all"))["source"].clone()).await,
                [amd.digest],
                "an image without an index is all there is"
            );
        }
    });
}
