//! `windlass image content IMAGE [TYPE]`, `windlass image metadata IMAGE [TYPE]`

use std::io::{self, Write};

use clap::Args;
use windlass_client::{
    Payload, Request, discover,
    views::{Content, ContentEntry, Metadata},
};

use crate::{
    Outcome, output,
    service::{Session, Table, field, none},
};

#[derive(Args)]
pub(super) struct ContentArguments {
    /// A tag, a digest, or an image id.
    image: String,
    /// What to list: os, files, npm, gem, python, java, go, binary, malware, manifest, dockerfile, docker_history; without
    /// it, what there is to list.
    #[arg(value_name = "TYPE")]
    kind: Option<String>,
}

#[derive(Args)]
pub(super) struct MetadataArguments {
    /// A tag, a digest, or an image id.
    image: String,
    /// manifest, docker_history, dockerfile; without it, what there is.
    #[arg(value_name = "TYPE")]
    kind: Option<String>,
}

pub(super) fn run(arguments: &ContentArguments, session: &Session) -> anyhow::Result<Outcome> {
    let digest = discover(&session.service, &arguments.image)?.digest;
    let Some(kind) = &arguments.kind else {
        return types(&session.send(&Request::get(&["images", &digest, "content"]))?, session);
    };
    let content = session.send(&Request::get(&["images", &digest, "content", kind]))?;
    let mut text = Vec::new();
    write_content(kind, &content, &mut text)?;
    // Where there is nothing to print, scripts see 2 (`spec/api.md` B6).
    anyhow::ensure!(
        session.prints_documents() || !text.is_empty(),
        "{} has no content of type {kind}",
        arguments.image
    );
    session.print(&content, |_: &Content, out| out.write_all(&text))?;
    Ok(Outcome::Fine)
}

pub(super) fn metadata(arguments: &MetadataArguments, session: &Session) -> anyhow::Result<Outcome> {
    let digest = discover(&session.service, &arguments.image)?.digest;
    let Some(kind) = &arguments.kind else {
        return types(&session.send(&Request::get(&["images", &digest, "metadata"]))?, session);
    };
    let metadata = session.send(&Request::get(&["images", &digest, "metadata", kind]))?;
    session.print(&metadata, |metadata: &Metadata, out| {
        field("Image Digest", metadata.image_digest.or("None"), out)?;
        if let Some(text) = metadata.text() {
            writeln!(out, "Metadata: {}", output::printable_lines(&text))?;
        }
        field("Metadata Type", metadata.metadata_type.or("None"), out)
    })?;
    Ok(Outcome::Fine)
}

/// What there is to ask for.
pub(super) fn types(payload: &Payload, session: &Session) -> anyhow::Result<Outcome> {
    session
        .print(payload, |types: &Vec<String>, out| types.iter().try_for_each(|kind| field(kind, "available", out)))?;
    Ok(Outcome::Fine)
}

fn write_content(kind: &str, payload: &Payload, out: &mut dyn Write) -> io::Result<()> {
    let content: Content = payload.read_or_default();
    if matches!(kind, "manifest" | "dockerfile" | "docker_history") {
        return out.write_all(output::printable_lines(&content.text()).as_bytes());
    }
    if content.content.as_array().is_some_and(Vec::is_empty) {
        return Ok(());
    }
    let entries = content.entries();
    match kind {
        "os" => table(&["Package", "Version", "Licenses"], &entries, |entry| {
            let licenses: Vec<_> = entry.licenses.iter().map(none).collect();
            let licenses = if licenses.is_empty() { none(&entry.license) } else { licenses.join(" ") };
            vec![none(&entry.package), none(&entry.version), licenses]
        })
        .sorted_by(0)
        .write(out),
        "files" => files(entries).write(out),
        "java" => {
            let titles = ["Package", "Specification-Version", "Implementation-Version", "Location"];
            table(&titles, &entries, |entry| {
                let versions = [&entry.specification_version, &entry.implementation_version];
                [&entry.package].into_iter().chain(versions).chain([&entry.location]).map(none).collect()
            })
            .sorted_by(0)
            .write(out)
        }
        "malware" => malware(&entries).write(out),
        // A type that is new here: whatever is in it.
        _ if entries.iter().any(|entry| entry.package.get().is_none()) => {
            output::indented_by_four(&content.content, out)
        }
        _ => packages(&entries).write(out),
    }
}

fn packages(entries: &[ContentEntry]) -> Table {
    table(&["Package", "Version", "Location"], entries, |entry| {
        [&entry.package, &entry.version, &entry.location].map(none).to_vec()
    })
    .sorted_by(0)
}

/// Largest first.
fn files(mut entries: Vec<ContentEntry>) -> Table {
    let size = |entry: &ContentEntry| entry.size.as_str().parse::<u64>().unwrap_or_default();
    entries.sort_by(|a, b| size(b).cmp(&size(a)).then_with(|| a.filename.cmp(&b.filename)));
    table(&["Filename", "Size"], &entries, |entry| vec![none(&entry.filename), none(&entry.size)])
}

fn malware(scans: &[ContentEntry]) -> Table {
    let mut table = Table::new(&["Scanner", "Matched Signature", "Path"]);
    for (scan, finding) in scans.iter().flat_map(|scan| scan.findings.iter().map(move |finding| (scan, finding))) {
        table.row([
            none(&scan.scanner),
            finding.signature.or("unknown").to_owned(),
            finding.path.or("unknown").to_owned(),
        ]);
    }
    table.sorted_by(2)
}

fn table(titles: &[&str], entries: &[ContentEntry], cells: impl Fn(&ContentEntry) -> Vec<String>) -> Table {
    let mut table = Table::new(titles);
    for entry in entries {
        table.row(cells(entry));
    }
    table
}
