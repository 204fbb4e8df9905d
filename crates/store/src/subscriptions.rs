//! What an account wants to be told about, or done on its behalf.

use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DeriveActiveEnum, EntityTrait as _, EnumIter,
    QueryFilter as _, entity::prelude::*, sea_query::OnConflict,
};

use crate::{AccountName, Moment, Result};

#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Kind {
    #[sea_orm(string_value = "tag_update")]
    TagUpdate,
    #[sea_orm(string_value = "policy_eval")]
    PolicyEvaluation,
    #[sea_orm(string_value = "vuln_update")]
    VulnerabilityUpdate,
    #[sea_orm(string_value = "analysis_update")]
    AnalysisUpdate,
    #[sea_orm(string_value = "repo_update")]
    RepositoryUpdate,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "subscriptions")]
pub struct Model {
    /// MD5 of account, key and kind, which clients compute.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub account: String,
    pub kind: Kind,
    /// `registry/repository:tag`, or `registry/repository` of a repository's watch.
    pub key: String,
    /// JSON, as the client gave it.
    pub value: Option<String>,
    pub active: bool,
    pub created_at: Moment,
    pub last_updated: Moment,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Makes sure that a subscription is there, inactive if it has to be made, and active if `activate`. None is ever
/// switched off by this (`spec/operations.md` §2.2, D-1).
pub async fn ensure(
    on: &impl ConnectionTrait,
    account: &AccountName,
    id: &str,
    kind: Kind,
    key: &str,
    activate: bool,
    now: Moment,
) -> Result<()> {
    let row = ActiveModel {
        id: Set(id.to_owned()),
        account: Set(account.to_string()),
        kind: Set(kind),
        key: Set(key.to_owned()),
        value: Set(None),
        active: Set(activate),
        created_at: Set(now),
        last_updated: Set(now),
    };
    let there = OnConflict::new().do_nothing().to_owned();
    Entity::insert(row).on_conflict(there).exec_without_returning(on).await?;
    if activate {
        let active = ActiveModel { active: Set(true), last_updated: Set(now), ..Default::default() };
        let asleep = Entity::update_many().set(active).filter(Column::Id.eq(id)).filter(Column::Active.eq(false));
        asleep.filter(Column::Account.eq(account.as_str())).exec(on).await?;
    }
    Ok(())
}

/// Whether any subscription on a key is active.
pub async fn is_watched(on: &impl ConnectionTrait, account: &AccountName, key: &str) -> Result<bool> {
    Ok(on_key(account, key).filter(Column::Active.eq(true)).one(on).await?.is_some())
}

/// Switches off every subscription on a key.
pub async fn silence(on: &impl ConnectionTrait, account: &AccountName, key: &str, now: Moment) -> Result<()> {
    let row = ActiveModel { active: Set(false), last_updated: Set(now), ..Default::default() };
    let active = Entity::update_many().set(row).filter(Column::Active.eq(true));
    active.filter(Column::Account.eq(account.as_str())).filter(Column::Key.eq(key)).exec(on).await?;
    Ok(())
}

/// Removes the subscriptions on a key that are not active.
pub async fn remove_silent(on: &impl ConnectionTrait, account: &AccountName, key: &str) -> Result<()> {
    let own = Entity::delete_many().filter(Column::Account.eq(account.as_str())).filter(Column::Key.eq(key));
    own.filter(Column::Active.eq(false)).exec(on).await?;
    Ok(())
}

fn on_key(account: &AccountName, key: &str) -> Select<Entity> {
    Entity::find().filter(Column::Account.eq(account.as_str())).filter(Column::Key.eq(key))
}
