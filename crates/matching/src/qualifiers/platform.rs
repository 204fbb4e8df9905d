//! Records that hold on certain platforms only, which the NVD writes as CPEs beside the vulnerable one.

use windlass_sbom::Cpe;

use crate::{Distribution, candidate::Candidate};

/// Distributions that conditions tell apart.
const PLATFORMS: &[&str] = &["debian", "ubuntu", "windows"];

/// All that these conditions read of a distribution.
pub(crate) fn platform_of(distribution: &Distribution) -> Distribution {
    let kind = PLATFORMS.iter().find(|kind| **kind == distribution.kind).unwrap_or(&"other");
    Distribution { kind: (*kind).to_owned(), ..Distribution::default() }
}

/// The NVD means "with any of these", so one platform that fits is enough. The baseline asks for all of them, and so
/// finds nothing where a CVE lists both Windows and Debian.
pub(super) fn holds(platforms: &[String], candidate: &Candidate<'_>, all: bool) -> bool {
    let fits = |platform: &String| fits(platform, candidate);
    if all { platforms.iter().all(fits) } else { platforms.is_empty() || platforms.iter().any(fits) }
}

fn fits(platform: &str, candidate: &Candidate<'_>) -> bool {
    let Ok(cpe) = platform.parse::<Cpe>() else { return true };
    let (vendor, product) = (cpe.vendor.to_ascii_lowercase(), cpe.product.to_ascii_lowercase());
    if vendor == "wordpress" && product == "wordpress" {
        return false;
    }
    let Some(distribution) = candidate.canonical_distribution() else { return true };
    match (vendor.as_str(), product.as_str()) {
        ("microsoft", product) if product.starts_with("windows") => distribution == "windows",
        ("ubuntu", _) | ("canonical", "ubuntu_linux") => distribution == "ubuntu",
        ("debian", "debian_linux") => distribution == "debian",
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PackageInput;

    const WINDOWS: &str = "cpe:2.3:o:microsoft:windows:-:*:*:*:*:*:*:*";
    const DEBIAN: &str = "cpe:2.3:o:debian:debian_linux:10.0:*:*:*:*:*:*:*";

    fn applies(platforms: &[&str], distribution: Option<&str>, all: bool) -> bool {
        let distribution = distribution.map(|text| platform_of(&Distribution::parse(text).unwrap()));
        let package = PackageInput { distribution, ..PackageInput::default() };
        let platforms: Vec<String> = platforms.iter().map(|&platform| platform.to_owned()).collect();
        holds(&platforms, &Candidate { index: 0, package: &package, distribution: None }, all)
    }

    #[test]
    fn a_record_for_windows_is_none_for_debian() {
        assert!(!applies(&[WINDOWS], Some("debian:12"), false));
        assert!(!applies(&[WINDOWS], Some("alpine:3.19"), false));
        assert!(applies(&[WINDOWS], None, false), "the platform is unknown");
        assert!(applies(&["cpe:2.3:h:intel:xeon:-:*:*:*:*:*:*:*"], Some("debian:12"), false));
        assert!(!applies(&["cpe:2.3:a:wordpress:wordpress:*:*:*:*:*:*:*:*"], None, false));
    }

    #[test]
    fn one_of_several_platforms_is_enough() {
        assert!(applies(&[WINDOWS, DEBIAN], Some("debian:12"), false));
        assert!(!applies(&[WINDOWS, DEBIAN], Some("debian:12"), true), "as the baseline reads it");
    }
}
