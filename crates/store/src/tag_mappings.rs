//! What rules of the archive look at: tags that stand, or stood, for images, in the working set and in the archive.

use sea_orm::{ConnectionTrait as _, QueryResult, Statement, Value};

use crate::{Account, Moment, Result};

/// Where images are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Those that are there to stay.
    WorkingSet,
    /// Those that are in the archive as a whole.
    Archive,
}

/// A tag of an image, now or once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// The number of its row.
    pub image: i64,
    pub digest: String,
    pub parent_digest: String,
    /// `None` for an image without an analysis.
    pub analyzed_at: Option<Moment>,
    /// What its age is counted from: its analysis, and in the archive when it came there.
    pub since: Moment,
    pub registry: String,
    pub repository: String,
    pub tag: String,
    pub detected_at: Moment,
}

impl Place {
    const fn tables(self) -> &'static str {
        match self {
            Self::WorkingSet => "image_tags t JOIN images i ON i.id = t.image",
            Self::Archive => "archived_tags t JOIN archived_images i ON i.id = t.image",
        }
    }

    const fn status(self) -> &'static str {
        match self {
            Self::WorkingSet => "active",
            Self::Archive => "archived",
        }
    }

    /// The columns `analyzed_at` and `since`. Something without an analysis has the age of its row.
    const fn moments(self) -> &'static str {
        match self {
            Self::WorkingSet => {
                "CASE WHEN i.analysis_status = 'analyzed' THEN i.analyzed_at END, COALESCE(i.analyzed_at, i.created_at)"
            }
            Self::Archive => "i.analyzed_at, i.created_at",
        }
    }

    /// The column that has an index, and is what `since` is of whatever has an analysis.
    const fn age(self) -> &'static str {
        match self {
            Self::WorkingSet => "i.analyzed_at",
            Self::Archive => "i.created_at",
        }
    }
}

impl Account {
    /// Every tag that stands or stood for an image, in no order: of a hundred thousand images in a second.
    ///
    /// With `before`, the tags of those that have an analysis and are older, and whatever else these tags stood for: it
    /// takes as long as there are such tags, and not as there are images.
    pub async fn tag_mappings(&self, place: Place, before: Option<Moment>) -> Result<Vec<Mapping>> {
        let (tables, status, moments) = (place.tables(), place.status(), place.moments());
        let columns =
            format!("i.id, i.digest, i.parent_digest, {moments}, t.registry, t.repository, t.tag, t.detected_at");
        let own = format!("i.account = $1 AND i.status = '{status}'");
        let mut values: Vec<Value> = vec![self.name().as_str().into()];
        let sql = if let Some(before) = before {
            values.push(before.micros().into());
            format!(
                "WITH aged AS (SELECT DISTINCT t.registry, t.repository, t.tag FROM {tables} WHERE {own} AND {} < $2) \
                 SELECT {columns} FROM {tables} JOIN aged a ON t.registry = a.registry AND t.repository = a.repository \
                 AND t.tag = a.tag WHERE {own} AND t.account = $1",
                place.age()
            )
        } else {
            format!("SELECT {columns} FROM {tables} WHERE {own}")
        };
        let statement = Statement::from_sql_and_values(self.reader().get_database_backend(), sql, values);
        self.reader().query_all_raw(statement).await?.iter().map(mapping).collect()
    }
}

fn mapping(row: &QueryResult) -> Result<Mapping> {
    Ok(Mapping {
        image: row.try_get_by_index(0)?,
        digest: row.try_get_by_index(1)?,
        parent_digest: row.try_get_by_index(2)?,
        analyzed_at: row.try_get_by_index::<Option<i64>>(3)?.map(Moment),
        since: Moment(row.try_get_by_index(4)?),
        registry: row.try_get_by_index(5)?,
        repository: row.try_get_by_index(6)?,
        tag: row.try_get_by_index(7)?,
        detected_at: Moment(row.try_get_by_index(8)?),
    })
}
