//! One operation of the API: where it is, what it takes, who may ask, what it answers, and the function that does it.
//!
//! All operations stand in one table ([`crate::resources::all`]). From it come the routes, the checks of parameters,
//! bodies and permissions, and the description of the API, so that none can say what the others do not.
//!
//! The function's first argument is what it may touch. One made with [`Draft::for_account`] is handed the account that the
//! caller was found to be allowed to act in, and can reach nothing else: the check cannot be forgotten, because the
//! account comes from it.

mod answer;
mod body;
mod input;
mod list;
mod listed;
mod parameters;

use std::{future::Future, marker::PhantomData, pin::Pin, sync::Arc};

use axum::{
    body::Body as HttpBody,
    http::{Method, Response},
};
use utoipa::{IntoParams, openapi::path::Parameter};

pub(crate) use answer::{Answer, Blank, Described, Json, SchemaTable};
pub(crate) use body::{
    Body, BodyKind, ClosedJsonBody, FileForm, Form, FormFile, JsonBody, NoBody, RawBody, broken_off, collect, form,
    reader,
};
pub(crate) use input::{Input, PathArguments, Received};
pub(crate) use list::{List, Part};
pub(crate) use listed::Listed;

use crate::{
    Failure,
    scope::{Administration, Authenticated, Public, Scope, System, Tenant},
};

/// Who may ask (`spec/api.md` A2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Domain {
    /// Anyone, without authentication.
    Open,
    /// Any user of an enabled account.
    Authenticated,
    /// Whoever may act in the account of the request.
    Account,
    /// Whoever may act in the account that the path names.
    Named,
    /// Whoever may act on the installation.
    System,
}

impl Domain {
    /// Its name in the description of the API.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Authenticated => "authenticated",
            Self::Account => "account",
            Self::Named => "named account",
            Self::System => "system",
        }
    }
}

/// What permission it takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Permission {
    pub(crate) domain: Domain,
    /// The name of what is done, as roles and refusals have it.
    pub(crate) action: Option<&'static str>,
    /// The path parameter that names what it is done to.
    pub(crate) target: Option<&'static str>,
}

type Outcome = Pin<Box<dyn Future<Output = Result<Response<HttpBody>, Failure>> + Send>>;
type Handler = Arc<dyn Fn(Scope, Received) -> Outcome + Send + Sync>;

/// An entry of the table.
pub(crate) struct Operation {
    pub(crate) method: Method,
    /// Without the prefix: `/images/{imageDigest}`. A last parameter that begins with `*` takes the rest of the path.
    pub(crate) path: &'static str,
    /// A name for programs: `list_images`.
    pub(crate) id: &'static str,
    /// One line for people.
    pub(crate) summary: &'static str,
    pub(crate) permission: Permission,
    /// The member of the body that names what is made or changed.
    pub(crate) names: Option<&'static str>,
    pub(crate) query: Vec<Parameter>,
    pub(crate) body: BodyKind,
    pub(crate) answer: Described,
    /// Statuses beside those that every operation may answer with, and when.
    pub(crate) failures: Vec<DescribedFailure>,
    handler: Handler,
}

/// How a failure looks.
pub(crate) struct DescribedFailure {
    pub(crate) status: u16,
    pub(crate) when: &'static str,
    /// Nothing where it is one of the service's own errors.
    pub(crate) body: Option<Described>,
}

impl Operation {
    pub(crate) fn get(path: &'static str, id: &'static str, summary: &'static str) -> Draft<(), NoBody> {
        Draft::new(Method::GET, path, id, summary)
    }

    pub(crate) fn post(path: &'static str, id: &'static str, summary: &'static str) -> Draft<(), NoBody> {
        Draft::new(Method::POST, path, id, summary)
    }

    pub(crate) fn put(path: &'static str, id: &'static str, summary: &'static str) -> Draft<(), NoBody> {
        Draft::new(Method::PUT, path, id, summary)
    }

    pub(crate) fn delete(path: &'static str, id: &'static str, summary: &'static str) -> Draft<(), NoBody> {
        Draft::new(Method::DELETE, path, id, summary)
    }

    /// Does it. What the caller may not do was refused before.
    pub(crate) fn run(&self, scope: Scope, received: Received) -> Outcome {
        (self.handler)(scope, received)
    }

    /// The names of its path parameters, in order.
    pub(crate) fn path_parameters(&self) -> impl Iterator<Item = &'static str> {
        let braced = self.path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
        braced.map(|name| name.trim_start_matches('*'))
    }
}

/// An operation that lacks its function still. `Q` is what its query is read as, `B` its body.
pub(crate) struct Draft<Q, B> {
    method: Method,
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    target: Option<&'static str>,
    names: Option<&'static str>,
    query: Vec<Parameter>,
    failures: Vec<DescribedFailure>,
    takes: PhantomData<fn(Q, B)>,
}

impl Draft<(), NoBody> {
    fn new(method: Method, path: &'static str, id: &'static str, summary: &'static str) -> Self {
        let (query, failures) = (Vec::new(), Vec::new());
        Self { method, path, id, summary, target: None, names: None, query, failures, takes: PhantomData }
    }
}

impl<Q, B> Draft<Q, B> {
    /// Takes query parameters.
    pub(crate) fn query<P: IntoParams>(self) -> Draft<P, B> {
        let query = query_parameters::<P>();
        let Self { method, path, id, summary, target, names, failures, .. } = self;
        Draft { method, path, id, summary, target, names, query, failures, takes: PhantomData }
    }

    /// Takes a body.
    pub(crate) fn body<P>(self) -> Draft<Q, P> {
        let Self { method, path, id, summary, target, names, query, failures, .. } = self;
        Draft { method, path, id, summary, target, names, query, failures, takes: PhantomData }
    }

    /// Documents a status that it may answer with.
    pub(crate) fn fails(mut self, status: u16, when: &'static str) -> Self {
        self.failures.push(DescribedFailure { status, when, body: None });
        self
    }

    /// The same with a body that is made as its protocol has it.
    pub(crate) fn fails_with<A: Answer>(mut self, status: u16, when: &'static str) -> Self {
        self.failures.push(DescribedFailure { status, when, body: Some(A::describe()) });
        self
    }

    /// The member of the body that names what is made or changed, for the record of who did what.
    pub(crate) fn names(mut self, member: &'static str) -> Self {
        self.names = Some(member);
        self
    }

    /// The path parameter that names the target of the permission.
    pub(crate) fn target(mut self, parameter: &'static str) -> Self {
        self.target = Some(parameter);
        self
    }
}

fn query_parameters<P: IntoParams>() -> Vec<Parameter> {
    P::into_params(|| Some(utoipa::openapi::path::ParameterIn::Query))
}

/// Ends a draft with a function that is handed what the caller may touch.
macro_rules! endings {
    ($($(#[$doc:meta])* $name:ident, $scope:ident, $domain:ident, ($($action:ident)?);)*) => {
        impl<Q: Send + serde::de::DeserializeOwned + 'static, B: Body> Draft<Q, B> {
            $(
                $(#[$doc])*
                pub(crate) fn $name<F, R, A>(self, $($action: &'static str,)? handler: F) -> Operation
                where
                    F: Fn($scope, Input<Q, B::Value>) -> R + Send + Sync + 'static,
                    R: Future<Output = Result<A, Failure>> + Send + 'static,
                    A: Answer,
                {
                    #[allow(unused_mut, unused_assignments, reason = "some domains have no action")]
                    let mut action = None;
                    $(action = Some($action);)?
                    let permission = Permission { domain: Domain::$domain, action, target: self.target };
                    let handler = Arc::new(handler);
                    let run = move |scope: Scope, mut received: Received| -> Outcome {
                        let handler = Arc::clone(&handler);
                        Box::pin(async move {
                            let Scope::$domain(scope) = scope else { unreachable!("the domain decides the scope") };
                            let part = received.part::<A>()?;
                            let input = received.read::<Q, B>()?;
                            Ok(handler(scope, input).await?.part(part).into_response())
                        })
                    };
                    Operation {
                        method: self.method,
                        path: self.path,
                        id: self.id,
                        summary: self.summary,
                        permission,
                        names: self.names,
                        query: self.query.into_iter().chain(A::parameters()).collect(),
                        body: B::kind(),
                        answer: A::describe(),
                        failures: self.failures,
                        handler: Arc::new(run),
                    }
                }
            )*
        }
    };
}

endings! {
    /// For anyone.
    for_anyone, Public, Open, ();
    /// For any user of an enabled account.
    for_users, Authenticated, Authenticated, ();
    /// On what belongs to the account of the request.
    for_account, Tenant, Account, (action);
    /// On the account that the path's first parameter names, and its users.
    for_named_account, Administration, Named, (action);
    /// On the installation.
    for_system, System, System, (action);
}
