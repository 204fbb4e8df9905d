//! What this process remembers of packages, so that images which share them are composed without asking the store again.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;
use windlass_matching::{Answer, PackageInput};

use crate::recent::Recent;

/// Records and package versions that are remembered: at most some hundred megabytes.
const REMEMBERED: usize = 50_000;

/// What is known of a package version by some data.
#[derive(Debug)]
pub(super) struct KnownPackage {
    pub(super) answer: Answer,
    /// When each of its findings was first known, by vulnerability.
    pub(super) first_seen: Arc<BTreeMap<String, Timestamp>>,
}

/// Package versions that were asked about lately, by the data in force.
#[derive(Default)]
pub(crate) struct Remembered(Mutex<Option<(i64, Arc<ByInput>)>>);

type ByInput = Recent<PackageInput, KnownPackage>;

impl Remembered {
    /// What is remembered by this data; nothing but that of the newest is kept.
    pub(super) fn by(&self, data: i64) -> Arc<ByInput> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*held {
            Some((id, known)) if *id == data => Arc::clone(known),
            _ => {
                let known = Arc::new(Recent::new(REMEMBERED));
                *held = Some((data, Arc::clone(&known)));
                known
            }
        }
    }

    /// Forgets everything, since packages are to be matched anew.
    pub(super) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl KnownPackage {
    /// About how many records it holds, and one.
    pub(super) fn weight(&self) -> usize {
        self.answer.findings().len() + 1
    }
}
