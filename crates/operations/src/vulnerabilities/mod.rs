//! Vulnerabilities: the data they are known from, and what is found by it in the packages of images.
//!
//! A vulnerability database is published once ([`Service::publish_vulnerability_data`]): its file lies in object storage,
//! and every process that matches keeps a copy on disk ([`local`]). Packages are interned and matched once, whatever images
//! they are in ([`Service::know_packages`]); what an image has is composed of what its packages have
//! ([`Tenant::outcome`](crate::Tenant::outcome)), and what was asked lately is remembered ([`remembered`]). New data touches few packages: only those are matched again ([`rematch`]),
//! and rows tell which data opened, altered and closed a finding.
//!
//! Whatever is asked while packages wait to be matched is answered as if they had been: whoever asks matches them.

mod changed;
mod clearances;
mod feeds;
mod local;
mod outcome;
mod packages;
mod publish;
mod queries;
mod records;
mod rematch;
mod remembered;
mod settings;

pub use feeds::FEED_SYNC;
pub use outcome::Found;
pub use packages::KnownPackages;
pub use queries::{Listing, PackageQuery, Place, RecordQuery, VulnerabilityQuery};
pub use settings::VulnerabilitySettings;

pub(crate) use changed::ChangedFinding;
pub(crate) use local::Local;
pub(crate) use outcome::{Rendered, rendered};
pub(crate) use rematch::REMATCH;
pub(crate) use remembered::Remembered;

use sha2::{Digest as _, Sha256};
use windlass_advisories::LookupKey;
use windlass_matching::Options;

use crate::{Error, threads::blocking};

/// The answer where there is no data: nothing found must not look like nothing there.
const NO_DATA: &str = "there is no vulnerability data: nothing can be said about vulnerabilities. Run `windlass db update` \
                       on the machine of the service, or POST /system/feeds";

fn no_data() -> Error {
    Error::not_found(NO_DATA)
}

/// What packages are matched with. It decides what is stored: who changes it makes all packages be matched again.
fn options() -> Options {
    Options::default()
}

/// A look-up as it is stored.
fn hashed(key: &LookupKey) -> i64 {
    let digest = Sha256::digest(key.to_string());
    i64::from_be_bytes(std::array::from_fn(|at| digest[at]))
}

/// With its causes: whoever reads it sees the text alone.
fn broken(error: &dyn std::error::Error) -> Error {
    let mut said = vec![error.to_string()];
    for cause in std::iter::successors(error.source(), |cause| (*cause).source()).map(ToString::to_string) {
        // Libraries often repeat their cause in their own words.
        if !said.last().is_some_and(|last| last.contains(&cause)) {
            said.push(cause);
        }
    }
    Error::Broken(said.join(": "))
}
