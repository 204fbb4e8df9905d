//! From what is known of an image to a verdict: the work, off the threads that answer.

use std::sync::Arc;

use jiff::Timestamp;
use windlass_policy::{
    Action, Ancestor, Bundle, CompiledBundle, Image, Inputs, Knowledge, Profile, Request, missing_inputs,
};
use windlass_sbom::{
    FileTable, Sbom,
    formats::{Saved, Wanted},
};
use windlass_store::{evaluations::Basis, policies};
use windlass_v1::{
    evaluations::{EvaluationResult, Subject},
    policies::PolicyProblem,
};

use super::{
    Analysed,
    findings::{Findings, Known},
};
use crate::{
    Error, Result, Tenant,
    policies::document,
    recent::Recent,
    threads::{Room, spawn_blocking},
};

/// Bytes of the bundles that are kept ready.
const BUNDLES: usize = 16 << 20;
/// Packages, files and findings of the images that are kept ready: some hundred bytes each.
const ENTRIES: usize = 200_000;

/// What this process keeps ready for evaluations, and how many it makes at once.
pub(crate) struct Judges {
    bundles: Recent<(String, Profile), CompiledBundle>,
    inputs: Recent<InputKey, EvaluationInput>,
    room: Room,
}

/// Account, digest, analysis, vulnerability data, the digest of what else goes in, and how much of it was read.
type InputKey = (String, String, i64, Option<i64>, String, Wanted);

/// What rules look at.
pub(super) struct EvaluationInput {
    pub(super) sbom: Arc<Sbom>,
    pub(super) files: FileTable,
    pub(super) known: Known,
}

/// A bundle, an image, and how to judge it.
pub(super) struct Case {
    pub(super) account: String,
    pub(super) image_id: String,
    pub(super) image_digest: String,
    pub(super) tag: String,
    pub(super) bundle: Arc<CompiledBundle>,
    pub(super) input: Arc<EvaluationInput>,
    pub(super) previous: Option<Sbom>,
    pub(super) ancestors: Vec<Ancestor>,
    /// When the image was first known.
    pub(super) since: Timestamp,
    pub(super) unmapped: Action,
    pub(super) now: Timestamp,
}

/// A verdict that is not kept yet.
pub(super) struct Judged {
    pub(super) result: EvaluationResult,
    pub(super) action: Action,
    pub(super) valid_until: Option<Timestamp>,
}

impl Default for Judges {
    fn default() -> Self {
        Self { bundles: Recent::new(BUNDLES), inputs: Recent::new(ENTRIES), room: Room::default() }
    }
}

impl Judges {
    /// The bundle of a policy, ready to judge.
    pub(super) async fn bundle(&self, policy: &policies::Model, profile: Profile) -> Result<Arc<CompiledBundle>> {
        let key = (policy.digest.clone(), profile);
        if let Some(bundle) = self.bundles.get(&key) {
            return Ok(bundle);
        }
        let document = document(policy)?;
        let compile = move || CompiledBundle::new(Arc::new(Bundle::unchecked(document)), profile);
        let bundle = Arc::new(self.work(compile).await?);
        self.bundles.put(key, Arc::clone(&bundle), policy.bundle.len());
        Ok(bundle)
    }

    pub(super) async fn judge(&self, case: Case) -> Result<Judged> {
        self.work(move || case.judge()).await
    }

    /// Runs what takes the processor's time where it keeps no other task waiting.
    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let place = self.room.place().await?;
        let worked = spawn_blocking(move || {
            let _place = place;
            work()
        });
        worked.await.map_err(|error| Error::Broken(format!("an evaluation failed: {error}")))
    }
}

impl Tenant {
    /// What rules look at, of an image of the account, as far as it is wanted. `keeps` says whether it is kept ready for
    /// the next question.
    pub(super) async fn input(
        &self,
        image: &Analysed,
        basis: &Basis,
        wanted: Wanted,
        findings: &impl Findings,
        keeps: bool,
    ) -> Result<Arc<EvaluationInput>> {
        let Basis { analysis, data, inputs, .. } = basis.clone();
        let key = (self.name().to_string(), image.image.digest.clone(), analysis, data, inputs, wanted);
        let inputs = &self.service.judges.inputs;
        if let Some(input) = inputs.get(&key) {
            return Ok(input);
        }
        let Saved { sbom, files } = self.saved_analysis(&image.image, wanted).await?;
        let sbom = Arc::new(sbom);
        let known = findings.of(&sbom).await?;
        let weight = sbom.packages.len() + files.len() + sbom.relationships.len() + known.outcome.findings.len();
        // Other data may have come into force meanwhile.
        let key = (key.0, key.1, analysis, known.data, key.4, wanted);
        let input = Arc::new(EvaluationInput { sbom, files, known });
        if keeps {
            inputs.put(key, Arc::clone(&input), weight.max(1));
        }
        Ok(input)
    }
}

impl Case {
    /// The verdict: a function of what is given.
    pub(super) fn judge(&self) -> Judged {
        let Known { outcome, first_seen, database_built, .. } = &self.input.known;
        let knowledge = Knowledge {
            database_built: *database_built,
            first_seen: Some(first_seen),
            since: Some(self.since),
            previous: self.previous.as_ref(),
            ancestors: &self.ancestors,
            ..Knowledge::default()
        };
        let image = Image::new(&self.input.sbom, outcome, knowledge).with_files(&self.input.files);
        let request = Request { unmapped: self.unmapped, ..Request::new(&image, &self.tag, self.now) };
        let verdict = self.bundle.evaluate(&request);
        let subject = Subject {
            user_id: &self.account,
            image_id: &self.image_id,
            image_digest: &self.image_digest,
            tag: &self.tag,
            created_at: self.now,
        };
        let mut result = EvaluationResult::new(&verdict, self.bundle.bundle(), &subject);
        // What was imported may have been analysed without what the rules read: they pass in vain.
        let missing = missing_inputs(Inputs::OF_ANALYSIS, &self.bundle, &verdict, &image);
        result.evaluation_problems.extend(missing.iter().map(PolicyProblem::from));
        Judged { result, action: verdict.final_action, valid_until: verdict.valid_until }
    }
}
