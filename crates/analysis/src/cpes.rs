//! CPEs for packages that state none (`spec/analysis.md` §8).
//!
//! The NVD names products by vendor and product, package managers by one name; so every likely vendor is combined with
//! every likely product. The NVD's own dictionary is not built in: all names here follow from the package itself and a
//! small table of known renames.

mod names;
mod renames;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;

use windlass_sbom::{Cpe, CpeSource, Package, PackageType};

/// An operating system has hundreds of packages and matching rarely reads their CPEs.
const MOST_OF_AN_OS_PACKAGE: usize = 10;
const MOST_OF_A_PACKAGE: usize = 50;
/// Bytes; the NVD's longest versions have about sixty.
const LONGEST_VERSION: usize = 128;

/// Adds generated CPEs, the most specific first, unless the package has CPEs already.
pub(crate) fn complete(package: &mut Package) {
    if package.cpes.is_empty() {
        package.cpes = generate(package);
    }
}

fn generate(package: &Package) -> Vec<Cpe> {
    let products = names::products(package);
    let vendors = names::vendors(package, &products);
    let limit = if package.kind.is_os_package() { MOST_OF_AN_OS_PACKAGE } else { MOST_OF_A_PACKAGE };
    let version = writable_version(&package.version);
    let target_software = match package.kind {
        PackageType::RustCrate => "rust",
        PackageType::WordpressPlugin => "wordpress",
        _ => "",
    };
    // Both lists start with the likeliest, so what is beyond the limit is the least likely.
    let mut pairs: Vec<(&str, &str)> = vendors
        .iter()
        .flat_map(|vendor| products.iter().map(move |product| (&**vendor, &**product)))
        .filter(|(vendor, product)| !is_another_product(package, vendor, product))
        .take(limit)
        .collect();
    pairs.sort_unstable_by_key(|&(vendor, product)| (Reverse(vendor.len() + product.len()), vendor, product));
    let describe = |(vendor, product): (&str, &str)| Cpe {
        target_software: target_software.into(),
        ..Cpe::application(vendor, product, version, CpeSource::Generated)
    };
    pairs.into_iter().map(describe).collect()
}

/// Nothing, which stands for any version, where the version cannot be one of a CPE: searches then use the package's.
fn writable_version(version: &str) -> &str {
    let is_writable = version != "*" && version.len() <= LONGEST_VERSION && !version.contains(char::is_control);
    if is_writable { version } else { "" }
}

/// Plugins and client libraries carry the name of the server whose flaws are not theirs.
fn is_another_product(package: &Package, vendor: &str, product: &str) -> bool {
    let name = package.name.to_ascii_lowercase();
    let is_client = name.contains("client");
    match (vendor, product) {
        (_, "jenkins") if package.kind == PackageType::JenkinsPlugin => true,
        ("jenkins" | "cloudbees", "jenkins") => is_client || name.contains("plugin"),
        ("atlassian", "jira" | "jira_server") => is_client,
        _ => false,
    }
}
