//! Rust crates of a `Cargo.lock` (`spec/analysis.md` §6.6).

use serde::Deserialize;
use windlass_sbom::{Metadata, Package, PackageType, package_url};

use super::listing::{Listing, not_a};
use crate::{Evidence, Unreadable};

pub(crate) const LOCK: Listing = Listing {
    name: "rust-cargo-lock-cataloger",
    evidence: Evidence::Declared,
    selects: |file| file.name() == b"Cargo.lock",
    parse,
};

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    source: Option<String>,
    checksum: Option<String>,
}

fn parse(text: &str) -> Result<Vec<Package>, Unreadable> {
    let lock: Lock = toml::from_str(text).map_err(|error| not_a("Cargo.lock", error.message()))?;
    Ok(lock
        .package
        .into_iter()
        .map(|locked| {
            // Without a source it is a crate of the workspace itself, which no registry knows.
            let purl = locked
                .source
                .as_ref()
                .and_then(|_| package_url(PackageType::RustCrate, "", &locked.name, &locked.version, &[]));
            let value = serde_json::json!({
                "name": locked.name, "version": locked.version,
                "source": locked.source.unwrap_or_default(), "checksum": locked.checksum.unwrap_or_default(),
            });
            Package {
                purl,
                metadata: Metadata::Other { kind: "rust-cargo-lock-entry".into(), value },
                ..Package::new(PackageType::RustCrate, locked.name, locked.version)
            }
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_of_the_workspace_have_no_package_url() {
        let text = "version = 3\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"time\"\n\
                    version = \"0.1.43\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n";
        let purls: Vec<_> = parse(text).expect("a lock").into_iter().map(|package| package.purl).collect();
        assert_eq!(purls, [None, Some("pkg:cargo/time@0.1.43".to_owned())]);
        assert!(parse("package = 1").is_err());
    }
}
