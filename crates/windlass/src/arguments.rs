//! The command line.

use std::{ffi::OsString, path::PathBuf};

use clap::{
    Args, Parser, Subcommand,
    builder::{OsStringValueParser, TypedValueParser as _},
};
use windlass_matching::Severity;

use crate::{
    commands::{
        account, archive, completions, db, enterprise, evaluate, event, explain_change, image, notification, objects,
        policies, policy, query, registry, repo, sbom, scan, serve, subscription, system,
    },
    inspection::InspectionArguments,
};

/// Tells an organisation whether a container image may ship.
#[derive(Parser)]
#[command(name = "windlass", version, max_term_width = 100)]
pub(crate) struct Arguments {
    /// Say more of what is being done; twice for every detail.
    #[arg(short, long, alias = "debug", global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Say nothing but errors.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Find the vulnerabilities of an image.
    Scan(scan::ScanArguments),
    /// List what an image holds.
    Sbom(sbom::SbomArguments),
    /// Check images against policy bundles; write, test and compare bundles.
    Policy(policy::PolicyArguments),
    /// Build, fetch and inspect vulnerability databases.
    Db(db::DbArguments),
    /// Run the service: the API, workers, and what recurs.
    Serve(Box<serve::ServeArguments>),
    /// Look after the object storage of a service: check it, move it elsewhere.
    Objects(Box<objects::ObjectsArguments>),
    /// Have images analysed by a service, and ask about them.
    Image(image::ImageArguments),
    /// Have images judged by a service.
    Evaluate(evaluate::EvaluateArguments),
    /// Manage the policy bundles of a service.
    Policies(policies::PoliciesArguments),
    /// Manage what a service watches and tells of.
    Subscription(subscription::SubscriptionArguments),
    /// Manage the repositories that a service watches.
    Repo(repo::RepoArguments),
    /// Manage the registries that a service can log in to.
    Registry(registry::RegistryArguments),
    /// Read what happened at a service.
    Event(event::EventArguments),
    /// Manage where a service's notices go, and see how they fared.
    Notification(Box<notification::NotificationArguments>),
    /// Ask a service what changed of an image, and which data or policy caused it.
    ExplainChange(explain_change::ExplainChangeArguments),
    /// Ask a service which images hold something.
    Query(query::QueryArguments),
    /// Look after a service.
    System(system::SystemArguments),
    /// Manage the accounts and users of a service.
    Account(account::AccountArguments),
    /// Manage the analyses that a service keeps in its archive.
    #[command(alias = "analysis-archive")]
    Archive(archive::ArchiveArguments),
    /// What no service of this API has.
    #[command(hide = true)]
    Enterprise(enterprise::EnterpriseArguments),
    /// Print a completion script for a shell.
    Completions(completions::CompletionArguments),
}

/// What to analyse, and how to get at it.
#[derive(Args)]
pub(crate) struct ArtifactArguments {
    /// A reference (debian:12), an existing path, or SCHEME:VALUE with a scheme of registry, docker-archive, oci-archive,
    /// oci-dir, docker, podman, dir, sbom.
    #[arg(value_name = "IMAGE", value_parser = OsStringValueParser::new().try_map(artifact_name))]
    pub(crate) image: String,
    /// Which image of an index to take, such as linux/arm64 [default: the host's].
    #[arg(long, value_name = "OS/ARCH")]
    pub(crate) platform: Option<String>,
    /// Threads that read layers [default: one for each processor].
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<std::num::NonZeroUsize>,
    #[command(flatten)]
    pub(crate) inspection: InspectionArguments,
    #[command(flatten)]
    pub(crate) registry: RegistryArguments,
    #[command(flatten)]
    pub(crate) budgets: BudgetArguments,
}

impl ArtifactArguments {
    /// Reads them from the words that a user would type.
    pub(crate) fn parse(words: impl IntoIterator<Item = String>) -> Result<Self, clap::Error> {
        /// The arguments alone.
        #[derive(Parser)]
        #[command(no_binary_name = true)]
        struct Words {
            #[command(flatten)]
            artifact: ArtifactArguments,
        }
        Ok(Words::try_parse_from(words)?.artifact)
    }
}

/// How to speak to a registry.
#[derive(Args)]
#[command(next_help_heading = "Registry")]
pub(crate) struct RegistryArguments {
    /// Do not verify the registry's certificate.
    #[arg(long)]
    pub(crate) insecure_skip_tls_verify: bool,
    /// Speak plain HTTP with the registry.
    #[arg(long)]
    pub(crate) insecure_use_http: bool,
    /// Certificates to trust besides the system's: a PEM file or a folder of them.
    #[arg(long, value_name = "PATH", env = "WINDLASS_REGISTRY_CA")]
    pub(crate) registry_ca: Option<PathBuf>,
    /// User to log in as [default: what the Docker configuration holds].
    #[arg(long, value_name = "USER", env = "WINDLASS_REGISTRY_USER", requires = "registry_password_file")]
    pub(crate) registry_user: Option<String>,
    /// File that holds the password.
    #[arg(long, value_name = "FILE", env = "WINDLASS_REGISTRY_PASSWORD_FILE", requires = "registry_user")]
    pub(crate) registry_password_file: Option<PathBuf>,
}

/// What an image may make this program consume.
#[derive(Args)]
#[command(next_help_heading = "Budgets")]
pub(crate) struct BudgetArguments {
    /// Uncompressed bytes of one layer.
    #[arg(long, value_name = "BYTES")]
    pub(crate) max_layer_bytes: Option<u64>,
    /// Uncompressed bytes of all layers.
    #[arg(long, value_name = "BYTES")]
    pub(crate) max_image_bytes: Option<u64>,
    /// Uncompressed bytes for each stored byte of a large layer.
    #[arg(long, value_name = "N")]
    pub(crate) max_ratio: Option<u64>,
    /// Files and folders of all layers.
    #[arg(long, value_name = "N")]
    pub(crate) max_entries: Option<u64>,
    /// Bytes read out of one archive (a jar) and all that is nested in it.
    #[arg(long, value_name = "BYTES")]
    pub(crate) max_archive_bytes: Option<u64>,
    /// How deep archives within archives are read.
    #[arg(long, value_name = "N")]
    pub(crate) max_archive_depth: Option<usize>,
    /// Seconds after which the analysis gives up.
    #[arg(long, value_name = "SECONDS")]
    pub(crate) timeout: Option<u64>,
}

/// The name of an artifact, which reports have as text.
fn artifact_name(name: OsString) -> Result<String, &'static str> {
    name.into_string().map_err(|_| "the name is not UTF-8; rename it, or name a link to it: ln -s FILE image.tar")
}

/// A severity, as options name it.
pub(crate) fn severity(word: &str) -> Result<Severity, String> {
    let known = Severity::ALL.iter().find(|severity| severity.as_str().eq_ignore_ascii_case(word));
    known.copied().ok_or_else(|| format!("{word:?} is no severity; there are negligible, low, medium, high, critical"))
}
