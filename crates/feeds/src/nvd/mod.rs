//! The National Vulnerability Database, version 2.0 of its JSON, with Anchore's overrides where they are given.
//!
//! The NVD names products by CPE and mostly does not know fixes: where an interval ends before a version, that version is
//! taken for the fix. Overrides (<https://github.com/anchore/nvd-data-overrides>) add products to CVEs that the NVD has not
//! analysed; they are recognised in tar archives and read before everything else.

mod configurations;
mod document;

use std::collections::{BTreeMap, HashSet};

use windlass_advisories::{Advisory, Cwe, Reference, Severity, Status, VulnerabilityBlob};

use self::document::{Cve, Item, Link, Metric, Metrics, Override};
use crate::error::FeedError;
use crate::input::{Document, Input};
use crate::json;
use crate::provider;
use crate::severity::{self, OWN, SECONDARY};
use crate::sink::Sink;
use crate::source::SourceKind;
use crate::time;

pub(crate) const SOURCE: SourceKind = SourceKind {
    name: "nvd",
    about: "The National Vulnerability Database",
    accepts: "answers or yearly files of the NVD's API 2.0 as JSON, and anchore/nvd-data-overrides as a tar archive",
    providers: &[provider::NVD],
    read,
};

fn read(input: &Input, sink: &mut Sink<'_>) -> Result<(), FeedError> {
    let mut overrides = BTreeMap::new();
    input.documents_in_tar(true, &mut |document| {
        read_override(document, &mut overrides, sink);
        Ok(())
    })?;
    let mut seen = HashSet::new();
    input.documents_in_tar(false, &mut |document| {
        if !document.is_json() {
            sink.skip("file that is not JSON");
            return Ok(());
        }
        let file = document.name.to_owned();
        json::parts(document, &["vulnerabilities"], sink, &mut |part, sink| {
            // The API's list, a mirror's object of CVEs by id, or a file of one CVE.
            let cve = match (part.key, part.element) {
                ("vulnerabilities" | "", true) | ("item", false) => wrapped(part.json),
                (key, false) if key == "cve" || is_cve(key) => serde_json::from_str::<Cve>(part.json),
                ("timestamp", false) => {
                    let written: String = serde_json::from_str(part.json).unwrap_or_default();
                    sink.stated(provider::NVD, time::utc(&written).as_deref());
                    return Ok(());
                }
                _ => return Ok(()),
            };
            match cve {
                Ok(cve) if !is_cve(&cve.id) => {
                    sink.problem(&file, part.key, "is no CVE of the NVD: it has no id");
                    Ok(())
                }
                Ok(cve) if !seen.insert(cve.id.clone()) => {
                    sink.skip("copy of a record already read");
                    Ok(())
                }
                Ok(cve) => {
                    let known = overrides.remove(&cve.id);
                    emit(cve, known, &file, sink)
                }
                Err(error) => {
                    sink.problem(&file, part.key, &format!("is no CVE of the NVD: {error}"));
                    Ok(())
                }
            }
        })
    })?;
    // CVEs that the NVD does not have yet, or whose files were not given.
    for (id, known) in overrides {
        if known.cve.configurations.as_ref().is_some_and(|list| !list.is_empty()) {
            let text = document::Text { lang: "en".into(), value: known.annotation.description.clone() };
            emit(Cve { id, descriptions: vec![text], ..Cve::default() }, Some(known), "overrides", sink)?;
        } else {
            sink.skip("override without products of a CVE that is not there");
        }
    }
    Ok(())
}

fn wrapped(json: &str) -> serde_json::Result<Cve> {
    serde_json::from_str::<Item<Cve>>(json).map(|item| item.cve)
}

fn is_cve(id: &str) -> bool {
    id.starts_with("CVE-")
}

fn read_override(mut document: Document<'_>, overrides: &mut BTreeMap<String, Override>, sink: &mut Sink<'_>) {
    if !document.has_extension("json") || !is_cve(document.file_name()) {
        return sink.skip("file that is no override");
    }
    let read = document
        .record()
        .and_then(|json| serde_json::from_slice::<Override>(&json).map_err(|error| format!("is no override: {error}")));
    match read {
        Ok(known) if is_cve(&known.annotation.cve_id) => {
            overrides.insert(known.annotation.cve_id.clone(), known);
        }
        Ok(other) if other.data_type.as_deref() == Some("CVE_RECORD") => sink.skip("record of the CVE programme"),
        Ok(_) => sink.problem(document.name, "", "is no override: it has no cve_id"),
        Err(reason) => sink.problem(document.name, "", &reason),
    }
}

fn emit(cve: Cve, known: Option<Override>, file: &str, sink: &mut Sink<'_>) -> Result<(), FeedError> {
    let times = (time_of(cve.published.as_deref()), time_of(cve.last_modified.as_deref()));
    let (Ok(published), Ok(modified)) = times else {
        sink.problem(file, &cve.id, "is no CVE of the NVD: its published or lastModified is no time");
        return Ok(());
    };
    sink.dated(provider::NVD, modified.as_deref());
    let mut links = cve.references;
    let mut products = cve.configurations;
    if let Some(known) = known {
        let sources = known.annotation.references.into_iter().map(|url| Link { url, tags: Vec::new() });
        links.extend(known.cve.references.into_iter().chain(sources));
        products = known.cve.configurations.unwrap_or(products);
    }
    let mut problems = Vec::new();
    let mut skipped = Vec::new();
    let mut named = |reason: &str| problems.push(reason.to_owned());
    let mut counted = |kind: &str| skipped.push(kind.to_owned());
    let cpes = configurations::statements(&products, &mut named, &mut counted);
    for reason in &problems {
        sink.problem(file, &cve.id, reason);
    }
    for kind in &skipped {
        sink.skip(kind);
    }

    let english = cve.descriptions.iter().find(|text| text.lang == "en" || text.lang.starts_with("en-"));
    let advisory = Advisory {
        status: status(&cve.vuln_status),
        published,
        modified,
        withdrawn: None,
        blob: VulnerabilityBlob {
            id: cve.id.clone(),
            assigners: cve.source_identifier.into_iter().filter(|assigner| !assigner.is_empty()).collect(),
            description: english.map(|text| text.value.trim().to_owned()).unwrap_or_default(),
            references: references(&cve.id, links),
            severities: severities(&cve.metrics),
            aliases: Vec::new(),
        },
        packages: Vec::new(),
        cpes,
        cwes: cwes(&cve.id, &cve.weaknesses),
        name: cve.id,
    };
    sink.advisory(provider::NVD, advisory)
}

fn time_of(text: Option<&str>) -> Result<Option<String>, ()> {
    text.map(|text| time::utc(text).ok_or(())).transpose()
}

/// Words of the CVE list and of the NVD; what they say nothing of counts as active (`spec/matching.md` §10).
fn status(text: &str) -> Status {
    match text.to_ascii_lowercase().replace(' ', "").as_str() {
        "awaitinganalysis" | "undergoinganalysis" => Status::Analyzing,
        "disputed" => Status::Disputed,
        "rejected" | "reject" => Status::Rejected,
        _ => Status::Active,
    }
}

/// Primary judgements before secondary ones, newer versions of CVSS before older ones.
fn severities(metrics: &Metrics) -> Vec<Severity> {
    let newest_first = || [&metrics.v40, &metrics.v31, &metrics.v30, &metrics.v2].into_iter().flatten();
    let read = |primary: bool| {
        let rank = if primary { OWN } else { SECONDARY };
        newest_first()
            .filter(move |metric: &&Metric| (metric.kind == "Primary") == primary)
            .filter_map(move |metric| severity::cvss(&metric.cvss_data.vector_string, &metric.source, rank))
    };
    read(true).chain(read(false)).collect()
}

fn references(id: &str, links: Vec<Link>) -> Vec<Reference> {
    let mut references =
        vec![Reference { url: format!("https://nvd.nist.gov/vuln/detail/{id}"), ..Reference::default() }];
    let mut seen: HashSet<String> = HashSet::from([references[0].url.clone()]);
    for link in links {
        if !link.url.is_empty() && seen.insert(link.url.clone()) {
            let mut tags: Vec<String> =
                link.tags.iter().map(|tag| tag.to_ascii_lowercase().replace(' ', "-")).collect();
            tags.sort_unstable();
            references.push(Reference { url: link.url, id: String::new(), tags });
        }
    }
    references
}

/// Classes that say something: `CWE-79` and `NVD-CWE-Other`, not `NVD-CWE-noinfo`.
fn cwes(id: &str, weaknesses: &[document::Weakness]) -> Vec<Cwe> {
    let is_class = |value: &str| {
        let number = value.strip_prefix("CWE-").unwrap_or_default();
        value == "NVD-CWE-Other" || (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let mut found: Vec<Cwe> = Vec::new();
    let mut seen = HashSet::new();
    for weakness in weaknesses {
        for class in weakness.description.iter().filter(|class| is_class(&class.value)) {
            if seen.insert((&class.value, &weakness.source, &weakness.kind)) {
                found.push(Cwe {
                    cve: id.to_owned(),
                    cwe: class.value.clone(),
                    source: weakness.source.clone(),
                    kind: weakness.kind.clone(),
                });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests;
