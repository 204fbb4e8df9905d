//! What changed between two databases, by content: row ids and the order of rows say nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rusqlite::{Connection, Row};
use sha2::{Digest, Sha256};

use crate::database::Database;
use crate::{Error, Result};

/// The advisories of one provider that differ. Exploit predictions are left out: all of them change every day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// `kev` stands for the known-exploited catalogue, whose advisories are CVEs.
    pub provider: String,
    pub added: Vec<String>,
    pub changed: Vec<String>,
    pub removed: Vec<String>,
}

/// What `new` has and `old` has not, and the other way round; by provider, providers that agree left out, names sorted.
/// Indexes are not needed.
pub fn diff(old: &Database, new: &Database) -> Result<Vec<Difference>> {
    let (before, after) = (contents(old)?, contents(new)?);
    let providers: BTreeSet<&String> = before.keys().chain(after.keys()).map(|(provider, _)| provider).collect();
    let mut differences: BTreeMap<&String, Difference> = providers
        .into_iter()
        .map(|provider| (provider, Difference { provider: provider.clone(), ..Difference::default() }))
        .collect();
    for ((provider, name), content) in &after {
        let Some(difference) = differences.get_mut(provider) else { continue };
        match before.get(&(provider.clone(), name.clone())) {
            None => difference.added.push(name.clone()),
            Some(former) if former != content => difference.changed.push(name.clone()),
            Some(_) => {}
        }
    }
    for (provider, name) in before.keys() {
        if !after.contains_key(&(provider.clone(), name.clone()))
            && let Some(difference) = differences.get_mut(provider)
        {
            difference.removed.push(name.clone());
        }
    }
    Ok(differences
        .into_values()
        .filter(|d| !(d.added.is_empty() && d.changed.is_empty() && d.removed.is_empty()))
        .collect())
}

/// A digest of everything said under one name: the sum of the digests of its rows, so that their order is no matter.
type Contents = BTreeMap<(String, String), u128>;

fn contents(database: &Database) -> Result<Contents> {
    database
        .connections()
        .with(|connection| {
            let mut reader = Reader { connection, documents: HashMap::new(), owners: HashMap::new() };
            reader.read(database)
        })
        .map_err(Error::sqlite("compare", database.path()))
}

struct Reader<'a> {
    connection: &'a Connection,
    /// Digests of documents by row id.
    documents: HashMap<i64, u128>,
    /// The digest that the rows of a record are added to, by the record's row id.
    owners: HashMap<i64, (String, String)>,
}

impl Reader<'_> {
    fn read(&mut self, database: &Database) -> rusqlite::Result<Contents> {
        let layout = database.layout();
        let mut contents = Contents::new();
        self.each("select id, value from blobs", |reader, row| {
            reader.documents.insert(
                row.get(0)?,
                digest(&[row.get_ref(1)?.as_bytes_or_null()?.unwrap_or_default().trim_ascii_end()]),
            );
            Ok(())
        })?;
        self.each(
            "select id, provider_id, name, status, published_date, modified_date, withdrawn_date, blob_id \
             from vulnerability_handles",
            |reader, row| {
                let owner = (text(row, 1)?, text(row, 2)?);
                let fields = [text(row, 3)?, text(row, 4)?, text(row, 5)?, text(row, 6)?];
                let content = reader.row(0, &fields, row.get(7)?);
                let sum = contents.entry(owner.clone()).or_default();
                *sum = sum.wrapping_add(content);
                reader.owners.insert(row.get(0)?, owner);
                Ok(())
            },
        )?;
        let channel = if layout.has_column("operating_systems", "channel") { "o.channel" } else { "null" };
        for (kind, table) in [(1, "affected_package_handles"), (2, "unaffected_package_handles")] {
            if layout.has_table(table) {
                let sql = format!(
                    "select h.vulnerability_id, h.blob_id, p.ecosystem, p.name, o.name, o.release_id, o.major_version, \
                     o.minor_version, o.label_version, {channel} from {table} h \
                     left join packages p on p.id = h.package_id left join operating_systems o \
                     on o.id = h.operating_system_id"
                );
                self.add_handles(&mut contents, kind, &sql, 8)?;
            }
        }
        for (kind, table) in [(3, "affected_cpe_handles"), (4, "unaffected_cpe_handles")] {
            if layout.has_table(table) {
                let sql = format!(
                    "select h.vulnerability_id, h.blob_id, c.part, c.vendor, c.product, c.edition, c.language, \
                     c.software_edition, c.target_hardware, c.target_software, c.other from {table} h \
                     left join cpes c on c.id = h.cpe_id"
                );
                self.add_handles(&mut contents, kind, &sql, 9)?;
            }
        }
        if layout.has_table("known_exploited_vulnerability_handles") {
            self.each("select cve, blob_id from known_exploited_vulnerability_handles", |reader, row| {
                let content = reader.row(5, &[], row.get(1)?);
                let sum = contents.entry(("kev".to_owned(), text(row, 0)?)).or_default();
                *sum = sum.wrapping_add(content);
                Ok(())
            })?;
        }
        Ok(contents)
    }

    /// Rows of a record's row id, a document's row id, and `fields` texts.
    fn add_handles(&mut self, contents: &mut Contents, kind: u8, sql: &str, fields: usize) -> rusqlite::Result<()> {
        self.each(sql, |reader, row| {
            let fields = (2..2 + fields).map(|column| text(row, column)).collect::<rusqlite::Result<Vec<_>>>()?;
            let content = reader.row(kind, &fields, row.get(1)?);
            if let Some(sum) = reader.owners.get(&row.get(0)?).and_then(|owner| contents.get_mut(owner)) {
                *sum = sum.wrapping_add(content);
            }
            Ok(())
        })
    }

    fn each(
        &mut self,
        sql: &str,
        mut take: impl FnMut(&mut Self, &Row<'_>) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        let connection = self.connection;
        let mut statement = connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            take(self, row)?;
        }
        Ok(())
    }

    fn row(&self, kind: u8, fields: &[String], document: Option<i64>) -> u128 {
        let document = document.and_then(|id| self.documents.get(&id)).copied().unwrap_or_default().to_le_bytes();
        let kind = [kind];
        let parts: Vec<&[u8]> = [&kind[..], &document].into_iter().chain(fields.iter().map(String::as_bytes)).collect();
        digest(&parts)
    }
}

fn digest(parts: &[&[u8]]) -> u128 {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let digest = hasher.finalize();
    u128::from_le_bytes(std::array::from_fn(|at| digest[at]))
}

fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<String> {
    Ok(row.get::<_, Option<String>>(column)?.unwrap_or_default())
}
