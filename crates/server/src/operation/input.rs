//! A request on its way to an operation's function.

use std::{net::IpAddr, sync::Arc};

use axum::http::HeaderMap;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use windlass_v1::error::Problem;

use super::{
    Operation,
    answer::Answer,
    body::{Body, Checked},
    list::Part,
    parameters,
};
use crate::Failure;

/// Values of path parameters, decoded.
#[derive(Clone, Debug, Default)]
pub(crate) struct PathArguments(Vec<(String, String)>);

impl PathArguments {
    pub(crate) fn new(arguments: Vec<(String, String)>) -> Self {
        Self(arguments)
    }

    /// The value of a parameter of the operation's path.
    pub(crate) fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).expect("operations ask for parameters of their own path")
    }
}

/// A request that fits the description of its operation.
pub(crate) struct Received {
    pub(crate) path: PathArguments,
    pub(crate) headers: HeaderMap,
    /// Where it came from, if it came over a network.
    pub(crate) address: Option<IpAddr>,
    query: Map<String, Value>,
    body: Checked,
    /// Held for as long as a long document is in memory.
    place: Option<OwnedSemaphorePermit>,
}

impl Received {
    /// Checks a request against the description of an operation.
    pub(crate) async fn check(
        operation: &Operation,
        path: PathArguments,
        address: Option<IpAddr>,
        request: axum::extract::Request,
    ) -> Result<Self, Failure> {
        let (head, body) = request.into_parts();
        let query = parameters::read(&operation.query, head.uri.query().unwrap_or_default())?;
        let body = operation.body.check(&head.headers, body).await?;
        Ok(Self { path, headers: head.headers, address, query, body, place: None })
    }

    /// Reads and checks a body that was left because it is long, now that it is known who sends it.
    pub(crate) async fn finish(mut self, operation: &Operation, places: &Arc<Semaphore>) -> Result<Self, Failure> {
        if let Checked::Long(body) = self.body {
            (self.body, self.place) = operation.body.finish(body, places).await?;
        }
        Ok(self)
    }

    /// A text in the body.
    pub(crate) fn member(&self, name: &str) -> Option<&str> {
        match &self.body {
            Checked::Json(value) => value.get(name)?.as_str(),
            Checked::None | Checked::Long(_) | Checked::Raw(_) => None,
        }
    }

    /// Which part of the answer is asked for.
    pub(super) fn part<A: Answer>(&mut self) -> Result<Part, Failure> {
        let names = A::parameters().into_iter().map(|parameter| parameter.name);
        let given = names.filter_map(|name| self.query.shift_remove_entry(&name));
        from(given.collect()).map_err(|error| Problem::bad_request(error.to_string()).into())
    }

    /// Makes of it what the function takes.
    pub(super) fn read<Q: DeserializeOwned, B: Body>(self) -> Result<Input<Q, B::Value>, Failure> {
        let Self { path, headers, address, query, body, place: _place } = self;
        // `()` is read from null, structures from a map.
        let query =
            if query.is_empty() { serde_json::from_value(Value::Null).or_else(|_| empty()) } else { from(query) };
        let query = query.map_err(|error: serde_json::Error| Problem::bad_request(error.to_string()))?;
        Ok(Input { path, query, body: B::value(body)?, headers, address })
    }
}

fn empty<Q: DeserializeOwned>() -> Result<Q, serde_json::Error> {
    from(Map::new())
}

fn from<Q: DeserializeOwned>(query: Map<String, Value>) -> Result<Q, serde_json::Error> {
    serde_json::from_value(Value::Object(query))
}

/// What an operation's function is handed of the request.
pub(crate) struct Input<Q, B> {
    pub(crate) path: PathArguments,
    pub(crate) query: Q,
    pub(crate) body: B,
    pub(crate) headers: HeaderMap,
    pub(crate) address: Option<IpAddr>,
}
