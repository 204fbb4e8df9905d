//! Every gate, one file each. A new gate is a file, its `mod` line and its line in [`ALL`]; a new trigger is an entry
//! with its function in the file of its gate.

#![allow(clippy::unnecessary_wraps, reason = "all triggers compile under one signature")]

mod always;
mod ancestry;
mod custom;
mod distro;
mod dockerfile;
mod files;
mod image_age;
mod license_categories;
mod licenses;
mod malware;
mod metadata;
mod npms;
mod packages;
mod passwd_file;
mod published;
mod retired;
mod retrieved_files;
mod ruby_gems;
mod secret_scans;
mod tag_drift;
mod vulnerabilities;

use crate::{Gate, gate::Origin};

/// In the order in which the original registered them, then our own; problems and `policy_spec` list them so.
pub const ALL: &[&Gate] = &[
    &always::GATE,
    &dockerfile::GATE,
    &retired::SUIDDIFF,
    &retired::IMAGECHECK,
    &retired::PKGDIFF,
    &retired::ANCHORESEC,
    &retired::PKGCHECK,
    &retired::DOCKERFILECHECK,
    &retired::FILECHECK,
    &retired::FILEPARSE_PASSWD,
    &retired::GEMCHECK,
    &retired::METADATACHECK,
    &retired::LICBLACKLIST,
    &retired::NPMCHECK,
    &retired::PKGBLACKLIST,
    &retired::SECRETCHECK,
    &files::GATE,
    &ruby_gems::GATE,
    &metadata::GATE,
    &licenses::GATE,
    &malware::GATE,
    &npms::GATE,
    &packages::GATE,
    &passwd_file::GATE,
    &retrieved_files::GATE,
    &secret_scans::GATE,
    &vulnerabilities::GATE,
    &distro::GATE,
    &image_age::GATE,
    &license_categories::GATE,
    &ancestry::GATE,
    &tag_drift::GATE,
    &custom::GATE,
];

/// The gate of that name, in any case.
pub fn gate(name: &str) -> Option<&'static Gate> {
    ALL.iter().copied().find(|gate| gate.name.eq_ignore_ascii_case(name))
}

/// Names of the original's gates, for the problems that list them.
pub(crate) fn original_names() -> impl Iterator<Item = &'static str> {
    ALL.iter().filter(|gate| gate.origin == Origin::Original).map(|gate| gate.name)
}
