//! What was last told of tags whose vulnerabilities or verdicts somebody subscribes to.
//!
//! Whoever changes what a tag may be told by wishes, in the same transaction, that it is looked at again; whoever looks
//! compares what is with what was told, and writes the event and the new state in one transaction.

use std::collections::HashSet;

use sea_orm::{
    ActiveValue::Set,
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    Statement,
    entity::prelude::*,
    sea_query::{Expr, ExprTrait as _, OnConflict, Query},
};

use crate::{Account, AccountName, BATCH, Moment, Result, tag_changes};

#[derive(Clone, Debug, Default, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tag_states")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub account: String,
    /// `registry/repository:tag`
    pub fulltag: String,
    /// An image that the subscription names by its digest; empty: the one that the tag stands for.
    pub pinned: String,
    /// The image that it was told of; `None` before the first.
    pub digest: Option<String>,
    pub analysis: Option<i64>,
    /// The verdict that was told: `go`, `warn`, `stop`; `None` where verdicts are not subscribed to.
    pub action: Option<String>,
    pub evaluation: Option<i64>,
    /// What went into it.
    pub policy_digest: Option<String>,
    pub inputs: Option<String>,
    pub data: Option<i64>,
    /// When time alone may change it.
    pub valid_until: Option<Moment>,
    /// When it is to be looked at again; `None`: when something happens.
    pub due_at: Option<Moment>,
    /// How often that was asked for.
    pub wishes: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Account {
    /// The next states after `after`, by id, that are due.
    pub async fn due_tag_states(&self, after: i64, limit: u64, now: Moment) -> Result<Vec<Model>> {
        let own = Entity::find().filter(Column::Account.eq(self.name().as_str())).filter(Column::Id.gt(after));
        let due = own.filter(Column::DueAt.lte(now)).order_by_asc(Column::Id).limit(limit);
        Ok(due.all(self.reader()).await?)
    }

    /// Those of these tags of which images have states that a subscription names.
    pub async fn pinned_tags(&self, fulltags: &[&str]) -> Result<HashSet<String>> {
        let mut pinned = HashSet::new();
        for part in fulltags.chunks(BATCH) {
            let own = Entity::find().select_only().column(Column::Fulltag).distinct();
            let own = own.filter(Column::Account.eq(self.name().as_str())).filter(Column::Pinned.ne(""));
            let own = own.filter(Column::Fulltag.is_in(part.iter().copied()));
            pinned.extend(own.into_tuple::<String>().all(self.reader()).await?);
        }
        Ok(pinned)
    }

    /// States of a tag.
    pub async fn tag_states(&self, fulltag: &str) -> Result<Vec<Model>> {
        let own = Entity::find().filter(Column::Account.eq(self.name().as_str())).filter(Column::Fulltag.eq(fulltag));
        Ok(own.order_by_asc(Column::Pinned).all(self.reader()).await?)
    }
}

/// Wishes that a tag is looked at again; one that is subscribed to gets a state if it has none. `false`: nobody asks for it.
pub async fn wish(on: &impl ConnectionTrait, account: &AccountName, fulltag: &str, now: Moment) -> Result<bool> {
    let sql = "INSERT INTO tag_states (account, fulltag, pinned, due_at, wishes) \
               SELECT s.account, s.key, '', $3, 0 FROM subscriptions s WHERE s.account = $1 AND s.key = $2 \
               AND s.active AND s.kind IN ('vuln_update', 'policy_eval') LIMIT 1 ON CONFLICT DO NOTHING";
    let values = [account.as_str().into(), fulltag.into(), now.into()];
    let engine = on.get_database_backend();
    let made = on.execute_raw(Statement::from_sql_and_values(engine, sql, values)).await?.rows_affected();
    let known = wished(now).filter(Column::Account.eq(account.as_str())).filter(Column::Fulltag.eq(fulltag));
    Ok(made + known.exec(on).await?.rows_affected > 0)
}

/// Makes sure that every tag of an account that is subscribed to has a state.
pub async fn begin_all(on: &impl ConnectionTrait, account: &AccountName, now: Moment) -> Result<()> {
    let sql = "INSERT INTO tag_states (account, fulltag, pinned, due_at, wishes) \
               SELECT DISTINCT s.account, s.key, '', $2, 0 FROM subscriptions s WHERE s.account = $1 AND s.active \
               AND NOT s.is_pattern AND s.kind IN ('vuln_update', 'policy_eval') ON CONFLICT DO NOTHING";
    let values = [account.as_str().into(), now.into()];
    on.execute_raw(Statement::from_sql_and_values(on.get_database_backend(), sql, values)).await?;
    Ok(())
}

/// Wishes that every tag of an account is looked at again. `false`: nobody asks for any.
pub async fn wish_all(on: &impl ConnectionTrait, account: &AccountName, now: Moment) -> Result<bool> {
    Ok(wished(now).filter(Column::Account.eq(account.as_str())).exec(on).await?.rows_affected > 0)
}

/// Wishes that those whose verdict was given by other data are looked at again.
pub async fn wish_judged_by_other_data(
    on: &impl ConnectionTrait,
    account: &AccountName,
    data: i64,
    now: Moment,
) -> Result<()> {
    let own = wished(now).filter(Column::Account.eq(account.as_str())).filter(Column::Action.is_not_null());
    let other = sea_orm::Condition::any().add(Column::Data.is_null()).add(Column::Data.ne(data));
    own.filter(other).exec(on).await?;
    Ok(())
}

/// Wishes that all of which there are changes to be told are looked at again.
pub async fn wish_changed(on: &impl ConnectionTrait, now: Moment) -> Result<()> {
    let changed = Query::select().column(tag_changes::Column::State).from(tag_changes::Entity).to_owned();
    wished(now).filter(Column::Id.in_subquery(changed)).exec(on).await?;
    Ok(())
}

fn wished(now: Moment) -> sea_orm::UpdateMany<Entity> {
    Entity::update_many()
        .col_expr(Column::DueAt, Expr::value(now))
        .col_expr(Column::Wishes, Expr::col(Column::Wishes).add(1))
}

/// Accounts that have states.
pub async fn accounts(on: &impl ConnectionTrait) -> Result<Vec<AccountName>> {
    let query = Entity::find().select_only().column(Column::Account).distinct().order_by_asc(Column::Account);
    let names = query.into_tuple::<String>().all(on).await?;
    Ok(names.iter().map(|name| AccountName::known(name)).collect())
}

/// The first moment after `now` at which a state of an account is due.
pub async fn next_due(on: &impl ConnectionTrait, account: &AccountName, now: Moment) -> Result<Option<Moment>> {
    let own = Entity::find().select_only().column(Column::DueAt).filter(Column::Account.eq(account.as_str()));
    let next = own.filter(Column::DueAt.gt(now)).order_by_asc(Column::DueAt).limit(1);
    Ok(next.into_tuple::<Option<Moment>>().one(on).await?.flatten())
}

/// Locks states until the transaction ends, in the order of ids. What is gone, or was told of meanwhile, is not among them.
pub async fn lock(on: &impl ConnectionTrait, states: &[Model]) -> Result<Vec<i64>> {
    let mut locked = Vec::with_capacity(states.len());
    for part in states.chunks(BATCH) {
        let query = Entity::find().filter(Column::Id.is_in(part.iter().map(|state| state.id)));
        for row in query.order_by_asc(Column::Id).lock_exclusive().all(on).await? {
            let told = |state: &Model| {
                (state.digest.clone(), state.analysis, state.action.clone(), state.evaluation, state.data)
            };
            if part.iter().any(|state| state.id == row.id && told(state) == told(&row)) {
                locked.push(row.id);
            }
        }
    }
    Ok(locked)
}

/// Keeps what was told. Unless it was wished for again meanwhile, it is due at `state.due_at`.
pub async fn keep(on: &impl ConnectionTrait, state: &Model) -> Result<()> {
    let sql = "UPDATE tag_states SET digest = $1, analysis = $2, action = $3, evaluation = $4, policy_digest = $5, \
               inputs = $6, data = $7, valid_until = $8, due_at = CASE WHEN wishes = $9 THEN $10 ELSE due_at END \
               WHERE id = $11";
    let values = [
        state.digest.clone().into(),
        state.analysis.into(),
        state.action.clone().into(),
        state.evaluation.into(),
        state.policy_digest.clone().into(),
        state.inputs.clone().into(),
        state.data.into(),
        state.valid_until.into(),
        state.wishes.into(),
        state.due_at.into(),
        state.id.into(),
    ];
    on.execute_raw(Statement::from_sql_and_values(on.get_database_backend(), sql, values)).await?;
    Ok(())
}

/// Says of states that they are due at another moment, and nothing else of them, unless that was wished for meanwhile.
pub async fn postpone(on: &impl ConnectionTrait, states: &[Model], due_at: Option<Moment>) -> Result<()> {
    for part in states.chunks(BATCH) {
        let pairs: Vec<String> = part.iter().map(|state| format!("({},{})", state.id, state.wishes)).collect();
        let sql = format!("UPDATE tag_states SET due_at = $1 WHERE (id, wishes) IN (VALUES {})", pairs.join(","));
        on.execute_raw(Statement::from_sql_and_values(on.get_database_backend(), sql, [due_at.into()])).await?;
    }
    Ok(())
}

/// Makes sure that the images which a subscription names have states, and that no others do.
pub async fn pin(
    on: &impl ConnectionTrait,
    account: &AccountName,
    fulltag: &str,
    digests: &[String],
    now: Moment,
) -> Result<bool> {
    let mut kept = digests.to_vec();
    kept.push(String::new());
    let own = Entity::delete_many().filter(Column::Account.eq(account.as_str())).filter(Column::Fulltag.eq(fulltag));
    own.filter(Column::Pinned.is_not_in(kept)).exec(on).await?;
    let mut made = 0;
    for digest in digests {
        let row = ActiveModel {
            account: Set(account.to_string()),
            fulltag: Set(fulltag.to_owned()),
            pinned: Set(digest.clone()),
            due_at: Set(Some(now)),
            wishes: Set(0),
            ..Default::default()
        };
        let there = OnConflict::new().do_nothing().to_owned();
        made += Entity::insert(row).on_conflict(there).exec_without_returning(on).await?;
    }
    Ok(made > 0)
}
