use std::path::PathBuf;

use windlass_vulnerabilities::DEFAULT_SOURCE;

/// Where vulnerability data comes from and where it is kept.
#[derive(Clone, Debug)]
pub struct VulnerabilitySettings {
    /// The folder of this process's copies: `<folder>/<checksum>/vulnerability.db`.
    pub folder: PathBuf,
    /// The folder that `windlass db` installs databases in, which are published when the service starts; `None`: nothing is.
    pub installed: Option<PathBuf>,
    /// Where newer data is looked for: an address or a path, as `windlass db update --source` takes it.
    pub source: String,
    /// Whether the network may not be used.
    pub offline: bool,
}

impl Default for VulnerabilitySettings {
    fn default() -> Self {
        Self {
            folder: std::env::temp_dir().join("windlass-vulnerability-data"),
            installed: None,
            source: DEFAULT_SOURCE.to_owned(),
            offline: false,
        }
    }
}
