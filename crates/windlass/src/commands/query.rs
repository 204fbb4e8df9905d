//! `windlass query …`: which images hold something.

use clap::{Args, Subcommand};
use serde_json::Value;
use windlass_client::{Payload, Request, views::QueriedImages};

use crate::{
    Outcome,
    service::{ServiceArguments, Session, Table, none},
};

/// Images of one page.
const PAGE: usize = 1000;

#[derive(Args)]
pub(crate) struct QueryArguments {
    #[command(flatten)]
    service: ServiceArguments,
    #[command(subcommand)]
    command: QueryCommand,
}

#[derive(Subcommand)]
enum QueryCommand {
    /// List the images that have a vulnerability.
    ImagesByVulnerability(VulnerabilityArguments),
    /// List the images that hold a package.
    ImagesByPackage(PackageArguments),
}

#[derive(Args)]
struct VulnerabilityArguments {
    /// Such as CVE-2021-44228.
    #[arg(long, value_name = "ID")]
    vulnerability_id: String,
    /// Only by this source's record, such as debian:12.
    #[arg(long)]
    namespace: Option<String>,
    /// Only in this package.
    #[arg(long, value_name = "NAME")]
    package: Option<String>,
    /// Only of this severity, such as High.
    #[arg(long)]
    severity: Option<String>,
    /// Leave out what the distribution says it will not fix.
    #[arg(long = "vendor_only", visible_alias = "vendor-only", conflicts_with = "no_vendor_only")]
    vendor_only: bool,
    /// Show that, too.
    #[arg(long)]
    no_vendor_only: bool,
}

#[derive(Args)]
struct PackageArguments {
    /// Name of the package.
    #[arg(long)]
    name: String,
    /// Only this version.
    #[arg(long)]
    version: Option<String>,
    /// Only packages of this type, such as dpkg.
    #[arg(long, value_name = "TYPE")]
    package_type: Option<String>,
}

pub(crate) fn run(arguments: &QueryArguments) -> anyhow::Result<Outcome> {
    arguments.service.run(|session| {
        match &arguments.command {
            QueryCommand::ImagesByVulnerability(arguments) => by_vulnerability(arguments, session),
            QueryCommand::ImagesByPackage(arguments) => by_package(arguments, session),
        }?;
        Ok(Outcome::Fine)
    })
}

fn by_vulnerability(arguments: &VulnerabilityArguments, session: &Session) -> anyhow::Result<()> {
    // Neither flag: the service decides.
    let vendor_only = match (arguments.vendor_only, arguments.no_vendor_only) {
        (true, _) => Some("true"),
        (_, true) => Some("false"),
        _ => None,
    };
    let request = Request::get(&["query", "images", "by_vulnerability"])
        .query("vulnerability_id", &arguments.vulnerability_id)
        .query_if_any("namespace", arguments.namespace.as_deref())
        .query_if_any("affected_package", arguments.package.as_deref())
        .query_if_any("severity", arguments.severity.as_deref())
        .query_if_any("vendor_only", vendor_only);
    session.print(&every_page(&request, session)?, |found: &QueriedImages, out| {
        let mut table = Table::new(&["Full Tag", "Severity", "Package", "Package Type", "Namespace", "Digest"]);
        for image in &found.images {
            for (tag, package) in image.occurrences() {
                let severity = package.severity.or("N/A").to_owned();
                let name = format!("{}-{}", package.name, package.version);
                let namespace = package.namespace.or("N/A").to_owned();
                table.row([
                    tag.to_owned(),
                    severity,
                    name,
                    none(&package.kind),
                    namespace,
                    image.image_digest().to_owned(),
                ]);
            }
        }
        table.write(out)
    })
}

fn by_package(arguments: &PackageArguments, session: &Session) -> anyhow::Result<()> {
    let request = Request::get(&["query", "images", "by_package"])
        .query("name", &arguments.name)
        .query_if_any("version", arguments.version.as_deref())
        .query_if_any("package_type", arguments.package_type.as_deref());
    session.print(&every_page(&request, session)?, |found: &QueriedImages, out| {
        let mut table = Table::new(&["Full Tag", "Package", "Package Type", "Digest"]);
        for image in &found.images {
            for (tag, package) in image.occurrences() {
                let name = format!("{}-{}", package.name, package.version);
                table.row([tag.to_owned(), name, none(&package.kind), image.image_digest().to_owned()]);
            }
        }
        table.write(out)
    })
}

/// All pages as one; there are more as long as the answer names the next.
fn every_page(request: &Request, session: &Session) -> anyhow::Result<Payload> {
    let mut images = Vec::new();
    for page in 1.. {
        let request = request.clone().query("page", page).query("limit", PAGE);
        let mut document = session.send(&request)?.into_document();
        let before = images.len();
        if let Some(Value::Array(more)) = document.get_mut("images").map(Value::take) {
            images.extend(more);
        }
        let more = document.get("next_page").is_some_and(|next| !next.is_null());
        if !more || images.len() == before {
            break;
        }
    }
    let count = images.len();
    Ok(serde_json::json!({"images": images, "page": "1", "returned_count": count, "total_count": count}).into())
}
