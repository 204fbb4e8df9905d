//! Support dates, written onto the releases that records speak of.

use rusqlite::{Connection, params};
use windlass_advisories::OperatingSystem;

use super::rows::without_leading_zeros;
use crate::time;

/// A record about a major release covers its minors, unless one speaks of the minor itself: those come last.
pub(super) fn decorate(connection: &Connection, records: &mut [OperatingSystem]) -> rusqlite::Result<()> {
    records.sort_by(|a, b| (!a.minor_version.is_empty(), a).cmp(&(!b.minor_version.is_empty(), b)));
    let mut by_version = connection.prepare(
        "update operating_systems set eol_date = coalesce(?1, eol_date), eoas_date = coalesce(?2, eoas_date) \
         where (name = ?3 collate nocase or release_id = ?3 collate nocase) and major_version = ?4 \
         and (?5 = '' or minor_version = ?5)",
    )?;
    let mut by_label = connection.prepare(
        "update operating_systems set eol_date = coalesce(?1, eol_date), eoas_date = coalesce(?2, eoas_date) \
         where (name = ?3 collate nocase or release_id = ?3 collate nocase) \
         and (label_version = ?4 collate nocase or codename = ?4 collate nocase)",
    )?;
    for record in records {
        let (eol, eoas) = (time::to_column(&record.eol_date), time::to_column(&record.eoas_date));
        let label = if record.label_version.is_empty() { &record.codename } else { &record.label_version };
        if !record.major_version.is_empty() {
            let major = without_leading_zeros(&record.major_version);
            let minor = without_leading_zeros(&record.minor_version);
            by_version.execute(params![eol, eoas, record.name, major, minor])?;
        } else if !label.is_empty() {
            by_label.execute(params![eol, eoas, record.name, label])?;
        }
    }
    Ok(())
}
