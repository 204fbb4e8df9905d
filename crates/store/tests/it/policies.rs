use windlass_store::{
    Account, AccountName, Error, Moment, Store,
    accounts::{self, Kind},
    policies::{self, Written},
    testing::on_every_engine,
};

async fn account(store: &Store, name: &str) -> Account {
    let name = AccountName::parse(name).unwrap();
    let tx = store.begin().await.unwrap();
    accounts::insert(&tx, &name, Kind::User, None, Moment(1)).await.unwrap();
    tx.commit().await.unwrap();
    store.account(&name)
}

fn bundle<'a>(id: &'a str, digest: &'a str) -> Written<'a> {
    Written { id, name: Some("A bundle"), description: None, bundle: "{}", digest }
}

async fn add(account: &Account, id: &str, now: i64) {
    let tx = account.begin().await.unwrap();
    policies::insert(&tx, account.name(), bundle(id, "d1"), "local", Moment(now)).await.unwrap();
    tx.commit().await.unwrap();
}

async fn activate(account: &Account, id: &str, now: i64) {
    let tx = account.begin().await.unwrap();
    policies::lock(&tx, account.name()).await.unwrap();
    policies::activate(&tx, account.name(), id, Moment(now)).await.unwrap();
    tx.commit().await.unwrap();
}

async fn active(account: &Account) -> Vec<String> {
    let summaries = account.policy_summaries().await.unwrap();
    summaries.into_iter().filter(|policy| policy.active).map(|policy| policy.id).collect()
}

#[test]
fn policies_belong_to_their_account_and_one_of_them_is_active() {
    on_every_engine(|store| async move {
        let (ours, theirs) = (account(&store, "ours").await, account(&store, "theirs").await);
        add(&ours, "b", 2).await;
        add(&ours, "a", 3).await;
        add(&theirs, "a", 3).await;
        assert_eq!(ours.active_policy().await.unwrap(), None);

        activate(&ours, "b", 4).await;
        activate(&ours, "a", 5).await;
        assert_eq!(active(&ours).await, ["a"]);
        assert_eq!(active(&theirs).await, [""; 0]);
        let all = ours.policies().await.unwrap();
        let told: Vec<_> = all.iter().map(|policy| (policy.id.as_str(), policy.last_updated)).collect();
        assert_eq!(told, [("b", Moment(5)), ("a", Moment(5))]);

        activate(&ours, "a", 6).await;
        let again = ours.find_policy("a").await.unwrap().unwrap();
        assert_eq!((again.active, again.last_updated), (true, Moment(5)), "nothing changed");
    });
}

#[test]
fn a_bundle_is_replaced_where_it_is_and_stays_active() {
    on_every_engine(|store| async move {
        let ours = account(&store, "ours").await;
        add(&ours, "a", 2).await;
        activate(&ours, "a", 3).await;
        let tx = ours.begin().await.unwrap();
        let replaced = policies::replace(&tx, ours.name(), bundle("a", "d2"), Moment(4)).await.unwrap().unwrap();
        assert_eq!(policies::replace(&tx, ours.name(), bundle("b", "d2"), Moment(4)).await.unwrap(), None);
        tx.commit().await.unwrap();
        assert_eq!(ours.find_policy("a").await.unwrap().as_ref(), Some(&replaced));
        assert_eq!(
            (replaced.active, replaced.digest.as_str(), replaced.created_at, replaced.last_updated),
            (true, "d2", Moment(2), Moment(4))
        );
        let tx = ours.begin().await.unwrap();
        let taken = policies::insert(&tx, ours.name(), bundle("a", "d1"), "local", Moment(5)).await;
        assert!(matches!(taken, Err(Error::Exists)));
    });
}

#[test]
fn the_active_policy_is_not_deleted() {
    on_every_engine(|store| async move {
        let ours = account(&store, "ours").await;
        add(&ours, "a", 2).await;
        add(&ours, "b", 3).await;
        activate(&ours, "a", 4).await;
        let delete = async |id| {
            let tx = ours.begin().await.unwrap();
            let deleted = policies::delete(&tx, ours.name(), id).await.unwrap();
            tx.commit().await.unwrap();
            deleted
        };
        assert!(!delete("a").await);
        assert!(delete("b").await);
        assert!(!delete("b").await);
        assert_eq!(active(&ours).await, ["a"]);
    });
}

#[test]
fn however_many_are_activated_at_once_one_is_active() {
    on_every_engine(|store| async move {
        let ours = account(&store, "ours").await;
        let ids: Vec<String> = (0..8).map(|number| format!("p{number}")).collect();
        for id in &ids {
            add(&ours, id, 2).await;
        }
        let tasks: Vec<_> = (0..24)
            .map(|number: usize| {
                let (ours, id) = (ours.clone(), ids[number % ids.len()].clone());
                tokio::spawn(async move { activate(&ours, &id, 3).await })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(active(&ours).await.len(), 1);
    });
}
