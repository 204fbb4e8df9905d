use windlass_store::{
    Moment, Store,
    analyses::{self, DockerfileMode, NewAnalysis, NewDocument},
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
        image_size: 5_000_000_000,
        layer_count: 2,
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
