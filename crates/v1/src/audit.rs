//! Who did what. The original does not tell: everything here is added to its API.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{timestamp::IsoMicroseconds, words::words};

words! {
    /// How it ended.
    AuditOutcome {
        /// It was done.
        Done = "done",
        /// It was not, because of who asked, what was asked, or how things stand.
        Refused = "refused",
        /// It was not: the service failed.
        Failed = "failed",
    }
}

/// A request that changed something or was to, or a log-in that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditRecord {
    /// Later records have higher ids.
    pub id: i64,
    pub created_at: IsoMicroseconds,
    /// Who; of a refused log-in, the name that was tried.
    #[schema(required = true)]
    pub username: Option<String>,
    /// The account that it was done in.
    pub account: String,
    #[schema(example = "createUser")]
    pub action: String,
    /// The path of the request, and the name of what it makes.
    #[schema(example = "/accounts/team/users ada")]
    pub target: String,
    pub outcome: AuditOutcome,
    /// The status of the response.
    #[schema(minimum = 100, maximum = 599)]
    pub status: u16,
    /// Where the request came from.
    #[schema(required = true)]
    pub address: Option<String>,
    /// The value of the response's header `X-Request-Id`.
    #[schema(required = true)]
    pub request_id: Option<String>,
}

/// A page of records, latest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditPage {
    pub records: Vec<AuditRecord>,
    /// What `before` has to be for the next page; null where this is the last.
    #[schema(required = true)]
    pub next: Option<i64>,
}

/// Which records.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct AuditQuery {
    /// Only of this user.
    #[param(nullable = false)]
    pub username: Option<String>,
    /// Only records that are older than the one of this id.
    #[param(nullable = false)]
    pub before: Option<i64>,
    /// Records on a page; 100 if not said.
    #[param(nullable = false, minimum = 1, maximum = 1000)]
    pub limit: Option<u64>,
}
