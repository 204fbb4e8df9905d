//! Java runtimes.
//!
//! Before JEP 223 a runtime was `1.8.0_302-b08`, spoken of as `8u302`; since then it is `$VNUM(-$PRE)?(\+$BUILD)?`,
//! `17.0.4.1+1`. The old major version is the second number and the old update counts as the third number of the new
//! scheme, so that `1.8.0_302`, `8u302` and `8.0.302` are one version. Builds are ignored.

use std::cmp::Ordering;

use super::Order;
use super::semantic::{compare_prereleases, split_components, strip_v};
use crate::digits;

pub(super) const ORDER: Order = Order {
    name: "jvm",
    aliases: &["jre", "jdk", "openjdk", "jep223"],
    package_types: &[],
    check: |text| JvmVersion::parse(text).map(drop),
    compare,
    against: |installed, named, _| compare(installed, named),
};

#[derive(Default)]
struct JvmVersion<'a> {
    /// Digit runs joined by dots, without the `1.` of the old scheme.
    components: &'a [u8],
    /// The old scheme's update number.
    update: &'a [u8],
    prerelease: &'a [u8],
}

impl<'a> JvmVersion<'a> {
    fn parse(text: &'a [u8]) -> Result<JvmVersion<'a>, &'static str> {
        let text = strip_v(text);
        let text = match text.strip_prefix(b"1.") {
            Some(rest) if digits::starts_number(rest) => rest,
            _ => text,
        };
        let (components, rest) = split_components(text);
        if components.is_empty() {
            return Err("it does not start with a number");
        }
        let (update, rest) = split_update(rest);
        let prerelease = split_prerelease(rest)?;
        Ok(JvmVersion { components, update, prerelease })
    }

    /// The components, the update standing in for a third one that is missing or zero.
    fn numbers(&self) -> impl Iterator<Item = &[u8]> {
        let mut components = self.components.split(|&byte| byte == b'.');
        let head = [components.next().unwrap_or_default(), components.next().unwrap_or_default()];
        let third = components.next().unwrap_or_default();
        let (third, last) = if digits::is_zero(third) { (self.update, b"".as_slice()) } else { (third, self.update) };
        head.into_iter().chain([third]).chain(components).chain([last])
    }
}

/// `_302`, `-302`, `-update302`, `_update_302`, `u302`.
fn split_update(text: &[u8]) -> (&[u8], &[u8]) {
    let after = match text {
        [b'_' | b'-', rest @ ..] => {
            let rest = rest.strip_prefix(b"update").unwrap_or(rest);
            rest.strip_prefix(b"_").unwrap_or(rest)
        }
        [b'u', rest @ ..] => rest,
        _ => return (b"", text),
    };
    match digits::split_digits(after) {
        ([], _) => (b"", text),
        split => split,
    }
}

/// The prerelease in `[-PRE](-bBUILD | +BUILD)?`.
fn split_prerelease(text: &[u8]) -> Result<&[u8], &'static str> {
    let (suffix, _build) = digits::split_while(text, |byte| byte != b'+');
    let Some(mut prerelease) = suffix.strip_prefix(b"-") else {
        return if suffix.is_empty() { Ok(b"") } else { Err("the numbers are followed by something unknown") };
    };
    let is_build = |text: &[u8]| text.strip_prefix(b"b").is_some_and(digits::is_number);
    if is_build(prerelease) {
        return Ok(b"");
    }
    if let Some(at) = prerelease.iter().rposition(|&byte| byte == b'-')
        && is_build(&prerelease[at + 1..])
    {
        prerelease = &prerelease[..at];
    }
    let belongs = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if prerelease.is_empty() || !prerelease.iter().all(belongs) {
        return Err("the prerelease after \"-\" is not made of letters and digits");
    }
    Ok(prerelease)
}

fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let (a, b) = (JvmVersion::parse(a).unwrap_or_default(), JvmVersion::parse(b).unwrap_or_default());
    digits::compare_lists(a.numbers(), b.numbers())
        .then_with(|| compare_prereleases(a.prerelease, b.prerelease, |byte| byte))
}

#[cfg(test)]
mod tests {
    use crate::Format::Jvm;
    use crate::orders::testing::{assert_ascending, assert_equal, assert_invalid};

    #[test]
    fn old_and_new_spellings_are_one_version() {
        assert_equal(
            Jvm,
            &["1.8.0_302", "1.8.0_302-b08", "8u302", "8u302-b08", "8.0.302+8", "8.0-update302", "8.0.0-update_302-b08"],
        );
        assert_equal(Jvm, &["1.9.0-ea-b19", "9.0.0-ea+19", "9-ea"]);
        assert_equal(Jvm, &["17", "17.0.0", "17+35", "17.0.0+35-LTS"]);
    }

    #[test]
    fn runtimes_of_all_ages_are_in_order() {
        assert_ascending(
            Jvm,
            &[
                "1.4.2_19",
                "1.6.0_45",
                "1.7.0",
                "1.7.0_80",
                "1.8.0",
                "1.8.0_291",
                "1.8.0_302",
                "9-ea",
                "9",
                "11.0.1",
                "11.0.12",
                "17.0.4",
                "17.0.4.1+1",
                "17.0.5",
                "21-ea",
                "21",
            ],
        );
    }

    #[test]
    fn other_texts_are_no_runtimes() {
        assert_invalid(Jvm, &["openjdk", "17 LTS", "17-", "1.8.0_302x"]);
    }
}
