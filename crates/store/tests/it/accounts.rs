use windlass_store::{
    AccountName, Error, Moment, Store, Username,
    accounts::{self, Kind, State},
    testing::on_every_engine,
    users,
};

async fn team(store: &Store, name: &str) -> AccountName {
    let name = AccountName::parse(name).unwrap();
    let tx = store.begin().await.unwrap();
    accounts::insert(&tx, &name, Kind::User, Some("team@example.org"), Moment(7)).await.unwrap();
    tx.commit().await.unwrap();
    name
}

#[test]
fn accounts_are_listed_by_name_and_state_without_the_installations_own() {
    on_every_engine(|store| async move {
        team(&store, "zulu").await;
        team(&store, "alpha").await;
        let tx = store.begin().await.unwrap();
        let own = AccountName::parse("anchore-system").unwrap();
        accounts::insert(&tx, &own, Kind::Service, None, Moment(7)).await.unwrap();
        tx.commit().await.unwrap();
        let names = |accounts: Vec<accounts::Model>| accounts.into_iter().map(|a| a.name).collect::<Vec<_>>();
        assert_eq!(names(store.accounts(None).await.unwrap()), ["alpha", "zulu"]);

        let (zulu, enabled) = (AccountName::parse("zulu").unwrap(), &[State::Enabled]);
        let tx = store.begin().await.unwrap();
        assert!(accounts::change_state(&tx, &zulu, enabled, State::Disabled, Moment(8)).await.unwrap());
        assert!(!accounts::change_state(&tx, &zulu, enabled, State::Deleting, Moment(9)).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(names(store.accounts(Some(State::Disabled)).await.unwrap()), ["zulu"]);
        let zulu = store.find_account("zulu").await.unwrap().unwrap();
        assert_eq!((zulu.created_at, zulu.last_updated), (Moment(7), Moment(8)));
    });
}

#[test]
fn names_are_taken_once() {
    on_every_engine(|store| async move {
        let alpha = team(&store, "alpha").await;
        let tx = store.begin().await.unwrap();
        let again = accounts::insert(&tx, &alpha, Kind::User, None, Moment(8)).await;
        assert!(matches!(again, Err(Error::Exists)), "{again:?}");
    });
}

#[test]
fn a_user_goes_with_its_account_and_its_password_with_the_user() {
    on_every_engine(|store| async move {
        let alpha = team(&store, "alpha").await;
        let tx = store.begin().await.unwrap();
        let ada = Username::parse("ada").unwrap();
        users::insert(&tx, &ada, "id-1".into(), &alpha, users::Kind::Native, Moment(1)).await.unwrap();
        users::set_password(&tx, "ada", "hash-1", Moment(2)).await.unwrap();
        users::set_password(&tx, "ada", "hash-2", Moment(3)).await.unwrap();
        tx.commit().await.unwrap();

        let identity = store.identity_by_id("id-1").await.unwrap().unwrap();
        assert_eq!(identity.account.name, "alpha");
        assert_eq!(identity.credential.unwrap().password_hash, "hash-2");
        assert_eq!(store.account(&alpha).password_set_at("ada").await.unwrap(), Some(Moment(3)));
        let other = store.account(&team(&store, "other").await);
        assert_eq!(other.password_set_at("ada").await.unwrap(), None, "she is none of theirs");
        assert_eq!((other.find_user("ada").await.unwrap(), other.users().await.unwrap()), (None, vec![]));

        let tx = store.begin().await.unwrap();
        accounts::delete(&tx, &alpha).await.unwrap();
        tx.commit().await.unwrap();
        assert!(store.identity_by_name("ada").await.unwrap().is_none());
        assert_eq!(store.account(&alpha).password_set_at("ada").await.unwrap(), None);
    });
}

#[test]
fn what_is_not_committed_has_not_happened() {
    on_every_engine(|store| async move {
        let tx = store.begin().await.unwrap();
        let name = AccountName::parse("ghost").unwrap();
        accounts::insert(&tx, &name, Kind::User, None, Moment(1)).await.unwrap();
        drop(tx);
        assert!(store.find_account("ghost").await.unwrap().is_none());
    });
}
