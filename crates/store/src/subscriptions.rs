//! What an account wants to be told about, or done on its behalf.

use std::collections::HashSet;

use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, Condition, ConnectionTrait, DeriveActiveEnum,
    EntityTrait as _, EnumIter, IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    entity::prelude::*, sea_query::OnConflict,
};

use crate::{Account, AccountName, BATCH, Moment, Result};

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

/// Who decided whether a subscription is active.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum SetBy {
    /// Nobody in particular: it was made with its tag.
    #[sea_orm(string_value = "tag")]
    Tag,
    /// A pattern that its key fits switched it on.
    #[sea_orm(string_value = "pattern")]
    Pattern,
    /// A user: no pattern changes it.
    #[sea_orm(string_value = "user")]
    User,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "subscriptions")]
pub struct Model {
    /// MD5 of account, key and kind, which clients compute.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub account: String,
    pub kind: Kind,
    /// `registry/repository:tag`, or `registry/repository` of a repository's watch; of a pattern, with `*` for anything.
    pub key: String,
    /// JSON, as the client gave it.
    pub value: Option<String>,
    pub active: bool,
    pub set_by: SetBy,
    /// It is of all tags whose names its key fits.
    pub is_pattern: bool,
    pub created_at: Moment,
    pub last_updated: Moment,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Which subscriptions; what is not given does not count.
#[derive(Clone, Debug, Default)]
pub struct Filter<'a> {
    pub key: Option<&'a str>,
    pub kind: Option<Kind>,
    /// No more than these, after leaving out those before.
    pub page: Option<Page>,
}

/// A part of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    pub offset: u64,
    pub limit: u64,
}

/// What is changed of a subscription; nothing of what is not given.
#[derive(Clone, Debug, Default)]
pub struct Change {
    pub active: Option<bool>,
    pub value: Option<Option<String>>,
}

impl Account {
    /// By key and kind.
    pub async fn subscriptions(&self, filter: Filter<'_>) -> Result<Vec<Model>> {
        let mut query = Entity::find().filter(Column::Account.eq(self.name().as_str()));
        if let Some(key) = filter.key {
            query = query.filter(Column::Key.eq(key));
        }
        if let Some(kind) = filter.kind {
            query = query.filter(Column::Kind.eq(kind));
        }
        if let Some(page) = filter.page {
            query = query.offset(page.offset).limit(page.limit);
        }
        Ok(query.order_by_asc(Column::Key).order_by_asc(Column::Kind).all(self.reader()).await?)
    }

    /// Those of these kinds on these keys that are active.
    pub async fn active_subscriptions(&self, kinds: &[Kind], keys: &[&str]) -> Result<Vec<Model>> {
        let mut rows = Vec::new();
        for part in keys.chunks(BATCH) {
            let query = Entity::find().filter(Column::Account.eq(self.name().as_str())).filter(Column::Active.eq(true));
            let query = query.filter(Column::Key.is_in(part.iter().copied()));
            rows.extend(query.filter(Column::Kind.is_in(kinds.iter().copied())).all(self.reader()).await?);
        }
        Ok(rows)
    }

    pub async fn subscription(&self, id: &str) -> Result<Option<Model>> {
        let own = Entity::find_by_id(id).filter(Column::Account.eq(self.name().as_str()));
        Ok(own.one(self.reader()).await?)
    }

    /// As [`insert`], by itself.
    pub async fn insert_subscription(&self, row: Model) -> Result<Model> {
        insert(self.writer(), self.name(), row).await
    }

    /// As [`change`], by itself.
    pub async fn change_subscription(&self, id: &str, change: Change, now: Moment) -> Result<Option<Model>> {
        self::change(self.writer(), self.name(), id, change, now).await
    }

    /// Deletes a subscription with what its watch knows.
    pub async fn delete_subscription(&self, id: &str) -> Result<bool> {
        delete(self.writer(), self.name(), id).await
    }
}

/// As [`Account::delete_subscription`], in a transaction.
pub async fn delete(on: &impl ConnectionTrait, account: &AccountName, id: &str) -> Result<bool> {
    let own = Entity::delete_many().filter(Column::Account.eq(account.as_str()));
    Ok(own.filter(Column::Id.eq(id)).exec(on).await?.rows_affected > 0)
}

/// Adds a subscription; its account is this one, whatever the row says.
///
/// # Errors
/// [`Error::Exists`](crate::Error::Exists) where the account has one of that kind and key already.
pub async fn insert(on: &impl ConnectionTrait, account: &AccountName, row: Model) -> Result<Model> {
    Ok(Model { account: account.to_string(), ..row }.into_active_model().insert(on).await?)
}

/// Changes a subscription, as its user wants it; `None` if it is not there.
pub async fn change(
    on: &impl ConnectionTrait,
    account: &AccountName,
    id: &str,
    change: Change,
    now: Moment,
) -> Result<Option<Model>> {
    let mut row = ActiveModel { last_updated: Set(now), ..Default::default() };
    if let Some(active) = change.active {
        row.active = Set(active);
        row.set_by = Set(SetBy::User);
    }
    if let Some(value) = change.value {
        row.value = Set(value);
    }
    let own = Entity::update_many().set(row).filter(Column::Account.eq(account.as_str()));
    own.filter(Column::Id.eq(id)).exec(on).await?;
    let own = Entity::find_by_id(id).filter(Column::Account.eq(account.as_str()));
    Ok(own.one(on).await?)
}

/// Those of these subscriptions of an account that are active.
pub async fn active_among(
    on: &impl ConnectionTrait,
    account: &AccountName,
    ids: impl IntoIterator<Item = &str>,
) -> Result<HashSet<String>> {
    let ids: Vec<&str> = ids.into_iter().collect();
    let mut active = HashSet::new();
    for part in ids.chunks(BATCH) {
        let own = Entity::find().select_only().column(Column::Id).filter(Column::Account.eq(account.as_str()));
        let own = own.filter(Column::Active.eq(true)).filter(Column::Id.is_in(part.iter().copied()));
        active.extend(own.into_tuple::<String>().all(on).await?);
    }
    Ok(active)
}

/// Whether a subscription is there and active, in the transaction of what follows from it.
pub async fn is_active(on: &impl ConnectionTrait, account: &AccountName, id: &str) -> Result<bool> {
    Ok(active(account, id).one(on).await?.is_some())
}

/// The same, and nobody else asks for it or changes it until the transaction ends.
pub async fn lock_active(on: &impl ConnectionTrait, account: &AccountName, id: &str) -> Result<bool> {
    Ok(active(account, id).lock_exclusive().one(on).await?.is_some())
}

fn active(account: &AccountName, id: &str) -> Select<Entity> {
    let own = Entity::find_by_id(id).filter(Column::Account.eq(account.as_str()));
    own.filter(Column::Active.eq(true))
}

/// What a tag's subscription is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Inactive, if it has to be made.
    Inactive,
    /// Active, if it has to be made.
    Active,
    /// Active in any case.
    Activated,
}

/// Makes sure that a subscription is there. None is ever switched off by this (`spec/operations.md` §2.2, D-1).
pub async fn ensure(
    on: &impl ConnectionTrait,
    account: &AccountName,
    id: &str,
    kind: Kind,
    key: &str,
    start: Start,
    now: Moment,
) -> Result<()> {
    let row = ActiveModel {
        id: Set(id.to_owned()),
        account: Set(account.to_string()),
        kind: Set(kind),
        key: Set(key.to_owned()),
        value: Set(None),
        active: Set(start != Start::Inactive),
        set_by: Set(SetBy::Tag),
        is_pattern: Set(false),
        created_at: Set(now),
        last_updated: Set(now),
    };
    let there = OnConflict::new().do_nothing().to_owned();
    Entity::insert(row).on_conflict(there).exec_without_returning(on).await?;
    if start == Start::Activated {
        let own = || Entity::update_many().filter(Column::Id.eq(id)).filter(Column::Account.eq(account.as_str()));
        let active = ActiveModel { active: Set(true), last_updated: Set(now), ..Default::default() };
        own().set(active).filter(Column::Active.eq(false)).exec(on).await?;
        // It stays active when the pattern is gone.
        let kept = ActiveModel { set_by: Set(SetBy::Tag), ..Default::default() };
        own().set(kept).filter(Column::SetBy.eq(SetBy::Pattern)).exec(on).await?;
    }
    Ok(())
}

/// The active patterns of an account.
pub async fn patterns(on: &impl ConnectionTrait, account: &AccountName) -> Result<Vec<Model>> {
    let own = Entity::find().filter(Column::Account.eq(account.as_str())).filter(Column::IsPattern.eq(true));
    Ok(own.filter(Column::Active.eq(true)).order_by_asc(Column::Id).all(on).await?)
}

/// The subscriptions of tags of a kind that patterns decide about: those that no user has decided about.
pub async fn undecided(on: &impl ConnectionTrait, account: &AccountName, kind: Kind) -> Result<Vec<Model>> {
    let own = Entity::find().filter(Column::Account.eq(account.as_str())).filter(Column::Kind.eq(kind));
    let own = own.filter(Column::IsPattern.eq(false)).filter(Column::SetBy.ne(SetBy::User));
    Ok(own.order_by_asc(Column::Id).all(on).await?)
}

/// Switches on those of these subscriptions that a pattern is of, that are not active, and that no user has decided about.
pub async fn switch_on_by_pattern(
    on: &impl ConnectionTrait,
    account: &AccountName,
    ids: &[String],
    now: Moment,
) -> Result<()> {
    let row =
        ActiveModel { active: Set(true), set_by: Set(SetBy::Pattern), last_updated: Set(now), ..Default::default() };
    for part in ids.chunks(BATCH) {
        let own = Entity::update_many().set(row.clone()).filter(Column::Account.eq(account.as_str()));
        let own = own.filter(Column::Id.is_in(part.iter().map(String::as_str))).filter(Column::Active.eq(false));
        own.filter(Column::SetBy.ne(SetBy::User)).exec(on).await?;
    }
    Ok(())
}

/// Switches off those of these subscriptions that are active because of a pattern alone.
pub async fn switch_off_by_pattern(
    on: &impl ConnectionTrait,
    account: &AccountName,
    ids: &[String],
    now: Moment,
) -> Result<()> {
    let row = ActiveModel { active: Set(false), set_by: Set(SetBy::Tag), last_updated: Set(now), ..Default::default() };
    for part in ids.chunks(BATCH) {
        let own = Entity::update_many().set(row.clone()).filter(Column::Account.eq(account.as_str()));
        let own = own.filter(Column::Id.is_in(part.iter().map(String::as_str)));
        own.filter(Column::SetBy.eq(SetBy::Pattern)).exec(on).await?;
    }
    Ok(())
}

/// Whether any subscription on a key is active.
pub async fn is_watched(on: &impl ConnectionTrait, account: &AccountName, key: &str) -> Result<bool> {
    Ok(on_key(account, key).filter(Column::Active.eq(true)).one(on).await?.is_some())
}

/// Switches off every subscription on a key. That is nobody's decision: patterns switch them on again when the tag has another
/// image.
pub async fn silence(on: &impl ConnectionTrait, account: &AccountName, key: &str, now: Moment) -> Result<()> {
    let row = ActiveModel { active: Set(false), set_by: Set(SetBy::Tag), last_updated: Set(now), ..Default::default() };
    let active = Entity::update_many().set(row).filter(Column::Active.eq(true));
    active.filter(Column::Account.eq(account.as_str())).filter(Column::Key.eq(key)).exec(on).await?;
    Ok(())
}

/// Removes the subscriptions on a key that are not active, or only because of a pattern.
pub async fn remove_silent(on: &impl ConnectionTrait, account: &AccountName, key: &str) -> Result<()> {
    let own = Entity::delete_many().filter(Column::Account.eq(account.as_str())).filter(Column::Key.eq(key));
    let silent = Condition::any().add(Column::Active.eq(false)).add(Column::SetBy.eq(SetBy::Pattern));
    own.filter(silent).exec(on).await?;
    Ok(())
}

fn on_key(account: &AccountName, key: &str) -> Select<Entity> {
    Entity::find().filter(Column::Account.eq(account.as_str())).filter(Column::Key.eq(key))
}
