//! Which objects of object storage rows refer to. Objects are shared: of two rows with equal content, both refer to one.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{ConnectionTrait, DbBackend, Statement};

pub use crate::object_candidates::Storage;
use crate::{BATCH, Moment, Result, Store, object_candidates};

/// Who refers to objects.
struct Reference {
    storage: Storage,
    /// What the objects are.
    class: &'static str,
    /// A column that holds keys, as `sha256:…` or, where it is `bare`, the digest alone.
    table: &'static str,
    column: &'static str,
    bare: bool,
    /// Whose they are, in SQL over the table as `t`; nothing where they are nobody's.
    account: Option<&'static str>,
    /// What `account` takes beside the table.
    join: &'static str,
    /// A row in words, in SQL over the table as `t`.
    words: &'static str,
}

/// Everybody who refers to objects. Who is missing here loses them.
const REFERENCES: &[Reference] = &[
    Reference {
        storage: Storage::Documents,
        class: "manifests",
        table: "images",
        column: "manifest",
        bare: false,
        account: Some("t.account"),
        join: "",
        words: "'the manifest of image ' || t.digest || ' of account ' || t.account",
    },
    Reference {
        storage: Storage::Documents,
        class: "manifests",
        table: "images",
        column: "parent_manifest",
        bare: false,
        account: Some("t.account"),
        join: "",
        words: "'the index ' || t.parent_digest || ' of image ' || t.digest || ' of account ' || t.account",
    },
    Reference {
        storage: Storage::Documents,
        class: "analyses",
        table: "analysis_documents",
        column: "object",
        bare: false,
        account: Some("i.account"),
        join: "JOIN images i ON i.analysis = t.analysis",
        words: "'the document ' || t.kind || ' of image ' || (SELECT a.digest FROM analyses a WHERE a.id = t.analysis)",
    },
    Reference {
        storage: Storage::Documents,
        class: "layers",
        table: "layer_facts",
        column: "object",
        bare: false,
        account: Some("t.account"),
        join: "",
        words: "'what is known of layer ' || t.layer || ' of account ' || t.account",
    },
    Reference {
        storage: Storage::Documents,
        class: "evaluations",
        table: "evaluations",
        column: "object",
        bare: false,
        account: Some("t.account"),
        join: "",
        words: "'an evaluation of ' || t.fulltag || ' of account ' || t.account",
    },
    Reference {
        storage: Storage::Documents,
        class: "imports",
        table: "import_contents",
        column: "digest",
        bare: true,
        account: Some("i.account"),
        join: "JOIN imports i ON i.id = t.import",
        words: "'the ' || t.kind || ' of import ' || t.import",
    },
    Reference {
        storage: Storage::Documents,
        class: "vulnerability data",
        table: "vulnerability_data",
        column: "object",
        bare: false,
        account: None,
        join: "",
        words: "'vulnerability data ' || t.checksum",
    },
    Reference {
        storage: Storage::Bundles,
        class: "archived images",
        table: "archived_images",
        column: "object",
        bare: false,
        account: Some("t.account"),
        join: "",
        words: "'the archived image ' || t.digest || ' of account ' || t.account",
    },
];

impl Reference {
    fn of(storage: Storage) -> impl Iterator<Item = &'static Self> {
        REFERENCES.iter().filter(move |reference| reference.storage == storage)
    }

    fn shown(&self, value: String) -> String {
        if self.bare { format!("sha256:{value}") } else { value }
    }

    fn stored(&self, key: &str) -> String {
        if self.bare { key.trim_start_matches("sha256:").to_owned() } else { key.to_owned() }
    }
}

/// Those of these objects that any row refers to.
pub(crate) async fn among(on: &impl ConnectionTrait, storage: Storage, keys: &[String]) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for part in keys.chunks(BATCH) {
        for reference in Reference::of(storage) {
            let Reference { table, column, .. } = reference;
            let values: Vec<sea_orm::Value> = part.iter().map(|key| reference.stored(key).into()).collect();
            let marks = marks(values.len());
            let sql = format!("SELECT DISTINCT {column} FROM {table} WHERE {column} IN ({marks})");
            let statement = Statement::from_sql_and_values(on.get_database_backend(), sql, values);
            for row in on.query_all_raw(statement).await? {
                found.insert(reference.shown(row.try_get_by_index(0)?));
            }
        }
    }
    Ok(found)
}

fn marks(count: usize) -> String {
    (1..=count).map(|at| format!("${at}")).collect::<Vec<_>>().join(", ")
}

/// What some objects are and whose.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holding {
    pub class: &'static str,
    /// Nothing where they are nobody's.
    pub account: Option<String>,
}

/// An analysis that no image has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orphan {
    pub analysis: i64,
    /// Keys of its documents in object storage.
    pub objects: Vec<String>,
}

impl Store {
    /// Those of these objects that any row refers to.
    pub async fn referenced_objects(&self, storage: Storage, keys: &[String]) -> Result<BTreeSet<String>> {
        among(self.reader(), storage, keys).await
    }

    /// Every object that any row refers to.
    pub async fn all_referenced_objects(&self, storage: Storage) -> Result<BTreeSet<String>> {
        const PAGE: usize = 10_000;
        let mut all = BTreeSet::new();
        for reference in Reference::of(storage) {
            let Reference { table, column, .. } = reference;
            let sql = format!(
                "SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL AND {column} > $1 \
                 ORDER BY {column} LIMIT {PAGE}"
            );
            let mut after = String::new();
            loop {
                let page = Statement::from_sql_and_values(self.engine(), &sql, [after.clone().into()]);
                let rows = self.reader().query_all_raw(page).await?;
                for row in &rows {
                    after = row.try_get_by_index(0)?;
                    all.insert(reference.shown(after.clone()));
                }
                if rows.len() < PAGE {
                    break;
                }
            }
        }
        Ok(all)
    }

    /// Who refers to an object, in words; of many a few.
    pub async fn holders_of_object(&self, storage: Storage, key: &str) -> Result<Vec<String>> {
        let mut holders = Vec::new();
        for reference in Reference::of(storage) {
            let Reference { table, column, words, .. } = reference;
            let sql = format!("SELECT {words} FROM {table} t WHERE t.{column} = $1 ORDER BY 1 LIMIT 3");
            let statement = Statement::from_sql_and_values(self.engine(), sql, [reference.stored(key).into()]);
            for row in self.reader().query_all_raw(statement).await? {
                holders.push(row.try_get_by_index(0)?);
            }
        }
        Ok(holders)
    }

    /// What each of these objects is, and whose; none twice, and nothing of those that no row refers to.
    pub async fn holdings(&self, storage: Storage, keys: &[String]) -> Result<BTreeMap<String, BTreeSet<Holding>>> {
        let mut holdings: BTreeMap<String, BTreeSet<Holding>> = BTreeMap::new();
        for part in keys.chunks(BATCH) {
            for reference in Reference::of(storage) {
                let Reference { class, table, column, account, join, .. } = reference;
                let values: Vec<sea_orm::Value> = part.iter().map(|key| reference.stored(key).into()).collect();
                let (account, marks) = (account.unwrap_or("NULL"), marks(values.len()));
                let sql = format!(
                    "SELECT DISTINCT t.{column}, CAST({account} AS TEXT) FROM {table} t {join} WHERE t.{column} IN ({marks})"
                );
                let statement = Statement::from_sql_and_values(self.engine(), sql, values);
                for row in self.reader().query_all_raw(statement).await? {
                    let key = reference.shown(row.try_get_by_index(0)?);
                    let holding = Holding { class, account: row.try_get_by_index(1)? };
                    holdings.entry(key).or_default().insert(holding);
                }
            }
        }
        Ok(holdings)
    }

    /// Removes an analysis that no image has, oldest first, and lets go of its objects; `None` if there is none. While its
    /// image is about to be analysed it stays: it may be found and taken, or another with the same documents be made.
    pub async fn remove_orphaned_analysis(&self, now: Moment) -> Result<Option<Orphan>> {
        let tx = self.begin().await?;
        let lock = if self.is_postgres() { "FOR UPDATE SKIP LOCKED" } else { "" };
        let orphaned = format!(
            "SELECT a.id FROM analyses a WHERE NOT EXISTS (SELECT 1 FROM images i WHERE i.analysis = a.id \
             OR (i.digest = a.digest AND i.analysis_status IN ('not_analyzed', 'analyzing'))) ORDER BY a.id LIMIT 1 {lock}"
        );
        let statement = Statement::from_string(self.engine(), orphaned);
        let Some(row) = tx.query_one_raw(statement).await? else { return Ok(None) };
        let analysis: i64 = row.try_get_by_index(0)?;
        let with_id = |sql: &str| Statement::from_sql_and_values(self.engine(), sql, [analysis.into()]);
        let rows =
            tx.query_all_raw(with_id("SELECT DISTINCT object FROM analysis_documents WHERE analysis = $1")).await?;
        let objects: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?;
        tx.execute_raw(with_id("DELETE FROM analyses WHERE id = $1")).await?;
        object_candidates::let_go(&tx, Storage::Documents, &objects, now).await?;
        tx.commit().await?;
        Ok(Some(Orphan { analysis, objects }))
    }

    pub(crate) fn engine(&self) -> DbBackend {
        if self.is_postgres() { DbBackend::Postgres } else { DbBackend::Sqlite }
    }
}
