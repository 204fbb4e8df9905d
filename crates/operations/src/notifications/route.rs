//! From the outbox to deliveries.

use std::collections::HashMap;

use windlass_channels::Facts;
use windlass_store::{
    Moment, Transaction, accounts,
    deliveries::{self, NewDelivery},
    endpoints, notices,
};
use windlass_v1::webhooks::NotificationType;

use super::{outbox, routing::Route};
use crate::{Result, Service, random_id};

/// Notices that are routed in one transaction.
const BATCH: u64 = 200;

/// Who listens to an account.
type Listeners = Vec<(endpoints::Listener, Route)>;

impl Service {
    /// Decides who is told of what is in the outbox, oldest first; answers how many notices that were, and has more to do if
    /// any.
    pub async fn route_notices(&self) -> Result<usize> {
        let tx = self.store.begin().await?;
        let rows = notices::to_route(&tx, BATCH).await?;
        let mut listeners: HashMap<String, Listeners> = HashMap::new();
        let (mut told, mut untold) = (Vec::new(), Vec::new());
        for row in &rows {
            if !listeners.contains_key(&row.account) {
                listeners.insert(row.account.clone(), listeners_of(&tx, &row.account).await?);
            }
            let is_told = self.route_notice(&tx, row, &listeners[&row.account]).await?;
            if is_told { told.push(row.number) } else { untold.push(row.number) }
        }
        notices::mark_routed(&tx, &told).await?;
        notices::remove(&tx, &untold).await?;
        tx.commit().await.map_err(windlass_store::Error::from)?;
        Ok(rows.len())
    }

    /// Writes the deliveries of one notice; `false`: there are none.
    async fn route_notice(&self, tx: &Transaction, row: &notices::Model, listeners: &Listeners) -> Result<bool> {
        let read = NotificationType::parse(&row.kind).zip(serde_json::from_str::<Facts>(&row.facts).ok());
        let Some((kind, facts)) = read else {
            tracing::error!(notice = row.id, "a notice cannot be read: nobody is told");
            return Ok(false);
        };
        let now = self.clock.now();
        let mut is_told = false;
        for (listener, route) in listeners.iter().filter(|(_, route)| route.wants(kind, &facts)) {
            let (endpoint, owner) = (listener.id.as_str(), listener.account.as_str());
            let placed = route.place(kind, &row.subject, &facts, now);
            let due_at = Moment::from(placed.due);
            let (account, subject) = (row.account.as_str(), placed.subject.as_str());
            let open = if placed.gathers {
                deliveries::gathering(tx, account, endpoint, subject, due_at, now.into()).await?
            } else {
                None
            };
            let delivery = if let Some(delivery) = open {
                delivery
            } else {
                let (id, gathers) = (random_id(), placed.gathers);
                let give_up_at = due_at.plus_seconds(self.settings.notifications.give_up_seconds());
                let new = NewDelivery { id, account, endpoint, owner, subject, gathers, due_at, give_up_at };
                deliveries::insert(tx, new, now.into()).await?
            };
            deliveries::tell_notice(tx, delivery, row.number).await?;
            is_told = true;
        }
        Ok(is_told)
    }
}

/// Those who are told what happens in an account; nobody where it is not enabled.
async fn listeners_of(tx: &Transaction, account: &str) -> Result<Listeners> {
    if !accounts::is_enabled(tx, account).await? {
        return Ok(Vec::new());
    }
    let rows = endpoints::listening(tx, account).await?;
    Ok(rows.into_iter().filter_map(|row| outbox::route(&row).map(|route| (row, route))).collect())
}
