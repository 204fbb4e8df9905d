//! Which rows of the database speak of a distribution release (`spec/matching.md` §2.2).

use serde::{Deserialize, Serialize};
use windlass_advisories::{Advisories, LookupError, OperatingSystem, OperatingSystemId};

use super::{
    Distribution,
    overrides::{Specifier, built_in},
};
use crate::{ChannelMode, Channels, Fit};

/// Rows that records may be keyed by, and how well they fit.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Releases {
    pub(crate) rows: Vec<(OperatingSystemId, OperatingSystem)>,
    pub(crate) ids: Vec<OperatingSystemId>,
    pub(crate) fit: Fit,
}

impl Releases {
    pub(crate) fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    pub(crate) fn row(&self, id: OperatingSystemId) -> Option<&OperatingSystem> {
        self.rows.iter().find(|(own, _)| *own == id).map(|(_, row)| row)
    }

    fn new(rows: Vec<(OperatingSystemId, OperatingSystem)>, fit: Fit) -> Self {
        Self { ids: rows.iter().map(|(id, _)| *id).collect(), rows, fit }
    }
}

/// Everything the database knows of one distribution release.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct DistributionData {
    pub(crate) distribution: Distribution,
    /// The releases that disclosures are read from.
    pub(crate) base: Releases,
    /// The channel that further fixes are read from, with its name.
    pub(crate) channel: Option<(String, Releases)>,
    /// AlmaLinux's own rows, which list what it has fixed.
    pub(crate) alma: Releases,
    /// Day after which there are no more security updates; empty where unknown.
    pub(crate) eol_date: String,
}

impl DistributionData {
    pub(crate) fn look_up(
        distribution: Distribution,
        advisories: &dyn Advisories,
        channels: Channels,
    ) -> Result<Self, LookupError> {
        let mut rules: Vec<_> = advisories.operating_system_overrides()?.into_iter().filter(is_sound).collect();
        if rules.is_empty() {
            rules = built_in();
        }
        let specifier = Specifier::ruled(&distribution, &rules);
        let exact = Specifier::exact(&distribution);
        let mut base = find(&specifier, "", advisories)?;
        if base.is_empty() && distribution.kind != "almalinux" {
            // A database without the other distribution's data may have its own; AlmaLinux's only lists fixes.
            base = find(&exact, "", advisories)?;
        }
        let channel = match channel_of(&distribution, channels) {
            Some(name) => Some((name.to_owned(), find(&specifier, name, advisories)?)),
            None => None,
        };
        let alma = if distribution.kind == "almalinux" { find(&exact, "", advisories)? } else { Releases::default() };
        // The life of a release is its own, whoever's data it reads.
        let own = advisories.operating_systems(&exact.name)?;
        let eol_date = own
            .iter()
            .map(|(_, row)| row)
            .filter(|row| row.channel.is_empty() && row.major_version == exact.major && !row.eol_date.is_empty())
            .filter(|row| row.minor_version == exact.minor || row.minor_version.is_empty())
            .max_by_key(|row| row.minor_version == exact.minor)
            .map(|row| row.eol_date.clone())
            .unwrap_or_default();
        Ok(Self { distribution, base, channel, alma, eol_date })
    }

    /// The row a record is keyed by.
    pub(crate) fn row(&self, id: OperatingSystemId) -> Option<&OperatingSystem> {
        let channel = self.channel.as_ref().and_then(|(_, releases)| releases.row(id));
        self.base.row(id).or(channel).or_else(|| self.alma.row(id))
    }

    /// Whether the release gets no more security updates on that day (`YYYY-MM-DD`).
    pub(crate) fn is_past_end_of_life(&self, today: Option<&str>) -> bool {
        today.is_some_and(|today| !self.eol_date.is_empty() && self.eol_date.as_str() < today)
    }
}

/// Published tables hold two rules that a current reader must not follow: Gentoo is no Red Hat, and dropping Red Hat's
/// minor version is for readers older than the fix channels.
fn is_sound(rule: &windlass_advisories::OperatingSystemOverride) -> bool {
    let alias = rule.alias.to_ascii_lowercase();
    let drops_minor = rule.replacement_minor_version.as_deref() == Some("");
    alias != "gentoo" && !(drops_minor && matches!(alias.as_str(), "rhel" | "redhat"))
}

/// The channel whose fixes count, by the user's choice and what the artifact shows.
fn channel_of(distribution: &Distribution, channels: Channels) -> Option<&'static str> {
    let (name, mode) = match distribution.kind.as_str() {
        // Extended update support began with 8.0; the baseline applies it to older releases as well.
        "redhat" if distribution.major().parse::<u32>().is_ok_and(|major| major >= 8) => ("eus", channels.eus),
        "ubuntu" => ("esm", channels.esm),
        _ => return None,
    };
    let asked = distribution.channel.as_deref() == Some(name);
    let wanted = match mode {
        ChannelMode::Never => asked,
        ChannelMode::Auto => asked || distribution.extended_support,
        ChannelMode::Always => true,
    };
    wanted.then_some(name)
}

/// From the most specific row to the least; the first step that finds any decides.
fn find(specifier: &Specifier, channel: &str, advisories: &dyn Advisories) -> Result<Releases, LookupError> {
    let all: Vec<_> = advisories
        .operating_systems(&specifier.name)?
        .into_iter()
        .filter(|(_, row)| row.channel.eq_ignore_ascii_case(channel))
        .collect();
    let has_label = |row: &OperatingSystem| {
        specifier.label.is_empty()
            || row.codename.eq_ignore_ascii_case(&specifier.label)
            || row.label_version.eq_ignore_ascii_case(&specifier.label)
    };
    let labelled: Vec<_> = all.iter().filter(|(_, row)| has_label(row)).cloned().collect();
    let found = by_version(specifier, &labelled);
    if found.is_empty() && !specifier.label_is_ruled && !specifier.major.is_empty() {
        // Not every source knows codenames; the version is enough.
        return Ok(by_version(specifier, &all));
    }
    Ok(found)
}

fn by_version(specifier: &Specifier, rows: &[(OperatingSystemId, OperatingSystem)]) -> Releases {
    let select = |fit: Fit, wanted: &dyn Fn(&OperatingSystem) -> bool| {
        Releases::new(rows.iter().filter(|(_, row)| wanted(row)).cloned().collect(), fit)
    };
    let (major, minor) = (&specifier.major, &specifier.minor);
    if major.is_empty() {
        // Without version or label, "any row of that name" would mix releases; only a rolling release has no version.
        return select(Fit::Exact, &|row| {
            !specifier.label.is_empty() || row.major_version.is_empty() && row.minor_version.is_empty()
        });
    }
    let exact = select(Fit::Exact, &|row| row.major_version == *major && row.minor_version == *minor);
    if !exact.is_empty() {
        return exact;
    }
    let major_only = select(Fit::Major, &|row| row.major_version == *major && row.minor_version.is_empty());
    if !major_only.is_empty() {
        return major_only;
    }
    select(Fit::OtherMinor, &|row| row.major_version == *major)
}
