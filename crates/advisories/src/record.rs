//! What a feed yields and a database stores: one record at a time, with its own keys spelled out.

use crate::{
    CpeAttributes, Cwe, Epss, KnownExploited, OperatingSystem, PackageBlob, Standing, Status, VulnerabilityBlob,
};

/// One thing that a source says.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// A vulnerability and whatever it affects, or is said not to affect.
    Advisory(Box<Advisory>),
    KnownExploited(KnownExploited),
    Epss(Epss),
    /// The life of a distribution release: only `name`, the versions and the two dates count.
    EndOfLife(OperatingSystem),
}

/// A vulnerability as one provider records it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Advisory {
    pub name: String,
    pub status: Status,
    /// RFC 3339, UTC.
    pub published: Option<String>,
    pub modified: Option<String>,
    pub withdrawn: Option<String>,
    pub blob: VulnerabilityBlob,
    pub packages: Vec<PackageStatement>,
    pub cpes: Vec<CpeStatement>,
    pub cwes: Vec<Cwe>,
}

/// What an advisory says of one package.
#[derive(Clone, Debug, PartialEq)]
pub struct PackageStatement {
    pub standing: Standing,
    /// The package type: `deb`, `rpm`, `npm`, `python`, `go-module`, …
    pub ecosystem: String,
    pub name: String,
    /// The release it speaks of; `None` for language ecosystems.
    pub operating_system: Option<OperatingSystem>,
    pub blob: PackageBlob,
}

/// What an advisory says of a product named by CPE.
#[derive(Clone, Debug, PartialEq)]
pub struct CpeStatement {
    pub standing: Standing,
    pub cpe: CpeAttributes,
    pub blob: PackageBlob,
}
