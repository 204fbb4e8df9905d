//! Who supplies a package and where it lives, from the fields its ecosystem has for it.

use crate::{Metadata, Package};

/// A person or an organisation, as the package names it.
pub(super) enum Party<'a> {
    /// `Name <address>` or a bare name.
    Person(&'a str),
    Organization(&'a str),
}

/// Who distributes the package.
pub(super) fn supplier(package: &Package) -> Option<Party<'_>> {
    let party = match &package.metadata {
        Metadata::Dpkg(entry) => Party::Person(&entry.maintainer),
        Metadata::Apk(entry) => Party::Person(&entry.maintainer),
        Metadata::Rpm(entry) => Party::Organization(&entry.vendor),
        _ => return None,
    };
    Some(party).filter(|party| !party.text().trim().is_empty())
}

/// Who wrote it.
pub(super) fn author(package: &Package) -> Option<Party<'_>> {
    let text = match &package.metadata {
        Metadata::Npm(npm) => npm.author.as_str(),
        Metadata::Gem(gem) => gem.authors.first().map(String::as_str).unwrap_or_default(),
        Metadata::Python(python) if !python.author.is_empty() => &python.author,
        Metadata::Python(python) => &python.author_email,
        _ => return None,
    };
    Some(Party::Person(text)).filter(|party| !party.text().trim().is_empty())
}

/// Its page in the web, where it is an address.
pub(super) fn homepage(package: &Package) -> Option<&str> {
    let text = match &package.metadata {
        Metadata::Apk(entry) => entry.url.as_str(),
        Metadata::Npm(npm) => &npm.homepage,
        Metadata::Gem(gem) => &gem.homepage,
        Metadata::JavaArchive(java) => java.pom_project.as_ref().map(|pom| pom.url.as_str()).unwrap_or_default(),
        _ => return None,
    };
    Some(text).filter(|text| is_address(text))
}

/// What the package says it is for.
pub(super) fn description(package: &Package) -> Option<&str> {
    let text = match &package.metadata {
        Metadata::Apk(entry) => entry.description.as_str(),
        Metadata::Npm(npm) => &npm.description,
        Metadata::JavaArchive(java) => {
            java.pom_project.as_ref().map(|pom| pom.description.as_str()).unwrap_or_default()
        }
        _ => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}

/// Only characters that a URI may have (RFC 3986), because schemas check.
pub(super) fn is_address(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#@!$&'()*+,;=%".contains(c);
    rest.is_some_and(|rest| !rest.is_empty() && rest.chars().all(allowed))
}

impl<'a> Party<'a> {
    pub(super) fn text(&self) -> &'a str {
        match self {
            Self::Person(text) | Self::Organization(text) => text,
        }
    }
}
