//! What accounts may have at most.

use sea_orm::{
    ActiveValue::Set, ConnectionTrait, DbBackend, EntityTrait as _, Statement, entity::prelude::*,
    sea_query::OnConflict,
};

use crate::{Account, AccountName, Result, Transaction};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "quotas")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account: String,
    /// Images of the working set; `None`: as the settings say.
    pub images: Option<i64>,
    /// Bytes of all that is kept for the account; `None`: as the settings say.
    pub bytes: Option<i64>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// What an account has of what quotas limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Images that are there to stay.
    pub images: u64,
    /// Bytes of the documents of their analyses, uncompressed, and of bundles in the archive. Documents that images share count
    /// once.
    pub bytes: u64,
}

impl Account {
    /// The quota of this account, if it has one of its own.
    pub async fn quota(&self) -> Result<Option<Model>> {
        Ok(Entity::find_by_id(self.name().as_str()).one(self.reader()).await?)
    }

    /// Gives the account limits of its own, or takes them away; what is not named stays as it is.
    pub async fn set_quota(&self, images: Option<Option<i64>>, bytes: Option<Option<i64>>) -> Result<()> {
        let named = [images.map(|_| Column::Images), bytes.map(|_| Column::Bytes)];
        let named: Vec<Column> = named.into_iter().flatten().collect();
        if named.is_empty() {
            return Ok(());
        }
        let (images, bytes) = (Set(images.flatten()), Set(bytes.flatten()));
        let row = ActiveModel { account: Set(self.name().to_string()), images, bytes };
        let there = OnConflict::column(Column::Account).update_columns(named).to_owned();
        Entity::insert(row).on_conflict(there).exec_without_returning(self.writer()).await?;
        Ok(())
    }

    /// What the account has of what quotas limit.
    pub async fn usage(&self) -> Result<Usage> {
        usage(self.reader(), self.name(), true).await
    }
}

/// As [`Account::usage`], and until the transaction ends nobody else can ask the same: two who add at once do not both find
/// the last free place. Bytes are only counted where that matters.
pub async fn lock_usage(on: &Transaction, account: &AccountName, with_bytes: bool) -> Result<Usage> {
    // SQLite has one writer, who is this one.
    if on.get_database_backend() == DbBackend::Postgres {
        let sql = "SELECT name FROM accounts WHERE name = $1 FOR NO KEY UPDATE";
        on.query_one_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, [account.as_str().into()])).await?;
    }
    usage(on, account, with_bytes).await
}

async fn usage(on: &impl ConnectionTrait, account: &AccountName, with_bytes: bool) -> Result<Usage> {
    let images = "SELECT COUNT(*) FROM images WHERE account = $1 AND status = 'active'";
    let documents = "SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM (SELECT DISTINCT d.object, d.size FROM \
                     analysis_documents d JOIN images i ON i.analysis = d.analysis WHERE i.account = $1) documents";
    let bundles = "SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM archived_images WHERE account = $1";
    let mut found = Usage { images: number(on, images, account).await?, bytes: 0 };
    if with_bytes {
        found.bytes = number(on, documents, account).await? + number(on, bundles, account).await?;
    }
    Ok(found)
}

async fn number(on: &impl ConnectionTrait, sql: &str, account: &AccountName) -> Result<u64> {
    let statement = Statement::from_sql_and_values(on.get_database_backend(), sql, [account.as_str().into()]);
    let row = on.query_one_raw(statement).await?.ok_or_else(|| DbErr::RecordNotFound("a number".into()))?;
    Ok(u64::try_from(row.try_get_by_index::<i64>(0)?).unwrap_or(0))
}
