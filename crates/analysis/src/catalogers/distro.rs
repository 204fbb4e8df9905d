//! Which distribution an image is made of (`spec/analysis.md` §3.1).

use std::{borrow::Cow, sync::LazyLock};

use regex::Regex;
use windlass_sbom::Distro;

use super::{os_release, rfc822};
use crate::{Candidate, Catalog, Cataloger, Content, Evidence, Unreadable, View};

/// Reads the files that name a distribution. Adds no packages; [`identify`] answers the others' question.
pub(crate) struct DistroFiles;

/// What one of the files says.
#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) enum DistroFact {
    /// A distribution's name, and which kind of file states it.
    Named(Statement, Box<Distro>),
    /// `/etc/debian_version`, where it is a number.
    DebianVersion(String),
    /// Extended support of the distribution with this id is enabled.
    ExtendedSupport(Cow<'static, str>),
}

/// The kinds of files that name a distribution.
#[derive(Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum Statement {
    OsRelease,
    SystemReleaseCpe,
    RedhatRelease,
    ApkRepositories,
    Busybox,
}

/// Where to ask, and in which order; the first that answers is believed. Alpine's repositories come before its busybox,
/// which would otherwise be taken for the whole distribution.
const ORDER: [(&str, Statement); 6] = [
    ("/etc/os-release", Statement::OsRelease),
    ("/usr/lib/os-release", Statement::OsRelease),
    ("/etc/system-release-cpe", Statement::SystemReleaseCpe),
    ("/etc/redhat-release", Statement::RedhatRelease),
    ("/etc/apk/repositories", Statement::ApkRepositories),
    ("/bin/busybox", Statement::Busybox),
];

/// The distribution, by the first file that names one. Links are followed.
pub(crate) fn identify(view: &View<'_, DistroFact>) -> Option<Distro> {
    let mut distro = ORDER.iter().find_map(|&(path, wanted)| match view.file(path)?.facts {
        DistroFact::Named(statement, distro) if *statement == wanted => Some(Distro::clone(distro)),
        _ => None,
    })?;
    if distro.id == "debian"
        && let Some(found) = view.file("/etc/debian_version")
        && let DistroFact::DebianVersion(version) = found.facts
    {
        distro.version_id.clone_from(version);
    }
    distro.extended_support =
        view.files().any(|found| matches!(found.facts, DistroFact::ExtendedSupport(id) if *id == distro.id));
    Some(distro)
}

impl Cataloger for DistroFiles {
    type Facts = DistroFact;

    fn name(&self) -> &'static str {
        "distro-identification"
    }

    fn evidence(&self) -> Evidence {
        Evidence::Installed
    }

    fn selects(&self, file: &Candidate<'_>) -> bool {
        Role::of(file).is_some()
    }

    fn read(&self, file: &Candidate<'_>, content: &mut Content) -> Result<Option<DistroFact>, Unreadable> {
        let Some(role) = Role::of(file) else { return Ok(None) };
        if let Role::Names(Statement::Busybox) = role {
            let distro = os_release::busybox(&content.bytes()?);
            return Ok(distro.map(|distro| DistroFact::Named(Statement::Busybox, Box::new(distro))));
        }
        let text = content.text()?;
        Ok(match role {
            Role::Names(statement) => {
                let distro = match statement {
                    Statement::OsRelease => os_release::os_release(&text),
                    Statement::SystemReleaseCpe => os_release::system_release_cpe(&text),
                    Statement::RedhatRelease => os_release::redhat_release(&text),
                    Statement::ApkRepositories => os_release::apk_repositories(&text),
                    Statement::Busybox => None,
                };
                distro.map(|distro| DistroFact::Named(statement, Box::new(distro)))
            }
            Role::DebianVersion => {
                let version = text.trim();
                os_release::is_release_number(version).then(|| DistroFact::DebianVersion(version.to_owned()))
            }
            Role::Support(of) => of.is_extended(&text).then_some(DistroFact::ExtendedSupport(of.distro().into())),
        })
    }

    fn assemble(&self, _view: &View<'_, DistroFact>, _catalog: &mut Catalog) {}
}

/// What a path may say.
enum Role {
    Names(Statement),
    DebianVersion,
    Support(Support),
}

impl Role {
    fn of(file: &Candidate<'_>) -> Option<Self> {
        let name = file.name();
        let contains = |part: &str| name.windows(part.len()).any(|window| window == part.as_bytes());
        Some(match file.path() {
            b"etc/debian_version" => Self::DebianVersion,
            b"etc/apk/repositories" => Self::Names(Statement::ApkRepositories),
            // Applets are hard links to one file, which may be the one that sorts first: `[`.
            b"bin/busybox" | b"usr/bin/busybox" | b"bin/[" | b"usr/bin/[" if file.is_elf() => {
                Self::Names(Statement::Busybox)
            }
            b"var/lib/dpkg/status" => Self::Support(Support::EsmPackages),
            b"var/lib/ubuntu-advantage/status.json" => Self::Support(Support::EsmStatus),
            b"etc/apt/auth.conf.d/90ubuntu-advantage" => Self::Support(Support::EsmRepository),
            _ if file.directory() == b"etc/apt/sources.list.d" => Self::Support(Support::EsmRepository),
            _ if file.directory() == b"root/buildinfo/content_manifests" && name.ends_with(b".json") => {
                Self::Support(Support::EusManifest)
            }
            // The usual names are links, and a link may lead to any name: os-release-fedora, almalinux-release.
            _ if contains("os-release") => Self::Names(Statement::OsRelease),
            _ if contains("system-release-cpe") => Self::Names(Statement::SystemReleaseCpe),
            _ if name.ends_with(b"-release") && matches!(file.directory(), b"etc" | b"usr/lib") => {
                Self::Names(Statement::RedhatRelease)
            }
            _ => return None,
        })
    }
}

/// Files that show extended support to be enabled.
#[derive(Clone, Copy)]
enum Support {
    /// RHEL: which repositories an image was built from.
    EusManifest,
    /// Ubuntu: a source of packages, or the password for one.
    EsmRepository,
    /// Ubuntu: what `pro status` knows.
    EsmStatus,
    /// Ubuntu: installed packages whose version says so.
    EsmPackages,
}

impl Support {
    fn distro(self) -> &'static str {
        match self {
            Self::EusManifest => "rhel",
            Self::EsmRepository | Self::EsmStatus | Self::EsmPackages => "ubuntu",
        }
    }

    fn is_extended(self, text: &str) -> bool {
        match self {
            Self::EusManifest => text.contains("baseos-eus") || text.contains("appstream-eus"),
            Self::EsmRepository => text
                .lines()
                .filter(|line| !line.trim_start().starts_with('#'))
                .any(|line| line.contains("esm.ubuntu.com/infra") || line.contains("esm.ubuntu.com/apps")),
            Self::EsmStatus => has_enabled_esm(text),
            Self::EsmPackages => {
                static ESM: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"[~+]esm\d").expect("a valid pattern"));
                text.contains("esm")
                    && rfc822::stanzas(text).any(|stanza| {
                        stanza.get("Version").is_some_and(|version| ESM.is_match(version))
                            && !stanza.get("Status").is_some_and(|status| status.contains("deinstall"))
                    })
            }
        }
    }
}

/// Whether the status document of Ubuntu's client lists an ESM service as enabled.
fn has_enabled_esm(json: &str) -> bool {
    #[derive(serde::Deserialize)]
    struct Status {
        #[serde(default)]
        services: Vec<Service>,
    }
    #[derive(serde::Deserialize)]
    struct Service {
        #[serde(default)]
        name: String,
        #[serde(default)]
        status: String,
    }
    serde_json::from_str::<Status>(json).is_ok_and(|status| {
        status
            .services
            .iter()
            .any(|service| matches!(service.name.as_str(), "esm-infra" | "esm-apps") && service.status == "enabled")
    })
}

#[cfg(test)]
mod tests;
