//! Keeping verdicts, and telling when they change (`spec/operations.md` §2.5).

use jiff::Timestamp;
use serde_json::json;
use windlass_store::{
    Error as StoreError, Transaction,
    evaluations::{self, Answer, Basis, Model, Question},
    events::Level,
    images,
    object_candidates::{self, Storage},
};
use windlass_v1::{
    Annotations, evaluations::EvaluationResult, events::EventType, subscriptions::SubscriptionType,
    webhooks::PolicyEvalChange,
};

use super::{Verdict, judge::Judged};
use crate::{Error, Happening, Result, Tenant};

impl Tenant {
    /// Keeps a verdict and tells of it if it is another one than the last of the same policy (B8). Where the same question
    /// was answered on the same basis meanwhile, that answer is it; an image that is gone gets none.
    pub(super) async fn keep(
        &self,
        image: &images::Model,
        question: Question<'_>,
        basis: Basis,
        judged: Judged,
        now: Timestamp,
    ) -> Result<Verdict> {
        let Judged { result, action, valid_until } = judged;
        let bytes = serde_json::to_vec(&result).map_err(|error| Error::Broken(error.to_string()))?;
        let object = self.service.objects.put(bytes).await?.to_string();
        let answer =
            Answer { final_action: action.as_str().to_owned(), valid_until: valid_until.map(Into::into), object };
        loop {
            let answer = answer.clone();
            // What is there is read before the image is locked: nobody waits for object storage.
            let last = self.account.last_evaluation(question).await?;
            if let Some(last) = &last
                && last.holds(&basis, now.into())
                && self.is_there(last).await?
            {
                self.service.drop_results(&[answer.object]).await;
                return Ok(Verdict::Kept(Box::new(last.clone())));
            }
            let before = match &last {
                Some(last) if last.final_action != answer.final_action => Some(self.kept_result(last).await),
                _ => None,
            };
            let tx = self.account.begin().await?;
            if images::lock(&tx, self.name(), question.digest).await?.is_none() {
                drop(tx);
                self.service.drop_results(&[answer.object]).await;
                return Ok(Verdict::Fresh(Box::new(result)));
            }
            if evaluations::last(&tx, self.name(), question).await? != last {
                continue;
            }
            let (name, last) = (self.name(), last.as_ref());
            let row = evaluations::record(&tx, name, question, last, basis.clone(), answer, now.into()).await?;
            if let (Some(last), Some(before)) = (last, before) {
                let why = reason(last, &basis, now);
                self.tell_change(&tx, image, question.fulltag, before, result, why).await?;
            }
            if let Some(last) = last.filter(|last| last.id == row.id && last.object != row.object) {
                let old = std::slice::from_ref(&last.object);
                object_candidates::let_go(&tx, Storage::Documents, old, now.into()).await?;
            }
            tx.commit().await.map_err(StoreError::from)?;
            return Ok(Verdict::Kept(Box::new(row)));
        }
    }

    async fn tell_change(
        &self,
        tx: &Transaction,
        image: &images::Model,
        fulltag: &str,
        before: Result<EvaluationResult>,
        now: EvaluationResult,
        why: &str,
    ) -> Result<()> {
        let before = match before {
            Ok(before) => before,
            Err(error) => {
                tracing::error!(%error, fulltag, "a verdict changed, and cannot be told since the one before is lost");
                return Ok(());
            }
        };
        let annotations: Annotations = serde_json::from_str(&image.annotations)
            .map_err(|error| Error::Broken(format!("the annotations of {} cannot be read: {error}", image.digest)))?;
        let annotations = Some(annotations).filter(|annotations| !annotations.0.is_empty());
        let mut details = json!(PolicyEvalChange { curr_eval: now, last_eval: before, annotations });
        details["subscription_type"] = SubscriptionType::PolicyEval.as_str().into();
        details["change_reason"] = why.into();
        let kind = EventType::TagPolicyEvaluationUpdate;
        let happening = Happening {
            kind: kind.as_str(),
            level: Level::Info,
            message: kind.message().to_owned(),
            details,
            resource: (kind.resource_type().as_str(), Some(fulltag)),
            source: "catalog",
        };
        self.service.tell(tx, self.name(), happening).await
    }
}

/// Why a verdict is another one than the last.
fn reason(last: &Model, basis: &Basis, now: Timestamp) -> &'static str {
    if last.policy_digest != basis.policy_digest {
        "policy"
    } else if last.analysis != basis.analysis {
        "image"
    } else if last.data != basis.data {
        "vulnerability_data"
    } else if last.valid_until.is_some_and(|until| until <= now.into()) {
        "allowlist_expiry"
    } else {
        "unknown"
    }
}
