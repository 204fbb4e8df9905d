//! What the planner of SQLite is told of the sizes of tables. It is that of a service with ten thousand images, from the first
//! start: plans are then the same on every machine and at any age of a database, and no statement is prepared anew because of
//! the values that it is given. PostgreSQL counts by itself.

use sqlx::{SqliteConnection, query, query_as};

/// Table, index, and how many rows there are of it, then of one value of its first column, of its first two, and so on.
const SIZES: &[(&str, &str, &str)] = &[
    ("analyses", "analyses_by_chain", "10000 500"),
    ("analyses", "sqlite_autoindex_analyses_1", "10000 1"),
    ("analysis_documents", "analysis_documents_by_object", "60000 600"),
    ("analysis_documents", "sqlite_autoindex_analysis_documents_1", "60000 6 1"),
    ("analysis_packages", "analysis_packages", "4000000 3500 1"),
    ("analysis_packages", "analysis_packages_by_analysis", "4000000 400"),
    ("archived_tags", "archived_tags_by_name", "12000 12000 6000 40 2 1"),
    ("archived_tags", "sqlite_autoindex_archived_tags_1", "12000 2 1 1 1"),
    ("evaluations", "evaluations_by_image", "20000 20000 2 2 1 1"),
    ("events", "events_by_resource", "100000 100000 500 50"),
    ("events", "events_by_time", "100000 100000 2 1"),
    ("finding_names", "finding_names", "50000 5 1"),
    ("finding_names", "finding_names_by_finding", "50000 2"),
    ("findings", "findings_by_version", "30000 3"),
    ("findings", "findings_open", "30000 3 1 1 1"),
    ("image_tags", "image_tags_by_name", "12000 12000 6000 40 2 1"),
    ("image_tags", "sqlite_autoindex_image_tags_1", "12000 2 1 1 1"),
    ("images", "images_by_age", "10000 10000 1"),
    ("images", "images_by_analysis", "10000 1 1 1"),
    ("images", "images_by_creation", "10000 10000 1 1"),
    ("images", "images_by_image_id", "10000 10000 2"),
    ("images", "images_by_parent", "10000 10000 2"),
    ("images", "images_shown_by_digest", "10000 10000 1 1"),
    ("images", "sqlite_autoindex_images_1", "10000 10000 1"),
    ("package_version_lookups", "package_version_lookups", "40000 10 1"),
    ("package_version_lookups", "package_version_lookups_by_version", "40000 3"),
    ("package_versions", "package_versions_by_name", "15000 5"),
    ("subscriptions", "subscriptions_by_key", "50000 50000 4 1"),
    ("subscriptions", "sqlite_autoindex_subscriptions_2", "50000 50000 12500 1"),
];

type Row = (String, String, String);

/// Notes the sizes, unless they are noted.
pub(crate) async fn note(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    // The tables of sizes come with the first count of something; with a limit, no samples are kept.
    query("PRAGMA analysis_limit = 1").execute(&mut *connection).await?;
    let is_there = "SELECT name, '', '' FROM sqlite_master WHERE name = 'sqlite_stat1'";
    if query_as::<_, Row>(is_there).fetch_optional(&mut *connection).await?.is_none() {
        query("ANALYZE accounts").execute(&mut *connection).await?;
    }
    let noted = "SELECT tbl, idx, stat FROM sqlite_stat1 ORDER BY tbl, idx";
    let noted: Vec<Row> = query_as(noted).fetch_all(&mut *connection).await?;
    if noted
        .iter()
        .map(|(table, index, sizes)| (table.as_str(), index.as_str(), sizes.as_str()))
        .eq(SIZES.iter().copied())
    {
        return Ok(());
    }
    query("DELETE FROM sqlite_stat1").execute(&mut *connection).await?;
    for (table, index, sizes) in SIZES {
        let insert = query("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)");
        insert.bind(*table).bind(*index).bind(*sizes).execute(&mut *connection).await?;
    }
    query("ANALYZE sqlite_schema").execute(&mut *connection).await?;
    Ok(())
}
