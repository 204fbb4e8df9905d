use windlass_matching::testing::{advisory, deb, package, sbom};
use windlass_operations::{Error, testing::on_every_service};
use windlass_sbom::PackageType;
use windlass_v1::vulnerabilities::VulnerabilityType;

use crate::scene::{image, publish};

fn refusal(error: &Error) -> (u16, String) {
    match error {
        Error::Refused(envelope) => (envelope.httpcode, envelope.message.clone()),
        other => panic!("{other}"),
    }
}

#[test]
fn without_data_nothing_looks_clean_and_with_it_everything_is_answered() {
    on_every_service(|bench| async move {
        let tenant = bench.account("team").await;
        let sbom = sbom("debian:12", [deb("bash", "5.0"), package(PackageType::Npm, "ws", "7.0.0")]);
        let digest = image(&bench, &tenant, "a", &sbom).await;
        let error = tenant.vulnerabilities(&digest, "all", true, false).await.unwrap_err();
        let (status, message) = refusal(&error);
        assert_eq!(status, 404);
        assert!(message.contains("windlass db update") && message.contains("/system/feeds"), "{message}");

        let wont = windlass_advisories::FixState::WontFix;
        publish(
            &bench,
            1,
            [
                advisory("CVE-2026-1", "debian").severity("high").in_release("debian:12", "bash", "< 6").fixed("6"),
                advisory("CVE-2026-2", "debian").severity("low").in_release("debian:12", "bash", "< 6").state(wont),
                advisory("GHSA-1", "github").severity("low").in_ecosystem("npm", "ws", "< 8.0.0").fixed("8.0.0"),
            ],
        )
        .await;
        let names = |response: &windlass_v1::vulnerabilities::VulnerabilityResponse| {
            let mut names: Vec<String> = response.vulnerabilities.iter().map(|one| one.vuln.clone()).collect();
            names.sort();
            names.join(" ")
        };
        for (kind, vendor_only, expected) in [
            ("os", true, "CVE-2026-1"),
            ("os", false, "CVE-2026-1 CVE-2026-2"),
            ("non-os", true, "GHSA-1"),
            ("all", true, "CVE-2026-1 GHSA-1"),
        ] {
            for force in [false, true] {
                let response = tenant.vulnerabilities(&digest, kind, vendor_only, force).await.unwrap();
                assert_eq!(names(&response), expected, "{kind}");
                assert_eq!(response.vulnerability_type.as_str(), kind);
                assert_eq!(response.image_digest, digest);
            }
        }
        let by_id = tenant.vulnerabilities_by_id("id-a", "os", false, false).await.unwrap();
        assert_eq!(names(&by_id), "CVE-2026-1 CVE-2026-2", "choices count by id too (F6)");
        assert_eq!(tenant.vulnerability_types(&digest).await.unwrap(), VulnerabilityType::ALL);

        let error = tenant.vulnerabilities(&digest, "bogus", true, false).await.unwrap_err();
        assert_eq!(refusal(&error), (404, "content type (bogus) not available".into()));
        let error = tenant.vulnerabilities("sha256:00", "os", true, false).await.unwrap_err();
        assert_eq!(refusal(&error), (404, "image not found in DB".into()));
        let other = bench.account("other").await;
        let error = other.vulnerabilities(&digest, "os", true, false).await.unwrap_err();
        assert_eq!(refusal(&error), (404, "image not found in DB".into()));
    });
}

#[test]
fn an_answer_is_that_of_the_data_in_force_whatever_waits_to_be_matched() {
    on_every_service(|bench| async move {
        let tenant = bench.account("team").await;
        let record = |fixed: &str| {
            [advisory("CVE-2026-1", "debian").in_release("debian:12", "bash", &format!("< {fixed}")).fixed(fixed)]
        };
        publish(&bench, 1, record("5")).await;
        let digest = image(&bench, &tenant, "a", &sbom("debian:12", [deb("bash", "5.5")])).await;
        let count = async || tenant.vulnerabilities(&digest, "all", true, false).await.unwrap().vulnerabilities.len();
        assert_eq!(count().await, 0);
        let path = crate::scene::database(bench.folder.path(), 2, record("6"));
        bench.service.publish_vulnerability_data(&path).await.unwrap();
        assert_eq!(count().await, 1, "no worker has done anything yet");
        crate::scene::work(&bench).await;
        assert_eq!(count().await, 1);
    });
}
