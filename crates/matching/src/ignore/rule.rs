//! The form of a rule and when it hits (`spec/matching.md` §7.1).

use globset::{Glob, GlobMatcher};
use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};
use windlass_advisories::FixState;
use windlass_sbom::{Language, Package};

use crate::{Finding, input};

/// Criteria that must all hold; an empty one is none, and a rule without criteria hits nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct IgnoreRule {
    /// Name of the vulnerability.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub vulnerability: String,
    /// The vulnerability may also be named by an alias.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub include_aliases: bool,
    /// Why; no criterion.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// `nvd:cpe`, `debian:distro:debian:12`
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix_state: Option<FixState>,
    #[serde(skip_serializing_if = "IgnorePackage::is_empty")]
    pub package: IgnorePackage,
    /// `exact-direct-match`, `exact-indirect-match`, `cpe-match`
    #[serde(skip_serializing_if = "String::is_empty")]
    pub match_type: String,
    /// A rule with a status acts on VEX statements only.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub vex_status: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub vex_justification: String,
}

/// Criteria about the package.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct IgnorePackage {
    /// A name, or a regular expression that must match all of it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub language: String,
    /// `deb`, `npm`
    #[serde(rename = "type", skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// A glob for the path where the package was found.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub location: String,
    /// A name, or a regular expression, of a source package.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub upstream_name: String,
}

impl IgnorePackage {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A rule that cannot be used: which criterion, and what is wrong with it.
#[derive(Debug, thiserror::Error)]
#[error("ignore rule with {criterion} {text:?} cannot be used: {reason}; correct the pattern")]
pub struct InvalidIgnoreRule {
    pub criterion: &'static str,
    pub text: String,
    pub reason: String,
}

/// A rule with its patterns ready.
pub(crate) struct Compiled {
    pub(crate) rule: IgnoreRule,
    /// A rule without any hits nothing.
    has_criterion: bool,
    name: Option<Name>,
    upstream: Option<Name>,
    location: Option<GlobMatcher>,
}

enum Name {
    Exact(String),
    Pattern(Regex),
}

impl Compiled {
    pub(crate) fn new(rule: &IgnoreRule) -> Result<Self, InvalidIgnoreRule> {
        let location = match rule.package.location.as_str() {
            "" => None,
            text => Some(Glob::new(text).map_err(|error| invalid("package location", text, &error))?.compile_matcher()),
        };
        Ok(Self {
            rule: rule.clone(),
            has_criterion: IgnoreRule { reason: String::new(), include_aliases: false, ..rule.clone() }
                != IgnoreRule::default(),
            name: Name::new("package name", &rule.package.name)?,
            upstream: Name::new("package upstream-name", &rule.package.upstream_name)?,
            location,
        })
    }

    /// Whether every criterion holds; `with_aliases` reads every rule as one with `include-aliases`.
    pub(crate) fn matches(&self, finding: &Finding, package: &Package, with_aliases: bool) -> bool {
        let rule = &self.rule;
        let is_named = |name: &str| {
            finding.vulnerability.id.eq_ignore_ascii_case(name)
                || (with_aliases || rule.include_aliases) && finding.is_named(name)
        };
        self.has_criterion
            && (rule.vulnerability.is_empty() || is_named(&rule.vulnerability))
            && (rule.namespace.is_empty() || rule.namespace == finding.vulnerability.namespace)
            && rule.fix_state.is_none_or(|state| state == finding.fix.state)
            && (rule.match_type.is_empty() || self.kind_holds(finding))
            && self.package_holds(package)
    }

    fn kind_holds(&self, finding: &Finding) -> bool {
        finding.details.iter().any(|detail| detail.kind.as_str() == self.rule.match_type)
    }

    fn package_holds(&self, package: &Package) -> bool {
        let wanted = &self.rule.package;
        let language = package.kind.language().map_or("", Language::as_str);
        let upstreams = || input::upstreams(package, None);
        let is_there = |glob: &GlobMatcher| {
            package.locations.iter().any(|at| glob.is_match(&at.path) || glob.is_match(&at.access_path))
        };
        self.name.as_ref().is_none_or(|name| name.matches(&package.name))
            && (wanted.version.is_empty() || wanted.version == package.version)
            && (wanted.language.is_empty() || wanted.language.eq_ignore_ascii_case(language))
            && (wanted.kind.is_empty() || wanted.kind == package.kind.as_str())
            && self.location.as_ref().is_none_or(is_there)
            && self.upstream.as_ref().is_none_or(|name| upstreams().iter().any(|own| name.matches(&own.name)))
    }
}

impl Name {
    fn new(criterion: &'static str, text: &str) -> Result<Option<Self>, InvalidIgnoreRule> {
        if text.is_empty() {
            return Ok(None);
        }
        // A dot is in many names, and as a pattern it matches itself.
        if !text.contains(|c: char| "\\+*?()|[]{}^$".contains(c)) {
            return Ok(Some(Self::Exact(text.to_owned())));
        }
        let anchored = RegexBuilder::new(&format!("^(?:{text})$")).size_limit(1 << 20).build();
        anchored.map(|pattern| Some(Self::Pattern(pattern))).map_err(|error| invalid(criterion, text, &error))
    }

    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Exact(own) => own == name,
            Self::Pattern(pattern) => pattern.is_match(name),
        }
    }
}

fn invalid(criterion: &'static str, text: &str, reason: &dyn std::fmt::Display) -> InvalidIgnoreRule {
    InvalidIgnoreRule { criterion, text: text.chars().take(200).collect(), reason: reason.to_string() }
}
