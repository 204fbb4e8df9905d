//! From what the user typed to a bill of materials.

use std::{
    fs::File,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use jiff::Timestamp;
use windlass_analysis::{AnalysisError, Options};
use windlass_image::WalkError;
use windlass_matching::Outcome;
use windlass_sbom::{
    Sbom,
    formats::{self, Saved, Wanted},
};
use windlass_sources::{Bill, Credential, Input, Secret};
use windlass_vulnerabilities::Database;

use crate::{arguments::ArtifactArguments, diagnostics::Hinted, inspection::Needs};

/// Documents longer than this are not read.
const DOCUMENT_LIMIT: u64 = 2 << 30;

/// Finds the artifact and analyses it, looking for what is asked for and what is needed. A bill of materials is taken as
/// it is.
pub(crate) fn analyse(arguments: &ArtifactArguments, needs: &Needs) -> anyhow::Result<Sbom> {
    let options = analysis_options(arguments, needs)?;
    let mut sbom = find(arguments, &options)?;
    arguments.inspection.complete(&mut sbom)?;
    Ok(sbom)
}

fn find(arguments: &ArtifactArguments, options: &Options) -> anyhow::Result<Sbom> {
    let input = windlass_sources::resolve(&arguments.image, &source_options(arguments)?)?;
    let failed = || format!("{} cannot be analysed", arguments.image);
    let in_time = |error| match (error, arguments.budgets.timeout) {
        (AnalysisError::Walk(WalkError::Cancelled), Some(seconds)) => Hinted::error(
            format!("it took longer than --timeout {seconds}"),
            "raise --timeout, which is the number of seconds that the analysis may take",
        ),
        (error, _) => error.into(),
    };
    match input {
        Input::Image(image) => {
            tracing::info!(layers = image.layers.len(), manifest = %image.manifest_digest, "found image");
            Ok(windlass_analysis::analyse_image(&image, options).map_err(in_time).with_context(failed)?.sbom)
        }
        Input::Directory(root) => {
            let mountinfo = std::fs::read("/proc/self/mountinfo").unwrap_or_default();
            let analysis = windlass_analysis::analyse_directory(&root, mountinfo, options);
            Ok(analysis.map_err(in_time).with_context(failed)?.sbom)
        }
        Input::Sbom(bill) => read(&bill),
    }
}

/// Reads a bill of materials in any format.
pub(crate) fn read(bill: &Bill) -> anyhow::Result<Sbom> {
    read_part(bill, Wanted::ALL)
}

/// Reads what is wanted of a saved analysis, with its files by columns.
pub(crate) fn read_saved(path: &Path, wanted: Wanted) -> anyhow::Result<Saved> {
    let saved = formats::read_saved_from(open(path)?, DOCUMENT_LIMIT, wanted);
    saved.with_context(|| format!("{} cannot be read as a bill of materials", path.display()))
}

fn open(path: &Path) -> anyhow::Result<File> {
    File::open(path).with_context(|| format!("{} cannot be opened", path.display()))
}

/// Reads what is wanted of a bill of materials in any format.
pub(crate) fn read_part(bill: &Bill, wanted: Wanted) -> anyhow::Result<Sbom> {
    let (name, document) = match bill {
        Bill::File(path) => (path.display().to_string(), formats::read_part_from(open(path)?, DOCUMENT_LIMIT, wanted)),
        Bill::StandardInput => {
            let input = std::io::stdin().lock();
            ("standard input".to_owned(), formats::read_part_from(input, DOCUMENT_LIMIT, wanted))
        }
    };
    document.with_context(|| format!("{name} cannot be read as a bill of materials"))
}

/// Compares a bill of materials with a database, with no wish but today's date.
pub(crate) fn match_with(sbom: &Sbom, database: &Database, now: Timestamp) -> anyhow::Result<Outcome> {
    Ok(windlass_matching::match_sbom(sbom, database, &matching_options(now))?)
}

/// No wish but today's date.
pub(crate) fn matching_options(now: Timestamp) -> windlass_matching::Options {
    let today = now.strftime("%Y-%m-%d").to_string();
    windlass_matching::Options { today: Some(today), ..windlass_matching::Options::default() }
}

fn source_options(arguments: &ArtifactArguments) -> anyhow::Result<windlass_sources::Options> {
    let mut options = windlass_sources::Options::from_environment();
    options.platform = arguments.platform.as_deref().map(windlass_sources::parse_platform).transpose()?;
    let registry = &arguments.registry;
    options.registry.plain_http = registry.insecure_use_http;
    options.registry.skip_tls_verify = registry.insecure_skip_tls_verify;
    options.registry.certificate_authority.clone_from(&registry.registry_ca);
    if let (Some(user), Some(file)) = (&registry.registry_user, &registry.registry_password_file) {
        let password = std::fs::read_to_string(file)
            .with_context(|| format!("the password file {} cannot be read", file.display()))?;
        let password = password.trim_end_matches(['\r', '\n']);
        let secret = Secret::Password { username: user.clone(), password: password.to_owned() };
        options.registry.credentials.push(Credential { registry: None, secret });
    }
    Ok(options)
}

fn analysis_options(arguments: &ArtifactArguments, needs: &Needs) -> anyhow::Result<Options> {
    let mut options = Options::default();
    let budgets = &arguments.budgets;
    let set = |budget: &mut u64, asked: Option<u64>| *budget = asked.unwrap_or(*budget);
    set(&mut options.walk.budgets.layer_bytes, budgets.max_layer_bytes);
    set(&mut options.walk.budgets.image_bytes, budgets.max_image_bytes);
    set(&mut options.walk.budgets.ratio, budgets.max_ratio);
    set(&mut options.walk.budgets.image_entries, budgets.max_entries);
    set(&mut options.walk.budgets.layer_entries, budgets.max_entries);
    set(&mut options.archives.bytes, budgets.max_archive_bytes);
    options.archives.depth = budgets.max_archive_depth.unwrap_or(options.archives.depth);
    options.walk.threads = arguments.threads.unwrap_or(options.walk.threads);
    arguments.inspection.apply(needs, &mut options)?;
    // What the clock cannot count to never comes.
    let end = |seconds| Instant::now().checked_add(Duration::from_secs(seconds));
    if let Some(deadline) = budgets.timeout.and_then(end) {
        options.walk.cancelled = Some(Arc::new(move || Instant::now() > deadline));
    }
    Ok(options)
}
