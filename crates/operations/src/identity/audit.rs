//! Who did what: one record of each request that changes something or was to, and of each refused log-in.

use std::net::IpAddr;

use windlass_store::audit_records::{Model, Outcome, Selection};
use windlass_v1::audit::{AuditOutcome, AuditPage, AuditQuery, AuditRecord};

use super::ADMIN;
use crate::{Result, Service, Tenant};

/// Records on a page, where nothing else is asked for.
const PAGE: u64 = 100;
/// Records on the longest page.
const LONGEST_PAGE: u64 = 1000;
/// The longest name or path that is kept, in characters: they are whatever a request says.
const LONGEST_TEXT: usize = 512;

/// What somebody did, or tried to.
#[derive(Clone, Debug)]
pub struct Deed<'a> {
    /// The caller; of a refused log-in, the name that was tried.
    pub username: Option<&'a str>,
    /// The account that it was done in; the caller's own where that was refused.
    pub account: Option<&'a str>,
    pub action: &'a str,
    pub target: &'a str,
    /// The status of the response.
    pub status: u16,
    pub address: Option<IpAddr>,
    pub request_id: &'a str,
}

impl Service {
    /// Writes a record. Where no account is known it is the one of the user, or the administrators'.
    pub async fn record(&self, deed: Deed<'_>) -> Result<()> {
        let account = match (deed.account, deed.username) {
            (Some(account), _) => account.to_owned(),
            (None, Some(username)) => {
                let user = self.store.find_user(username).await?;
                user.map_or_else(|| ADMIN.to_owned(), |user| user.account)
            }
            (None, None) => ADMIN.to_owned(),
        };
        let record = Model {
            id: 0,
            created_at: self.clock.moment(),
            username: deed.username.map(shortened),
            account,
            action: deed.action.to_owned(),
            target: shortened(deed.target),
            outcome: match deed.status {
                ..400 => Outcome::Done,
                400..500 => Outcome::Refused,
                500.. => Outcome::Failed,
            },
            status: deed.status.into(),
            address: deed.address.map(|address| address.to_canonical().to_string()),
            request_id: Some(deed.request_id.to_owned()),
        };
        Ok(self.store.insert_audit_record(record).await?)
    }

    /// The records of every account, latest first.
    pub async fn audit_records(&self, query: &AuditQuery) -> Result<AuditPage> {
        let selection = selection(query);
        Ok(page(self.store.audit_records(&selection).await?, selection.limit))
    }
}

impl Tenant {
    /// The account's records, latest first.
    pub async fn audit_records(&self, query: &AuditQuery) -> Result<AuditPage> {
        let selection = selection(query);
        Ok(page(self.account.audit_records(&selection).await?, selection.limit))
    }
}

fn selection(query: &AuditQuery) -> Selection<'_> {
    let limit = query.limit.unwrap_or(PAGE).clamp(1, LONGEST_PAGE);
    Selection { username: query.username.as_deref(), before: query.before, limit }
}

fn page(records: Vec<Model>, limit: u64) -> AuditPage {
    let next = if records.len() as u64 == limit { records.last().map(|record| record.id) } else { None };
    AuditPage { records: records.into_iter().map(describe).collect(), next }
}

fn describe(record: Model) -> AuditRecord {
    AuditRecord {
        id: record.id,
        created_at: jiff::Timestamp::from(record.created_at).into(),
        username: record.username,
        account: record.account,
        action: record.action,
        target: record.target,
        outcome: match record.outcome {
            Outcome::Done => AuditOutcome::Done,
            Outcome::Refused => AuditOutcome::Refused,
            Outcome::Failed => AuditOutcome::Failed,
        },
        status: u16::try_from(record.status).unwrap_or_default(),
        address: record.address,
        request_id: record.request_id,
    }
}

/// Without what PostgreSQL takes in no text.
fn shortened(text: &str) -> String {
    text.chars().filter(|character| *character != '\0').take(LONGEST_TEXT).collect()
}
