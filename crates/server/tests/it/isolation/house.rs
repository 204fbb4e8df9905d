//! The application over a new service of each engine, with everybody's password the same.

use std::{future::Future, io::Read as _, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use windlass_operations::{
    Service, Settings, Tenant,
    identity::{Caller, Presented},
    testing::Bench,
};
use windlass_store::{AccountName, Store, testing::on_every_engine};
use windlass_v1::accounts::{AccountRequest, UserRequest};

use super::calls::{Call, Operation};
use crate::client::{Answer, Client};

pub(super) const PASSWORD: &str = "foobar";

pub(super) struct House {
    bench: Bench,
    nobody: Client,
}

/// What a request was answered with.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) status: u16,
    /// Whether it is an answer to a request that reached no handler.
    pub(super) is_problem: bool,
    /// The body, unpacked where it is packed.
    pub(super) text: String,
}

impl From<Answer> for Answered {
    fn from(answer: Answer) -> Self {
        let media_type = answer.headers.get("content-type").and_then(|value| value.to_str().ok());
        let is_problem = media_type == Some("application/problem+json");
        let text = String::from_utf8_lossy(&unpacked(&answer.bytes)).into_owned();
        Self { status: answer.status.as_u16(), is_problem, text }
    }
}

impl Answered {
    /// Texts in the body that are there in base64.
    pub(super) fn encoded(&self) -> impl Iterator<Item = String> {
        let decoded = |text: &str| STANDARD.decode(text.replace("\\n", "")).ok();
        self.text.split('"').filter_map(decoded).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }
}

fn unpacked(bytes: &[u8]) -> Vec<u8> {
    match bytes {
        [0x1f, 0x8b, ..] => {
            let mut unpacked = Vec::new();
            flate2::read::GzDecoder::new(bytes).read_to_end(&mut unpacked).unwrap();
            unpacked
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] => zstd::decode_all(bytes).unwrap(),
        _ => bytes.to_vec(),
    }
}

pub(super) fn in_every_house<F: Future<Output = ()>>(test: impl Fn(House) -> F) {
    on_every_engine(|store| {
        let test = &test;
        async move {
            let mut settings = Settings::default();
            settings.oauth.enabled = true;
            let bench = Bench::with(store, settings).await;
            let nobody = Client::of(&bench);
            test(House { bench, nobody }).await;
        }
    });
}

impl House {
    pub(super) fn service(&self) -> &std::sync::Arc<Service> {
        &self.bench.service
    }

    /// Where files may be put.
    pub(super) fn folder(&self) -> &Path {
        self.bench.folder.path()
    }

    pub(super) fn store(&self) -> &Store {
        self.bench.service.store()
    }

    pub(super) fn tenant(&self, account: &str) -> Tenant {
        self.service().tenant(&AccountName::parse(account).unwrap())
    }

    /// Makes an account with a user, whose name it tells.
    pub(super) async fn team(&self, account: &str) -> String {
        let request = AccountRequest { name: account.into(), email: None, kind: None };
        self.service().create_account(&request).await.unwrap();
        let username = format!("{account}-user");
        let request = UserRequest { username: username.clone(), password: PASSWORD.into() };
        self.tenant(account).create_user(&request).await.unwrap();
        username
    }

    pub(super) async fn caller(&self, username: &str) -> Caller {
        let presented = Presented::Password { username, password: PASSWORD };
        self.service().authenticate(presented, None).await.unwrap().unwrap()
    }

    /// Every operation of the API.
    pub(super) async fn operations(&self) -> Vec<Operation> {
        Operation::all(&self.nobody.get("/v1/openapi.json").await.ok())
    }

    /// Sends a request; `account` is the one it is to be done in.
    pub(super) async fn ask(&self, username: &str, call: &Call, account: Option<&str>) -> Answered {
        self.ask_with(username, PASSWORD, call, account).await
    }

    pub(super) async fn ask_with(
        &self,
        username: &str,
        password: &str,
        call: &Call,
        account: Option<&str>,
    ) -> Answered {
        let client = self.nobody.user(username, password);
        let client = account.map_or(client.clone(), |account| client.in_account(account));
        let (method, body) = (call.method.parse().unwrap(), call.body.clone().into_bytes());
        client.send(method, &call.address, call.media_type, body).await.into()
    }
}
