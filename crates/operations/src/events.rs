//! Telling what happened.

use sea_orm::ConnectionTrait;
use serde_json::Value;
use windlass_channels::Facts;
use windlass_store::{AccountName, events};

use crate::{
    Result, Service,
    cipher::random_id,
    notifications::{self, Audience, PendingNotice},
    request,
};

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Happening<'a> {
    /// One of the types of `windlass_v1::events`: `user.image.analysis.completed`.
    pub kind: &'a str,
    pub level: events::Level,
    pub message: String,
    /// An object.
    pub details: Value,
    /// Kind and id of what it is about: `image_tag`, `docker.io/alpine:latest`.
    pub resource: (&'a str, Option<&'a str>),
    /// The part of the service that saw it: `catalog`, `analyzer`, `policy_engine`, `apiext`, `simplequeue`.
    pub source: &'a str,
    /// What endpoints filter by and templates show; that of a tag's name is added where it is not given.
    pub facts: Facts,
}

/// What a transaction tells of an account's events, and those who are told of them: written together.
pub(crate) struct Telling<'a> {
    service: &'a Service,
    audience: Audience,
    events: Vec<events::Model>,
    notices: Vec<PendingNotice>,
}

impl Service {
    /// Writes an event in the transaction of what it tells of, with the notice of it for those who are to be told.
    pub(crate) async fn tell(
        &self,
        on: &impl ConnectionTrait,
        account: &AccountName,
        happening: Happening<'_>,
    ) -> Result<()> {
        let mut telling = self.telling(on, account).await?;
        telling.add(happening)?;
        telling.write(on).await
    }

    /// Begins to tell of much.
    pub(crate) async fn telling(&self, on: &impl ConnectionTrait, account: &AccountName) -> Result<Telling<'_>> {
        let audience = Audience::of(on, account).await?;
        Ok(Telling { service: self, audience, events: Vec::new(), notices: Vec::new() })
    }
}

impl Telling<'_> {
    pub(crate) fn add(&mut self, happening: Happening<'_>) -> Result<()> {
        let (settings, now) = (&self.service.settings, self.service.clock.moment());
        let details = match happening.details {
            Value::Object(_) => happening.details,
            Value::Null => Value::Object(serde_json::Map::new()),
            text => serde_json::json!({ "msg": text }),
        };
        let event = events::Model {
            id: random_id(),
            account: self.audience.account().to_string(),
            kind: happening.kind.to_owned(),
            level: happening.level,
            message: happening.message,
            details: details.to_string(),
            resource_kind: Some(happening.resource.0.to_owned()),
            resource_id: happening.resource.1.map(str::to_owned),
            source_service: Some(happening.source.to_owned()),
            source_host: Some(settings.host_id.clone()),
            // Of a process that has none it is an empty text: programs expect one.
            source_base_url: Some(settings.base_url.clone().unwrap_or_default()),
            request_id: request::current(),
            occurred_at: now,
            created_at: now,
        };
        self.notices.extend(self.audience.notice(&event, &details, happening.facts)?);
        self.events.push(event);
        Ok(())
    }

    /// In the order in which they were added.
    pub(crate) async fn write(self, on: &impl ConnectionTrait) -> Result<()> {
        let account = self.audience.account();
        events::insert(on, account, self.events).await?;
        notifications::put(on, account, self.notices).await
    }
}
