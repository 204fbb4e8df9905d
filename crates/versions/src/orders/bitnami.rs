//! Bitnami: SemVer followed by a packaging revision, `-N`.
//!
//! A revision is a new build of the same upstream source, so it can neither bring nor fix a flaw in it: ignored.

use std::cmp::Ordering;

use super::Order;
use super::semantic::{Hyphen, parse};
use crate::digits;

pub(super) const ORDER: Order = Order {
    name: "bitnami",
    aliases: &[],
    package_types: &["bitnami"],
    check: |text| parse(without_revision(text), Hyphen::Optional).map(drop),
    compare,
    against: |installed, named, _| compare(installed, named),
};

fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let parts = |text| parse(without_revision(text), Hyphen::Optional).unwrap_or_default();
    parts(a).compare(&parts(b))
}

fn without_revision(text: &[u8]) -> &[u8] {
    match text.iter().rposition(|&byte| byte == b'-') {
        Some(at) if digits::is_number(&text[at + 1..]) => &text[..at],
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use crate::Format::Bitnami;
    use crate::orders::testing::{assert_ascending, assert_equal, assert_invalid};

    #[test]
    fn revisions_are_ignored() {
        assert_equal(Bitnami, &["1.2.3", "1.2.3-0", "1.2.3-15"]);
        assert_ascending(Bitnami, &["1.2.2-9", "1.2.3-rc1-4", "1.2.3-1", "1.2.4"]);
    }

    #[test]
    fn what_remains_is_semver() {
        assert_invalid(Bitnami, &["-1", "latest", "1.2.3_4"]);
    }
}
