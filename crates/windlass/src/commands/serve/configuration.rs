//! Settings of the service: a file, over it the environment, over both the command line.
//!
//! Every key of the file has a form in the environment: `analysis: {threads: 2}` is `WINDLASS_ANALYSIS__THREADS=2`.

mod environment;
mod keys;
mod locations;
mod original;
mod roles;
mod sound;
mod values;

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::{Map, Value};
use windlass_operations::{
    Limits, OauthSettings, Settings, VulnerabilitySettings,
    analysis::AnalysisSettings,
    keeping::KeepingSettings,
    notifications::{EventNotifications, Secret, WebhookSettings},
};
use windlass_server::{Clients, Metrics, Tls};
use windlass_store::Address;

use super::{
    PlaceArguments,
    anchore_storage::AnchoreStore,
    log::LogFormat,
    notifications::NotificationOptions,
    secret_key,
    storage::{ArchiveOptions, QuotaOptions, RetentionOptions, StorageOptions},
    token_keys::KeyOptions,
};
use crate::{
    diagnostics::{Hinted, meant},
    paths, yaml,
};
pub(crate) use locations::{following, located};
use roles::RoleSet;
pub(super) use sound::{LONGEST, at_least, at_most};
use values::Setting;

const DEFAULT_FILE: &str = "/etc/windlass/windlass.yaml";
const PORT: u16 = 8228;
const EVERYTHING: &str = "docs/service.md lists every setting";

/// Everything that can be set.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Configuration {
    listen: Option<SocketAddr>,
    /// What clients and other processes call this one, where it is not the address it listens on.
    base_url: Option<String>,
    /// The name of this process among others.
    host_id: Option<String>,
    data_dir: Option<PathBuf>,
    database: Option<String>,
    objects: Option<String>,
    archive_objects: Option<String>,
    /// Where objects are being moved from: read where the place above has none.
    previous_objects: Option<String>,
    previous_archive_objects: Option<String>,
    /// The same places as Anchore Engine has them.
    object_store: Option<AnchoreStore>,
    analysis_archive: Option<AnchoreStore>,
    /// … and as it had that of documents before.
    archive_driver: Option<String>,
    use_db: Option<bool>,
    archive_data_dir: Option<String>,
    storage: StorageOptions,
    retention: RetentionOptions,
    quotas: QuotaOptions,
    archive: ArchiveOptions,
    role: Option<Vec<String>>,
    log_format: LogFormat,
    admin: Admin,
    /// Of the administrator, at the first start.
    admin_password: Option<Secret>,
    tls: Option<TlsFiles>,
    oauth: Oauth,
    keys: KeyOptions,
    metrics: MetricsOptions,
    limits: LimitOptions,
    analysis: AnalysisOptions,
    registries: RegistryOptions,
    vulnerabilities: VulnerabilityOptions,
    events: EventOptions,
    notifications: NotificationOptions,
    /// As the original has it.
    webhooks: WebhookSettings,
    /// Seconds between two runs of what recurs, by name.
    timers: BTreeMap<String, i64>,
    /// What was given that changes nothing.
    #[serde(skip)]
    unheeded: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Admin {
    email: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TlsFiles {
    certificate: PathBuf,
    key: PathBuf,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Oauth {
    enabled: bool,
    expiration_seconds: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct MetricsOptions {
    enabled: bool,
    /// Whether anyone may read them.
    auth_disabled: bool,
    /// Where a process without the API tells of its health and metrics; nowhere if it is not given.
    listen: Option<SocketAddr>,
}

impl Default for MetricsOptions {
    fn default() -> Self {
        Self { enabled: true, auth_disabled: false, listen: None }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct LimitOptions {
    /// 0 or less: no limit.
    compressed_image_size_mb: Option<i64>,
    /// Connections to the API at once.
    connections: Option<usize>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct AnalysisOptions {
    threads: Option<usize>,
    hints: bool,
    keep_layers_days: Option<u32>,
    /// After how long without a word of a worker its job is done by another.
    lease_seconds: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RegistryOptions {
    /// Whether registries of AWS may be logged in to as this machine.
    aws_ambient_credentials: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct VulnerabilityOptions {
    /// Where newer data is looked for.
    source: Option<String>,
    /// Whether the network may not be used.
    offline: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct EventOptions {
    /// 0: for ever.
    retention_days: Option<u32>,
    /// Whether webhooks are told of events.
    notification: EventNotifications,
}

impl Configuration {
    /// Reads the file, the environment and the command line, of which `given` has what is not a place.
    pub(crate) fn read(
        places: &PlaceArguments,
        given: impl IntoIterator<Item = (&'static str, Option<Value>)>,
        environment: &BTreeMap<String, String>,
    ) -> anyhow::Result<Self> {
        let default = Path::new(DEFAULT_FILE);
        let file = places.config.as_deref().or_else(|| default.exists().then_some(default));
        let mut members: Map<String, Value> = file.map(yaml::read).transpose()?.unwrap_or_default();
        let mut ignored = original::renamed(&mut members)?;
        let unset = original::expand(&mut members, environment);
        for mut settings in environment::settings(environment)? {
            ignored.extend(original::renamed(&mut settings)?);
            overlay(&mut members, settings);
        }
        let mut set = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                members.insert(name.to_owned(), value);
            }
        };
        let text = |value: &Option<String>| value.clone().map(Value::from);
        for (name, value) in given {
            set(name, value);
        }
        set("data_dir", places.data_dir.as_ref().map(|path| path.to_string_lossy().into()));
        set("database", text(&places.database));
        set("objects", text(&places.objects));
        set("archive_objects", text(&places.archive_objects));
        let place = file.map_or_else(|| "the environment".into(), |file| file.display().to_string());
        let read = serde_path_to_error::deserialize(Setting(Value::Object(members)));
        let read: Self = read.map_err(|error| explain(&place, &error))?;
        let told = [
            (ignored, "settings of Anchore Engine that there is nothing like here are ignored"),
            (unset, "settings are left out whose variables are not set"),
        ];
        let told = told.into_iter().filter(|(keys, _)| !keys.is_empty());
        Ok(Self { unheeded: told.map(|(keys, what)| format!("{what}: {}", keys.join(", "))).collect(), ..read })
    }

    /// Everything that would be found out at the start, without starting.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        self.demand_sound()?;
        secret_key::check(&self.data_dir()?)?;
        self.roles()?;
        self.database()?;
        self.demand_apart()?;
        self.notifications.settings()?;
        self.keys.token_keys()?;
        self.storage.options(&self.data_dir()?)?;
        for unheeded in &self.unheeded {
            tracing::warn!("{unheeded}");
        }
        let bundles = self.analysis_archive.clone().map(|store| ("analysis_archive", store));
        for (section, store) in self.anchore_stores()?.chain(bundles) {
            if let Some(unheeded) = store.unheeded(section) {
                tracing::warn!("{unheeded}");
            }
        }
        self.tls().map_or(Ok(()), |tls| tls.check()).map_err(|error| {
            let hint = "tls.certificate is to be a PEM file of the chain, tls.key one of its private key, which no password guards";
            Hinted::error(error.to_string(), hint)
        })
    }

    pub(super) fn listen(&self) -> SocketAddr {
        self.listen.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, PORT)))
    }

    pub(super) fn monitored_at(&self) -> Option<SocketAddr> {
        self.metrics.listen
    }

    pub(super) fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    pub(crate) fn data_dir(&self) -> anyhow::Result<PathBuf> {
        if let Some(folder) = &self.data_dir {
            return Ok(folder.clone());
        }
        if rustix::process::geteuid().is_root() {
            return Ok("/var/lib/windlass".into());
        }
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        variable("XDG_DATA_HOME")
            .map(|data| data.join("windlass"))
            .or_else(|| variable("HOME").map(|home| home.join(".local/share/windlass")))
            .context("there is no folder to keep things in: give --data-dir, or set HOME")
    }

    pub(crate) fn database(&self) -> anyhow::Result<Address> {
        match &self.database {
            Some(text) => Ok(Address::parse(text)?),
            None => Ok(Address::Sqlite(self.data_dir()?.join("windlass.db"))),
        }
    }

    pub(super) fn roles(&self) -> anyhow::Result<RoleSet> {
        self.role.as_deref().map_or(Ok(RoleSet::ALL), RoleSet::of)
    }

    pub(super) fn log_format(&self) -> LogFormat {
        self.log_format
    }

    pub(super) fn tls(&self) -> Option<Tls> {
        let TlsFiles { certificate, key } = self.tls.clone()?;
        Some(Tls { certificate, key })
    }

    /// Installs what counts.
    pub(super) fn metrics(&self) -> anyhow::Result<Metrics> {
        let metrics = if self.metrics.enabled { Metrics::install()? } else { Metrics::none() };
        Ok(if self.metrics.auth_disabled { metrics.open() } else { metrics })
    }

    pub(super) fn clients(&self) -> Clients {
        let known = Clients::default();
        Clients { connections: self.limits.connections.unwrap_or(known.connections), ..known }
    }

    pub(super) fn webhooks(&self) -> &WebhookSettings {
        &self.webhooks
    }

    pub(super) fn event_notifications(&self) -> &EventNotifications {
        &self.events.notification
    }

    pub(super) fn admin_email(&self) -> &str {
        self.admin.email.as_deref().unwrap_or("admin@myanchore")
    }

    pub(super) fn admin_password(&self) -> Option<&str> {
        self.admin_password.as_ref().map(Secret::expose).filter(|password| !password.is_empty())
    }

    /// What the service goes by, once it listens on an address.
    pub(super) fn settings(&self, address: SocketAddr) -> anyhow::Result<Settings> {
        let (scheme, roles) = (self.scheme(), self.roles()?);
        let size =
            self.limits.compressed_image_size_mb.and_then(|size| u64::try_from(size).ok()).filter(|size| *size > 0);
        let expiration = self.oauth.expiration_seconds.map_or(Duration::from_hours(1), Duration::from_secs);
        let vulnerabilities = VulnerabilitySettings {
            folder: self.data_dir()?.join("vulnerability-data"),
            installed: paths::database_cache().ok(),
            source: self.vulnerabilities.source.clone().unwrap_or_else(|| VulnerabilitySettings::default().source),
            offline: self.vulnerabilities.offline,
        };
        Ok(Settings {
            // Nobody asks a process without the API: what it tells of is found elsewhere.
            base_url: self.base_url.clone().or_else(|| roles.api.then(|| format!("{scheme}://{address}"))),
            host_id: self.host_id.clone().unwrap_or_else(host_name),
            parts: roles.parts(),
            oauth: OauthSettings { enabled: self.oauth.enabled, expiration },
            token_keys: self.keys.token_keys()?,
            limits: Limits { compressed_image_size_mb: size },
            allow_ambient_credentials: self.registries.aws_ambient_credentials,
            hints: self.analysis.hints,
            analysis_threads: self.analysis.threads.unwrap_or(1),
            lease_seconds: self.analysis.lease_seconds.unwrap_or(Settings::default().lease_seconds),
            timers: self.timers.clone(),
            event_retention_days: self.events.retention_days.or(Settings::default().event_retention_days),
            notifications: self.notifications.settings()?,
            vulnerabilities,
            analysis: AnalysisSettings {
                keep_layers_days: self
                    .analysis
                    .keep_layers_days
                    .unwrap_or(AnalysisSettings::default().keep_layers_days),
                ..AnalysisSettings::default()
            },
            keeping: KeepingSettings {
                object_grace: self.storage.grace(),
                retention: self.retention.retention(),
                quota: self.quotas.quota(),
                rules_dry_run: self.archive.is_dry_run(),
            },
            ..Settings::default()
        })
    }
}

fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Lays settings over others.
fn overlay(members: &mut Map<String, Value>, over: Map<String, Value>) {
    for (key, value) in over {
        match (members.get_mut(&key), value) {
            (Some(Value::Object(there)), Value::Object(more)) => overlay(there, more),
            (_, value) => {
                members.insert(key, value);
            }
        }
    }
}

/// Keys of what is not shown.
const SECRETS: &[&str] = &["admin_password", "secret", "webhook_pass"];

fn explain(place: &str, error: &serde_path_to_error::Error<serde_json::Error>) -> anyhow::Error {
    let text = error.inner().to_string();
    let path = error.path().to_string();
    let named: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
    match named.split_first() {
        Some((unknown, known)) if text.starts_with("unknown field") => {
            let hint = meant(unknown, known.iter().copied())
                .map_or_else(|| EVERYTHING.to_owned(), |meant| format!("did you mean {meant}?"));
            Hinted::error(format!("{place}: there is no setting {path:?}"), hint)
        }
        _ => {
            let is_secret = path.rsplit('.').next().is_some_and(|key| SECRETS.contains(&key));
            let text = text
                .rsplit_once("expected ")
                .filter(|_| is_secret)
                .map_or(text.clone(), |(_, what)| format!("what stands there is not {what}"));
            let hint = if is_secret { "write it in quotes, so that it is a text" } else { EVERYTHING };
            Hinted::error(format!("{place}: {path}: {text}"), hint)
        }
    }
}

#[cfg(test)]
mod tests;
