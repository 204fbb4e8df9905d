//! Whether images may ship: verdicts of policies on them (`spec/api.md` A4.6, `spec/policy.md` §5).
//!
//! A verdict depends on the bundle, the analysis, the vulnerability data and the account's choices: its [`Basis`]. It is
//! kept with them, and as long as they are the same, and no moment has come at which time alone changes it, the same
//! question has the same answer, byte for byte. Everything else is judged anew, and kept: that is the history.

mod ancestors;
mod choices;
mod findings;
mod judge;
mod keep;
mod sieve;
#[cfg(test)]
mod tests;
mod yardstick;

pub(crate) use choices::Choices;
pub(crate) use judge::Judges;
pub(crate) use sieve::{Changed, Sieve};
pub(crate) use yardstick::Yardstick;

use std::time::Instant;

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use windlass_objects::ObjectKey;
use windlass_policy::{Action, Ancestor, CompiledBundle, Inputs, Profile, Tag};
use windlass_sbom::formats::Wanted;
use windlass_store::{
    analyses,
    evaluations::{Basis, Model, Question},
    image_tags::{self, TagName},
    images::{self, AnalysisStatus, Filter},
    policies,
};
use windlass_v1::{
    error::Problem,
    evaluations::{self as v1, Check, Evaluation, EvaluationDetail, EvaluationResult},
    images::{NOT_FOUND, not_analyzed},
};

use crate::{
    Error, Part, Result, Tenant,
    images::analysis_status,
    measures::{count_kept_verdict, count_new_verdict},
    policies::document,
};
use findings::Findings;
use judge::Case;

/// How many entries of a history are told where nobody says how many.
const HISTORY_LIMIT: u64 = 1000;
/// How many images of a tag are looked through for the one before.
const PREDECESSOR_LIMIT: u64 = 100;

/// What is asked of an image.
#[derive(Clone, Debug, Default)]
pub struct CheckRequest {
    /// The name to judge it under, by which mappings go. It need not be one of the image's (K14).
    pub tag: String,
    /// The policy to judge by in place of the active one.
    pub policy_id: Option<String>,
    /// Whether all that led to the verdict is told.
    pub detail: bool,
    /// Whether the verdicts before are told, too.
    pub history: bool,
    /// Which part of the history is told.
    pub part: Part,
    /// Whether the verdict is for whoever asks alone: nothing is kept, nobody is told.
    pub interactive: bool,
    /// In place of the account's choice. A verdict by other choices than the account's is not kept.
    pub profile: Option<Profile>,
    /// What an image gets that no mapping matches, in place of the account's choice.
    pub unmapped: Option<Action>,
    /// Whether it is one of many images that are judged, of which none is asked for again soon.
    pub is_one_of_many: bool,
}

/// An image of the account that is analysed.
struct Analysed {
    image: images::Model,
    analysis: i64,
}

/// A verdict.
enum Verdict {
    Kept(Box<Model>),
    Fresh(Box<EvaluationResult>),
}

impl Tenant {
    /// The verdict on the image with this digest, or whose index has it (K13). One that was deleted is judged as long as it is
    /// there, for whoever asks alone.
    ///
    /// # Errors
    /// 404 for an image that is unknown or not analysed, for an unknown policy, and where none is active.
    pub async fn check(&self, digest: &str, request: &CheckRequest) -> Result<Check> {
        let found = match self.account.find_image(digest, Filter::active()).await? {
            None => self.account.find_image(digest, Filter::default()).await?,
            found => found,
        };
        self.check_image(analysed(found.map(|(image, _)| image))?, request, self).await
    }

    /// As [`Tenant::check`], of the newest image with this id.
    pub async fn check_by_id(&self, image_id: &str, request: &CheckRequest) -> Result<Check> {
        let found = self.account.find_image_by_id(image_id, Filter::active()).await?;
        self.check_image(analysed(found.map(|(image, _)| image))?, request, self).await
    }

    /// Judges an image by the active policy under each of these full tags and keeps the verdicts, as is done after its
    /// analysis and after what it was judged by changed. Without an active policy, nothing is done.
    pub async fn evaluate(&self, digest: &str, tags: &[String]) -> Result<()> {
        let found = self.account.image(digest).await?;
        self.evaluate_image(&analysed(found)?, tags, self).await
    }

    async fn evaluate_image(&self, image: &Analysed, tags: &[String], findings: &impl Findings) -> Result<()> {
        let Some(policy) = self.account.active_policy().await? else { return Ok(()) };
        for tag in tags {
            let request = CheckRequest { tag: tag.clone(), ..CheckRequest::default() };
            self.verdict(image, &policy, &full(tag)?, &request, findings).await?;
        }
        Ok(())
    }

    /// The document of a verdict that is kept; `None` where it is kept no more.
    ///
    /// # Errors
    /// When the store fails, or the document cannot be read.
    pub async fn evaluation_document(&self, id: i64) -> Result<Option<EvaluationResult>> {
        let Some(row) = self.account.evaluation(id).await? else { return Ok(None) };
        if self.is_there(&row).await? { self.kept_result(&row).await.map(Some) } else { Ok(None) }
    }

    async fn check_image(&self, image: Analysed, request: &CheckRequest, findings: &impl Findings) -> Result<Check> {
        let fulltag = full(&request.tag)?;
        let evaluations = if request.history {
            self.evaluation_history(&image, &fulltag, request, findings).await?
        } else {
            vec![self.evaluation(&image, &fulltag, request, findings).await?]
        };
        // Behind the last page there is nothing, which is no failure.
        if evaluations.is_empty() && request.part.offset() == 0 {
            return Err(Error::not_found(v1::NONE_FOUND));
        }
        Ok(v1::check(&image.image.digest, &fulltag, evaluations))
    }

    async fn evaluation(
        &self,
        image: &Analysed,
        fulltag: &str,
        request: &CheckRequest,
        findings: &impl Findings,
    ) -> Result<Evaluation> {
        let policy = self.policy_of(request).await?;
        match self.verdict(image, &policy, fulltag, request, findings).await? {
            Verdict::Kept(row) => {
                let detail = if request.detail {
                    EvaluationDetail::full(document(&policy)?, self.kept_result(&row).await?)
                } else {
                    EvaluationDetail::default()
                };
                kept(&row, detail)
            }
            Verdict::Fresh(result) => Ok(Evaluation {
                status: result.status,
                last_evaluation: result.created_at.timestamp().into(),
                policy_id: policy.id.clone(),
                detail: if request.detail {
                    EvaluationDetail::full(document(&policy)?, *result)
                } else {
                    EvaluationDetail::default()
                },
            }),
        }
    }

    /// Every verdict that is kept, after judging anew: where that is refused, what there is is told.
    async fn evaluation_history(
        &self,
        image: &Analysed,
        fulltag: &str,
        request: &CheckRequest,
        findings: &impl Findings,
    ) -> Result<Vec<Evaluation>> {
        match self.policy_of(request).await {
            Ok(policy) => drop(self.verdict(image, &policy, fulltag, request, findings).await?),
            Err(Error::Refused(_)) => {}
            Err(error) => return Err(error),
        }
        let policy_id = request.policy_id.as_deref();
        let (offset, limit) = (request.part.offset(), request.part.limit.unwrap_or(HISTORY_LIMIT));
        let rows = self.account.evaluation_history(&image.image.digest, fulltag, policy_id, offset, limit).await?;
        let mut evaluations = Vec::new();
        for row in rows {
            let detail = if request.detail {
                let policy = self.account.find_policy(&row.policy_id).await?;
                let policy = policy.as_ref().map_or_else(|| Ok(json!({})), document)?;
                EvaluationDetail::full(policy, self.kept_result(&row).await?)
            } else {
                EvaluationDetail::default()
            };
            evaluations.push(kept(&row, detail)?);
        }
        Ok(evaluations)
    }

    async fn policy_of(&self, request: &CheckRequest) -> Result<policies::Model> {
        if let Some(id) = &request.policy_id {
            return self.account.find_policy(id).await?.ok_or_else(|| crate::policies::not_found(id));
        }
        let active = self.account.active_policy().await?;
        active.ok_or_else(|| Error::not_found(v1::no_active_policy(self.name().as_str())))
    }

    /// The verdict that is kept, if it still holds, or a new one, which is kept where the request does not forbid it.
    async fn verdict(
        &self,
        image: &Analysed,
        policy: &policies::Model,
        fulltag: &str,
        request: &CheckRequest,
        findings: &impl Findings,
    ) -> Result<Verdict> {
        let own = self.choices().await?;
        let choices = Choices {
            profile: request.profile.unwrap_or(own.profile),
            unmapped: request.unmapped.unwrap_or(own.unmapped),
        };
        let bundle = self.service.judges.bundle(policy, choices.profile).await?;
        let previous = self.predecessor(image, fulltag, &bundle).await?;
        let ancestors = self.ancestors(image, &bundle).await?;
        let tags = self.account.tags_of_images(&[image.image.id]).await?;
        let basis = Basis {
            policy_digest: policy.digest.clone(),
            analysis: image.analysis,
            data: findings.in_force().await?,
            inputs: inputs(choices, &image.image, &tags, previous.as_ref(), &ancestors),
        };
        let question = Question { digest: &image.image.digest, fulltag, policy_id: &policy.id };
        let last = self.account.last_evaluation(question).await?;
        if let Some(last) = last.as_ref().filter(|last| last.holds(&basis, self.service.clock.moment()))
            && self.is_there(last).await?
        {
            count_kept_verdict();
            return Ok(Verdict::Kept(Box::new(last.clone())));
        }
        let begun = Instant::now();
        let input = self.input(image, &basis, bundle.wanted(), findings, !request.is_one_of_many).await?;
        let basis = Basis { data: input.known.data, ..basis };
        let now = self.service.clock.now();
        let case = Case {
            account: self.name().to_string(),
            image_id: image.image.image_id.clone(),
            image_digest: image.image.digest.clone(),
            tag: fulltag.to_owned(),
            bundle,
            input,
            previous: match &previous {
                Some(previous) => Some(self.saved_analysis(&previous.image, Wanted::LEAST).await?.sbom),
                None => None,
            },
            ancestors,
            since: since(&image.image),
            unmapped: choices.unmapped,
            now,
        };
        let judged = self.service.judges.judge(case).await?;
        count_new_verdict(begun);
        if request.interactive || choices != own || image.image.status == images::Status::Deleting {
            return Ok(Verdict::Fresh(Box::new(judged.result)));
        }
        self.keep(question, basis, judged, now).await
    }

    /// The image that had the tag before this one, where the bundle has rules about what changed since.
    async fn predecessor(&self, image: &Analysed, fulltag: &str, bundle: &CompiledBundle) -> Result<Option<Analysed>> {
        if !bundle.reads().intersects(Inputs::PREVIOUS) {
            return Ok(None);
        }
        let tag = Tag::parse(fulltag);
        let (Some(repository), Some(name)) = (&tag.repository, &tag.tag) else { return Ok(None) };
        let tag = TagName { registry: &tag.registry, repository, tag: name };
        let analysed_ones = Filter { analysis_status: Some(AnalysisStatus::Analyzed), ..Filter::active() };
        let images = self.account.images_of_tag(tag, analysed_ones, None, Some(PREDECESSOR_LIMIT)).await?;
        let mut history = images.into_iter().skip_while(|(other, _)| other.id != image.image.id);
        let Some((own, analysis)) = history.next() else { return Ok(None) };
        // Those of the same index came with it, and were no earlier ones; nor were those for other processors.
        let arch = |analysis: Option<&analyses::Model>| analysis.and_then(|analysis| analysis.arch.clone());
        let own_arch = arch(analysis.as_ref());
        let mut before = history.filter(|(other, analysis)| {
            other.parent_digest != own.parent_digest && arch(analysis.as_ref()) == own_arch
        });
        before.next().map(|(image, _)| analysed(Some(image))).transpose()
    }

    /// Whether the result of a verdict is in object storage still; where it is not, the image is judged anew.
    async fn is_there(&self, row: &Model) -> Result<bool> {
        Ok(self.service.objects.exists(&key(row)?).await?)
    }

    async fn kept_result(&self, row: &Model) -> Result<EvaluationResult> {
        let bytes = self.service.objects.get(&key(row)?).await?;
        let unreadable =
            |error| Error::Broken(format!("the evaluation in object {} cannot be read: {error}", row.object));
        serde_json::from_slice(&bytes).map_err(unreadable)
    }
}

fn analysed(image: Option<images::Model>) -> Result<Analysed> {
    let image = image.ok_or_else(|| Error::not_found(NOT_FOUND))?;
    match (image.analysis_status, image.analysis) {
        (AnalysisStatus::Analyzed, Some(analysis)) => Ok(Analysed { image, analysis }),
        (status, _) => Err(Error::not_found(not_analyzed(analysis_status(status)))),
    }
}

/// When an image was first known. An analysis that is made again makes no finding younger, nor does a time of creation that
/// is still to come.
fn since(image: &images::Model) -> Timestamp {
    image.analyzed_at.map_or(image.created_at, |analyzed_at| analyzed_at.min(image.created_at)).into()
}

/// The full form of the name that an image is to be judged under; any text is one.
fn full(tag: &str) -> Result<String> {
    if tag.contains('\0') {
        return Err(Problem::bad_request("the character NUL is in no tag - 'tag'").into());
    }
    if tag.trim().is_empty() {
        return Err(Problem::bad_request("the tag is empty: say which of the image's tags is judged - 'tag'").into());
    }
    Ok(Tag::parse(tag).full())
}

fn kept(row: &Model, detail: EvaluationDetail) -> Result<Evaluation> {
    let action = Action::parse(&row.final_action);
    let action = action.ok_or_else(|| Error::Broken(format!("evaluation {} has no action that is known", row.id)))?;
    Ok(Evaluation {
        status: action.into(),
        last_evaluation: Timestamp::from(row.last_evaluated).into(),
        policy_id: row.policy_id.clone(),
        detail,
    })
}

fn key(row: &Model) -> Result<ObjectKey> {
    Ok(row.object.parse().map_err(windlass_objects::Error::from)?)
}

/// What goes into a verdict beside bundle, analysis and vulnerability data: the account's choices, and a digest of the rest.
/// Another version of the program may judge otherwise.
fn inputs(
    choices: Choices,
    image: &images::Model,
    tags: &[image_tags::Model],
    previous: Option<&Analysed>,
    ancestors: &[Ancestor],
) -> String {
    let mut tags: Vec<String> = tags.iter().map(image_tags::Model::fulltag).collect();
    tags.sort();
    let inputs: Value = json!([
        env!("CARGO_PKG_VERSION"),
        image.dockerfile,
        tags,
        previous.map(|previous| previous.analysis),
        ancestors.iter().map(|ancestor| json!([ancestor.digest, ancestor.tags])).collect::<Vec<_>>(),
    ]);
    let digest = hex::encode(Sha256::digest(inputs.to_string()));
    format!("{}/{}/{digest}", choices.profile.as_str(), choices.unmapped.as_str())
}

/// Whether the account judged by other choices when the one verdict was made than when the other was.
pub(crate) fn are_chosen_otherwise(one: &str, other: &str) -> bool {
    let choices = |inputs: &str| inputs.rsplit_once('/').map(|(choices, _)| choices.to_owned());
    choices(one).zip(choices(other)).is_some_and(|(one, other)| one != other)
}
