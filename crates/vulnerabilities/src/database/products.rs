//! Searches by CPE.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rusqlite::{Connection, params};
use windlass_advisories::{CpeAdvisory, CpeAttributes, VulnerabilityId};

use super::{Database, Problem, packages, queries, remembered};

/// Products remembered before the memory starts afresh.
const CAPACITY: usize = 65_536;

/// Row id and attributes of a stored CPE.
type Stored = (i64, CpeAttributes);

/// The stored CPEs of a product. A scan asks for one product with many guessed vendors, and for most products there
/// is nothing, which is worth remembering too.
#[derive(Debug, Default)]
pub(super) struct Products {
    known: Mutex<HashMap<String, Arc<[Stored]>>>,
    /// Packages that a CPE stands for, by the CPE's row; a small curated table, read whole.
    packages: OnceLock<HashMap<i64, Vec<i64>>>,
}

impl Database {
    pub(super) fn products_matching(&self, wanted: &CpeAttributes) -> Result<Vec<CpeAdvisory>, Problem> {
        if wanted.product.is_empty() {
            return Err(Problem::ProductWildcard);
        }
        let stored = self.stored_products(&wanted.product)?;
        let matching: Vec<&Stored> = stored.iter().filter(|(_, cpe)| specifies(wanted, cpe)).collect();
        if matching.is_empty() {
            return Ok(Vec::new());
        }
        self.connections.with(|connection| {
            let linked = self.packages_of_products(connection)?;
            let mut rows = Vec::new();
            let mut through_packages = Vec::new();
            for (id, cpe) in matching {
                let mut statement = connection.prepare_cached(queries::AFFECTED_BY_CPE)?;
                let found = statement.query_map(params![id], |row| {
                    Ok((row.get::<_, i64>(0)?, VulnerabilityId(row.get(1)?), row.get::<_, Option<i64>>(2)?))
                })?;
                for row in found {
                    let (row, vulnerability, blob) = row?;
                    rows.push((row, vulnerability, blob, cpe));
                }
                for package in linked.get(id).into_iter().flatten() {
                    let handles = packages::handles_without_release(connection, &self.affected, *package)?;
                    through_packages.extend(self.with_documents(connection, handles)?.into_iter().map(|advisory| {
                        CpeAdvisory { vulnerability: advisory.vulnerability, cpe: cpe.clone(), blob: advisory.blob }
                    }));
                }
            }
            rows.sort_unstable_by_key(|(row, ..)| *row);
            let mut advisories = Vec::with_capacity(rows.len() + through_packages.len());
            let mut by_id = connection.prepare_cached(queries::BLOB)?;
            for (_, vulnerability, blob, cpe) in rows {
                let blob = self.package_blob(&mut by_id, blob)?;
                advisories.push(CpeAdvisory { vulnerability, cpe: cpe.clone(), blob });
            }
            advisories.append(&mut through_packages);
            Ok(advisories)
        })
    }

    fn stored_products(&self, product: &str) -> Result<Arc<[Stored]>, Problem> {
        let key = product.to_ascii_lowercase();
        if let Some(known) = self.products.known.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(Arc::clone(known));
        }
        let stored: Arc<[Stored]> = self.connections.with(|connection| {
            let mut statement = connection.prepare_cached(queries::CPES_BY_PRODUCT)?;
            let mut rows = statement.query(params![key])?;
            let mut stored = Vec::new();
            while let Some(row) = rows.next()? {
                let text =
                    |column: usize| Ok::<_, rusqlite::Error>(row.get::<_, Option<String>>(column)?.unwrap_or_default());
                let cpe = CpeAttributes {
                    part: text(1)?,
                    vendor: text(2)?,
                    product: text(3)?,
                    edition: text(4)?,
                    language: text(5)?,
                    software_edition: text(6)?,
                    target_hardware: text(7)?,
                    target_software: text(8)?,
                    other: text(9)?,
                };
                stored.push((row.get(0)?, cpe));
            }
            Ok::<Arc<[Stored]>, Problem>(Arc::from(stored))
        })?;
        let mut known = self.products.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= CAPACITY {
            known.clear();
        }
        known.insert(key, Arc::clone(&stored));
        Ok(stored)
    }

    fn packages_of_products(&self, connection: &Connection) -> rusqlite::Result<&HashMap<i64, Vec<i64>>> {
        remembered(&self.products.packages, || {
            let mut packages: HashMap<i64, Vec<i64>> = HashMap::new();
            if self.layout.has_table("package_cpes") {
                let mut statement =
                    connection.prepare("select cpe_id, package_id from package_cpes order by 1, 2 limit 1000000")?;
                let mut rows = statement.query([])?;
                while let Some(row) = rows.next()? {
                    packages.entry(row.get(0)?).or_default().push(row.get(1)?);
                }
            }
            Ok(packages)
        })
    }
}

/// Every attribute that `wanted` specifies has the stored value; one left open takes any.
fn specifies(wanted: &CpeAttributes, stored: &CpeAttributes) -> bool {
    let same = |wanted: &str, stored: &str| wanted.is_empty() || wanted.eq_ignore_ascii_case(stored);
    same(&wanted.part, &stored.part)
        && same(&wanted.vendor, &stored.vendor)
        && same(&wanted.product, &stored.product)
        && same(&wanted.edition, &stored.edition)
        && same(&wanted.language, &stored.language)
        && same(&wanted.software_edition, &stored.software_edition)
        && same(&wanted.target_hardware, &stored.target_hardware)
        && same(&wanted.target_software, &stored.target_software)
        && same(&wanted.other, &stored.other)
}
