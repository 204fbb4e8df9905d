//! How much an account may have. What it has stays whatever the quota is; nothing is added to it.

use std::sync::Arc;

use windlass_store::{
    AccountName, Transaction,
    quotas::{self, Usage},
};
use windlass_v1::storage::{Quota as Told, QuotaRequest};

use super::Quota;
use crate::{Error, Result, Service, Tenant};

impl Tenant {
    /// What holds for this account: its own quota, else what the settings say.
    pub(super) async fn quota(&self) -> Result<Quota> {
        let general = self.service.settings.keeping.quota;
        let Some(own) = self.account.quota().await? else { return Ok(general) };
        // 0 is no limit, in spite of a general one.
        let limit = |own: Option<i64>, general: Option<u64>| match own.map(i64::unsigned_abs) {
            None => general,
            Some(0) => None,
            own => own,
        };
        Ok(Quota { images: limit(own.images, general.images), bytes: limit(own.bytes, general.bytes) })
    }

    /// Refuses to add images to what the account has, where its quota does not allow them; the transaction may have written
    /// them already, and `coming` are to follow.
    ///
    /// # Errors
    /// 403 that says what is too much and what can be done.
    pub(crate) async fn demand_room(&self, tx: &Transaction, coming: u64) -> Result<()> {
        let quota = self.quota().await?;
        if quota == Quota::default() {
            return Ok(());
        }
        let usage = quotas::lock_usage(tx, self.name(), quota.bytes.is_some()).await?;
        exceeded(quota, usage, coming, self.name()).map_or(Ok(()), Err)
    }
}

fn exceeded(quota: Quota, usage: Usage, coming: u64, account: &AccountName) -> Option<Error> {
    let refusal = |what: String, limit: u64| {
        let text = format!(
            "account {account} may have {limit} {what}: delete images, archive them and delete the copies that are no longer \
             needed, or ask an administrator for a larger quota"
        );
        Error::refused(403, text).with("quota", limit)
    };
    if let Some(limit) = quota.images.filter(|limit| usage.images + coming > *limit) {
        return Some(refusal("images, and has as many".to_owned(), limit));
    }
    let limit = quota.bytes.filter(|limit| usage.bytes >= *limit)?;
    Some(refusal(format!("bytes of documents and archived bundles, and has {}", usage.bytes), limit))
}

impl Service {
    /// Sets the quota of an account; what is not named stays as it is.
    ///
    /// # Errors
    /// 404 for an unknown account.
    pub async fn set_quota(self: &Arc<Self>, account: &str, request: &QuotaRequest) -> Result<Told> {
        let tenant = self.tenant(&self.ordinary(account).await?.account_name());
        let number = |limit: u64| i64::try_from(limit).unwrap_or(i64::MAX);
        let number = |limit: Option<Option<u64>>| limit.map(|limit| limit.map(number));
        tenant.account.set_quota(number(request.images), number(request.bytes)).await?;
        let quota = tenant.quota().await?;
        Ok(Told { images: quota.images, bytes: quota.bytes })
    }
}
