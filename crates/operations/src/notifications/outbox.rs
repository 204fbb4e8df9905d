//! The outbox: what there is to tell, written with the change that it tells of (`spec/operations.md` §2.6).
//!
//! Every notice takes this one way: of a type with subscriptions if that subscription is active then (D-2), of other events
//! if an endpoint listens to them. Where no endpoint wants it, nothing is written (§3.3).

use sea_orm::ConnectionTrait;
use serde_json::Value;
use windlass_channels::{Facts, Notice};
use windlass_store::{AccountName, endpoints, events, notices, subscriptions};
use windlass_v1::{
    PullString,
    events::ResourceType,
    notifications::Routing,
    subscriptions::{SubscriptionType, subscription_id},
    webhooks::{EventLog, NotificationPayload, NotificationType, PolicyEval, Subscribed, TagUpdate, VulnUpdate},
};

use super::routing::Route;
use crate::{Error, Result, event_log};

/// Those who are told what happens in an account: read once for all events that a transaction tells.
#[derive(Debug)]
pub(crate) struct Audience {
    account: AccountName,
    routes: Vec<Route>,
}

impl Audience {
    pub(crate) async fn of(on: &impl ConnectionTrait, account: &AccountName) -> Result<Self> {
        let listeners = endpoints::listening(on, account.as_str()).await?;
        Ok(Self { account: account.clone(), routes: listeners.iter().filter_map(route).collect() })
    }

    pub(crate) fn account(&self) -> &AccountName {
        &self.account
    }

    /// The notice of an event, if anybody is to be told.
    pub(crate) fn notice(&self, event: &events::Model, details: &Value, facts: Facts) -> Result<Option<PendingNotice>> {
        let subscribed = details["subscription_type"].as_str().and_then(SubscriptionType::parse);
        let kind = match subscribed {
            None => NotificationType::EventLog,
            Some(SubscriptionType::PolicyEval) => NotificationType::PolicyEval,
            Some(SubscriptionType::TagUpdate) => NotificationType::TagUpdate,
            Some(SubscriptionType::VulnUpdate) => NotificationType::VulnUpdate,
            Some(SubscriptionType::AnalysisUpdate) => NotificationType::AnalysisUpdate,
            // A watch of a repository is work, never a notice.
            Some(SubscriptionType::RepoUpdate) => return Ok(None),
        };
        let facts = completed(facts, event, details);
        if !self.routes.iter().any(|route| route.wants(kind, &facts)) {
            return Ok(None);
        }
        let subject = event.resource_id.as_deref().unwrap_or(&event.kind);
        let details = match kind {
            NotificationType::EventLog => match event_log::told(event.clone()) {
                Some(event) => json(&event)?,
                None => return Ok(None),
            },
            _ => event.details.clone(),
        };
        let notice = notices::NewNotice {
            id: event.id.clone(),
            kind: kind.as_str().to_owned(),
            subject: subject.to_owned(),
            message: event.message.clone(),
            facts: json(&facts)?,
            details,
            occurred_at: event.occurred_at,
        };
        let subscription = subscribed.map(|kind| subscription_id(self.account.as_str(), subject, kind));
        Ok(Some(PendingNotice { kind, subscription, notice }))
    }
}

/// A notice that is written if the subscription that asks for it is active.
pub(crate) struct PendingNotice {
    kind: NotificationType,
    subscription: Option<String>,
    notice: notices::NewNotice,
}

/// Writes notices of an account, in their order.
pub(crate) async fn put(on: &impl ConnectionTrait, account: &AccountName, notices: Vec<PendingNotice>) -> Result<()> {
    if notices.is_empty() {
        return Ok(());
    }
    let asked = notices.iter().filter_map(|pending| pending.subscription.as_deref());
    let active = subscriptions::active_among(on, account, asked).await?;
    let is_asked = |pending: &PendingNotice| pending.subscription.as_ref().is_none_or(|id| active.contains(id));
    let (mut kinds, mut rows) = (Vec::new(), Vec::new());
    for pending in notices.into_iter().filter(is_asked) {
        kinds.push(pending.kind);
        rows.push(pending.notice);
    }
    notices::insert(on, account, rows).await?;
    for kind in kinds {
        metrics::counter!("windlass_notices_total", "type" => kind.as_str()).increment(1);
    }
    Ok(())
}

/// An endpoint's routing; `None`, with a word in the log, where a later version wrote what this one cannot read.
pub(super) fn route(listener: &endpoints::Listener) -> Option<Route> {
    let routing: Result<Routing, _> = serde_json::from_str(&listener.routing);
    let route = routing
        .map_err(|error| error.to_string())
        .and_then(|routing| Route::new(routing).map_err(|error| error.to_string()));
    match route {
        Ok(route) => Some(route),
        Err(error) => {
            let endpoint = &listener.name;
            tracing::error!(endpoint, error, "the routing of an endpoint cannot be read: it is told nothing");
            None
        }
    }
}

/// With what the event itself says.
fn completed(facts: Facts, event: &events::Model, details: &Value) -> Facts {
    let mut facts = Facts { event_type: Some(event.kind.clone()), level: Some(level(event.level).into()), ..facts };
    if facts.digest.is_none() {
        let places = ["/imageDigest", "/curr_eval/imageDigest", "/curr_eval/image_digest", "/curr_eval/0"];
        let digest = places.iter().find_map(|place| details.pointer(place)?.as_str());
        facts.digest = digest.filter(|digest| digest.starts_with("sha256:")).map(str::to_owned);
    }
    let names_tag = event.resource_kind.as_deref() == Some(ResourceType::ImageTag.as_str());
    let subject = event.resource_id.as_deref().filter(|_| names_tag && facts.tag.is_none());
    if let Some(Ok(PullString::Tag(tag))) = subject.map(PullString::parse) {
        facts.registry = Some(tag.registry);
        facts.repository = Some(tag.repo);
        facts.tag = Some(tag.tag);
    }
    facts
}

fn level(level: events::Level) -> &'static str {
    match level {
        events::Level::Info => "info",
        events::Level::Error => "error",
    }
}

/// What is kept as it is sent: the details of a subscribed event are the v1 change, those of `event_log` the event.
pub(super) fn read(row: notices::Model, email: Option<&str>) -> Result<Notice> {
    let broken = |error: &dyn std::fmt::Display| {
        Error::Broken(format!("the notice {} cannot be read: {error}; delete its delivery", row.id))
    };
    let kind = NotificationType::parse(&row.kind).ok_or_else(|| broken(&"its type is not known"))?;
    let subscribed = |kind| Subscribed {
        notification_id: row.id.clone(),
        user_id: row.account.clone(),
        subscription_key: row.subject.clone(),
        subscription_type: kind,
    };
    let details = row.details.as_str();
    let payload = match kind {
        NotificationType::PolicyEval => serde_json::from_str(details).map(|change| {
            let subscribed = subscribed(SubscriptionType::PolicyEval);
            NotificationPayload::PolicyEval(Box::new(PolicyEval { subscribed, change }))
        }),
        NotificationType::TagUpdate => serde_json::from_str(details).map(|change| {
            let subscribed = subscribed(SubscriptionType::TagUpdate);
            NotificationPayload::TagUpdate(TagUpdate { subscribed, change })
        }),
        NotificationType::VulnUpdate => serde_json::from_str(details).map(|change| {
            let subscribed = subscribed(SubscriptionType::VulnUpdate);
            NotificationPayload::VulnUpdate(VulnUpdate { subscribed, change })
        }),
        NotificationType::AnalysisUpdate => serde_json::from_str(details).map(|change| {
            let subscribed = subscribed(SubscriptionType::AnalysisUpdate);
            NotificationPayload::AnalysisUpdate(windlass_v1::webhooks::AnalysisUpdate { subscribed, change })
        }),
        NotificationType::EventLog => serde_json::from_str(details).map(|event| {
            let (notification_id, user_id) = (row.id.clone(), row.account.clone());
            NotificationPayload::EventLog(Box::new(EventLog { notification_id, user_id, event }))
        }),
    };
    let payload = payload.map_err(|error| broken(&error))?;
    let facts = serde_json::from_str(&row.facts).map_err(|error| broken(&error))?;
    Ok(Notice {
        id: row.id,
        account: row.account,
        email: email.map(str::to_owned),
        kind,
        subject: row.subject,
        occurred_at: row.occurred_at.into(),
        message: row.message,
        facts,
        payload,
    })
}

pub(super) fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::Broken(format!("a notice cannot be written: {error}")))
}
