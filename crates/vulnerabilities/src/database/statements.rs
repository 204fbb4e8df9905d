//! From a record to what it speaks of, the other way round than matchers ask.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, params};
use windlass_advisories::{CpeAttributes, OperatingSystem, PackageBlob, VulnerabilityId};

use super::{Database, Problem, queries, tables};
use crate::{Error, Result};

/// What a record says of a package or a product.
#[derive(Clone, Debug, PartialEq)]
pub struct Affected {
    pub subject: Subject,
    pub blob: Arc<PackageBlob>,
}

/// What a record speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A package of an ecosystem (a package type), or of a release of a distribution.
    Package {
        ecosystem: String,
        name: String,
        release: Option<OperatingSystem>,
    },
    Product(CpeAttributes),
}

/// How many records of a provider there are in one place.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordGroup {
    pub provider: String,
    pub scope: GroupScope,
    pub records: u64,
}

/// Where records of a provider are.
#[derive(Clone, Debug, PartialEq)]
pub enum GroupScope {
    Release(OperatingSystem),
    /// A package type, of no release.
    Ecosystem(String),
    /// Products by CPE.
    Products,
}

impl Database {
    /// Everything that a record affects, in the order of rows. Without the index that [`crate::Indexes::All`] makes, all
    /// rows are looked at.
    pub fn affected_by(&self, id: VulnerabilityId) -> Result<Vec<Affected>> {
        let read = |connection: &Connection| -> std::result::Result<_, Problem> {
            let mut affected = Vec::new();
            let mut by_id = connection.prepare_cached(queries::BLOB)?;
            let releases = tables::operating_systems(connection, &self.layout)?;
            let releases: HashMap<i64, OperatingSystem> = releases.into_iter().map(|(id, row)| (id.0, row)).collect();
            let mut statement = connection.prepare_cached(
                "select p.ecosystem, p.name, h.operating_system_id, h.blob_id from affected_package_handles h \
                 join packages p on p.id = h.package_id where h.vulnerability_id = ?1 order by h.id",
            )?;
            let mut rows = statement.query(params![id.0])?;
            while let Some(row) = rows.next()? {
                let release = row.get::<_, Option<i64>>(2)?.and_then(|id| releases.get(&id).cloned());
                let subject = Subject::Package { ecosystem: text(row, 0)?, name: text(row, 1)?, release };
                affected.push(Affected { subject, blob: self.package_blob(&mut by_id, row.get(3)?)? });
            }
            let mut statement = connection.prepare_cached(
                "select c.part, c.vendor, c.product, c.edition, c.language, c.software_edition, c.target_hardware, \
                 c.target_software, c.other, h.blob_id from affected_cpe_handles h join cpes c on c.id = h.cpe_id \
                 where h.vulnerability_id = ?1 order by h.id",
            )?;
            let mut rows = statement.query(params![id.0])?;
            while let Some(row) = rows.next()? {
                let cpe = CpeAttributes {
                    part: text(row, 0)?,
                    vendor: text(row, 1)?,
                    product: text(row, 2)?,
                    edition: text(row, 3)?,
                    language: text(row, 4)?,
                    software_edition: text(row, 5)?,
                    target_hardware: text(row, 6)?,
                    target_software: text(row, 7)?,
                    other: text(row, 8)?,
                };
                let blob = self.package_blob(&mut by_id, row.get(9)?)?;
                affected.push(Affected { subject: Subject::Product(cpe), blob });
            }
            Ok(affected)
        };
        self.connections
            .with(read)
            .map_err(|problem| Error::Damaged { path: self.path.clone(), reason: problem.to_string() })
    }

    /// How many records there are by provider and release, ecosystem or products; in this order.
    pub fn record_groups(&self) -> Result<Vec<RecordGroup>> {
        let read = |connection: &Connection| -> rusqlite::Result<_> {
            let releases = tables::operating_systems(connection, &self.layout)?;
            let releases: HashMap<i64, OperatingSystem> = releases.into_iter().map(|(id, row)| (id.0, row)).collect();
            let mut groups = Vec::new();
            let mut statement = connection.prepare(
                "select v.provider_id, h.operating_system_id, count(distinct h.vulnerability_id) \
                 from affected_package_handles h join vulnerability_handles v on v.id = h.vulnerability_id \
                 where h.operating_system_id is not null group by 1, 2 order by 1, 2",
            )?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                if let Some(release) = releases.get(&row.get(1)?) {
                    let scope = GroupScope::Release(release.clone());
                    groups.push(RecordGroup { provider: text(row, 0)?, scope, records: count(row)? });
                }
            }
            let mut statement = connection.prepare(
                "select v.provider_id, p.ecosystem, count(distinct h.vulnerability_id) \
                 from affected_package_handles h join vulnerability_handles v on v.id = h.vulnerability_id \
                 join packages p on p.id = h.package_id \
                 where h.operating_system_id is null group by 1, 2 order by 1, 2",
            )?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let scope = GroupScope::Ecosystem(text(row, 1)?);
                groups.push(RecordGroup { provider: text(row, 0)?, scope, records: count(row)? });
            }
            let mut statement = connection.prepare(
                "select v.provider_id, null, count(distinct h.vulnerability_id) from affected_cpe_handles h \
                 join vulnerability_handles v on v.id = h.vulnerability_id group by 1 order by 1",
            )?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                groups.push(RecordGroup { provider: text(row, 0)?, scope: GroupScope::Products, records: count(row)? });
            }
            Ok(groups)
        };
        self.connections.with(read).map_err(Error::sqlite("count the records of", &self.path))
    }
}

fn text(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<String> {
    Ok(row.get::<_, Option<String>>(column)?.unwrap_or_default())
}

fn count(row: &rusqlite::Row<'_>) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(2)?.unsigned_abs())
}
