//! How much is kept: of everything and of each account, by table and by what objects are. It is measured once a day, and
//! told from the last measurement.

use std::collections::BTreeMap;

use futures::{StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use windlass_objects::StoredObject;
use windlass_store::{
    Moment,
    object_references::Storage,
    storage_usage::{Sample, TableUsage},
};
use windlass_v1::storage::{
    AccountShare, AccountStorage, Kept, Quota as ToldQuota, QuotaUse, StorageForecast, StorageUse, SystemStorage,
};

use crate::{Error, Result, Service, Tenant};

const TABLE: &str = "table";
/// What objects are that nothing refers to.
const UNREFERENCED: &str = "unreferenced";
/// Objects of a listing whose references are looked up at once.
const PAGE: usize = 1000;
const DAY: i64 = 86_400;
/// Days that a forecast is made of.
pub(super) const FORECAST_DAYS: u32 = 30;

/// Totals by account (none: everything), kind and name.
type Totals = BTreeMap<(Option<String>, &'static str, String), (u64, u64)>;

impl Service {
    /// Measures how much is kept.
    ///
    /// # Errors
    /// When the store fails, or object storage cannot be listed.
    pub async fn measure_storage(&self) -> Result<()> {
        let now = self.clock.moment();
        let mut totals = Totals::new();
        let in_database = self.bytes_in_database().await?;
        for (table, mut usage) in self.store.table_usage().await? {
            if table == "object_chunks" {
                usage.bytes = usage.bytes.saturating_sub(in_database);
            }
            add(&mut totals, None, TABLE, &table, &usage);
        }
        for ((account, table), usage) in self.store.account_usage().await? {
            add(&mut totals, Some(account), TABLE, &table, &usage);
        }
        for storage in Storage::ALL {
            let mut pages = self.objects_of(storage).list().try_chunks(PAGE);
            while let Some(page) = pages.next().await {
                let page = page.map_err(|error| Error::from(error.1))?;
                self.measure_objects(storage, &page, &mut totals).await?;
            }
        }
        let samples = totals.into_iter().map(|((account, kind, name), (count, bytes))| Sample {
            measured_at: now,
            account,
            kind: kind.to_owned(),
            name,
            count: signed(count),
            bytes: signed(bytes),
        });
        self.store.keep_samples(samples.collect()).await?;
        Ok(())
    }

    /// Bytes of the objects that are rows of the database: as objects they count already, and nothing counts twice.
    async fn bytes_in_database(&self) -> Result<u64> {
        let mut places = Storage::ALL.into_iter().flat_map(|storage| self.objects_of(storage).places());
        if places.any(|place| place.starts_with("db:")) { Ok(self.store.object_chunk_bytes().await?) } else { Ok(0) }
    }

    async fn measure_objects(&self, storage: Storage, page: &[StoredObject], totals: &mut Totals) -> Result<()> {
        let keys: Vec<String> = page.iter().map(|object| object.key.to_string()).collect();
        let holdings = self.store.holdings(storage, &keys).await?;
        for (object, key) in page.iter().zip(&keys) {
            let one = TableUsage { rows: 1, bytes: object.size };
            let held = holdings.get(key);
            // Of those who share it, the first gives it its name.
            let class = held.and_then(|held| held.first()).map_or(UNREFERENCED, |holding| holding.class);
            add(totals, None, storage.as_str(), class, &one);
            let mut owners: Vec<(&String, &str)> = Vec::new();
            for holding in held.into_iter().flatten() {
                if let Some(account) = &holding.account
                    && !owners.iter().any(|(owner, _)| *owner == account)
                {
                    owners.push((account, holding.class));
                }
            }
            for (account, class) in owners {
                add(totals, Some(account.clone()), storage.as_str(), class, &one);
            }
        }
        Ok(())
    }

    /// How much is kept in all and of whom, as it was measured last; now, where that is asked for or was never done.
    ///
    /// # Errors
    /// As [`Service::measure_storage`].
    pub async fn storage(&self, fresh: bool) -> Result<SystemStorage> {
        let (samples, measured_at) = self.samples(fresh).await?;
        let mut accounts: Vec<AccountShare> = Vec::new();
        for sample in &samples {
            if let Some(account) = &sample.account
                && accounts.last().is_none_or(|last| last.account != *account)
            {
                accounts.push(AccountShare { account: account.clone(), usage: told(&samples, Some(account)) });
            }
        }
        let forecast = self.forecast(None, measured_at).await?;
        let measured_at = Timestamp::from(measured_at).into();
        Ok(SystemStorage { usage: told(&samples, None), forecast, accounts, measured_at })
    }

    /// The last measurement, by account.
    async fn samples(&self, fresh: bool) -> Result<(Vec<Sample>, Moment)> {
        let mut samples = self.store.last_samples().await?;
        if fresh || samples.is_empty() {
            self.measure_storage().await?;
            samples = self.store.last_samples().await?;
        }
        samples.sort_by(|one, other| one.account.cmp(&other.account));
        let measured_at = samples.first().map_or_else(|| self.clock.moment(), |sample| sample.measured_at);
        Ok((samples, measured_at))
    }

    async fn forecast(&self, account: Option<&str>, now: Moment) -> Result<Option<StorageForecast>> {
        Ok(forecast(&self.store.measured_bytes(account, now.plus_seconds(-DAY * i64::from(FORECAST_DAYS))).await?))
    }
}

impl Tenant {
    /// How much is kept for this account, as it was measured last; what of its quota it uses, now.
    ///
    /// # Errors
    /// As [`Service::measure_storage`].
    pub async fn storage(&self) -> Result<AccountStorage> {
        let (samples, measured_at) = self.service.samples(false).await?;
        let (quota, usage) = (self.quota().await?, self.account.usage().await?);
        Ok(AccountStorage {
            account: self.name().to_string(),
            usage: told(&samples, Some(self.name().as_str())),
            forecast: self.service.forecast(Some(self.name().as_str()), measured_at).await?,
            quota: ToldQuota { images: quota.images, bytes: quota.bytes },
            of_quota: QuotaUse { images: usage.images, bytes: usage.bytes },
            measured_at: Timestamp::from(measured_at).into(),
        })
    }
}

fn add(totals: &mut Totals, account: Option<String>, kind: &'static str, name: &str, usage: &TableUsage) {
    let (count, bytes) = totals.entry((account, kind, name.to_owned())).or_default();
    *count += usage.rows;
    *bytes += usage.bytes;
}

/// What the samples say of an account, or of everything.
fn told(samples: &[Sample], account: Option<&str>) -> StorageUse {
    let mut told = StorageUse::default();
    for sample in samples.iter().filter(|sample| sample.account.as_deref() == account) {
        let kept =
            Kept { name: sample.name.clone(), count: sample.count.unsigned_abs(), bytes: sample.bytes.unsigned_abs() };
        told.bytes += kept.bytes;
        match sample.kind.as_str() {
            "documents" => told.documents.push(kept),
            "bundles" => told.bundles.push(kept),
            _ => told.tables.push(kept),
        }
    }
    for list in [&mut told.tables, &mut told.documents, &mut told.bundles] {
        list.sort_by(|one, other| other.bytes.cmp(&one.bytes).then_with(|| one.name.cmp(&other.name)));
    }
    told
}

/// The line that lies nearest to the points, went on; nothing where they do not span a day.
fn forecast(points: &[(Moment, u64)]) -> Option<StorageForecast> {
    let ((first, _), (last, bytes)) = (points.first()?, points.last()?);
    let days = |at: &Moment| (at.micros() - first.micros()) as f64 / (DAY as f64 * 1e6);
    let span = days(last);
    if span < 1.0 {
        return None;
    }
    let count = points.len() as f64;
    let mean_day = points.iter().map(|(at, _)| days(at)).sum::<f64>() / count;
    let mean_bytes = points.iter().map(|(_, bytes)| *bytes as f64).sum::<f64>() / count;
    let rise: f64 = points.iter().map(|(at, bytes)| (days(at) - mean_day) * (*bytes as f64 - mean_bytes)).sum();
    let spread: f64 = points.iter().map(|(at, _)| (days(at) - mean_day).powi(2)).sum();
    let per_day = rise / spread;
    let after = |days: f64| (*bytes as f64 + per_day * days).max(0.0).round() as u64;
    Some(StorageForecast {
        days: span.round() as u64,
        bytes_per_day: per_day.round() as i64,
        bytes_in_30_days: after(30.0),
        bytes_in_365_days: after(365.0),
    })
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forecast_is_the_line_through_what_was_measured() {
        let at = |day: i64, bytes: u64| (Moment(0).plus_seconds(day * DAY), bytes);
        assert_eq!(forecast(&[]), None);
        assert_eq!(forecast(&[at(0, 5)]), None);
        let steady = forecast(&[at(0, 1000), at(1, 1100), at(2, 1200)]).unwrap();
        assert_eq!((steady.days, steady.bytes_per_day, steady.bytes_in_30_days), (2, 100, 4200));
        let shrinking = forecast(&[at(0, 1000), at(10, 0)]).unwrap();
        assert_eq!((shrinking.bytes_per_day, shrinking.bytes_in_365_days), (-100, 0));
    }
}
