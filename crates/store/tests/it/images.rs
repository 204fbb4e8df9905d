use windlass_store::{
    Account, AccountName, Moment, Store,
    accounts::{self, Kind},
    image_tags::{self, TagName},
    images::{self, AnalysisStatus, Change, Filter, NewImage, Page, Status},
    object_references::Storage,
    subscriptions::{self, Start},
    testing::on_every_engine,
};

async fn team(store: &Store, name: &str) -> Account {
    let name = AccountName::parse(name).unwrap();
    let tx = store.begin().await.unwrap();
    accounts::insert(&tx, &name, Kind::User, None, Moment(1)).await.unwrap();
    tx.commit().await.unwrap();
    store.account(&name)
}

fn tag(text: &str) -> TagName<'_> {
    let (repository, tag) = text.split_once(':').unwrap();
    TagName { registry: "r.example", repository, tag }
}

fn new(digest: &str, parent: &str, now: i64) -> NewImage {
    NewImage {
        digest: digest.into(),
        parent_digest: parent.into(),
        image_id: format!("id-{digest}"),
        manifest: format!("sha256:manifest-of-{digest}"),
        parent_manifest: (parent != digest).then(|| format!("sha256:manifest-of-{parent}")),
        annotations: "{}".into(),
        dockerfile: None,
        created_at: Moment(now),
    }
}

/// An image that is found under a tag at a moment.
async fn seen(account: &Account, digest: &str, name: &str, now: i64) -> images::Model {
    let tx = account.begin().await.unwrap();
    let (image, _) = images::ensure(&tx, account.name(), new(digest, digest, now), Moment(now)).await.unwrap();
    image_tags::insert(&tx, account.name(), image.id, tag(name), Moment(now), Moment(now)).await.unwrap();
    tx.commit().await.unwrap();
    image
}

fn digests(found: Vec<impl Into<images::Shown>>) -> Vec<String> {
    found.into_iter().map(|image| image.into().digest).collect()
}

#[test]
fn an_image_is_made_once_for_each_account_that_has_it() {
    on_every_engine(|store| async move {
        let (alpha, beta) = (team(&store, "alpha").await, team(&store, "beta").await);
        let tx = store.begin().await.unwrap();
        let (first, made) = images::ensure(&tx, alpha.name(), new("d1", "d1", 5), Moment(5)).await.unwrap();
        assert!(made);
        assert_eq!((first.status, first.analysis_status), (Status::Active, AnalysisStatus::NotAnalyzed));
        let (again, made) = images::ensure(&tx, alpha.name(), new("d1", "d0", 9), Moment(9)).await.unwrap();
        assert_eq!((again, made), (first.clone(), false), "what is there stays as it is");
        let (other, made) = images::ensure(&tx, beta.name(), new("d1", "d1", 6), Moment(6)).await.unwrap();
        assert!(made && other.id != first.id);
        tx.commit().await.unwrap();
        assert_eq!(digests(alpha.images(Filter::default(), None).await.unwrap()), ["d1"]);
        assert_eq!(beta.image("d1").await.unwrap().unwrap().account, "beta");
        assert!(team(&store, "gamma").await.find_image("d1", Filter::default()).await.unwrap().is_none());
    });
}

#[test]
fn two_that_add_the_same_image_at_once_get_one() {
    on_every_engine(|store| async move {
        let alpha = team(&store, "alpha").await;
        let adding: Vec<_> = (0..8)
            .map(|_| {
                let alpha = alpha.clone();
                tokio::spawn(async move {
                    let tx = alpha.begin().await.unwrap();
                    let ensured = images::ensure(&tx, alpha.name(), new("d1", "d1", 5), Moment(5)).await.unwrap();
                    tx.commit().await.unwrap();
                    ensured.1
                })
            })
            .collect();
        let mut made = 0;
        for added in adding {
            made += usize::from(added.await.unwrap());
        }
        assert_eq!(made, 1);
    });
}

#[test]
fn an_image_is_found_by_its_digest_its_index_and_its_id() {
    on_every_engine(|store| async move {
        let alpha = team(&store, "alpha").await;
        let tx = store.begin().await.unwrap();
        for (digest, created) in [("d1", 5), ("d2", 7), ("d3", 6)] {
            images::ensure(&tx, alpha.name(), new(digest, "index", created), Moment(9)).await.unwrap();
        }
        tx.commit().await.unwrap();
        let by = async |digest: &str| alpha.find_image(digest, Filter::default()).await.unwrap().unwrap().0.digest;
        assert_eq!(by("d1").await, "d1");
        assert_eq!(by("index").await, "d2", "the newest one");
        let by_id = alpha.find_image_by_id("id-d3", Filter::default()).await.unwrap().unwrap().0;
        assert_eq!(by_id.digest, "d3");
        assert!(alpha.find_image_by_id("id", Filter::default()).await.unwrap().is_none());
    });
}

#[test]
fn a_tag_stands_for_the_image_it_was_detected_at_last() {
    on_every_engine(|store| async move {
        let (alpha, beta) = (team(&store, "alpha").await, team(&store, "beta").await);
        let old = seen(&alpha, "d1", "app:1", 10).await;
        let new = seen(&alpha, "d2", "app:1", 20).await;
        seen(&beta, "d3", "app:1", 30).await;
        seen(&alpha, "d4", "app:2", 40).await;
        let history = async || digests(alpha.images_of_tag(tag("app:1"), Filter::default(), None, None).await.unwrap());
        assert_eq!(history().await, ["d2", "d1"]);
        let newest = alpha.images_of_tag(tag("app:1"), Filter::default(), None, Some(1)).await.unwrap();
        assert_eq!(digests(newest), ["d2"]);

        let tx = store.begin().await.unwrap();
        assert_eq!(image_tags::newest(&tx, alpha.name(), tag("app:1")).await.unwrap(), Some(new.id));
        image_tags::detect_again(&tx, old.id, tag("app:1"), Moment(50), Moment(50)).await.unwrap();
        assert_eq!(image_tags::newest(&tx, alpha.name(), tag("app:1")).await.unwrap(), Some(old.id));
        images::mark_deleting(&tx, old.id, Moment(60)).await.unwrap();
        assert_eq!(image_tags::newest(&tx, alpha.name(), tag("app:1")).await.unwrap(), Some(new.id));
        tx.commit().await.unwrap();
        assert_eq!(history().await, ["d1", "d2"]);
        assert_eq!(digests(alpha.images_of_tag(tag("app:1"), Filter::active(), None, None).await.unwrap()), ["d2"]);
        let found = alpha.find_image_in("r.example", "app", "d4", Filter::default()).await.unwrap();
        assert_eq!(found.unwrap().0.digest, "d4");
        assert!(alpha.find_image_in("r.example", "other", "d4", Filter::default()).await.unwrap().is_none());
    });
}

#[test]
fn lists_are_filtered_newest_first_and_come_in_pages() {
    on_every_engine(|store| async move {
        let alpha = team(&store, "alpha").await;
        for (digest, now) in [("d1", 10), ("d2", 20), ("d3", 20), ("d4", 30)] {
            seen(&alpha, digest, &format!("app:{digest}"), now).await;
        }
        assert_eq!(digests(alpha.images(Filter::default(), None).await.unwrap()), ["d4", "d3", "d2", "d1"]);
        let mut after = None;
        for expected in [vec!["d4", "d3"], vec!["d2", "d1"], vec![]] {
            let page = alpha.images(Filter::default(), Some(Page { after, limit: 2 })).await.unwrap();
            after = page.last().map(|image| (image.created_at, image.id)).or(after);
            assert_eq!(digests(page), expected);
        }
        let gone = alpha.image("d4").await.unwrap().unwrap();
        let tx = store.begin().await.unwrap();
        assert!(images::mark_deleting(&tx, gone.id, Moment(40)).await.unwrap());
        assert!(!images::mark_deleting(&tx, gone.id, Moment(41)).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(digests(alpha.images(Filter::active(), None).await.unwrap()), ["d3", "d2", "d1"]);
        let failed = Filter { analysis_status: Some(AnalysisStatus::AnalysisFailed), ..Filter::default() };
        assert!(alpha.images(failed, None).await.unwrap().is_empty());
        let summaries = alpha.tag_summaries(&[Status::Active]).await.unwrap();
        let names: Vec<_> = summaries.iter().map(image_tags::Summary::fulltag).collect();
        assert_eq!(names, ["r.example/app:d1", "r.example/app:d2", "r.example/app:d3"]);
        assert_eq!(alpha.tag_summaries(&[Status::Active, Status::Deleting]).await.unwrap().len(), 4);
    });
}

#[test]
fn a_change_touches_what_it_is_about_and_nothing_else() {
    on_every_engine(|store| async move {
        let alpha = team(&store, "alpha").await;
        let before = seen(&alpha, "d1", "app:1", 10).await;
        let tx = store.begin().await.unwrap();
        let change = Change { annotations: Some(r#"{"a":"b"}"#.into()), ..Change::default() };
        images::change(&tx, before.id, change, Moment(11)).await.unwrap();
        images::mark_deleting(&tx, before.id, Moment(12)).await.unwrap();
        tx.commit().await.unwrap();
        let after = alpha.image("d1").await.unwrap().unwrap();
        let expected = images::Model {
            annotations: r#"{"a":"b"}"#.into(),
            status: Status::Deleting,
            last_updated: Moment(12),
            ..before.clone()
        };
        assert_eq!(after, expected);
        let tx = store.begin().await.unwrap();
        images::reset(&tx, before.id, Moment(13)).await.unwrap();
        tx.commit().await.unwrap();
        let after = alpha.image("d1").await.unwrap().unwrap();
        assert_eq!(after, images::Model { status: Status::Active, last_updated: Moment(13), ..expected });
    });
}

#[test]
fn only_what_is_still_to_be_removed_is_removed() {
    on_every_engine(|store| async move {
        let alpha = team(&store, "alpha").await;
        let image = seen(&alpha, "d1", "app:1", 10).await;
        seen(&alpha, "d2", "app:2", 10).await;
        let tx = store.begin().await.unwrap();
        images::mark_deleting(&tx, image.id, Moment(20)).await.unwrap();
        tx.commit().await.unwrap();
        let waiting = store.images_to_collect(Moment(i64::MAX), 10).await.unwrap();
        assert_eq!(waiting.len(), 1);

        let tx = store.begin().await.unwrap();
        images::reset(&tx, image.id, Moment(21)).await.unwrap();
        assert_eq!(images::remove(&tx, &waiting[0]).await.unwrap(), None, "it was added again");
        images::mark_deleting(&tx, image.id, Moment(22)).await.unwrap();
        assert_eq!(images::remove(&tx, &waiting[0]).await.unwrap().unwrap(), ["sha256:manifest-of-d1"]);
        assert!(!image_tags::is_known(&tx, alpha.name(), tag("app:1")).await.unwrap());
        assert!(image_tags::is_known(&tx, alpha.name(), tag("app:2")).await.unwrap());
        tx.commit().await.unwrap();
        assert!(alpha.image("d1").await.unwrap().is_none());
        assert!(alpha.tags_of_images(&[image.id]).await.unwrap().is_empty());
    });
}

#[test]
fn objects_are_known_by_the_rows_that_refer_to_them() {
    on_every_engine(|store| async move {
        let alpha = team(&store, "alpha").await;
        seen(&alpha, "d1", "app:1", 10).await;
        let keys = ["sha256:manifest-of-d1".to_owned(), "sha256:manifest-of-d2".to_owned()];
        let referenced = store.referenced_objects(Storage::Documents, &keys).await.unwrap();
        assert_eq!(referenced.into_iter().collect::<Vec<_>>(), ["sha256:manifest-of-d1"]);
        assert!(store.referenced_objects(Storage::Documents, &[]).await.unwrap().is_empty());
        assert_eq!(store.remove_orphaned_analysis(Moment(9)).await.unwrap(), None);
    });
}

#[test]
fn subscriptions_on_a_name_are_silenced_and_the_silent_removed() {
    on_every_engine(|store| async move {
        let (alpha, beta) = (team(&store, "alpha").await, team(&store, "beta").await);
        let tx = store.begin().await.unwrap();
        let kind = subscriptions::Kind::TagUpdate;
        for (account, id) in [(&alpha, "s1"), (&beta, "s2")] {
            subscriptions::ensure(&tx, account.name(), id, kind, "r.example/app:1", Start::Activated, Moment(1))
                .await
                .unwrap();
        }
        let watched =
            async |account: &Account| subscriptions::is_watched(&tx, account.name(), "r.example/app:1").await.unwrap();
        subscriptions::remove_silent(&tx, alpha.name(), "r.example/app:1").await.unwrap();
        assert!(watched(&alpha).await, "an active one stays");
        subscriptions::silence(&tx, alpha.name(), "r.example/app:1", Moment(2)).await.unwrap();
        assert_eq!((watched(&alpha).await, watched(&beta).await), (false, true));
        subscriptions::remove_silent(&tx, alpha.name(), "r.example/app:1").await.unwrap();
        subscriptions::ensure(&tx, alpha.name(), "s1", kind, "r.example/app:1", Start::Inactive, Moment(3))
            .await
            .unwrap();
        assert!(!watched(&alpha).await);
    });
}
