use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;

use crate::schema::{INDEXES, Purpose, REQUIRED_COLUMNS};

/// Tables, columns and indexes that the file has: older 6.x files lack some.
#[derive(Debug)]
pub(crate) struct Layout {
    tables: BTreeMap<String, BTreeSet<String>>,
    indexes: BTreeSet<String>,
}

impl Layout {
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut tables: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut statement = connection.prepare(
            "select m.name, c.name from sqlite_schema m join pragma_table_info(m.name) c where m.type = 'table'",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            tables.entry(row.get(0)?).or_default().insert(row.get(1)?);
        }
        let mut statement = connection.prepare("select name from sqlite_schema where type = 'index'")?;
        let indexes = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        Ok(Self { tables, indexes })
    }

    pub(crate) fn has_table(&self, table: &str) -> bool {
        self.tables.contains_key(table)
    }

    pub(crate) fn has_column(&self, table: &str, column: &str) -> bool {
        self.tables.get(table).is_some_and(|columns| columns.contains(column))
    }

    /// Whether the table has every column of an index's list (`a collate nocase, b`).
    pub(crate) fn has_columns(&self, table: &str, columns: &str) -> bool {
        columns
            .split(',')
            .filter_map(|column| column.split_whitespace().next())
            .all(|name| self.has_column(table, name))
    }

    pub(super) fn has_index(&self, index: &str) -> bool {
        self.indexes.contains(index)
    }

    /// The first table or column that every v6 database has and this one has not.
    pub(super) fn missing(&self) -> Option<String> {
        REQUIRED_COLUMNS.iter().find_map(|(table, columns)| {
            let Some(present) = self.tables.get(*table) else { return Some(format!("table {table}")) };
            let column = columns.iter().find(|column| !present.contains(**column))?;
            Some(format!("column {column} in table {table}"))
        })
    }

    /// Whether a look-up would read a whole table. Package searches also have the index that other writers make.
    pub(crate) fn lacks_lookup_indexes(&self) -> bool {
        INDEXES.iter().filter(|index| index.purpose == Purpose::Lookup && self.has_table(index.table)).any(|index| {
            let elsewhere = format!("idx_{}_package_id", index.table);
            let by_package = index.table.ends_with("package_handles") && self.has_index(&elsewhere);
            !by_package && !self.has_index(index.name)
        })
    }
}
