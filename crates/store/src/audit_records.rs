//! Who did what, or tried to.

use sea_orm::{
    ActiveModelTrait as _, ActiveValue::NotSet, ColumnTrait as _, DeriveActiveEnum, EntityTrait as _, EnumIter,
    IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, entity::prelude::*,
};

use crate::{Account, Moment, Result, Store};

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Outcome {
    #[sea_orm(string_value = "done")]
    Done,
    #[sea_orm(string_value = "refused")]
    Refused,
    #[sea_orm(string_value = "failed")]
    Failed,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_records")]
pub struct Model {
    /// Later records have higher ids.
    #[sea_orm(primary_key)]
    pub id: i64,
    pub created_at: Moment,
    /// Who; of a refused log-in, the name that was tried.
    pub username: Option<String>,
    /// Whose record it is: the account that it was done in.
    pub account: String,
    /// `createImage`, `login`, …
    pub action: String,
    /// The path of the request, and the name of what it makes.
    pub target: String,
    pub outcome: Outcome,
    /// The status of the response.
    pub status: i64,
    pub address: Option<String>,
    pub request_id: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Which records, latest first.
#[derive(Clone, Debug, Default)]
pub struct Selection<'a> {
    pub username: Option<&'a str>,
    /// Only records that are older than the one of this id.
    pub before: Option<i64>,
    pub limit: u64,
}

impl Store {
    /// Adds a record; its id is given by the database.
    pub async fn insert_audit_record(&self, record: Model) -> Result<()> {
        let row = ActiveModel { id: NotSet, ..record.into_active_model() };
        row.insert(self.writer()).await?;
        Ok(())
    }

    /// The records of every account.
    pub async fn audit_records(&self, selection: &Selection<'_>) -> Result<Vec<Model>> {
        Ok(selected(Entity::find(), selection).all(self.reader()).await?)
    }
}

impl Account {
    /// The records of this account.
    pub async fn audit_records(&self, selection: &Selection<'_>) -> Result<Vec<Model>> {
        let own = Entity::find().filter(Column::Account.eq(self.name().as_str()));
        Ok(selected(own, selection).all(self.reader()).await?)
    }
}

fn selected(query: Select<Entity>, selection: &Selection<'_>) -> Select<Entity> {
    let mut query = query.order_by_desc(Column::Id).limit(selection.limit);
    if let Some(username) = selection.username {
        query = query.filter(Column::Username.eq(username));
    }
    if let Some(before) = selection.before {
        query = query.filter(Column::Id.lt(before));
    }
    query
}
