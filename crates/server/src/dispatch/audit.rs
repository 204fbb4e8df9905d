//! Telling who did what: one record of every request that changes something or was to, and of every refused log-in.

use std::net::IpAddr;

use axum::{
    body::Body,
    http::{Method, Response, StatusCode},
};
use windlass_operations::{
    Service,
    identity::{Caller, Deed},
};

use crate::operation::{Domain, Operation};

/// The action of whoever proves to be somebody, or fails to.
const LOG_IN: &str = "login";

/// Marks the answer to a log-in that was refused, where the status does not tell.
#[derive(Clone, Copy)]
pub(crate) struct RefusedLogIn;

/// Marks the answer to a request that might have changed something and has not.
#[derive(Clone, Copy)]
pub(crate) struct Unchanged;

/// What an answer says of what was done.
#[derive(Clone, Copy)]
pub(super) struct Outcome {
    status: StatusCode,
    refused_log_in: bool,
    unchanged: bool,
}

impl Outcome {
    pub(super) fn of(response: &Response<Body>) -> Self {
        let marks = response.extensions();
        Self {
            status: response.status(),
            refused_log_in: marks.get::<RefusedLogIn>().is_some(),
            unchanged: marks.get::<Unchanged>().is_some(),
        }
    }
}

/// What becomes known of a request on its way.
#[derive(Default)]
pub(super) struct Witness {
    pub(super) address: Option<IpAddr>,
    /// The name that was given with a password; not proven.
    pub(super) tried: Option<String>,
    pub(super) caller: Option<Caller>,
    /// The account that the caller was found to be allowed to act in.
    pub(super) account: Option<String>,
    /// What the body names.
    pub(super) named: Option<String>,
}

/// Whether something may be different after a request.
pub(super) fn changes(method: &Method) -> bool {
    !method.is_safe()
}

impl Witness {
    /// The account that the request is about: the caller's own where it names no other.
    pub(super) fn account(&self) -> Option<&str> {
        let own = || self.caller.as_ref().map(|caller| caller.account().name.as_str());
        self.account.as_deref().or_else(own)
    }

    /// Records the request, if it is one to be recorded. That this fails is no reason to tell a caller that what was done
    /// was not; the log has it.
    pub(super) async fn record(
        &self,
        service: &Service,
        operation: &Operation,
        path: &str,
        request_id: &str,
        outcome: Outcome,
    ) {
        let Some(action) = self.action(operation, outcome) else { return };
        let status = outcome.status;
        let tried = self.tried.as_deref();
        let open = operation.permission.domain == Domain::Open;
        let username = self.caller.as_ref().map(Caller::username).or(tried);
        let username = username.or(self.named.as_deref().filter(|_| open));
        let target = match self.named.as_deref().filter(|_| !open && action != LOG_IN) {
            Some(name) => format!("{path} {name}"),
            None => path.to_owned(),
        };
        let deed = Deed {
            username,
            account: self.account(),
            action,
            target: &target,
            status: status.as_u16(),
            address: self.address,
            request_id,
        };
        if let Err(error) = service.record(deed).await {
            tracing::error!(%error, action, target, status = status.as_u16(), "the audit record cannot be written");
        }
    }

    /// What was done or refused. Requests of nobody are not recorded, nor those that come too fast: whoever sends them
    /// could fill the disk.
    fn action(&self, operation: &Operation, outcome: Outcome) -> Option<&'static str> {
        let Outcome { status, refused_log_in, unchanged } = outcome;
        if operation.permission.domain == Domain::Open {
            let done = changes(&operation.method) && status.is_success() && !unchanged;
            return (done || refused_log_in).then_some(LOG_IN);
        }
        if self.caller.is_none() {
            return (status == StatusCode::UNAUTHORIZED && self.tried.is_some()).then_some(LOG_IN);
        }
        changes(&operation.method).then(|| operation.permission.action.unwrap_or(operation.id))
    }
}
