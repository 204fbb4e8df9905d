//! Small tables that are read whole.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Row};
use windlass_advisories::{OperatingSystem, OperatingSystemId, OperatingSystemOverride, Provider};

use super::layout::Layout;
use crate::{SCHEMA, SchemaVersion, time};

/// Rows of a small table at most; sound databases have some hundreds.
const ROWS: usize = 1_000_000;

/// Replacements by lower-cased ecosystem.
pub(crate) type Ecosystems = HashMap<String, String>;

/// The schema and the text of the build time, if there is a row.
pub(super) fn metadata(connection: &Connection) -> rusqlite::Result<Option<(SchemaVersion, String)>> {
    connection
        .query_row("select model, revision, addition, build_timestamp from db_metadata limit 1", [], |row| {
            let schema = SchemaVersion { model: row.get(0)?, revision: row.get(1)?, addition: row.get(2)? };
            Ok((schema, row.get(3)?))
        })
        .optional()
}

pub(crate) fn operating_systems(
    connection: &Connection,
    layout: &Layout,
) -> rusqlite::Result<Vec<(OperatingSystemId, OperatingSystem)>> {
    let optional = |column: &'static str| if layout.has_column("operating_systems", column) { column } else { "null" };
    let sql = format!(
        "select id, name, release_id, major_version, minor_version, label_version, codename, {}, {}, {} \
         from operating_systems order by id limit {ROWS}",
        optional("channel"),
        optional("eol_date"),
        optional("eoas_date"),
    );
    let mut statement = connection.prepare(&sql)?;
    let rows = statement.query_map([], |row| {
        let day = |column| Ok::<_, rusqlite::Error>(time::day(&text(row, column)?).unwrap_or_default());
        let release = OperatingSystem {
            name: text(row, 1)?,
            release_id: text(row, 2)?,
            major_version: text(row, 3)?,
            minor_version: text(row, 4)?,
            label_version: text(row, 5)?,
            codename: text(row, 6)?,
            channel: text(row, 7)?,
            eol_date: day(8)?,
            eoas_date: day(9)?,
        };
        Ok((OperatingSystemId(row.get(0)?), release))
    })?;
    rows.collect()
}

/// The rules that apply to readers of our schema, in the order of the table.
pub(crate) fn overrides(connection: &Connection, layout: &Layout) -> rusqlite::Result<Vec<OperatingSystemOverride>> {
    const TABLE: &str = "operating_system_specifier_overrides";
    if !layout.has_table(TABLE) {
        return Ok(Vec::new());
    }
    let optional = |column: &'static str| if layout.has_column(TABLE, column) { column } else { "null" };
    let sql = format!(
        "select alias, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {} from {TABLE} order by rowid limit {ROWS}",
        optional("version"),
        optional("version_pattern"),
        optional("codename"),
        optional("channel"),
        optional("replacement"),
        optional("replacement_major_version"),
        optional("replacement_minor_version"),
        optional("replacement_label_version"),
        optional("replacement_channel"),
        optional("rolling"),
        optional("applicable_client_db_schemas"),
    );
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut overrides = Vec::new();
    while let Some(row) = rows.next()? {
        if !SCHEMA.satisfies(&text(row, 11)?) {
            continue;
        }
        overrides.push(OperatingSystemOverride {
            alias: text(row, 0)?,
            version: text(row, 1)?,
            version_pattern: text(row, 2)?,
            codename: text(row, 3)?,
            channel: text(row, 4)?,
            replacement: row.get(5)?,
            replacement_major_version: row.get(6)?,
            replacement_minor_version: row.get(7)?,
            replacement_label_version: row.get(8)?,
            replacement_channel: row.get(9)?,
            rolling: row.get::<_, Option<bool>>(10)?.unwrap_or_default(),
        });
    }
    Ok(overrides)
}

pub(crate) fn ecosystems(connection: &Connection, layout: &Layout) -> rusqlite::Result<Ecosystems> {
    if !layout.has_table("package_specifier_overrides") {
        return Ok(Ecosystems::new());
    }
    let mut statement = connection.prepare(&format!(
        "select ecosystem, replacement_ecosystem from package_specifier_overrides \
         where replacement_ecosystem is not null order by rowid limit {ROWS}"
    ))?;
    let rows = statement.query_map([], |row| Ok((text(row, 0)?.to_ascii_lowercase(), row.get(1)?)))?;
    rows.collect()
}

pub(super) fn providers(connection: &Connection) -> rusqlite::Result<Vec<Provider>> {
    let mut statement = connection.prepare(&format!(
        "select id, version, processor, date_captured, input_digest from providers order by id limit {ROWS}"
    ))?;
    let rows = statement.query_map([], |row| {
        Ok(Provider {
            id: text(row, 0)?,
            version: text(row, 1)?,
            processor: text(row, 2)?,
            date_captured: row
                .get::<_, Option<String>>(3)?
                .filter(|date| date != time::UNKNOWN)
                .map(|date| time::from_column(&date)),
            input_digest: text(row, 4)?,
        })
    })?;
    rows.collect()
}

/// The day of the EPSS scores; empty where the database does not say.
pub(super) fn epss_date(connection: &Connection, layout: &Layout) -> rusqlite::Result<String> {
    if !layout.has_table("epss_metadata") {
        return Ok(String::new());
    }
    let stored: Option<String> =
        connection.query_row("select date from epss_metadata limit 1", [], |row| row.get(0)).optional()?;
    Ok(stored.and_then(|text| time::day(&text)).unwrap_or_default())
}

/// Records by provider. The two kinds that are no vulnerability records are counted for the provider of that name.
pub(super) fn record_counts(connection: &Connection, layout: &Layout) -> rusqlite::Result<Vec<(String, u64)>> {
    let mut statement = connection.prepare("select provider_id, count(*) from vulnerability_handles group by 1")?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?;
    let of_vulnerabilities = rows.collect::<rusqlite::Result<HashMap<_, _>>>()?;
    let mut counts: Vec<(String, u64)> = providers(connection)?
        .into_iter()
        .map(|provider| (of_vulnerabilities.get(&provider.id).copied().unwrap_or_default(), provider.id))
        .map(|(count, id)| (id, count))
        .collect();
    for (provider, table) in [("kev", "known_exploited_vulnerability_handles"), ("epss", "epss_handles")] {
        if let Some((_, count)) = counts.iter_mut().find(|(id, count)| id == provider && *count == 0)
            && layout.has_table(table)
        {
            let rows: i64 = connection.query_row(&format!("select count(*) from {table}"), [], |row| row.get(0))?;
            *count = rows.unsigned_abs();
        }
    }
    Ok(counts)
}

fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<String> {
    Ok(row.get::<_, Option<String>>(column)?.unwrap_or_default())
}
