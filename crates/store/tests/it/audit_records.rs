use windlass_store::{
    AccountName, Moment, Store,
    audit_records::{Model, Outcome, Selection},
    retention::Old,
    testing::on_every_engine,
};

async fn record(store: &Store, account: &str, username: &str, at: i64) {
    let record = Model {
        id: 0,
        created_at: Moment(at),
        username: Some(username.into()),
        account: account.into(),
        action: "createUser".into(),
        target: "/accounts/alpha/users bob".into(),
        outcome: Outcome::Done,
        status: 200,
        address: None,
        request_id: Some("r-1".into()),
    };
    store.insert_audit_record(record).await.unwrap();
}

#[test]
fn records_are_read_latest_first_in_pages_and_by_who_did_it() {
    on_every_engine(|store| async move {
        for (account, username, at) in
            [("alpha", "ada", 1), ("alpha", "bob", 2), ("beta", "eve", 3), ("alpha", "ada", 4)]
        {
            record(&store, account, username, at).await;
        }
        let times = |records: &[Model]| records.iter().map(|record| record.created_at.micros()).collect::<Vec<_>>();
        let alpha = store.account(&AccountName::parse("alpha").unwrap());
        let page = alpha.audit_records(&Selection { limit: 2, ..Selection::default() }).await.unwrap();
        assert_eq!(times(&page), [4, 2]);
        let next = Selection { before: Some(page[1].id), limit: 2, ..Selection::default() };
        assert_eq!(times(&alpha.audit_records(&next).await.unwrap()), [1]);
        let of_ada = Selection { username: Some("ada"), limit: 9, ..Selection::default() };
        assert_eq!(times(&alpha.audit_records(&of_ada).await.unwrap()), [4, 1]);
        let all = Selection { limit: 9, ..Selection::default() };
        assert_eq!(times(&store.audit_records(&all).await.unwrap()), [4, 3, 2, 1]);

        assert_eq!(store.forget(Old::AuditRecords, Moment(4), 2).await.unwrap(), 2);
        assert_eq!(store.forget(Old::AuditRecords, Moment(4), 2).await.unwrap(), 1);
        assert_eq!(times(&store.audit_records(&all).await.unwrap()), [4]);
    });
}
