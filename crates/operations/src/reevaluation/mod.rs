//! Telling what becomes of tags: their vulnerabilities, and the verdicts on them (`spec/operations.md` §2.3–2.5).
//!
//! Of every tag that somebody subscribes to, what was last told is kept ([`windlass_store::tag_states`]). Whatever may change
//! it (other vulnerability data, another image, another bundle, the time) wishes, in the transaction of its change, that the
//! tag is looked at again, and asks for the job that looks. The job compares what is with what was told, and writes the event
//! and what is told now in one transaction: killed anywhere, it has told and kept it, or neither. What data changed of
//! findings is handed on to the tags with the change ([`windlass_store::tag_changes`]), so that nobody has to look for it.
//!
//! A job has one account's tags. It waits until the first of them is due, and is brought forward by wishes: nothing is asked
//! again and again.

mod change;
mod job;
mod look;
mod verdict;
mod vulnerabilities;

pub(crate) use change::told_change;

use sea_orm::ConnectionTrait;
use windlass_store::{
    AccountName, Moment,
    jobs::{self, NewJob},
    tag_states,
};

use crate::{Result, Service};

/// The kind of the job; its key is the account.
pub(crate) const REEVALUATE: &str = "reevaluate";

impl Service {
    /// Wishes that a tag is looked at again, in the transaction of what may have changed it.
    pub(crate) async fn look_again(
        &self,
        on: &impl ConnectionTrait,
        account: &AccountName,
        fulltag: &str,
    ) -> Result<()> {
        let now = self.clock.moment();
        if tag_states::wish(on, account, fulltag, now).await? {
            self.ask_for_reevaluation(on, account, now).await?;
        }
        Ok(())
    }

    /// The same for every tag of an account.
    pub(crate) async fn look_again_at_all(&self, on: &impl ConnectionTrait, account: &AccountName) -> Result<()> {
        let now = self.clock.moment();
        if tag_states::wish_all(on, account, now).await? {
            self.ask_for_reevaluation(on, account, now).await?;
        }
        Ok(())
    }

    /// The same for every tag that vulnerability data changed something of, once all packages are matched by it. Whether a
    /// bundle asks for more than single findings is found out by each account's job.
    pub(crate) async fn look_again_after_matching(&self, on: &impl ConnectionTrait) -> Result<()> {
        let now = self.clock.moment();
        tag_states::wish_changed(on, now).await?;
        for account in tag_states::accounts(on).await? {
            self.ask_for_reevaluation(on, &account, now).await?;
        }
        Ok(())
    }

    async fn ask_for_reevaluation(
        &self,
        on: &impl ConnectionTrait,
        account: &AccountName,
        not_before: Moment,
    ) -> Result<()> {
        let job = NewJob {
            kind: REEVALUATE,
            account,
            key: account.as_str(),
            payload: "{}".into(),
            // Before analyses, which take longer; after matching, which it builds on.
            priority: 5,
            max_attempts: i64::MAX,
            not_before,
        };
        Ok(jobs::enqueue_by(on, job, self.clock.moment()).await?)
    }
}
