//! Analyses in the archive: one row for each image of an account, and one for each tag that it had.

use std::collections::HashMap;

use sea_orm::{
    ActiveValue::Set,
    ColumnTrait as _, ConnectionTrait, DeriveActiveEnum, EntityTrait as _, EnumIter, ExprTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Select, Statement,
    entity::prelude::*,
    sea_query::{Condition, OnConflict},
};

use crate::{
    Account, AccountName, BATCH, Moment, Result,
    image_tags::{self, TagName},
    images,
};

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Status {
    /// Its bundle is being written.
    #[sea_orm(string_value = "archiving")]
    Archiving,
    #[sea_orm(string_value = "archived")]
    Archived,
    /// Its bundle is being removed.
    #[sea_orm(string_value = "deleting")]
    Deleting,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "archived_images")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub account: String,
    /// Of the image's manifest: `sha256:…`
    pub digest: String,
    /// Of the index that led to it; the same as `digest` where none did.
    pub parent_digest: String,
    /// Digest of the config, without `sha256:`.
    pub image_id: String,
    pub status: Status,
    /// A JSON object.
    pub annotations: String,
    /// The key of its bundle in the archive's object storage.
    pub object: Option<String>,
    /// Bytes of the bundle.
    pub size: Option<i64>,
    pub analyzed_at: Moment,
    /// When it was archived.
    pub created_at: Moment,
    pub last_updated: Moment,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Tags that archived images had.
pub mod tags {
    use sea_orm::entity::prelude::*;

    use crate::Moment;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "archived_tags")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub image: i64,
        pub account: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub registry: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub repository: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub tag: String,
        /// When it came to stand for the image.
        pub detected_at: Moment,
        /// When it was archived.
        pub created_at: Moment,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// An analysis that is to be archived.
#[derive(Clone, Debug)]
pub struct NewArchived<'a> {
    pub digest: &'a str,
    pub parent_digest: &'a str,
    pub image_id: &'a str,
    /// A JSON object.
    pub annotations: &'a str,
    pub analyzed_at: Moment,
    /// With when they came to stand for the image.
    pub tags: Vec<(TagName<'a>, Moment)>,
}

impl<'a> NewArchived<'a> {
    /// That of an image with these tags.
    pub fn of(image: &'a images::Model, tags: &'a [image_tags::Model], analyzed_at: Moment) -> Self {
        Self {
            digest: &image.digest,
            parent_digest: &image.parent_digest,
            image_id: &image.image_id,
            annotations: &image.annotations,
            analyzed_at,
            tags: tags.iter().map(|tag| (tag.name(), tag.detected_at)).collect(),
        }
    }
}

/// How much an account has archived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    pub images: u64,
    pub tags: u64,
    /// Bytes of all bundles.
    pub bytes: u64,
    pub last_updated: Option<Moment>,
}

/// A part of the archived images.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// When the last one of the part before came, and its id.
    pub after: Option<(Moment, i64)>,
    /// How many are left out.
    pub offset: u64,
    pub limit: u64,
}

impl Account {
    /// Every archived image, the one archived last first.
    pub async fn archived_images(&self) -> Result<Vec<Model>> {
        Ok(newest_first(self.own_archived()).all(self.reader()).await?)
    }

    /// A part of [`Account::archived_images`].
    pub async fn part_of_archived_images(&self, part: Part) -> Result<Vec<Model>> {
        let mut query = self.own_archived();
        if let Some((created_at, id)) = part.after {
            let same_moment = Column::CreatedAt.eq(created_at).and(Column::Id.lt(id));
            query = query.filter(Column::CreatedAt.lt(created_at).or(same_moment));
        }
        Ok(newest_first(query).offset(part.offset).limit(part.limit).all(self.reader()).await?)
    }

    /// The archived image with this digest; else the newest whose index has it.
    pub async fn archived_image(&self, digest: &str) -> Result<Option<Model>> {
        let exact = self.own_archived().filter(Column::Digest.eq(digest)).one(self.reader()).await?;
        if exact.is_some() {
            return Ok(exact);
        }
        Ok(newest_first(self.own_archived().filter(Column::ParentDigest.eq(digest))).one(self.reader()).await?)
    }

    /// The tags of these archived images, each image's by name.
    pub async fn archived_tags(&self, images: &[i64]) -> Result<HashMap<i64, Vec<tags::Model>>> {
        let mut found: HashMap<i64, Vec<tags::Model>> = HashMap::new();
        for part in images.chunks(BATCH) {
            let own = tags::Entity::find().filter(tags::Column::Image.is_in(part.iter().copied()));
            let own = own.filter(tags::Column::Account.eq(self.name().as_str()));
            let by_name = own.order_by_asc(tags::Column::Registry).order_by_asc(tags::Column::Repository);
            for tag in by_name.order_by_asc(tags::Column::Tag).all(self.reader()).await? {
                found.entry(tag.image).or_default().push(tag);
            }
        }
        Ok(found)
    }

    /// How much this account has archived (`spec/operations.md` D-8: nothing of others counts).
    pub async fn archive_totals(&self) -> Result<Totals> {
        let sql = "SELECT COUNT(*), (SELECT COUNT(*) FROM archived_tags t WHERE t.account = $1), \
                   CAST(COALESCE(SUM(size), 0) AS BIGINT), MAX(last_updated) FROM archived_images WHERE account = $1";
        let engine = self.reader().get_database_backend();
        let statement = Statement::from_sql_and_values(engine, sql, [self.name().as_str().into()]);
        let row = self.reader().query_one_raw(statement).await?;
        let row = row.ok_or_else(|| DbErr::RecordNotFound("the totals of the archive".into()))?;
        let number = |at: usize| row.try_get_by_index::<i64>(at).map(|number| u64::try_from(number).unwrap_or(0));
        let last_updated = row.try_get_by_index::<Option<i64>>(3)?.map(Moment);
        Ok(Totals { images: number(0)?, tags: number(1)?, bytes: number(2)?, last_updated })
    }

    fn own_archived(&self) -> Select<Entity> {
        Entity::find().filter(Column::Account.eq(self.name().as_str()))
    }
}

fn newest_first(query: Select<Entity>) -> Select<Entity> {
    query.order_by_desc(Column::CreatedAt).order_by_desc(Column::Id)
}

/// Says that an image is being archived, unless the account has it archived; answers with its row, locked until the
/// transaction ends, and whether it had to be made.
pub async fn ensure(
    on: &impl ConnectionTrait,
    account: &AccountName,
    image: &NewArchived<'_>,
    now: Moment,
) -> Result<(Model, bool)> {
    let row = ActiveModel {
        account: Set(account.to_string()),
        digest: Set(image.digest.to_owned()),
        status: Set(Status::Archiving),
        created_at: Set(now),
        ..described(image, now)
    };
    let there = OnConflict::columns([Column::Account, Column::Digest]).do_nothing().to_owned();
    let made = Entity::insert(row).on_conflict(there).exec_without_returning(on).await? > 0;
    let gone = || DbErr::RecordNotFound(format!("archived image {}", image.digest));
    let model = lock(on, account, image.digest).await?.ok_or_else(gone)?;
    if made {
        write_tags(on, account, model.id, image, now).await?;
    }
    Ok((model, made))
}

/// The archived image with this very digest, locked until the transaction ends.
pub async fn lock(on: &impl ConnectionTrait, account: &AccountName, digest: &str) -> Result<Option<Model>> {
    let own = Entity::find().filter(Column::Account.eq(account.as_str())).filter(Column::Digest.eq(digest));
    Ok(own.lock_exclusive().one(on).await?)
}

/// Says that somebody works on it, now.
pub async fn mark(on: &impl ConnectionTrait, id: i64, status: Status, now: Moment) -> Result<()> {
    let row = ActiveModel { status: Set(status), last_updated: Set(now), ..Default::default() };
    Entity::update_many().set(row).filter(Column::Id.eq(id)).exec(on).await?;
    Ok(())
}

/// Says that the bundle of an image is there, in place of the one before. `false`: the image was taken out meanwhile.
pub async fn finish(
    on: &impl ConnectionTrait,
    archived: &Model,
    image: &NewArchived<'_>,
    object: &str,
    size: u64,
    now: Moment,
) -> Result<bool> {
    let row = ActiveModel {
        status: Set(Status::Archived),
        object: Set(Some(object.to_owned())),
        size: Set(Some(i64::try_from(size).unwrap_or(i64::MAX))),
        created_at: Set(now),
        ..described(image, now)
    };
    let there = Condition::all().add(Column::Id.eq(archived.id)).add(Column::Status.ne(Status::Deleting));
    if Entity::update_many().set(row).filter(there).exec(on).await?.rows_affected == 0 {
        return Ok(false);
    }
    tags::Entity::delete_many().filter(tags::Column::Image.eq(archived.id)).exec(on).await?;
    write_tags(on, &AccountName::known(&archived.account), archived.id, image, now).await?;
    Ok(true)
}

/// Removes an archived image with its tags.
pub async fn remove(on: &impl ConnectionTrait, id: i64) -> Result<()> {
    Entity::delete_by_id(id).exec(on).await?;
    Ok(())
}

fn described(image: &NewArchived<'_>, now: Moment) -> ActiveModel {
    ActiveModel {
        parent_digest: Set(image.parent_digest.to_owned()),
        image_id: Set(image.image_id.to_owned()),
        annotations: Set(image.annotations.to_owned()),
        analyzed_at: Set(image.analyzed_at),
        last_updated: Set(now),
        ..Default::default()
    }
}

async fn write_tags(
    on: &impl ConnectionTrait,
    account: &AccountName,
    id: i64,
    image: &NewArchived<'_>,
    now: Moment,
) -> Result<()> {
    for (tag, detected_at) in &image.tags {
        let row = tags::ActiveModel {
            image: Set(id),
            account: Set(account.to_string()),
            registry: Set(tag.registry.to_owned()),
            repository: Set(tag.repository.to_owned()),
            tag: Set(tag.tag.to_owned()),
            detected_at: Set(*detected_at),
            created_at: Set(now),
        };
        tags::Entity::insert(row).exec_without_returning(on).await?;
    }
    Ok(())
}
