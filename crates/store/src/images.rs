//! Images of accounts, by the digests of their manifests.
//!
//! Whoever changes an image changes the columns it is about and no others, if the row is still in the state the change is
//! meant for: a worker that ends late neither brings back an image that was deleted meanwhile nor takes away an annotation
//! (`spec/operations.md` D-27).

use sea_orm::{
    ActiveModelTrait as _,
    ActiveValue::{NotSet, Set},
    ColumnTrait as _, ConnectionTrait, DeriveActiveEnum, EntityTrait as _, EnumIter, FromQueryResult,
    IntoActiveModel as _, JoinType, QueryFilter as _, QueryOrder as _, QuerySelect as _, Select, SelectTwo,
    entity::prelude::*,
    sea_query::{Condition, Expr, ExprTrait as _, OnConflict, Query},
};

use crate::{
    Account, AccountName, BATCH, Moment, Result, Store, analyses, evaluations, image_tags, image_tags::TagName,
};

/// Whether an image is there to stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Status {
    #[sea_orm(string_value = "active")]
    Active,
    /// To be removed by the next collection.
    #[sea_orm(string_value = "deleting")]
    Deleting,
}

/// How far its analysis is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum AnalysisStatus {
    #[sea_orm(string_value = "not_analyzed")]
    NotAnalyzed,
    #[sea_orm(string_value = "analyzing")]
    Analyzing,
    #[sea_orm(string_value = "analyzed")]
    Analyzed,
    #[sea_orm(string_value = "analysis_failed")]
    AnalysisFailed,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "images")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub account: String,
    /// Of the manifest for one platform: `sha256:…`
    pub digest: String,
    /// Of the index that led to it; the same as `digest` where none did.
    pub parent_digest: String,
    /// Digest of the config, without `sha256:`.
    pub image_id: String,
    pub status: Status,
    pub analysis_status: AnalysisStatus,
    /// A JSON object.
    pub annotations: String,
    /// As it was given, in base64.
    pub dockerfile: Option<String>,
    pub analysis: Option<i64>,
    /// Key of the manifest in object storage.
    pub manifest: String,
    /// Key of the index in object storage.
    pub parent_manifest: Option<String>,
    /// Why the last analysis failed, for programs.
    pub failure_code: Option<String>,
    /// The same for people.
    pub failure_reason: Option<String>,
    pub created_at: Moment,
    pub last_updated: Moment,
    /// When an analysis was last completed.
    pub analyzed_at: Option<Moment>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(belongs_to = "analyses::Entity", from = "Column::Analysis", to = "analyses::Column::Id")]
    Analysis,
    #[sea_orm(has_many = "image_tags::Entity")]
    Tags,
}

impl Related<analyses::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Analysis.def()
    }
}

impl Related<image_tags::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Tags.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}

/// An image and its analysis, once it has one.
pub type Described = (Model, Option<analyses::Model>);

/// What lists tell of an image, and of its analysis once it has one.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Shown {
    pub id: i64,
    pub account: String,
    pub digest: String,
    pub parent_digest: String,
    pub image_id: String,
    pub status: Status,
    pub analysis_status: AnalysisStatus,
    pub annotations: String,
    pub dockerfile: Option<String>,
    pub failure_code: Option<String>,
    pub failure_reason: Option<String>,
    pub created_at: Moment,
    pub last_updated: Moment,
    pub analyzed_at: Option<Moment>,
    pub arch: Option<String>,
    pub distro: Option<String>,
    pub distro_version: Option<String>,
    /// As the history tells it.
    pub guessed_dockerfile: Option<String>,
    /// `None`: there is no analysis.
    pub image_size: Option<i64>,
    pub layer_count: Option<i64>,
}

impl From<Described> for Shown {
    fn from((image, analysis): Described) -> Self {
        let [arch, distro, distro_version, guessed_dockerfile] = match &analysis {
            None => [const { None }; 4],
            Some(analysis) => {
                [&analysis.arch, &analysis.distro, &analysis.distro_version, &analysis.dockerfile].map(Clone::clone)
            }
        };
        Self {
            id: image.id,
            account: image.account,
            digest: image.digest,
            parent_digest: image.parent_digest,
            image_id: image.image_id,
            status: image.status,
            analysis_status: image.analysis_status,
            annotations: image.annotations,
            dockerfile: image.dockerfile,
            failure_code: image.failure_code,
            failure_reason: image.failure_reason,
            created_at: image.created_at,
            last_updated: image.last_updated,
            analyzed_at: image.analyzed_at,
            arch,
            distro,
            distro_version,
            guessed_dockerfile,
            image_size: analysis.as_ref().map(|analysis| analysis.image_size),
            layer_count: analysis.as_ref().map(|analysis| analysis.layer_count),
        }
    }
}

/// Which images are meant; what is not said does not matter.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter {
    pub status: Option<Status>,
    pub analysis_status: Option<AnalysisStatus>,
}

/// A part of a list that is ordered by creation, newest first.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Creation and id of the last image of the page before.
    pub after: Option<(Moment, i64)>,
    pub limit: u64,
}

/// An image to be written.
#[derive(Clone, Debug)]
pub struct NewImage {
    pub digest: String,
    pub parent_digest: String,
    pub image_id: String,
    pub manifest: String,
    pub parent_manifest: Option<String>,
    /// A JSON object.
    pub annotations: String,
    pub dockerfile: Option<String>,
    pub created_at: Moment,
}

impl Account {
    /// The image with this very digest.
    pub async fn image(&self, digest: &str) -> Result<Option<Model>> {
        Ok(self.own_images().filter(Column::Digest.eq(digest)).one(self.reader()).await?)
    }

    /// The images with these very digests, in no order.
    pub async fn images_with_digests(&self, digests: &[&str]) -> Result<Vec<Model>> {
        let mut images = Vec::new();
        for part in digests.chunks(BATCH) {
            images
                .extend(self.own_images().filter(Column::Digest.is_in(part.iter().copied())).all(self.reader()).await?);
        }
        Ok(images)
    }

    /// The newest image with this digest, or whose index has it.
    pub async fn find_image(&self, digest: &str, filter: Filter) -> Result<Option<Described>> {
        let query = filter.of(self.own_images()).filter(named(digest));
        Ok(newest_first(query.find_also_related(analyses::Entity)).one(self.reader()).await?)
    }

    /// The newest image with this image id.
    pub async fn find_image_by_id(&self, image_id: &str, filter: Filter) -> Result<Option<Described>> {
        let query = filter.of(self.own_images()).filter(Column::ImageId.eq(image_id));
        Ok(newest_first(query.find_also_related(analyses::Entity)).one(self.reader()).await?)
    }

    /// The newest image with this digest, or whose index has it, that has a tag in a repository.
    pub async fn find_image_in(
        &self,
        registry: &str,
        repository: &str,
        digest: &str,
        filter: Filter,
    ) -> Result<Option<Described>> {
        let tagged = Query::select()
            .column(image_tags::Column::Image)
            .from(image_tags::Entity)
            .and_where(image_tags::Column::Account.eq(self.name().as_str()))
            .and_where(image_tags::Column::Registry.eq(registry))
            .and_where(image_tags::Column::Repository.eq(repository))
            .to_owned();
        let query = filter.of(self.own_images()).filter(named(digest)).filter(Column::Id.in_subquery(tagged));
        Ok(newest_first(query.find_also_related(analyses::Entity)).one(self.reader()).await?)
    }

    /// The images that a tag stood for, the last one first: at most `limit`, of those before the image of this id that was
    /// detected under it at that moment.
    pub async fn images_of_tag(
        &self,
        tag: TagName<'_>,
        filter: Filter,
        after: Option<(Moment, i64)>,
        limit: Option<u64>,
    ) -> Result<Vec<Described>> {
        let mut query =
            filter.of(self.own_images()).join(JoinType::InnerJoin, Relation::Tags.def()).filter(tag.condition());
        if let Some((detected_at, id)) = after {
            let same_moment = image_tags::Column::DetectedAt.eq(detected_at).and(Column::Id.lt(id));
            query = query.filter(image_tags::Column::DetectedAt.lt(detected_at).or(same_moment));
        }
        let query = query.find_also_related(analyses::Entity).limit(limit);
        let latest = query.order_by_desc(image_tags::Column::DetectedAt).order_by_desc(Column::Id);
        Ok(latest.all(self.reader()).await?)
    }

    /// Analysed images of which all layers are a stack with one of these chain ids, oldest first; at most `limit`.
    pub async fn images_of_chains(&self, chains: &[String], limit: u64) -> Result<Vec<Described>> {
        let analysed = Filter { analysis_status: Some(AnalysisStatus::Analyzed), ..Filter::active() };
        let query = analysed.of(self.own_images()).find_also_related(analyses::Entity);
        let query = query.filter(analyses::Column::Chain.is_in(chains)).order_by_asc(Column::CreatedAt);
        Ok(query.order_by_asc(Column::Id).limit(limit).all(self.reader()).await?)
    }

    /// Images, newest first.
    pub async fn images(&self, filter: Filter, page: Option<Page>) -> Result<Vec<Shown>> {
        let query = filter.of(self.own_images()).join(JoinType::LeftJoin, Relation::Analysis.def()).select_only();
        let mut query = query
            .columns([Column::Id, Column::Account, Column::Digest, Column::ParentDigest, Column::ImageId])
            .columns([Column::Status, Column::AnalysisStatus, Column::Annotations, Column::Dockerfile])
            .columns([Column::FailureCode, Column::FailureReason])
            .columns([Column::CreatedAt, Column::LastUpdated, Column::AnalyzedAt])
            .columns([analyses::Column::Arch, analyses::Column::Distro, analyses::Column::DistroVersion])
            .column_as(analyses::Column::Dockerfile, "guessed_dockerfile")
            .columns([analyses::Column::ImageSize, analyses::Column::LayerCount]);
        if let Some(page) = page {
            if let Some((created_at, id)) = page.after {
                let same_moment = Column::CreatedAt.eq(created_at).and(Column::Id.lt(id));
                query = query.filter(Column::CreatedAt.lt(created_at).or(same_moment));
            }
            query = query.limit(page.limit);
        }
        let newest_first = query.order_by_desc(Column::CreatedAt).order_by_desc(Column::Id);
        Ok(newest_first.into_model().all(self.reader()).await?)
    }

    fn own_images(&self) -> Select<Entity> {
        Entity::find().filter(Column::Account.eq(self.name().as_str()))
    }
}

impl Filter {
    /// Images that are there to stay.
    pub fn active() -> Self {
        Self { status: Some(Status::Active), analysis_status: None }
    }

    fn of(self, mut query: Select<Entity>) -> Select<Entity> {
        if let Some(status) = self.status {
            query = query.filter(Column::Status.eq(status));
        }
        if let Some(status) = self.analysis_status {
            query = query.filter(Column::AnalysisStatus.eq(status));
        }
        query
    }
}

fn named(digest: &str) -> Condition {
    Condition::any().add(Column::Digest.eq(digest)).add(Column::ParentDigest.eq(digest))
}

fn newest_first(query: SelectTwo<Entity, analyses::Entity>) -> SelectTwo<Entity, analyses::Entity> {
    query.order_by_desc(Column::CreatedAt).order_by_desc(Column::Id)
}

impl Store {
    /// Images of all accounts that wait to be collected since `moment` or before, longest first; at most `limit`. Those whose
    /// last analysis is in the archive need not wait.
    pub async fn images_to_collect(&self, moment: Moment, limit: u64) -> Result<Vec<Model>> {
        let archived = "EXISTS (SELECT 1 FROM archived_images a WHERE a.account = images.account AND a.digest = images.digest \
                        AND a.status = 'archived' AND a.analyzed_at >= images.analyzed_at)";
        let ripe = Condition::any().add(Column::LastUpdated.lte(moment)).add(Expr::cust(archived));
        let query = Entity::find().filter(Column::Status.eq(Status::Deleting)).filter(ripe);
        let query = query.order_by_asc(Column::LastUpdated);
        Ok(query.order_by_asc(Column::Id).limit(limit).all(self.reader()).await?)
    }
}

/// Makes sure that an image is there, and locks it until the transaction ends; tells whether it had to be made. What is
/// there stays as it is.
pub async fn ensure(
    on: &impl ConnectionTrait,
    account: &AccountName,
    image: NewImage,
    now: Moment,
) -> Result<(Model, bool)> {
    let digest = image.digest.clone();
    let row = ActiveModel {
        account: Set(account.to_string()),
        digest: Set(image.digest),
        parent_digest: Set(image.parent_digest),
        image_id: Set(image.image_id),
        status: Set(Status::Active),
        analysis_status: Set(AnalysisStatus::NotAnalyzed),
        annotations: Set(image.annotations),
        dockerfile: Set(image.dockerfile),
        manifest: Set(image.manifest),
        parent_manifest: Set(image.parent_manifest),
        created_at: Set(image.created_at),
        last_updated: Set(now),
        ..Default::default()
    };
    // Not a look first: two that add the same image at once must not fail.
    let there = OnConflict::columns([Column::Account, Column::Digest]).do_nothing().to_owned();
    let made = Entity::insert(row).on_conflict(there).exec_without_returning(on).await? > 0;
    let image = lock(on, account, &digest).await?.ok_or_else(|| DbErr::RecordNotFound(format!("image {digest}")))?;
    Ok((image, made))
}

/// Writes an image as it was kept elsewhere; its id is the one that this database gives it.
///
/// # Errors
/// [`Error::Exists`](crate::Error::Exists) where the account has the image.
pub async fn restore(on: &impl ConnectionTrait, image: Model) -> Result<Model> {
    let row = ActiveModel { id: NotSet, ..image.into_active_model() };
    Ok(row.insert(on).await?)
}

/// The image with this very digest, locked until the transaction ends.
pub async fn lock(on: &impl ConnectionTrait, account: &AccountName, digest: &str) -> Result<Option<Model>> {
    let own = Entity::find().filter(Column::Account.eq(account.as_str())).filter(Column::Digest.eq(digest));
    Ok(own.lock_exclusive().one(on).await?)
}

/// What is changed of an image that is there; nothing of what is not given.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Digest of an index that led to the image, and its key in object storage.
    pub parent: Option<(String, String)>,
    /// Key of the manifest in object storage.
    pub manifest: Option<String>,
    /// A JSON object.
    pub annotations: Option<String>,
    pub dockerfile: Option<String>,
    pub created_at: Option<Moment>,
}

/// Changes an image that the transaction has locked.
pub async fn change(on: &impl ConnectionTrait, image: i64, change: Change, now: Moment) -> Result<()> {
    let mut row = ActiveModel { last_updated: Set(now), ..Default::default() };
    if let Some((digest, object)) = change.parent {
        row.parent_digest = Set(digest);
        row.parent_manifest = Set(Some(object));
    }
    if let Some(manifest) = change.manifest {
        row.manifest = Set(manifest);
    }
    if let Some(annotations) = change.annotations {
        row.annotations = Set(annotations);
    }
    if let Some(dockerfile) = change.dockerfile {
        row.dockerfile = Set(Some(dockerfile));
    }
    if let Some(created_at) = change.created_at {
        row.created_at = Set(created_at);
    }
    Entity::update_many().set(row).filter(Column::Id.eq(image)).exec(on).await?;
    Ok(())
}

/// Makes an image as one that is new: there to stay, and not analysed. What was found in it before is kept until it is
/// found anew.
pub async fn reset(on: &impl ConnectionTrait, image: i64, now: Moment) -> Result<()> {
    let row = ActiveModel {
        status: Set(Status::Active),
        analysis_status: Set(AnalysisStatus::NotAnalyzed),
        failure_code: Set(None),
        failure_reason: Set(None),
        last_updated: Set(now),
        ..Default::default()
    };
    Entity::update_many().set(row).filter(Column::Id.eq(image)).exec(on).await?;
    Ok(())
}

/// Marks an image as one to be removed; `false` if it is one already.
pub async fn mark_deleting(on: &impl ConnectionTrait, image: i64, now: Moment) -> Result<bool> {
    let row = ActiveModel { status: Set(Status::Deleting), last_updated: Set(now), ..Default::default() };
    let marked = Entity::update_many().set(row).filter(Column::Id.eq(image)).filter(Column::Status.eq(Status::Active));
    Ok(marked.exec(on).await?.rows_affected > 0)
}

/// Removes an image with its tags and the verdicts on it, if it is still to be removed, and tells which objects it and they
/// referred to; `None` if it stays.
pub async fn remove(on: &impl ConnectionTrait, image: &Model) -> Result<Option<Vec<String>>> {
    let marked = Entity::delete_many().filter(Column::Id.eq(image.id)).filter(Column::Status.eq(Status::Deleting));
    if marked.exec(on).await?.rows_affected == 0 {
        return Ok(None);
    }
    let mut objects = evaluations::delete_of_image(on, &image.account, &image.digest).await?;
    objects.push(image.manifest.clone());
    objects.extend(image.parent_manifest.clone());
    Ok(Some(objects))
}

/// The full names of an image's tags: `registry/repository:tag`.
pub async fn full_tags(on: &impl ConnectionTrait, image: i64) -> Result<Vec<String>> {
    let tags = image_tags::of_image(on, image).await?;
    Ok(tags.iter().map(image_tags::Model::fulltag).collect())
}
