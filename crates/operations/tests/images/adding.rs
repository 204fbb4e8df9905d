use sea_orm::EntityTrait as _;
use serde_json::{Value, json};
use windlass_operations::{
    Tenant,
    testing::{Bench, on_every_service},
};
use windlass_store::{images::AnalysisStatus as Stored, subscriptions};
use windlass_v1::images::{AnalysisStatus, ImageStatus};

use crate::{add, leave, refusal, registry::Registry, request, told, waiting};

/// Kind and activity of the subscriptions on a name.
async fn subscribed(bench: &Bench, tenant: &Tenant, key: &str) -> Vec<(subscriptions::Kind, bool)> {
    let tx = bench.service.store().begin().await.unwrap();
    let rows = subscriptions::Entity::find().all(&tx).await.unwrap();
    let own = rows.into_iter().filter(|row| row.account == tenant.name().as_str() && row.key == key);
    let mut kinds: Vec<_> = own.map(|row| (row.kind, row.active)).collect();
    kinds.sort_by_key(|(kind, _)| format!("{kind:?}"));
    kinds
}

const QUIET: [(subscriptions::Kind, bool); 4] = [
    (subscriptions::Kind::AnalysisUpdate, true),
    (subscriptions::Kind::PolicyEvaluation, false),
    (subscriptions::Kind::TagUpdate, false),
    (subscriptions::Kind::VulnerabilityUpdate, false),
];

#[test]
fn an_image_is_added_by_tag_with_its_subscriptions_and_one_job() {
    let Some(registry) = Registry::start() else { return };
    on_every_service(|bench| {
        let registry = &registry;
        async move {
            let team = bench.account("team").await;
            let pushed = registry.push("shop/web", "1", "one").await;
            let fulltag = format!("{}/shop/web:1", registry.address);
            let image = add(&team, json!({"tag": fulltag, "annotations": {"build": "77"}})).await;
            assert_eq!(
                json!(image),
                json!({
                    "imageDigest": pushed.digest, "parentDigest": pushed.digest, "userId": "team", "image_type": "docker",
                    "image_status": "active", "analysis_status": "not_analyzed", "annotations": {"build": "77"},
                    "created_at": "2026-01-01T12:00:00Z", "last_updated": "2026-01-01T12:00:00Z", "analyzed_at": null,
                    "image_content": {"metadata": {"arch": null, "distro": null, "distro_version": null,
                        "dockerfile_mode": null, "image_size": null, "layer_count": null}},
                    "image_detail": [{"registry": registry.address, "repo": "shop/web", "tag": "1", "fulltag": fulltag,
                        "fulldigest": format!("{}/shop/web@{}", registry.address, pushed.digest),
                        "digest": pushed.digest, "imageDigest": pushed.digest, "imageId": pushed.id, "userId": "team",
                        "dockerfile": null, "created_at": "2026-01-01T12:00:00Z",
                        "last_updated": "2026-01-01T12:00:00Z", "tag_detected_at": "2026-01-01T12:00:00Z"}],
                })
            );
            assert_eq!(subscribed(&bench, &team, &fulltag).await, QUIET);
            assert_eq!(waiting(&bench).await, [(pushed.digest.clone(), json!({"digest": pushed.digest}))]);
            assert_eq!(told(&bench).await, []);

            bench.pass(60);
            let again = add(&team, json!({"source": {"tag": {"pullstring": fulltag}}})).await;
            assert_eq!((again.analysis_status, &again.annotations), (image.analysis_status, &image.annotations));
            assert_eq!(again.image_detail, image.image_detail);
            assert_eq!(waiting(&bench).await.len(), 1);

            let watched = team.add_image(&request(json!({"tag": fulltag})), false, true).await.unwrap().swap_remove(0);
            assert_eq!(watched.image_digest, pushed.digest);
            let mut expected = QUIET;
            expected[2].1 = true;
            assert_eq!(subscribed(&bench, &team, &fulltag).await, expected);
            add(&team, json!({"tag": fulltag})).await;
            assert_eq!(subscribed(&bench, &team, &fulltag).await, expected, "nothing is switched off");
        }
    });
}

#[test]
fn accounts_that_add_the_same_image_know_nothing_of_each_other() {
    let Some(registry) = Registry::start() else { return };
    on_every_service(|bench| {
        let registry = &registry;
        async move {
            let (one, two) = (bench.account("one").await, bench.account("two").await);
            let pushed = registry.push("shop/web", "1", "one").await;
            let fulltag = format!("{}/shop/web:1", registry.address);
            add(&one, json!({"tag": fulltag, "annotations": {"by": "one"}})).await;
            assert!(two.image(&pushed.digest).await.is_err());
            assert!(two.image_by_id(&pushed.id).await.is_err());
            assert_eq!(json!(two.delete_image(&pushed.digest, true).await.unwrap())["status"], "not_found");
            let theirs = add(&two, json!({"tag": fulltag})).await;
            assert_eq!((theirs.user_id.as_str(), json!(theirs.annotations)), ("two", json!({})));
            assert_eq!(waiting(&bench).await.len(), 2);
            two.delete_image(&pushed.digest, true).await.unwrap();
            assert_eq!(one.image(&pushed.digest).await.unwrap().image_status, ImageStatus::Active);
            assert_eq!(subscribed(&bench, &one, &fulltag).await, QUIET);
            assert_eq!(waiting(&bench).await.len(), 1);
        }
    });
}

#[test]
fn of_an_index_the_image_for_amd64_is_taken_and_the_index_remembered() {
    let Some(registry) = Registry::start() else { return };
    on_every_service(|bench| {
        let registry = &registry;
        async move {
            let team = bench.account("team").await;
            let arm = registry.push_for("shop/web", "arm", "arm", "arm64").await;
            let amd = registry.push_for("shop/web", "amd", "amd", "amd64").await;
            let index = registry.push_index("shop/web", "1", &[&arm, &amd]).await;
            let repository = format!("{}/shop/web", registry.address);
            let image = add(&team, json!({"tag": format!("{repository}:1")})).await;
            assert_eq!((&image.image_digest, &image.parent_digest), (&amd.digest, &index));
            assert_eq!(team.image(&index).await.unwrap().image_digest, amd.digest);
            let by_digest = json!({"digest": format!("{repository}@{}", amd.digest), "tag": format!("{repository}:2")});
            let image = add(&team, by_digest).await;
            assert_eq!((&image.parent_digest, image.image_detail.len()), (&index, 2));
            let by_index = json!({"digest": index, "tag": format!("{repository}:3")});
            assert_eq!(add(&team, by_index).await.image_digest, amd.digest);

            registry.push_index("shop/web", "arm-only", &[&arm]).await;
            let refused = refusal(&team, json!({"tag": format!("{repository}:arm-only")}), false).await;
            assert_eq!(json!(refused)["detail"]["error_codes"], json!(["OSARCH_MISMATCH"]));
        }
    });
}

#[test]
fn a_tag_that_moves_stands_for_its_new_image_and_for_the_old_one_when_it_moves_back() {
    let Some(registry) = Registry::start() else { return };
    on_every_service(|bench| {
        let registry = &registry;
        async move {
            let team = bench.account("team").await;
            let fulltag = format!("{}/shop/web:1", registry.address);
            let history = async || {
                let filter = windlass_operations::images::ImageFilter {
                    fulltag: Some(fulltag.clone()),
                    history: true,
                    ..Default::default()
                };
                let found = team.images(&filter).await.unwrap();
                found.into_iter().map(|image| image.image_digest).collect::<Vec<_>>()
            };
            let first = registry.push("shop/web", "1", "one").await.digest;
            add(&team, json!({"tag": fulltag})).await;
            bench.pass(60);
            let second = registry.push("shop/web", "1", "two").await.digest;
            add(&team, json!({"tag": fulltag})).await;
            assert_eq!(history().await, [second.clone(), first.clone()]);
            bench.pass(60);
            registry.push("shop/web", "1", "one").await;
            add(&team, json!({"tag": fulltag})).await;
            assert_eq!(history().await, [first, second]);
        }
    });
}

#[test]
fn a_second_tag_of_an_analysed_image_is_available_at_once() {
    let Some(registry) = Registry::start() else { return };
    on_every_service(|bench| {
        let registry = &registry;
        async move {
            let team = bench.account("team").await;
            let digest = registry.push("shop/web", "1", "one").await.digest;
            for tag in ["2", "3"] {
                registry.push("shop/web", tag, "one").await;
            }
            let tag = |tag: &str| format!("{}/shop/web:{tag}", registry.address);
            add(&team, json!({"tag": tag("1"), "annotations": {"a": "b"}})).await;
            add(&team, json!({"tag": tag("2")})).await;
            assert_eq!(told(&bench).await, [], "it is not analysed yet");
            leave(&bench, &team, &digest, Stored::Analyzed).await;
            let image = add(&team, json!({"tag": tag("3")})).await;
            assert_eq!((image.analysis_status, image.image_detail.len()), (AnalysisStatus::Analyzed, 3));
            add(&team, json!({"tag": tag("3")})).await;
            assert_eq!(waiting(&bench).await, []);
            let progress = json!({"imageDigest": digest, "analysis_status": "analyzed", "annotations": {"a": "b"}});
            let details = json!({"curr_eval": progress, "last_eval": progress, "annotations": {"a": "b"},
                "subscription_type": "analysis_update"});
            assert_eq!(told(&bench).await, [("user.image.analysis.completed".to_owned(), tag("3"), details)]);
        }
    });
}

#[test]
fn an_image_starts_over_when_it_failed_was_deleted_or_is_forced() {
    let Some(registry) = Registry::start() else { return };
    on_every_service(|bench| {
        let registry = &registry;
        async move {
            let team = bench.account("team").await;
            let digest = registry.push("shop/web", "1", "one").await.digest;
            let body = json!({"tag": format!("{}/shop/web:1", registry.address)});
            add(&team, body.clone()).await;
            for status in [Stored::Analyzing, Stored::Analyzed] {
                leave(&bench, &team, &digest, status).await;
                let image = add(&team, body.clone()).await;
                assert_ne!(image.analysis_status, AnalysisStatus::NotAnalyzed);
                assert_eq!(waiting(&bench).await, []);
            }
            leave(&bench, &team, &digest, Stored::AnalysisFailed).await;
            assert_eq!(add(&team, body.clone()).await.analysis_status, AnalysisStatus::NotAnalyzed);
            assert_eq!(waiting(&bench).await.len(), 1);

            leave(&bench, &team, &digest, Stored::Analyzed).await;
            team.delete_image(&digest, true).await.unwrap();
            let image = add(&team, body.clone()).await;
            assert_eq!((image.image_status, image.analysis_status), (ImageStatus::Active, AnalysisStatus::NotAnalyzed));
            assert_eq!(waiting(&bench).await.len(), 1);
            assert_eq!(bench.service.collect_images().await.unwrap(), 0);

            leave(&bench, &team, &digest, Stored::Analyzing).await;
            let image = team.add_image(&request(body), true, false).await.unwrap().swap_remove(0);
            assert_eq!(image.analysis_status, AnalysisStatus::NotAnalyzed);
            assert_eq!(waiting(&bench).await, [(digest.clone(), json!({"digest": digest, "force": true}))]);
        }
    });
}

#[test]
fn a_digest_is_recorded_under_the_tag_and_the_time_that_are_given() {
    let Some(registry) = Registry::start() else { return };
    on_every_service(|bench| {
        let registry = &registry;
        async move {
            let team = bench.account("team").await;
            let repository = format!("{}/shop/web", registry.address);
            let (old, new) = (
                registry.push("shop/web", "old", "old").await.digest,
                registry.push("shop/web", "new", "new").await.digest,
            );
            let source = |digest: &str, time: Option<&str>| -> Value {
                let mut member =
                    json!({"pullstring": format!("{repository}@{digest}"), "tag": format!("{repository}:1")});
                if let Some(time) = time {
                    member["creation_timestamp_override"] = time.into();
                }
                json!({"source": {"digest": member}})
            };
            add(&team, source(&new, None)).await;
            let image = add(&team, source(&old, Some("2019-01-01T01:01:01:25Z"))).await;
            assert_eq!(image.created_at.to_string(), "2019-01-01T01:01:01Z");
            assert_eq!(image.image_detail[0].tag_detected_at.to_string(), "2019-01-01T01:01:01Z");
            let filter = windlass_operations::images::ImageFilter {
                fulltag: Some(format!("{repository}:1")),
                ..Default::default()
            };
            assert_eq!(team.images(&filter).await.unwrap()[0].image_digest, new, "what was earlier is history");

            bench.pass(60);
            let image = team.add_image(&request(source(&old, None)), true, false).await.unwrap().swap_remove(0);
            assert_eq!(image.image_detail[0].tag_detected_at.to_string(), "2019-01-01T01:01:01Z");
            assert_eq!(team.images(&filter).await.unwrap()[0].image_digest, new);
        }
    });
}

#[test]
fn annotations_are_merged_and_the_dockerfile_changes_by_force_only() {
    let Some(registry) = Registry::start() else { return };
    on_every_service(|bench| {
        let registry = &registry;
        async move {
            let team = bench.account("team").await;
            let digest = registry.push("shop/web", "1", "one").await.digest;
            let fulltag = format!("{}/shop/web:1", registry.address);
            let (first, second) = ("RlJPTSBzY3JhdGNoCg==", "RlJPTSBkZWJpYW4K");
            let image =
                add(&team, json!({"tag": fulltag, "dockerfile": first, "annotations": {"a": "1", "b": "2"}})).await;
            assert_eq!(image.image_detail[0].dockerfile.as_deref(), Some(first));
            let image = add(&team, json!({"tag": fulltag, "annotations": {"a": "null", "c": null}})).await;
            assert_eq!(json!(image.annotations), json!({"b": "2", "c": null}));

            let body = json!({"tag": fulltag, "dockerfile": second, "annotations": {"d": "4"}});
            let refused = refusal(&team, body.clone(), false).await;
            assert_eq!(
                refused.message,
                "Cannot specify dockerfile for an image that already exists unless using force=True for re-analysis"
            );
            assert_eq!(json!(refused)["detail"], json!({"error_codes": [], "digest": digest, "tag": fulltag}));
            assert_eq!(json!(team.image(&digest).await.unwrap().annotations), json!({"b": "2", "c": null}));
            let image = team.add_image(&request(body), true, false).await.unwrap().swap_remove(0);
            assert_eq!(image.image_detail[0].dockerfile.as_deref(), Some(second));
        }
    });
}
