//! Webhooks of the configuration, as the original has them (`spec/operations.md` §2.8, §2.10): read-only endpoints of the
//! administrators' account that are told what happens in every account.
//!
//! A section without a URL is none, and keeps no other from its notices (D-4); the credentials of a section are its own for
//! good (D-5). Notices are tried as long as any other (D-6), each receiver for itself (D-7).

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};
use windlass_channels::{
    Auth, Channel, Endpoint, Message, Sample, Secret, Sent,
    channels::webhook::{Format, Webhook},
};
use windlass_store::{AccountName, Error as StoreError, endpoints::Model};
use windlass_v1::{
    events::EventLevel,
    notifications::{EventRouting, Routing},
    webhooks::{NotificationType, WebhookType},
};

use super::{
    endpoints::{new_row, sealed, unsealed},
    outbox::json,
};
use crate::{Error, Result, Service, random_id};

/// The section `webhooks`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookSettings {
    pub webhook_user: Option<String>,
    pub webhook_pass: Option<Secret>,
    pub ssl_verify: Option<bool>,
    /// Read for the sake of old files: a notice is not given up after seconds (D-6).
    pub notification_retry_timeout: Option<u64>,
    pub general: Option<WebhookSection>,
    pub policy_eval: Option<WebhookSection>,
    pub tag_update: Option<WebhookSection>,
    pub vuln_update: Option<WebhookSection>,
    pub analysis_update: Option<WebhookSection>,
    pub event_log: Option<WebhookSection>,
}

/// A part of it: where notices of a type go. What it does not say is as for all.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookSection {
    pub url: Option<String>,
    pub webhook_user: Option<String>,
    pub webhook_pass: Option<Secret>,
    pub ssl_verify: Option<bool>,
}

/// Whether webhooks of the configuration are told of events, and of which (`event_log.notification`).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EventNotifications {
    pub enabled: bool,
    /// Every level where there is none.
    pub level: Vec<EventLevel>,
}

impl WebhookSettings {
    fn section(&self, kind: WebhookType) -> Option<&WebhookSection> {
        match kind {
            WebhookType::General => self.general.as_ref(),
            WebhookType::PolicyEval => self.policy_eval.as_ref(),
            WebhookType::TagUpdate => self.tag_update.as_ref(),
            WebhookType::VulnUpdate => self.vuln_update.as_ref(),
            WebhookType::AnalysisUpdate => self.analysis_update.as_ref(),
            WebhookType::EventLog => self.event_log.as_ref(),
        }
    }

    /// # Errors
    /// What is wrong with the first section that cannot be used, by its key.
    pub fn check(&self) -> Result<(), String> {
        for kind in WebhookType::ALL.iter().copied() {
            let problems = self.endpoint(kind).map(|endpoint| endpoint.problems()).unwrap_or_default();
            // The original sends a login of which there is but one half.
            if let Some(problem) = problems.iter().find(|problem| problem.field != "auth.password") {
                return Err(format!("webhooks.{kind}.{problem}"));
            }
        }
        Ok(())
    }

    /// How the receiver of a section is spoken to; `None` where there is none.
    fn endpoint(&self, kind: WebhookType) -> Option<Endpoint> {
        let section = self.section(kind)?;
        let url = section.url.as_deref().filter(|url| !url.is_empty())?;
        let username = section.webhook_user.clone().or_else(|| self.webhook_user.clone());
        let password = section.webhook_pass.clone().or_else(|| self.webhook_pass.clone());
        let auth = match (username, password) {
            (None, None) => Auth::None,
            (username, password) => Auth::Basic {
                username: username.unwrap_or_default(),
                password: password.unwrap_or_else(|| Secret::from("")),
            },
        };
        let webhook = Webhook { format: Format::AnchoreV1, auth, ..Webhook::new(url) };
        let verify = section.ssl_verify.or(self.ssl_verify).unwrap_or(true);
        Some(Endpoint { verify, ..Endpoint::new(Channel::Webhook(webhook)) })
    }
}

/// The name of the endpoint of a section.
fn name(kind: WebhookType) -> String {
    format!("webhooks.{kind}")
}

/// What a section is told of; nothing: `None`.
fn routing(kind: WebhookType, events: &EventNotifications) -> Option<Routing> {
    use NotificationType::{AnalysisUpdate, EventLog, PolicyEval, TagUpdate, VulnUpdate};
    let mut types = match kind {
        WebhookType::General => vec![PolicyEval, TagUpdate, VulnUpdate, AnalysisUpdate, EventLog],
        WebhookType::PolicyEval => vec![PolicyEval],
        WebhookType::TagUpdate => vec![TagUpdate],
        WebhookType::VulnUpdate => vec![VulnUpdate],
        WebhookType::AnalysisUpdate => vec![AnalysisUpdate],
        WebhookType::EventLog => vec![EventLog],
    };
    types.retain(|kind| events.enabled || *kind != EventLog);
    let events = EventRouting { types: Vec::new(), levels: events.level.clone() };
    (!types.is_empty()).then(|| Routing { types, events, ..Routing::default() })
}

impl Service {
    /// Makes the endpoints of the configuration what it says, and enables them.
    pub async fn apply_webhooks(&self, settings: &WebhookSettings, events: &EventNotifications) -> Result<()> {
        settings.check().map_err(|problem| Error::Broken(format!("the configuration: {problem}")))?;
        let admin = self.store.account(&AccountName::admin());
        let now = self.clock.moment();
        for kind in WebhookType::ALL.iter().copied() {
            let before = admin.endpoint(&name(kind)).await?;
            let Some(endpoint) = settings.endpoint(kind) else {
                if before.is_some_and(|row| row.configured) {
                    admin.delete_endpoint(&name(kind)).await?;
                }
                continue;
            };
            // One that is told nothing can be tried out all the same.
            let routing = routing(kind, events);
            let id = before.as_ref().map_or_else(random_id, |row| row.id.clone());
            let row = Model {
                account: admin.name().to_string(),
                kind: endpoint.channel.name().to_owned(),
                settings: sealed(&self.cipher, &id, &endpoint)?,
                routing: json(&routing.clone().unwrap_or_default())?,
                revision: before.as_ref().map_or(0, |row| row.revision + 1),
                configured: true,
                created_at: before.as_ref().map_or(now, |row| row.created_at),
                ..new_row(&id, name(kind), true, routing.is_some(), now)
            };
            let is_same = |before: &Model| {
                before.configured
                    && before.enabled == row.enabled
                    && before.routing == row.routing
                    && unsealed(&self.cipher, before).is_ok_and(|before| before == endpoint)
            };
            match &before {
                Some(before) if is_same(before) => {}
                // Where it is not replaced, or is there, another process was faster.
                Some(before) => drop(admin.replace_endpoint(before, &row).await?),
                None => match admin.insert_endpoint(row).await {
                    Ok(_) | Err(StoreError::Exists) => {}
                    Err(error) => return Err(error.into()),
                },
            }
        }
        Ok(())
    }

    /// Sends the receiver of a section something that says it is a test; answers with its answer, if that is JSON
    /// (`spec/operations.md` §2.10).
    ///
    /// # Errors
    /// 400 where there is no such type (F 25) or nothing is configured for it, 500 where there is no address or the receiver
    /// did not take it.
    pub async fn test_webhook(&self, kind: &str, about: NotificationType) -> Result<Value> {
        let Some(kind) = WebhookType::parse(kind) else {
            let known: Vec<&str> = WebhookType::ALL.iter().map(|kind| kind.as_str()).collect();
            return Err(Error::invalid(format!("there is no such type of webhooks; there are {}", known.join(", "))));
        };
        let admin = AccountName::admin();
        let Some(row) = self.store.account(&admin).endpoint(&name(kind)).await?.filter(|row| row.configured) else {
            // The original's own configuration has this section, without an address: unconfigured, there is still that one.
            if kind == WebhookType::General {
                return Err(Error::refused(500, "Cannot send webhook, no URL configured"));
            }
            return Err(Error::invalid(format!(
                "the configuration has no webhook for {kind}: give webhooks.{kind}.url"
            )));
        };
        let endpoint = unsealed(&self.cipher, &row)?;
        let now = self.clock.now();
        let account = self.store.find_account(admin.as_str()).await?;
        let email = account.and_then(|account| account.email);
        let id = random_id();
        let notice = Sample { account: admin.as_str(), email: email.as_deref(), id: &id, now }.notice(about);
        let address = self.address().await?;
        let message = Message {
            id: &notice.id,
            notices: std::slice::from_ref(&notice),
            endpoint: &row.name,
            test: true,
            now,
            base_url: &address,
            give_up: now.checked_add(SignedDuration::from_hours(1)).unwrap_or(Timestamp::MAX),
        };
        match self.try_out(&row, &endpoint, &message).await?.0 {
            Sent::Accepted { excerpt, .. } => {
                Ok(serde_json::from_str(&excerpt).unwrap_or_else(|_| Value::Object(Map::new())))
            }
            Sent::Refused { reason, .. } | Sent::Partly { reason, .. } | Sent::Failed { reason } => {
                Err(Error::refused(500, format!("the receiver of the webhook did not take it: {reason}")))
            }
        }
    }
}
