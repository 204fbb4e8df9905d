//! Which sources speak of which packages, so that a group can say whose data it was compared with.

use windlass_advisories::OperatingSystem;
use windlass_sbom::PackageType;

/// Sources by the canonical type of the distribution they speak of.
const RELEASES: &[(&str, &[&str])] = &[
    ("almalinux", &["alma"]),
    ("alpine", &["alpine"]),
    ("amazonlinux", &["amazon"]),
    ("archlinux", &["arch"]),
    ("azurelinux", &["mariner"]),
    ("chainguard", &["chainguard"]),
    ("debian", &["debian"]),
    ("echo", &["echo"]),
    ("fedora", &["fedora"]),
    ("hummingbird", &["hummingbird"]),
    ("mariner", &["mariner"]),
    ("minimos", &["minimos"]),
    ("oraclelinux", &["oracle"]),
    ("photon", &["photon"]),
    ("redhat", &["rhel"]),
    ("rockylinux", &["rocky"]),
    ("secureos", &["secureos"]),
    ("sles", &["sles"]),
    ("ubuntu", &["ubuntu"]),
    ("wolfi", &["wolfi", "chainguard"]),
];

/// Sources by the ecosystem they speak of. The general ones that speak of many come with each of them.
const ECOSYSTEMS: &[(PackageType, &[&str])] = &[
    (PackageType::Bitnami, &["bitnami"]),
    (PackageType::Composer, &["github"]),
    (PackageType::Cran, &["osv"]),
    (PackageType::DartPub, &["github"]),
    (PackageType::Dotnet, &["github"]),
    (PackageType::Gem, &["github"]),
    (PackageType::GithubAction, &["github"]),
    (PackageType::GoModule, &["github", "govulndb"]),
    (PackageType::Hackage, &["osv"]),
    (PackageType::Hex, &["github", "erlef"]),
    (PackageType::JavaArchive, &["github"]),
    (PackageType::JenkinsPlugin, &["github"]),
    (PackageType::MsrcKb, &["msrc"]),
    (PackageType::Npm, &["github", "malicious-packages"]),
    (PackageType::Otp, &["github", "erlef"]),
    (PackageType::Python, &["github", "pypa", "malicious-packages", "chainguard-libraries"]),
    (PackageType::RustCrate, &["github", "rustsec"]),
    (PackageType::Swift, &["github"]),
];

/// Ids of the sources that speak of a release: those known for it, else one of the distribution's own name.
pub(crate) fn of_release(release: &OperatingSystem) -> Vec<&str> {
    let known = RELEASES.iter().find(|(name, _)| *name == release.name).map(|(_, ids)| ids.to_vec());
    known.unwrap_or_else(|| vec![&release.name, &release.release_id])
}

/// Ids of the sources that speak of packages of that kind.
pub(crate) fn of_ecosystem(kind: PackageType) -> &'static [&'static str] {
    ECOSYSTEMS.iter().find(|(own, _)| *own == kind).map_or(&[], |(_, ids)| ids)
}
