//! Changes of findings that are to be told of tags: written with the change, and removed with the event that tells of it.

use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _, Statement,
    entity::prelude::*,
};

use crate::{BATCH, Result, Store, finding_changes::listed};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tag_changes")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub state: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub change: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Which changes are handed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Findings that were there before: what was cleared until now is told of nobody.
    Former,
    /// Findings that are new: what is cleared from now on is told of nobody.
    New,
}

/// Hands changes that are newer than `newest` on to the tags whose images hold these packages; answers with how many pairs
/// were written. [`Part::Former`] goes before clearances are written anew, [`Part::New`] after.
pub async fn hand_on(on: &impl ConnectionTrait, newest: i64, versions: &[i64], part: Part) -> Result<u64> {
    let (mut written, is_new) = (0, if part == Part::New { "IS" } else { "IS NOT" });
    for versions in versions.chunks(BATCH) {
        let sql = format!(
            "INSERT INTO tag_changes (state, change) SELECT s.id, c.id FROM finding_changes c \
             JOIN analysis_packages p ON p.package_version = c.package_version AND p.compared > 0 \
             JOIN tag_states s ON s.analysis = p.analysis \
             WHERE c.id > $1 AND NOT c.by_owner AND c.package_version IN ({}) AND c.before {is_new} NULL AND NOT EXISTS \
             (SELECT 1 FROM cleared_findings x WHERE x.finding = c.finding AND x.analysis = p.analysis) \
             ON CONFLICT DO NOTHING",
            listed(versions)
        );
        let statement = Statement::from_sql_and_values(on.get_database_backend(), sql, [newest.into()]);
        written += on.execute_raw(statement).await?.rows_affected();
    }
    Ok(written)
}

/// Hands on what owners have fixed, or have no longer, to the tags of the images that it is a change of.
pub async fn hand_on_clearances(on: &impl ConnectionTrait, changes: &[i64]) -> Result<u64> {
    let mut written = 0;
    for changes in changes.chunks(BATCH) {
        let sql = format!(
            "INSERT INTO tag_changes (state, change) SELECT s.id, o.change FROM clearance_changes o \
             JOIN tag_states s ON s.analysis = o.analysis WHERE o.change IN ({}) ON CONFLICT DO NOTHING",
            listed(changes)
        );
        written += on.execute_raw(Statement::from_string(on.get_database_backend(), sql)).await?.rows_affected();
    }
    Ok(written)
}

/// Forgets changes that were told, or are to be told of nobody.
pub async fn delete(on: &impl ConnectionTrait, rows: &[Model]) -> Result<()> {
    let mut rows = rows.to_vec();
    rows.sort_unstable_by_key(|row| (row.state, row.change));
    for part in rows.chunks(BATCH) {
        let pairs: Vec<String> = part.iter().map(|row| format!("({},{})", row.state, row.change)).collect();
        let sql = format!("DELETE FROM tag_changes WHERE (state, change) IN (VALUES {})", pairs.join(","));
        on.execute_raw(Statement::from_string(on.get_database_backend(), sql)).await?;
    }
    Ok(())
}

/// How many changes are to be told of a state.
pub async fn count(on: &impl ConnectionTrait, state: i64) -> Result<u64> {
    use sea_orm::PaginatorTrait as _;
    Ok(Entity::find().filter(Column::State.eq(state)).count(on).await?)
}

impl Store {
    /// What is to be told of these states, by state and in the order it happened.
    pub async fn tag_changes(&self, states: &[i64]) -> Result<Vec<Model>> {
        let mut rows = Vec::new();
        for part in states.chunks(BATCH) {
            let query = Entity::find().filter(Column::State.is_in(part.iter().copied()));
            rows.extend(query.order_by_asc(Column::State).order_by_asc(Column::Change).all(self.reader()).await?);
        }
        Ok(rows)
    }
}
