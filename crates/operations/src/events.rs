//! Telling what happened.

use sea_orm::ConnectionTrait;
use serde_json::Value;
use windlass_channels::Facts;
use windlass_store::{AccountName, events};

use crate::{
    Result, Service,
    cipher::random_id,
    notifications::{self, Audience},
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

impl Service {
    /// Writes an event in the transaction of what it tells of, with the notice of it for those who are to be told.
    pub(crate) async fn tell(
        &self,
        on: &impl ConnectionTrait,
        account: &AccountName,
        happening: Happening<'_>,
    ) -> Result<()> {
        self.tell_audience(on, &Audience::of(on, account).await?, happening).await
    }

    /// The same, for a transaction that tells much.
    pub(crate) async fn tell_audience(
        &self,
        on: &impl ConnectionTrait,
        audience: &Audience,
        happening: Happening<'_>,
    ) -> Result<()> {
        let account = audience.account();
        let now = self.clock.moment();
        let details = match happening.details {
            Value::Object(_) => happening.details,
            Value::Null => Value::Object(serde_json::Map::new()),
            text => serde_json::json!({ "msg": text }),
        };
        let event = events::Model {
            id: random_id(),
            account: account.to_string(),
            kind: happening.kind.to_owned(),
            level: happening.level,
            message: happening.message,
            details: details.to_string(),
            resource_kind: Some(happening.resource.0.to_owned()),
            resource_id: happening.resource.1.map(str::to_owned),
            source_service: Some(happening.source.to_owned()),
            source_host: Some(self.settings.host_id.clone()),
            source_base_url: Some(self.settings.base_url.clone()),
            request_id: request::current(),
            occurred_at: now,
            created_at: now,
        };
        events::insert(on, account, event.clone()).await?;
        notifications::put(on, audience, &event, &details, happening.facts).await
    }
}
