//! Verdicts of policies on images: one row for each stretch of time in which the final action stayed the same
//! (`spec/policy.md` §5.6).

use sea_orm::{
    ActiveModelTrait as _,
    ActiveValue::{NotSet, Set},
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Select,
    entity::prelude::*,
    sea_query::{Condition, ExprTrait as _},
};

use crate::{Account, AccountName, Moment, Result};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "evaluations")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub account: String,
    /// Of the image: `sha256:…`
    pub digest: String,
    /// The name it was judged under: `registry/repository:tag`
    pub fulltag: String,
    pub policy_id: String,
    /// `go`, `warn`, `stop`
    pub final_action: String,
    /// Of the bundle that judged.
    pub policy_digest: String,
    /// What was judged.
    pub analysis: i64,
    /// The vulnerability data that was in force; `None`: there was none.
    pub data: Option<i64>,
    /// Of what else went in.
    pub inputs: String,
    /// When time alone may change the verdict.
    pub valid_until: Option<Moment>,
    /// The key of the last result in object storage.
    pub object: String,
    /// When the final action became this.
    pub created_at: Moment,
    /// When it was last found to be.
    pub last_evaluated: Moment,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// An image under a name, judged by a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question<'a> {
    pub digest: &'a str,
    pub fulltag: &'a str,
    pub policy_id: &'a str,
}

/// Everything that a verdict depends on. While it is the same, and the time has not come, so is the verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basis {
    pub policy_digest: String,
    pub analysis: i64,
    pub data: Option<i64>,
    pub inputs: String,
}

/// A verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub final_action: String,
    pub valid_until: Option<Moment>,
    pub object: String,
}

impl Model {
    /// Whether the same question on this basis would be answered the same now.
    pub fn holds(&self, basis: &Basis, now: Moment) -> bool {
        self.policy_digest == basis.policy_digest
            && self.analysis == basis.analysis
            && self.data == basis.data
            && self.inputs == basis.inputs
            && self.valid_until.is_none_or(|until| now < until)
    }
}

impl Account {
    /// The last verdict.
    pub async fn last_evaluation(&self, question: Question<'_>) -> Result<Option<Model>> {
        last(self.reader(), self.name(), question).await
    }

    /// The verdict with this id.
    pub async fn evaluation(&self, id: i64) -> Result<Option<Model>> {
        let own = Entity::find_by_id(id).filter(Column::Account.eq(self.name().as_str()));
        Ok(own.one(self.reader()).await?)
    }

    /// Every verdict on an image, in the order they were first given.
    pub async fn evaluations_of_image(&self, digest: &str) -> Result<Vec<Model>> {
        let own = Entity::find().filter(Column::Account.eq(self.name().as_str())).filter(Column::Digest.eq(digest));
        Ok(own.order_by_asc(Column::Id).all(self.reader()).await?)
    }

    /// Verdicts on an image under a name, of one policy or all of them, newest first: `limit` at most, without the first
    /// `offset`.
    pub async fn evaluation_history(
        &self,
        digest: &str,
        fulltag: &str,
        policy_id: Option<&str>,
        offset: u64,
        limit: u64,
    ) -> Result<Vec<Model>> {
        let mut query = of_tag(self.name(), digest, fulltag);
        if let Some(policy_id) = policy_id {
            query = query.filter(Column::PolicyId.eq(policy_id));
        }
        Ok(newest_first(query).offset(offset).limit(limit).all(self.reader()).await?)
    }
}

fn of_tag(account: &AccountName, digest: &str, fulltag: &str) -> Select<Entity> {
    let own = Entity::find().filter(Column::Account.eq(account.as_str()));
    own.filter(Column::Digest.eq(digest)).filter(Column::Fulltag.eq(fulltag))
}

fn newest_first(query: Select<Entity>) -> Select<Entity> {
    query.order_by_desc(Column::LastEvaluated).order_by_desc(Column::Id)
}

/// The last verdict.
pub async fn last(on: &impl ConnectionTrait, account: &AccountName, question: Question<'_>) -> Result<Option<Model>> {
    let of_tag = of_tag(account, question.digest, question.fulltag);
    Ok(newest_first(of_tag.filter(Column::PolicyId.eq(question.policy_id))).one(on).await?)
}

/// Keeps a verdict after the `last` one: as a row of its own where the final action is another one, else by refreshing that
/// row. To be called while the image is [locked](crate::images::lock).
pub async fn record(
    on: &impl ConnectionTrait,
    account: &AccountName,
    question: Question<'_>,
    last: Option<&Model>,
    basis: Basis,
    answer: Answer,
    now: Moment,
) -> Result<Model> {
    let row = ActiveModel {
        final_action: Set(answer.final_action.clone()),
        policy_digest: Set(basis.policy_digest),
        analysis: Set(basis.analysis),
        data: Set(basis.data),
        inputs: Set(basis.inputs),
        valid_until: Set(answer.valid_until),
        object: Set(answer.object),
        last_evaluated: Set(now),
        ..Default::default()
    };
    if let Some(last) = last.filter(|last| last.final_action == answer.final_action) {
        return Ok(ActiveModel { id: Set(last.id), ..row }.update(on).await?);
    }
    let new = ActiveModel {
        account: Set(account.to_string()),
        digest: Set(question.digest.to_owned()),
        fulltag: Set(question.fulltag.to_owned()),
        policy_id: Set(question.policy_id.to_owned()),
        created_at: Set(now),
        ..row
    };
    Ok(new.insert(on).await?)
}

/// Writes a verdict as it was kept elsewhere; its id is the one that this database gives it.
pub async fn restore(on: &impl ConnectionTrait, evaluation: Model) -> Result<()> {
    let row = ActiveModel { id: NotSet, ..evaluation.into_active_model() };
    Entity::insert(row).exec_without_returning(on).await?;
    Ok(())
}

/// Forgets every verdict on an image, and tells which objects they referred to.
pub async fn delete_of_image(on: &impl ConnectionTrait, account: &str, digest: &str) -> Result<Vec<String>> {
    let of_image = Column::Account.eq(account).and(Column::Digest.eq(digest));
    let objects = Entity::find().select_only().column(Column::Object).distinct().filter(of_image.clone());
    let objects = objects.into_tuple().all(on).await?;
    Entity::delete_many().filter(of_image).exec(on).await?;
    Ok(objects)
}

/// Forgets the verdicts of a policy, and tells which results they had in object storage.
pub async fn delete_of_policy(
    on: &impl ConnectionTrait,
    account: &AccountName,
    policy_id: &str,
) -> Result<Vec<String>> {
    let of_policy = || Condition::all().add(Column::Account.eq(account.as_str())).add(Column::PolicyId.eq(policy_id));
    let results = Entity::find().select_only().column(Column::Object).distinct().filter(of_policy());
    let results = results.into_tuple().all(on).await?;
    Entity::delete_many().filter(of_policy()).exec(on).await?;
    Ok(results)
}
