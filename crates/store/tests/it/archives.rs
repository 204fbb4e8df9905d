use windlass_store::{
    Account, Moment, Store,
    archive_rules::{self, Transition},
    archive_transitions,
    archived_images::{self, NewArchived, Part, Status, Totals},
    image_tags::TagName,
    object_references::Storage,
    testing::on_every_engine,
};

const TAG: TagName<'static> = TagName { registry: "r.example", repository: "a", tag: "1" };

fn new(digest: &str) -> NewArchived<'_> {
    NewArchived {
        digest,
        parent_digest: "index",
        image_id: "id",
        annotations: "{}",
        analyzed_at: Moment(1),
        tags: vec![(TAG, Moment(1)), (TagName { tag: "2", ..TAG }, Moment(2))],
    }
}

async fn team(store: &Store, name: &str) -> Account {
    store.account(&crate::team(store, name).await)
}

async fn archived(account: &Account, digest: &str, now: i64) {
    let tx = account.begin().await.unwrap();
    let (row, is_new) = archived_images::ensure(&tx, account.name(), &new(digest), Moment(now)).await.unwrap();
    assert!(is_new && row.status == Status::Archiving && row.object.is_none());
    let object = format!("sha256:{digest}");
    assert!(archived_images::finish(&tx, &row, &new(digest), &object, 10, Moment(now + 1)).await.unwrap());
    tx.commit().await.unwrap();
}

#[test]
fn archived_images_are_an_account_s_own_and_the_last_comes_first() {
    on_every_engine(|store| async move {
        let (alpha, beta) = (team(&store, "alpha").await, team(&store, "beta").await);
        archived(&alpha, "d1", 10).await;
        archived(&alpha, "d2", 20).await;
        archived(&beta, "d1", 30).await;
        let digests: Vec<_> = alpha.archived_images().await.unwrap().into_iter().map(|row| row.digest).collect();
        assert_eq!(digests, ["d2", "d1"]);
        assert_eq!(alpha.archived_image("index").await.unwrap().unwrap().digest, "d2");
        let row = alpha.archived_image("d1").await.unwrap().unwrap();
        assert_eq!((row.status, row.size, row.created_at), (Status::Archived, Some(10), Moment(11)));
        let last = alpha.archived_image("d2").await.unwrap().unwrap();
        let tags = alpha.archived_tags(&[row.id, last.id]).await.unwrap();
        assert_eq!([row.id, last.id].map(|image| tags[&image].len()), [2, 2]);
        assert!(beta.archived_tags(&[row.id]).await.unwrap().is_empty());
        let part = async |after, offset, limit| {
            let rows = alpha.part_of_archived_images(Part { after, offset, limit }).await.unwrap();
            rows.into_iter().map(|row| row.digest).collect::<Vec<_>>()
        };
        assert_eq!(part(None, 0, 1).await, ["d2"]);
        assert_eq!(part(None, 1, 5).await, ["d1"]);
        assert_eq!(part(Some((last.created_at, last.id)), 0, 5).await, ["d1"]);
        assert!(part(Some((row.created_at, row.id)), 0, 5).await.is_empty());
        let totals = alpha.archive_totals().await.unwrap();
        assert_eq!(totals, Totals { images: 2, tags: 4, bytes: 20, last_updated: Some(Moment(21)) });
        let keys = ["sha256:d1".to_owned(), "sha256:d9".to_owned()];
        assert_eq!(
            store.referenced_objects(Storage::Bundles, &keys).await.unwrap().into_iter().collect::<Vec<_>>(),
            ["sha256:d1"]
        );

        let tx = store.begin().await.unwrap();
        assert!(!archived_images::ensure(&tx, alpha.name(), &new("d1"), Moment(40)).await.unwrap().1);
        archived_images::mark(&tx, row.id, Status::Deleting, Moment(50)).await.unwrap();
        let late = archived_images::finish(&tx, &row, &new("d1"), "sha256:late", 1, Moment(60)).await.unwrap();
        assert!(!late, "what is being removed stays so");
        archived_images::remove(&tx, row.id).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(alpha.archive_totals().await.unwrap().tags, 2);
        assert_eq!(beta.archive_totals().await.unwrap().images, 1);
    });
}

fn rule(id: &str, limit: Option<i64>) -> archive_rules::Model {
    archive_rules::Model {
        id: id.into(),
        account: String::new(),
        transition: Transition::Archive,
        registry: "*".into(),
        repository: "*".into(),
        tag: "*".into(),
        analysis_age_days: -1,
        tag_versions_newer: -1,
        exclude_registry: String::new(),
        exclude_repository: String::new(),
        exclude_tag: String::new(),
        exclude_expiration_days: -1,
        max_images_per_account: limit,
        system_global: limit.is_some(),
        created_at: Moment(1),
        last_updated: Moment(1),
    }
}

#[test]
fn rules_are_an_account_s_own_or_everybody_s_and_one_limits_at_most() {
    on_every_engine(|store| async move {
        let (alpha, beta) = (team(&store, "alpha").await, team(&store, "beta").await);
        alpha.insert_archive_rule(rule("own", None)).await.unwrap();
        alpha.insert_archive_rule(rule("global", Some(5))).await.unwrap();
        beta.insert_archive_rule(rule("theirs", None)).await.unwrap();
        let second = beta.insert_archive_rule(rule("second", Some(6))).await;
        assert!(matches!(second, Err(windlass_store::Error::Exists)), "{second:?}");
        let ids = |rules: Vec<archive_rules::Model>| rules.into_iter().map(|rule| rule.id).collect::<Vec<_>>();
        assert_eq!(ids(beta.archive_rules(true).await.unwrap()), ["global", "theirs"]);
        assert_eq!(ids(beta.archive_rules(false).await.unwrap()), ["theirs"]);
        assert_eq!(ids(store.all_archive_rules().await.unwrap()), ["global", "own", "theirs"]);
        assert!(beta.archive_rule("own").await.unwrap().is_none());
        assert!(!beta.delete_archive_rule("own").await.unwrap());
        assert!(alpha.delete_archive_rule("own").await.unwrap());
    });
}

#[test]
fn transitions_are_found_by_every_rule_that_led_to_them() {
    on_every_engine(|store| async move {
        let (alpha, beta) = (team(&store, "alpha").await, team(&store, "beta").await);
        let tx = store.begin().await.unwrap();
        for (account, digest, rules) in
            [(&alpha, "d1", r#"["r1"]"#), (&alpha, "d2", r#"["r1","r2"]"#), (&beta, "d3", r#"["r1"]"#)]
        {
            let row = archive_transitions::Model {
                id: 0,
                account: account.name().to_string(),
                task: "t".into(),
                digest: digest.into(),
                rules: rules.into(),
                tags: "[]".into(),
                transition: Transition::Archive,
                failure: None,
                created_at: Moment(1),
            };
            archive_transitions::insert(&tx, row).await.unwrap();
        }
        tx.commit().await.unwrap();
        let digests = async |rule: &str, limit: u64| {
            let part = archive_transitions::Part { after: None, offset: 0, limit };
            let rows = alpha.archive_transitions(rule, part).await.unwrap();
            rows.into_iter().map(|row| row.digest).collect::<Vec<_>>()
        };
        assert_eq!(digests("r1", 10).await, ["d2", "d1"]);
        assert_eq!(digests("r1", 1).await, ["d2"]);
        assert_eq!(digests("r2", 10).await, ["d2"]);
        assert_eq!(digests("r", 10).await, [""; 0]);
    });
}
