//! Red Hat, SUSE, Amazon, Oracle, Azure Linux, Photon, Fedora (`spec/matching.md` §3.3).

use windlass_advisories::LookupError;
use windlass_sbom::PackageType;

use super::{Matcher, by_cpe_past_end_of_life, direct, indirect};
use crate::{
    candidate::Candidate,
    search::{Found, Query, Search, channel, distribution},
};

pub(super) const MATCHER: Matcher = Matcher { name: "rpm-matcher", kinds: &[PackageType::Rpm], find };

fn find(search: Search<'_>, candidate: &Candidate<'_>) -> Result<Found, LookupError> {
    let mut found = by_cpe_past_end_of_life(search, candidate)?;
    let own = direct(search, candidate);
    let own = Query { version: with_epoch(candidate), ..own };
    for query in std::iter::once(own).chain(indirect(search, candidate)) {
        found.extend(ask(search, candidate, &query)?);
    }
    Ok(found)
}

fn ask(search: Search<'_>, candidate: &Candidate<'_>, query: &Query) -> Result<Found, LookupError> {
    let Some(data) = candidate.distribution else { return Ok(Found::default()) };
    if let Some((_, eus)) = &data.channel {
        let minor = data.distribution.minor().parse().ok();
        return channel::find(search, candidate, query, eus, &|version| is_reachable(version, minor));
    }
    let is_debug = ["-debuginfo", "-debugsource"].iter().any(|suffix| candidate.package.name.ends_with(suffix));
    if !data.alma.is_empty() && !is_debug {
        // Errata list binary packages, so a search by source asks for both.
        let mut names = query.names.clone();
        if !names.contains(&candidate.package.name) {
            names.push(candidate.package.name.clone());
        }
        return channel::find_alma(search, candidate, query, &names);
    }
    distribution::find(search, candidate, query)
}

/// An installed package always has an epoch, `0` where its header has none; only source file names leave it open.
fn with_epoch(candidate: &Candidate<'_>) -> String {
    let version = &candidate.package.version;
    if version.contains(':') {
        return version.clone();
    }
    format!("{}:{version}", candidate.package.epoch)
}

/// A fix built for a later minor release (`el9_5`) cannot be installed on an earlier one; a release tag without a
/// minor (`el9`) does not say, and counts.
fn is_reachable(version: &str, minor: Option<u32>) -> bool {
    let Some(minor) = minor else { return true };
    let tag = version.rsplit(".el").next().filter(|tag| tag.len() < version.len());
    let built_for = tag.and_then(|tag| {
        let (_, rest) = tag.split_once('_')?;
        let digits = rest.find(|c: char| !c.is_ascii_digit()).map_or(rest, |end| &rest[..end]);
        digits.parse::<u32>().ok()
    });
    built_for.is_none_or(|built_for| built_for <= minor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PackageInput;

    #[test]
    fn a_fix_for_a_later_minor_release_is_out_of_reach() {
        for (version, reachable) in [
            ("0:3.0.7-25.el9_2", true),
            ("0:3.0.7-25.el9_4.3", true),
            ("0:3.0.7-25.el9_5", false),
            ("0:3.0.7-25.el9", true),
            ("0:3.0.7-25", true),
        ] {
            assert_eq!(is_reachable(version, Some(4)), reachable, "{version}");
        }
        assert!(is_reachable("1-1.el9_5", None));
    }

    #[test]
    fn an_installed_package_has_an_epoch() {
        let version = |text: &str, epoch| {
            let package = PackageInput { version: text.into(), epoch, ..PackageInput::default() };
            with_epoch(&Candidate { index: 0, package: &package, distribution: None })
        };
        assert_eq!(version("9.16-1.el9", 0), "0:9.16-1.el9");
        assert_eq!(version("9.16-1.el9", 32), "32:9.16-1.el9");
        assert_eq!(version("32:9.16-1.el9", 32), "32:9.16-1.el9");
    }
}
