use windlass_store::{
    Account, Error, Moment, Store,
    endpoints::{self, Model},
    testing::on_every_engine,
};

use crate::team;

/// An endpoint that nothing went wrong with.
pub(crate) fn endpoint(id: &str, name: &str) -> Model {
    Model {
        id: id.into(),
        account: String::new(),
        name: name.into(),
        kind: "webhook".into(),
        settings: "sealed".into(),
        routing: "{}".into(),
        revision: 0,
        system_global: false,
        configured: false,
        enabled: true,
        disabled_because: None,
        concurrency: 2,
        per_minute: 6000,
        failures: 0,
        failing_since: None,
        dead: 0,
        not_before: Moment(0),
        paced_until: Moment(0),
        created_at: Moment(1),
        last_updated: Moment(1),
    }
}

async fn accounts(store: &Store) -> (Account, Account) {
    (store.account(&team(store, "alpha").await), store.account(&team(store, "beta").await))
}

#[test]
fn endpoints_belong_to_an_account_and_have_names_of_their_own() {
    on_every_engine(|store| async move {
        let (alpha, beta) = accounts(&store).await;
        alpha.insert_endpoint(endpoint("2", "b")).await.unwrap();
        alpha.insert_endpoint(endpoint("1", "a")).await.unwrap();
        beta.insert_endpoint(endpoint("3", "a")).await.unwrap();
        assert!(matches!(alpha.insert_endpoint(endpoint("4", "a")).await, Err(Error::Exists)));
        let names: Vec<String> = alpha.endpoints().await.unwrap().into_iter().map(|row| row.name).collect();
        assert_eq!((names, alpha.count_endpoints().await.unwrap()), (vec!["a".into(), "b".into()], 2));
        assert_eq!(alpha.endpoint("a").await.unwrap().unwrap().account, "alpha");
        assert_eq!(beta.endpoint("b").await.unwrap(), None);

        let other = Model { routing: "[]".into(), created_at: Moment(9), ..endpoint("1", "a") };
        let read = alpha.endpoint("a").await.unwrap().unwrap();
        assert!(alpha.replace_endpoint(&read, &other).await.unwrap());
        let row = alpha.endpoint("a").await.unwrap().unwrap();
        assert_eq!((row.routing.as_str(), row.created_at), ("[]", Moment(1)), "when it was made stays");
        assert_eq!(beta.endpoint("a").await.unwrap().unwrap().routing, "{}");
        assert!(!beta.replace_endpoint(&endpoint("2", "b"), &other).await.unwrap(), "it is another's");
        assert!(!beta.delete_endpoint("b").await.unwrap());
        assert!(alpha.delete_endpoint("b").await.unwrap());
        assert_eq!(store.endpoint_by_id("2").await.unwrap(), None);
        assert_eq!(format!("{row:?}"), "endpoint \"a\" of \"alpha\"", "nobody logs its settings");
    });
}

#[test]
fn an_account_is_heard_by_its_own_endpoints_and_by_those_of_all() {
    on_every_engine(|store| async move {
        let (alpha, beta) = accounts(&store).await;
        alpha.insert_endpoint(endpoint("1", "own")).await.unwrap();
        alpha.insert_endpoint(Model { enabled: false, ..endpoint("2", "off") }).await.unwrap();
        beta.insert_endpoint(endpoint("3", "theirs")).await.unwrap();
        beta.insert_endpoint(Model { system_global: true, ..endpoint("4", "all") }).await.unwrap();
        let tx = store.begin_read().await.unwrap();
        let heard = endpoints::listening(&tx, "alpha").await.unwrap();
        assert_eq!(heard.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["own", "all"]);
        assert_eq!(endpoints::listening(&tx, "nobody").await.unwrap().len(), 1);
    });
}

#[test]
fn what_goes_wrong_is_counted_until_something_is_taken() {
    on_every_engine(|store| async move {
        let (alpha, _) = accounts(&store).await;
        alpha.insert_endpoint(endpoint("1", "a")).await.unwrap();
        alpha.insert_endpoint(endpoint("2", "well")).await.unwrap();
        let health = async || {
            let row = alpha.endpoint("a").await.unwrap().unwrap();
            (row.failures, row.failing_since, row.dead, row.not_before)
        };
        let tx = store.begin().await.unwrap();
        endpoints::note_failure(&tx, "1", Moment(50), false, Moment(10)).await.unwrap();
        endpoints::note_failure(&tx, "1", Moment(60), true, Moment(20)).await.unwrap();
        endpoints::note_dead(&tx, "1").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(health().await, (2, Some(Moment(10)), 2, Moment(60)), "it fails since the first time");
        let failing = async |moment, dead| {
            let rows = store.failing_endpoints(Moment(moment), dead).await.unwrap();
            rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
        };
        assert_eq!(
            (failing(10, 3).await, failing(11, 3).await, failing(0, 2).await),
            (vec![], vec!["1".into()], vec!["1".to_owned()])
        );

        let tx = store.begin().await.unwrap();
        endpoints::note_success(&tx, "1", Moment(70)).await.unwrap();
        endpoints::note_success(&tx, "2", Moment(70)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(health().await, (0, None, 0, Moment(70)));
        assert_eq!(
            alpha.endpoint("well").await.unwrap().unwrap(),
            Model { account: "alpha".into(), ..endpoint("2", "well") }
        );
    });
}

#[test]
fn who_read_an_endpoint_before_another_changed_it_undoes_nothing() {
    on_every_engine(|store| async move {
        let (alpha, _) = accounts(&store).await;
        let read = alpha.insert_endpoint(endpoint("1", "a")).await.unwrap();
        let tx = store.begin().await.unwrap();
        assert!(endpoints::disable(&tx, alpha.name(), "1", "why", Moment(5)).await.unwrap());
        endpoints::note_failure(&tx, "1", Moment(50), true, Moment(6)).await.unwrap();
        tx.commit().await.unwrap();
        let disabled = alpha.endpoint("a").await.unwrap().unwrap();
        assert!(alpha.set_endpoint_settings(&read, "sealed anew".into(), Moment(7)).await.unwrap());
        let expected = Model { settings: "sealed anew".into(), last_updated: Moment(7), ..disabled };
        assert_eq!(alpha.endpoint("a").await.unwrap().unwrap(), expected, "it is disabled and ill as before");

        let late = Model { settings: "of yesterday".into(), ..read.clone() };
        assert!(!alpha.replace_endpoint(&read, &late).await.unwrap());
        assert!(!alpha.set_endpoint_settings(&read, late.settings, Moment(8)).await.unwrap());
        assert_eq!(alpha.endpoint("a").await.unwrap().unwrap(), expected);
        assert!(alpha.delete_endpoint("a").await.unwrap());
        let another = alpha.insert_endpoint(endpoint("2", "a")).await.unwrap();
        assert!(!alpha.replace_endpoint(&expected, &read).await.unwrap(), "one of that name is another one");
        assert_eq!(alpha.endpoint("a").await.unwrap().unwrap(), another);
    });
}

#[test]
fn an_endpoint_is_disabled_once_with_the_reason() {
    on_every_engine(|store| async move {
        let (alpha, beta) = accounts(&store).await;
        alpha.insert_endpoint(endpoint("1", "a")).await.unwrap();
        let tx = store.begin().await.unwrap();
        assert!(!endpoints::disable(&tx, beta.name(), "1", "why", Moment(5)).await.unwrap(), "it is another's");
        assert!(endpoints::disable(&tx, alpha.name(), "1", "why", Moment(5)).await.unwrap());
        assert!(!endpoints::disable(&tx, alpha.name(), "1", "again", Moment(6)).await.unwrap());
        tx.commit().await.unwrap();
        let row = alpha.endpoint("a").await.unwrap().unwrap();
        assert_eq!((row.enabled, row.disabled_because.as_deref(), row.last_updated), (false, Some("why"), Moment(5)));
        assert_eq!(store.failing_endpoints(Moment(100), 0).await.unwrap(), [], "it is looked at no more");
    });
}
