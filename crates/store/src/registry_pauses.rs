//! Registries that want to be left alone for a while: by whoever watches something at them, for whatever account.

use sea_orm::{
    ActiveValue::Set,
    entity::prelude::*,
    sea_query::{Expr, OnConflict},
};

use crate::{Moment, Result, Store};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "registry_pauses")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub registry: String,
    /// Not asked before that.
    pub not_before: Moment,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Store {
    /// When a registry may be asked again that wants a pause `now`.
    pub async fn registry_pause(&self, registry: &str, now: Moment) -> Result<Option<Moment>> {
        let pause = Entity::find_by_id(registry).filter(Column::NotBefore.gt(now)).one(self.reader()).await?;
        Ok(pause.map(|pause| pause.not_before))
    }

    /// Has a registry left alone until then; a longer pause stays. Pauses that are over are forgotten.
    pub async fn pause_registry(&self, registry: &str, not_before: Moment, now: Moment) -> Result<()> {
        Entity::delete_many().filter(Column::NotBefore.lte(now)).exec(self.writer()).await?;
        let row = ActiveModel { registry: Set(registry.to_owned()), not_before: Set(not_before) };
        let later = "CASE WHEN registry_pauses.not_before > excluded.not_before THEN registry_pauses.not_before \
                     ELSE excluded.not_before END";
        let longer = OnConflict::column(Column::Registry).value(Column::NotBefore, Expr::cust(later)).to_owned();
        Entity::insert(row).on_conflict(longer).exec_without_returning(self.writer()).await?;
        Ok(())
    }
}
