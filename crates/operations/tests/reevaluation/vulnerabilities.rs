use serde_json::json;
use windlass_advisories::FixState;
use windlass_matching::testing::{advisory, deb, sbom};
use windlass_operations::testing::on_every_service;
use windlass_store::testing::everything;

use crate::{
    house::{VULNERABILITIES, debian, judge_by, key, moves, names, publish, subscribe, switch, told, usual},
    scene::{database_with, image, work},
};

#[test]
fn new_data_is_told_once_of_each_tag_that_it_changes_and_that_somebody_subscribes_to() {
    on_every_service(|bench| async move {
        let (team, other) = (bench.account("team").await, bench.account("other").await);
        let packages = |names: &[&str]| sbom("debian:12", names.iter().map(|name| deb(name, "1.0")));
        let first =
            [debian("CVE-2026-1", "apt", "2"), debian("CVE-2026-2", "bash", "2"), debian("CVE-2026-4", "dash", "2")];
        publish(&bench, 1, first.clone()).await;
        let digest = image(&bench, &team, "web", &packages(&["apt", "bash", "curl"])).await;
        image(&bench, &team, "quiet", &packages(&["apt", "bash", "curl"])).await;
        image(&bench, &team, "calm", &packages(&["dash"])).await;
        image(&bench, &other, "web", &packages(&["apt", "bash", "curl"])).await;
        for repository in ["web", "calm"] {
            subscribe(&bench, &team, "vuln_update", &key(repository), None).await;
        }
        assert_eq!(told(&team, VULNERABILITIES).await, [], "that it is subscribed to is no change");

        bench.pass(60);
        let wont_fix = advisory("CVE-2026-9", "debian").severity("low");
        let wont_fix = wont_fix.in_release("debian:12", "curl", "").state(FixState::WontFix);
        let second = [
            debian("CVE-2026-2", "bash", "3"),
            debian("CVE-2026-3", "curl", "2"),
            debian("CVE-2026-4", "dash", "2"),
            wont_fix,
        ];
        publish(&bench, 2, second.clone()).await;
        let events = told(&team, VULNERABILITIES).await;
        assert_eq!(events.len(), 1);
        let item = |cve: &str, name: &str, fix: &str| {
            json!({
                "CVE_ID": cve, "Severity": "High", "Vulnerable_Package": format!("{name}-1.0"), "Fix_Available": fix,
                "URL": format!("https://debian.example/{cve}"), "Package_Name": name, "Package_Version": "1.0",
                "Package_Type": "dpkg", "Feed": "vulnerabilities", "Feed_Group": "debian:12",
            })
        };
        let mut updated = item("CVE-2026-2", "bash", "3");
        updated["changed"] = json!({"Fix_Available": {"old": "2", "new": "3"}});
        let (tag, mut details) = events[0].clone();
        // What the records' links are is told by the records.
        for part in ["added", "removed", "updated"] {
            for one in details["diff_vulnerability_result"][part].as_array_mut().unwrap() {
                let cve = one["CVE_ID"].as_str().unwrap();
                one["URL"] = format!("https://debian.example/{cve}").into();
            }
        }
        assert_eq!(tag, key("web"));
        let expected = json!({
            "imageDigest": digest,
            "diff_vulnerability_result": {
                "added": [item("CVE-2026-3", "curl", "2")], "removed": [item("CVE-2026-1", "apt", "2")],
                "updated": [updated],
            },
            "subscription_type": "vuln_update",
        });
        assert_eq!(details, expected);
        assert_eq!(told(&other, VULNERABILITIES).await, []);

        // Data that says the same tells nothing.
        publish(&bench, 3, second).await;
        assert_eq!(told(&team, VULNERABILITIES).await.len(), 1);
    });
}

#[test]
fn data_that_say_the_same_write_nothing_but_that_they_are_in_force() {
    on_every_service(|bench| async move {
        let team = bench.account("team").await;
        judge_by(&bench, &team, usual()).await;
        let records =
            || [debian("CVE-2026-1", "apt", "2"), debian("CVE-2026-2", "bash", "2"), debian("CVE-2026-4", "dash", "2")];
        publish(&bench, 1, records()).await;
        image(&bench, &team, "web", &sbom("debian:12", ["apt", "bash", "curl"].map(|name| deb(name, "1.0")))).await;
        for kind in ["vuln_update", "policy_eval"] {
            subscribe(&bench, &team, kind, &key("web"), None).await;
        }
        publish(&bench, 2, [debian("CVE-2026-1", "apt", "3"), debian("CVE-2026-2", "bash", "2")]).await;
        assert_eq!(told(&team, VULNERABILITIES).await.len(), 1);

        let written = async || {
            let mut tables = everything(bench.service.store()).await;
            let data = tables.remove("vulnerability_data").unwrap();
            (data.len(), tables)
        };
        let (data, before) = written().await;
        for day in 3..6 {
            publish(&bench, day, [debian("CVE-2026-1", "apt", "3"), debian("CVE-2026-2", "bash", "2")]).await;
            let (more, after) = written().await;
            assert_eq!(more, data + usize::try_from(day).unwrap() - 2);
            let differ: Vec<_> = before.iter().filter(|(table, rows)| after[*table] != **rows).collect();
            assert!(differ.is_empty(), "on day {day}: {differ:#?}");
        }
        // They are not forgotten to be those of the first data: what is changed then is found.
        publish(&bench, 6, [debian("CVE-2026-1", "apt", "3")]).await;
        assert_eq!(told(&team, VULNERABILITIES).await.len(), 2);
    });
}

#[test]
fn that_a_known_flaw_is_exploited_now_is_news() {
    on_every_service(|bench| async move {
        let team = bench.account("team").await;
        let records = || [debian("CVE-2026-1", "apt", "2")];
        publish(&bench, 1, records()).await;
        image(&bench, &team, "web", &sbom("debian:12", [deb("apt", "1.0")])).await;
        subscribe(&bench, &team, "vuln_update", &key("web"), None).await;
        let path = database_with(bench.folder.path(), 2, records(), &["CVE-2026-1"]);
        bench.service.publish_vulnerability_data(&path).await.unwrap();
        work(&bench).await;
        let events = told(&team, VULNERABILITIES).await;
        let updated = &events[0].1["diff_vulnerability_result"]["updated"][0];
        assert_eq!(updated["changed"], json!({"Known_Exploited": {"old": "false", "new": "true"}}));
    });
}

#[test]
fn what_came_and_went_before_it_was_told_is_nothing() {
    on_every_service(|bench| async move {
        let team = bench.account("team").await;
        publish(&bench, 1, [debian("CVE-2026-1", "apt", "2")]).await;
        image(&bench, &team, "web", &sbom("debian:12", ["apt", "bash"].map(|name| deb(name, "1.0")))).await;
        subscribe(&bench, &team, "vuln_update", &key("web"), None).await;
        // Matched, and not told yet, since other data comes.
        for (day, records) in [
            (2, vec![debian("CVE-2026-1", "apt", "2"), debian("CVE-2026-2", "bash", "2")]),
            (3, vec![debian("CVE-2026-1", "apt", "3")]),
        ] {
            let path = crate::scene::database(bench.folder.path(), day, records);
            bench.service.publish_vulnerability_data(&path).await.unwrap();
            bench.service.work_once("w", &tokio_util::sync::CancellationToken::new()).await.unwrap();
        }
        work(&bench).await;
        let events = told(&team, VULNERABILITIES).await;
        assert_eq!(events.len(), 1, "{events:?}");
        let part = |part| names(&events[0].1, part);
        assert_eq!((part("added"), part("removed"), part("updated")), (vec![], vec![], vec!["CVE-2026-1".to_owned()]));
    });
}

#[test]
fn a_tag_that_moves_is_told_against_the_image_before() {
    on_every_service(|bench| async move {
        let team = bench.account("team").await;
        publish(&bench, 1, [debian("CVE-2026-1", "apt", "2"), debian("CVE-2026-2", "bash", "2")]).await;
        image(&bench, &team, "web", &sbom("debian:12", [deb("apt", "1.0"), deb("bash", "2")])).await;
        subscribe(&bench, &team, "vuln_update", &key("web"), None).await;
        let digest =
            moves(&bench, &team, "web", "next", &sbom("debian:12", [deb("apt", "2"), deb("bash", "1.0")])).await;
        let events = told(&team, VULNERABILITIES).await;
        assert_eq!(events.len(), 1);
        let details = &events[0].1;
        assert_eq!(details["imageDigest"], json!(digest));
        assert_eq!(
            (names(details, "added"), names(details, "removed")),
            (vec!["CVE-2026-2".into()], vec!["CVE-2026-1".into()])
        );

        // From then on it is the new image that is told of.
        publish(&bench, 2, [debian("CVE-2026-1", "apt", "1.5"), debian("CVE-2026-2", "bash", "3")]).await;
        let events = told(&team, VULNERABILITIES).await;
        assert_eq!((events.len(), names(&events[1].1, "updated")), (2, vec!["CVE-2026-2".into()]));
        assert_eq!(events[1].1["imageDigest"], json!(digest));
    });
}

#[test]
fn images_that_a_subscription_names_are_told_of_beside_the_newest() {
    on_every_service(|bench| async move {
        let team = bench.account("team").await;
        publish(&bench, 1, []).await;
        let old = image(&bench, &team, "web", &sbom("debian:12", [deb("apt", "1.0")])).await;
        let new = moves(&bench, &team, "web", "next", &sbom("debian:12", [deb("apt", "1.1")])).await;
        subscribe(&bench, &team, "vuln_update", &key("web"), Some(json!({"digests": [old, new]}))).await;
        publish(&bench, 2, [debian("CVE-2026-1", "apt", "2")]).await;
        let events = told(&team, VULNERABILITIES).await;
        let mut digests: Vec<_> = events.iter().map(|(_, details)| details["imageDigest"].as_str().unwrap()).collect();
        digests.sort_unstable();
        let mut expected = vec![old.as_str(), new.as_str()];
        expected.sort_unstable();
        assert_eq!(digests, expected, "each once, though the newest is named as well");
    });
}

#[test]
fn what_happened_while_nobody_subscribed_is_not_told() {
    on_every_service(|bench| async move {
        let team = bench.account("team").await;
        publish(&bench, 1, []).await;
        image(&bench, &team, "web", &sbom("debian:12", [deb("apt", "1.0")])).await;
        let id = subscribe(&bench, &team, "vuln_update", &key("web"), None).await;
        switch(&bench, &team, &id, false).await;
        publish(&bench, 2, [debian("CVE-2026-1", "apt", "2")]).await;
        switch(&bench, &team, &id, true).await;
        assert_eq!(told(&team, VULNERABILITIES).await, []);
        publish(&bench, 3, []).await;
        let events = told(&team, VULNERABILITIES).await;
        assert_eq!((events.len(), names(&events[0].1, "removed")), (1, vec!["CVE-2026-1".into()]));
    });
}
