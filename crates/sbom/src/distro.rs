//! The distribution an image is made of, in the terms of os-release(5).

/// The fields of `os-release` that later work reads; texts are empty where the file has none.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Distro {
    pub pretty_name: String,
    pub name: String,
    /// `debian`, `rhel`, `alpine`: lower case as the file has it.
    pub id: String,
    pub id_like: Vec<String>,
    pub version: String,
    pub version_id: String,
    pub version_codename: String,
    pub build_id: String,
    pub image_id: String,
    pub image_version: String,
    pub variant: String,
    pub variant_id: String,
    pub home_url: String,
    pub support_url: String,
    pub bug_report_url: String,
    pub privacy_policy_url: String,
    pub cpe_name: String,
    pub support_end: String,
    /// Extended support (RHEL EUS, Ubuntu ESM) was seen to be enabled (`spec/analysis.md` §3.1).
    pub extended_support: bool,
}

impl Distro {
    /// The value of a purl's `distro` qualifier: `debian-12.5`, or the build id for rolling releases.
    pub fn qualifier(&self) -> Option<String> {
        let version = if self.version_id.is_empty() { &self.build_id } else { &self.version_id };
        match (self.id.is_empty(), version.is_empty()) {
            (true, _) => None,
            (false, true) => Some(self.id.clone()),
            (false, false) => Some(format!("{}-{version}", self.id)),
        }
    }

    /// Whether the distribution is `id` or says it is like it.
    pub fn is_like(&self, id: &str) -> bool {
        self.id == id || self.id_like.iter().any(|like| like == id)
    }
}
