use std::io::Cursor;

use proptest::prelude::*;

use super::*;

/// A database that SQLite itself wrote, and its write-ahead log.
fn database(setup: &str, logged: &str) -> (Vec<u8>, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection
        .execute_batch("PRAGMA page_size = 512; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;")
        .unwrap();
    connection.execute_batch(setup).unwrap();
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    connection.execute_batch(logged).unwrap();
    (std::fs::read(&path).unwrap(), std::fs::read(folder.path().join("db-wal")).unwrap())
}

/// Number and length of each row of table `t`.
fn rows(bytes: &[u8]) -> Vec<(i64, usize)> {
    Table::read(Cursor::new(bytes), "T", shape).unwrap().unwrap().rows().into_iter().copied().collect()
}

fn shape(_: i64, record: &[u8]) -> (i64, usize) {
    let number = match column(record, 1) {
        Some(Value::Integer(number)) => number,
        _ => -1,
    };
    match column(record, 2) {
        Some(Value::Blob(bytes) | Value::Text(bytes)) => (number, bytes.len()),
        _ => (number, 0),
    }
}

const FILL: &str = "CREATE TABLE other (a); CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, b BLOB);
    WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 300)
    INSERT INTO t (n, b) SELECT n, zeroblob(n * 17) FROM c;";

#[test]
fn rows_of_all_lengths_come_in_order() {
    let expected: Vec<_> = (1..=300).map(|n: i64| (n, n as usize * 17)).collect();
    assert_eq!(rows(&database(FILL, "").0), expected);
}

#[test]
fn values_have_the_types_that_sqlite_gave_them() {
    let (bytes, _) = database(
        "CREATE TABLE t (a, b, c, d, e, f, g, h); INSERT INTO t VALUES (NULL, 0, 1, -2, 300, 1.5, 'text', x'ff00');
         INSERT INTO t VALUES (-9223372036854775808, 70000, 9000000000, 1099511627776, '', x'', 0.25, -8388608);",
        "",
    );
    let table = Table::read(Cursor::new(bytes), "t", |_, record| record.to_vec()).unwrap().unwrap();
    let values =
        |row: usize| (0..9).map(|at| format!("{:?}", column(table.rows()[row], at))).collect::<Vec<_>>().join(" ");
    assert_eq!(
        values(0),
        "Some(Null) Some(Integer(0)) Some(Integer(1)) Some(Integer(-2)) Some(Integer(300)) Some(Real(1.5)) \
         Some(Text([116, 101, 120, 116])) Some(Blob([255, 0])) None"
    );
    assert_eq!(
        values(1),
        "Some(Integer(-9223372036854775808)) Some(Integer(70000)) Some(Integer(9000000000)) \
         Some(Integer(1099511627776)) Some(Text([])) Some(Blob([])) Some(Real(0.25)) Some(Integer(-8388608)) None"
    );
}

#[test]
fn a_log_changes_adds_moves_and_removes_rows() {
    let change = "DELETE FROM t WHERE n % 3 = 0; UPDATE t SET b = zeroblob(2000) WHERE n = 7;
        INSERT INTO t (n, b) VALUES (1000, zeroblob(5000)), (1001, 'short');";
    let (bytes, log) = database(FILL, change);
    let table = Table::read(Cursor::new(bytes), "t", shape).unwrap().unwrap();
    let table = table.overlaid(&Wal::read(&log).unwrap(), shape).unwrap();
    let mut expected: Vec<_> = (1..=300).filter(|n| n % 3 != 0).map(|n: i64| (n, n as usize * 17)).collect();
    expected[4] = (7, 2000);
    expected.extend([(1000, 5000), (1001, 5)]);
    assert_eq!(table.rows().into_iter().copied().collect::<Vec<_>>(), expected);
}

#[test]
fn what_was_not_committed_does_not_count() {
    let (bytes, mut log) = database(FILL, "INSERT INTO t (n, b) VALUES (1000, zeroblob(5000));");
    let frames = (log.len() - 32) / (24 + 512);
    assert!(frames > 5, "{frames}");
    log.truncate(log.len() - 1);
    let wal = Wal::read(&log).unwrap();
    assert!(wal.is_empty(), "the frame that commits is cut off");
    assert_eq!(rows(&bytes).len(), 300);
}

#[test]
fn a_log_of_another_database_is_refused() {
    let (bytes, _) = database(FILL, "");
    let table = Table::read(Cursor::new(&bytes), "t", shape).unwrap().unwrap();
    let (_, mut log) = database(FILL, "INSERT INTO t (n) VALUES (1);");
    log[10] = 4;
    log[11] = 0;
    assert!(Wal::read(&log).unwrap().is_empty(), "the header's checksum is wrong");
    assert!(Wal::read(b"no log at all, but of more than thirty-two bytes").is_err());
    assert!(Wal::read(b"").unwrap().is_empty());
    let empty = Wal::read(b"").unwrap();
    assert!(matches!(table.overlaid(&empty, shape), Err(SqliteError::Wal(_))));
}

#[test]
fn a_database_may_lack_the_table_or_be_none() {
    let (bytes, _) = database("CREATE TABLE u (a); CREATE VIEW t AS SELECT 1;", "");
    assert!(Table::read(Cursor::new(bytes), "t", shape).unwrap().is_none());
    assert!(matches!(Table::read(Cursor::new(b"SQLite"), "t", shape), Err(SqliteError::NotSqlite)));
}

#[test]
fn pages_with_two_places_are_refused() {
    let (mut bytes, _) = database(FILL, "");
    // The table's root: an interior page whose first child becomes the page itself.
    let root = (0..bytes.len() / 512).rfind(|page| bytes[page * 512] == 0x05).unwrap();
    let cell = usize::from(u16::from_be_bytes([bytes[root * 512 + 12], bytes[root * 512 + 13]]));
    bytes[root * 512 + cell..][..4].copy_from_slice(&(root as u32 + 1).to_be_bytes());
    assert!(matches!(Table::read(Cursor::new(bytes), "t", shape), Err(SqliteError::Loop(_))));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn no_file_makes_the_reader_panic(changes in prop::collection::vec((100..20_000_usize, any::<u8>()), 1..40)) {
        let (mut bytes, mut log) = SAMPLE.clone();
        for (at, byte) in changes {
            let (at_log, at) = (at % log.len(), at % bytes.len());
            bytes[at] = byte;
            log[at_log] = byte;
        }
        if let (Ok(Some(table)), Ok(wal)) = (Table::read(Cursor::new(&bytes), "t", shape), Wal::read(&log)) {
            let _ = table.overlaid(&wal, shape);
        }
    }
}

static SAMPLE: std::sync::LazyLock<(Vec<u8>, Vec<u8>)> = std::sync::LazyLock::new(|| {
    database(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, b BLOB); INSERT INTO t VALUES (1, 1, zeroblob(2000));
         INSERT INTO t VALUES (2, 2, zeroblob(300)), (3, 3, zeroblob(300)), (4, 4, zeroblob(300));",
        "INSERT INTO t VALUES (5, 5, zeroblob(700));",
    )
});
