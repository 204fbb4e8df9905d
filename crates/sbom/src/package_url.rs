//! Package URLs (<https://github.com/package-url/purl-spec>).

use crate::PackageType;

/// Writes a package URL: qualifiers with empty values are left out, the rest sorted by key, everything percent-encoded.
///
/// `None` where the kind has no purl type or the name is empty.
pub fn package_url(
    kind: PackageType,
    namespace: &str,
    name: &str,
    version: &str,
    qualifiers: &[(&'static str, &str)],
) -> Option<String> {
    let mut purl = packageurl::PackageUrl::new(kind.purl_type().to_owned(), name.to_owned()).ok()?;
    if !namespace.is_empty() {
        purl.with_namespace(namespace.to_owned()).ok()?;
    }
    if !version.is_empty() {
        purl.with_version(version.to_owned()).ok()?;
    }
    for (key, value) in qualifiers {
        if !value.is_empty() {
            purl.add_qualifier(*key, (*value).to_owned()).ok()?;
        }
    }
    Some(purl.to_string())
}
