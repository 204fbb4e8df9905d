//! Tags of images. A tag stands for the image that it was detected at last; the others are its history.

use std::collections::{HashMap, hash_map::Entry};

use sea_orm::{
    ActiveValue::Set,
    ColumnTrait as _, ConnectionTrait, DbBackend, EntityTrait as _, FromQueryResult, IntoActiveModel as _, JoinType,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, Statement,
    entity::prelude::*,
    sea_query::{Condition, Expr, ExprTrait as _},
};

use crate::{Account, AccountName, BATCH, Moment, Result, images};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "image_tags")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub image: i64,
    pub account: String,
    /// A host, with its port where it has one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub registry: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub repository: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub tag: String,
    /// When it was last seen to come to stand for the image.
    pub detected_at: Moment,
    pub created_at: Moment,
    pub last_updated: Moment,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(belongs_to = "images::Entity", from = "Column::Image", to = "images::Column::Id")]
    Image,
}

impl Related<images::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Image.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// `registry/repository:tag`
    pub fn fulltag(&self) -> String {
        fulltag(&self.registry, &self.repository, &self.tag)
    }

    pub fn name(&self) -> TagName<'_> {
        TagName { registry: &self.registry, repository: &self.repository, tag: &self.tag }
    }
}

/// A tag by its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TagName<'a> {
    pub registry: &'a str,
    pub repository: &'a str,
    pub tag: &'a str,
}

impl TagName<'_> {
    /// `registry/repository:tag`
    pub fn fulltag(&self) -> String {
        fulltag(self.registry, self.repository, self.tag)
    }

    pub(crate) fn condition(&self) -> Condition {
        Condition::all()
            .add(Column::Registry.eq(self.registry))
            .add(Column::Repository.eq(self.repository))
            .add(Column::Tag.eq(self.tag))
    }
}

fn fulltag(registry: &str, repository: &str, tag: &str) -> String {
    format!("{registry}/{repository}:{tag}")
}

/// A tag and its image in short.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Summary {
    pub image: i64,
    pub digest: String,
    pub parent_digest: String,
    pub image_id: String,
    pub registry: String,
    pub repository: String,
    pub tag: String,
    pub analysis_status: images::AnalysisStatus,
    pub status: images::Status,
    pub created_at: Moment,
    pub analyzed_at: Option<Moment>,
    pub detected_at: Moment,
}

impl Summary {
    /// `registry/repository:tag`
    pub fn fulltag(&self) -> String {
        fulltag(&self.registry, &self.repository, &self.tag)
    }
}

/// A part of the summaries.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// The last one of the part before.
    pub after: Option<&'a Summary>,
    /// How many are left out.
    pub offset: u64,
    pub limit: u64,
}

impl Account {
    /// The tags of images by the images' ids, each image's in the order they came to it.
    pub async fn tags_by_image(&self, images: &[i64]) -> Result<HashMap<i64, Vec<Model>>> {
        let mut tags: HashMap<i64, Vec<Model>> = HashMap::new();
        for tag in self.tags_of_images(images).await? {
            tags.entry(tag.image).or_default().push(tag);
        }
        Ok(tags)
    }

    /// The tags of images, each image's in the order they came to it.
    pub async fn tags_of_images(&self, images: &[i64]) -> Result<Vec<Model>> {
        let engine = self.reader().get_database_backend();
        // One statement for any number of images, which the engine reads once.
        let listed = match engine {
            DbBackend::Sqlite => "(SELECT value FROM json_each($2))",
            _ => "(SELECT value::bigint FROM json_array_elements_text($2::json))",
        };
        let sql = format!(
            "SELECT image, account, registry, repository, tag, detected_at, created_at, last_updated FROM image_tags \
             WHERE account = $1 AND image IN {listed} ORDER BY detected_at, registry, repository, tag"
        );
        let ids = serde_json::Value::from(images).to_string();
        let statement = Statement::from_sql_and_values(engine, sql, [self.name().as_str().into(), ids.into()]);
        let tag = |row: &QueryResult| -> Result<Model> {
            Ok(Model {
                image: row.try_get_by_index(0)?,
                account: row.try_get_by_index(1)?,
                registry: row.try_get_by_index(2)?,
                repository: row.try_get_by_index(3)?,
                tag: row.try_get_by_index(4)?,
                detected_at: Moment(row.try_get_by_index(5)?),
                created_at: Moment(row.try_get_by_index(6)?),
                last_updated: Moment(row.try_get_by_index(7)?),
            })
        };
        self.reader().query_all_raw(statement).await?.iter().map(tag).collect()
    }

    /// The images that tags stand for, by the tags' full names.
    pub async fn images_of_tags(&self, tags: &[TagName<'_>]) -> Result<HashMap<String, images::Model>> {
        let mut found = HashMap::new();
        for part in tags.chunks(BATCH) {
            let rows: Vec<String> =
                (0..part.len()).map(|at| format!("(${}, ${}, ${})", 3 * at + 2, 3 * at + 3, 3 * at + 4)).collect();
            let sql = format!(
                "SELECT i.*, t.registry AS t_registry, t.repository AS t_repository, t.tag AS t_tag FROM image_tags t \
                 JOIN images i ON i.id = t.image WHERE t.account = $1 AND i.status = 'active' \
                 AND (t.registry, t.repository, t.tag) IN (VALUES {}) ORDER BY t.detected_at DESC, t.image DESC",
                rows.join(", ")
            );
            let mut values: Vec<sea_orm::Value> = vec![self.name().as_str().into()];
            values.extend(part.iter().flat_map(|tag| [tag.registry, tag.repository, tag.tag]).map(Into::into));
            let engine = self.reader().get_database_backend();
            let statement = Statement::from_sql_and_values(engine, sql, values);
            for row in self.reader().query_all_raw(statement).await? {
                let part = |name| row.try_get::<String>("", name);
                let name = fulltag(&part("t_registry")?, &part("t_repository")?, &part("t_tag")?);
                if let Entry::Vacant(free) = found.entry(name) {
                    free.insert(images::Model::from_query_result(&row, "")?);
                }
            }
        }
        Ok(found)
    }

    /// Every tag of images in one of these states, oldest image first.
    pub async fn tag_summaries(&self, statuses: &[images::Status]) -> Result<Vec<Summary>> {
        Ok(self.summaries(statuses).into_model().all(self.reader()).await?)
    }

    /// A part of [`Account::tag_summaries`].
    pub async fn part_of_tag_summaries(&self, statuses: &[images::Status], part: Part<'_>) -> Result<Vec<Summary>> {
        let mut query = self.summaries(statuses);
        if let Some(last) = part.after {
            let place = Expr::tuple([
                Expr::col((images::Entity, images::Column::CreatedAt)),
                Expr::col((images::Entity, images::Column::Id)),
                Expr::col((Entity, Column::DetectedAt)),
                Expr::col((Entity, Column::Registry)),
                Expr::col((Entity, Column::Repository)),
                Expr::col((Entity, Column::Tag)),
            ]);
            let end = Expr::tuple([
                Expr::val(last.created_at),
                Expr::val(last.image),
                Expr::val(last.detected_at),
                Expr::val(&last.registry),
                Expr::val(&last.repository),
                Expr::val(&last.tag),
            ]);
            // The first condition follows from the second, and is the one that an index helps with.
            query = query.filter(images::Column::CreatedAt.gte(last.created_at)).filter(place.gt(end));
        }
        Ok(query.offset(part.offset).limit(part.limit).into_model().all(self.reader()).await?)
    }

    fn summaries(&self, statuses: &[images::Status]) -> Select<Entity> {
        let query = Entity::find()
            .select_only()
            .columns([Column::Image, Column::Registry, Column::Repository, Column::Tag, Column::DetectedAt])
            .columns([
                images::Column::Digest,
                images::Column::ParentDigest,
                images::Column::ImageId,
                images::Column::AnalysisStatus,
                images::Column::Status,
                images::Column::CreatedAt,
                images::Column::AnalyzedAt,
            ])
            .join(JoinType::InnerJoin, Relation::Image.def())
            // Not that of the tag, by which all would be read and sorted.
            .filter(images::Column::Account.eq(self.name().as_str()))
            .filter(images::Column::Status.is_in(statuses.iter().copied()));
        in_order(query.order_by_asc(images::Column::CreatedAt).order_by_asc(images::Column::Id))
    }
}

fn in_order(query: Select<Entity>) -> Select<Entity> {
    let query = query.order_by_asc(Column::DetectedAt).order_by_asc(Column::Registry);
    query.order_by_asc(Column::Repository).order_by_asc(Column::Tag)
}

/// The tags of an image in the order they came to it.
pub async fn of_image(on: &impl ConnectionTrait, image: i64) -> Result<Vec<Model>> {
    Ok(in_order(Entity::find().filter(Column::Image.eq(image))).all(on).await?)
}

/// A tag of an image, if it has it.
pub async fn find(on: &impl ConnectionTrait, image: i64, tag: TagName<'_>) -> Result<Option<Model>> {
    Ok(of_image(on, image).await?.into_iter().find(|row| row.name() == tag))
}

/// The image that a tag stands for: of those that are there to stay, the one it was last detected at.
pub async fn newest(on: &impl ConnectionTrait, account: &AccountName, tag: TagName<'_>) -> Result<Option<i64>> {
    let query = Entity::find()
        .select_only()
        .column(Column::Image)
        .join(JoinType::InnerJoin, Relation::Image.def())
        .filter(Column::Account.eq(account.as_str()))
        .filter(tag.condition())
        .filter(images::Column::Status.eq(images::Status::Active));
    let latest = query.order_by_desc(Column::DetectedAt).order_by_desc(Column::Image);
    Ok(latest.into_tuple().one(on).await?)
}

/// Whether any image has a tag, or had it.
pub async fn is_known(on: &impl ConnectionTrait, account: &AccountName, tag: TagName<'_>) -> Result<bool> {
    let own = Entity::find().filter(Column::Account.eq(account.as_str())).filter(tag.condition());
    Ok(own.one(on).await?.is_some())
}

/// Gives an image a tag that it does not have.
pub async fn insert(
    on: &impl ConnectionTrait,
    account: &AccountName,
    image: i64,
    tag: TagName<'_>,
    detected_at: Moment,
    now: Moment,
) -> Result<()> {
    let row = ActiveModel {
        image: Set(image),
        account: Set(account.to_string()),
        registry: Set(tag.registry.to_owned()),
        repository: Set(tag.repository.to_owned()),
        tag: Set(tag.tag.to_owned()),
        detected_at: Set(detected_at),
        created_at: Set(detected_at),
        last_updated: Set(now),
    };
    Entity::insert(row).exec_without_returning(on).await?;
    Ok(())
}

/// Gives an image tags as they were kept elsewhere.
pub async fn restore(on: &impl ConnectionTrait, image: i64, tags: Vec<Model>) -> Result<()> {
    for tag in tags {
        let row = Model { image, ..tag }.into_active_model();
        Entity::insert(row).exec_without_returning(on).await?;
    }
    Ok(())
}

/// Notes that a tag has come to stand for an image that has it: it did before, and did not since.
pub async fn detect_again(
    on: &impl ConnectionTrait,
    image: i64,
    tag: TagName<'_>,
    detected_at: Moment,
    now: Moment,
) -> Result<()> {
    let row = ActiveModel {
        detected_at: Set(detected_at),
        created_at: Set(detected_at),
        last_updated: Set(now),
        ..Default::default()
    };
    Entity::update_many().set(row).filter(Column::Image.eq(image)).filter(tag.condition()).exec(on).await?;
    Ok(())
}
