//! OSV documents (<https://ossf.github.io/osv-schema/>): archives of whole ecosystems, single files, directories of either.
//!
//! One schema, many publishers: `publishers` tells whose a document is and how it is meant, `ecosystems` what its packages
//! are called here, `ranges` reads its events, `statements` puts the three together. `CVE-2021-44228` and
//! `GHSA-jfh8-c2jp-5v3q` stay two records; matching folds them by their aliases.

mod document;
mod ecosystems;
mod publishers;
mod ranges;
mod statements;

use std::collections::{HashMap, HashSet};

use windlass_advisories::{Advisory, Reference, Severity, Status, VulnerabilityBlob};

use self::document::{Document, Score};
use self::publishers::{Kind, Publisher};
use crate::error::FeedError;
use crate::input::{self, Input};
use crate::provider::{self, ProviderId};
use crate::severity::{self, OWN, SECONDARY};
use crate::sink::Sink;
use crate::source::SourceKind;
use crate::summary::Summary;
use crate::time;

pub(crate) const SOURCE: SourceKind = SourceKind {
    name: "osv",
    about: "OSV documents of languages and distributions, as osv.dev, the GitHub advisory database and others publish them",
    accepts: "OSV documents (*.json) or archives of them, such as each ecosystem's all.zip",
    providers: publishers::PROVIDERS,
    read,
};

fn read(input: &Input, sink: &mut Sink<'_>) -> Result<(), FeedError> {
    // An advisory about packages of several ecosystems is in the archive of each.
    let mut seen: HashMap<(ProviderId, String), Option<String>> = HashMap::new();
    input.documents(&mut |mut document| {
        if !document.is_json() {
            sink.skip("file that is not JSON");
            return Ok(());
        }
        let result = document.record().and_then(|json| advisory(&json, &mut sink.summary));
        match result {
            Ok(Some((provider, advisory))) => {
                let key = (provider, advisory.name.clone());
                match seen.get(&key) {
                    None => {
                        sink.dated(provider, advisory.modified.as_deref());
                        seen.insert(key, advisory.modified.clone());
                        sink.advisory(provider, advisory)?;
                    }
                    Some(earlier) if *earlier == advisory.modified => sink.skip("copy of a record already read"),
                    Some(_) => sink.problem(
                        document.name,
                        &key.1,
                        "another version of this record was read before; download the archives together",
                    ),
                }
            }
            Ok(None) => {}
            Err(reason) => sink.problem(document.name, "", &reason),
        }
        Ok(())
    })
}

/// What one document says, and whose it is. `None`, with the reason counted, if nothing in it can be matched.
pub(crate) fn advisory(json: &[u8], summary: &mut Summary) -> Result<Option<(ProviderId, Advisory)>, String> {
    if json.len() as u64 > input::MAX_RECORD {
        return Err(format!("is longer than {} bytes", input::MAX_RECORD));
    }
    let document: Document =
        serde_json::from_slice(json).map_err(|error| format!("is not an OSV document: {error}"))?;
    if document.id.trim().is_empty() {
        return Err("is not an OSV document: it has no id".into());
    }
    let ecosystems = document.affected.iter().filter_map(|affected| affected.package.as_ref());
    let publisher = publishers::of(&document.id, ecosystems.map(|package| package.ecosystem.as_str()));
    if publisher.kind == Kind::LivePatch {
        summary.skip("patch of a running kernel");
        return Ok(None);
    }
    let withdrawn = document.withdrawn.as_deref().filter(|time| !time.is_empty());
    let packages = statements::of(&document, publisher, &mut |kind| summary.skip(kind));
    if packages.is_empty() {
        summary.skip("record without a package that can be matched");
        return Ok(None);
    }
    if withdrawn.is_some() && packages.iter().any(|package| package.operating_system.is_some()) {
        // Look-ups by distribution do not ask for a record's status (`spec/matching.md` §3.2).
        summary.skip("record withdrawn by a distribution");
        return Ok(None);
    }
    let (name, aliases) = identity(&document, publisher);
    let advisory = Advisory {
        status: if withdrawn.is_some() { Status::Rejected } else { Status::Active },
        published: document.published.as_deref().map(known_time).transpose()?,
        modified: document.modified.as_deref().map(known_time).transpose()?,
        withdrawn: withdrawn.map(known_time).transpose()?,
        blob: VulnerabilityBlob {
            id: name.clone(),
            description: description(&document),
            references: references(&document, publisher, &name),
            severities: severities(&document, publisher, summary),
            aliases,
            ..VulnerabilityBlob::default()
        },
        name,
        packages,
        ..Advisory::default()
    };
    Ok(Some((publisher.provider, advisory)))
}

fn known_time(text: &str) -> Result<String, String> {
    time::utc(text).ok_or_else(|| format!("is not an OSV document: {text:?} is not a time"))
}

/// The name that users know a record by, and its other names.
fn identity(document: &Document, publisher: &Publisher) -> (String, Vec<String>) {
    let mut names: Vec<&str> = Vec::new();
    if publisher.kind == Kind::Mirror {
        names.extend(document.upstream.first().map(String::as_str));
    }
    let id = document.id.trim();
    names.push(if publisher.kind == Kind::Mirror { publishers::unwrapped(id) } else { id });
    names.extend(document.aliases.iter().map(String::as_str));
    names.extend(document.upstream.iter().map(|name| publishers::unwrapped(name)));
    if matches!(publisher.kind, Kind::Update | Kind::Resolution) {
        // An update is related to what it fixes; elsewhere a related record is another flaw.
        names.extend(document.related.iter().map(|name| publishers::unwrapped(name)).filter(|name| is_cve(name)));
    }
    let mut unique: Vec<String> = Vec::with_capacity(names.len());
    let mut seen = HashSet::new();
    for name in names.into_iter().map(str::trim).filter(|name| !name.is_empty()) {
        if seen.insert(name) {
            unique.push(name.to_owned());
        }
    }
    let name = unique.remove(0);
    (name, unique)
}

fn is_cve(name: &str) -> bool {
    name.starts_with("CVE-")
}

/// The summary, which is one sentence, or the details, which may be pages, where there is none.
fn description(document: &Document) -> String {
    let summary = document.summary.trim();
    if summary.is_empty() { document.details.trim().to_owned() } else { summary.to_owned() }
}

/// The publisher's page first, which becomes the record's data source.
fn references(document: &Document, publisher: &Publisher, name: &str) -> Vec<Reference> {
    let page = publisher.page(name).map(|url| Reference { url, ..Reference::default() });
    let own = |link: &document::Link| publisher.kind != Kind::Advisory && link.kind == "ADVISORY";
    let mut links: Vec<&document::Link> = document.references.iter().filter(|link| !link.url.is_empty()).collect();
    if page.is_none() {
        links.sort_by_key(|link| link.kind != "ADVISORY");
    }
    let mut references: Vec<Reference> = page.into_iter().collect();
    let mut seen: HashSet<String> = references.iter().map(|known| known.url.clone()).collect();
    for link in links {
        if seen.insert(link.url.clone()) {
            references.push(Reference {
                url: link.url.clone(),
                id: if own(link) { document.id.clone() } else { String::new() },
                tags: Some(link.kind.to_ascii_lowercase()).filter(|tag| !tag.is_empty()).into_iter().collect(),
            });
        }
    }
    if references.is_empty() {
        references.push(Reference { url: publishers::OSV_PAGE.replace("{}", &document.id), ..Reference::default() });
    }
    references
}

/// The publisher's word, then all vectors; each once.
fn severities(document: &Document, publisher: &Publisher, summary: &mut Summary) -> Vec<Severity> {
    let word = own_word(document, publisher);
    let rank = if word.is_some() { SECONDARY } else { OWN };
    let scores = document.severity.iter().chain(document.affected.iter().flat_map(|affected| &affected.severity));
    let mut severities: Vec<Severity> = word.into_iter().collect();
    let mut seen = HashSet::new();
    for score in scores.filter(|score| seen.insert(score.score.trim())) {
        match severity::cvss(&score.score, "", rank) {
            Some(severity) => severities.push(severity),
            None if score.kind == "Ubuntu" => {}
            None => summary.skip("severity that is no CVSS vector"),
        }
    }
    severities
}

fn own_word(document: &Document, publisher: &Publisher) -> Option<Severity> {
    let of_the_document = document.database_specific.severity.as_deref();
    let priority = |score: &Score| if score.kind == "Ubuntu" { severity::word(&score.score) } else { None };
    let of_a_package = document.affected.iter().filter_map(|affected| {
        let extras = (&affected.ecosystem_specific.urgency, &affected.database_specific.severity);
        severity::word(extras.0.as_deref().or(extras.1.as_deref())?.trim_end_matches('*'))
    });
    let found = of_the_document
        .and_then(severity::word)
        .or_else(|| document.severity.iter().find_map(priority))
        .or_else(|| of_a_package.max_by_key(severity::weight));
    found.or_else(|| match publisher.kind {
        // "Important: nodejs:16 security update"
        Kind::Update | Kind::Resolution => document.summary.split_once(':').and_then(|(word, _)| severity::word(word)),
        // Whoever installed it runs it: GitHub calls all of them critical.
        Kind::Malware => severity::word("critical"),
        // A crate without a maintainer is worth knowing of, but no flaw.
        _ if publisher.provider == provider::RUSTSEC && is_notice(document) => severity::word("negligible"),
        _ => None,
    })
}

fn is_notice(document: &Document) -> bool {
    document
        .affected
        .iter()
        .any(|affected| matches!(affected.database_specific.informational.as_deref(), Some("unmaintained" | "notice")))
}

#[cfg(test)]
mod tests;
