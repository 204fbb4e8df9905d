//! One analysis as a job: begun, ended or given back, each in one transaction.
//!
//! A worker changes of an image's row only what an analysis changes, so that whatever happens to the image meanwhile stays
//! (`spec/operations.md` D-27), and writes nothing once another worker has its job.

use std::{sync::Arc, time::Instant};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use windlass_channels::Facts;
use windlass_store::{
    AccountName, Transaction,
    analyses::{self, progress},
    events::Level,
    images, imports,
    jobs::Claim,
};
use windlass_v1::events::{EventLevel, EventType};

use super::{failure::Failure, imported::import_key, settings::analysis_key};
use crate::{
    Happening, Result, Service, Tenant, images::ImportParts, measures::count_analysis, vulnerabilities::KnownPackages,
};

/// Seconds between two looks whether another worker is done with the same image.
const PATIENCE: i64 = 2;

/// The payload of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct AnalysisRequest {
    /// Whether the image is to be read even if its analysis is there.
    pub(crate) force: bool,
    /// Where it was analysed elsewhere: what of. The image is not read then.
    pub(crate) import: Option<ImportParts>,
}

impl AnalysisRequest {
    fn of(claim: &Claim) -> Self {
        serde_json::from_str(&claim.job.payload).unwrap_or_default()
    }
}

/// An analysis that an image gets.
enum Made {
    /// It was made for somebody before.
    Found(i64),
    New {
        analysis: Box<analyses::NewAnalysis>,
        packages: KnownPackages,
        force: bool,
    },
}

impl Service {
    /// Does a claimed job. Whoever drops the future gives the job up; it is done again when its lease has run out.
    pub(crate) async fn analyse_claimed(self: &Arc<Self>, claim: &Claim) -> Result<()> {
        let account =
            AccountName::parse(&claim.job.account).map_err(|error| crate::Error::Broken(error.to_string()))?;
        let tenant = self.tenant(&account);
        let now = self.clock.moment();
        let AnalysisRequest { force, import } = AnalysisRequest::of(claim);
        if !force && import.is_none() && claim.follows_another(&self.store, now).await? {
            // What it is about to find will do for this one too.
            claim.postpone(&self.store, now.plus_seconds(PATIENCE), now).await?;
            return Ok(());
        }
        let begun = match tenant.account.image(&claim.job.key).await? {
            Some(image) if progress::begin(&self.store, image.id, self.clock.moment()).await? => Some(image),
            _ => None,
        };
        let Some(image) = begun else {
            // It was deleted, or another job has done it.
            let tx = self.store.begin().await?;
            if claim.complete(&tx).await? {
                let reason = "the image was deleted, or analysed otherwise, before the import was read";
                self.end_import(&tx, claim, &account, Some(reason)).await?;
            }
            return Ok(tx.commit().await.map_err(windlass_store::Error::from)?);
        };
        let begun = Instant::now();
        if claim.is_exhausted() {
            count_analysis("failed", begun);
            return self.give_up(claim, &account, &image, Failure::abandoned(claim.job.max_attempts)).await;
        }
        let made = self.make(&tenant, &image, claim).await;
        let outcome = match &made {
            Ok(Made::Found(_)) => "known",
            _ if import.is_some() => "imported",
            _ => "analyzed",
        };
        let done = match made {
            Ok(made) => {
                let finished = self.finish(claim, &account, &image, made).await;
                finished.map_err(|error| Failure::from(error).of_saving())
            }
            Err(failure) => Err(failure),
        };
        let Err(failure) = done else {
            count_analysis(outcome, begun);
            self.judge_first(&tenant, &image).await;
            return Ok(());
        };
        let Some(pause) = failure.pause(claim.job.attempts, claim.job.max_attempts) else {
            count_analysis("failed", begun);
            return self.give_up(claim, &account, &image, failure).await;
        };
        count_analysis("later", begun);
        tracing::warn!(image = image.digest, code = failure.code, reason = failure.reason, "will be tried again");
        let now = self.clock.moment();
        progress::pause(&self.store, image.id, now).await?;
        let not_before = now.plus_seconds(i64::try_from(pause.as_secs()).unwrap_or(i64::MAX));
        claim.retry(&self.store, &failure.reason, not_before, now).await?;
        Ok(())
    }

    /// Judges the image under each of its tags, so that what changes later is known to be a change. The analysis stands
    /// whatever comes of it: whoever asks for a verdict gets one made then.
    async fn judge_first(&self, tenant: &Tenant, image: &images::Model) {
        let judged = async {
            let tx = self.store.begin_read().await?;
            let tags = images::full_tags(&tx, image.id).await?;
            drop(tx);
            tenant.evaluate(&image.digest, &tags).await
        };
        if let Err(error) = judged.await {
            tracing::warn!(image = image.digest, %error, "the image is not judged yet");
        }
    }

    /// Gives a job back, as a process does that stops.
    pub(crate) async fn release_analysis(&self, claim: &Claim) -> Result<()> {
        let now = self.clock.moment();
        let account =
            AccountName::parse(&claim.job.account).map_err(|error| crate::Error::Broken(error.to_string()))?;
        if let Some(image) = self.store.account(&account).image(&claim.job.key).await? {
            progress::pause(&self.store, image.id, now).await?;
        }
        claim.release(&self.store, now).await?;
        Ok(())
    }

    async fn make(self: &Arc<Self>, tenant: &Tenant, image: &images::Model, claim: &Claim) -> Result<Made, Failure> {
        let AnalysisRequest { force, import } = AnalysisRequest::of(claim);
        let key = match &import {
            Some(parts) => import_key(&image.digest, parts),
            None => analysis_key(&image.digest, &self.settings),
        };
        if !force && let Some(found) = self.store.find_analysis(&key).await? {
            return Ok(Made::Found(found));
        }
        let sbom = match &import {
            Some(parts) => self.read_import(tenant, image, parts).await?,
            None => self.analyse(tenant, &image.digest, tenant.places(image).await?, force).await?,
        };
        let sbom = Arc::new(sbom);
        let packages = self.know_packages(&sbom).await?;
        let kept = self.keep(&image.digest, &key, sbom).await;
        let analysis = Box::new(kept.map_err(Failure::of_saving)?);
        Ok(Made::New { analysis, packages, force })
    }

    /// Writes the analysis, what it changes of the image, what it tells, and the end of the job.
    async fn finish(&self, claim: &Claim, account: &AccountName, image: &images::Model, made: Made) -> Result<()> {
        let now = self.clock.moment();
        let tx = self.store.begin().await?;
        if !claim.complete(&tx).await? {
            tracing::warn!(image = image.digest, "the analysis came too late: another worker has the job");
            return Ok(());
        }
        let analysis = match made {
            Made::Found(analysis) => analysis,
            Made::New { analysis, packages, force } => {
                if force {
                    analyses::supersede(&tx, &analysis.key).await?;
                }
                let analysis = analyses::insert(&tx, *analysis, now).await?;
                packages.record(self, &tx, analysis).await?;
                analysis
            }
        };
        self.end_import(&tx, claim, account, None).await?;
        if let Some(image) = progress::finish(&tx, image.id, analysis, now).await? {
            let details = update(&image);
            for fulltag in images::full_tags(&tx, image.id).await? {
                self.tell_about(&tx, account, EventType::UserAnalysisCompleted, &fulltag, details.clone()).await?;
                self.look_again(&tx, account, &fulltag).await?;
            }
        }
        tx.commit().await.map_err(windlass_store::Error::from)?;
        self.work.notify_waiters();
        Ok(())
    }

    /// Writes that the image cannot be analysed, and why.
    async fn give_up(
        &self,
        claim: &Claim,
        account: &AccountName,
        image: &images::Model,
        failure: Failure,
    ) -> Result<()> {
        let is_of_saving = failure.is_of_saving();
        let Failure { code, reason, .. } = failure;
        tracing::warn!(image = image.digest, code, reason, "the image cannot be analysed");
        let now = self.clock.moment();
        let tx = self.store.begin().await?;
        if !claim.bury(&tx, &reason, now).await? {
            return Ok(());
        }
        self.end_import(&tx, claim, account, Some(&reason)).await?;
        if progress::fail(&tx, image.id, code, &reason, now).await? {
            let tags = images::full_tags(&tx, image.id).await?;
            for fulltag in &tags {
                self.tell_about(&tx, account, EventType::UserAnalysisFailed, fulltag, json!(reason)).await?;
            }
            let saving = is_of_saving.then_some(EventType::CatalogSaveFailed);
            for kind in saving.into_iter().chain([EventType::AnalysisFailed]) {
                let details = json!({"msg": kind.message(), "cause": reason, "code": code, "tag": tags.first()});
                self.tell_about(&tx, account, kind, &image.digest, details).await?;
            }
        }
        Ok(tx.commit().await.map_err(windlass_store::Error::from)?)
    }

    /// Ends the import that a job was for, if it was for one; with the reason if it failed.
    async fn end_import(
        &self,
        tx: &Transaction,
        claim: &Claim,
        account: &AccountName,
        failure: Option<&str>,
    ) -> Result<()> {
        let Some(parts) = AnalysisRequest::of(claim).import else { return Ok(()) };
        let to = if failure.is_some() { imports::Status::Failed } else { imports::Status::Complete };
        let from = [imports::Status::Processing];
        imports::change_status(tx, account, &parts.id, &from, to, failure, self.clock.moment()).await?;
        Ok(())
    }

    async fn tell_about(
        &self,
        tx: &Transaction,
        account: &AccountName,
        kind: EventType,
        resource: &str,
        details: Value,
    ) -> Result<()> {
        let level = match kind.level() {
            EventLevel::Info => Level::Info,
            EventLevel::Error => Level::Error,
        };
        let resource = (kind.resource_type().as_str(), Some(resource));
        let message = kind.message().to_owned();
        let (kind, source, facts) = (kind.as_str(), "analyzer", Facts::default());
        let happening = Happening { kind, level, message, details, resource, source, facts };
        self.tell(tx, account, happening).await
    }
}

/// What is told of an image that was analysed (`spec/operations.md` §2.7).
fn update(image: &images::Model) -> Value {
    let annotations: Value = serde_json::from_str(&image.annotations).unwrap_or_else(|_| json!({}));
    let state =
        |status: &str| json!({"imageDigest": image.digest, "analysis_status": status, "annotations": annotations});
    json!({
        "subscription_type": "analysis_update",
        "last_eval": state("analyzing"),
        "curr_eval": state("analyzed"),
        "annotations": annotations,
    })
}
