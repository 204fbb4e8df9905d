//! Endpoints: made, shown without their secrets, changed, tried out.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::IgnoredAny};
use utoipa::ToSchema;
use windlass_channels::{Channel, Endpoint, Message, Sample, Sent, SigningKey};
use windlass_store::{Error as StoreError, Moment, endpoints::Model};
use windlass_v1::{
    notifications::{DeliveryLimits, EndpointHealth, EndpointTest, NO_ENDPOINT, Routing},
    timestamp::IsoMicroseconds,
    webhooks::NotificationType,
};

use super::{outbox::json, routing::Route};
use crate::{
    Cipher, Error, Result, Tenant,
    cipher::{self, random_id},
    identity::Caller,
};

const NAME_LIMIT: usize = 128;
/// Endpoints of an account.
const LIMIT: u64 = 100;
/// How long the former key signs beside a new one.
const BOTH_KEYS: Duration = Duration::from_hours(24);

/// Asks for an endpoint, or for what it shall be.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct EndpointRequest {
    /// Letters, digits, `.`, `_` and `-`. It cannot be changed.
    #[schema(max_length = 128, pattern = "^[A-Za-z0-9._-]+$")]
    pub name: String,
    #[serde(flatten)]
    pub settings: Endpoint,
    #[serde(default)]
    #[schema(required = false)]
    pub routing: Routing,
    #[serde(default)]
    #[schema(required = false)]
    pub limits: DeliveryLimits,
    #[serde(default = "yes")]
    #[schema(required = false, default = true)]
    pub enabled: bool,
    /// Whether it is told what happens in every account: only the administrators' account has such.
    #[serde(default)]
    #[schema(required = false, default = false)]
    pub system_global: bool,
    #[serde(flatten)]
    pub answered: Answered,
}

/// What answers have beside it: a document that was answered may be sent back as it is, and nobody looks at these.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[expect(dead_code, reason = "they are taken, and that is all")]
pub struct Answered {
    #[serde(default)]
    #[schema(value_type = Option<bool>, required = false, read_only)]
    read_only: IgnoredAny,
    #[serde(default)]
    #[schema(value_type = Option<EndpointHealth>, required = false, read_only)]
    health: IgnoredAny,
    #[serde(default)]
    #[schema(value_type = Option<IsoMicroseconds>, required = false, read_only)]
    created_at: IgnoredAny,
    #[serde(default)]
    #[schema(value_type = Option<IsoMicroseconds>, required = false, read_only)]
    last_updated: IgnoredAny,
}

fn yes() -> bool {
    true
}

/// Where notices go.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NotificationEndpoint {
    pub name: String,
    /// How it is spoken to, with masks in place of secrets. Without it, the secrets cannot be decrypted: set them again.
    #[serde(flatten)]
    pub settings: Option<Endpoint>,
    pub routing: Routing,
    pub limits: DeliveryLimits,
    pub enabled: bool,
    pub system_global: bool,
    /// Whether it comes from the configuration, which alone changes it.
    pub read_only: bool,
    pub health: EndpointHealth,
    pub created_at: IsoMicroseconds,
    pub last_updated: IsoMicroseconds,
}

/// The key that signs from now on, shown this once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RotatedSecret {
    /// `whsec_…`
    pub secret: String,
    /// Until then the former key signs, too.
    pub former_until: IsoMicroseconds,
}

impl Tenant {
    /// By name.
    pub async fn notification_endpoints(&self) -> Result<Vec<NotificationEndpoint>> {
        let rows = self.account.endpoints().await?;
        Ok(rows.into_iter().map(|row| self.shown(row)).collect())
    }

    pub async fn notification_endpoint(&self, name: &str) -> Result<NotificationEndpoint> {
        Ok(self.shown(self.endpoint_row(name).await?))
    }

    /// Adds an endpoint.
    ///
    /// # Errors
    /// 400 where it could not work, with every reason; 403 where it is for every account and the caller may not; 409 where
    /// there is one of that name.
    pub async fn create_notification_endpoint(
        &self,
        caller: &Caller,
        request: EndpointRequest,
    ) -> Result<NotificationEndpoint> {
        check_name(&request.name)?;
        if self.account.endpoint(&request.name).await?.is_some() {
            return Err(exists(&request.name));
        }
        if self.account.count_endpoints().await? >= LIMIT {
            return Err(Error::conflict(format!("the account has {LIMIT} endpoints already: delete one first")));
        }
        let now = self.service.clock.moment();
        let row = self.row_of(caller, &random_id(), request, now, now).await?;
        match self.account.insert_endpoint(row).await {
            Ok(row) => Ok(self.shown(row)),
            Err(StoreError::Exists) => Err(exists("")),
            Err(error) => Err(error.into()),
        }
    }

    /// Replaces what an endpoint is. Secrets that are sent back as masks stay as they are, as long as the receiver does. What
    /// went wrong so far is forgotten.
    ///
    /// # Errors
    /// 400 where it could not work, with every reason; 409 where the name is another, or the endpoint is changed at the same
    /// time.
    pub async fn replace_notification_endpoint(
        &self,
        caller: &Caller,
        name: &str,
        request: EndpointRequest,
    ) -> Result<NotificationEndpoint> {
        let old = self.writable_row(name).await?;
        if request.name != name {
            return Err(Error::conflict(format!(
                "the name of the body is another than that of the path ({name}): it cannot be changed, add the endpoint under \
                 the new one"
            )));
        }
        let before = unsealed(&self.service.cipher, &old).ok();
        let settings = match &before {
            Some(before) => request.settings.with_secrets_of(before),
            None => request.settings,
        };
        let routing = json(&request.routing)?;
        let is_counted_alike = before.is_some_and(|before| match (&before.channel, &settings.channel) {
            // A letter is one request, whatever it says: who has it is known by their places among its readers.
            (Channel::Email(before), Channel::Email(after)) => before.to == after.to,
            (channel, after) => channel == after && before.templates == settings.templates && old.routing == routing,
        });
        let request = EndpointRequest { settings, ..request };
        let mut row = self.row_of(caller, &old.id, request, old.created_at, self.service.clock.moment()).await?;
        row.revision = old.revision + i64::from(!is_counted_alike);
        if !self.account.replace_endpoint(&old, &row).await? {
            return Err(self.overtaken(name).await);
        }
        Ok(self.shown(row))
    }

    /// Deletes an endpoint with the log of its deliveries.
    pub async fn delete_notification_endpoint(&self, name: &str) -> Result<()> {
        self.writable_row(name).await?;
        if self.account.delete_endpoint(name).await? { Ok(()) } else { Err(unknown()) }
    }

    /// Sends an endpoint something that says it is a test, at once and once.
    pub async fn test_notification_endpoint(&self, name: &str) -> Result<EndpointTest> {
        let row = self.endpoint_row(name).await?;
        let endpoint = unsealed(&self.service.cipher, &row)?;
        let now = self.service.clock.now();
        let id = random_id();
        let notice =
            Sample { account: self.name().as_str(), email: None, id: &id, now }.notice(NotificationType::VulnUpdate);
        let address = self.service.address().await?;
        let message = Message {
            id: &id,
            notices: std::slice::from_ref(&notice),
            endpoint: name,
            test: true,
            now,
            base_url: &address,
            give_up: now,
        };
        let (sent, elapsed) = self.service.try_out(&row, &endpoint, &message).await?;
        let milliseconds = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        let (accepted, status, reason, excerpt) = match sent {
            Sent::Accepted { status, excerpt } => (true, status, None, excerpt),
            Sent::Refused { status, reason, excerpt, .. } | Sent::Partly { status, reason, excerpt, .. } => {
                (false, status, Some(reason), excerpt)
            }
            Sent::Failed { reason } => (false, None, Some(reason), String::new()),
        };
        Ok(EndpointTest { accepted, status, milliseconds, reason, excerpt })
    }

    /// Makes a new key that signs what the endpoint is sent. The former one signs beside it for a day.
    ///
    /// # Errors
    /// 400 where the channel does not sign, 409 where the endpoint is changed at the same time.
    pub async fn rotate_notification_secret(&self, name: &str) -> Result<RotatedSecret> {
        let row = self.writable_row(name).await?;
        let mut endpoint = unsealed(&self.service.cipher, &row)?;
        let now = self.service.clock.now();
        let until = now.checked_add(BOTH_KEYS).unwrap_or(Timestamp::MAX);
        let key = SigningKey::new(cipher::random());
        let secret = key.secret.expose().to_owned();
        if !endpoint.rotate_signing_key(key, now, until) {
            return Err(Error::invalid(format!("{} does not sign what it sends: only webhooks do", row.kind)));
        }
        let settings = sealed(&self.service.cipher, &row.id, &endpoint)?;
        if self.account.set_endpoint_settings(&row, settings, now.into()).await? {
            Ok(RotatedSecret { secret, former_until: until.into() })
        } else {
            Err(self.overtaken(name).await)
        }
    }

    /// Why an endpoint that was read could not be written.
    async fn overtaken(&self, name: &str) -> Error {
        match self.endpoint_row(name).await {
            Ok(_) => Error::conflict(format!(
                "the endpoint {name} was changed by somebody else at the same time: look at it, and try again"
            )),
            Err(error) => error,
        }
    }

    async fn endpoint_row(&self, name: &str) -> Result<Model> {
        let found = if name.contains('\0') { None } else { self.account.endpoint(name).await? };
        found.ok_or_else(unknown)
    }

    async fn writable_row(&self, name: &str) -> Result<Model> {
        let row = self.endpoint_row(name).await?;
        if row.configured {
            return Err(Error::conflict(format!(
                "the endpoint {name} comes from the configuration of the service: change the section webhooks there"
            )));
        }
        Ok(row)
    }

    /// Checks what is asked for.
    async fn row_of(
        &self,
        caller: &Caller,
        id: &str,
        request: EndpointRequest,
        created_at: Moment,
        now: Moment,
    ) -> Result<Model> {
        let EndpointRequest { name, settings, routing, limits, enabled, system_global, answered: _ } = request;
        if system_global {
            self.demand_system(caller, "createNotificationEndpoint", None).await?;
        }
        let mut problems: Vec<String> = settings.problems().iter().map(ToString::to_string).collect();
        problems.extend(routing.check().err().map(|problem| problem.to_string()));
        problems.extend(Route::new(routing.clone()).err().map(|problem| problem.to_string()));
        for (name, value, most) in [("concurrency", limits.concurrency, 32), ("per_minute", limits.per_minute, 6000)] {
            if !(1..=most).contains(&value) {
                problems.push(format!("limits.{name}: {value} is not from 1 to {most}"));
            }
        }
        if !problems.is_empty() {
            return Err(Error::invalid(problems.join("; ")).with("problems", problems));
        }
        Ok(Model {
            account: self.name().to_string(),
            kind: settings.channel.name().to_owned(),
            settings: sealed(&self.service.cipher, id, &settings)?,
            routing: json(&routing)?,
            concurrency: limits.concurrency.into(),
            per_minute: limits.per_minute.into(),
            created_at,
            ..new_row(id, name, system_global, enabled, now)
        })
    }

    fn shown(&self, row: Model) -> NotificationEndpoint {
        let settings = unsealed(&self.service.cipher, &row);
        if let Err(error) = &settings {
            tracing::error!(%error, "an endpoint is shown without its settings");
        }
        let moment = |moment: Moment| IsoMicroseconds::from(Timestamp::from(moment));
        let count = |number: i64| u64::try_from(number).unwrap_or_default();
        let limit = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
        let is_paused = row.failures > 0 && row.not_before > self.service.clock.moment();
        NotificationEndpoint {
            name: row.name,
            settings: settings.ok().map(|settings| settings.masked()),
            routing: serde_json::from_str(&row.routing).unwrap_or_default(),
            limits: DeliveryLimits { concurrency: limit(row.concurrency), per_minute: limit(row.per_minute) },
            enabled: row.enabled,
            system_global: row.system_global,
            read_only: row.configured,
            health: EndpointHealth {
                failures: count(row.failures),
                failing_since: row.failing_since.map(moment),
                dead: count(row.dead),
                paused_until: is_paused.then(|| moment(row.not_before)),
                disabled_because: row.disabled_because,
            },
            created_at: moment(row.created_at),
            last_updated: moment(row.last_updated),
        }
    }
}

/// A row that nothing went wrong with, without what makes it an endpoint.
pub(super) fn new_row(id: &str, name: String, system_global: bool, enabled: bool, now: Moment) -> Model {
    let DeliveryLimits { concurrency, per_minute } = DeliveryLimits::default();
    Model {
        id: id.to_owned(),
        account: String::new(),
        name,
        kind: String::new(),
        settings: String::new(),
        routing: "{}".to_owned(),
        revision: 0,
        system_global,
        configured: false,
        enabled,
        disabled_because: None,
        concurrency: concurrency.into(),
        per_minute: per_minute.into(),
        failures: 0,
        failing_since: None,
        dead: 0,
        not_before: now,
        paced_until: now,
        created_at: now,
        last_updated: now,
    }
}

/// What the settings of an endpoint are encrypted for.
fn owner(id: &str) -> String {
    format!("endpoint/{id}")
}

pub(super) fn sealed(cipher: &Cipher, id: &str, endpoint: &Endpoint) -> Result<String> {
    Ok(cipher.encrypt(&owner(id), &json(endpoint)?))
}

pub(super) fn unsealed(cipher: &Cipher, row: &Model) -> Result<Endpoint> {
    let text = cipher.decrypt(&owner(&row.id), &row.settings)?;
    serde_json::from_str(&text).map_err(|error| {
        Error::Broken(format!("the settings of the endpoint {} cannot be read ({error}): set them again", row.name))
    })
}

fn check_name(name: &str) -> Result<()> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if (1..=NAME_LIMIT).contains(&name.len()) && name.bytes().all(is_allowed) {
        return Ok(());
    }
    let shown: String = name.chars().take(64).collect();
    Err(Error::invalid(format!(
        "{shown:?} is no name of an endpoint: it takes 1 to {NAME_LIMIT} letters, digits, '.', '_' and '-'"
    )))
}

fn unknown() -> Error {
    Error::not_found(NO_ENDPOINT)
}

fn exists(name: &str) -> Error {
    Error::conflict(format!("there is an endpoint {name} already: change it, or choose another name"))
}
