//! Records and packages made of numbers, for properties that hold whatever is drawn. They share few names, versions and
//! CVEs, so that most packages have records and most records others of the same flaw.

use windlass_sbom::{
    Metadata, Package, PackageType, Relationship, RelationshipKind, Sbom,
    metadata::{GoBinary, GoSymbols},
};

use super::{AdvisoryBuilder, advisory, apk, deb_from, java, package, rpm_from, sbom, with_cpe};

/// Distributions that [`record_of`] speaks of, one it does not, and none.
pub const DISTRIBUTIONS: &[&str] =
    &["debian:12", "rhel:9.4", "almalinux:9.4", "alpine:3.19", "rocky:9", "sles:15.5", ""];

/// Draws small numbers from a large one.
struct Draws(u64);

impl Draws {
    fn new(number: u32) -> Self {
        // Neighbouring numbers must not look alike.
        Self(u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 8)
    }

    fn below(&mut self, bound: u64) -> u64 {
        let drawn = self.0 % bound;
        self.0 /= bound;
        drawn
    }
}

/// A record of one of a dozen kinds; equal for equal numbers.
pub fn record_of(number: u32) -> AdvisoryBuilder {
    let mut draws = Draws::new(number);
    let (kind, library, flaw) = (draws.below(14), draws.below(4), draws.below(6));
    let (bound, severity) = (draws.below(5), draws.below(4));
    let is_plain = draws.below(3) > 0;
    let name = format!("lib{library}");
    let (cve, ghsa) = (format!("CVE-2024-{flaw}"), format!("GHSA-{flaw}"));
    let below = if is_plain || kind == 4 { format!("< {bound}.0") } else { "< > 1".to_owned() };
    let fixed = format!("{bound}.0");
    let word = ["", "low", "high", "critical"][usize::try_from(severity).unwrap_or_default()];
    let judged = |record: AdvisoryBuilder| if word.is_empty() { record } else { record.severity(word) };
    let record = match kind {
        0 => judged(advisory(&cve, "debian")).in_release("debian:12", &name, &below).fixed(&fixed),
        1 => advisory(&cve, "debian").not_in_release("debian:12", &name, &below),
        2 => judged(advisory(&cve, "rhel")).in_release("rhel:9", &name, &below).module("").fixed(&fixed),
        3 => advisory(&format!("ALSA-{flaw}"), "alma").alias(&cve).not_in_release(
            "almalinux:9",
            &name,
            &format!(">= {bound}.0"),
        ),
        4 => advisory(&cve, "alpine").in_release("alpine:3.19", &name, &below).fixed(&fixed),
        5 => judged(advisory(&ghsa, "github").alias(&cve)).in_ecosystem("npm", &name, &below).fixed(&fixed),
        6 => advisory(&ghsa, "github").alias(&cve).not_in_ecosystem("npm", &name, &below),
        7 => advisory(&format!("PYSEC-{flaw}"), "pypa").alias(&cve).alias(&ghsa).in_ecosystem("python", &name, &below),
        8 => judged(advisory(&ghsa, "github")).in_ecosystem("java-archive", &format!("org.example:{name}"), &below),
        9 | 10 => judged(advisory(&cve, "nvd")).in_product(&format!("vendor:{name}"), &below).cwe("CWE-79"),
        11 => advisory(&format!("GO-{flaw}"), "govulndb")
            .alias(&ghsa)
            .in_ecosystem("go-module", &format!("example.org/{name}"), &format!("< {bound}.0.0"))
            .import(&format!("example.org/{name}"), &["Parse"]),
        12 => advisory(&cve, "rhel").in_release("rhel:9.4+eus", &name, &below).fixed(&format!("{bound}.0-1.el9_4")),
        _ => judged(advisory(&format!("BIT-{flaw}"), "bitnami").alias(&cve)).in_ecosystem("bitnami", &name, &below),
    };
    if draws.below(12) == 0 { record.rejected() } else { record }
}

/// A package of one of a dozen kinds; equal for equal numbers but for where it lies.
pub fn package_of(number: u32) -> Package {
    let mut draws = Draws::new(number);
    let (kind, library, version) = (draws.below(10), draws.below(4), draws.below(5));
    let name = format!("lib{library}");
    let version = format!("{version}.1");
    match kind {
        0 | 1 => deb_from(&name, "", &format!("{name}-bin"), &version),
        2 => rpm_from(&format!("{name}-{version}-1.el9.src.rpm"), &format!("{name}-bin"), &version),
        3 => with_cpe(apk(&name, &format!("{name}-bin"), &format!("{version}-r0")), "vendor", &format!("{name}-bin")),
        4 => package(PackageType::Npm, &name, &format!("{version}.0")),
        5 => package(PackageType::Python, &name.to_uppercase(), &version),
        6 => java("org.example", &name, &version),
        7 => with_cpe(package(PackageType::Binary, &name, &version), "vendor", &name),
        8 => {
            let path = format!("example.org/{name}");
            let mut module = package(PackageType::GoModule, &path, &format!("v{version}.0"));
            let symbols = if draws.below(2) == 0 { vec!["Parse".to_owned()] } else { vec!["Print".to_owned()] };
            let symbols = if draws.below(2) == 0 { Vec::new() } else { vec![GoSymbols { path, symbols }] };
            module.metadata = Metadata::GoBinary(Box::new(GoBinary { symbols, ..GoBinary::default() }));
            module
        }
        _ => package(PackageType::Bitnami, &name, &version),
    }
}

/// An artifact with these packages, each at a place of its own; `owners` are pairs of places in the list, of which the
/// first owns the second if it is a distribution's.
pub fn artifact_of(distribution: &str, packages: &[u32], owners: &[(usize, usize)]) -> Sbom {
    let packages = packages.iter().enumerate().map(|(place, number)| {
        let mut package = package_of(*number);
        for location in &mut package.locations {
            location.path = format!("{}/{place}", location.path);
        }
        package
    });
    let mut artifact = sbom(distribution, packages.collect::<Vec<_>>());
    for (owner, owned) in owners {
        let at = |place: &usize| &artifact.packages[place % artifact.packages.len()];
        let (parent, child) = (at(owner), at(owned));
        if parent.kind.is_os_package() && !child.kind.is_os_package() {
            let kind = RelationshipKind::OwnershipByFileOverlap;
            let relationship =
                Relationship { kind, parent: parent.id.clone(), child: child.id.clone(), files: Vec::new() };
            artifact.relationships.push(relationship);
        }
    }
    artifact.sort();
    artifact
}
