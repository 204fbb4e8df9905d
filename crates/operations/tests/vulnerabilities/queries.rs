use windlass_matching::testing::{advisory, deb, package, rpm, sbom};
use windlass_operations::{
    Error,
    testing::on_every_service,
    vulnerabilities::{PackageQuery, RecordQuery, VulnerabilityQuery},
};
use windlass_sbom::PackageType;
use windlass_v1::vulnerabilities::SeverityName;

use crate::scene::{image, publish};

fn records() -> Vec<windlass_matching::testing::AdvisoryBuilder> {
    let wont = windlass_advisories::FixState::WontFix;
    vec![
        advisory("CVE-2026-1", "debian").severity("high").in_release("debian:12", "bash", "< 6").fixed("6"),
        advisory("CVE-2026-2", "debian").severity("low").in_release("debian:12", "bash", "< 6").state(wont),
        advisory("GHSA-1", "github")
            .alias("CVE-2026-1")
            .severity("low")
            .in_ecosystem("npm", "ws", "< 8.0.0")
            .fixed("8.0.0"),
        advisory("CVE-2026-1", "nvd")
            .cvss("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H")
            .in_product("gnu:bash", "< 6"),
    ]
}

#[test]
fn each_account_is_told_of_its_own_images() {
    on_every_service(|bench| async move {
        let (team, other) = (bench.account("team").await, bench.account("other").await);
        publish(&bench, 1, records()).await;
        let shared = sbom("debian:12", [deb("bash", "5.0"), package(PackageType::Npm, "ws", "7.0.0")]);
        image(&bench, &team, "a", &shared).await;
        image(&bench, &team, "b", &sbom("debian:12", [deb("bash", "5.0")])).await;
        image(&bench, &team, "c", &sbom("debian:12", [deb("bash", "6.0")])).await;
        image(&bench, &other, "a", &shared).await;

        let ask = |query: VulnerabilityQuery| {
            let team = &team;
            async move {
                let answer = team.images_by_vulnerability(&query).await.unwrap();
                let told = answer.images.iter().map(|one| {
                    let packages: Vec<_> =
                        one.vulnerable_packages.iter().map(|package| package.name.as_str()).collect();
                    format!("{}:{}", one.image.image_id, packages.join(","))
                });
                told.collect::<Vec<_>>().join(" ")
            }
        };
        let of =
            |name: &str| VulnerabilityQuery { vulnerability: name.into(), vendor_only: true, ..Default::default() };
        assert_eq!(ask(of("cve-2026-1")).await, "id-a:bash,ws id-b:bash", "by any of its names, in any case");
        assert_eq!(ask(of("GHSA-1")).await, "id-a:ws");
        assert_eq!(ask(of("CVE-2026-2")).await, "", "the vendor will not fix it");
        assert_eq!(ask(VulnerabilityQuery { vendor_only: false, ..of("CVE-2026-2") }).await, "id-a:bash id-b:bash");
        let npm = VulnerabilityQuery { namespace: Some("github:npm".into()), ..of("CVE-2026-1") };
        assert_eq!(ask(npm).await, "id-a:ws");
        let high = VulnerabilityQuery { severity: Some(SeverityName::High), ..of("CVE-2026-1") };
        assert_eq!(ask(high).await, "id-a:bash id-b:bash");
        let affected = VulnerabilityQuery { affected_package: Some("ws".into()), ..of("CVE-2026-1") };
        assert_eq!(ask(affected).await, "id-a:ws");

        let theirs = other.images_by_vulnerability(&of("CVE-2026-1")).await.unwrap();
        assert_eq!(theirs.paging.total_count, 1);
        let image = &theirs.images[0].image;
        assert_eq!(image.tag_history[0].fulltag, "localhost/team/a:1");
        assert!(image.analyzed_at.is_some());
        let package = &theirs.images[0].vulnerable_packages[0];
        let told = (package.version.as_str(), package.kind.as_str(), package.namespace.as_str(), package.severity);
        assert_eq!(told, ("5.0", "dpkg", "debian:12", SeverityName::High));
    });
}

#[test]
fn pages_agree_on_order_and_total() {
    on_every_service(|bench| async move {
        let team = bench.account("team").await;
        publish(&bench, 1, records()).await;
        for name in ["e", "b", "d", "a", "c"] {
            image(&bench, &team, name, &sbom("debian:12", [deb("bash", "5.0")])).await;
        }
        let mut told = Vec::new();
        for page in 1..=4 {
            let query = PackageQuery { name: "bash".into(), page, limit: 2, ..Default::default() };
            let answer = team.images_by_package(&query).await.unwrap();
            told.push((
                answer.images.iter().map(|one| one.image.image_id.as_str()).collect::<Vec<_>>().join(" "),
                answer.paging.total_count,
                answer.paging.next_page.clone().unwrap_or_default(),
            ));
        }
        let expected = [("id-a id-b", "2"), ("id-c id-d", "3"), ("id-e", ""), ("", "")];
        assert_eq!(told, expected.map(|(images, next)| (images.to_owned(), 5, next.to_owned())));
        let far = VulnerabilityQuery {
            vulnerability: "CVE-2026-1".into(),
            page: u64::MAX,
            limit: u64::MAX,
            ..Default::default()
        };
        assert_eq!(team.images_by_vulnerability(&far).await.unwrap().images, []);
    });
}

#[test]
fn packages_are_asked_for_by_name_type_and_version() {
    on_every_service(|bench| async move {
        let team = bench.account("team").await;
        let packages = [deb("Xml", "1-1"), package(PackageType::Python, "Xml", "1.0"), rpm("xml", "1.0-2.el9")];
        image(&bench, &team, "a", &sbom("debian:12", packages)).await;
        let ask = |name: &str, kind: Option<&str>, version: Option<&str>| {
            let query = PackageQuery {
                name: name.into(),
                kind: kind.map(str::to_owned),
                version: version.map(str::to_owned),
                ..Default::default()
            };
            let team = &team;
            async move {
                let answer = team.images_by_package(&query).await.unwrap();
                let packages = answer.images.into_iter().flat_map(|one| one.packages);
                packages.map(|package| format!("{}:{}", package.kind, package.version)).collect::<Vec<_>>().join(" ")
            }
        };
        assert_eq!(
            ask("xml", None, None).await,
            "python:1.0 rpm:1.0-2.el9",
            "libraries in any case, packages in their own"
        );
        assert_eq!(ask("Xml", Some("dpkg"), None).await, "dpkg:1-1");
        assert_eq!(ask("xml", Some("rpm"), Some("1.0")).await, "rpm:1.0-2.el9", "without the release");
        assert_eq!(ask("xml", Some("rpm"), Some("1.0-2.el9")).await, "rpm:1.0-2.el9");
        assert_eq!(ask("xml", None, Some("3")).await, "");
    });
}

#[test]
fn records_are_told_by_namespace_with_what_they_affect() {
    on_every_service(|bench| async move {
        let ask = async |query: RecordQuery| bench.service.vulnerability_records(query).await;
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        let missing = ask(RecordQuery { ids: ids(&["CVE-2026-1"]), ..Default::default() }).await;
        assert!(matches!(missing, Err(Error::Refused(envelope)) if envelope.httpcode == 404), "there is no data");
        publish(&bench, 1, records()).await;
        let all = ask(RecordQuery { ids: ids(&["CVE-2026-1", "GHSA-1"]), ..Default::default() }).await.unwrap();
        let told: Vec<_> = all.vulnerabilities.iter().map(|one| (one.namespace.as_str(), one.id.as_str())).collect();
        assert_eq!(told, [("debian:12", "CVE-2026-1"), ("github:npm", "GHSA-1"), ("nvd", "CVE-2026-1")]);
        let [debian, _, nvd] = all.vulnerabilities.as_slice() else { panic!("{all:?}") };
        assert_eq!(debian.affected_packages[0].name, "bash");
        assert_eq!(debian.affected_packages[0].version, "< 6");
        assert_eq!((debian.nvd_data.len(), debian.vendor_data.len()), (1, 0), "what the NVD says of the same");
        assert!((nvd.nvd_data[0].cvss_v3.as_ref().unwrap().base_metrics.base_score - 9.8).abs() < 1e-9);

        let only = RecordQuery { ids: ids(&["CVE-2026-1"]), namespaces: ids(&["nvd"]), ..Default::default() };
        assert_eq!(ask(only).await.unwrap().paging.total_count, 1);
        let affecting = |version: &str| RecordQuery {
            ids: ids(&["CVE-2026-1"]),
            affected_package: Some("bash".into()),
            affected_package_version: Some(version.into()),
            namespaces: ids(&["debian:12"]),
            ..Default::default()
        };
        assert_eq!(ask(affecting("5")).await.unwrap().paging.total_count, 1);
        assert_eq!(ask(affecting("6")).await.unwrap().paging.total_count, 0);
        let alone = RecordQuery { affected_package: None, ..affecting("5") };
        assert!(matches!(ask(alone).await, Err(Error::Refused(envelope)) if envelope.httpcode == 400));
    });
}
