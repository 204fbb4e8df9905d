//! `windlass image vuln IMAGE [TYPE]`

use std::{
    cmp::Reverse,
    io::{self, Write},
};

use clap::Args;
use windlass_client::{
    Error, Refusal, Request, discover,
    views::{Vulnerabilities, Vulnerability},
};
use windlass_matching::Severity;

use super::content;
use crate::{
    Outcome,
    service::{Session, Table, none},
};

#[derive(Args)]
pub(super) struct VulnerabilityArguments {
    /// A tag, a digest, or an image id.
    image: String,
    /// Of which packages: os, non-os, all; without it, what there is to ask for.
    #[arg(value_name = "TYPE")]
    kind: Option<String>,
    /// Leave out what the distribution says it will not fix.
    #[arg(long, value_name = "BOOLEAN", default_value = "true", action = clap::ArgAction::Set, value_parser = boolean)]
    vendor_only: bool,
    /// Show that, too.
    #[arg(long, conflicts_with = "vendor_only")]
    no_vendor_only: bool,
}

fn boolean(word: &str) -> Result<bool, String> {
    match word.to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "on" | "1" => Ok(true),
        "false" | "f" | "no" | "n" | "off" | "0" => Ok(false),
        _ => Err(format!("{word:?} is neither true nor false")),
    }
}

pub(super) fn run(arguments: &VulnerabilityArguments, session: &Session) -> anyhow::Result<Outcome> {
    let digest = discover(&session.service, &arguments.image)?.digest;
    let Some(kind) = &arguments.kind else {
        return content::types(&session.send(&Request::get(&["images", &digest, "vuln"]))?, session);
    };
    let vendor_only = arguments.vendor_only && !arguments.no_vendor_only;
    let request = Request::get(&["images", &digest, "vuln", kind]).query("vendor_only", vendor_only);
    let found = match session.send(&request) {
        Ok(found) => found,
        Err(error) => return early(error, session),
    };
    session.print(&found, |found: &Vulnerabilities, out| write(found, out))?;
    Ok(Outcome::Fine)
}

/// An image that is not analysed yet ends with a code of its own, for scripts that try again.
fn early(error: Error, session: &Session) -> anyhow::Result<Outcome> {
    let outcome = match error.refusal().and_then(Refusal::analysis_status).as_deref() {
        Some("analyzing") => Outcome::Analyzing,
        Some("not_analyzed") => Outcome::NotAnalyzed,
        _ => return Err(error.into()),
    };
    session.report(error);
    Ok(outcome)
}

fn write(found: &Vulnerabilities, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(&[
        "Vulnerability ID",
        "Package",
        "Severity",
        "Fix",
        "CVE Refs",
        "Vulnerability URL",
        "Type",
        "Feed Group",
        "Package Path",
    ]);
    let mut worst_first: Vec<&Vulnerability> = found.vulnerabilities.iter().collect();
    let order = |entry: &&Vulnerability| {
        let severity = Severity::parse(entry.severity.as_str()).unwrap_or(Severity::Unknown);
        (Reverse(severity), entry.vuln.clone(), entry.package.clone(), entry.package_path.clone())
    };
    worst_first.sort_by_cached_key(order);
    for entry in worst_first {
        let [id, package, severity, fix] = [&entry.vuln, &entry.package, &entry.severity, &entry.fix].map(none);
        let [url, kind, group, path] =
            [&entry.url, &entry.package_type, &entry.feed_group, &entry.package_path].map(none);
        table.row([id, package, severity, fix, entry.cves().join(","), url, kind, group, path]);
    }
    table.write(out)
}
