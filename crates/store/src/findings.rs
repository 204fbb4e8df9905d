//! Findings of packages, whatever images they are in: rows that are opened by the data in which they appear, altered by
//! data that says something else of them, and closed by the data that no longer has them.

pub mod cleared;
pub mod history;
pub mod names;

use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    entity::prelude::*, sea_query::Query,
};

use crate::{BATCH, Moment, Result, Store};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "findings")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub package_version: i64,
    /// With the namespace and the ordinal what it is known by from one data to the next.
    pub vulnerability: String,
    pub namespace: String,
    /// Tells those apart that the package has of one vulnerability in one namespace.
    pub ordinal: i64,
    /// The namespace as the API calls it: `debian:12`
    pub feed_group: String,
    /// As the API has it: `High`
    pub severity: String,
    pub will_not_fix: bool,
    /// Everything that matching says of it, as JSON.
    pub detail: String,
    pub opened_at: Moment,
    pub opened_by: i64,
    pub altered_at: Option<Moment>,
    pub altered_by: Option<i64>,
    pub closed_at: Option<Moment>,
    pub closed_by: Option<i64>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// What is found in a package.
#[derive(Clone, Debug)]
pub struct NewFinding {
    pub package_version: i64,
    pub vulnerability: String,
    pub namespace: String,
    pub ordinal: i64,
    pub feed_group: String,
    pub severity: String,
    pub will_not_fix: bool,
    pub detail: String,
    /// Every name it goes by, in upper case, none twice.
    pub names: Vec<String>,
}

/// What data changed.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    pub opened: Vec<NewFinding>,
    /// By id.
    pub altered: Vec<(i64, NewFinding)>,
    pub closed: Vec<i64>,
}

impl Store {
    /// The open findings of these packages, by package and what they are known by.
    pub async fn open_findings(&self, versions: &[i64]) -> Result<Vec<Model>> {
        open(self.reader(), versions).await
    }

    /// The open findings that go by a name, in any case.
    pub async fn findings_named(&self, name: &str) -> Result<Vec<Model>> {
        let named = Query::select()
            .column(names::Column::Finding)
            .from(names::Entity)
            .and_where(names::Column::Name.eq(name.to_uppercase()))
            .to_owned();
        let query = Entity::find().filter(Column::Id.in_subquery(named)).filter(Column::ClosedAt.is_null());
        Ok(query.order_by_asc(Column::Id).all(self.reader()).await?)
    }

    /// How many findings were opened, altered and closed by this data.
    pub async fn count_findings_changed_by(&self, data: i64) -> Result<[u64; 3]> {
        use sea_orm::PaginatorTrait as _;
        let mut counts = [0; 3];
        let columns = [Column::OpenedBy, Column::AlteredBy, Column::ClosedBy];
        for (count, column) in counts.iter_mut().zip(columns) {
            *count = Entity::find().filter(column.eq(data)).count(self.reader()).await?;
        }
        Ok(counts)
    }
}

/// As [`Store::open_findings`], in a transaction.
pub async fn open(on: &impl ConnectionTrait, versions: &[i64]) -> Result<Vec<Model>> {
    let mut rows = Vec::new();
    for part in versions.chunks(BATCH) {
        let query = Entity::find().filter(Column::PackageVersion.is_in(part.iter().copied()));
        let query = query.filter(Column::ClosedAt.is_null()).order_by_asc(Column::PackageVersion);
        let query = query.order_by_asc(Column::Vulnerability).order_by_asc(Column::Namespace);
        rows.extend(query.order_by_asc(Column::Ordinal).all(on).await?);
    }
    Ok(rows)
}

/// Writes what data changed.
pub async fn apply(on: &impl ConnectionTrait, changes: Changes, data: i64, now: Moment) -> Result<()> {
    let Changes { opened, altered, closed } = changes;
    for part in closed.chunks(BATCH) {
        let row = ActiveModel { closed_at: Set(Some(now)), closed_by: Set(Some(data)), ..Default::default() };
        Entity::update_many().set(row).filter(Column::Id.is_in(part.iter().copied())).exec(on).await?;
    }
    let renamed: Vec<i64> = altered.iter().map(|(id, _)| *id).collect();
    names::delete(on, &closed).await?;
    names::delete(on, &renamed).await?;
    let mut named = Vec::new();
    for (id, finding) in altered {
        let row = ActiveModel {
            feed_group: Set(finding.feed_group),
            severity: Set(finding.severity),
            will_not_fix: Set(finding.will_not_fix),
            detail: Set(finding.detail),
            altered_at: Set(Some(now)),
            altered_by: Set(Some(data)),
            ..Default::default()
        };
        Entity::update_many().set(row).filter(Column::Id.eq(id)).exec(on).await?;
        named.extend(finding.names.into_iter().map(|name| names::Model { name, finding: id }));
    }
    for part in opened.chunks(BATCH) {
        let rows = part.iter().map(|finding| ActiveModel {
            package_version: Set(finding.package_version),
            vulnerability: Set(finding.vulnerability.clone()),
            namespace: Set(finding.namespace.clone()),
            ordinal: Set(finding.ordinal),
            feed_group: Set(finding.feed_group.clone()),
            severity: Set(finding.severity.clone()),
            will_not_fix: Set(finding.will_not_fix),
            detail: Set(finding.detail.clone()),
            opened_at: Set(now),
            opened_by: Set(data),
            altered_at: Set(None),
            altered_by: Set(None),
            closed_at: Set(None),
            closed_by: Set(None),
            ..Default::default()
        });
        Entity::insert_many(rows).exec_without_returning(on).await?;
    }
    // Which id each got is read back by what they are known by: rows may come back in any order.
    let versions: Vec<i64> = opened.iter().map(|finding| finding.package_version).collect();
    let written = open(on, &distinct(versions)).await?;
    let mut opened: std::collections::HashMap<_, _> = opened
        .into_iter()
        .map(|one| ((one.package_version, one.vulnerability, one.namespace, one.ordinal), one.names))
        .collect();
    for row in written {
        let known = (row.package_version, row.vulnerability, row.namespace, row.ordinal);
        let own = opened.remove(&known).unwrap_or_default();
        named.extend(own.into_iter().map(|name| names::Model { name, finding: row.id }));
    }
    names::insert(on, &named).await
}

fn distinct(mut ids: Vec<i64>) -> Vec<i64> {
    ids.sort_unstable();
    ids.dedup();
    ids
}
