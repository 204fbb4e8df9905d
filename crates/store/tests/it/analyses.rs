use windlass_store::{
    AccountName, Moment, Store, accounts,
    analyses::{self, DockerfileMode, NewAnalysis, NewDocument, progress},
    images::{self, AnalysisStatus, Change, NewImage, Status},
    testing::on_every_engine,
};

fn analysis(key: &str, kinds: &[&str]) -> NewAnalysis {
    let document = |kind: &&str| NewDocument { kind: (*kind).into(), object: format!("sha256:{kind}"), size: 7 };
    NewAnalysis {
        key: key.into(),
        digest: "sha256:ab".into(),
        arch: Some("amd64".into()),
        distro: Some("debian".into()),
        distro_version: None,
        dockerfile_mode: DockerfileMode::Guessed,
        dockerfile: None,
        image_size: 5_000_000_000,
        layer_count: 2,
        chains: Vec::new(),
        documents: kinds.iter().map(document).collect(),
    }
}

async fn write(store: &Store, analysis: NewAnalysis) -> i64 {
    let tx = store.begin().await.unwrap();
    let id = analyses::insert(&tx, analysis, Moment(5)).await.unwrap();
    tx.commit().await.unwrap();
    id
}

#[test]
fn an_analysis_is_found_by_what_was_looked_for_with_its_documents() {
    on_every_engine(|store| async move {
        let id = write(&store, analysis("one", &["sbom", "content/os"])).await;
        assert_eq!(store.find_analysis("one").await.unwrap(), Some(id));
        assert_eq!(store.find_analysis("two").await.unwrap(), None);
        let found = store.analysis(id).await.unwrap().unwrap();
        assert_eq!((found.image_size, found.layer_count, found.created_at), (5_000_000_000, 2, Moment(5)));
        assert_eq!((found.distro.as_deref(), found.distro_version), (Some("debian"), None));
        let kinds: Vec<_> = store.analysis_documents(id).await.unwrap().into_iter().map(|row| row.kind).collect();
        assert_eq!(kinds, ["content/os", "sbom"]);
        let document = store.analysis_document(id, "sbom").await.unwrap().unwrap();
        assert_eq!((document.object.as_str(), document.size), ("sha256:sbom", 7));
        assert_eq!(store.analysis_document(id, "native").await.unwrap(), None);
    });
}

#[test]
fn of_two_workers_with_the_same_result_one_writes_it() {
    on_every_engine(|store| async move {
        let first = write(&store, analysis("one", &["sbom"])).await;
        assert_eq!(write(&store, analysis("one", &["sbom", "native"])).await, first);
        assert_eq!(store.analysis_documents(first).await.unwrap().len(), 1, "what was there stays whole");
    });
}

#[test]
fn a_new_analysis_takes_the_key_of_the_old_one_which_stays() {
    on_every_engine(|store| async move {
        let old = write(&store, analysis("one", &["sbom"])).await;
        let tx = store.begin().await.unwrap();
        analyses::supersede(&tx, "never made").await.unwrap();
        analyses::supersede(&tx, "one").await.unwrap();
        let new = analyses::insert(&tx, analysis("one", &["sbom"]), Moment(6)).await.unwrap();
        tx.commit().await.unwrap();
        assert_ne!(old, new);
        assert_eq!(store.find_analysis("one").await.unwrap(), Some(new));
        assert!(store.analysis(old).await.unwrap().is_some());
        assert_eq!(store.analysis_documents(old).await.unwrap().len(), 1);
    });
}

/// An image of an account, waiting to be analysed.
async fn image(store: &Store) -> images::Model {
    let account = AccountName::parse("alpha").unwrap();
    let tx = store.begin().await.unwrap();
    accounts::insert(&tx, &account, accounts::Kind::User, None, Moment(1)).await.unwrap();
    let new = NewImage {
        digest: "sha256:ab".into(),
        parent_digest: "sha256:ab".into(),
        image_id: "cd".into(),
        manifest: "sha256:ef".into(),
        parent_manifest: None,
        annotations: r#"{"a":"b"}"#.into(),
        dockerfile: None,
        created_at: Moment(1),
    };
    let (image, _) = images::ensure(&tx, &account, new, Moment(1)).await.unwrap();
    tx.commit().await.unwrap();
    image
}

async fn look(store: &Store) -> images::Model {
    store.account(&AccountName::parse("alpha").unwrap()).image("sha256:ab").await.unwrap().unwrap()
}

/// D-27: the original's worker writes the whole row as it was when it began.
#[test]
fn an_analysis_changes_what_it_is_about_and_keeps_what_others_changed_meanwhile() {
    on_every_engine(|store| async move {
        let id = image(&store).await.id;
        assert!(progress::begin(&store, id, Moment(2)).await.unwrap());
        assert_eq!(look(&store).await.analysis_status, AnalysisStatus::Analyzing);
        assert!(progress::begin(&store, id, Moment(3)).await.unwrap(), "whoever takes over begins again");
        let analysis = write(&store, analysis("one", &["sbom"])).await;
        let tx = store.begin().await.unwrap();
        let change = Change { annotations: Some(r#"{"c":"d"}"#.into()), ..Change::default() };
        images::change(&tx, id, change, Moment(4)).await.unwrap();
        images::mark_deleting(&tx, id, Moment(4)).await.unwrap();
        tx.commit().await.unwrap();
        let tx = store.begin().await.unwrap();
        assert!(progress::finish(&tx, id, analysis, Moment(5)).await.unwrap().is_some());
        tx.commit().await.unwrap();
        let image = look(&store).await;
        assert_eq!((image.status, image.annotations.as_str()), (Status::Deleting, r#"{"c":"d"}"#));
        assert_eq!((image.analysis, image.analyzed_at), (Some(analysis), Some(Moment(5))));
        assert!(!progress::begin(&store, id, Moment(6)).await.unwrap(), "it is analysed, and to be deleted");
    });
}

#[test]
fn an_image_that_cannot_be_analysed_says_why_until_it_can() {
    on_every_engine(|store| async move {
        let id = image(&store).await.id;
        progress::begin(&store, id, Moment(2)).await.unwrap();
        progress::pause(&store, id, Moment(3)).await.unwrap();
        assert_eq!(look(&store).await.analysis_status, AnalysisStatus::NotAnalyzed);
        let tx = store.begin().await.unwrap();
        assert!(progress::fail(&tx, id, "UNKNOWN", "it is broken", Moment(4)).await.unwrap());
        assert!(!progress::fail(&tx, id + 1, "UNKNOWN", "it is broken", Moment(4)).await.unwrap());
        tx.commit().await.unwrap();
        let failed = look(&store).await;
        assert_eq!(failed.analysis_status, AnalysisStatus::AnalysisFailed);
        assert_eq!(
            (failed.failure_code.as_deref(), failed.failure_reason.as_deref()),
            (Some("UNKNOWN"), Some("it is broken"))
        );
        progress::pause(&store, id, Moment(5)).await.unwrap();
        assert_eq!(look(&store).await.analysis_status, AnalysisStatus::AnalysisFailed, "nobody had it");
        let analysis = write(&store, analysis("one", &["sbom"])).await;
        let tx = store.begin().await.unwrap();
        assert!(progress::finish(&tx, id, analysis, Moment(6)).await.unwrap().is_some());
        assert!(progress::finish(&tx, id + 1, analysis, Moment(6)).await.unwrap().is_none());
        tx.commit().await.unwrap();
        let image = look(&store).await;
        assert_eq!((image.analysis_status, image.failure_reason), (AnalysisStatus::Analyzed, None));
    });
}
