//! Keeping verdicts. Whoever asks for one tells nobody of it (`spec/operations.md` D-24): that is done by whoever looks
//! again at what is subscribed to ([`crate::reevaluation`]).

use jiff::Timestamp;
use windlass_store::{
    Error as StoreError,
    evaluations::{self, Answer, Basis, Question},
    images,
    object_candidates::{self, Storage},
};

use super::{Verdict, judge::Judged};
use crate::{Error, Result, Tenant};

impl Tenant {
    /// Keeps a verdict. Where the same question was answered on the same basis meanwhile, that answer is it; an image that
    /// is gone gets none.
    pub(super) async fn keep(
        &self,
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
            if let Some(last) = last.filter(|last| last.id == row.id && last.object != row.object) {
                let old = std::slice::from_ref(&last.object);
                object_candidates::let_go(&tx, Storage::Documents, old, now.into()).await?;
            }
            tx.commit().await.map_err(StoreError::from)?;
            return Ok(Verdict::Kept(Box::new(row)));
        }
    }
}
