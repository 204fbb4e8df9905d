//! Packages that a distribution's package manager installed.

use windlass_advisories::{FixState, OperatingSystemOverride};
use windlass_matching::{
    ChannelMode, Channels, CpeUse, Distribution, Fit, MatchKind, Options, Outcome, SearchKey, match_sbom,
    testing::{MemoryAdvisories, advisory, apk, deb, deb_from, package, rpm, rpm_from, sbom, with_cpe},
};
use windlass_sbom::{Metadata, Package, PackageType, Sbom};

fn outcome(image: &Sbom, database: &MemoryAdvisories) -> Outcome {
    match_sbom(image, database, &Options::default()).unwrap()
}

fn found(image: &Sbom, database: &MemoryAdvisories) -> Vec<String> {
    ids(&outcome(image, database))
}

fn ids(outcome: &Outcome) -> Vec<String> {
    let mut ids: Vec<String> = outcome.findings.iter().map(|finding| finding.vulnerability.id.clone()).collect();
    ids.sort();
    ids
}

#[test]
fn a_debian_package_below_the_fix_is_vulnerable_and_the_fix_is_named() {
    let database = MemoryAdvisories::new().with(
        advisory("CVE-2023-5363", "debian")
            .severity("high")
            .in_release("debian:12", "openssl", "< 3.0.11-1~deb12u2")
            .fixed("3.0.11-1~deb12u2"),
    );
    let outcome = outcome(&sbom("debian:12.4", [deb("openssl", "3.0.11-1~deb12u1")]), &database);
    let [finding] = outcome.findings.as_slice() else { panic!("{outcome:?}") };
    assert_eq!(finding.vulnerability.namespace, "debian:distro:debian:12");
    assert_eq!(finding.vulnerability.data_source, "https://debian.example/CVE-2023-5363");
    assert_eq!(finding.fix.state, FixState::Fixed);
    assert_eq!(finding.fix.versions, ["3.0.11-1~deb12u2"]);
    assert_eq!(finding.fix.suggested.as_deref(), Some("3.0.11-1~deb12u2"));
    assert_eq!(finding.fix.available[0].date, "2024-03-01");
    assert_eq!(finding.fix.advisories[0].id, "FIX-CVE-2023-5363");
    let [detail] = finding.details.as_slice() else { panic!("{finding:?}") };
    assert_eq!((detail.kind, detail.matcher, detail.confidence()), (MatchKind::ExactDirect, "dpkg-matcher", 1.0));
    assert_eq!(detail.found.constraint, "< 3.0.11-1~deb12u2");
    assert_eq!(detail.found.format, "dpkg");
    let key = SearchKey::Distribution { kind: "debian".into(), version: "12.4".into() };
    assert_eq!(detail.searched_by.key, key);
}

#[test]
fn a_fixed_package_is_not_vulnerable() {
    let database = MemoryAdvisories::new().with(advisory("CVE-2023-5363", "debian").in_release(
        "debian:12",
        "openssl",
        "< 3.0.11-1~deb12u2",
    ));
    assert!(found(&sbom("debian:12", [deb("openssl", "3.0.11-1~deb12u2")]), &database).is_empty());
}

#[test]
fn records_of_another_release_do_not_count() {
    let database = MemoryAdvisories::new()
        .with(advisory("CVE-1", "debian").in_release("debian:11", "openssl", ""))
        .with(advisory("CVE-2", "debian").in_release("debian:12", "openssl", ""));
    assert_eq!(found(&sbom("debian:12", [deb("openssl", "1")]), &database), ["CVE-2"]);
}

#[test]
fn a_binary_package_has_the_vulnerabilities_of_its_source() {
    let database = MemoryAdvisories::new().with(advisory("CVE-1", "debian").in_release("debian:12", "openssl", "< 2"));
    let outcome = outcome(&sbom("debian:12", [deb_from("openssl", "", "libssl3", "1")]), &database);
    let detail = &outcome.findings[0].details[0];
    assert_eq!(detail.kind, MatchKind::ExactIndirect);
    assert_eq!(detail.searched_by.name, "openssl");
}

#[test]
fn the_version_of_the_source_is_compared_where_it_differs() {
    let database =
        MemoryAdvisories::new().with(advisory("CVE-1", "debian").in_release("debian:12", "gcc-12", "< 12.2"));
    let older = deb_from("gcc-12", "12.1", "gcc", "4:12.2");
    let newer = deb_from("gcc-12", "12.3", "cpp", "4:12.0");
    let outcome = outcome(&sbom("debian:12", [older, newer]), &database);
    assert_eq!(outcome.findings.len(), 1);
    assert_eq!(outcome.findings[0].details[0].searched_by.version, "12.1");
}

#[test]
fn a_record_that_clears_a_package_wins() {
    let database = MemoryAdvisories::new()
        .with(advisory("CVE-1", "rhel").in_release("rhel:9", "bash", ""))
        .with(advisory("CVE-2", "rhel").in_release("rhel:9", "bash", ""))
        .with(advisory("RHSA-1", "rhel").alias("CVE-1").not_in_release("rhel:9", "bash", ""));
    assert_eq!(found(&sbom("rhel:9.4", [rpm("bash", "5.1-1.el9")]), &database), ["CVE-2"]);
}

#[test]
fn clearing_another_module_stream_clears_nothing() {
    let database = MemoryAdvisories::new()
        .with(advisory("CVE-1", "rhel").in_release("rhel:9", "nodejs", ""))
        .with(advisory("CVE-1", "rhel").not_in_release("rhel:9", "nodejs", "").module("nodejs:18"));
    let image = sbom("rhel:9", [rpm("nodejs", "16-1.el9")]);
    assert_eq!(found(&image, &database), ["CVE-1"]);
    let baseline = Options { like_grype: true, ..Options::default() };
    assert!(match_sbom(&image, &database, &baseline).unwrap().findings.is_empty(), "as the baseline reads it");
}

#[test]
fn rocky_linux_reads_red_hats_data() {
    let database = MemoryAdvisories::new().with(advisory("CVE-1", "rhel").in_release("rhel:9", "bash", "< 0:5.2"));
    let outcome = outcome(&sbom("rocky:9.3", [rpm("bash", "5.1-1.el9")]), &database);
    assert_eq!(outcome.findings[0].vulnerability.namespace, "redhat:distro:redhat:9");
    let distribution = outcome.coverage.distribution.unwrap();
    assert_eq!((distribution.name.as_str(), distribution.read_as), ("rockylinux 9.3", vec!["redhat 9".to_owned()]));
}

#[test]
fn the_databases_own_rules_come_before_ours() {
    let rule = OperatingSystemOverride {
        alias: "fictional".into(),
        replacement: Some("debian".into()),
        ..OperatingSystemOverride::default()
    };
    let database = MemoryAdvisories::new().with_override(rule).with(advisory("CVE-1", "debian").in_release(
        "debian:12",
        "bash",
        "",
    ));
    assert_eq!(found(&sbom("fictional:12", [deb("bash", "1")]), &database), ["CVE-1"]);
}

#[test]
fn a_user_may_name_the_distribution() {
    let database = MemoryAdvisories::new().with(advisory("CVE-1", "debian").in_release("debian:12", "bash", ""));
    let options = Options { distribution: Some(Distribution::parse("debian:12").unwrap()), ..Options::default() };
    let image = sbom("", [deb("bash", "1")]);
    assert_eq!(ids(&match_sbom(&image, &database, &options).unwrap()), ["CVE-1"]);
}

#[test]
fn a_purl_may_name_the_distribution_where_the_artifact_does_not() {
    let database = MemoryAdvisories::new().with(advisory("CVE-1", "debian").in_release("debian:12", "bash", ""));
    let listed = Package { purl: Some("pkg:deb/debian/bash@1?distro=debian-12".into()), ..deb("bash", "1") };
    assert_eq!(found(&sbom("", [listed]), &database), ["CVE-1"]);
}

#[test]
fn a_release_newer_than_the_data_is_compared_with_its_siblings_and_says_so() {
    let database =
        MemoryAdvisories::new().with(advisory("CVE-1", "alpine").in_release("alpine:3.19", "zlib", "< 2-r0"));
    let outcome = outcome(&sbom("alpine:3.99.0", [apk("", "zlib", "1-r0")]), &database);
    assert_eq!(ids(&outcome), ["CVE-1"]);
    assert_eq!(outcome.coverage.distribution.as_ref().unwrap().fit, Fit::OtherMinor);
    assert!(!outcome.coverage.is_complete());
}

#[test]
fn an_rpm_without_epoch_has_epoch_zero() {
    let database = MemoryAdvisories::new().with(advisory("CVE-1", "rhel").in_release("rhel:9", "bind", "< 32:9.18"));
    assert_eq!(found(&sbom("rhel:9", [rpm("bind", "9.20-1.el9")]), &database), ["CVE-1"]);
}

#[test]
fn a_source_rpm_has_the_epoch_of_the_record() {
    let database = MemoryAdvisories::new().with(advisory("CVE-1", "rhel").in_release("rhel:9", "bind", "< 32:9.18-1"));
    let fixed = rpm_from("bind-9.18-2.el9.src.rpm", "bind-libs", "32:9.18-2.el9");
    let open = rpm_from("bind-9.16-2.el9.src.rpm", "bind-utils", "32:9.16-2.el9");
    let outcome = outcome(&sbom("rhel:9", [fixed, open]), &database);
    assert_eq!(outcome.findings.len(), 1);
    assert_eq!(outcome.findings[0].details[0].searched_by.version, "9.16-2.el9");
}

#[test]
fn an_advisory_for_one_binary_does_not_reach_its_siblings() {
    let database = MemoryAdvisories::new()
        .with(advisory("ELSA-1", "oracle").in_release("ol:9", "openssl", "").architecture("x86_64"));
    let sibling = rpm_from("openssl-3.0-1.el9.src.rpm", "openssl-libs", "1:3.0-1.el9");
    assert!(found(&sbom("ol:9", [sibling]), &database).is_empty());
    assert_eq!(found(&sbom("ol:9", [rpm("openssl", "1:3.0-1.el9")]), &database), ["ELSA-1"]);
}

#[test]
fn extended_support_fixes_count_where_the_artifact_has_them() {
    let database = || {
        MemoryAdvisories::new()
            .with(advisory("CVE-1", "rhel").in_release("rhel:9.4", "bash", "< 0:5.2-9.el9_5").fixed("0:5.2-9.el9_5"))
            .with(
                advisory("CVE-1", "rhel").in_release("rhel:9.4+eus", "bash", "< 0:5.2-3.el9_4").fixed("0:5.2-3.el9_4"),
            )
    };
    let eus = Options { channels: Channels { eus: ChannelMode::Always, ..Channels::default() }, ..Options::default() };
    let scan = |version: &str, options: &Options| {
        match_sbom(&sbom("rhel:9.4", [rpm("bash", version)]), &database(), options).unwrap()
    };

    let fixed = scan("5.2-3.el9_4", &eus);
    assert!(fixed.findings.is_empty(), "fixed in the channel");
    assert_eq!(fixed.coverage.distribution.unwrap().channel.as_deref(), Some("eus"));
    let open = scan("5.2-2.el9_4", &eus);
    assert_eq!(open.findings[0].fix.versions, ["0:5.2-3.el9_4"], "9.5 is out of reach");
    let without = scan("5.2-3.el9_4", &Options::default());
    assert_eq!(without.findings[0].fix.versions, ["0:5.2-9.el9_5"]);
}

#[test]
fn a_fix_out_of_reach_is_none() {
    let database = MemoryAdvisories::new()
        .with_release("rhel:9.4+eus", "")
        .with(advisory("CVE-1", "rhel").in_release("rhel:9.4", "bash", "< 0:5.2-9.el9_5").fixed("0:5.2-9.el9_5"));
    let options = Options { distribution: Some(Distribution::parse("rhel:9.4+eus").unwrap()), ..Options::default() };
    let outcome = match_sbom(&sbom("rhel:9.4", [rpm("bash", "5.2-3.el9_4")]), &database, &options).unwrap();
    assert_eq!(outcome.findings[0].fix.state, FixState::NotFixed);
    assert!(outcome.findings[0].fix.versions.is_empty());
}

#[test]
fn ubuntus_expanded_maintenance_fixes_what_the_base_does_not() {
    let database = MemoryAdvisories::new()
        .with(advisory("CVE-1", "ubuntu").in_release("ubuntu:22.4", "bash", "").state(FixState::WontFix))
        .with(advisory("CVE-1", "ubuntu").in_release("ubuntu:22.4+esm", "bash", "< 5.1-2~esm1").fixed("5.1-2~esm1"));
    let esm = Options { channels: Channels { esm: ChannelMode::Always, ..Channels::default() }, ..Options::default() };
    let image = |version: &str| sbom("ubuntu:22.04", [deb("bash", version)]);
    assert!(match_sbom(&image("5.1-2~esm1"), &database, &esm).unwrap().findings.is_empty());
    let open = match_sbom(&image("5.1-1"), &database, &esm).unwrap();
    assert_eq!((open.findings[0].fix.state, open.findings[0].fix.versions.len()), (FixState::Fixed, 1));
    let base = match_sbom(&image("5.1-2~esm1"), &database, &Options::default()).unwrap();
    assert_eq!(base.findings[0].fix.state, FixState::WontFix);
}

#[test]
fn almalinux_is_red_hat_minus_what_it_fixed_itself() {
    let database = MemoryAdvisories::new()
        .with(advisory("CVE-1", "rhel").in_release("rhel:9", "bash", "< 0:5.1-9.el9").fixed("0:5.1-9.el9"))
        .with(advisory("CVE-2", "rhel").in_release("rhel:9", "bash", "").state(FixState::NotFixed))
        .with(advisory("ALSA-2024:1", "alma").alias("CVE-1").not_in_release(
            "almalinux:9",
            "bash",
            ">= 0:5.1-8.el9.alma.1",
        ));
    let at = |version: &str| outcome(&sbom("almalinux:9.4", [rpm("bash", version)]), &database);
    assert_eq!(ids(&at("5.1-8.el9.alma.1")), ["CVE-2"]);
    let open = at("5.1-7.el9");
    assert_eq!(ids(&open), ["CVE-1", "CVE-2"]);
    let first = open.findings.iter().find(|finding| finding.vulnerability.id == "CVE-1").unwrap();
    assert_eq!(first.fix.versions, ["0:5.1-8.el9.alma.1"]);
    assert_eq!(first.fix.advisories[0].id, "ALSA-2024:1");
}

#[test]
fn alpine_asks_the_nvd_for_what_its_database_does_not_speak_of() {
    let database = MemoryAdvisories::new()
        .with(advisory("CVE-1", "alpine").in_release("alpine:3.19", "curl", "< 8.5.0-r0").fixed("8.5.0-r0"))
        .with(advisory("CVE-2", "alpine").in_release("alpine:3.19", "curl", "< 0"))
        .with(advisory("CVE-1", "nvd").in_product("haxx:curl", "< 9"))
        .with(advisory("CVE-2", "nvd").in_product("haxx:curl", "< 9"))
        .with(advisory("CVE-3", "nvd").in_product("haxx:curl", "< 9").fixed("9"));
    let outcome =
        outcome(&sbom("alpine:3.19.1", [with_cpe(apk("curl", "curl", "8.5.0-r0"), "haxx", "curl")]), &database);
    assert_eq!(ids(&outcome), ["CVE-3"], "the first is fixed, the second never was a flaw here");
    let finding = &outcome.findings[0];
    assert_eq!(finding.details[0].kind, MatchKind::Cpe);
    assert_eq!(finding.details[0].searched_by.version, "8.5.0", "without Alpine's revision");
    assert_eq!((finding.fix.state, finding.fix.versions.len()), (FixState::Unknown, 0));
}

#[test]
fn a_package_split_from_another_is_searched_as_that_one() {
    let database = MemoryAdvisories::new()
        .with(advisory("CVE-1", "alpine").in_release("alpine:3.19", "openssl", "< 3.1.5-r0"))
        .with(advisory("CVE-2", "nvd").in_product("openssl:openssl", "< 9"));
    let split = with_cpe(apk("openssl", "libssl3", "3.1.4-r0"), "libssl3", "libssl3");
    assert_eq!(found(&sbom("alpine:3.19", [split]), &database), ["CVE-1", "CVE-2"]);
}

#[test]
fn wolfi_has_one_release() {
    let database = MemoryAdvisories::new().with(advisory("CGA-1", "wolfi").in_release("wolfi", "zlib", "< 1.3-r1"));
    let image = sbom("wolfi:20230201", [apk("", "zlib", "1.3-r0")]);
    let outcome = outcome(&image, &database);
    assert_eq!(outcome.findings[0].vulnerability.namespace, "wolfi:distro:wolfi:rolling");
}

#[test]
fn arch_and_gentoo_match_by_name() {
    let database = MemoryAdvisories::new()
        .with(advisory("AVG-1", "arch").alias("CVE-1").in_release("arch", "curl", "< 8.5.0-1"))
        .with(advisory("GLSA-1", "gentoo").in_release("gentoo", "net-misc/curl", "< 8.5.0"));
    let arch = sbom("arch", [package(PackageType::Alpm, "curl", "8.4.0-1")]);
    assert_eq!(found(&arch, &database), ["AVG-1"]);
    let gentoo = sbom("gentoo", [package(PackageType::Portage, "net-misc/curl", "8.4.0")]);
    assert_eq!(found(&gentoo, &database), ["GLSA-1"]);
}

#[test]
fn kernel_headers_hold_no_kernel() {
    let database = MemoryAdvisories::new().with(advisory("CVE-1", "debian").in_release("debian:12", "linux", ""));
    let image = sbom("debian:12", [deb_from("linux", "", "linux-libc-dev", "6.1")]);
    let outcome = outcome(&image, &database);
    assert!(outcome.findings.is_empty());
    assert_eq!(outcome.ignored[0].reasons[0].package.name, "linux-libc-dev");
    let options = Options { match_kernel_headers: true, ..Options::default() };
    assert_eq!(ids(&match_sbom(&image, &database, &options).unwrap()), ["CVE-1"]);
}

#[test]
fn nothing_is_found_under_a_modular_label_of_another_stream() {
    let database =
        MemoryAdvisories::new().with(advisory("CVE-1", "rhel").in_release("rhel:8", "nodejs", "").module("nodejs:18"));
    let mut modular = rpm("nodejs", "16-1.el8");
    if let Metadata::Rpm(entry) = &mut modular.metadata {
        entry.modularity_label = Some("nodejs:16:8060".into());
    }
    assert!(found(&sbom("rhel:8", [modular]), &database).is_empty());
}

#[test]
fn a_rebuild_reads_its_own_data_where_there_is_no_other() {
    let database =
        MemoryAdvisories::new().with(advisory("RLSA-1", "rocky").in_release("rockylinux:9", "bash", "< 0:5.2"));
    assert_eq!(found(&sbom("rocky:9.3", [rpm("bash", "5.1-1.el9")]), &database), ["RLSA-1"]);
}

#[test]
fn a_published_rule_that_reads_gentoo_as_red_hat_is_not_followed() {
    let rule = OperatingSystemOverride {
        alias: "gentoo".into(),
        replacement: Some("rhel".into()),
        ..OperatingSystemOverride::default()
    };
    let database = MemoryAdvisories::new()
        .with_override(rule)
        .with(advisory("CVE-1", "rhel").in_release("rhel:2", "bash", ""))
        .with(advisory("GLSA-1", "gentoo").in_release("gentoo", "bash", ""));
    assert_eq!(found(&sbom("gentoo", [package(PackageType::Portage, "bash", "5.1")]), &database), ["GLSA-1"]);
}

#[test]
fn packages_past_their_end_of_life_may_be_searched_by_cpe() {
    let database = || {
        MemoryAdvisories::new()
            .with_release("debian:10", "2024-06-30")
            .with(advisory("CVE-1", "nvd").in_product("gnu:bash", "< 6"))
    };
    let image = sbom("debian:10", [with_cpe(deb("bash", "5.0"), "gnu", "bash")]);
    let scan = |today: &str| {
        let cpes = CpeUse { end_of_life: true, ..CpeUse::default() };
        ids(&match_sbom(&image, &database(), &Options { cpes, today: Some(today.into()), ..Options::default() })
            .unwrap())
    };
    assert!(scan("2024-06-01").is_empty());
    assert_eq!(scan("2025-01-01"), ["CVE-1"]);
}
