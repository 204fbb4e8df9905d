//! The file of cases (`docs/policy.md`).

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::Deserialize;
use windlass_policy::{Action, Profile};

use super::expectation::Rows;

/// Schemes whose value is a path.
const PATH_SCHEMES: [&str; 5] = ["docker-archive", "oci-archive", "oci-dir", "dir", "sbom"];

/// Paths are relative to the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Suite {
    #[serde(default = "bundle")]
    pub(super) bundle: PathBuf,
    /// A vulnerability database.
    pub(super) db: Option<PathBuf>,
    /// Advisory files by kind of source, from which a database is built for these cases.
    #[serde(default)]
    pub(super) advisories: BTreeMap<String, Vec<PathBuf>>,
    pub(super) profile: Option<ProfileName>,
    /// The time of the evaluations.
    pub(super) now: Option<Timestamp>,
    pub(super) cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    pub(super) name: String,
    /// Any input of `windlass scan`: an archive, a layout, `sbom:FILE`, a reference.
    pub(super) image: String,
    pub(super) tag: Option<String>,
    pub(super) dockerfile: Option<PathBuf>,
    pub(super) profile: Option<ProfileName>,
    pub(super) now: Option<Timestamp>,
    pub(super) verdict: ActionName,
    #[serde(default)]
    pub(super) rows: Rows,
    /// Texts that occur in problems of the evaluation, one for each; without it there must be none.
    #[serde(default)]
    pub(super) problems: Vec<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ActionName {
    Go,
    Warn,
    Stop,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ProfileName {
    Compat,
    Native,
}

impl From<ActionName> for Action {
    fn from(name: ActionName) -> Self {
        match name {
            ActionName::Go => Self::Go,
            ActionName::Warn => Self::Warn,
            ActionName::Stop => Self::Stop,
        }
    }
}

impl From<ProfileName> for Profile {
    fn from(name: ProfileName) -> Self {
        match name {
            ProfileName::Compat => Self::Compat,
            ProfileName::Native => Self::Native,
        }
    }
}

fn bundle() -> PathBuf {
    "bundle.json".into()
}

/// An input whose path is relative to a folder.
pub(super) fn located(image: &str, folder: &Path) -> String {
    if let Some((scheme, path)) = image.split_once(':')
        && PATH_SCHEMES.contains(&scheme)
    {
        return format!("{scheme}:{}", folder.join(path).display());
    }
    let path = folder.join(image);
    if path.exists() { path.display().to_string() } else { image.to_owned() }
}
