//! Which distribution an artifact is made of, in the terms that records are keyed by.

mod overrides;
mod releases;

use serde::{Deserialize, Serialize};
use windlass_sbom::Distro;

pub(crate) use releases::{DistributionData, Releases};

/// A distribution release: what `os-release` says, or what a user says instead.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct Distribution {
    /// The canonical type: `redhat`, `debian`, `amazonlinux`; the ID itself where it is none of those we know.
    pub kind: String,
    /// The ID of os-release: `rhel`, `debian`, `amzn`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// `12.5`, `9.4`; empty for rolling releases.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// `bookworm`, `forky`; empty where the distribution has none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub codename: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub id_like: Vec<String>,
    /// A support channel asked for by name, such as `eus` of `rhel:9.4+eus`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// The artifact is subscribed to extended support.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub extended_support: bool,
}

/// A `--distro` value that names no distribution.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} names no distribution: expected NAME, NAME:VERSION or NAME:VERSION+CHANNEL, such as debian:12 or rhel:9.4+eus"
)]
pub struct InvalidDistribution {
    pub text: String,
}

/// os-release IDs whose canonical type is another word (`spec/analysis.md` §3.2).
const RENAMED: &[(&str, &str)] = &[
    ("rhel", "redhat"),
    ("amzn", "amazonlinux"),
    ("ol", "oraclelinux"),
    ("arch", "archlinux"),
    ("rocky", "rockylinux"),
    ("alma", "almalinux"),
    ("sl", "scientific"),
];

/// IDs that are their own canonical type, and the canonical types themselves.
const KNOWN: &[&str] = &[
    "almalinux",
    "alpine",
    "amazonlinux",
    "archlinux",
    "azurelinux",
    "busybox",
    "centos",
    "chainguard",
    "debian",
    "echo",
    "fedora",
    "gentoo",
    "hummingbird",
    "mariner",
    "minimos",
    "opensuse-leap",
    "oraclelinux",
    "photon",
    "postmarketos",
    "raspbian",
    "redhat",
    "rockylinux",
    "scientific",
    "secureos",
    "sles",
    "ubuntu",
    "windows",
    "wolfi",
];

impl Distribution {
    /// Reads `NAME`, `NAME:VERSION` (also with `-` or `@` before a digit) and a trailing `+CHANNEL`.
    pub fn parse(text: &str) -> Result<Self, InvalidDistribution> {
        let (release, channel) = match text.split_once('+') {
            Some((release, channel)) => (release, Some(channel.to_ascii_lowercase())),
            None => (text, None),
        };
        let separator = release
            .char_indices()
            .find(|&(at, c)| {
                matches!(c, ':' | '@')
                    || (c == '-' && release[at + 1..].starts_with(|next: char| next.is_ascii_digit()))
            })
            .map(|(at, _)| at);
        let (name, version) = separator.map_or((release, ""), |at| (&release[..at], &release[at + 1..]));
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')) {
            return Err(InvalidDistribution { text: text.chars().take(100).collect() });
        }
        let id = name.to_ascii_lowercase();
        let (version, codename) = if version.starts_with(|c: char| c.is_ascii_digit()) {
            (version.to_owned(), String::new())
        } else {
            (String::new(), version.to_ascii_lowercase())
        };
        Ok(Self { kind: canonical(&id).unwrap_or(&id).to_owned(), id, version, codename, channel, ..Self::default() })
    }

    /// What an artifact's os-release says; `None` where it names nothing.
    pub fn of_artifact(distro: &Distro) -> Option<Self> {
        let name = distro.name.to_ascii_lowercase();
        let id = if distro.id.is_empty() { name.as_str() } else { distro.id.as_str() }.to_ascii_lowercase();
        if id.is_empty() {
            return None;
        }
        let likes = distro.id_like.iter().map(String::as_str);
        let known = std::iter::once(id.as_str()).chain(likes).chain([name.as_str()]).find_map(canonical);
        let mut kind = known.unwrap_or(&id).to_owned();
        let version = if distro.version_id.is_empty() && distro.version.starts_with(|c: char| c.is_ascii_digit()) {
            distro.version.split_whitespace().next().unwrap_or_default()
        } else {
            distro.version_id.as_str()
        };
        // CBL-Mariner was renamed with its third release.
        if kind == "mariner" && version.split('.').next().and_then(|major| major.parse().ok()) >= Some(3_u32) {
            kind = "azurelinux".into();
        }
        Some(Self {
            kind,
            id,
            version: version.to_owned(),
            codename: distro.version_codename.to_ascii_lowercase(),
            id_like: distro.id_like.clone(),
            channel: None,
            extended_support: distro.extended_support,
        })
    }

    /// The first component of the version; empty for rolling releases.
    pub fn major(&self) -> &str {
        self.component(0)
    }

    /// The second component; empty where there is none.
    pub fn minor(&self) -> &str {
        self.component(1)
    }

    fn component(&self, at: usize) -> &str {
        self.version.split(['.', '_', '-']).nth(at).unwrap_or_default()
    }

    /// Whether it is one of these or says it is like one of them, by canonical type.
    pub(crate) fn is_like(&self, kinds: &[&str]) -> bool {
        kinds.contains(&self.kind.as_str())
            || self.id_like.iter().any(|like| kinds.contains(&canonical(like).unwrap_or(like)))
    }
}

impl std::fmt::Display for Distribution {
    /// `debian 12.5`, `wolfi`, `redhat 9.4+eus`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.kind)?;
        match (self.version.is_empty(), self.codename.is_empty()) {
            (false, _) => write!(f, " {}", self.version)?,
            (true, false) => write!(f, " {}", self.codename)?,
            (true, true) => {}
        }
        self.channel.as_ref().map_or(Ok(()), |channel| write!(f, "+{channel}"))
    }
}

fn canonical(id: &str) -> Option<&'static str> {
    let renamed = RENAMED.iter().find(|(from, _)| *from == id).map(|(_, to)| *to);
    renamed.or_else(|| KNOWN.iter().copied().find(|known| *known == id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(id: &str, version: &str, like: &[&str]) -> Distro {
        Distro {
            id: id.into(),
            version_id: version.into(),
            id_like: like.iter().map(|&like| like.to_owned()).collect(),
            ..Distro::default()
        }
    }

    #[test]
    fn ids_become_canonical_types() {
        for (id, like, kind) in [
            ("rhel", &["fedora"][..], "redhat"),
            ("amzn", &[], "amazonlinux"),
            ("debian", &[], "debian"),
            ("linuxmint", &["ubuntu", "debian"], "ubuntu"),
            ("brand-new", &[], "brand-new"),
        ] {
            let distribution = Distribution::of_artifact(&release(id, "1", like)).unwrap();
            assert_eq!((distribution.kind.as_str(), distribution.id.as_str()), (kind, id));
        }
        assert_eq!(Distribution::of_artifact(&Distro::default()), None);
    }

    #[test]
    fn mariner_three_is_azure_linux() {
        assert_eq!(Distribution::of_artifact(&release("mariner", "2.0", &[])).unwrap().kind, "mariner");
        assert_eq!(Distribution::of_artifact(&release("mariner", "3.0", &[])).unwrap().kind, "azurelinux");
    }

    #[test]
    fn a_user_may_write_a_distribution_in_several_ways() {
        for (text, shown) in [
            ("debian:12", "debian 12"),
            ("debian-12.5", "debian 12.5"),
            ("alpine@3.19", "alpine 3.19"),
            ("opensuse-leap:15.5", "opensuse-leap 15.5"),
            ("debian:sid", "debian sid"),
            ("rhel:9.4+eus", "redhat 9.4+eus"),
            ("wolfi", "wolfi"),
        ] {
            assert_eq!(Distribution::parse(text).unwrap().to_string(), shown);
        }
        for text in ["", ":12", "de bian:12"] {
            assert!(Distribution::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_version_has_a_major_and_a_minor_component() {
        let distribution = Distribution::parse("ubuntu:22.04").unwrap();
        assert_eq!((distribution.major(), distribution.minor()), ("22", "04"));
    }
}
