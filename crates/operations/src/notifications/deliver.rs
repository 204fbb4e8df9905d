//! Deliveries that are due: claimed, sent, and ended with what came of it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{task::JoinSet, time};
use tokio_util::sync::CancellationToken;
use windlass_channels::{
    Channel, Endpoint, Message, Notice, Outgoing, Sender, Sent, channels::webhook::Format, compose,
};
use windlass_store::{
    deliveries::{Attempt, Breaker, Claim, Ending},
    endpoints,
};
use windlass_v1::webhooks::NotificationType;

use super::{
    endpoints::unsealed,
    outbox,
    retries::{self, Failed},
    routing::Route,
};
use crate::{Error, Result, Service, cipher};

/// How long a notice may wait for its routing, and a delivery for its claim.
const POLL: Duration = Duration::from_millis(500);
/// Pause after the database failed.
const RECOVERY: Duration = Duration::from_secs(5);
/// Seconds for which an endpoint that fails is let alone while a delivery to it is tried.
const ALONE: i64 = 120;
/// Characters of a reason, and of an answer, that are kept.
const EXCERPT: usize = 512;

/// What came of sending.
#[derive(Debug, Default)]
struct Outcome {
    status: Option<u16>,
    excerpt: String,
    failure: Option<Failure>,
    /// Who has not got it, though others have and there is nothing more to be done.
    remark: Option<String>,
    /// Nothing was left to tell.
    settled: bool,
}

#[derive(Debug, Default)]
struct Failure {
    reason: String,
    wish: Option<Duration>,
    permanent: bool,
    /// It cannot be sent as things are, and asking the receiver would be of no use.
    hopeless: bool,
}

impl Outcome {
    fn failed(reason: impl Into<String>) -> Self {
        Self { failure: Some(Failure { reason: reason.into(), ..Failure::default() }), ..Self::default() }
    }

    /// What is to be known of it.
    fn reason(&self) -> Option<&str> {
        self.failure.as_ref().map(|failure| &failure.reason).or(self.remark.as_ref()).map(String::as_str)
    }

    fn hopeless(reason: impl Into<String>) -> Self {
        let failure = Failure { reason: reason.into(), hopeless: true, ..Failure::default() };
        Self { failure: Some(failure), ..Self::default() }
    }
}

impl Service {
    /// Routes notices and sends deliveries until told to stop; what is being sent then is finished.
    pub async fn keep_delivering(self: &Arc<Self>, stop: CancellationToken) {
        let mut sending = JoinSet::new();
        while !stop.is_cancelled() {
            let pause = match self.deliver_due(&mut sending).await {
                Ok(()) => POLL,
                Err(error) => {
                    tracing::error!(%error, "notices cannot be delivered");
                    RECOVERY
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                Some(_) = sending.join_next() => {}
                () = time::sleep(pause) => {}
            }
        }
        while sending.join_next().await.is_some() {}
    }

    async fn deliver_due(self: &Arc<Self>, sending: &mut JoinSet<()>) -> Result<()> {
        while self.store.has_notices_to_route().await? && self.route_notices().await? > 0 {}
        while sending.len() < self.settings.notifications.at_once {
            let Some(claim) = self.claim_delivery().await? else { break };
            let service = Arc::clone(self);
            sending.spawn(async move {
                if let Err(error) = service.deliver(&claim).await {
                    // Its lease runs out, and it is sent again.
                    tracing::error!(%error, delivery = claim.delivery.id, "what came of a delivery cannot be noted");
                }
            });
        }
        Ok(())
    }

    /// Routes what is in the outbox and sends the next delivery that is due; `false`: there is none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn deliver_next(self: &Arc<Self>) -> Result<bool> {
        while self.route_notices().await? > 0 {}
        let Some(claim) = self.claim_delivery().await? else { return Ok(false) };
        self.deliver(&claim).await?;
        Ok(true)
    }

    pub(super) async fn claim_delivery(&self) -> Result<Option<Claim>> {
        let now = self.clock.moment();
        if !self.store.has_due_deliveries(now).await? {
            return Ok(None);
        }
        let breaker = Breaker { failures: retries::OPEN_AFTER.into(), pause: ALONE };
        let until = now.plus_seconds(self.lease());
        Ok(self.store.claim_delivery(&self.settings.host_id, breaker, until, now).await?)
    }

    /// Sends a delivery, and notes what came of it, unless another process has it meanwhile.
    pub(super) async fn deliver(self: &Arc<Self>, claim: &Claim) -> Result<()> {
        tokio::select! {
            attempted = self.attempt(claim) => attempted,
            () = self.keep_lease(|until, _| claim.extend(&self.store, until)) => {
                tracing::warn!(delivery = claim.delivery.id, "another process has the delivery");
                Ok(())
            }
        }
    }

    async fn attempt(self: &Arc<Self>, claim: &Claim) -> Result<()> {
        let (begun_at, started) = (self.clock.moment(), Instant::now());
        let Some(row) = self.store.endpoint_by_id(&claim.delivery.endpoint).await? else { return Ok(()) };
        let outcome = match self.send(claim, &row).await {
            Ok(Some(outcome)) => outcome,
            // Another process has it, or it waits.
            Ok(None) => return Ok(()),
            Err(error @ Error::Broken(_)) => Outcome::hopeless(error.to_string()),
            Err(error) => return Err(error),
        };
        let elapsed = started.elapsed();
        let ending = self.ending(claim, &outcome);
        let attempt = Attempt {
            delivery: claim.delivery.number,
            number: claim.delivery.attempts,
            begun_at,
            milliseconds: i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX),
            status: outcome.status.map(i64::from),
            reason: outcome.reason().map(excerpt),
            excerpt: excerpt(&outcome.excerpt),
        };
        count(&row, &ending, elapsed);
        self.note(claim, &row, &outcome, &ending, attempt).await
    }

    /// Everything that follows from an attempt, in one transaction.
    async fn note(
        &self,
        claim: &Claim,
        row: &endpoints::Model,
        outcome: &Outcome,
        ending: &Ending,
        attempt: Attempt,
    ) -> Result<()> {
        let now = self.clock.moment();
        let tx = self.store.begin().await?;
        if !claim.end(&tx, ending, attempt, now).await? {
            tracing::warn!(delivery = claim.delivery.id, "another process has the delivery: it may arrive twice");
            return Ok(());
        }
        match &outcome.failure {
            None => endpoints::note_success(&tx, &row.id, now).await?,
            Some(failure) if failure.hopeless => endpoints::note_dead(&tx, &row.id).await?,
            Some(failure) => {
                let failures = u32::try_from(row.failures + 1).unwrap_or(u32::MAX);
                let alone = retries::alone(failures, failure.wish, chance());
                let not_before = now.plus_seconds(seconds(alone));
                endpoints::note_failure(&tx, &row.id, not_before, *ending == Ending::Dead, now).await?;
            }
        }
        if let Some(reason) = outcome.reason() {
            tracing::warn!(delivery = claim.delivery.id, endpoint = row.name, reason, ?ending, "a delivery failed");
        }
        Ok(tx.commit().await.map_err(windlass_store::Error::from)?)
    }

    /// How an attempt ends its delivery.
    fn ending(&self, claim: &Claim, outcome: &Outcome) -> Ending {
        let Some(failure) = &outcome.failure else {
            return if outcome.settled { Ending::Settled } else { Ending::Delivered };
        };
        let (now, delivery) = (self.clock.moment(), &claim.delivery);
        let give_up = self.settings.notifications.give_up_seconds();
        let left = delivery.give_up_at.seconds().saturating_sub(now.seconds());
        let failed = Failed {
            attempts: u32::try_from(delivery.attempts - delivery.earlier).unwrap_or(u32::MAX),
            age: Duration::from_secs(u64::try_from(give_up.saturating_sub(left)).unwrap_or_default()),
            left: Duration::from_secs(u64::try_from(left).unwrap_or_default()),
            wish: failure.wish,
            permanent: failure.permanent,
        };
        match retries::pause(failed, chance()).filter(|_| !failure.hopeless) {
            Some(pause) => Ending::Later(now.plus_seconds(seconds(pause))),
            None => Ending::Dead,
        }
    }

    /// Sends what is left to tell; `None`: another process has it by now, or it waits for the end of quiet hours.
    ///
    /// # Errors
    /// [`Error::Broken`] where it cannot be sent as it is.
    async fn send(self: &Arc<Self>, claim: &Claim, row: &endpoints::Model) -> Result<Option<Outcome>> {
        let delivery = &claim.delivery;
        let endpoint = unsealed(&self.cipher, row)?;
        let route = route(row);
        let mut notices = self.notices_of(claim, &endpoint).await?;
        if let Some(route) = &route {
            notices = route.settle(notices);
        }
        if notices.is_empty() {
            return Ok(Some(Outcome { settled: true, ..Outcome::default() }));
        }
        // It failed before, or had to wait for its turn, and what it was due at is over.
        let told = notices.iter().map(|notice| (notice.kind, &notice.facts));
        if let Some(end) = route.and_then(|route| route.quiet_until(told, self.clock.now())) {
            claim.put_off(&self.store, end.into()).await?;
            return Ok(None);
        }
        let address = self.address().await?;
        let message = Message {
            id: &delivery.id,
            notices: &notices,
            endpoint: &row.name,
            test: false,
            now: self.clock.now(),
            base_url: &address,
            give_up: delivery.give_up_at.into(),
        };
        let requests = match compose(&endpoint, &message) {
            Ok(requests) => requests,
            Err(error) => return Ok(Some(Outcome::hopeless(error.to_string()))),
        };
        let mut outcome = Outcome { settled: requests.is_empty(), ..Outcome::default() };
        let sender = self.senders.of(row, &self.settings.notifications.sender)?;
        if requests.iter().any(Outgoing::is_letter) {
            return self.send_letter(claim, row, sender, &endpoint, requests).await;
        }
        // What the receiver has taken already is not sent again (D-7).
        let before = usize::try_from(delivery.taken(row)).unwrap_or_default();
        for (at, request) in requests.into_iter().enumerate().skip(before) {
            outcome = outcome_of(sender.send(&endpoint, request).await);
            if outcome.failure.is_some() {
                break;
            }
            let accepted = i64::try_from(at + 1).unwrap_or(i64::MAX);
            if !claim.progress(&self.store, accepted, row.revision).await? {
                return Ok(None);
            }
        }
        Ok(Some(outcome))
    }

    /// Sends a letter to those who have not got it yet. Of a letter, it is those that `accepted` says, by bit.
    async fn send_letter(
        &self,
        claim: &Claim,
        row: &endpoints::Model,
        sender: &Sender,
        endpoint: &Endpoint,
        requests: Vec<Outgoing>,
    ) -> Result<Option<Outcome>> {
        let have_it = u64::try_from(claim.delivery.taken(row)).unwrap_or_default();
        let mut outcome = Outcome::default();
        for mut letter in requests {
            letter.leave_out(have_it);
            outcome = match sender.send(endpoint, letter).await {
                Sent::Partly { status, taken, permanent, reason, excerpt } => {
                    let accepted = i64::try_from(have_it | taken).unwrap_or_default();
                    if !claim.progress(&self.store, accepted, row.revision).await? {
                        return Ok(None);
                    }
                    let failure = Failure { reason: reason.clone(), ..Failure::default() };
                    let (failure, remark) = if permanent { (None, Some(reason)) } else { (Some(failure), None) };
                    Outcome { status, excerpt, failure, remark, settled: false }
                }
                // Others have it, and these never will.
                Sent::Refused { status, permanent: true, reason, excerpt, .. } if have_it != 0 => {
                    Outcome { status, excerpt, remark: Some(reason), ..Outcome::default() }
                }
                sent => outcome_of(sent),
            };
        }
        Ok(Some(outcome))
    }

    /// What there was to tell.
    async fn notices_of(self: &Arc<Self>, claim: &Claim, endpoint: &Endpoint) -> Result<Vec<Notice>> {
        let account = self.store.find_account(&claim.delivery.account).await?;
        let email = account.as_ref().and_then(|account| account.email.as_deref());
        // Nothing else shows the documents, which are large.
        let whole = matches!(&endpoint.channel, Channel::Webhook(webhook) if webhook.format == Format::AnchoreV1)
            || endpoint.templates.contains_key("body");
        let mut notices = Vec::new();
        for mut notice in self.store.notices_of(claim.delivery.number).await? {
            if notice.kind == NotificationType::PolicyEval.as_str() {
                notice = self.with_verdicts(notice, whole).await?;
            }
            notices.push(outbox::read(notice, email)?);
        }
        Ok(notices)
    }

    /// Sends something at once, outside of all queues.
    pub(super) async fn try_out(
        &self,
        row: &endpoints::Model,
        endpoint: &Endpoint,
        message: &Message<'_>,
    ) -> Result<(Sent, Duration)> {
        let started = Instant::now();
        let sender = self.senders.of(row, &self.settings.notifications.sender)?;
        let mut last = Sent::Failed { reason: "the channel has nothing to send".into() };
        for request in compose(endpoint, message).map_err(|error| Error::invalid(error.to_string()))? {
            last = sender.send(endpoint, request).await;
            if !last.is_accepted() {
                break;
            }
        }
        Ok((last, started.elapsed()))
    }
}

fn route(row: &endpoints::Model) -> Option<Route> {
    outbox::route(&endpoints::Listener {
        id: row.id.clone(),
        account: row.account.clone(),
        name: row.name.clone(),
        routing: row.routing.clone(),
    })
}

fn outcome_of(sent: Sent) -> Outcome {
    match sent {
        Sent::Accepted { status, excerpt } => Outcome { status, excerpt, ..Outcome::default() },
        Sent::Refused { status, retry_after, permanent, reason, excerpt } => Outcome {
            status,
            excerpt,
            failure: Some(Failure { reason, wish: retry_after, permanent, hopeless: false }),
            ..Outcome::default()
        },
        Sent::Partly { status, permanent, reason, excerpt, .. } => Outcome {
            status,
            excerpt,
            failure: Some(Failure { reason, permanent, ..Failure::default() }),
            ..Outcome::default()
        },
        Sent::Failed { reason } => Outcome::failed(reason),
    }
}

fn count(row: &endpoints::Model, ending: &Ending, elapsed: Duration) {
    let outcome = match ending {
        Ending::Delivered => "delivered",
        Ending::Settled => "settled",
        Ending::Later(_) => "failed",
        Ending::Dead => "dead",
    };
    let labels = [("channel", row.kind.clone()), ("outcome", outcome.to_owned())];
    metrics::counter!("windlass_deliveries_total", &labels).increment(1);
    metrics::histogram!("windlass_delivery_duration_seconds", &labels).record(elapsed);
}

/// The beginning of a text, without what PostgreSQL does not take.
fn excerpt(text: &str) -> String {
    text.chars().filter(|c| *c != '\0').take(EXCERPT).collect()
}

fn chance() -> f64 {
    f64::from(u32::from_be_bytes(cipher::random())) / f64::from(u32::MAX)
}

/// Rounded up: what is due in a moment is not due now.
fn seconds(pause: Duration) -> i64 {
    i64::try_from(pause.as_millis().div_ceil(1000)).unwrap_or(i64::MAX)
}
