//! What vulnerability data changed of findings, in the order it happened: by these rows tags are told of it, and whoever
//! looks back sees why.

pub mod clearances;

use std::collections::HashMap;

use sea_orm::{
    ActiveValue::Set, ConnectionTrait, DbBackend, EntityTrait as _, FromQueryResult, QueryOrder as _, QuerySelect as _,
    Statement, entity::prelude::*,
};

use crate::{Account, BATCH, Moment, Result, Store, insert_all};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "finding_changes")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub package_version: i64,
    pub finding: i64,
    /// The data that changed it.
    pub data: i64,
    /// The finding's detail until then, as JSON; `None`: it was opened.
    pub before: Option<String>,
    /// The same from then on; `None`: it was closed.
    pub after: Option<String>,
    /// It is the finding still, and only of images that [`clearances`] name: none (`after` is `None`) because the owners of
    /// the package have fixed it now, or one again (`before` is) because they have no longer.
    pub by_owner: bool,
    pub changed_at: Moment,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// A change to be written.
#[derive(Clone, Debug)]
pub struct NewChange {
    pub package_version: i64,
    pub finding: i64,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// A change with what the finding is known by, and the package that has it.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Described {
    pub id: i64,
    pub package_version: i64,
    pub finding: i64,
    pub data: i64,
    pub before: Option<String>,
    pub after: Option<String>,
    pub by_owner: bool,
    pub changed_at: Moment,
    /// When the finding was opened.
    pub opened_at: Moment,
    /// Tells those apart that the package has of one vulnerability in one namespace.
    pub ordinal: i64,
    /// The namespace as the API calls it: `debian:12`
    pub feed_group: String,
    /// Of the package.
    pub name: String,
    pub version: String,
    pub kind: String,
}

const DESCRIBED: &str = "SELECT c.id, c.package_version, c.finding, c.data, c.before, c.after, c.by_owner, \
                         c.changed_at, f.opened_at, f.ordinal, f.feed_group, v.name, v.version, v.kind FROM finding_changes c \
                         JOIN findings f ON f.id = c.finding JOIN package_versions v ON v.id = c.package_version";

/// Whether a change `c` is one of the image that holds a package `p`. What owners had cleared at the time was none there: the
/// next that became of that says so, or how it is now.
const CONCERNS: &str = "p.package_version = c.package_version AND p.compared > 0 AND CASE WHEN c.by_owner \
                        THEN EXISTS (SELECT 1 FROM clearance_changes o WHERE o.change = c.id AND o.analysis = p.analysis) \
                        ELSE NOT COALESCE((SELECT n.after IS NOT NULL FROM finding_changes n JOIN clearance_changes o \
                        ON o.change = n.id AND o.analysis = p.analysis WHERE n.finding = c.finding AND n.id > c.id \
                        ORDER BY n.id LIMIT 1), EXISTS (SELECT 1 FROM cleared_findings x WHERE x.finding = c.finding \
                        AND x.analysis = p.analysis)) END";

/// Whether an image `i` is one that the account shows.
const OWN: &str = "i.account = $1 AND i.status = 'active'";

/// From so many images of an account on, those of all accounts that hold a package are looked through for one of its own;
/// below, its own are looked through for one that holds the package.
const MANY: u64 = 1_000;

/// Which part of the changes is asked for: those that came about after a moment, the newest first.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    pub since: Moment,
    /// Moment and id of the last one of the page before.
    pub before: Option<(Moment, i64)>,
    pub limit: u64,
}

impl Store {
    /// These changes, in their order.
    pub async fn finding_changes(&self, ids: &[i64]) -> Result<Vec<Described>> {
        let mut rows = Vec::with_capacity(ids.len());
        for part in ids.chunks(BATCH) {
            let sql = format!("{DESCRIBED} WHERE c.id IN ({}) ORDER BY c.id", listed(part));
            rows.extend(described(self.reader(), &sql, []).await?);
        }
        Ok(rows)
    }
}

impl Account {
    /// Changes of what is in images of the account: in one of them, or in any.
    pub async fn finding_changes(&self, analysis: Option<i64>, page: Page) -> Result<Vec<Described>> {
        let holders = match analysis {
            Some(analysis) => format!("analysis_packages p WHERE p.analysis = {analysis} AND $1 = $1"),
            None => self.holders().await?,
        };
        let sql = format!(
            "{DESCRIBED} WHERE c.changed_at > $2 AND (c.changed_at < $3 OR (c.changed_at = $3 AND c.id < $4)) \
             AND EXISTS (SELECT 1 FROM {holders} AND {CONCERNS}) \
             ORDER BY c.changed_at DESC, c.id DESC LIMIT {}",
            page.limit
        );
        let (moment, id) = page.before.unwrap_or((Moment(i64::MAX), i64::MAX));
        let values = [self.name().as_str().into(), page.since.into(), moment.into(), id.into()];
        described(self.reader(), &sql, values).await
    }

    /// The digests of images of the account that these changes are of, by change; at most `limit` of each, those that were
    /// analysed first.
    pub async fn digests_of_changes(&self, changes: &[i64], limit: u64) -> Result<HashMap<i64, Vec<String>>> {
        let mut digests: HashMap<i64, Vec<String>> = HashMap::new();
        let engine = self.reader().get_database_backend();
        let holders = self.holders().await?;
        let joined = if engine == DbBackend::Postgres { "string_agg" } else { "group_concat" };
        for part in changes.chunks(BATCH) {
            // Each change for itself, so that it takes as long as images are told, and not as there are.
            let sql = format!(
                "SELECT c.id, (SELECT {joined}(s.digest, ',') FROM (SELECT i.digest FROM {holders} AND {CONCERNS} \
                 ORDER BY p.analysis LIMIT {limit}) s) FROM finding_changes c WHERE c.id IN ({})",
                listed(part)
            );
            let statement = Statement::from_sql_and_values(engine, sql, [self.name().as_str().into()]);
            for row in self.reader().query_all_raw(statement).await? {
                let told: Option<String> = row.try_get_by_index(1)?;
                let told = told.iter().flat_map(|told| told.split(',')).map(str::to_owned);
                digests.insert(row.try_get_by_index(0)?, told.collect());
            }
        }
        Ok(digests)
    }

    /// The images of the account `i` with their packages `p`, as a statement goes through them: from the side that has few.
    /// SQLite keeps the order of what is joined like that; the first image found often answers.
    async fn holders(&self) -> Result<String> {
        let counted = format!("SELECT COUNT(*) FROM (SELECT 1 FROM images i WHERE {OWN} LIMIT {MANY}) own");
        let tables = match self.total(counted).await? {
            MANY.. => "analysis_packages p CROSS JOIN images i",
            _ => "images i CROSS JOIN analysis_packages p",
        };
        Ok(format!("{tables} WHERE i.analysis = p.analysis AND {OWN}"))
    }
}

async fn described(
    on: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = sea_orm::Value>,
) -> Result<Vec<Described>> {
    let statement = Statement::from_sql_and_values(on.get_database_backend(), sql, values);
    let rows = on.query_all_raw(statement).await?;
    Ok(rows.iter().map(|row| Described::from_query_result(row, "")).collect::<Result<_, _>>()?)
}

/// The newest change; 0 where there is none.
pub async fn newest(on: &impl ConnectionTrait) -> Result<i64> {
    let newest = Entity::find().select_only().column(Column::Id).order_by_desc(Column::Id).limit(1);
    Ok(newest.into_tuple::<i64>().one(on).await?.unwrap_or_default())
}

/// Writes changes, in the transaction that makes them.
pub async fn insert(on: &impl ConnectionTrait, changes: Vec<NewChange>, data: i64, now: Moment) -> Result<()> {
    let rows = changes.into_iter().map(|change| ActiveModel {
        package_version: Set(change.package_version),
        finding: Set(change.finding),
        data: Set(data),
        before: Set(change.before),
        after: Set(change.after),
        by_owner: Set(false),
        changed_at: Set(now),
        ..Default::default()
    });
    insert_all(on, rows).await
}

/// Numbers, as a list in SQL has them.
pub(crate) fn listed(ids: &[i64]) -> String {
    ids.iter().map(i64::to_string).collect::<Vec<_>>().join(",")
}
