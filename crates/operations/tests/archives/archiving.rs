use std::io::Read as _;

use serde_json::{Value, json};
use windlass_matching::testing::{AdvisoryBuilder, advisory};
use windlass_operations::{
    Part, Tenant,
    testing::{Bench, on_every_service},
};
use windlass_store::{
    archived_images::{self, NewArchived},
    object_references::Storage,
};
use windlass_v1::accounts::RequestedState;

use crate::{
    house::{analyse, archive, digest, files, forget, refused, restore, seed, team, told},
    scene::{publish, work},
};

/// The key of the bundle that the archive has of an image, and its members.
async fn bundle(bench: &Bench, tenant: &Tenant, digest: &str) -> (String, Vec<(String, Vec<u8>)>) {
    let row = bench.service.store().account(tenant.name()).archived_image(digest).await.unwrap().unwrap();
    let key = row.object.clone().unwrap();
    let bundle = bench.archive_objects().get(&key.parse().unwrap()).await.unwrap();
    assert_eq!(row.size, Some(i64::try_from(bundle.len()).unwrap()));
    let mut tar = tar::Archive::new(&bundle[..]);
    let mut members = Vec::new();
    for entry in tar.entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        members.push((entry.path().unwrap().display().to_string(), content));
    }
    (key, members)
}

#[test]
fn an_analysed_image_is_archived_once_and_told_of() {
    on_every_service(|bench| async move {
        let (alpha, beta) = (team(&bench, "alpha").await, team(&bench, "beta").await);
        let image = seed(&bench, &alpha, "a", &["r.example/shop/web:1", "r.example/shop/web:2"]).await;
        bench.pass(60);
        let done = ("archived".to_owned(), "Completed successfully".to_owned());
        assert_eq!(archive(&alpha, &image).await, done);
        let shown = json!(alpha.archived_image(&image).await.unwrap());
        let tag = |tag: &str| {
            json!({"pullstring": format!("r.example/shop/web:{tag}"), "registry": "r.example", "repository": "shop/web",
                "tag": tag, "detected_at": "2026-01-01T12:00:00Z", "created_at": "2026-01-01T12:01:00Z",
                "last_updated": "2026-01-01T12:01:00Z"})
        };
        assert_eq!(
            shown,
            json!({"imageDigest": image, "parentDigest": format!("{image}-index"), "annotations": {"team": "a"},
                "status": "archived", "image_detail": [tag("1"), tag("2")], "analyzed_at": "2026-01-01T12:00:00Z",
                "created_at": "2026-01-01T12:01:00Z", "last_updated": "2026-01-01T12:01:00Z",
                "archive_size_bytes": shown["archive_size_bytes"]})
        );
        assert!(shown["archive_size_bytes"].as_u64().unwrap() > 1000);
        assert_eq!(json!(alpha.archived_images(Part::default()).all().await.unwrap()), json!([shown]));
        assert_eq!(json!(alpha.archived_image(&format!("{image}-index")).await.unwrap()), shown, "by its index");
        assert!(alpha.image(&image).await.is_ok(), "the working set keeps it");

        bench.pass(60);
        let again = archive(&alpha, &image).await;
        assert_eq!(again, ("archived".to_owned(), "Image analysis already archived".to_owned()));
        assert_eq!(json!(alpha.archived_image(&image).await.unwrap()), shown);
        assert_eq!(
            told(&bench).await,
            [(
                "system.analysis_archive.image_archived".into(),
                image.clone(),
                json!({"msg": "Archived by API request"})
            )]
        );

        // What others have archived is neither seen nor counted (D-8, F 21).
        assert_eq!(refused(beta.archived_image(&image).await).httpcode, 404);
        assert_eq!(refused(beta.delete_archived_image(&image, true).await).httpcode, 404);
        let summary = async |tenant: &windlass_operations::Tenant| json!(tenant.archive_summary().await.unwrap());
        assert_eq!(
            summary(&alpha).await,
            json!({"images": {"total_image_count": 1, "total_tag_count": 2,
                "total_data_bytes": shown["archive_size_bytes"], "last_updated": "2026-01-01T12:01:00Z"},
                "rules": {"count": 0, "last_updated": null}})
        );
        assert_eq!(
            summary(&beta).await["images"],
            json!({"total_image_count": 0, "total_tag_count": 0, "total_data_bytes": 0, "last_updated": ""})
        );
    });
}

#[test]
fn an_image_is_archived_by_the_digest_of_its_index() {
    on_every_service(|bench| async move {
        let alpha = team(&bench, "alpha").await;
        let image = seed(&bench, &alpha, "a", &["r.example/shop/web:1"]).await;
        let done = ("archived".to_owned(), "Completed successfully".to_owned());
        assert_eq!(archive(&alpha, &format!("{image}-index")).await, done);
        assert_eq!(json!(alpha.archived_image(&image).await.unwrap())["imageDigest"], json!(image));
        assert_eq!(
            told(&bench).await,
            [("system.analysis_archive.image_archived".into(), image, json!({"msg": "Archived by API request"}))]
        );
    });
}

#[test]
fn a_bundle_tells_everything_to_whoever_can_read_a_tar_file() {
    on_every_service(|bench| async move {
        let alpha = team(&bench, "alpha").await;
        let image = seed(&bench, &alpha, "a", &["r.example/shop/web:1"]).await;
        alpha.evaluate(&image, &["r.example/shop/web:1".into()]).await.unwrap();
        bench.pass(3600);
        archive(&alpha, &image).await;
        let (key, members) = bundle(&bench, &alpha, &image).await;
        assert_eq!(members[0].0, "archive.json");
        let record: Value = serde_json::from_slice(&members[0].1).unwrap();
        assert_eq!(
            record["archived_at"],
            bench.now().micros(),
            "when it was archived, not when the service began (D-10)"
        );
        assert_eq!(record["evaluations"].as_array().unwrap().len(), 1);
        assert_eq!(record["tags"][0]["repository"], "shop/web");
        assert_eq!((members[1].0.as_str(), &*members[1].1), ("findings.json", &b"[]"[..]), "no data, no findings");
        // Manifest, index, two documents and a verdict.
        assert_eq!(members.len(), 7);
        for (name, content) in &members[2..] {
            let hex = windlass_objects::ObjectKey::of(content).hex();
            assert_eq!(*name, format!("objects/{hex}"));
        }
        forget(&bench, &alpha, &image).await;
        let referenced =
            bench.service.store().referenced_objects(Storage::Bundles, std::slice::from_ref(&key)).await.unwrap();
        assert!(referenced.contains(&key), "no collection takes it");
        assert!(bench.archive_objects().verify(&key.parse().unwrap()).await.is_ok());
    });
}

fn debian(cve: &str, name: &str, fixed: &str) -> AdvisoryBuilder {
    advisory(cve, "debian").severity("high").in_release("debian:12", name, &format!("< {fixed}")).fixed(fixed)
}

/// An image that is restored is compared anew, so that what was found in packages which no image held meanwhile begins anew;
/// the archive's copy tells all of it.
#[test]
fn a_bundle_tells_when_each_finding_came_changed_and_went_and_still_does_when_its_image_is_back() {
    on_every_service(|bench| async move {
        let alpha = team(&bench, "alpha").await;
        let first =
            [debian("CVE-2026-1", "bash", "6"), debian("CVE-2026-2", "bash", "6"), debian("CVE-2026-3", "apt", "2")];
        publish(&bench, 1, first).await;
        let image = seed(&bench, &alpha, "a", &["r.example/shop/web:1"]).await;
        work(&bench).await;
        let opened = bench.now().micros();
        bench.pass(3600);
        // One is withdrawn, one has another remedy, one stays as it was.
        publish(&bench, 2, [debian("CVE-2026-1", "bash", "6"), debian("CVE-2026-2", "bash", "7")]).await;
        let changed = bench.now().micros();
        bench.pass(3600);
        archive(&alpha, &image).await;

        let findings = async || {
            let (_, members) = bundle(&bench, &alpha, &image).await;
            let text = &members.iter().find(|(name, _)| name == "findings.json").unwrap().1;
            serde_json::from_slice::<Value>(text).unwrap()
        };
        let finding = |cve: &str, package: &str, version: &str, altered_at: Option<i64>, closed_at: Option<i64>| {
            json!({"vulnerability": cve, "namespace": "debian:distro:debian:12", "severity": "High", "will_not_fix": false,
                "package": package, "version": version, "kind": "deb", "opened_at": opened, "altered_at": altered_at,
                "closed_at": closed_at})
        };
        let told = json!([
            finding("CVE-2026-3", "apt", "1.0", None, Some(changed)),
            finding("CVE-2026-1", "bash", "5.0", None, None),
            finding("CVE-2026-2", "bash", "5.0", Some(changed), None),
        ]);
        assert_eq!(findings().await, told);

        forget(&bench, &alpha, &image).await;
        bench.service.collect_packages().await.unwrap();
        bench.pass(30 * 86_400);
        assert_eq!(bench.service.collect_packages().await.unwrap().0, 2, "nobody has bash or apt any more");
        restore(&alpha, &image).await.unwrap();
        work(&bench).await;
        assert_eq!(findings().await, told);
        let store = bench.service.store();
        let analysis = store.account(alpha.name()).image(&image).await.unwrap().unwrap().analysis.unwrap();
        let anew = store.findings_of_analysis(analysis).await.unwrap();
        let anew: Vec<_> = anew.iter().map(|row| (&*row.vulnerability, row.opened_at, row.closed_at)).collect();
        assert_eq!(anew, [("CVE-2026-1", bench.now(), None), ("CVE-2026-2", bench.now(), None)]);
    });
}

#[test]
fn what_cannot_be_archived_is_told_one_by_one() {
    on_every_service(|bench| async move {
        let alpha = team(&bench, "alpha").await;
        let good = seed(&bench, &alpha, "a", &["r.example/a:1"]).await;
        let deleting = seed(&bench, &alpha, "b", &["r.example/b:1"]).await;
        alpha.delete_image(&deleting, true).await.unwrap();
        let lost = seed(&bench, &alpha, "c", &["r.example/c:1"]).await;
        let store = bench.service.store().account(alpha.name());
        let manifest = store.image(&lost).await.unwrap().unwrap().manifest;
        bench.objects().delete(&manifest.parse().unwrap()).await.unwrap();
        let asked = [digest("0"), deleting.clone(), lost.clone(), good.clone()];
        let results = alpha.archive_images(&asked).await.unwrap();
        let statuses: Vec<_> = results.iter().map(|result| result.status.as_str()).collect();
        assert_eq!(statuses, ["error", "error", "error", "archived"]);
        let unknown = format!("Could not locate an image with digest {} in account alpha", digest("0"));
        assert_eq!(results[0].detail, unknown);
        assert!(results[1].detail.contains("image_status deleting"), "{}", results[1].detail);
        let folder = bench.folder.path().display().to_string();
        assert!(!results[2].detail.contains(&folder), "nothing internal: {}", results[2].detail);
        let archived = alpha.archived_images(Part::default()).all().await.unwrap();
        assert_eq!(archived.len(), 1, "nothing is left of what failed");
        let failed = told(&bench).await;
        let failed = failed.iter().filter(|(kind, ..)| kind == "system.analysis_archive.image_archive_failed");
        let failed: Vec<_> = failed.map(|(_, resource, details)| (resource.clone(), details.clone())).collect();
        let reason = |at: usize| (asked[at].clone(), json!({"msg": results[at].detail}));
        assert_eq!(failed, [reason(0), reason(1), reason(2)]);
    });
}

#[test]
fn a_newer_analysis_takes_the_place_of_the_archived_one() {
    on_every_service(|bench| async move {
        let alpha = team(&bench, "alpha").await;
        let image = seed(&bench, &alpha, "a", &["r.example/a:1"]).await;
        archive(&alpha, &image).await;
        let bundles = || files(&bench.folder.path().join("archive"));
        let first = bundles();
        bench.pass(60);
        analyse(&bench, &alpha, "a", "second").await;
        assert_eq!(archive(&alpha, &image).await.1, "Completed successfully");
        bench.collect_objects().await;
        let second = bundles();
        assert_eq!((first.len(), second.len()), (1, 1), "the old bundle is gone");
        assert_ne!(first, second);
        let shown = json!(alpha.archived_image(&image).await.unwrap());
        assert_eq!((&shown["analyzed_at"], &shown["status"]), (&json!("2026-01-01T12:01:00Z"), &json!("archived")));
        assert_eq!(json!(alpha.archive_summary().await.unwrap())["images"]["total_tag_count"], 1);
    });
}

#[test]
fn an_archived_image_is_removed_and_one_that_is_being_archived_by_force_only() {
    on_every_service(|bench| async move {
        let alpha = team(&bench, "alpha").await;
        let image = seed(&bench, &alpha, "a", &["r.example/a:1"]).await;
        archive(&alpha, &image).await;
        alpha.delete_archived_image(&image, false).await.unwrap();
        assert_eq!(refused(alpha.archived_image(&image).await).message, "Not found in archive");
        bench.collect_objects().await;
        assert_eq!(files(&bench.folder.path().join("archive")).len(), 0);
        assert!(alpha.image(&image).await.is_ok());
        let details = json!({"msg": "Deleted by API request"});
        let gone = ("system.analysis_archive.archived_image_deleted".to_owned(), image.clone(), details);
        assert_eq!(told(&bench).await[1], gone);

        // As one leaves it that was killed at work.
        let store = bench.service.store();
        let new = NewArchived {
            digest: &image,
            parent_digest: &image,
            image_id: "id",
            annotations: "{}",
            analyzed_at: bench.now(),
            tags: Vec::new(),
        };
        let begin = async || {
            let tx = store.begin().await.unwrap();
            archived_images::ensure(&tx, alpha.name(), &new, bench.now()).await.unwrap();
            tx.commit().await.unwrap();
        };
        begin().await;
        bench.pass(1);
        let refusal = refused(alpha.delete_archived_image(&image, false).await);
        assert_eq!(refusal.httpcode, 400);
        let kind = "system.analysis_archive.archived_image_delete_failed".to_owned();
        assert_eq!(told(&bench).await.pop(), Some((kind, image.clone(), json!({"msg": refusal.message}))));
        bench.pass(1);
        assert_eq!(refused(alpha.delete_archived_image("sha256:none", false).await).httpcode, 404);
        let last = told(&bench).await.pop().unwrap();
        assert_eq!(last.1, image, "of what is not there, nothing is told");
        assert_eq!(archive(&alpha, &image).await.0, "archiving");
        alpha.delete_archived_image(&image, true).await.unwrap();
        assert!(alpha.archived_images(Part::default()).all().await.unwrap().is_empty());
        begin().await;
        bench.pass(3601);
        assert_eq!(archive(&alpha, &image).await.0, "archived", "who is dead is not waited for");
    });
}

#[test]
fn nothing_of_an_account_that_is_deleted_stays_in_the_archive() {
    on_every_service(|bench| async move {
        let (alpha, beta) = (team(&bench, "alpha").await, team(&bench, "beta").await);
        for tenant in [&alpha, &beta] {
            let image = seed(&bench, tenant, "a", &["r.example/a:1"]).await;
            archive(tenant, &image).await;
        }
        let bundles = || files(&bench.folder.path().join("archive")).len();
        assert_eq!(bundles(), 2);
        bench.service.set_account_state("alpha", RequestedState::Disabled).await.unwrap();
        bench.service.delete_account("alpha").await.unwrap();
        while bench.service.purge_accounts().await.unwrap() > 0 {}
        bench.collect_objects().await;
        assert_eq!(bundles(), 1);
        assert_eq!(beta.archived_images(Part::default()).all().await.unwrap().len(), 1);
    });
}
