//! What the service says of itself (`spec/api.md` A4.1).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::words::words;

/// The release of the original whose API this is; clients look at it.
pub const ENGINE_VERSION: &str = "1.1.0";
/// The version of its database's schema.
pub const DATABASE_VERSION: &str = "0.0.16";
/// The version of the document that describes the API: `info.version` of `/swagger.json`.
pub const API_VERSION: &str = "0.1.20";
/// The answer to `GET /`.
pub const ROOT: &str = "v1";
/// The answer to `GET /health`.
pub const HEALTH: &str = "ok";

/// The answer to `GET /version`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Version {
    pub service: ServiceVersion,
    /// Always empty: clients tell by it which generation of the API they speak to.
    pub api: BTreeMap<String, Value>,
    pub db: DatabaseVersion,
}

/// The release of the original that the service stands in for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServiceVersion {
    #[schema(example = "1.1.0")]
    pub version: String,
}

/// The schema of the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DatabaseVersion {
    #[schema(example = "0.0.16")]
    pub schema_version: String,
}

impl Default for Version {
    fn default() -> Self {
        Self {
            service: ServiceVersion { version: ENGINE_VERSION.into() },
            api: BTreeMap::new(),
            db: DatabaseVersion { schema_version: DATABASE_VERSION.into() },
        }
    }
}

words! {
    /// The parts of the original that clients wait for, be the service one process or many.
    ServiceName {
        /// The API.
        Apiext = "apiext",
        /// Records and watchers.
        Catalog = "catalog",
        /// Vulnerabilities and policies.
        PolicyEngine = "policy_engine",
        /// Queues.
        Simplequeue = "simplequeue",
        /// Analyses.
        Analyzer = "analyzer",
    }
}

/// How a part of the service is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// It runs.
    pub up: bool,
    /// It takes requests.
    pub available: bool,
    /// It has something to do.
    pub busy: bool,
    #[schema(example = "all good")]
    pub message: String,
    pub detail: BTreeMap<String, Value>,
    #[schema(example = "1.1.0")]
    pub version: String,
    #[schema(example = "0.0.16")]
    pub db_version: String,
}

impl Status {
    /// Runs and takes requests.
    pub fn good(busy: bool) -> Self {
        Self {
            up: true,
            available: true,
            busy,
            message: "all good".into(),
            detail: BTreeMap::new(),
            version: ENGINE_VERSION.into(),
            db_version: DATABASE_VERSION.into(),
        }
    }
}

/// What is known of a part of the service on a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Service {
    pub hostid: String,
    pub servicename: ServiceName,
    pub base_url: String,
    /// Whether it was heard of lately.
    pub status: bool,
    pub status_message: ServiceState,
    /// The API's, not the software's: `v1`.
    #[schema(example = "v1")]
    pub version: String,
    pub service_detail: ServiceDetail,
}

/// What a service said of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum ServiceDetail {
    Status(Status),
    /// Something else.
    Text(String),
}

words! {
    /// The life of a service.
    ServiceState {
        /// It has just started.
        Registered = "registered",
        /// It is heard of.
        Available = "available",
        /// It was not heard of for five minutes.
        Unavailable = "unavailable",
        /// It was not heard of for an hour.
        Orphaned = "orphaned",
    }
}

/// The answer to `GET /system`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SystemStatus {
    pub service_states: Vec<Service>,
}
