//! A database as digests, some ten bytes a row: enough to see what differs, small enough for two at a time.

use std::collections::{BTreeSet, HashMap, HashSet};

use rusqlite::{Connection, Row, types::ValueRef};
use sha2::{Digest, Sha256};

use crate::database::Database;

/// Of everything said under one name: the sum of the digests of its rows, so that their order is no matter.
type Sums = HashMap<u128, u128>;

/// Digests by row id.
type Rows = HashMap<i64, u128>;

#[derive(Default)]
pub(super) struct Contents {
    /// By key of provider and name. The known-exploited catalogue is a provider of this name, its records are CVEs.
    pub(super) records: Sums,
    /// By key of a CVE.
    pub(super) weaknesses: Sums,
    pub(super) predictions: Sums,
    /// The key of the record that a row of `vulnerability_handles` belongs to.
    owners: HashMap<i64, u128>,
}

pub(super) const KNOWN_EXPLOITED: &str = "kev";

/// What the key of a record is made of.
pub(super) fn record_key(provider: &str, name: &str) -> u128 {
    digest(&[provider.as_bytes(), name.as_bytes()])
}

pub(super) fn cve_key(cve: &str) -> u128 {
    digest(&[cve.to_ascii_lowercase().as_bytes()])
}

impl Contents {
    pub(super) fn of(database: &Database) -> rusqlite::Result<Self> {
        database.connections().with(|connection| Reader { connection, database }.read())
    }

    /// Row ids of these records.
    pub(super) fn rows(&self, keys: &HashSet<u128>) -> HashSet<i64> {
        self.owners.iter().filter(|(_, key)| keys.contains(key)).map(|(row, _)| *row).collect()
    }

    /// Provider and name of these records, sorted.
    pub(super) fn names(
        &self,
        database: &Database,
        keys: &HashSet<u128>,
    ) -> rusqlite::Result<BTreeSet<(String, String)>> {
        database.connections().with(|connection| {
            let mut names = BTreeSet::new();
            let mut statement =
                connection.prepare("select provider_id, name from vulnerability_handles where id = ?1")?;
            for row in self.rows(keys) {
                names.insert(statement.query_row([row], |row| Ok((text(row, 0)?, text(row, 1)?)))?);
            }
            if database.layout().has_table(EXPLOITED_TABLE) {
                each(connection, &format!("select cve from {EXPLOITED_TABLE}"), |row| {
                    let cve = text(row, 0)?;
                    if keys.contains(&record_key(KNOWN_EXPLOITED, &cve)) {
                        names.insert((KNOWN_EXPLOITED.to_owned(), cve));
                    }
                    Ok(())
                })?;
            }
            Ok(names)
        })
    }
}

const EXPLOITED_TABLE: &str = "known_exploited_vulnerability_handles";

struct Reader<'a> {
    connection: &'a Connection,
    database: &'a Database,
}

impl Reader<'_> {
    fn read(&self) -> rusqlite::Result<Contents> {
        let layout = self.database.layout();
        let mut contents = Contents::default();
        let documents = self.documents()?;
        let document =
            |id: Option<i64>| id.and_then(|id| documents.get(&id)).copied().unwrap_or_default().to_le_bytes();
        each(
            self.connection,
            "select id, blob_id, provider_id, name, status, published_date, modified_date, withdrawn_date \
             from vulnerability_handles",
            |row| {
                let key = record_key(&text(row, 2)?, &text(row, 3)?);
                let fields = digest_of_columns(row, 4..8)?.to_le_bytes();
                add(&mut contents.records, key, digest(&[&[0], &document(row.get(1)?), &fields]));
                contents.owners.insert(row.get(0)?, key);
                Ok(())
            },
        )?;
        let channel = if layout.has_column("operating_systems", "channel") { "channel" } else { "null" };
        let packages = self.named("select id, ecosystem, name from packages", 2)?;
        let releases = self.named(
            &format!(
                "select id, name, release_id, major_version, minor_version, label_version, {channel} \
                 from operating_systems"
            ),
            6,
        )?;
        for (kind, table) in [(1, "affected_package_handles"), (2, "unaffected_package_handles")] {
            if layout.has_table(table) {
                let sql = format!("select vulnerability_id, blob_id, package_id, operating_system_id from {table}");
                each(self.connection, &sql, |row| {
                    let parts = [of(&packages, row, 2)?, of(&releases, row, 3)?];
                    contents.add_handle(row, kind, &document(row.get(1)?), &parts)
                })?;
            }
        }
        drop((packages, releases));
        let cpes = self.named(
            "select id, part, vendor, product, edition, language, software_edition, target_hardware, \
             target_software, other from cpes",
            9,
        )?;
        for (kind, table) in [(3, "affected_cpe_handles"), (4, "unaffected_cpe_handles")] {
            if layout.has_table(table) {
                each(self.connection, &format!("select vulnerability_id, blob_id, cpe_id from {table}"), |row| {
                    contents.add_handle(row, kind, &document(row.get(1)?), &[of(&cpes, row, 2)?])
                })?;
            }
        }
        if layout.has_table(EXPLOITED_TABLE) {
            each(self.connection, &format!("select blob_id, cve from {EXPLOITED_TABLE}"), |row| {
                let content = digest(&[&[5], &document(row.get(0)?)]);
                add(&mut contents.records, record_key(KNOWN_EXPLOITED, &text(row, 1)?), content);
                Ok(())
            })?;
        }
        for (table, columns, sums) in [
            ("cwe_handles", "cve, cwe, source, type", &mut contents.weaknesses),
            ("epss_handles", "cve, epss, percentile", &mut contents.predictions),
        ] {
            if layout.has_table(table) {
                let columns = (columns, columns.split(',').count());
                each(self.connection, &format!("select {} from {table}", columns.0), |row| {
                    add(sums, cve_key(&text(row, 0)?), digest_of_columns(row, 1..columns.1)?);
                    Ok(())
                })?;
            }
        }
        Ok(contents)
    }

    fn documents(&self) -> rusqlite::Result<Rows> {
        let mut documents = Rows::new();
        each(self.connection, "select id, value from blobs", |row| {
            let document = row.get_ref(1)?.as_bytes_or_null()?.unwrap_or_default().trim_ascii_end();
            documents.insert(row.get(0)?, digest(&[document]));
            Ok(())
        })?;
        Ok(documents)
    }

    /// Rows of an id and `columns` texts.
    fn named(&self, sql: &str, columns: usize) -> rusqlite::Result<Rows> {
        let mut rows = Rows::new();
        each(self.connection, sql, |row| {
            rows.insert(row.get(0)?, digest_of_columns(row, 1..=columns)?);
            Ok(())
        })?;
        Ok(rows)
    }
}

impl Contents {
    fn add_handle(&mut self, row: &Row<'_>, kind: u8, document: &[u8; 16], parts: &[u128]) -> rusqlite::Result<()> {
        if let Some(&key) = self.owners.get(&row.get(0)?) {
            let mut hasher = Sha256::new();
            hasher.update([kind]);
            hasher.update(document);
            for part in parts {
                hasher.update(part.to_le_bytes());
            }
            add(&mut self.records, key, half(hasher));
        }
        Ok(())
    }
}

fn add(sums: &mut Sums, key: u128, content: u128) {
    let sum = sums.entry(key).or_default();
    *sum = sum.wrapping_add(content);
}

/// The digest of the row that a column refers to; 0 for none.
fn of(rows: &Rows, row: &Row<'_>, column: usize) -> rusqlite::Result<u128> {
    Ok(row.get::<_, Option<i64>>(column)?.and_then(|id| rows.get(&id)).copied().unwrap_or_default())
}

pub(super) fn each(
    connection: &Connection,
    sql: &str,
    mut take: impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        take(row)?;
    }
    Ok(())
}

pub(super) fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<String> {
    Ok(row.get::<_, Option<String>>(column)?.unwrap_or_default())
}

/// No value and an empty text are the same.
fn digest_of_columns(row: &Row<'_>, columns: impl IntoIterator<Item = usize>) -> rusqlite::Result<u128> {
    let mut hasher = Sha256::new();
    for column in columns {
        let number;
        let bytes: &[u8] = match row.get_ref(column)? {
            ValueRef::Null => b"",
            ValueRef::Integer(value) => {
                number = value.to_le_bytes();
                &number
            }
            ValueRef::Real(value) => {
                number = value.to_bits().to_le_bytes();
                &number
            }
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes,
        };
        hasher.update((bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    }
    Ok(half(hasher))
}

fn digest(parts: &[&[u8]]) -> u128 {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    half(hasher)
}

fn half(hasher: Sha256) -> u128 {
    let digest = hasher.finalize();
    u128::from_le_bytes(std::array::from_fn(|at| digest[at]))
}
