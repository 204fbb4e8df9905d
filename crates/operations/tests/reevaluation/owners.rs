//! Distributions patch a library and leave its version as it was: what is found by the version goes, and comes back, without
//! a change of its own.

use serde_json::{Value, json};
use windlass_matching::testing::{AdvisoryBuilder, advisory, deb_from, package, sbom};
use windlass_operations::{Tenant, testing::on_every_service};
use windlass_sbom::{PackageType, Relationship, RelationshipKind, Sbom};

use crate::{
    house::{VERDICT, VULNERABILITIES, debian, judge_by, key, names, publish, subscribe, told, usual},
    scene::image,
};

/// A library, and the package of Debian that brings it.
fn owned() -> Sbom {
    let owner = deb_from("requests", "", "python3-requests", "2.28.1+dfsg-2");
    let mut sbom = sbom("debian:12", [owner, library()]);
    sbom.relationships.push(Relationship {
        kind: RelationshipKind::OwnershipByFileOverlap,
        parent: sbom.packages[0].id.clone(),
        child: sbom.packages[1].id.clone(),
        files: Vec::new(),
    });
    sbom
}

fn library() -> windlass_sbom::Package {
    package(PackageType::Python, "requests", "2.20.0")
}

fn flaw(id: &str, cve: &str, fixed: &str) -> AdvisoryBuilder {
    let flaw = advisory(id, "github").alias(cve).severity("high");
    flaw.in_ecosystem("python", "requests", &format!("< {fixed}")).fixed(fixed)
}

/// What Debian says that it has fixed.
fn patched(cve: &str) -> AdvisoryBuilder {
    debian(cve, "requests", "2.28.1+dfsg-1")
}

/// What was told of vulnerabilities of a tag, oldest first: what came, went and changed.
async fn differences(tenant: &Tenant, repository: &str) -> Vec<[Vec<String>; 3]> {
    let events = told(tenant, VULNERABILITIES).await;
    let own = events.iter().filter(|(tag, _)| *tag == key(repository));
    own.map(|(_, details)| ["added", "removed", "updated"].map(|part| names(details, part))).collect()
}

fn difference(added: &[&str], removed: &[&str], updated: &[&str]) -> [Vec<String>; 3] {
    [added, removed, updated].map(|ids| ids.iter().map(|id| (*id).to_owned()).collect())
}

/// Changes of an image, newest first: what, of which vulnerability, and whether by its owner.
async fn history(tenant: &Tenant, digest: &str) -> Vec<[Value; 3]> {
    let list = json!(tenant.changes_of_image(digest, None, None, None).await.unwrap());
    let changes = list["changes"].as_array().unwrap().iter().filter(|change| change["kind"] == "vulnerability");
    changes
        .map(|change| {
            assert!(change["images"].as_array().unwrap().contains(&json!(digest)), "{change}");
            let by_owner = change.get("by_owner").cloned().unwrap_or(json!(false));
            [change["change"].clone(), change["vulnerability"]["CVE_ID"].clone(), by_owner]
        })
        .collect()
}

#[test]
fn what_a_distribution_fixes_in_its_package_is_told_and_so_is_that_it_has_not() {
    on_every_service(|bench| async move {
        let team = bench.account("team").await;
        judge_by(&bench, &team, usual()).await;
        publish(&bench, 1, [flaw("GHSA-1", "CVE-2018-1", "2.30")]).await;
        let web = image(&bench, &team, "web", &owned()).await;
        let pip = image(&bench, &team, "pip", &sbom("debian:12", [library()])).await;
        for repository in ["web", "pip"] {
            for kind in ["vuln_update", "policy_eval"] {
                subscribe(&bench, &team, kind, &key(repository), None).await;
            }
        }
        let flaw = || flaw("GHSA-1", "CVE-2018-1", "2.30");
        publish(&bench, 2, [flaw(), patched("CVE-2018-1")]).await;
        assert_eq!(differences(&team, "web").await, [difference(&[], &["GHSA-1"], &[])]);
        publish(&bench, 3, [flaw()]).await;
        assert_eq!(differences(&team, "web").await[1..], [difference(&["GHSA-1"], &[], &[])]);
        assert!(differences(&team, "pip").await.is_empty(), "nobody owns its library");

        let actions: Vec<Value> = told(&team, VERDICT)
            .await
            .iter()
            .map(|(tag, details)| {
                let action = |time: &str| details[time]["final_action"].clone();
                json!([tag, action("last_eval"), action("curr_eval"), details["change_reason"]])
            })
            .collect();
        let flip = |from: &str, to: &str| json!([key("web"), from, to, "vulnerability_data"]);
        assert_eq!(actions, [flip("stop", "go"), flip("go", "stop")]);

        let owner = |change: &str| [json!(change), json!("GHSA-1"), json!(true)];
        assert_eq!(history(&team, &web).await, [owner("added"), owner("removed")]);
        assert!(history(&team, &pip).await.is_empty());
    });
}

#[test]
fn what_changes_together_with_what_is_fixed_is_told_as_what_it_comes_to() {
    on_every_service(|bench| async move {
        let team = bench.account("team").await;
        let first = |fixed| flaw("GHSA-1", "CVE-2018-1", fixed);
        publish(&bench, 1, [first("2.30")]).await;
        let web = image(&bench, &team, "web", &owned()).await;
        subscribe(&bench, &team, "vuln_update", &key("web"), None).await;

        // Altered and fixed at once, and altered and no longer fixed.
        publish(&bench, 2, [first("2.31"), patched("CVE-2018-1")]).await;
        publish(&bench, 3, [first("2.32")]).await;
        let expected = [difference(&[], &["GHSA-1"], &[]), difference(&["GHSA-1"], &[], &[])];
        assert_eq!(differences(&team, "web").await, expected);

        // What is fixed may come, change and go: it is none.
        let second = |fixed| flaw("GHSA-2", "CVE-2018-2", fixed);
        publish(&bench, 4, [first("2.32"), second("2.30"), patched("CVE-2018-2")]).await;
        publish(&bench, 5, [first("2.32"), second("2.31"), patched("CVE-2018-2")]).await;
        publish(&bench, 6, [first("2.32"), patched("CVE-2018-2")]).await;
        assert_eq!(differences(&team, "web").await, expected);
        let of_second = history(&team, &web).await.into_iter().filter(|change| change[1] == "GHSA-2");
        assert_eq!(of_second.count(), 0, "nor is it told to whoever looks back");

        // One that came, and was fixed before anybody was told.
        for (day, records) in
            [(7, vec![first("2.32"), second("2.30")]), (8, vec![first("2.32"), second("2.30"), patched("CVE-2018-2")])]
        {
            let path = crate::scene::database(bench.folder.path(), day, records);
            bench.service.publish_vulnerability_data(&path).await.unwrap();
            bench.service.work_once("w", &tokio_util::sync::CancellationToken::new()).await.unwrap();
        }
        crate::scene::work(&bench).await;
        assert_eq!(differences(&team, "web").await, expected);
    });
}

#[test]
fn the_first_data_of_all_tells_nothing_of_what_is_fixed() {
    on_every_service(|bench| async move {
        let team = bench.account("team").await;
        image(&bench, &team, "web", &owned()).await;
        subscribe(&bench, &team, "vuln_update", &key("web"), None).await;
        publish(&bench, 1, [flaw("GHSA-1", "CVE-2018-1", "2.30"), patched("CVE-2018-1")]).await;
        assert!(differences(&team, "web").await.is_empty());
        publish(&bench, 2, [flaw("GHSA-1", "CVE-2018-1", "2.30")]).await;
        assert_eq!(differences(&team, "web").await, [difference(&["GHSA-1"], &[], &[])]);
    });
}
