//! Go modules and the Go standard library.
//!
//! Module versions are strict SemVer with a `v`, among them pseudo-versions (`v0.0.0-20210101000000-abcdef012345`),
//! which SemVer's prerelease rules already order. The standard library's version is the toolchain's, `go1.21rc2`, which
//! vulnerability records write as `1.21.0-rc.2`. `(devel)` is what a binary built from a work tree says of itself; it
//! has no order.

use std::cmp::Ordering;

use super::Order;
use super::semantic::{Hyphen, Parts, compare_components, compare_prereleases, parse};
use crate::digits;

pub(super) const ORDER: Order = Order {
    name: "go",
    aliases: &["golang", "go-module"],
    package_types: &["go-module"],
    check: |text| {
        if text == b"(devel)" {
            return Err("a development build has no version");
        }
        GoVersion::parse(text).map(drop)
    },
    compare,
    against: |installed, named, _| compare(installed, named),
};

struct GoVersion<'a> {
    components: &'a [u8],
    prerelease: Prerelease<'a>,
}

enum Prerelease<'a> {
    Identifiers(&'a [u8]),
    /// The toolchain's `rc2`: SemVer's `rc.2`.
    Toolchain {
        word: &'a [u8],
        number: &'a [u8],
    },
}

impl<'a> GoVersion<'a> {
    fn parse(text: &'a [u8]) -> Result<GoVersion<'a>, &'static str> {
        let Some(toolchain) = text.strip_prefix(b"go") else {
            let Parts { components, prerelease } = parse(text, Hyphen::Required)?;
            return Ok(GoVersion { components, prerelease: Prerelease::Identifiers(prerelease) });
        };
        // `go1.21.3 X:boringcrypto` names the experiments the toolchain was built with.
        let (toolchain, _) = digits::split_while(toolchain, |byte| byte != b' ');
        let Parts { components, prerelease } = parse(toolchain, Hyphen::Optional)?;
        let (word, number) = digits::split_while(prerelease, |byte| byte.is_ascii_alphabetic());
        let is_toolchain = !word.is_empty() && digits::is_number(number);
        let prerelease =
            if is_toolchain { Prerelease::Toolchain { word, number } } else { Prerelease::Identifiers(prerelease) };
        Ok(GoVersion { components, prerelease })
    }
}

fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let (Ok(a), Ok(b)) = (GoVersion::parse(a), GoVersion::parse(b)) else {
        return a.cmp(b);
    };
    compare_components(a.components, b.components).then_with(|| match (&a.prerelease, &b.prerelease) {
        (Prerelease::Identifiers(a), Prerelease::Identifiers(b)) => compare_prereleases(a, b, |byte| byte),
        (a, b) => compare_prereleases(&a.written_out(), &b.written_out(), |byte| byte),
    })
}

impl Prerelease<'_> {
    fn written_out(&self) -> Vec<u8> {
        match self {
            Prerelease::Identifiers(identifiers) => identifiers.to_vec(),
            Prerelease::Toolchain { word, number } => [word, b".".as_slice(), number].concat(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Format::Go;
    use crate::orders::testing::{assert_ascending, assert_equal, assert_invalid};

    #[test]
    fn pseudo_versions_sort_by_base_and_time() {
        assert_ascending(
            Go,
            &[
                "v0.0.0-20190101000000-abcdefabcdef",
                "v0.0.0-20200101000000-000000000000",
                "v0.1.0",
                "v0.1.1-0.20200101000000-abcdefabcdef",
                "v0.1.1",
            ],
        );
    }

    #[test]
    fn build_metadata_and_prefixes_make_no_difference() {
        assert_equal(Go, &["v2.0.0", "2.0.0", "v2.0.0+incompatible", "v2.0.0+incompatible+dirty"]);
    }

    #[test]
    fn toolchain_versions_sort_with_the_records_that_name_them() {
        assert_ascending(Go, &["go1.20.14", "1.21.0-0", "go1.21beta1", "go1.21rc2", "go1.21rc10", "go1.21", "1.21.1"]);
        assert_equal(Go, &["go1.21rc2", "1.21.0-rc.2"]);
        assert_equal(Go, &["go1.21.3 X:boringcrypto", "1.21.3", "go1.21.3"]);
    }

    #[test]
    fn development_builds_and_loose_spellings_are_no_versions() {
        assert_invalid(Go, &["(devel)", "v1.0rc1", "latest", "go", "v"]);
    }
}
