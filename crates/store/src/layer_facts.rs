//! Facts of layers that images of an account had: where they are in object storage, and when they were last of use.

use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, entity::prelude::*, sea_query::OnConflict,
};

use crate::{Account, AccountName, Moment, Result, Store};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "layer_facts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account: String,
    /// The diff id, and the key of who looked.
    #[sea_orm(primary_key, auto_increment = false)]
    pub layer: String,
    /// Its key in object storage.
    pub object: String,
    pub used_at: Moment,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Account {
    /// The object with the facts of a layer.
    pub async fn layer_facts(&self, layer: &str) -> Result<Option<String>> {
        let row = Entity::find_by_id((self.name().to_string(), layer.to_owned())).one(self.reader()).await?;
        Ok(row.map(|row| row.object))
    }
}

impl Store {
    /// Objects of all accounts that were of no use since then, longest first; at most `limit`.
    pub async fn unused_layer_facts(&self, since: Moment, limit: u64) -> Result<Vec<Model>> {
        let query = Entity::find().filter(Column::UsedAt.lt(since)).order_by_asc(Column::UsedAt);
        Ok(query.limit(limit).all(self.reader()).await?)
    }
}

/// Notes where the facts of a layer are, in place of what was noted before.
pub async fn keep(
    on: &impl ConnectionTrait,
    account: &AccountName,
    layer: &str,
    object: &str,
    now: Moment,
) -> Result<()> {
    let row = ActiveModel {
        account: Set(account.to_string()),
        layer: Set(layer.to_owned()),
        object: Set(object.to_owned()),
        used_at: Set(now),
    };
    let newer = OnConflict::columns([Column::Account, Column::Layer])
        .update_columns([Column::Object, Column::UsedAt])
        .to_owned();
    Entity::insert(row).on_conflict(newer).exec_without_returning(on).await?;
    Ok(())
}

/// Notes that facts were of use.
pub async fn touch(on: &impl ConnectionTrait, account: &AccountName, layer: &str, now: Moment) -> Result<()> {
    let row = ActiveModel { used_at: Set(now), ..Default::default() };
    let own = Entity::update_many().set(row).filter(Column::Account.eq(account.as_str()));
    own.filter(Column::Layer.eq(layer)).exec(on).await?;
    Ok(())
}

/// Forgets facts, unless they were of use meanwhile; tells whether it did.
pub async fn remove(on: &impl ConnectionTrait, row: &Model) -> Result<bool> {
    let own = Entity::delete_many().filter(Column::Account.eq(&row.account)).filter(Column::Layer.eq(&row.layer));
    Ok(own.filter(Column::UsedAt.eq(row.used_at)).exec(on).await?.rows_affected > 0)
}
