//! Users and what they prove themselves with.

use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DeriveActiveEnum, EntityTrait as _,
    EnumIter, QueryFilter as _, QueryOrder as _, QuerySelect as _, entity::prelude::*,
};

use crate::{Account, AccountName, Moment, Result, Store, Username, accounts};

/// Where a user comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Kind {
    #[sea_orm(string_value = "native")]
    Native,
    #[sea_orm(string_value = "internal")]
    Internal,
    #[sea_orm(string_value = "external")]
    External,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub username: String,
    /// The subject of tokens; never shown.
    pub id: String,
    pub account: String,
    pub kind: Kind,
    /// Who vouches for an external user.
    pub source: Option<String>,
    pub created_at: Moment,
    pub last_updated: Moment,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(belongs_to = "accounts::Entity", from = "Column::Account", to = "accounts::Column::Name")]
    Account,
    #[sea_orm(has_one = "credential::Entity")]
    Credential,
}

impl Related<accounts::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Account.def()
    }
}

impl Related<credential::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Credential.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}

/// A user's password.
pub mod credential {
    use super::{EnumIter, Moment, Related, RelationDef};
    use sea_orm::entity::prelude::*;

    #[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "credentials")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub username: String,
        /// argon2id, as a PHC string.
        pub password_hash: String,
        pub created_at: Moment,
    }

    impl std::fmt::Debug for Model {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.debug_struct("Credential").field("username", &self.username).finish_non_exhaustive()
        }
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(belongs_to = "super::Entity", from = "Column::Username", to = "super::Column::Username")]
        User,
    }

    impl Related<super::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::User.def()
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A user with the account it belongs to: who is asking.
#[derive(Clone, Debug)]
pub struct Identity {
    pub user: Model,
    pub account: accounts::Model,
    /// The password; absent where none was set.
    pub credential: Option<credential::Model>,
}

impl Store {
    /// Who a name belongs to.
    pub async fn identity_by_name(&self, username: &str) -> Result<Option<Identity>> {
        self.identity(Column::Username.eq(username)).await
    }

    /// Whom the subject of a token means.
    pub async fn identity_by_id(&self, id: &str) -> Result<Option<Identity>> {
        self.identity(Column::Id.eq(id)).await
    }

    async fn identity(&self, which: sea_orm::sea_query::SimpleExpr) -> Result<Option<Identity>> {
        // One query: this is asked with every request.
        let query = Entity::find().filter(which).find_also_related(accounts::Entity);
        let query = query.find_also_related(credential::Entity);
        let Some((user, Some(account), credential)) = query.one(self.reader()).await? else { return Ok(None) };
        Ok(Some(Identity { user, account, credential }))
    }

    pub async fn find_user(&self, username: &str) -> Result<Option<Model>> {
        Ok(Entity::find_by_id(username).one(self.reader()).await?)
    }
}

impl Account {
    /// The account's users, by name.
    pub async fn users(&self) -> Result<Vec<Model>> {
        let query = self.own_users().filter(Column::Kind.ne(Kind::Internal));
        Ok(query.order_by_asc(Column::Username).all(self.reader()).await?)
    }

    pub async fn find_user(&self, username: &str) -> Result<Option<Model>> {
        Ok(self.own_users().filter(Column::Username.eq(username)).one(self.reader()).await?)
    }

    /// When the password of a user of this account was set; `None` where there is none.
    pub async fn password_set_at(&self, username: &str) -> Result<Option<Moment>> {
        let query = self.own_users().filter(Column::Username.eq(username)).inner_join(credential::Entity);
        let query = query.select_only().column(credential::Column::CreatedAt);
        Ok(query.into_tuple().one(self.reader()).await?)
    }

    fn own_users(&self) -> Select<Entity> {
        Entity::find().filter(Column::Account.eq(self.name().as_str()))
    }
}

/// Adds a user.
///
/// # Errors
/// [`Error::Exists`](crate::Error::Exists) where the name is taken, in whatever account.
pub async fn insert(
    on: &impl ConnectionTrait,
    username: &Username,
    id: String,
    account: &AccountName,
    kind: Kind,
    now: Moment,
) -> Result<Model> {
    let row = ActiveModel {
        username: Set(username.to_string()),
        id: Set(id),
        account: Set(account.to_string()),
        kind: Set(kind),
        source: Set(None),
        created_at: Set(now),
        last_updated: Set(now),
    };
    Ok(row.insert(on).await?)
}

/// Sets or replaces a user's password.
pub async fn set_password(on: &impl ConnectionTrait, username: &str, password_hash: &str, now: Moment) -> Result<()> {
    let row = credential::ActiveModel {
        username: Set(username.to_owned()),
        password_hash: Set(password_hash.to_owned()),
        created_at: Set(now),
    };
    let mut conflict = sea_orm::sea_query::OnConflict::column(credential::Column::Username);
    conflict.update_columns([credential::Column::PasswordHash, credential::Column::CreatedAt]);
    credential::Entity::insert(row).on_conflict(conflict).exec_without_returning(on).await?;
    Ok(())
}

/// Removes a user's password.
pub async fn delete_password(on: &impl ConnectionTrait, username: &str) -> Result<bool> {
    Ok(credential::Entity::delete_by_id(username).exec(on).await?.rows_affected > 0)
}

/// Removes a user of an account with its password, keys and roles.
pub async fn delete(on: &impl ConnectionTrait, account: &AccountName, username: &str) -> Result<bool> {
    let which =
        Entity::delete_many().filter(Column::Username.eq(username)).filter(Column::Account.eq(account.as_str()));
    Ok(which.exec(on).await?.rows_affected > 0)
}

/// Removes every user of an account.
pub async fn delete_all(on: &impl ConnectionTrait, account: &AccountName) -> Result<()> {
    Entity::delete_many().filter(Column::Account.eq(account.as_str())).exec(on).await?;
    Ok(())
}
