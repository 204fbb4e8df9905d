//! Rules that are understood otherwise than they read (`spec/policy.md` §8, S and K).

use crate::{Profile, Rule};

/// A surprise that rules of one trigger may hold.
pub(crate) struct Quirk {
    pub(crate) code: &'static str,
    gate: &'static str,
    triggers: &'static [&'static str],
    /// Whether [`Profile::Native`] is free of it.
    only_compat: bool,
    concerns: fn(&Rule) -> bool,
    pub(crate) message: &'static str,
    pub(crate) remedy: &'static str,
}

impl Quirk {
    pub(crate) fn concerns(&self, rule: &Rule, profile: Profile) -> bool {
        let is_there = !self.only_compat || profile == Profile::Compat;
        is_there && self.gate == rule.gate.name && self.triggers.contains(&rule.trigger.name) && (self.concerns)(rule)
    }
}

/// Whether a comparison has nothing to compare with.
fn lacks_value(rule: &Rule) -> bool {
    rule.param("value").is_none() && !matches!(rule.param("check"), Some("exists" | "not_exists"))
}

fn is_false(rule: &Rule, name: &str) -> bool {
    rule.param(name).is_some_and(|text| text.eq_ignore_ascii_case("false"))
}

fn is_true(rule: &Rule, name: &str) -> bool {
    rule.param(name).is_some_and(|text| text.eq_ignore_ascii_case("true"))
}

const USE_NATIVE: &str = "evaluate with the profile native";

pub(crate) const QUIRKS: &[Quirk] = &[
    Quirk {
        code: "never-fires",
        gate: "dockerfile",
        triggers: &["instruction"],
        only_compat: false,
        concerns: lacks_value,
        message: "the rule compares with no value: it never fires",
        remedy: "give it a value",
    },
    Quirk {
        code: "never-fires",
        gate: "files",
        triggers: &["attribute_match"],
        only_compat: false,
        concerns: |rule| {
            rule.param("checksum").is_none() && rule.param("mode").is_none() && !is_false(rule, "skip_missing")
        },
        message: "the rule tests neither checksum nor mode, and skips missing files: it never fires",
        remedy: "give it a checksum or a mode, or set skip_missing to false",
    },
    Quirk {
        code: "continued-lines",
        gate: "dockerfile",
        triggers: &["instruction"],
        only_compat: true,
        concerns: |rule| !matches!(rule.param("check"), Some("exists" | "not_exists")),
        message: "continued lines of a Dockerfile are not joined: of an instruction over several lines only the first is \
                  compared",
        remedy: USE_NATIVE,
    },
    Quirk {
        code: "buildkit-history",
        gate: "dockerfile",
        triggers: &["instruction", "effective_user", "exposed_ports"],
        only_compat: true,
        concerns: |rule| !is_true(rule, "actual_dockerfile_only"),
        message: "where the Dockerfile is guessed from a history that BuildKit wrote, instructions such as EXPOSE, USER \
                  and HEALTHCHECK are read as RUN",
        remedy: "give the Dockerfile with the image, or evaluate with the profile native",
    },
    Quirk {
        code: "vendor-only",
        gate: "vulnerabilities",
        triggers: &["package", "blacklist"],
        only_compat: true,
        concerns: |rule| is_false(rule, "vendor_only"),
        message: "vendor_only false has no effect: findings that the vendor will not fix are never looked at",
        remedy: USE_NATIVE,
    },
    Quirk {
        code: "older-than",
        gate: "vulnerabilities",
        triggers: &["package"],
        only_compat: false,
        concerns: |rule| rule.param("max_days_since_creation").is_some(),
        message: "max_days_since_creation counts from when the finding was first seen in the image, and fires for findings \
                  that are older",
        remedy: "keep earlier results, so that it is known when findings were first seen",
    },
    Quirk {
        code: "needs-fix-available",
        gate: "vulnerabilities",
        triggers: &["package"],
        only_compat: false,
        concerns: |rule| rule.param("max_days_since_fix").is_some() && !is_true(rule, "fix_available"),
        message: "max_days_since_fix has no effect without fix_available true",
        remedy: "set fix_available to true",
    },
    Quirk {
        code: "words-not-lines",
        gate: "retrieved_files",
        triggers: &["content_regex"],
        only_compat: true,
        concerns: |_| true,
        message: "the expression is matched against the words of the file, not its lines",
        remedy: USE_NATIVE,
    },
    Quirk {
        code: "wildcard-directories",
        gate: "packages",
        triggers: &["verify"],
        only_compat: true,
        concerns: |rule| rule.param("only_directories").is_some_and(|text| text.contains(['_', '%', ','])),
        message: "in only_directories, _ stands for any character and % for any text, and files in overlapping directories \
                  are reported twice",
        remedy: USE_NATIVE,
    },
    Quirk {
        code: "first-package-only",
        gate: "packages",
        triggers: &["required_package"],
        only_compat: true,
        concerns: |rule| rule.param("version").is_some(),
        message: "only the first package of that name is compared, and a minimum ignores the release",
        remedy: USE_NATIVE,
    },
    Quirk {
        code: "partial-names",
        gate: "secret_scans",
        triggers: &["content_regex_checks"],
        only_compat: true,
        concerns: |rule| rule.param("content_regex_name").is_some(),
        message: "searches whose name or expression is a part of content_regex_name are selected as well",
        remedy: USE_NATIVE,
    },
    Quirk {
        code: "blank-in-license",
        gate: "licenses",
        triggers: &["blacklist_exact_match", "blacklist_partial_match"],
        only_compat: false,
        concerns: |rule| {
            let licenses = rule.param("licenses").unwrap_or_default();
            licenses.split(',').any(|license| license.trim().contains(char::is_whitespace))
        },
        message: "licences are compared word by word: an item with a blank in it never matches",
        remedy: "list the words that the licence is known by",
    },
];
