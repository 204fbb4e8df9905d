//! Packages that Root.io rebuilds with fixes under names or versions of its own.

use windlass_sbom::PackageType;

use crate::PackageInput;

pub(crate) fn is_rootio(package: &PackageInput) -> bool {
    upstream_name(package.kind, &package.name).is_some() || has_version_suffix(&package.version)
}

/// The name the package has without Root.io's prefix; `None` where it has no such prefix.
pub(crate) fn upstream_name(kind: PackageType, name: &str) -> Option<String> {
    match kind {
        PackageType::Npm => {
            let name = name.strip_prefix("@rootio/")?;
            // A scope cannot nest, so `@scope/name` is written `scope__name`.
            Some(name.split_once("__").map_or(name.to_owned(), |(scope, name)| format!("@{scope}/{name}")))
        }
        PackageType::JavaArchive => name.strip_prefix("io.root.").map(str::to_owned),
        PackageType::Python => name.strip_prefix("rootio_").or_else(|| name.strip_prefix("rootio-")).map(str::to_owned),
        _ => name.strip_prefix("rootio-").map(str::to_owned),
    }
}

/// `1.2.3+root.io.4`
fn has_version_suffix(version: &str) -> bool {
    let after = |marker: &str| version.rsplit_once(marker).map(|(_, rest)| rest);
    after("root.io.").is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use windlass_sbom::Package;

    use super::*;

    #[test]
    fn a_rebuild_is_told_by_its_name_or_its_version() {
        for (kind, name, version, upstream) in [
            (PackageType::Deb, "rootio-openssl", "3.0.11-1", Some("openssl")),
            (PackageType::Npm, "@rootio/babel__core", "7.0.0", Some("@babel/core")),
            (PackageType::Python, "rootio_requests", "2.0", Some("requests")),
            (PackageType::JavaArchive, "io.root.org.slf4j:slf4j-api", "2.0", Some("org.slf4j:slf4j-api")),
            (PackageType::Deb, "openssl", "3.0.11-1.root.io.2", None),
        ] {
            assert_eq!(upstream_name(kind, name).as_deref(), upstream);
            assert!(is_rootio(&input(kind, name, version)), "{name} {version}");
        }
        assert!(!is_rootio(&input(PackageType::Deb, "openssl", "3.0.11-1")));
    }

    fn input(kind: PackageType, name: &str, version: &str) -> PackageInput {
        PackageInput::of(&Package::new(kind, name, version), None, false)
    }
}
