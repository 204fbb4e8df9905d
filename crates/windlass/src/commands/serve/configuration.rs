//! Settings of the service: a file, over it the environment, over both the command line.
//!
//! Every key of the file has a form in the environment: `analysis: {threads: 2}` is `WINDLASS_ANALYSIS__THREADS=2`.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::{Map, Value};
use windlass_objects::Location;
use windlass_operations::{Limits, OauthSettings, Settings, VulnerabilitySettings, analysis::AnalysisSettings};
use windlass_server::Tls;
use windlass_store::Address;

use super::ServeArguments;
use crate::{diagnostics::Hinted, paths, yaml};

const DEFAULT_FILE: &str = "/etc/windlass/windlass.yaml";
const PREFIX: &str = "WINDLASS_";
const PORT: u16 = 8228;

/// Everything that can be set.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Configuration {
    listen: Option<SocketAddr>,
    /// What clients and other processes call this one, where it is not the address it listens on.
    base_url: Option<String>,
    /// The name of this process among others.
    host_id: Option<String>,
    data_dir: Option<PathBuf>,
    database: Option<String>,
    objects: Option<String>,
    archive_objects: Option<String>,
    role: Option<Roles>,
    admin: Admin,
    tls: Option<TlsFiles>,
    oauth: Oauth,
    metrics: MetricsOptions,
    limits: LimitOptions,
    analysis: AnalysisOptions,
    registries: RegistryOptions,
    vulnerabilities: VulnerabilityOptions,
    events: EventOptions,
    /// Seconds between two runs of what recurs, by name.
    timers: BTreeMap<String, i64>,
}

/// Comma-separated, or a list.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Roles {
    Text(String),
    List(Vec<String>),
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
}

impl Default for MetricsOptions {
    fn default() -> Self {
        Self { enabled: true }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct LimitOptions {
    /// 0 or less: no limit.
    compressed_image_size_mb: Option<i64>,
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
}

/// What this process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RoleSet {
    pub(super) api: bool,
    pub(super) worker: bool,
    pub(super) scheduler: bool,
}

impl Configuration {
    /// Reads the file, the environment and the command line.
    pub(super) fn read(
        arguments: &ServeArguments,
        environment: impl Iterator<Item = (String, String)>,
    ) -> anyhow::Result<Self> {
        let default = Path::new(DEFAULT_FILE);
        let file = arguments.config.as_deref().or_else(|| default.exists().then_some(default));
        let mut members: Map<String, Value> = file.map(yaml::read).transpose()?.unwrap_or_default();
        overlay(&mut members, environment);
        let mut set = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                members.insert(name.to_owned(), value);
            }
        };
        let text = |value: &Option<String>| value.clone().map(Value::from);
        set("listen", arguments.listen.map(|address| address.to_string().into()));
        set("data_dir", arguments.data_dir.as_ref().map(|path| path.to_string_lossy().into()));
        set("database", text(&arguments.database));
        set("objects", text(&arguments.objects));
        set("archive_objects", text(&arguments.archive_objects));
        set("role", (!arguments.role.is_empty()).then(|| arguments.role.clone().into()));
        let place = file.map_or_else(|| "the environment".into(), |file| file.display().to_string());
        serde_path_to_error::deserialize(Value::Object(members)).map_err(|error| explain(&place, &error))
    }

    /// Everything that would be found out at the start, without starting.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        self.roles()?;
        self.database()?;
        self.objects()?;
        self.archive_objects()?;
        if let Some(tls) = &self.tls {
            for file in [&tls.certificate, &tls.key] {
                anyhow::ensure!(file.is_file(), "tls: {} is no file", file.display());
            }
        }
        Ok(())
    }

    pub(super) fn listen(&self) -> SocketAddr {
        self.listen.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, PORT)))
    }

    pub(super) fn data_dir(&self) -> anyhow::Result<PathBuf> {
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

    pub(super) fn database(&self) -> anyhow::Result<Address> {
        match &self.database {
            Some(text) => Ok(Address::parse(text)?),
            None => Ok(Address::Sqlite(self.data_dir()?.join("windlass.db"))),
        }
    }

    pub(super) fn objects(&self) -> anyhow::Result<Location> {
        let location = match &self.objects {
            Some(text) => text.parse::<Location>()?,
            None => Location::folder(&self.data_dir()?.join("objects"))?,
        };
        Ok(location.or_environment(|name| std::env::var(name).ok())?)
    }

    pub(super) fn archive_objects(&self) -> anyhow::Result<Location> {
        match &self.archive_objects {
            Some(text) => Ok(text.parse::<Location>()?.or_environment(|name| std::env::var(name).ok())?),
            None => Ok(self.objects()?.below("archive")),
        }
    }

    pub(super) fn roles(&self) -> anyhow::Result<RoleSet> {
        let names: Vec<String> = match &self.role {
            None => vec!["all".into()],
            Some(Roles::Text(text)) => text.split(',').map(|name| name.trim().to_owned()).collect(),
            Some(Roles::List(names)) => names.clone(),
        };
        let mut roles = RoleSet { api: false, worker: false, scheduler: false };
        for name in &names {
            match name.as_str() {
                "all" => roles = RoleSet { api: true, worker: true, scheduler: true },
                "api" => roles.api = true,
                "worker" => roles.worker = true,
                "scheduler" => roles.scheduler = true,
                other => anyhow::bail!("there is no role {other:?}; there are all, api, worker, scheduler"),
            }
        }
        Ok(roles)
    }

    pub(super) fn tls(&self) -> Option<Tls> {
        let TlsFiles { certificate, key } = self.tls.clone()?;
        Some(Tls { certificate, key })
    }

    pub(super) fn counts(&self) -> bool {
        self.metrics.enabled
    }

    pub(super) fn admin_email(&self) -> &str {
        self.admin.email.as_deref().unwrap_or("admin@myanchore")
    }

    /// What the service goes by, once it listens on an address.
    pub(super) fn settings(&self, address: SocketAddr) -> anyhow::Result<Settings> {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
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
            base_url: self.base_url.clone().unwrap_or_else(|| format!("{scheme}://{address}")),
            host_id: self.host_id.clone().unwrap_or_else(host_name),
            oauth: OauthSettings { enabled: self.oauth.enabled, expiration },
            limits: Limits { compressed_image_size_mb: size },
            allow_ambient_credentials: self.registries.aws_ambient_credentials,
            hints: self.analysis.hints,
            analysis_threads: self.analysis.threads.unwrap_or(1).max(1),
            lease_seconds: self.analysis.lease_seconds.unwrap_or(Settings::default().lease_seconds).max(1),
            timers: self.timers.clone(),
            event_retention_days: self.events.retention_days.or(Settings::default().event_retention_days),
            vulnerabilities,
            analysis: AnalysisSettings {
                keep_layers_days: self
                    .analysis
                    .keep_layers_days
                    .unwrap_or(AnalysisSettings::default().keep_layers_days),
                ..AnalysisSettings::default()
            },
            ..Settings::default()
        })
    }
}

fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Puts `WINDLASS_A__B=value` into `a: {b: value}`. Variables of other parts of Windlass name none of these keys, and are
/// left alone.
fn overlay(members: &mut Map<String, Value>, environment: impl Iterator<Item = (String, String)>) {
    let mut variables: Vec<(String, String)> = environment
        .filter_map(|(name, value)| Some((name.strip_prefix(PREFIX)?.to_ascii_lowercase(), value)))
        .collect();
    variables.sort();
    for (name, value) in variables {
        let mut path: Vec<&str> = name.split("__").collect();
        let Some(last) = path.pop() else { continue };
        let top = path.first().copied().unwrap_or(last);
        // A section can only be named with what is in it.
        if !KEYS.contains(&top) || (path.is_empty() && SECTIONS.contains(&top)) {
            continue;
        }
        let mut place = &mut *members;
        for step in path {
            let below = place.entry(step).or_insert_with(|| Value::Object(Map::new()));
            if !below.is_object() {
                *below = Value::Object(Map::new());
            }
            place = below.as_object_mut().expect("it was made one");
        }
        place.insert(last.to_owned(), scalar(&value));
    }
}

/// Keys of the file.
const KEYS: &[&str] = &[
    "listen",
    "base_url",
    "host_id",
    "data_dir",
    "database",
    "objects",
    "archive_objects",
    "role",
    "admin",
    "tls",
    "oauth",
    "metrics",
    "limits",
    "analysis",
    "registries",
    "vulnerabilities",
    "events",
    "timers",
];
/// Those of them that hold others.
const SECTIONS: &[&str] =
    &["admin", "tls", "oauth", "metrics", "limits", "analysis", "registries", "vulnerabilities", "events", "timers"];

/// A value as YAML would have it.
fn scalar(text: &str) -> Value {
    match text {
        "true" => true.into(),
        "false" => false.into(),
        _ => text.parse::<i64>().map_or_else(|_| text.into(), Value::from),
    }
}

fn explain(place: &str, error: &serde_path_to_error::Error<serde_json::Error>) -> anyhow::Error {
    let text = error.inner().to_string();
    let path = error.path().to_string();
    let named: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
    match named.split_first() {
        Some((unknown, known)) if text.starts_with("unknown field") => {
            let nearest = known.iter().min_by_key(|known| strsim::damerau_levenshtein(known, unknown));
            let hint = nearest.map_or_else(String::new, |nearest| format!("did you mean {nearest}?"));
            Hinted::error(format!("{place}: there is no setting {path:?}"), hint)
        }
        _ => Hinted::error(format!("{place}: {path}: {text}"), "docs/service.md lists every setting".to_owned()),
    }
}
