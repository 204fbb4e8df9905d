use sqlx::{Connection as _, SqliteConnection, query, query_scalar};
use windlass_store::{Address, Store, events, testing::on_every_address};

#[test]
fn sizes_of_tables_are_noted_once_and_again_where_they_were_lost() {
    on_every_address(|address| async move {
        let Address::Sqlite(path) = &address else { return };
        let url = format!("sqlite:{}", path.display());
        for _ in 0..2 {
            Store::open(&address).await.unwrap().close().await;
            let mut database = SqliteConnection::connect(&url).await.unwrap();
            let noted = "SELECT COUNT(*) FROM sqlite_stat1 WHERE tbl = 'images'";
            assert_eq!(query_scalar::<_, i64>(noted).fetch_one(&mut database).await.unwrap(), 7);
            query("DELETE FROM sqlite_stat1").execute(&mut database).await.unwrap();
            database.close().await.unwrap();
        }
    });
}

#[test]
fn changes_of_verdicts_are_found_among_many_events() {
    on_every_address(|address| async move {
        let Address::Sqlite(path) = &address else { return };
        Store::open(&address).await.unwrap().close().await;
        let mut database = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.unwrap();
        let asked = format!(
            "EXPLAIN QUERY PLAN SELECT * FROM events WHERE account = ? AND {} AND occurred_at > ? \
             ORDER BY occurred_at DESC, id DESC LIMIT 100",
            events::OF_CHANGES
        );
        let plan: Vec<(i64, i64, i64, String)> =
            sqlx::query_as(sqlx::AssertSqlSafe(asked)).fetch_all(&mut database).await.unwrap();
        assert!(plan.len() == 1 && plan[0].3.contains("events_of_changes"), "{plan:?}");
        database.close().await.unwrap();
    });
}
