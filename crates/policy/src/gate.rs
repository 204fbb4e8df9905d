//! What gates and triggers are.

use std::ops::BitOr;

use windlass_sbom::FileEntry;

use crate::{Arguments, Firings, Image, Parameter, Profile, rule_pattern::RulePattern};

/// A family of triggers over one kind of fact.
#[derive(Debug)]
pub struct Gate {
    pub name: &'static str,
    pub description: &'static str,
    /// In the order of the documentation and of problems that list them.
    pub triggers: &'static [Trigger],
    pub state: State,
    /// Who brought it.
    pub origin: Origin,
}

/// A condition that rules can ask for.
#[derive(Debug)]
pub struct Trigger {
    pub name: &'static str,
    pub description: &'static str,
    pub parameters: &'static [Parameter],
    /// What its result depends on besides its parameters.
    pub reads: Inputs,
    /// Prepares the check for one rule.
    pub compile: fn(&Arguments<'_>) -> Result<Check, Failure>,
    pub origin: Origin,
}

/// A rule's condition with its parameters.
pub struct Check(pub(crate) Condition);

pub(crate) enum Condition {
    /// Looks at an image and fires as often as it holds.
    Facts(Box<FactsCheck>),
    /// Holds for each file whose path begins with a match. Patterns of rules are looked for together.
    Paths(RulePattern, Box<dyn Fn(FileEntry<'_>) -> String + Send + Sync>),
}

type FactsCheck = dyn Fn(&Context<'_>, &mut Firings) -> Result<(), Failure> + Send + Sync;

impl Check {
    /// A condition that looks at an image and fires as often as it holds.
    pub fn new(check: impl Fn(&Context<'_>, &mut Firings) -> Result<(), Failure> + Send + Sync + 'static) -> Self {
        Self(Condition::Facts(Box::new(check)))
    }

    /// A condition that fires, with this message, for each file whose path begins with a match.
    pub(crate) fn of_paths(
        pattern: RulePattern,
        message: impl Fn(FileEntry<'_>) -> String + Send + Sync + 'static,
    ) -> Self {
        Self(Condition::Paths(pattern, Box::new(message)))
    }
}

/// What a check may look at.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    pub image: &'a Image<'a>,
    pub profile: Profile,
    /// The time of the evaluation.
    pub now: jiff::Timestamp,
}

/// Whether a gate still works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Active,
    /// Its name is known, its rules never fire; perhaps another gate does its work.
    EndOfLife {
        successor: Option<&'static str>,
    },
}

impl State {
    /// `active` or `eol`
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::EndOfLife { .. } => "eol",
        }
    }
}

/// Where a gate or trigger comes from. Lists inside the problems that clients compare name the original's only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Original,
    Windlass,
}

/// A set of kinds of facts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Inputs(u16);

impl Inputs {
    pub const NONE: Self = Self(0);
    /// Size, architecture, distribution, layers: fixed with the image.
    pub const METADATA: Self = Self(1);
    pub const DOCKERFILE: Self = Self(1 << 1);
    pub const PACKAGES: Self = Self(1 << 2);
    /// The list of all files.
    pub const FILES: Self = Self(1 << 3);
    /// MD5 and SHA-1 digests of files, beside SHA-256.
    pub const FILE_DIGESTS: Self = Self(1 << 4);
    pub const CONTENT_SEARCH: Self = Self(1 << 5);
    pub const SECRET_SEARCH: Self = Self(1 << 6);
    pub const RETRIEVED_FILES: Self = Self(1 << 7);
    pub const MALWARE: Self = Self(1 << 8);
    /// Vulnerabilities, and how far they could be looked for.
    pub const FINDINGS: Self = Self(1 << 9);
    /// When the vulnerability data was made.
    pub const DATA_AGE: Self = Self(1 << 10);
    /// The time of the evaluation.
    pub const CLOCK: Self = Self(1 << 11);
    /// What registries of packages publish.
    pub const PACKAGE_FEEDS: Self = Self(1 << 12);
    /// The image that had the same tag before.
    pub const PREVIOUS: Self = Self(1 << 13);
    /// Other images that this one is built on.
    pub const ANCESTRY: Self = Self(1 << 14);
    /// Findings in a way that more than the finding in question decides: how many there are, what others say of them,
    /// predictions, which change without the findings.
    pub const ALL_FINDINGS: Self = Self(1 << 15);

    /// Whatever an analysis may have been made without.
    pub const OF_ANALYSIS: Self = Self::FILES
        .with(Self::FILE_DIGESTS)
        .with(Self::CONTENT_SEARCH)
        .with(Self::SECRET_SEARCH)
        .with(Self::RETRIEVED_FILES)
        .with(Self::MALWARE);
    pub const ALL: Self = Self(u16::MAX);

    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the sets have anything in common.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for Inputs {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.with(other)
    }
}

/// Why a rule could not be evaluated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Failure {
    pub(crate) text: String,
    /// A parameter could not be converted: the original printed the bare text.
    pub(crate) is_conversion: bool,
}

impl Failure {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_conversion: false }
    }

    pub(crate) fn conversion(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_conversion: true }
    }
}

impl From<windlass_patterns::StepLimitExceeded> for Failure {
    fn from(error: windlass_patterns::StepLimitExceeded) -> Self {
        Self::new(error.to_string())
    }
}

impl Gate {
    /// The trigger of that name, in any case.
    pub fn trigger(&self, name: &str) -> Option<&'static Trigger> {
        self.triggers.iter().find(|trigger| trigger.name.eq_ignore_ascii_case(name))
    }

    pub fn is_end_of_life(&self) -> bool {
        matches!(self.state, State::EndOfLife { .. })
    }
}
