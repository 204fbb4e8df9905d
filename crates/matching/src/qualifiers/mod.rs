//! Conditions of a record besides its versions; all must hold (`spec/matching.md` §4).

mod architecture;
mod go_imports;
mod modularity;
mod platform;
mod rootio;

use windlass_advisories::{Qualifiers, Standing};

use crate::{MatchKind, candidate::Candidate};

pub(crate) use go_imports::linked_symbols;
pub(crate) use platform::platform_of;
pub(crate) use rootio::{is_rootio, upstream_name};

/// Why a record does not speak of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Refusal {
    /// It is for another processor architecture, or for source packages only.
    Architecture,
    /// It is for another rpm module stream.
    Module,
    /// It holds on other platforms only.
    Platform,
    /// It is for rebuilds by Root.io only.
    RootIo,
    /// The vulnerable Go code is not linked in.
    NotLinked,
    /// It is for software of another ecosystem.
    TargetSoftware,
}

impl Refusal {
    /// A clause that completes "the record does not apply:".
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Architecture => "it is for another architecture",
            Self::Module => "it is for another module stream",
            Self::Platform => "it holds on other platforms only",
            Self::RootIo => "it is for Root.io builds only",
            Self::NotLinked => "the vulnerable code is not linked in",
            Self::TargetSoftware => "it is for software of another ecosystem",
        }
    }
}

/// Whether a record that was found under the package's own name, its source's or a CPE applies to the package.
pub(crate) fn check(
    qualifiers: Option<&Qualifiers>,
    candidate: &Candidate<'_>,
    kind: MatchKind,
    standing: Standing,
    like_grype: bool,
) -> Result<(), Refusal> {
    let Some(qualifiers) = qualifiers else { return Ok(()) };
    // The baseline looks at no qualifier of an unaffected row but Root.io's.
    let all = standing == Standing::Affected || !like_grype;
    let refused = [
        (all && !modularity::holds(qualifiers.rpm_modularity.as_deref(), candidate), Refusal::Module),
        (all && !architecture::holds(&qualifiers.architecture, candidate, kind, standing), Refusal::Architecture),
        (!platform::holds(&qualifiers.platform_cpes, candidate, like_grype), Refusal::Platform),
        (qualifiers.rootio && !is_rootio(candidate.package), Refusal::RootIo),
        (!go_imports::holds(&qualifiers.go_imports, candidate), Refusal::NotLinked),
    ];
    refused.into_iter().find(|(refused, _)| *refused).map_or(Ok(()), |(_, reason)| Err(reason))
}
