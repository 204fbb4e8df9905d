//! Where notices go.

use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _,
    ExprTrait as _, FromQueryResult, IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    entity::prelude::*, sea_query::Expr,
};

use crate::{Account, AccountName, Moment, Result, Store};

#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "endpoints")]
pub struct Model {
    /// 32 hexadecimal digits.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub account: String,
    /// Of the account's own choice.
    pub name: String,
    /// Of its channel: `webhook`, `slack`, …
    pub kind: String,
    /// How it is spoken to. Encrypted.
    pub settings: String,
    /// What it is told of, and when: JSON.
    pub routing: String,
    /// Counted up when what it is sent is divided into requests, or readers, otherwise: by another channel, template or routing.
    pub revision: i64,
    /// Whether it is told what happens in every account.
    pub system_global: bool,
    /// Whether it comes from the configuration, which alone changes it.
    pub configured: bool,
    pub enabled: bool,
    /// Why it is not, if nobody wanted it.
    pub disabled_because: Option<String>,
    /// Deliveries at once, and in a minute; both at least 1.
    pub concurrency: i64,
    pub per_minute: i64,
    /// Attempts that failed in a row, and since when.
    pub failures: i64,
    pub failing_since: Option<Moment>,
    /// Deliveries given up since it last took one.
    pub dead: i64,
    /// Nothing is sent before that.
    pub not_before: Moment,
    /// When it would be even with its limit per minute.
    pub paced_until: Moment,
    pub created_at: Moment,
    pub last_updated: Moment,
}

/// Without settings, though they are encrypted.
impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "endpoint {:?} of {:?}", self.name, self.account)
    }
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// What decides who is told.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Listener {
    pub id: String,
    pub account: String,
    pub name: String,
    pub routing: String,
}

/// The enabled endpoints of an account, and those for every account.
pub async fn listening(on: &impl ConnectionTrait, account: &str) -> Result<Vec<Listener>> {
    let heard = Condition::any().add(Column::Account.eq(account)).add(Column::SystemGlobal.eq(true));
    let columns = [Column::Id, Column::Account, Column::Name, Column::Routing];
    let query = Entity::find().select_only().columns(columns).filter(Column::Enabled.eq(true)).filter(heard);
    Ok(query.order_by_asc(Column::Id).into_model().all(on).await?)
}

impl Account {
    /// By name.
    pub async fn endpoints(&self) -> Result<Vec<Model>> {
        let own = Entity::find().filter(Column::Account.eq(self.name().as_str()));
        Ok(own.order_by_asc(Column::Name).all(self.reader()).await?)
    }

    pub async fn endpoint(&self, name: &str) -> Result<Option<Model>> {
        Ok(self.named_endpoint(name).one(self.writer()).await?)
    }

    /// Adds an endpoint; its account is this one, whatever the row says.
    ///
    /// # Errors
    /// [`Error::Exists`](crate::Error::Exists) where the account has one of that name.
    pub async fn insert_endpoint(&self, row: Model) -> Result<Model> {
        Ok(Model { account: self.name().to_string(), ..row }.into_active_model().insert(self.writer()).await?)
    }

    /// Replaces what the row says, but for when it was made; `false` if the one that was read as `before` is not there, or its
    /// settings are others by now.
    pub async fn replace_endpoint(&self, before: &Model, row: &Model) -> Result<bool> {
        let changed = ActiveModel {
            kind: Set(row.kind.clone()),
            settings: Set(row.settings.clone()),
            routing: Set(row.routing.clone()),
            revision: Set(row.revision),
            system_global: Set(row.system_global),
            configured: Set(row.configured),
            enabled: Set(row.enabled),
            disabled_because: Set(row.disabled_because.clone()),
            concurrency: Set(row.concurrency),
            per_minute: Set(row.per_minute),
            failures: Set(row.failures),
            failing_since: Set(row.failing_since),
            dead: Set(row.dead),
            not_before: Set(row.not_before),
            last_updated: Set(row.last_updated),
            ..Default::default()
        };
        self.change_endpoint(before, changed).await
    }

    /// Replaces how an endpoint is spoken to, and nothing else; `false` if the one that was read as `before` is not there, or
    /// its settings are others by now.
    pub async fn set_endpoint_settings(&self, before: &Model, settings: String, now: Moment) -> Result<bool> {
        let changed = ActiveModel { settings: Set(settings), last_updated: Set(now), ..Default::default() };
        self.change_endpoint(before, changed).await
    }

    /// Settings are encrypted anew whenever they are written: those that read alike were not written since.
    async fn change_endpoint(&self, before: &Model, changed: ActiveModel) -> Result<bool> {
        let own = Entity::update_many().set(changed).filter(Column::Account.eq(self.name().as_str()));
        let as_read = own.filter(Column::Id.eq(&before.id)).filter(Column::Settings.eq(&before.settings));
        Ok(as_read.exec(self.writer()).await?.rows_affected > 0)
    }

    /// Deletes an endpoint with its deliveries.
    pub async fn delete_endpoint(&self, name: &str) -> Result<bool> {
        let own = Entity::delete_many().filter(Column::Account.eq(self.name().as_str()));
        Ok(own.filter(Column::Name.eq(name)).exec(self.writer()).await?.rows_affected > 0)
    }

    pub async fn count_endpoints(&self) -> Result<u64> {
        let own = Entity::find().filter(Column::Account.eq(self.name().as_str()));
        Ok(own.count(self.reader()).await?)
    }

    fn named_endpoint(&self, name: &str) -> Select<Entity> {
        Entity::find().filter(Column::Account.eq(self.name().as_str())).filter(Column::Name.eq(name))
    }
}

impl Store {
    pub async fn endpoint_by_id(&self, id: &str) -> Result<Option<Model>> {
        Ok(Entity::find_by_id(id).one(self.writer()).await?)
    }

    /// Enabled endpoints that failed ever since before `moment`, or gave up at least `dead` deliveries since they last took
    /// one.
    pub async fn failing_endpoints(&self, moment: Moment, dead: i64) -> Result<Vec<Model>> {
        let hopeless = Condition::any().add(Column::FailingSince.lt(moment)).add(Column::Dead.gte(dead));
        Ok(Entity::find().filter(Column::Enabled.eq(true)).filter(hopeless).all(self.reader()).await?)
    }
}

/// Notes that an endpoint took something.
pub async fn note_success(on: &impl ConnectionTrait, id: &str, now: Moment) -> Result<()> {
    let well = ActiveModel {
        failures: Set(0),
        failing_since: Set(None),
        dead: Set(0),
        not_before: Set(now),
        ..Default::default()
    };
    let ill = Condition::any().add(Column::Failures.gt(0)).add(Column::Dead.gt(0));
    Entity::update_many().set(well).filter(Column::Id.eq(id)).filter(ill).exec(on).await?;
    Ok(())
}

/// Notes that an endpoint did not take something, that nothing is sent before `not_before`, and whether it was given up.
pub async fn note_failure(
    on: &impl ConnectionTrait,
    id: &str,
    not_before: Moment,
    given_up: bool,
    now: Moment,
) -> Result<()> {
    let since = Expr::expr(Expr::col(Column::FailingSince)).if_null(now);
    Entity::update_many()
        .col_expr(Column::Failures, Expr::col(Column::Failures).add(1))
        .col_expr(Column::FailingSince, since)
        .col_expr(Column::Dead, Expr::col(Column::Dead).add(i64::from(given_up)))
        .col_expr(Column::NotBefore, Expr::value(not_before))
        .filter(Column::Id.eq(id))
        .exec(on)
        .await?;
    Ok(())
}

/// Notes that a delivery to an endpoint was given up without asking it.
pub async fn note_dead(on: &impl ConnectionTrait, id: &str) -> Result<()> {
    let row = Entity::update_many().col_expr(Column::Dead, Expr::col(Column::Dead).add(1));
    row.filter(Column::Id.eq(id)).exec(on).await?;
    Ok(())
}

/// Disables an endpoint; `false` if it was not enabled.
pub async fn disable(
    on: &impl ConnectionTrait,
    account: &AccountName,
    id: &str,
    why: &str,
    now: Moment,
) -> Result<bool> {
    let row = ActiveModel {
        enabled: Set(false),
        disabled_because: Set(Some(why.to_owned())),
        last_updated: Set(now),
        ..Default::default()
    };
    let enabled = Entity::update_many().set(row).filter(Column::Account.eq(account.as_str()));
    let enabled = enabled.filter(Column::Id.eq(id)).filter(Column::Enabled.eq(true));
    Ok(enabled.exec(on).await?.rows_affected > 0)
}
