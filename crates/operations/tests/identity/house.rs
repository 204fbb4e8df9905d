//! A service with an empty database of each engine.

use std::{future::Future, sync::Arc};

use windlass_operations::{
    Error, Result, Service, Settings, Tenant,
    identity::{Caller, Denied, Presented},
    testing::Bench,
};
use windlass_store::{AccountName, testing::on_every_engine};
use windlass_v1::accounts::{AccountRequest, CredentialRequest, CredentialType, RequestedState, UserRequest};

/// The administrator's, and everybody's.
pub(crate) const PASSWORD: &str = "foobar";

pub(crate) struct House {
    pub(crate) service: Arc<Service>,
    bench: Bench,
}

/// Runs a test on a service on every engine.
pub(crate) fn in_every_house<F: Future<Output = ()>>(test: impl Fn(House) -> F) {
    in_every_house_with(&Settings::default(), test);
}

/// The same, by settings in which tokens are switched on.
pub(crate) fn in_every_house_with<F: Future<Output = ()>>(settings: &Settings, test: impl Fn(House) -> F) {
    on_every_engine(|store| {
        let test = &test;
        async move {
            let mut settings = settings.clone();
            settings.oauth.enabled = true;
            let bench = Bench::with(store, settings).await;
            test(House { service: Arc::clone(&bench.service), bench }).await;
        }
    });
}

impl House {
    pub(crate) fn pass(&self, seconds: i64) {
        self.bench.pass(seconds);
    }

    pub(crate) fn tenant(&self, account: &str) -> Tenant {
        self.service.tenant(&AccountName::parse(account).unwrap())
    }

    /// Makes an account with a user for each name.
    pub(crate) async fn team(&self, account: &str, users: &[&str]) -> Tenant {
        let request = AccountRequest { name: account.into(), email: None, kind: None };
        self.service.create_account(&request).await.unwrap();
        let tenant = self.tenant(account);
        for user in users {
            tenant.create_user(&user_request(user, PASSWORD)).await.unwrap();
        }
        tenant
    }

    pub(crate) async fn log_in(&self, username: &str, password: &str) -> Result<Caller, Denied> {
        self.service.authenticate(Presented::Password { username, password }, None).await.unwrap()
    }

    pub(crate) async fn present(&self, bearer: &str) -> Result<Caller, Denied> {
        self.service.authenticate(Presented::Bearer(bearer), None).await.unwrap()
    }

    pub(crate) async fn caller(&self, username: &str) -> Caller {
        self.log_in(username, PASSWORD).await.unwrap()
    }

    pub(crate) async fn disable(&self, account: &str) {
        self.service.set_account_state(account, RequestedState::Disabled).await.unwrap();
    }
}

pub(crate) fn user_request(username: &str, password: &str) -> UserRequest {
    UserRequest { username: username.into(), password: password.into() }
}

pub(crate) fn password(value: &str) -> CredentialRequest {
    CredentialRequest { kind: CredentialType::Password, value: value.into() }
}

/// Status and message of a refusal.
pub(crate) fn refusal<T: std::fmt::Debug>(result: Result<T>) -> (u16, String) {
    match result {
        Err(Error::Refused(envelope)) => (envelope.httpcode, envelope.message),
        other => panic!("it was not refused: {other:?}"),
    }
}
