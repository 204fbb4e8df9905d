//! The member `inspection`: what analysers saw beside packages. Members that nobody looked for are left out, so that a
//! saved document still tells an empty answer from none.

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Serialize};

use super::parts::{Bytes, Text};
use crate::{FileMatches, Inspection, MalwareScan};

#[derive(Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
#[serde(rename_all = "camelCase")]
pub(super) struct InspectionPart<'a> {
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    all_files: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dockerfile: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content_matches: Option<Cow<'a, [FileMatches]>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret_matches: Option<Cow<'a, [FileMatches]>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retrieved_files: Option<BTreeMap<Text<'a>, Bytes<'a>>>,
    #[serde(default, skip_serializing_if = "is_empty")]
    malware_scans: Cow<'a, [MalwareScan]>,
}

fn is_empty(scans: &[MalwareScan]) -> bool {
    scans.is_empty()
}

impl<'a> InspectionPart<'a> {
    /// `None` where there is nothing to be written.
    pub(super) fn of(inspection: &'a Inspection) -> Option<Self> {
        let Inspection { all_files, dockerfile, content_matches, secret_matches, retrieved_files, malware_scans } =
            inspection;
        let files = |files: &'a BTreeMap<String, Vec<u8>>| {
            files.iter().map(|(path, content)| (path.as_str().into(), Bytes(content.into()))).collect()
        };
        (!inspection.is_empty()).then(|| Self {
            all_files: *all_files,
            dockerfile: dockerfile.as_deref().map(Into::into),
            content_matches: content_matches.as_deref().map(Cow::Borrowed),
            secret_matches: secret_matches.as_deref().map(Cow::Borrowed),
            retrieved_files: retrieved_files.as_ref().map(files),
            malware_scans: Cow::Borrowed(malware_scans),
        })
    }
}

impl From<InspectionPart<'_>> for Inspection {
    fn from(part: InspectionPart<'_>) -> Self {
        let files = |files: BTreeMap<Text<'_>, Bytes<'_>>| {
            files.into_iter().map(|(path, content)| (path.into_owned(), content.0.into_owned())).collect()
        };
        Self {
            all_files: part.all_files,
            dockerfile: part.dockerfile.map(Text::into_owned),
            content_matches: part.content_matches.map(Cow::into_owned),
            secret_matches: part.secret_matches.map(Cow::into_owned),
            retrieved_files: part.retrieved_files.map(files),
            malware_scans: part.malware_scans.into_owned(),
        }
    }
}
