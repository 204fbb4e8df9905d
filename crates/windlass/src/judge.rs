//! From a policy bundle and a bill of materials to a verdict.

use std::{path::PathBuf, sync::Arc};

use clap::Args;
use jiff::Timestamp;
use windlass_matching::Outcome;
use windlass_policy::{Action, Bundle, CompiledBundle, Evaluation, Image, Inputs, Knowledge, Profile, Request};
use windlass_report::Judgement;
use windlass_sbom::{Sbom, Source, formats::Wanted};
use windlass_sources::Bill;

use crate::{artifact, inspection::Needs};

/// How a bundle is evaluated.
#[derive(Args)]
#[command(next_help_heading = "Policy")]
pub(crate) struct EvaluationArguments {
    /// Name to judge the image under, by which mappings go [default: its first one].
    #[arg(long, value_name = "REF", requires = "policy")]
    tag: Option<String>,
    /// How rules are understood whose meaning surprises: compat as Anchore Engine did, native as they read.
    #[arg(long, value_name = "PROFILE", value_parser = profile, default_value = "compat", requires = "policy")]
    profile: Profile,
    /// What a rule counts for that cannot be evaluated: stop, warn.
    #[arg(long, value_name = "ACTION", value_parser = failure_action, default_value = "stop", requires = "policy")]
    on_failure: Action,
    /// What an image gets that no mapping matches: go, warn, stop.
    #[arg(long, value_name = "ACTION", value_parser = action, default_value = "go", requires = "policy")]
    unmapped: Action,
    /// Bill of materials of the image that had the tag before, for rules about what changed.
    #[arg(long, value_name = "FILE", requires = "policy")]
    previous: Option<PathBuf>,
}

pub(crate) fn profile(word: &str) -> Result<Profile, String> {
    Profile::parse(word).ok_or_else(|| format!("{word:?} is no profile; there are compat, native"))
}

pub(crate) fn action(word: &str) -> Result<Action, String> {
    Action::parse(word).ok_or_else(|| format!("{word:?} is no action; there are go, warn, stop"))
}

fn failure_action(word: &str) -> Result<Action, String> {
    let known = Action::parse(word).filter(|action| *action != Action::Go);
    known.ok_or_else(|| format!("{word:?} is nothing that a failure can count for; there are stop, warn"))
}

/// A bundle that is ready to judge images.
pub(crate) struct Judge {
    pub(crate) bundle: CompiledBundle,
    pub(crate) tag: Option<String>,
    pub(crate) on_failure: Action,
    pub(crate) unmapped: Action,
    pub(crate) previous: Option<Sbom>,
}

impl Judge {
    /// A judge that answers every question as the original did.
    pub(crate) fn new(bundle: Arc<Bundle>, profile: Profile) -> Self {
        let bundle = CompiledBundle::new(bundle, profile);
        Self { bundle, tag: None, on_failure: Action::Stop, unmapped: Action::Go, previous: None }
    }

    pub(crate) fn from_arguments(bundle: Arc<Bundle>, arguments: &EvaluationArguments) -> anyhow::Result<Self> {
        let previous = arguments.previous.clone().map(|path| artifact::read(&Bill::File(path))).transpose()?;
        Ok(Self {
            tag: arguments.tag.clone(),
            on_failure: arguments.on_failure,
            unmapped: arguments.unmapped,
            previous,
            ..Self::new(bundle, arguments.profile)
        })
    }

    /// What an analysis must look for.
    pub(crate) fn needs(&self) -> Needs {
        Needs {
            inputs: self.bundle.reads(),
            profile: self.bundle.profile(),
            paths: self.bundle.retrieved_paths().into_iter().map(str::to_owned).collect(),
        }
    }

    /// What its rules look at in an analysis that was saved.
    pub(crate) fn wanted(&self) -> Wanted {
        self.bundle.wanted()
    }

    /// Whether vulnerabilities, or the age of what is known about them, count.
    pub(crate) fn needs_findings(&self) -> bool {
        self.bundle.reads().intersects(Inputs::FINDINGS.with(Inputs::DATA_AGE))
    }

    /// The image as rules see it.
    pub(crate) fn image<'a>(&'a self, sbom: &'a Sbom, outcome: &'a Outcome, built: Option<Timestamp>) -> Image<'a> {
        let previous = self.previous.as_ref();
        Image::new(sbom, outcome, Knowledge { database_built: built, previous, ..Knowledge::default() })
    }

    pub(crate) fn evaluate<'a>(&'a self, image: &'a Image<'a>, now: Timestamp) -> Evaluation<'a> {
        self.bundle.evaluate(&Request {
            image,
            tag: self.tag(image.sbom),
            now,
            on_failure: self.on_failure,
            unmapped: self.unmapped,
        })
    }

    pub(crate) fn judgement<'a>(
        &'a self,
        image: &'a Image<'a>,
        evaluation: &'a Evaluation<'a>,
        now: Timestamp,
    ) -> Judgement<'a> {
        Judgement { bundle: &self.bundle, image, evaluation, tag: self.tag(image.sbom), now }
    }

    /// The name that was asked for, the image's first one, or the one that only catch-all mappings are about.
    pub(crate) fn tag<'a>(&'a self, sbom: &'a Sbom) -> &'a str {
        const NAMELESS: &str = "*/*:*";
        let own = match &sbom.source {
            Source::Image(image) => image.tags.first().map(String::as_str),
            Source::Directory { .. } | Source::Other { .. } => None,
        };
        self.tag.as_deref().or(own).unwrap_or(NAMELESS)
    }
}
