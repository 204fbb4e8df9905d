//! `windlass db build`: advisory files on disk to a database.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use jiff::Timestamp;
use windlass_feeds::{SourceKind, Stop, Summary};
use windlass_vulnerabilities::{Builder, Finish};

use crate::diagnostics::Hinted;

#[derive(Args)]
pub(super) struct BuildArguments {
    /// OSV documents: a folder of ecosystems with their all.zip, one archive, or loose files (repeatable).
    #[arg(long, value_name = "PATH")]
    osv: Vec<PathBuf>,
    /// NVD 2.0 documents, and archives of CPE overrides (repeatable).
    #[arg(long, value_name = "PATH")]
    nvd: Vec<PathBuf>,
    /// The security tracker's JSON of Debian (repeatable).
    #[arg(long, value_name = "PATH")]
    debian: Vec<PathBuf>,
    /// Alpine's secdb: a folder of releases with main and community (repeatable).
    #[arg(long, value_name = "PATH")]
    alpine: Vec<PathBuf>,
    /// CISA's catalogue of known exploited vulnerabilities, as JSON (repeatable).
    #[arg(long, value_name = "PATH")]
    kev: Vec<PathBuf>,
    /// FIRST's exploit prediction scores, as CSV (repeatable).
    #[arg(long, value_name = "PATH")]
    epss: Vec<PathBuf>,
    /// End-of-life dates of distributions (repeatable).
    #[arg(long, value_name = "PATH")]
    eol: Vec<PathBuf>,
    /// The database to write.
    #[arg(short, long, value_name = "FILE", default_value = "vulnerability.db")]
    output: PathBuf,
    /// Time of the build as seconds since 1970, for builds that can be reproduced [default: now].
    #[arg(long, value_name = "SECONDS", env = "SOURCE_DATE_EPOCH")]
    built: Option<i64>,
    /// Leave the indexes out and make the file small, for an archive to be published.
    #[arg(long)]
    distribution: bool,
    /// Fail if any record could not be read, after naming it.
    #[arg(long)]
    strict: bool,
}

impl BuildArguments {
    fn paths(&self, source: &SourceKind) -> Vec<&Path> {
        let paths = match source.name {
            "osv" => &self.osv,
            "nvd" => &self.nvd,
            "debian" => &self.debian,
            "alpine" => &self.alpine,
            "kev" => &self.kev,
            "epss" => &self.epss,
            "eol" => &self.eol,
            _ => return Vec::new(),
        };
        paths.iter().map(PathBuf::as_path).collect()
    }
}

pub(super) fn run(arguments: &BuildArguments) -> anyhow::Result<()> {
    let built = match arguments.built {
        Some(seconds) => Timestamp::from_second(seconds).context("the time of the build is out of range")?,
        None => Timestamp::now(),
    };
    let sources: Vec<_> = windlass_feeds::sources()
        .iter()
        .map(|source| (source, arguments.paths(source)))
        .filter(|(_, paths)| !paths.is_empty())
        .collect();
    if sources.is_empty() {
        return Err(Hinted::error(
            "no advisory files were named",
            "name at least one source: windlass db build --osv DIR -o vulnerability.db",
        ));
    }
    let mut builder = Builder::create(&arguments.output, built)?;
    let mut problems = 0;
    for (source, paths) in sources {
        let mut add =
            |provider: windlass_feeds::ProviderId, record| builder.add(provider.as_str(), record).map_err(Stop::from);
        let summary = windlass_feeds::read(source, &paths, &mut add)?;
        for provider in &summary.providers {
            builder.describe(provider);
        }
        tell(source, &summary);
        problems += summary.problems.count();
    }
    if arguments.strict && problems > 0 {
        return Err(Hinted::error(
            format!("{problems} records could not be read"),
            "they are named above; leave --strict out to build without them",
        ));
    }
    let finish = if arguments.distribution { Finish::Distribution } else { Finish::Ready };
    let summary = builder.finish(finish, &mut super::watch())?;
    tell_result(arguments, &summary);
    Ok(())
}

#[expect(clippy::print_stderr, reason = "the account of a build is for people")]
fn tell(source: &SourceKind, summary: &Summary) {
    let skipped: u64 = summary.skipped.values().sum();
    eprintln!(
        "{:8} {:>8} records, {skipped} skipped, {} unreadable",
        source.name,
        summary.records,
        summary.problems.count()
    );
    for (kind, count) in &summary.skipped {
        tracing::info!("{}: {count} skipped: {kind}", source.name);
    }
    for problem in summary.problems.first() {
        tracing::warn!("{} {}: {}", problem.file, problem.record, problem.reason);
    }
}

#[expect(clippy::print_stderr, reason = "the account of a build is for people")]
fn tell_result(arguments: &BuildArguments, summary: &windlass_vulnerabilities::Summary) {
    eprintln!(
        "{}: {} vulnerabilities, {} statements about packages, {} about products, {:.1} MiB",
        arguments.output.display(),
        summary.vulnerabilities,
        summary.packages,
        summary.cpes,
        summary.bytes as f64 / f64::from(1 << 20)
    );
}
