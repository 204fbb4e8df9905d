use sea_orm::ConnectionTrait as _;
use windlass_store::{
    Account, Moment, Store,
    archived_images::{self, NewArchived},
    image_tags::{self, TagName},
    images::{self, NewImage},
    tag_mappings::{Mapping, Place},
    testing::on_every_engine,
};

fn tag(text: &str) -> TagName<'_> {
    let (repository, tag) = text.split_once(':').unwrap();
    TagName { registry: "r.example", repository, tag }
}

/// An image of the working set that is analysed at a moment, with what it is called.
async fn working(account: &Account, digest: &str, analyzed_at: Option<i64>, names: &[&str]) {
    let tx = account.begin().await.unwrap();
    let image = NewImage {
        digest: digest.into(),
        parent_digest: digest.into(),
        image_id: "id".into(),
        manifest: "m".into(),
        parent_manifest: None,
        annotations: "{}".into(),
        dockerfile: None,
        created_at: Moment(5),
    };
    let (image, _) = images::ensure(&tx, account.name(), image, Moment(5)).await.unwrap();
    for name in names {
        image_tags::insert(&tx, account.name(), image.id, tag(name), Moment(6), Moment(6)).await.unwrap();
    }
    if let Some(moment) = analyzed_at {
        let analysed =
            format!("UPDATE images SET analysis_status = 'analyzed', analyzed_at = {moment} WHERE id = {}", image.id);
        tx.execute_unprepared(&analysed).await.unwrap();
    }
    tx.commit().await.unwrap();
}

/// An image that came to the archive at a moment, long after it was analysed.
async fn archived(account: &Account, digest: &str, at: i64, names: &[&str]) {
    let tx = account.begin().await.unwrap();
    let tags = names.iter().map(|name| (tag(name), Moment(6))).collect();
    let image =
        NewArchived { digest, parent_digest: digest, image_id: "id", annotations: "{}", analyzed_at: Moment(7), tags };
    let (row, _) = archived_images::ensure(&tx, account.name(), &image, Moment(at)).await.unwrap();
    assert!(archived_images::finish(&tx, &row, &image, "object", 1, Moment(at)).await.unwrap());
    tx.commit().await.unwrap();
}

async fn told(account: &Account, place: Place, before: Option<i64>) -> Vec<String> {
    let mut mappings = account.tag_mappings(place, before.map(Moment)).await.unwrap();
    mappings.sort_by(|one, other| (&one.digest, &one.tag).cmp(&(&other.digest, &other.tag)));
    let text = |mapping: Mapping| {
        let analyzed_at = mapping.analyzed_at.map_or("-".to_owned(), |moment| moment.micros().to_string());
        format!("{} {}:{} {analyzed_at} {}", mapping.digest, mapping.repository, mapping.tag, mapping.since.micros())
    };
    mappings.into_iter().map(text).collect()
}

async fn teams(store: &Store) -> [Account; 2] {
    [crate::team(store, "alpha").await, crate::team(store, "beta").await].map(|name| store.account(&name))
}

#[test]
fn tags_of_the_working_set_are_told_with_the_age_of_their_images() {
    on_every_engine(|store| async move {
        let [alpha, beta] = teams(&store).await;
        working(&alpha, "d1", Some(10), &["a:1", "a:2"]).await;
        working(&alpha, "d2", Some(20), &["a:1"]).await;
        working(&alpha, "d3", None, &["a:1"]).await;
        working(&alpha, "d4", Some(30), &["a:2", "a:3"]).await;
        working(&alpha, "d5", Some(40), &["a:3"]).await;
        working(&beta, "d1", Some(1), &["a:3"]).await;
        let everything = ["d1 a:1 10 10", "d1 a:2 10 10", "d2 a:1 20 20", "d3 a:1 - 5"];
        let young = ["d4 a:2 30 30", "d4 a:3 30 30", "d5 a:3 40 40"];
        assert_eq!(told(&alpha, Place::WorkingSet, None).await, [&everything[..], &young[..]].concat());
        // Whatever the tags of an old image stood for besides, old or young, analysed or not.
        assert_eq!(told(&alpha, Place::WorkingSet, Some(11)).await, [&everything[..], &young[..1]].concat());
        assert_eq!(told(&alpha, Place::WorkingSet, Some(21)).await, [&everything[..], &young[..1]].concat());
        assert!(told(&alpha, Place::WorkingSet, Some(10)).await.is_empty());
        assert_eq!(told(&beta, Place::WorkingSet, Some(11)).await, ["d1 a:3 1 1"]);

        let tx = store.begin().await.unwrap();
        let row = alpha.image("d1").await.unwrap().unwrap();
        assert!(images::mark_deleting(&tx, row.id, Moment(60)).await.unwrap());
        tx.commit().await.unwrap();
        assert!(told(&alpha, Place::WorkingSet, Some(11)).await.is_empty(), "what is being deleted counts no more");
    });
}

#[test]
fn where_very_many_tags_are_old_all_are_told() {
    on_every_engine(|store| async move {
        let [alpha, _] = teams(&store).await;
        working(&alpha, "d1", Some(10), &[]).await;
        working(&alpha, "d2", Some(20), &["a:young"]).await;
        let tx = store.begin().await.unwrap();
        let old = "INSERT INTO image_tags SELECT id, account, 'r.example', 'a', 'n-' || n, 6, 6, 6 FROM images, (WITH RECURSIVE \
                   numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 2001) SELECT n FROM numbers) s \
                   WHERE digest = 'd1'";
        tx.execute_unprepared(old).await.unwrap();
        tx.commit().await.unwrap();
        let told = async || alpha.tag_mappings(Place::WorkingSet, Some(Moment(11))).await.unwrap();
        assert_eq!(told().await.len(), 2002, "with the young one");
        let tx = store.begin().await.unwrap();
        tx.execute_unprepared("DELETE FROM image_tags WHERE tag = 'n-1'").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(told().await.len(), 2000);
    });
}

#[test]
fn tags_of_the_archive_are_told_with_when_their_images_came_there() {
    on_every_engine(|store| async move {
        let [alpha, beta] = teams(&store).await;
        archived(&alpha, "d1", 10, &["a:1"]).await;
        archived(&alpha, "d2", 20, &["a:1", "a:2"]).await;
        archived(&alpha, "d3", 30, &["a:2"]).await;
        archived(&beta, "d4", 1, &["a:1"]).await;
        working(&alpha, "d5", Some(1), &["a:1"]).await;
        let everything = ["d1 a:1 7 10", "d2 a:1 7 20", "d2 a:2 7 20", "d3 a:2 7 30"];
        assert_eq!(told(&alpha, Place::Archive, None).await, everything);
        assert_eq!(told(&alpha, Place::Archive, Some(11)).await, everything[..2]);
        assert_eq!(told(&alpha, Place::Archive, Some(21)).await, everything);
        assert!(told(&alpha, Place::Archive, Some(10)).await.is_empty());

        let tx = store.begin().await.unwrap();
        let row = alpha.archived_image("d1").await.unwrap().unwrap();
        archived_images::mark(&tx, row.id, archived_images::Status::Deleting, Moment(60)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(told(&alpha, Place::Archive, None).await, everything[1..]);
    });
}
