//! Rows that stand beside the records: what is known of a CVE whatever it affects.

use rusqlite::{Connection, params};
use windlass_advisories::{Cwe, Epss};

pub(super) fn cwe(connection: &Connection, cwe: &Cwe) -> rusqlite::Result<()> {
    connection
        .prepare_cached("insert into cwe_handles (cve, cwe, source, type) values (?, ?, ?, ?)")?
        .execute(params![cwe.cve, cwe.cwe, cwe.source, cwe.kind])
        .map(drop)
}

pub(super) fn known_exploited(connection: &Connection, cve: &str, blob: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("insert into known_exploited_vulnerability_handles (cve, blob_id) values (?, ?)")?
        .execute(params![cve, blob])
        .map(drop)
}

pub(super) fn epss(connection: &Connection, score: &Epss) -> rusqlite::Result<()> {
    connection
        .prepare_cached("insert into epss_handles (cve, epss, percentile) values (?, ?, ?)")?
        .execute(params![score.cve, score.epss, score.percentile])
        .map(drop)
}

pub(super) fn epss_date(connection: &Connection, date: &str) -> rusqlite::Result<()> {
    connection.execute("insert into epss_metadata (date) values (?)", [date]).map(drop)
}
