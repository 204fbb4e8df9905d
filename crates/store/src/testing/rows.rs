//! Rows for every table that there is, so that tests see tables as well that were added after them.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{ConnectionTrait as _, DbBackend, FromQueryResult as _, JsonValue, QueryResult, Statement};

use crate::Store;

/// A column of a table.
#[derive(Clone, Debug)]
pub struct Column {
    pub table: String,
    pub name: String,
    /// The engine's name of its type, in lower case.
    pub kind: String,
    /// Whether every row must have a value.
    pub required: bool,
}

/// Every column of every table but the engine's own and the migrations', table by table.
///
/// # Panics
/// When the store fails, like everything here.
pub async fn columns(store: &Store) -> Vec<Column> {
    let sql = if store.is_postgres() {
        "SELECT table_name::text AS t, column_name::text AS n, data_type::text AS k, (is_nullable = 'NO') AS r \
         FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, ordinal_position"
    } else {
        "SELECT m.name AS t, c.name AS n, c.type AS k, (c.\"notnull\" OR c.pk > 0) AS r \
         FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY m.name, c.cid"
    };
    let column = |row: &QueryResult| Column {
        table: row.try_get("", "t").expect("it is asked for"),
        name: row.try_get("", "n").expect("it is asked for"),
        kind: row.try_get::<String>("", "k").expect("it is asked for").to_lowercase(),
        required: row.try_get("", "r").expect("it is asked for"),
    };
    let is_ours = |column: &Column| !column.table.starts_with("_sqlx") && !column.table.starts_with("sqlite_");
    let rows = store.reader().query_all_raw(statement(store, sql)).await.expect("the schema can be read");
    rows.iter().map(column).filter(is_ours).collect()
}

/// Writes a row to every table but `accounts`, for an account that is there. Where `value` does not say otherwise, in SQL,
/// every text in it is the account's name, its bytes where it is bytes, and every number `number`, so that all references between such rows hold.
///
/// # Panics
/// When a table takes no such row.
pub async fn fill(store: &Store, account: &str, number: i64, value: impl Fn(&Column) -> Option<String>) {
    let columns = columns(store).await;
    let value = |column: &Column| value(column).unwrap_or_else(|| usual(column, account, number));
    let mut tables: Vec<Vec<&Column>> = Vec::new();
    for column in columns.iter().filter(|column| column.table != "accounts") {
        match tables.last_mut().filter(|table| table[0].table == column.table) {
            Some(table) => table.push(column),
            None => tables.push(vec![column]),
        }
    }
    // What refers to a table that has no row yet is tried again.
    while !tables.is_empty() {
        let (before, mut left, mut reasons) = (tables.len(), Vec::new(), Vec::new());
        for table in tables {
            let required: Vec<&&Column> = table.iter().filter(|column| column.required).collect();
            let names: Vec<String> = required.iter().map(|column| format!("\"{}\"", column.name)).collect();
            let values: Vec<String> = required.iter().map(|column| value(column)).collect();
            let (name, names, values) = (&table[0].table, names.join(", "), values.join(", "));
            let insertion = format!("INSERT INTO {name} ({names}) VALUES ({values})");
            if let Err(error) = store.writer().execute_unprepared(&insertion).await {
                reasons.push(error.to_string());
                left.push(table);
            }
        }
        assert!(left.len() < before, "no row can be written for {account}: {reasons:?}");
        tables = left;
    }
}

fn usual(column: &Column, account: &str, number: i64) -> String {
    match column.kind.as_str() {
        "text" => format!("'{account}'"),
        "boolean" => "FALSE".to_owned(),
        "bytea" => format!("'\\x{}'", hex::encode(account)),
        "blob" => format!("X'{}'", hex::encode(account)),
        _ => number.to_string(),
    }
}

/// The rows of a table that have this text in that column.
///
/// # Panics
/// When there is no such table or column.
pub async fn rows(store: &Store, table: &str, column: &str, value: &str) -> Vec<JsonValue> {
    let query = format!("SELECT * FROM {table} WHERE {column} = '{value}' ORDER BY 1");
    let rows = JsonValue::find_by_statement(statement(store, &query)).all(store.writer()).await;
    rows.expect("the table can be read")
}

/// Everything that is written, table by table, the rows in the order of their texts.
///
/// # Panics
/// When the store fails.
pub async fn everything(store: &Store) -> BTreeMap<String, Vec<JsonValue>> {
    let tables: BTreeSet<String> = columns(store).await.into_iter().map(|column| column.table).collect();
    let mut all = BTreeMap::new();
    for table in tables {
        let query = statement(store, &format!("SELECT * FROM {table}"));
        let mut rows = JsonValue::find_by_statement(query).all(store.writer()).await.expect("the table can be read");
        rows.sort_by_cached_key(ToString::to_string);
        all.insert(table, rows);
    }
    all
}

fn statement(store: &Store, sql: &str) -> Statement {
    Statement::from_string(if store.is_postgres() { DbBackend::Postgres } else { DbBackend::Sqlite }, sql)
}
