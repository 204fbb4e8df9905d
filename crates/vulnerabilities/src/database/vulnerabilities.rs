//! The records themselves.

use std::sync::Arc;

use rusqlite::{OptionalExtension, Row, params};
use windlass_advisories::{Status, VulnerabilityBlob, VulnerabilityHandle, VulnerabilityId};

use super::{Database, Problem, queries};
use crate::time;

impl Database {
    pub(super) fn vulnerability_of(&self, id: VulnerabilityId) -> Result<Arc<VulnerabilityHandle>, Problem> {
        if let Some(known) = self.vulnerabilities.get(id.0) {
            return Ok(known);
        }
        let handle = self.connections.with(|connection| {
            let mut statement = connection.prepare_cached(&queries::vulnerability_by_id())?;
            let handle = statement.query_row(params![id.0], |row| Ok(from_row(row))).optional()?;
            handle.ok_or(Problem::NoVulnerability(id.0))?
        })?;
        Ok(self.vulnerabilities.insert(id.0, handle))
    }

    pub(super) fn vulnerabilities_of_name(
        &self,
        name: &str,
        provider: Option<&str>,
    ) -> Result<Vec<Arc<VulnerabilityHandle>>, Problem> {
        let mut found = self.connections.with(|connection| {
            let mut handles = Vec::new();
            let mut statement;
            let mut rows = if let Some(provider) = provider {
                statement = connection.prepare_cached(&queries::vulnerabilities_by_name_and_provider())?;
                statement.query(params![name, provider])?
            } else {
                statement = connection.prepare_cached(&queries::vulnerabilities_by_name())?;
                statement.query(params![name])?
            };
            while let Some(row) = rows.next()? {
                handles.push(from_row(row)?);
            }
            Ok::<_, Problem>(handles)
        })?;
        found.sort_by_key(|handle| handle.id);
        Ok(found.into_iter().map(|handle| self.vulnerabilities.insert(handle.id.0, handle)).collect())
    }
}

fn from_row(row: &Row<'_>) -> Result<VulnerabilityHandle, Problem> {
    let id = row.get(0)?;
    let text = |column: usize| Ok::<_, rusqlite::Error>(row.get::<_, Option<String>>(column)?.unwrap_or_default());
    let date = |column: usize| {
        let text = row.get::<_, Option<String>>(column)?;
        Ok::<_, rusqlite::Error>(text.filter(|text| !text.is_empty()).map(|text| time::from_column(&text)))
    };
    let name = text(1)?;
    let blob = match row.get_ref(7)?.as_bytes_or_null().map_err(rusqlite::Error::from)? {
        Some(json) => serde_json::from_slice(json).map_err(|source| Problem::Blob { id, source })?,
        None => VulnerabilityBlob { id: name.clone(), ..VulnerabilityBlob::default() },
    };
    Ok(VulnerabilityHandle {
        id: VulnerabilityId(id),
        status: Status::parse(&text(2)?),
        published: date(3)?,
        modified: date(4)?,
        withdrawn: date(5)?,
        provider: text(6)?,
        name,
        blob,
    })
}
