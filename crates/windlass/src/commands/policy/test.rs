//! `windlass policy test TESTS.yaml`: holds a bundle to what a file of cases expects.

mod advisories;
mod cases;
mod expectation;
mod report;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use jiff::Timestamp;
use windlass_matching::Outcome as Matched;
use windlass_policy::{Bundle, Evaluation, Profile};
use windlass_sbom::Sbom;
use windlass_vulnerabilities::Database;

use crate::{
    Outcome,
    arguments::ArtifactArguments,
    artifact, bundle,
    diagnostics::Hinted,
    judge::Judge,
    output::{self, Target},
    yaml,
};
use advisories::Advisories;
use cases::{Case, Suite};

#[derive(Args)]
pub(super) struct TestArguments {
    /// The cases: a YAML file beside the bundle.
    tests: PathBuf,
    /// Test this bundle instead of the one that the file names.
    #[arg(long, value_name = "BUNDLE")]
    policy: Option<PathBuf>,
    /// Format, and file to write it to (repeatable): table, junit.
    #[arg(short, long, value_name = "FORMAT[=FILE]", value_parser = target, default_value = "table")]
    output: Vec<Target<Format>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Table,
    Junit,
}

fn target(text: &str) -> Result<Target<Format>, String> {
    Target::parse(text, |name| match name {
        "table" => Ok(Format::Table),
        "junit" => Ok(Format::Junit),
        _ => Err(format!("{name:?} is no format of a test; there are table, junit")),
    })
}

/// What came of one case.
struct Tested {
    name: String,
    result: Result<Vec<String>, anyhow::Error>,
}

pub(super) fn run(arguments: &TestArguments) -> anyhow::Result<Outcome> {
    output::check(&arguments.output)?;
    let suite: Suite = yaml::read(&arguments.tests)?;
    let folder = arguments.tests.parent().unwrap_or_else(|| Path::new(""));
    let bundle = bundle::read(&arguments.policy.clone().unwrap_or_else(|| folder.join(&suite.bundle)))?;
    if suite.cases.is_empty() {
        return Err(Hinted::error(
            format!("{} holds no case", arguments.tests.display()),
            "list at least one under cases, with a name, an image and a verdict",
        ));
    }
    let now = Timestamp::now();
    let court = Court { folder, bundle, advisories: Advisories::open(&suite, folder, now)?, now };
    let tried = suite.cases.iter().map(|case| Tested { name: case.name.clone(), result: court.try_case(&suite, case) });
    let tested: Vec<Tested> = tried.collect();
    for target in &arguments.output {
        target.write(|format, out| match format {
            Format::Table => report::table(&tested, out),
            Format::Junit => report::junit(&arguments.tests, &tested, out),
        })?;
    }
    let is_bad = |bad: fn(&Tested) -> bool| tested.iter().any(bad);
    Ok(if is_bad(|case| case.result.is_err()) {
        Outcome::Unusable
    } else if is_bad(|case| case.result.as_ref().is_ok_and(|differences| !differences.is_empty())) {
        Outcome::GateFailed
    } else {
        Outcome::Fine
    })
}

/// Everything that cases have in common.
struct Court<'t> {
    /// What paths of the file are relative to.
    folder: &'t Path,
    bundle: Arc<Bundle>,
    advisories: Advisories,
    /// The time of cases that name none.
    now: Timestamp,
}

impl Court<'_> {
    /// How the verdict differs from what is expected.
    fn try_case(&self, suite: &Suite, case: &Case) -> anyhow::Result<Vec<String>> {
        let profile = case.profile.or(suite.profile).map_or(Profile::Compat, Into::into);
        let mut judge = Judge::new(Arc::clone(&self.bundle), profile);
        judge.tag.clone_from(&case.tag);
        let now = case.now.or(suite.now).unwrap_or(self.now);
        let sbom = self.analyse(case, &judge)?;
        let database = self.advisories.database();
        let matched = matched(&judge, &sbom, database, now)?;
        let image = judge.image(&sbom, &matched, database.map(Database::built_at));
        let evaluation: Evaluation<'_> = judge.evaluate(&image, now);
        Ok(case.differences(&evaluation))
    }

    fn analyse(&self, case: &Case, judge: &Judge) -> anyhow::Result<Sbom> {
        let mut arguments = vec![cases::located(&case.image, self.folder)];
        if let Some(path) = &case.dockerfile {
            arguments.push(format!("--dockerfile={}", self.folder.join(path).display()));
        }
        artifact::analyse(&ArtifactArguments::parse(arguments)?, &judge.needs())
    }
}

/// What is known of vulnerabilities in an image; nothing, if nobody asks.
fn matched(judge: &Judge, sbom: &Sbom, database: Option<&Database>, now: Timestamp) -> anyhow::Result<Matched> {
    match database {
        _ if !judge.needs_findings() => Ok(Matched::default()),
        Some(database) => artifact::match_with(sbom, database, now),
        None => Err(Hinted::error(
            "the bundle reads vulnerabilities, and the tests name no data about them",
            "add db: FILE, or advisories: {osv: [FOLDER]}",
        )),
    }
}
