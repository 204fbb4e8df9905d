//! The statements of the look-ups. Each one walks an index; the tests ask SQLite's planner.

use crate::database::layout::Layout;
use crate::schema::{AFFECTED_BY_PACKAGE, UNAFFECTED_BY_PACKAGE};

pub(super) const PACKAGES_BY_NAME: &str = "select id from packages where name = ?1 collate nocase";

pub(super) const PACKAGES_BY_ECOSYSTEM: &str =
    "select id from packages where ecosystem = ?1 collate nocase and name = ?2 collate nocase";

pub(super) const BLOB: &str = "select value from blobs where id = ?1";

pub(super) const CPES_BY_PRODUCT: &str = "select id, part, vendor, product, edition, language, software_edition, \
     target_hardware, target_software, other from cpes where product = ?1 collate nocase";

pub(super) const AFFECTED_BY_CPE: &str =
    "select id, vulnerability_id, blob_id from affected_cpe_handles where cpe_id = ?1";

/// Columns in the order that `vulnerabilities` reads them.
const VULNERABILITY: &str = "select h.id, h.name, h.status, h.published_date, h.modified_date, h.withdrawn_date, \
     h.provider_id, b.value from vulnerability_handles h left join blobs b on b.id = h.blob_id";

pub(super) fn vulnerability_by_id() -> String {
    format!("{VULNERABILITY} where h.id = ?1")
}

pub(super) fn vulnerabilities_by_name() -> String {
    format!("{VULNERABILITY} where h.name = ?1 collate nocase")
}

pub(super) fn vulnerabilities_by_name_and_provider() -> String {
    format!("{VULNERABILITY} where h.name = ?1 collate nocase and h.provider_id = ?2 collate nocase")
}

pub(super) const KNOWN_EXPLOITED: &str = "select b.value from known_exploited_vulnerability_handles k \
     join blobs b on b.id = k.blob_id where k.cve = ?1 collate nocase order by k.id";

pub(super) const EPSS: &str =
    "select cve, epss, percentile from epss_handles where cve = ?1 collate nocase order by id limit 1";

pub(super) const CWES: &str = "select cve, cwe, coalesce(source, ''), coalesce(type, '') from cwe_handles where cve = ?1 collate nocase order by id";

/// The searches of one of the two package tables: rows (id, vulnerability, operating system, blob) of a package.
#[derive(Debug)]
pub(super) struct PackageQueries {
    /// Of the release given.
    pub(super) by_release: String,
    /// Of no release.
    pub(super) without_release: String,
    /// False where the database predates the table.
    pub(super) present: bool,
}

impl PackageQueries {
    pub(super) fn affected(layout: &Layout) -> Self {
        Self::new(layout, "affected_package_handles", AFFECTED_BY_PACKAGE)
    }

    pub(super) fn unaffected(layout: &Layout) -> Self {
        Self::new(layout, "unaffected_package_handles", UNAFFECTED_BY_PACKAGE)
    }

    fn new(layout: &Layout, table: &str, covering: &str) -> Self {
        // Without our index there are single ones on package and release; the plus sign keeps the planner from the
        // latter, which would walk a whole distribution release.
        let plus = if layout.has_index(covering) { "" } else { "+" };
        let select = format!(
            "select id, vulnerability_id, operating_system_id, blob_id from {table} where package_id = ?1 \
             and {plus}operating_system_id"
        );
        Self {
            by_release: format!("{select} = ?2"),
            without_release: format!("{select} is null"),
            present: layout.has_table(table),
        }
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::hydrate;
    use crate::schema::{INDEXES, Index, TABLES};

    /// An empty database with the indexes that `keep` wants, and some more statistics than none.
    fn database(keep: impl Fn(&Index) -> bool) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        for table in TABLES {
            connection.execute_batch(table).unwrap();
        }
        let indexes: Vec<&Index> = INDEXES.iter().filter(|index| keep(index)).collect();
        hydrate::create(&connection, &indexes, &mut |_| ()).unwrap();
        connection
    }

    fn plan(connection: &Connection, sql: &str) -> Vec<String> {
        let mut statement = connection.prepare(&format!("explain query plan {sql}")).unwrap();
        let mut rows = statement.raw_query();
        let mut steps = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            steps.push(row.get::<_, String>("detail").unwrap());
        }
        steps
    }

    fn every_query(layout: &Layout) -> Vec<String> {
        let mut queries: Vec<String> = [
            PACKAGES_BY_NAME,
            PACKAGES_BY_ECOSYSTEM,
            BLOB,
            CPES_BY_PRODUCT,
            AFFECTED_BY_CPE,
            KNOWN_EXPLOITED,
            EPSS,
            CWES,
        ]
        .map(str::to_owned)
        .to_vec();
        queries.extend([vulnerability_by_id(), vulnerabilities_by_name(), vulnerabilities_by_name_and_provider()]);
        for of_table in [PackageQueries::affected(layout), PackageQueries::unaffected(layout)] {
            assert!(of_table.present);
            queries.extend([of_table.by_release, of_table.without_release]);
        }
        queries
    }

    #[test]
    fn every_look_up_walks_an_index() {
        let ours = |index: &Index| index.purpose == crate::schema::Purpose::Lookup;
        let of_others = |index: &Index| !index.name.starts_with("windlass");
        for connection in [database(|_| true), database(ours), database(of_others)] {
            let layout = Layout::read(&connection).unwrap();
            assert!(!layout.lacks_lookup_indexes());
            for query in every_query(&layout) {
                for step in plan(&connection, &query) {
                    assert!(step.starts_with("SEARCH"), "{query}\n{step}");
                }
            }
        }
    }

    #[test]
    fn a_package_search_reads_nothing_but_its_index() {
        let connection = database(|_| true);
        let layout = Layout::read(&connection).unwrap();
        let queries = PackageQueries::affected(&layout);
        for query in [queries.by_release, queries.without_release] {
            let steps = plan(&connection, &query);
            assert_eq!(
                steps,
                [format!(
                    "SEARCH affected_package_handles USING COVERING INDEX {AFFECTED_BY_PACKAGE} \
                     (package_id=? AND operating_system_id=?)"
                )]
            );
        }
    }

    #[test]
    fn without_our_index_the_package_decides_and_not_the_release() {
        let connection = database(|index| !index.name.starts_with("windlass"));
        let layout = Layout::read(&connection).unwrap();
        for step in plan(&connection, &PackageQueries::affected(&layout).by_release) {
            assert!(step.contains("idx_affected_package_handles_package_id (package_id=?)"), "{step}");
        }
    }
}
