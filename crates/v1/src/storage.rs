//! How much is kept, for whom, and how much may be. The original does not tell: everything here is added to its API.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{given::given, timestamp::IsoSeconds};

/// Something that is kept: how many, and their bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Kept {
    /// A table, or what objects are: `manifests`, `analyses`, `evaluations`, …
    #[schema(example = "analyses")]
    pub name: String,
    pub count: u64,
    pub bytes: u64,
}

/// What is kept, by where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StorageUse {
    /// Bytes of everything below.
    pub bytes: u64,
    /// Rows of the database. Of everything: what their tables take on the disk, with indexes. Of an account: the values.
    pub tables: Vec<Kept>,
    /// Objects of the working set, as they are stored. What accounts share counts once for everything, and for each of them.
    pub documents: Vec<Kept>,
    /// Objects of the archive.
    pub bundles: Vec<Kept>,
}

/// What is to be expected if it goes on as in the last thirty days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StorageForecast {
    /// Days between the first measurement that it is told from and the last.
    pub days: u64,
    /// The line through the measurements.
    pub bytes_per_day: i64,
    pub bytes_in_30_days: u64,
    pub bytes_in_365_days: u64,
}

/// Most that an account may have; null: as much as it likes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Quota {
    /// Images of the working set.
    #[schema(required = true)]
    pub images: Option<u64>,
    /// Bytes of documents, uncompressed, and of bundles in the archive.
    #[schema(required = true)]
    pub bytes: Option<u64>,
}

/// A quota to be set; what is not named stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct QuotaRequest {
    /// Images of the working set; 0: as many as wanted; null: as the settings of the service say.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u64>, maximum = 9_007_199_254_740_991_u64)]
    pub images: Option<Option<u64>>,
    /// Bytes; 0: as many as wanted; null: as the settings of the service say.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u64>, maximum = 9_007_199_254_740_991_u64)]
    pub bytes: Option<Option<u64>>,
}

/// What an account has of what its quota limits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QuotaUse {
    pub images: u64,
    /// Of documents of analyses, uncompressed, and of bundles in the archive.
    pub bytes: u64,
}

/// How much is kept for an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountStorage {
    pub account: String,
    #[serde(rename = "use")]
    pub usage: StorageUse,
    #[schema(required = true)]
    pub forecast: Option<StorageForecast>,
    pub quota: Quota,
    /// As of now, whenever the rest was measured.
    pub of_quota: QuotaUse,
    pub measured_at: IsoSeconds,
}

/// How much one account has of everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountShare {
    pub account: String,
    #[serde(rename = "use")]
    pub usage: StorageUse,
}

/// How much is kept in all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SystemStorage {
    #[serde(rename = "use")]
    pub usage: StorageUse,
    #[schema(required = true)]
    pub forecast: Option<StorageForecast>,
    pub accounts: Vec<AccountShare>,
    pub measured_at: IsoSeconds,
}

/// How it is told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct StorageQuery {
    /// Whether it is measured now, which takes as long as listing all objects, and not told from the last daily measurement.
    #[param(default = false)]
    pub fresh: bool,
}
