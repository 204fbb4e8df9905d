//! Searches by package name.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row, Statement, params};
use windlass_advisories::{OperatingSystemId, PackageAdvisory, PackageBlob, Standing, VulnerabilityId};

use super::queries::{self, PackageQueries};
use super::{Database, Problem};

/// A row of a package table before its document is read.
pub(super) struct Handle {
    id: i64,
    vulnerability: VulnerabilityId,
    operating_system: Option<OperatingSystemId>,
    blob: Option<i64>,
}

impl Handle {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            vulnerability: VulnerabilityId(row.get(1)?),
            operating_system: row.get::<_, Option<i64>>(2)?.map(OperatingSystemId),
            blob: row.get(3)?,
        })
    }
}

impl Database {
    pub(super) fn packages_of_releases(
        &self,
        name: &str,
        releases: &[OperatingSystemId],
        standing: Standing,
    ) -> Result<Vec<PackageAdvisory>, Problem> {
        let queries = self.package_queries(standing);
        if !queries.present || releases.is_empty() {
            return Ok(Vec::new());
        }
        self.connections.with(|connection| {
            let mut handles = Vec::new();
            for package in ids(connection, queries::PACKAGES_BY_NAME, params![name])? {
                let mut statement = connection.prepare_cached(&queries.by_release)?;
                for release in releases {
                    for handle in statement.query_map(params![package, release.0], Handle::from_row)? {
                        handles.push(handle?);
                    }
                }
            }
            self.with_documents(connection, handles)
        })
    }

    pub(super) fn packages_of_ecosystem(
        &self,
        name: &str,
        ecosystem: &str,
        standing: Standing,
    ) -> Result<Vec<PackageAdvisory>, Problem> {
        let queries = self.package_queries(standing);
        if !queries.present {
            return Ok(Vec::new());
        }
        self.connections.with(|connection| {
            let mut handles = Vec::new();
            for package in ids(connection, queries::PACKAGES_BY_ECOSYSTEM, params![ecosystem, name])? {
                handles.append(&mut handles_without_release(connection, queries, package)?);
            }
            self.with_documents(connection, handles)
        })
    }

    /// The document of a handle: one without any says that every version is affected.
    /// `by_id` is the statement [`queries::BLOB`].
    pub(super) fn package_blob(&self, by_id: &mut Statement<'_>, id: Option<i64>) -> Result<Arc<PackageBlob>, Problem> {
        let Some(id) = id else { return Ok(Arc::default()) };
        if let Some(known) = self.blobs.get(id) {
            return Ok(known);
        }
        let parsed = by_id
            .query_row(params![id], |row| Ok(serde_json::from_slice::<PackageBlob>(row.get_ref(0)?.as_bytes()?)))
            .optional()?
            .ok_or(Problem::NoBlob(id))?
            .map_err(|source| Problem::Blob { id, source })?;
        Ok(self.blobs.insert(id, parsed))
    }

    fn package_queries(&self, standing: Standing) -> &PackageQueries {
        match standing {
            Standing::Affected => &self.affected,
            Standing::Unaffected => &self.unaffected,
        }
    }

    pub(super) fn with_documents(
        &self,
        connection: &Connection,
        mut handles: Vec<Handle>,
    ) -> Result<Vec<PackageAdvisory>, Problem> {
        handles.sort_unstable_by_key(|handle| handle.id);
        handles.dedup_by_key(|handle| handle.id);
        let mut by_id = connection.prepare_cached(queries::BLOB)?;
        handles
            .into_iter()
            .map(|handle| {
                Ok(PackageAdvisory {
                    vulnerability: handle.vulnerability,
                    operating_system: handle.operating_system,
                    blob: self.package_blob(&mut by_id, handle.blob)?,
                })
            })
            .collect()
    }
}

pub(super) fn handles_without_release(
    connection: &Connection,
    queries: &PackageQueries,
    package: i64,
) -> rusqlite::Result<Vec<Handle>> {
    let mut statement = connection.prepare_cached(&queries.without_release)?;
    statement.query_map(params![package], Handle::from_row)?.collect()
}

fn ids(connection: &Connection, sql: &str, parameters: impl rusqlite::Params) -> rusqlite::Result<Vec<i64>> {
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_map(parameters, |row| row.get(0))?.collect()
}
