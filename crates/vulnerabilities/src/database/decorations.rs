//! What is known of a CVE beside any package: exploitation, its likelihood, weakness classes.

use rusqlite::{OptionalExtension, params};
use windlass_advisories::{Cwe, Epss, KnownExploited};

use super::{Database, Problem, queries, remembered, tables};
use crate::time;

impl Database {
    pub(super) fn known_exploited_of(&self, cve: &str) -> Result<Vec<KnownExploited>, Problem> {
        if !self.layout.has_table("known_exploited_vulnerability_handles") {
            return Ok(Vec::new());
        }
        self.connections.with(|connection| {
            let mut statement = connection.prepare_cached(queries::KNOWN_EXPLOITED)?;
            let mut rows = statement.query(params![cve])?;
            let mut entries = Vec::new();
            while let Some(row) = rows.next()? {
                let json = row.get_ref(0)?.as_bytes().map_err(rusqlite::Error::from)?;
                let mut entry: KnownExploited =
                    serde_json::from_slice(json).map_err(|source| Problem::Blob { id: 0, source })?;
                as_day(&mut entry.date_added);
                as_day(&mut entry.due_date);
                entries.push(entry);
            }
            Ok(entries)
        })
    }

    pub(super) fn epss_of(&self, cve: &str) -> Result<Option<Epss>, Problem> {
        if !self.layout.has_table("epss_handles") {
            return Ok(None);
        }
        self.connections.with(|connection| {
            let date = remembered(&self.epss_date, || tables::epss_date(connection, &self.layout))?;
            let mut statement = connection.prepare_cached(queries::EPSS)?;
            let score = statement.query_row(params![cve], |row| {
                Ok(Epss { cve: row.get(0)?, epss: row.get(1)?, percentile: row.get(2)?, date: date.clone() })
            });
            Ok(score.optional()?)
        })
    }

    pub(super) fn cwes_of(&self, cve: &str) -> Result<Vec<Cwe>, Problem> {
        if !self.layout.has_table("cwe_handles") {
            return Ok(Vec::new());
        }
        self.connections.with(|connection| {
            let mut statement = connection.prepare_cached(queries::CWES)?;
            let rows = statement.query_map(params![cve], |row| {
                Ok(Cwe { cve: row.get(0)?, cwe: row.get(1)?, source: row.get(2)?, kind: row.get(3)? })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}

/// The catalogue gives days; the document holds them as midnights.
fn as_day(text: &mut String) {
    if let Some(day) = time::day(text) {
        *text = day;
    }
}
