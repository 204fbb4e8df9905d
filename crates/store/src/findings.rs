//! Findings of packages, whatever images they are in: rows that are opened by the data in which they appear, altered by
//! data that says something else of them, and closed by the data that no longer has them.

pub mod cleared;
pub mod history;
pub mod names;

use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, EntityTrait as _, FromQueryResult, QueryFilter as _,
    QueryOrder as _, Statement, entity::prelude::*, sea_query::Query,
};

use crate::{BATCH, Moment, Result, Store, analyses, finding_changes::NewChange};

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

/// A finding as it was until now.
#[derive(Clone, Debug)]
pub struct Former {
    pub id: i64,
    pub package_version: i64,
    pub detail: String,
}

/// A finding of an image, with the package that has it.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct InImage {
    pub package_version: i64,
    pub detail: String,
    pub ordinal: i64,
    pub feed_group: String,
    /// Of the package.
    pub name: String,
    pub version: String,
    pub kind: String,
}

/// The open findings of an image that the owners of their packages have not fixed; `None`: there is no such analysis.
pub async fn of_analysis(on: &impl ConnectionTrait, analysis: i64) -> Result<Option<Vec<InImage>>> {
    if analyses::Entity::find_by_id(analysis).one(on).await?.is_none() {
        return Ok(None);
    }
    let sql = "SELECT f.package_version, f.detail, f.ordinal, f.feed_group, v.name, v.version, v.kind \
               FROM analysis_packages p JOIN findings f ON f.package_version = p.package_version \
               AND f.closed_at IS NULL JOIN package_versions v ON v.id = p.package_version \
               WHERE p.analysis = $1 AND p.compared > 0 AND NOT EXISTS \
               (SELECT 1 FROM cleared_findings x WHERE x.finding = f.id AND x.analysis = p.analysis) ORDER BY f.id";
    let statement = Statement::from_sql_and_values(on.get_database_backend(), sql, [analysis.into()]);
    let rows = on.query_all_raw(statement).await?;
    Ok(Some(rows.iter().map(|row| InImage::from_query_result(row, "")).collect::<Result<_, _>>()?))
}

/// What data changed.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    pub opened: Vec<NewFinding>,
    pub altered: Vec<(Former, NewFinding)>,
    pub closed: Vec<Former>,
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

/// Writes what data changed, and answers with the changes one by one.
pub async fn apply(on: &impl ConnectionTrait, changes: Changes, data: i64, now: Moment) -> Result<Vec<NewChange>> {
    let Changes { opened, altered, closed } = changes;
    let mut told = Vec::with_capacity(opened.len() + altered.len() + closed.len());
    let change = |former: Former, after: Option<String>| {
        let Former { id, package_version, detail } = former;
        NewChange { package_version, finding: id, before: Some(detail), after }
    };
    let ids: Vec<i64> = closed.iter().map(|former| former.id).collect();
    told.extend(closed.into_iter().map(|former| change(former, None)));
    let closed = ids;
    for part in closed.chunks(BATCH) {
        let row = ActiveModel { closed_at: Set(Some(now)), closed_by: Set(Some(data)), ..Default::default() };
        Entity::update_many().set(row).filter(Column::Id.is_in(part.iter().copied())).exec(on).await?;
    }
    let renamed: Vec<i64> = altered.iter().map(|(former, _)| former.id).collect();
    names::delete(on, &closed).await?;
    names::delete(on, &renamed).await?;
    let mut named = Vec::new();
    for (former, finding) in altered {
        let id = former.id;
        told.push(change(former, Some(finding.detail.clone())));
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
        let Some(own) = opened.remove(&known) else { continue };
        named.extend(own.into_iter().map(|name| names::Model { name, finding: row.id }));
        let package_version = row.package_version;
        told.push(NewChange { package_version, finding: row.id, before: None, after: Some(row.detail) });
    }
    names::insert(on, &named).await?;
    Ok(told)
}

fn distinct(mut ids: Vec<i64>) -> Vec<i64> {
    ids.sort_unstable();
    ids.dedup();
    ids
}
