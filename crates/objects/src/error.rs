//! What can go wrong with objects, and what the user can do about it.

use std::{fmt::Display, io};

use crate::{Fault, FaultKind, InvalidKey, ObjectKey};

/// What went wrong. [`Error::hint`] says what to do next where there is something to do. No variant holds a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("{location:?} is not a place for objects: {reason}")]
    Location { location: String, reason: String, remedy: String },
    #[error(transparent)]
    Key(#[from] InvalidKey),
    #[error("object {object} is not in {place}")]
    Missing { object: ObjectKey, place: String },
    #[error("object {object} in {place} is damaged: {reason}")]
    Damaged { object: ObjectKey, place: String, reason: String },
    #[error("object {object} in {place} has more than the {limit} bytes that may be read into memory")]
    TooLarge { object: ObjectKey, place: String, limit: u64 },
    #[error("cannot {action} {what} in {place}: {fault}")]
    Storage { action: &'static str, what: String, place: String, fault: Fault },
    #[error("cannot read the content that is to be stored")]
    Input { source: io::Error },
    #[error("cannot use a temporary file")]
    Spool { source: io::Error },
    #[error("objects cannot be moved from {place} to itself")]
    SamePlace { place: String },
    #[error("{place} does not give back what was written to it: {reason}")]
    Unfaithful { place: String, reason: String },
}

impl Error {
    /// What to do about it, as a sentence without its full stop.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Location { remedy, .. } => remedy.clone(),
            Self::Missing { object, place } => format!(
                "restore it to {place} from a backup or from the storage it was moved from; where {object} belongs to one image, \
                 analysing that image again with `--force` writes it anew"
            ),
            Self::Damaged { place, .. } => format!(
                "check the disk or bucket of {place}; `windlass objects check --repair` replaces the object where another \
                 storage has a good copy, and else removes it, so that analysing its image again writes it anew"
            ),
            Self::TooLarge { .. } => "read it as a stream, or raise the limit for documents".into(),
            Self::Storage { place, fault, .. } => return remedy(place, fault.kind),
            Self::Spool { .. } => "see that the folder for temporary files (TMPDIR) is writable and has space".into(),
            Self::SamePlace { .. } => "name another bucket, prefix or folder to move them to".into(),
            Self::Unfaithful { .. } => "objects are not safe there: use another storage".into(),
            Self::Key(_) | Self::Input { .. } => return None,
        })
    }

    /// The same for a bundle of the archive, whose image need not be anywhere else.
    pub fn hint_of_bundle(&self) -> Option<String> {
        let instead = "where there is a file that it was exported to, delete the archived image and import that \
                       (`windlass archive images import FILE`)";
        Some(match self {
            Self::Missing { place, .. } => format!(
                "bring it back to {place} from the storage that the archive was moved from or from a backup: \
                 `windlass objects check --repair --from PLACE`; {instead}"
            ),
            Self::Damaged { place, .. } => format!(
                "check the disk or bucket of {place}; `windlass objects check --repair --from PLACE` replaces the bundle with a \
                 good copy from the storage that the archive was moved from or from a backup, and removes it where there is \
                 none; {instead}"
            ),
            _ => return self.hint(),
        })
    }

    /// Whether the same call may succeed later without anybody doing anything.
    pub fn is_transient(&self) -> bool {
        self.away().is_some()
    }

    /// What keeps the place from answering, where that passes by itself; nothing in it tells of the place.
    pub fn away(&self) -> Option<&'static str> {
        match self {
            Self::Storage { fault, .. } if fault.kind == FaultKind::Unreachable => Some("cannot be reached"),
            Self::Storage { fault, .. } if fault.kind == FaultKind::TimedOut => Some("did not answer in time"),
            _ => None,
        }
    }

    /// Whether every call fails until somebody puts the place or its settings right.
    pub fn is_misconfiguration(&self) -> bool {
        match self {
            Self::Location { .. } | Self::Unfaithful { .. } => true,
            Self::Storage { fault, .. } => {
                matches!(fault.kind, FaultKind::Denied | FaultKind::Misconfigured | FaultKind::Missing)
            }
            _ => false,
        }
    }

    pub(crate) fn storage(action: &'static str, what: impl Display, place: String, fault: Fault) -> Self {
        Self::Storage { action, what: what.to_string(), place, fault }
    }

    /// The trouble with reading `object`.
    pub(crate) fn reading(object: ObjectKey, place: String, fault: Fault) -> Self {
        match fault.kind {
            FaultKind::Missing => Self::Missing { object, place },
            _ => Self::storage("read", format_args!("object {object}"), place, fault),
        }
    }
}

fn remedy(place: &str, kind: FaultKind) -> Option<String> {
    Some(match kind {
        FaultKind::Missing => format!("see that {place} exists"),
        FaultKind::Denied => {
            format!("check the credentials, and that they allow to read, write, list and delete in {place}")
        }
        FaultKind::Misconfigured => {
            format!("create the bucket or container if it does not exist, and check the options of {place}")
        }
        FaultKind::Unreachable => format!("check that {place} is up and can be reached from here, then try again"),
        FaultKind::TimedOut => format!("check that {place} is up, or allow it more time"),
        FaultKind::Full => format!("free space in {place} or raise its quota; nothing was half written"),
        FaultKind::Other => return None,
    })
}
