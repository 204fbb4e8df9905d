//! Choices of whoever runs the service. They are read once, at the start.

use std::{collections::BTreeMap, time::Duration};

use windlass_v1::services::ServiceName;

use crate::{
    VulnerabilitySettings, analysis::AnalysisSettings, identity::TokenKeys, keeping::KeepingSettings,
    notifications::NotificationSettings,
};

/// What a process of the service goes by.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What other processes and clients call this one: `http://127.0.0.1:8228`; nothing where it answers none of them and
    /// nobody has said where the service is.
    pub base_url: Option<String>,
    /// The name of this process among others.
    pub host_id: String,
    /// The parts of the original that this process does the work of.
    pub parts: Vec<ServiceName>,
    pub oauth: OauthSettings,
    /// What tokens are signed with; `None`: a secret that the first process makes.
    pub token_keys: Option<TokenKeys>,
    pub limits: Limits,
    /// Whether registries may be logged in to with the credentials of the machine (`awsauto`).
    pub allow_ambient_credentials: bool,
    /// Where requests to the API of Amazon's registries go instead of the usual host, and the same for its token service.
    pub ecr_endpoint: Option<String>,
    pub sts_endpoint: Option<String>,
    /// Days that events are kept; nothing or 0: for ever.
    pub event_retention_days: Option<u32>,
    /// Seconds between two runs of what recurs, by name (`cycle_timers`): 0 switches it off, a number out of range counts
    /// as the nearest in it, and a negative one as its absolute value whatever the range.
    pub timers: BTreeMap<String, i64>,
    /// Whether images may say in a file what they hold (`/anchore_hints.json`).
    pub hints: bool,
    /// Analyses at once in this process.
    pub analysis_threads: usize,
    /// Seconds after which the job of a worker that says nothing any more is done by another; at least 1.
    pub lease_seconds: u32,
    pub analysis: AnalysisSettings,
    pub notifications: NotificationSettings,
    pub vulnerabilities: VulnerabilitySettings,
    pub keeping: KeepingSettings,
}

/// Log-in for tokens.
#[derive(Clone, Debug)]
pub struct OauthSettings {
    pub enabled: bool,
    pub expiration: Duration,
}

/// What is refused for its size.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Sum of an image's compressed layers, in MiB; `None`: no limit.
    pub compressed_image_size_mb: Option<u64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            base_url: Some("http://127.0.0.1:8228".into()),
            host_id: "windlass".into(),
            parts: ServiceName::ALL.to_vec(),
            oauth: OauthSettings { enabled: false, expiration: Duration::from_hours(1) },
            token_keys: None,
            limits: Limits { compressed_image_size_mb: None },
            allow_ambient_credentials: false,
            ecr_endpoint: None,
            sts_endpoint: None,
            event_retention_days: Some(90),
            timers: BTreeMap::new(),
            hints: false,
            analysis_threads: 1,
            lease_seconds: 60,
            analysis: AnalysisSettings::default(),
            notifications: NotificationSettings::default(),
            vulnerabilities: VulnerabilitySettings::default(),
            keeping: KeepingSettings::default(),
        }
    }
}
