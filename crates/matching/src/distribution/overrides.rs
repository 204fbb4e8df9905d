//! Distributions whose vulnerabilities are read from another one's data (`spec/matching.md` §2.3).

use regex::Regex;
use windlass_advisories::OperatingSystemOverride;

use super::Distribution;

/// What to look for in the table of releases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Specifier {
    pub(super) name: String,
    pub(super) major: String,
    pub(super) minor: String,
    /// A codename or a label such as `edge`.
    pub(super) label: String,
    /// The label came from a rule, and so must hold.
    pub(super) label_is_ruled: bool,
}

impl Specifier {
    /// The release as it is, without any rule.
    pub(super) fn exact(distribution: &Distribution) -> Self {
        Self {
            name: distribution.kind.clone(),
            major: without_leading_zeros(distribution.major()),
            minor: without_leading_zeros(distribution.minor()),
            label: distribution.codename.clone(),
            label_is_ruled: false,
        }
    }

    /// The release whose data to read: the first rule that applies decides.
    pub(super) fn ruled(distribution: &Distribution, rules: &[OperatingSystemOverride]) -> Self {
        let mut specifier = Self::exact(distribution);
        let Some(rule) = rules.iter().find(|rule| applies(rule, distribution)) else { return specifier };
        if let Some(name) = &rule.replacement {
            specifier.name.clone_from(name);
        }
        if rule.rolling {
            specifier.major.clear();
            specifier.minor.clear();
        }
        if let Some(major) = &rule.replacement_major_version {
            specifier.major = without_leading_zeros(major);
        }
        if let Some(minor) = &rule.replacement_minor_version {
            specifier.minor = without_leading_zeros(minor);
        }
        if let Some(label) = &rule.replacement_label_version {
            specifier.label.clone_from(label);
            specifier.label_is_ruled = !label.is_empty();
        } else if rule.replacement.as_ref().is_some_and(|name| *name != distribution.kind) {
            // Another distribution's releases do not carry this one's codename.
            specifier.label.clear();
        }
        specifier
    }
}

fn applies(rule: &OperatingSystemOverride, distribution: &Distribution) -> bool {
    let named = [&distribution.kind, &distribution.id].into_iter().any(|name| rule.alias.eq_ignore_ascii_case(name));
    named
        && (rule.codename.is_empty() || rule.codename.eq_ignore_ascii_case(&distribution.codename))
        && (rule.version.is_empty() || rule.version == distribution.version)
        && (rule.channel.is_empty() || Some(&rule.channel) == distribution.channel.as_ref())
        && (rule.version_pattern.is_empty() || pattern_matches(&rule.version_pattern, &distribution.version))
}

/// The pattern is a database's, so it is bounded, and one that is no pattern matches nothing.
fn pattern_matches(pattern: &str, version: &str) -> bool {
    let bounded = regex::RegexBuilder::new(pattern).size_limit(1 << 18).build();
    bounded.is_ok_and(|pattern: Regex| pattern.is_match(version))
}

/// `04` is `4`, `0` stays.
fn without_leading_zeros(number: &str) -> String {
    let trimmed = number.trim_start_matches('0');
    if trimmed.is_empty() && !number.is_empty() { "0".into() } else { trimmed.into() }
}

/// The rules for a database that has none of its own.
pub(super) fn built_in() -> Vec<OperatingSystemOverride> {
    let mut rules = Vec::new();
    let rule = |alias: &str| OperatingSystemOverride { alias: alias.into(), ..OperatingSystemOverride::default() };
    let renamed = |alias: &str, to: &str| OperatingSystemOverride { replacement: Some(to.into()), ..rule(alias) };
    for (aliases, to) in [
        (&["centos", "rocky", "rockylinux", "alma", "almalinux", "scientific", "sl"][..], "rhel"),
        (&["raspbian"], "debian"),
        (&["oracle", "oraclelinux"], "ol"),
        (&["amazon", "amazonlinux"], "amzn"),
    ] {
        rules.extend(aliases.iter().map(|alias| renamed(alias, to)));
    }
    for alias in ["wolfi", "chainguard", "secureos", "minimos", "echo", "hummingbird", "archlinux"] {
        rules.push(OperatingSystemOverride { rolling: true, ..rule(alias) });
    }
    rules.push(OperatingSystemOverride { rolling: true, ..renamed("arch", "archlinux") });
    let label = |text: &str| Some(text.to_owned());
    rules.push(OperatingSystemOverride {
        version_pattern: ".*_alpha.*".into(),
        replacement_label_version: label("edge"),
        rolling: true,
        ..rule("alpine")
    });
    for codename in ["forky", "sid", "unstable"] {
        rules.push(OperatingSystemOverride {
            codename: codename.into(),
            replacement_label_version: label("unstable"),
            rolling: true,
            ..rule("debian")
        });
    }
    for (version, minor) in POSTMARKETOS {
        rules.push(OperatingSystemOverride {
            version: (*version).into(),
            replacement_major_version: Some("3".into()),
            replacement_minor_version: Some((*minor).into()),
            ..renamed("postmarketos", "alpine")
        });
    }
    for edge in [
        OperatingSystemOverride { version: "edge".into(), ..renamed("postmarketos", "alpine") },
        OperatingSystemOverride { codename: "edge".into(), ..renamed("postmarketos", "alpine") },
    ] {
        rules.push(OperatingSystemOverride { replacement_label_version: label("edge"), rolling: true, ..edge });
    }
    rules.push(renamed("postmarketos", "alpine"));
    rules
}

/// Releases of postmarketOS and the minor release of Alpine 3 that each is built on.
const POSTMARKETOS: &[(&str, &str)] = &[
    ("25.12", "23"),
    ("25.06", "22"),
    ("24.12", "21"),
    ("24.06", "20"),
    ("23.12", "19"),
    ("23.06", "18"),
    ("22.12", "17"),
    ("22.06", "16"),
    ("21.12", "15"),
    ("21.06", "14"),
    ("21.03", "13"),
    ("20.05", "12"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn ruled(text: &str) -> (String, String, String, String) {
        let specifier = Specifier::ruled(&Distribution::parse(text).unwrap(), &built_in());
        (specifier.name, specifier.major, specifier.minor, specifier.label)
    }

    fn row(name: &str, major: &str, minor: &str, label: &str) -> (String, String, String, String) {
        (name.into(), major.into(), minor.into(), label.into())
    }

    #[test]
    fn rebuilds_of_red_hat_read_its_data() {
        for id in ["centos:8", "rocky:8", "almalinux:8", "scientific:8"] {
            assert_eq!(ruled(id), row("rhel", "8", "", ""), "{id}");
        }
    }

    #[test]
    fn gentoo_is_no_red_hat() {
        // The baseline's table says it is; its portage packages have nothing in common with rpm advisories.
        assert_eq!(ruled("gentoo:2.15"), row("gentoo", "2", "15", ""));
    }

    #[test]
    fn rolling_releases_have_no_version() {
        assert_eq!(ruled("wolfi:20230201"), row("wolfi", "", "", ""));
        assert_eq!(ruled("arch"), row("archlinux", "", "", ""));
        assert_eq!(ruled("debian:forky"), row("debian", "", "", "unstable"));
        assert_eq!(ruled("alpine:3.22_alpha20250108"), row("alpine", "", "", "edge"));
    }

    #[test]
    fn postmarketos_reads_the_alpine_it_is_built_on() {
        assert_eq!(ruled("postmarketos:24.06"), row("alpine", "3", "20", ""));
        assert_eq!(ruled("postmarketos:edge"), row("alpine", "", "", "edge"));
    }

    #[test]
    fn leading_zeros_do_not_count() {
        assert_eq!(ruled("ubuntu:22.04"), row("ubuntu", "22", "4", ""));
        assert_eq!(ruled("photon:4.0"), row("photon", "4", "0", ""));
    }

    #[test]
    fn a_pattern_that_is_none_matches_nothing() {
        assert!(!pattern_matches("(", "1"));
        assert!(!pattern_matches("(a{1000}){1000}", "a"));
    }
}
