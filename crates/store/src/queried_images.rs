//! Which images of an account have a package, or a finding in one.

use std::collections::HashMap;

use sea_orm::{ConnectionTrait as _, FromQueryResult, Statement};

use crate::{Account, BATCH, Moment, Result, image_tags};

/// An image that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueriedImage {
    pub digest: String,
    pub image_id: String,
    pub analyzed_at: Option<Moment>,
    /// In the order they came to it.
    pub tags: Vec<image_tags::Model>,
    /// Which of the packages or findings it has.
    pub hits: Vec<i64>,
}

/// A page of them, by digest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueriedImages {
    pub images: Vec<QueriedImage>,
    /// How many there are on all pages.
    pub total: u64,
}

/// A part of a list.
#[derive(Clone, Copy, Debug)]
pub struct Slice {
    pub offset: u64,
    /// `None`: all.
    pub limit: Option<u64>,
}

#[derive(FromQueryResult)]
struct ImageRow {
    id: i64,
    digest: String,
    image_id: String,
    analyzed_at: Option<Moment>,
}

impl Account {
    /// Images that hold any of these packages, compared or not.
    pub async fn images_with_packages(&self, versions: &[i64], slice: Slice) -> Result<QueriedImages> {
        let hits = format!(
            "SELECT p.analysis, p.package_version AS hit FROM analysis_packages p WHERE p.package_version IN ({})",
            listed(versions)
        );
        self.images_with(&hits, versions, slice).await
    }

    /// Images in which any of these findings is one.
    pub async fn images_with_findings(&self, findings: &[i64], slice: Slice) -> Result<QueriedImages> {
        let hits = format!(
            "SELECT p.analysis, f.id AS hit FROM findings f \
             JOIN analysis_packages p ON p.package_version = f.package_version AND p.compared > 0 \
             WHERE f.id IN ({}) AND NOT EXISTS \
             (SELECT 1 FROM cleared_findings c WHERE c.finding = f.id AND c.analysis = p.analysis)",
            listed(findings)
        );
        self.images_with(&hits, findings, slice).await
    }

    /// `hits` selects pairs of an analysis and what it has of `wanted`.
    async fn images_with(&self, hits: &str, wanted: &[i64], slice: Slice) -> Result<QueriedImages> {
        if wanted.is_empty() {
            return Ok(QueriedImages::default());
        }
        let own = format!(
            "FROM images i WHERE i.account = $1 AND i.status = 'active' \
             AND i.analysis IN (SELECT h.analysis FROM ({hits}) h)"
        );
        let part = match slice.limit {
            Some(limit) => format!("LIMIT {limit} OFFSET {}", slice.offset),
            None => String::new(),
        };
        let page = format!("SELECT i.id, i.digest, i.image_id, i.analyzed_at {own} ORDER BY i.digest {part}");
        let rows = self.reader().query_all_raw(self.statement(page)).await?;
        let rows = rows.iter().map(|row| ImageRow::from_query_result(row, "")).collect::<Result<Vec<_>, _>>()?;
        let total = if slice.limit.is_some() {
            let count = self.reader().query_one_raw(self.statement(format!("SELECT COUNT(*) {own}"))).await?;
            let count = count.map(|row| row.try_get_by_index::<i64>(0)).transpose()?;
            count.unwrap_or_default().unsigned_abs()
        } else {
            rows.len() as u64
        };
        let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
        let mut found = self.hits_of(hits, &ids, slice.limit.is_none()).await?;
        let mut tags: HashMap<i64, Vec<image_tags::Model>> = HashMap::new();
        for tag in self.tags_of_images(&ids).await? {
            tags.entry(tag.image).or_default().push(tag);
        }
        let images = rows.into_iter().map(|row| {
            let tags = tags.remove(&row.id).unwrap_or_default();
            let mut hits = found.remove(&row.id).unwrap_or_default();
            hits.sort_unstable();
            let ImageRow { digest, image_id, analyzed_at, .. } = row;
            QueriedImage { digest, image_id, analyzed_at, tags, hits }
        });
        Ok(QueriedImages { images: images.collect(), total })
    }

    async fn hits_of(&self, hits: &str, images: &[i64], all: bool) -> Result<HashMap<i64, Vec<i64>>> {
        let mut found: HashMap<i64, Vec<i64>> = HashMap::new();
        let parts: Vec<&[i64]> = if all { vec![images] } else { images.chunks(BATCH).collect() };
        for part in parts.into_iter().filter(|part| !part.is_empty()) {
            let only = if all { String::new() } else { format!("AND i.id IN ({})", listed(part)) };
            let sql = format!(
                "SELECT i.id, h.hit FROM images i JOIN ({hits}) h ON h.analysis = i.analysis \
                 WHERE i.account = $1 AND i.status = 'active' {only}"
            );
            for row in self.reader().query_all_raw(self.statement(sql)).await? {
                found.entry(row.try_get_by_index(0)?).or_default().push(row.try_get_by_index(1)?);
            }
        }
        Ok(found)
    }

    fn statement(&self, sql: String) -> Statement {
        let engine = self.reader().get_database_backend();
        Statement::from_sql_and_values(engine, sql, [self.name().as_str().into()])
    }
}

/// Numbers, as a list in SQL has them: more of them than a statement takes values.
fn listed(ids: &[i64]) -> String {
    ids.iter().map(i64::to_string).collect::<Vec<_>>().join(",")
}
