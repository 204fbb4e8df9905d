//! Findings that are known to be wrong (`spec/matching.md` §7.2).

use windlass_sbom::PackageType;

use super::{IgnorePackage, IgnoreRule};
use crate::{MatchKind, PackageInput};

/// Header packages are built from the kernel's source but hold no kernel.
pub(crate) fn kernel_headers() -> Vec<IgnoreRule> {
    let rule = |kind: PackageType, name: &str, upstream: &str| IgnoreRule {
        reason: "kernel headers hold no kernel code that runs".into(),
        match_type: MatchKind::ExactIndirect.as_str().into(),
        package: IgnorePackage {
            name: name.into(),
            kind: kind.as_str().into(),
            upstream_name: upstream.into(),
            ..IgnorePackage::default()
        },
        ..IgnoreRule::default()
    };
    vec![
        rule(PackageType::Rpm, "kernel-headers", "kernel"),
        rule(PackageType::Deb, "linux(-.*)?-headers-.*", "linux.*"),
        rule(PackageType::Deb, "linux-libc-dev", "linux"),
        rule(PackageType::Deb, "linux-kbuild-.*", "linux.*"),
    ]
}

/// Packages that share a name, or a CPE, with the software that has the flaw.
const COLLISIONS: &[(PackageType, &[&str], &[&str])] = &[
    (
        PackageType::JavaArchive,
        &[
            "log4j-api",
            "log4j-slf4j-impl",
            "log4j-to-slf4j",
            "log4j-1.2-api",
            "log4j-detector",
            "log4j-over-slf4j",
            "slf4j-log4j12",
        ],
        &[
            "CVE-2021-44228",
            "CVE-2021-45046",
            "GHSA-jfh8-c2jp-5v3q",
            "GHSA-7rjr-3q55-vv33",
            "CVE-2020-9493",
            "CVE-2022-23307",
            "CVE-2023-26464",
        ],
    ),
    (PackageType::GoModule, &["google.golang.org/protobuf"], &["CVE-2015-5237", "CVE-2021-22570"]),
    // Squiz Matrix, DeleGate and WeeChat are no Ruby gems.
    (
        PackageType::Gem,
        &["matrix"],
        &["CVE-2017-14196", "CVE-2017-14197", "CVE-2017-14198", "CVE-2019-19373", "CVE-2019-19374"],
    ),
    (
        PackageType::Gem,
        &["delegate"],
        &[
            "CVE-1999-1338",
            "CVE-2001-1202",
            "CVE-2002-1781",
            "CVE-2004-0789",
            "CVE-2004-2003",
            "CVE-2005-0036",
            "CVE-2005-0861",
            "CVE-2006-2072",
            "CVE-2015-7556",
        ],
    ),
    (PackageType::Gem, &["observer"], &["CVE-2008-4318"]),
    (PackageType::Gem, &["logger"], &["CVE-2017-14727"]),
    // Debian does not build minizip, where the flaw is.
    (PackageType::Deb, &["zlib1g", "zlib"], &["CVE-2023-45853"]),
];

/// Whether a finding under that name is known to be about other software.
pub(crate) fn is_name_collision(package: &PackageInput, vulnerability: &str) -> bool {
    COLLISIONS.iter().any(|(kind, names, vulnerabilities)| {
        *kind == package.kind && names.contains(&package.name.as_str()) && vulnerabilities.contains(&vulnerability)
    })
}

#[cfg(test)]
mod tests {
    use windlass_sbom::Package;

    use super::*;

    #[test]
    fn the_log4j_api_does_not_hold_the_flaw_of_log4j_core() {
        let package = |name| PackageInput::of(&Package::new(PackageType::JavaArchive, name, "2.14.1"), None, false);
        assert!(is_name_collision(&package("log4j-api"), "CVE-2021-44228"));
        assert!(!is_name_collision(&package("log4j-core"), "CVE-2021-44228"));
        assert!(!is_name_collision(&package("log4j-api"), "CVE-2025-00001"));
    }
}
