//! Which notices a delivery tells.

use sea_orm::entity::prelude::*;

use crate::notices;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "delivery_notices")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub delivery: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub notice: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(belongs_to = "notices::Entity", from = "Column::Notice", to = "notices::Column::Number")]
    Notice,
}

impl Related<notices::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Notice.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
