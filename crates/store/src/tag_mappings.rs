//! What rules of the archive look at: tags that stand, or stood, for images, in the working set and in the archive.

use sea_orm::{ConnectionTrait as _, QueryResult, Statement, Value};

use crate::{Account, BATCH, Moment, Result};

/// Tags that are looked up one by one; where there are more, all that an account has are read.
const FEW: usize = 2_000;

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

    /// Those of a [`Mapping`]. Something without an analysis has the age of its row.
    fn columns(self) -> String {
        let moments = match self {
            Self::WorkingSet => {
                "CASE WHEN i.analysis_status = 'analyzed' THEN i.analyzed_at END, COALESCE(i.analyzed_at, i.created_at)"
            }
            Self::Archive => "i.analyzed_at, i.created_at",
        };
        format!("i.id, i.digest, i.parent_digest, {moments}, t.registry, t.repository, t.tag, t.detected_at")
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
    /// With `before`, what is left out are tags that never stood for an analysed image that is older. As long as the others
    /// are few, it takes as long as there are of them, and not as there are images.
    pub async fn tag_mappings(&self, place: Place, before: Option<Moment>) -> Result<Vec<Mapping>> {
        if let Some(before) = before
            && let Some(names) = self.few_aged_tags(place, before).await?
        {
            let mut mappings = Vec::new();
            for names in names.chunks(BATCH) {
                mappings.extend(self.mappings_of_tags(place, names).await?);
            }
            return Ok(mappings);
        }
        let (columns, tables, status) = (place.columns(), place.tables(), place.status());
        let sql = format!("SELECT {columns} FROM {tables} WHERE i.account = $1 AND i.status = '{status}'");
        self.rows(sql, vec![self.name().as_str().into()]).await?.iter().map(mapping).collect()
    }

    /// The tags of images that are older, unless they are many.
    ///
    /// They are not joined with the rest in one statement: before PostgreSQL has counted what is in a table, it takes minutes
    /// for what is done in a second.
    async fn few_aged_tags(&self, place: Place, before: Moment) -> Result<Option<Vec<[String; 3]>>> {
        let (tables, status, age) = (place.tables(), place.status(), place.age());
        let sql = format!(
            "SELECT DISTINCT t.registry, t.repository, t.tag FROM {tables} \
             WHERE i.account = $1 AND i.status = '{status}' AND {age} < $2 LIMIT {}",
            FEW + 1
        );
        let rows = self.rows(sql, vec![self.name().as_str().into(), before.micros().into()]).await?;
        let name = |row: &QueryResult| -> Result<[String; 3]> {
            Ok([row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?])
        };
        (rows.len() <= FEW).then(|| rows.iter().map(name).collect()).transpose()
    }

    async fn mappings_of_tags(&self, place: Place, names: &[[String; 3]]) -> Result<Vec<Mapping>> {
        let (columns, tables, status) = (place.columns(), place.tables(), place.status());
        let places = (0..names.len()).map(|at| format!("(${}, ${}, ${})", 3 * at + 2, 3 * at + 3, 3 * at + 4));
        let sql = format!(
            "SELECT {columns} FROM {tables} WHERE t.account = $1 AND i.status = '{status}' \
             AND (t.registry, t.repository, t.tag) IN (VALUES {})",
            places.collect::<Vec<_>>().join(", ")
        );
        let names = names.iter().flatten().map(|part| part.as_str().into());
        let values = std::iter::once(self.name().as_str().into()).chain(names).collect();
        self.rows(sql, values).await?.iter().map(mapping).collect()
    }

    async fn rows(&self, sql: String, values: Vec<Value>) -> Result<Vec<QueryResult>> {
        let statement = Statement::from_sql_and_values(self.reader().get_database_backend(), sql, values);
        Ok(self.reader().query_all_raw(statement).await?)
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
