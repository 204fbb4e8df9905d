//! The kinds of storage and the settings that each takes: one table, which parsing, redaction and opening read.

/// A kind of storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Scheme {
    /// A folder.
    Fs,
    /// Amazon S3, and what speaks like it.
    S3,
    /// OpenStack Swift.
    Swift,
    /// Google Cloud Storage.
    Gcs,
    /// Azure Blob Storage.
    Azblob,
    /// The service's own database.
    Db,
}

/// A setting of a location.
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    /// Never shown.
    pub(crate) secret: bool,
    /// Environment variables that give it where the location does not, first come first served. Credentials that OpenDAL looks
    /// up itself (AWS_…, GOOGLE_APPLICATION_CREDENTIALS and the chain behind them) are not repeated here.
    pub(crate) environment: &'static [&'static str],
    /// OpenDAL's name for it; nothing for what Windlass handles itself.
    pub(crate) opendal: Option<&'static str>,
}

impl Scheme {
    pub(crate) const ALL: [Self; 6] = [Self::Fs, Self::S3, Self::Swift, Self::Gcs, Self::Azblob, Self::Db];

    pub fn name(self) -> &'static str {
        match self {
            Self::Fs => "fs",
            Self::S3 => "s3",
            Self::Swift => "swift",
            Self::Gcs => "gcs",
            Self::Azblob => "azblob",
            Self::Db => "db",
        }
    }

    /// How such a location looks.
    pub(crate) fn form(self) -> &'static str {
        match self {
            Self::Fs => "fs:/folder",
            Self::S3 => "s3://bucket/prefix?endpoint=https://host&region=name",
            Self::Swift => "swift://container/prefix?auth_url=https://host/v3&username=name&project=name",
            Self::Gcs => "gcs://bucket/prefix",
            Self::Azblob => "azblob://container/prefix?account_name=name",
            Self::Db => "db:",
        }
    }

    /// OpenDAL's name for the bucket.
    pub(crate) fn bucket(self) -> &'static str {
        match self {
            Self::Swift | Self::Azblob => "container",
            _ => "bucket",
        }
    }

    pub(crate) fn settings(self) -> &'static [Setting] {
        match self {
            Self::Fs | Self::Db => &[],
            Self::S3 => S3,
            Self::Swift => SWIFT,
            Self::Gcs => GCS,
            Self::Azblob => AZBLOB,
        }
    }
}

const fn plain(name: &'static str, opendal: &'static str) -> Setting {
    Setting { name, secret: false, environment: &[], opendal: Some(opendal) }
}

const fn secret(name: &'static str, opendal: &'static str) -> Setting {
    Setting { name, secret: true, environment: &[], opendal: Some(opendal) }
}

const fn login(name: &'static str, secret: bool, environment: &'static [&'static str]) -> Setting {
    Setting { name, secret, environment, opendal: None }
}

const S3: &[Setting] = &[
    plain("endpoint", "endpoint"),
    Setting { environment: &["AWS_REGION", "AWS_DEFAULT_REGION"], ..plain("region", "region") },
    plain("profile", "profile"),
    plain("role_arn", "role_arn"),
    plain("virtual_host_style", "enable_virtual_host_style"),
    plain("storage_class", "default_storage_class"),
    // Server-side encryption: `AES256` or `aws:kms`, the latter with a key of one's own or the bucket's.
    plain("sse", "server_side_encryption"),
    plain("sse_kms_key_id", "server_side_encryption_aws_kms_key_id"),
    secret("sse_customer_key", "server_side_encryption_customer_key"),
    plain("sse_customer_algorithm", "server_side_encryption_customer_algorithm"),
    plain("sse_customer_key_md5", "server_side_encryption_customer_key_md5"),
    plain("anonymous", "skip_signature"),
    secret("access_key_id", "access_key_id"),
    secret("secret_access_key", "secret_access_key"),
    secret("session_token", "session_token"),
    secret("external_id", "external_id"),
];

const SWIFT: &[Setting] = &[
    // A storage URL and a token that somebody else looks after.
    Setting { environment: &["OS_STORAGE_URL"], ..plain("endpoint", "endpoint") },
    Setting { environment: &["OS_AUTH_TOKEN"], ..secret("token", "token") },
    // A login with Swift's own authentication (version 1) …
    login("auth", false, &["ST_AUTH"]),
    login("user", false, &["ST_USER"]),
    login("key", true, &["ST_KEY"]),
    // … or with Keystone (version 3).
    login("auth_url", false, &["OS_AUTH_URL"]),
    login("username", false, &["OS_USERNAME"]),
    login("password", true, &["OS_PASSWORD"]),
    login("user_domain", false, &["OS_USER_DOMAIN_NAME"]),
    login("project", false, &["OS_PROJECT_NAME", "OS_TENANT_NAME"]),
    login("project_domain", false, &["OS_PROJECT_DOMAIN_NAME"]),
    login("region", false, &["OS_REGION_NAME"]),
];

const GCS: &[Setting] = &[
    plain("endpoint", "endpoint"),
    plain("storage_class", "default_storage_class"),
    plain("service_account", "service_account"),
    plain("credential_path", "credential_path"),
    plain("anonymous", "skip_signature"),
    secret("credential", "credential"),
    secret("token", "token"),
];

const AZBLOB: &[Setting] = &[
    Setting { environment: &["AZURE_STORAGE_ENDPOINT"], ..plain("endpoint", "endpoint") },
    Setting {
        environment: &["AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_ACCOUNT_NAME"],
        ..plain("account_name", "account_name")
    },
    Setting {
        environment: &["AZURE_STORAGE_KEY", "AZURE_STORAGE_ACCOUNT_KEY"],
        ..secret("account_key", "account_key")
    },
    Setting { environment: &["AZURE_STORAGE_SAS_TOKEN"], ..secret("sas_token", "sas_token") },
    plain("anonymous", "skip_signature"),
];
