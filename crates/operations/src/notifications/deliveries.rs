//! The log of deliveries, and those that go again.

use jiff::Timestamp;
use windlass_store::{
    Moment,
    deliveries::{Attempt, Filter, Model, State},
    notices,
    subscriptions::Page,
};
use windlass_v1::{
    notifications::{
        DeliveredNotice, Delivery, DeliveryAttempt, DeliveryDetail, DeliveryList, DeliveryQuery, DeliveryState,
        NO_DELIVERY, ReplayRequest, Replayed,
    },
    timestamp::IsoMicroseconds,
};

use crate::{Error, Result, Tenant};

const LIMIT: u64 = 100;
const LARGEST_LIMIT: u64 = 1000;
/// Deliveries that one request lets go again.
const REPLAYED: u64 = 1000;

impl Tenant {
    /// A page of the deliveries to this account's endpoints, newest first.
    pub async fn deliveries(&self, query: &DeliveryQuery) -> Result<DeliveryList> {
        let page = query.page.unwrap_or(1).max(1);
        let limit = query.limit.unwrap_or(LIMIT).clamp(1, LARGEST_LIMIT);
        let offset = (page - 1).saturating_mul(limit).min(i64::MAX as u64);
        let filter = Filter {
            state: query.state.map(stored),
            endpoint: checked(query.endpoint.as_deref())?,
            ..Filter::default()
        };
        let (rows, next_page) = self.account.deliveries(filter, Page { offset, limit }).await?;
        let results = rows.into_iter().map(|(row, endpoint)| shown(row, endpoint)).collect();
        Ok(DeliveryList { results, next_page, page })
    }

    /// A delivery with what it tells and what came of it.
    pub async fn delivery(&self, id: &str) -> Result<DeliveryDetail> {
        let page = Page { offset: 0, limit: 1 };
        let filter = Filter { id: Some(known(id)?), ..Filter::default() };
        let (rows, _) = self.account.deliveries(filter, page).await?;
        let (row, endpoint) = rows.into_iter().next().ok_or_else(unknown)?;
        let notices = self.service.store.notices_of(row.number).await?;
        let log = self.account.delivery_attempts(&row).await?;
        Ok(DeliveryDetail {
            delivery: shown(row, endpoint),
            notices: notices.into_iter().map(told).collect(),
            log: log.into_iter().map(attempt).collect(),
        })
    }

    /// Lets a delivery that has ended go again, with the same id.
    ///
    /// # Errors
    /// 404 where there is none, 409 where it has not ended.
    pub async fn replay_delivery(&self, id: &str) -> Result<Delivery> {
        let known = self.delivery(known(id)?).await?.delivery;
        let filter = Filter { id: Some(id), ..Filter::default() };
        if self.replay(filter, 1).await?.is_empty() {
            let state = known.state;
            return Err(Error::conflict(format!("the delivery {id} is {state}: only what has ended can go again")));
        }
        Ok(self.delivery(id).await?.delivery)
    }

    /// Lets many go again, oldest first: those that were given up, if not said otherwise.
    pub async fn replay_deliveries(&self, request: &ReplayRequest) -> Result<Replayed> {
        let state = request.state.unwrap_or(DeliveryState::Dead);
        if matches!(state, DeliveryState::Waiting | DeliveryState::Sending) {
            return Err(Error::invalid(format!("what is {state} has not ended: it goes by itself")));
        }
        let endpoint = checked(request.endpoint.as_deref())?;
        let filter = Filter { state: Some(stored(state)), endpoint, ..Filter::default() };
        let deliveries = self.replay(filter, REPLAYED).await?;
        let more = deliveries.len() as u64 == REPLAYED;
        Ok(Replayed { deliveries, more })
    }

    async fn replay(&self, filter: Filter<'_>, limit: u64) -> Result<Vec<String>> {
        let now = self.service.clock.moment();
        let give_up_at = now.plus_seconds(self.service.settings.notifications.give_up_seconds());
        Ok(self.account.replay_deliveries(filter, limit, give_up_at, now).await?)
    }
}

fn checked(name: Option<&str>) -> Result<Option<&str>> {
    match name {
        Some(name) if name.contains('\0') => {
            Err(Error::invalid("'endpoint' holds the character NUL, which no name has"))
        }
        name => Ok(name),
    }
}

fn known(id: &str) -> Result<&str> {
    if id.contains('\0') { Err(unknown()) } else { Ok(id) }
}

fn unknown() -> Error {
    Error::not_found(NO_DELIVERY)
}

fn stored(state: DeliveryState) -> State {
    match state {
        DeliveryState::Waiting => State::Waiting,
        DeliveryState::Sending => State::Sending,
        DeliveryState::Delivered => State::Delivered,
        DeliveryState::Dead => State::Dead,
        DeliveryState::Settled => State::Settled,
    }
}

fn shown(row: Model, endpoint: String) -> Delivery {
    Delivery {
        id: row.id,
        endpoint,
        account: row.account,
        subject: row.subject,
        state: match row.state {
            State::Waiting => DeliveryState::Waiting,
            State::Sending => DeliveryState::Sending,
            State::Delivered => DeliveryState::Delivered,
            State::Dead => DeliveryState::Dead,
            State::Settled => DeliveryState::Settled,
        },
        created_at: moment(row.created_at),
        due_at: moment(row.due_at),
        give_up_at: moment(row.give_up_at),
        ended_at: row.ended_at.map(moment),
        attempts: u64::try_from(row.attempts).unwrap_or_default(),
        last_status: row.last_status,
        last_error: row.last_error,
    }
}

fn told(row: notices::Model) -> DeliveredNotice {
    DeliveredNotice {
        id: row.id,
        kind: row.kind,
        subject: row.subject,
        message: row.message,
        occurred_at: moment(row.occurred_at),
    }
}

fn attempt(row: Attempt) -> DeliveryAttempt {
    DeliveryAttempt {
        number: u64::try_from(row.number).unwrap_or_default(),
        begun_at: moment(row.begun_at),
        milliseconds: u64::try_from(row.milliseconds).unwrap_or_default(),
        status: row.status,
        reason: row.reason,
        excerpt: row.excerpt,
    }
}

fn moment(moment: Moment) -> IsoMicroseconds {
    Timestamp::from(moment).into()
}
