//! The processes of this installation, as they report themselves.

use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, entity::prelude::*, sea_query::OnConflict,
};

use crate::{Moment, Result, Store};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "services")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub host_id: String,
    /// `apiext`, `catalog`, `policy_engine`, `simplequeue`, `analyzer`: the parts that clients look for.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    pub base_url: String,
    pub up: bool,
    /// `registered`, `available`, `unavailable`, `orphaned`
    pub message: String,
    /// The status object of its last report, as JSON.
    pub status: String,
    pub started_at: Moment,
    pub heartbeat: Moment,
    /// Which process it belongs to: several may have the same host's name.
    pub process: Option<String>,
    /// Where that keeps objects, as people are told.
    pub places: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Store {
    /// By name and host.
    pub async fn services(&self) -> Result<Vec<Model>> {
        let query = Entity::find().order_by_asc(Column::Name).order_by_asc(Column::HostId);
        Ok(query.all(self.reader()).await?)
    }

    /// Writes what a part of this process says of itself.
    pub async fn report_service(&self, row: Model) -> Result<()> {
        let Model { host_id, name, base_url, up, message, status, started_at, heartbeat, process, places } = row;
        let row = ActiveModel {
            host_id: Set(host_id),
            name: Set(name),
            base_url: Set(base_url),
            up: Set(up),
            message: Set(message),
            status: Set(status),
            started_at: Set(started_at),
            heartbeat: Set(heartbeat),
            process: Set(process),
            places: Set(places),
        };
        let said = [Column::BaseUrl, Column::Up, Column::Message, Column::Status, Column::Heartbeat];
        let by = [Column::Process, Column::Places];
        let replace =
            OnConflict::columns([Column::HostId, Column::Name]).update_columns(said.into_iter().chain(by)).to_owned();
        Entity::insert(row).on_conflict(replace).exec_without_returning(self.writer()).await?;
        Ok(())
    }

    /// Forgets the parts of a process that ends. Those that another process has spoken for since are that one's.
    pub async fn sign_off(&self, process: &str) -> Result<()> {
        Entity::delete_many().filter(Column::Process.eq(process)).exec(self.writer()).await?;
        Ok(())
    }

    /// Forgets a part that is not up, or was not heard of since; tells whether there was one.
    pub async fn delete_service(&self, host_id: &str, name: &str, since: Moment) -> Result<bool> {
        let deleted = Entity::delete_many()
            .filter(Column::HostId.eq(host_id))
            .filter(Column::Name.eq(name))
            .filter(Condition::any().add(Column::Up.eq(false)).add(Column::Heartbeat.lt(since)))
            .exec(self.writer())
            .await?;
        Ok(deleted.rows_affected > 0)
    }
}

/// Writes what the silence of a part means, if it has been silent and said to be `row.message` since; tells whether so.
pub async fn judge(on: &impl ConnectionTrait, row: &Model, message: &str, status: Option<&str>) -> Result<bool> {
    let mut change = ActiveModel { up: Set(false), message: Set(message.to_owned()), ..Default::default() };
    if let Some(status) = status {
        change.status = Set(status.to_owned());
    }
    let changed = Entity::update_many().set(change).filter(as_it_was(row)).exec(on).await?;
    Ok(changed.rows_affected > 0)
}

/// Forgets a part that has been silent since; tells whether it has.
pub async fn forget(on: &impl ConnectionTrait, row: &Model) -> Result<bool> {
    Ok(Entity::delete_many().filter(as_it_was(row)).exec(on).await?.rows_affected > 0)
}

fn as_it_was(row: &Model) -> Condition {
    Condition::all()
        .add(Column::HostId.eq(&row.host_id))
        .add(Column::Name.eq(&row.name))
        .add(Column::Heartbeat.eq(row.heartbeat))
        .add(Column::Message.eq(&row.message))
}
