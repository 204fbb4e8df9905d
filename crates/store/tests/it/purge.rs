//! Nothing of an account is left once it was purged, and nothing of another is touched. Every table of the schema has a
//! row for each of two accounts, so that a table that is added later is looked at as well.

use sea_orm::ConnectionTrait as _;
use windlass_store::{
    AccountName, Moment, Store,
    accounts::{self, Kind},
    testing::{columns, fill, on_every_engine, rows},
};

/// Tables that tell no account themselves; the column that refers to what does.
const HANGING: &[(&str, &str)] = &[
    ("credentials", "username"),
    ("api_keys", "username"),
    ("repository_tags", "subscription"),
    ("watches", "subscription"),
    ("import_contents", "import"),
];

async fn account(store: &Store, name: &str) -> AccountName {
    let name = AccountName::parse(name).unwrap();
    let tx = store.begin().await.unwrap();
    accounts::insert(&tx, &name, Kind::User, None, Moment(1)).await.unwrap();
    tx.commit().await.unwrap();
    name
}

#[test]
fn nothing_of_an_account_is_left_in_any_table_and_others_keep_theirs() {
    on_every_engine(|store| async move {
        let alpha = account(&store, "alpha").await;
        account(&store, "beta").await;
        fill(&store, "alpha", 1, |_| None).await;
        fill(&store, "beta", 2, |_| None).await;
        let columns = columns(&store).await;
        let owned = columns.iter().filter(|column| column.name == "account").map(|column| column.table.as_str());
        let owned: Vec<(&str, &str)> = owned.map(|table| (table, "account")).chain(HANGING.iter().copied()).collect();
        assert!(owned.len() > 15, "{owned:?}");
        let mut kept = Vec::new();
        for (table, column) in &owned {
            assert_eq!(rows(&store, table, column, "alpha").await.len(), 1, "{table}");
            kept.push(rows(&store, table, column, "beta").await);
        }

        while store.account(&alpha).purge(1).await.unwrap() > 0 {}
        for ((table, column), kept) in owned.iter().zip(&kept) {
            let left = rows(&store, table, column, "alpha").await;
            assert!(left.is_empty(), "{table} has a row of alpha still");
            assert_eq!(rows(&store, table, column, "beta").await, *kept, "{table} lost a row of beta");
        }
        for (shared, column) in [("analyses", "key"), ("package_versions", "name"), ("settings", "name")] {
            assert_eq!(rows(&store, shared, column, "alpha").await.len(), 1, "{shared} belongs to nobody");
        }
        // Nothing refers to the account any more.
        let tx = store.begin().await.unwrap();
        accounts::delete(&tx, &alpha).await.unwrap();
        tx.commit().await.unwrap();
    });
}

#[test]
fn a_purge_removes_a_batch_at_a_time() {
    on_every_engine(|store| async move {
        let alpha = account(&store, "alpha").await;
        let tx = store.begin().await.unwrap();
        for number in 0..5 {
            let sql = "INSERT INTO events (id, account, kind, level, message, details, occurred_at, created_at)";
            let values = format!("VALUES ('{number}', 'alpha', 'k', 'info', 'm', '{{}}', 1, 1)");
            tx.execute_unprepared(&format!("{sql} {values}")).await.unwrap();
        }
        tx.commit().await.unwrap();
        let alpha = store.account(&alpha);
        assert_eq!(alpha.purge(2).await.unwrap(), 2);
        assert_eq!(alpha.purge(2).await.unwrap(), 2);
        assert_eq!(alpha.purge(2).await.unwrap(), 1);
        assert_eq!(alpha.purge(2).await.unwrap(), 0);
    });
}
