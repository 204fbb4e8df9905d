//! Which images of an account have a package, or a finding in one.

use std::collections::HashMap;

use sea_orm::{ConnectionTrait as _, Statement};

use crate::{Account, BATCH, Moment, Result};

/// An image that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueriedImage {
    pub digest: String,
    pub image_id: String,
    pub analyzed_at: Option<Moment>,
    /// In the order they came to it.
    pub tags: Vec<QueriedTag>,
    /// Which of the packages or findings it has.
    pub hits: Vec<i64>,
}

/// A tag of an image, and when it was last seen to come to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueriedTag {
    pub registry: String,
    pub repository: String,
    pub tag: String,
    pub detected_at: Moment,
}

/// What images are asked for, by ids.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// Those that hold any of these packages, compared or not.
    Packages(Vec<i64>),
    /// Those in which any of these findings is one.
    Findings(Vec<i64>),
}

/// A part of a list that is ordered by digest.
#[derive(Clone, Copy, Debug, Default)]
pub struct Slice<'a> {
    /// The last digest of the part before.
    pub after: Option<&'a str>,
    /// How many are left out.
    pub offset: u64,
    pub limit: u64,
    /// How many images there are, if somebody counted.
    pub total: Option<u64>,
}

/// From so many on, images are gone through in the order of the list and asked whether they have one; fewer are found
/// and sorted.
const MANY: u64 = 1_000;

impl Wanted {
    fn ids(&self) -> &[i64] {
        let (Self::Packages(ids) | Self::Findings(ids)) = self;
        ids
    }

    /// Selects pairs of an analysis and what it has of the wanted; those of the analyses that the condition is about.
    fn hits(&self, condition: &str) -> String {
        let ids = listed(self.ids());
        match self {
            Self::Packages(_) => format!(
                "SELECT p.analysis, p.package_version AS hit FROM analysis_packages p \
                 WHERE p.package_version IN ({ids}) {condition}"
            ),
            Self::Findings(_) => format!(
                "SELECT p.analysis, f.id AS hit FROM findings f \
                 JOIN analysis_packages p ON p.package_version = f.package_version AND p.compared > 0 \
                 WHERE f.id IN ({ids}) AND NOT EXISTS \
                 (SELECT 1 FROM cleared_findings c WHERE c.finding = f.id AND c.analysis = p.analysis) {condition}"
            ),
        }
    }
}

impl Account {
    /// How many images there are.
    pub async fn count_images_with(&self, wanted: &Wanted) -> Result<u64> {
        // One thing is in an analysis once.
        let distinct = match wanted.ids() {
            [] => return Ok(0),
            [_] => "",
            _ => "DISTINCT",
        };
        self.total(format!(
            "SELECT COUNT(*) FROM (SELECT {distinct} h.analysis FROM ({}) h) h JOIN images i ON i.analysis = h.analysis \
             WHERE i.account = $1 AND i.status = 'active'",
            wanted.hits("")
        ))
        .await
    }

    /// Some of the images, by digest.
    pub async fn images_with(&self, wanted: &Wanted, slice: Slice<'_>) -> Result<Vec<QueriedImage>> {
        if wanted.ids().is_empty() {
            return Ok(Vec::new());
        }
        let has_one = if self.are_many(wanted, slice).await? {
            format!("EXISTS ({})", wanted.hits("AND p.analysis = i.analysis"))
        } else {
            format!("i.analysis IN (SELECT h.analysis FROM ({}) h)", wanted.hits(""))
        };
        let after = if slice.after.is_some() { "AND i.digest > $2" } else { "" };
        let page = format!(
            "SELECT i.id, i.digest, i.image_id, i.analyzed_at FROM images i WHERE i.account = $1 AND i.status = 'active' \
             AND {has_one} {after} ORDER BY i.digest LIMIT {} OFFSET {}",
            slice.limit, slice.offset
        );
        // One row for each tag, and one for an image that has none.
        let sql = format!(
            "SELECT i.id, i.digest, i.image_id, i.analyzed_at, t.registry, t.repository, t.tag, t.detected_at \
             FROM ({page}) i LEFT JOIN image_tags t ON t.image = i.id AND t.account = $1 \
             ORDER BY i.digest, t.detected_at, t.registry, t.repository, t.tag"
        );
        let mut images: Vec<QueriedImage> = Vec::new();
        let mut ids: Vec<i64> = Vec::new();
        for row in self.reader().query_all_raw(self.statement(sql, slice.after)).await? {
            let id = row.try_get_by_index(0)?;
            if ids.last() != Some(&id) {
                ids.push(id);
                images.push(QueriedImage {
                    digest: row.try_get_by_index(1)?,
                    image_id: row.try_get_by_index(2)?,
                    analyzed_at: row.try_get_by_index::<Option<i64>>(3)?.map(Moment),
                    tags: Vec::new(),
                    hits: Vec::new(),
                });
            }
            if let (Some(image), Some(registry)) = (images.last_mut(), row.try_get_by_index(4)?) {
                image.tags.push(QueriedTag {
                    registry,
                    repository: row.try_get_by_index(5)?,
                    tag: row.try_get_by_index(6)?,
                    detected_at: Moment(row.try_get_by_index(7)?),
                });
            }
        }
        let mut hits = self.hits_of(wanted, &ids).await?;
        for (id, image) in ids.iter().zip(&mut images) {
            image.hits = hits.remove(id).unwrap_or_default();
            image.hits.sort_unstable();
        }
        Ok(images)
    }

    async fn are_many(&self, wanted: &Wanted, slice: Slice<'_>) -> Result<bool> {
        if let Some(total) = slice.total {
            return Ok(total >= MANY);
        }
        // The account is named so that the statement takes it.
        let some = format!("SELECT 1 FROM ({}) h WHERE $1 <> '' LIMIT {MANY}", wanted.hits(""));
        Ok(self.total(format!("SELECT COUNT(*) FROM ({some}) h")).await? >= MANY)
    }

    /// What each image has of the wanted.
    async fn hits_of(&self, wanted: &Wanted, images: &[i64]) -> Result<HashMap<i64, Vec<i64>>> {
        if let [id] = wanted.ids() {
            return Ok(images.iter().map(|image| (*image, vec![*id])).collect());
        }
        let hits = wanted.hits("");
        let mut found: HashMap<i64, Vec<i64>> = HashMap::new();
        for part in images.chunks(BATCH) {
            let sql = format!(
                "SELECT i.id, h.hit FROM images i JOIN ({hits}) h ON h.analysis = i.analysis \
                 WHERE i.account = $1 AND i.status = 'active' AND i.id IN ({})",
                listed(part)
            );
            for row in self.reader().query_all_raw(self.statement(sql, None)).await? {
                found.entry(row.try_get_by_index(0)?).or_default().push(row.try_get_by_index(1)?);
            }
        }
        Ok(found)
    }

    fn statement(&self, sql: String, second: Option<&str>) -> Statement {
        let engine = self.reader().get_database_backend();
        let values = [Some(self.name().as_str()), second];
        Statement::from_sql_and_values(engine, sql, values.into_iter().flatten().map(Into::into))
    }
}

/// Numbers, as a list in SQL has them: more of them than a statement takes values.
fn listed(ids: &[i64]) -> String {
    ids.iter().map(i64::to_string).collect::<Vec<_>>().join(",")
}
