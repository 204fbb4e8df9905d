//! Who publishes OSV documents, told by their ids.

use crate::provider::{self, ProviderId};

/// What is known of all documents of one publisher.
pub(super) struct Publisher {
    /// What their ids start with.
    prefix: &'static str,
    pub(super) provider: ProviderId,
    /// The page about a record, with `{}` for its name; empty if the document's first link serves.
    page: &'static str,
    pub(super) kind: Kind,
}

/// How a publisher's documents are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An advisory of its own: its publication tells when a fix was there.
    Advisory,
    /// Wrongly named packages and other malware.
    Malware,
    /// A distribution's view of one CVE, which is what users know it by. Its dates are the CVE's, not those of a fix.
    Mirror,
    /// A distribution's update, which fixes all vulnerabilities that it mentions anywhere.
    Update,
    /// As `Update`; it tells what is fixed on top of another distribution's disclosures, so that it says which versions
    /// are *not* affected (`spec/matching.md` §3.3, §10).
    Resolution,
    /// Patches of a running kernel, which no package version shows.
    LivePatch,
}

const fn publisher(prefix: &'static str, provider: ProviderId, page: &'static str, kind: Kind) -> Publisher {
    Publisher { prefix, provider, page, kind }
}

/// The page that every OSV document has.
pub(super) const OSV_PAGE: &str = "https://osv.dev/vulnerability/{}";

const PUBLISHERS: &[Publisher] = &[
    publisher("GHSA-", provider::GITHUB, "https://github.com/advisories/{}", Kind::Advisory),
    publisher("GO-", provider::GOVULNDB, "https://pkg.go.dev/vuln/{}", Kind::Advisory),
    publisher("PYSEC-", provider::PYPA, OSV_PAGE, Kind::Advisory),
    publisher("RUSTSEC-", provider::RUSTSEC, "https://rustsec.org/advisories/{}.html", Kind::Advisory),
    publisher("MAL-", provider::MALICIOUS_PACKAGES, OSV_PAGE, Kind::Malware),
    publisher("EEF-", provider::ERLEF, "https://cna.erlef.org/osv/{}.html", Kind::Advisory),
    publisher("BIT-", provider::BITNAMI, OSV_PAGE, Kind::Advisory),
    publisher("CGA-", provider::CHAINGUARD, "https://images.chainguard.dev/security/{}", Kind::Advisory),
    publisher("DEBIAN-CVE-", provider::DEBIAN, "https://security-tracker.debian.org/tracker/{}", Kind::Mirror),
    publisher("DSA-", provider::DEBIAN, "https://security-tracker.debian.org/tracker/{}", Kind::Update),
    publisher("DLA-", provider::DEBIAN, "https://security-tracker.debian.org/tracker/{}", Kind::Update),
    publisher("DTSA-", provider::DEBIAN, "https://security-tracker.debian.org/tracker/{}", Kind::Update),
    publisher("UBUNTU-CVE-", provider::UBUNTU, "https://ubuntu.com/security/{}", Kind::Mirror),
    publisher("USN-", provider::UBUNTU, "https://ubuntu.com/security/notices/{}", Kind::Update),
    publisher("LSN-", provider::UBUNTU, "https://ubuntu.com/security/notices/{}", Kind::LivePatch),
    publisher("ALPINE-CVE-", provider::ALPINE, "https://security.alpinelinux.org/vuln/{}", Kind::Mirror),
    publisher("ALSA-", provider::ALMA, "", Kind::Resolution),
    publisher("ALBA-", provider::ALMA, "", Kind::Resolution),
    publisher("ALEA-", provider::ALMA, "", Kind::Resolution),
    publisher("RLSA-", provider::ROCKY, "", Kind::Update),
    publisher("RXSA-", provider::ROCKY, "", Kind::Update),
    publisher("ECHO-", provider::ECHO, OSV_PAGE, Kind::Mirror),
    publisher("MINI-", provider::MINIMOS, OSV_PAGE, Kind::Mirror),
];

/// Docker's records keep the ids of those they were made from, so that only their ecosystem tells them.
static DOCKER: Publisher = publisher("", provider::DHI, "", Kind::Advisory);
static OTHER: Publisher = publisher("", provider::OSV, OSV_PAGE, Kind::Advisory);

/// The providers of all publishers, each once.
pub(super) const PROVIDERS: &[ProviderId] = &[
    provider::ALMA,
    provider::ALPINE,
    provider::BITNAMI,
    provider::CHAINGUARD,
    provider::DEBIAN,
    provider::DHI,
    provider::ECHO,
    provider::ERLEF,
    provider::GITHUB,
    provider::GOVULNDB,
    provider::MALICIOUS_PACKAGES,
    provider::MINIMOS,
    provider::OSV,
    provider::PYPA,
    provider::ROCKY,
    provider::RUSTSEC,
    provider::UBUNTU,
];

/// The publisher of a document with that id, about packages of these ecosystems.
pub(super) fn of<'a>(id: &str, mut ecosystems: impl Iterator<Item = &'a str>) -> &'static Publisher {
    if ecosystems.next() == Some("DHI") {
        return &DOCKER;
    }
    PUBLISHERS.iter().find(|known| id.starts_with(known.prefix)).unwrap_or(&OTHER)
}

impl Publisher {
    /// The page about the record of that name.
    pub(super) fn page(&self, name: &str) -> Option<String> {
        (!self.page.is_empty()).then(|| self.page.replace("{}", name))
    }
}

/// The CVE in a distribution's own name for it (`UBUNTU-CVE-2023-2650`); any other id as it is.
pub(super) fn unwrapped(id: &str) -> &str {
    id.find("-CVE-").map_or(id, |at| &id[at + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_tell_publishers_and_ecosystems_tell_docker() {
        for (id, ecosystem, expected) in [
            ("GHSA-jfh8-c2jp-5v3q", "Maven", "github"),
            ("GO-2022-0969", "Go", "govulndb"),
            ("DEBIAN-CVE-2023-2650", "Debian:12", "debian"),
            ("ALBA-2019:0973", "AlmaLinux:8", "alma"),
            ("GHSA-23q2-5gf8-gjpp", "DHI", "dhi"),
            ("CVE-2007-4559", "DHI", "dhi"),
            ("HSEC-2023-0001", "Hackage", "osv"),
        ] {
            let found = of(id, [ecosystem].into_iter());
            assert_eq!(found.provider.as_str(), expected, "{id}");
            assert!(PROVIDERS.contains(&found.provider));
        }
    }

    #[test]
    fn a_distributions_name_for_a_cve_is_unwrapped() {
        assert_eq!(unwrapped("UBUNTU-CVE-2023-2650"), "CVE-2023-2650");
        assert_eq!(unwrapped("CVE-2023-2650"), "CVE-2023-2650");
        assert_eq!(unwrapped("GHSA-23q2-5gf8-gjpp"), "GHSA-23q2-5gf8-gjpp");
    }
}
