//! Findings before and after a change, as rules see them: outside of any image.

use std::{collections::HashMap, sync::Arc};

use jiff::Timestamp;
use windlass_matching::{ContentKey, Finding, PackageInput, StoredFinding, StoredOutcome, StoredRest, Vulnerability};
use windlass_store::finding_changes::Described;

use super::{blocking, broken, options, outcome::decorated};
use crate::{Error, Result, Service};

/// A finding that data changed.
#[derive(Clone, Debug)]
pub(crate) struct ChangedFinding {
    pub(crate) package: Arc<PackageInput>,
    /// With the package as number 0.
    pub(crate) before: Option<Finding>,
    pub(crate) after: Option<Finding>,
    pub(crate) first_seen: Timestamp,
}

impl Service {
    /// What these changes changed, in their order; `None` where there is no data any more.
    pub(crate) async fn changed_findings(&self, changes: &[Described]) -> Result<Option<Vec<ChangedFinding>>> {
        let Some(data) = self.vulnerability_data().await? else { return Ok(None) };
        let mut ids: Vec<i64> = changes.iter().map(|change| change.package_version).collect();
        ids.sort_unstable();
        ids.dedup();
        let packages = self.store.package_versions(&ids).await?;
        let read = |text: &Option<String>| -> Result<Option<StoredFinding>> {
            text.as_deref().map(|text| serde_json::from_str(text).map_err(|error| broken(&error))).transpose()
        };
        let stored = changes.iter().map(|change| Ok((read(&change.before)?, read(&change.after)?)));
        let stored: Vec<(Option<StoredFinding>, Option<StoredFinding>)> = stored.collect::<Result<_>>()?;
        let of_pairs = stored.iter().flat_map(|(before, after)| before.iter().chain(after));
        let matches = of_pairs.flat_map(|finding| &finding.matches);
        let keys = matches.flat_map(|one| std::iter::once(&one.vulnerability).chain(&one.related));
        let mut keys: Vec<Vec<u8>> = keys.map(|key| key.0.to_vec()).collect();
        keys.sort_unstable();
        keys.dedup();
        let records = self.store.vulnerability_records(&keys).await?;
        let known: Vec<(i64, Timestamp)> =
            changes.iter().map(|change| (change.package_version, change.opened_at.into())).collect();
        blocking(move || {
            let records = decorated(records.into_iter().map(|row| (row.key, row.record)).collect(), &data)?;
            let packages = packages.into_iter().map(|row| {
                let input = serde_json::from_str(&row.input).map_err(|error| broken(&error))?;
                Ok((row.id, Arc::new(input)))
            });
            let packages: HashMap<i64, Arc<PackageInput>> = packages.collect::<Result<_>>()?;
            let gone = |id: &i64| Error::Broken(format!("package version {id} is gone"));
            let changed = known.iter().zip(stored).map(|((version, first_seen), (before, after))| {
                let package = Arc::clone(packages.get(version).ok_or_else(|| gone(version))?);
                let (before, after) = (loaded(before, &package, &records)?, loaded(after, &package, &records)?);
                Ok(ChangedFinding { package, before, after, first_seen: *first_seen })
            });
            changed.collect::<Result<_>>().map(Some)
        })
        .await?
    }
}

fn loaded(
    stored: Option<StoredFinding>,
    package: &PackageInput,
    records: &HashMap<ContentKey, Arc<Vulnerability>>,
) -> Result<Option<Finding>> {
    let Some(stored) = stored else { return Ok(None) };
    let outcome = StoredOutcome { findings: vec![stored], rest: StoredRest::default() };
    let outcome = outcome.load(|key| records.get(key).cloned()).map_err(|error| broken(&error))?;
    Ok(outcome.findings(package, &options()).into_iter().next())
}
