use serde_json::json;
use tokio_util::sync::CancellationToken;
use windlass_operations::Settings;
use windlass_store::{
    images::{self, AnalysisStatus, Change, Status},
    jobs,
    testing::on_every_engine,
};

use crate::{
    place::{Place, add, registry_with},
    registry::Sample,
};

#[test]
fn an_image_is_analysed_and_each_of_its_tags_told() {
    on_every_engine(|store| async move {
        let sample = Sample::new("bash");
        let Some(registry) = registry_with(&sample).await else { return };
        let place = Place::new(store).await;
        let tenant = &place.alpha;
        registry.push(&sample, "2").await;
        for tag in ["1", "2"] {
            add(tenant, &registry.address, tag).await;
        }
        place.later(5);
        assert!(place.work().await);
        assert!(!place.work().await, "the job is done");

        let image = place.image(tenant, &sample.digest).await;
        assert_eq!((image.analysis_status, image.analyzed_at), (AnalysisStatus::Analyzed, Some(place.now())));
        let analysis = place.store().analysis(image.analysis.unwrap()).await.unwrap().unwrap();
        let told = (analysis.arch.as_deref(), analysis.distro.as_deref(), analysis.distro_version.as_deref());
        assert_eq!(told, (Some("amd64"), Some("debian"), Some("12")));
        assert_eq!(analysis.layer_count, 1);

        let state = |status: &str| json!({"imageDigest": sample.digest, "analysis_status": status, "annotations": {"team": "a"}});
        let details = json!({
            "subscription_type": "analysis_update",
            "last_eval": state("analyzing"),
            "curr_eval": state("analyzed"),
            "annotations": {"team": "a"},
        });
        let event = |tag: &str| {
            let fulltag = format!("{}/team/app:{tag}", registry.address);
            ("user.image.analysis.completed".to_owned(), fulltag, details.clone())
        };
        assert_eq!(place.events().await, [event("1"), event("2")]);
    });
}

#[test]
fn workers_wait_for_images_until_they_are_stopped() {
    on_every_engine(|store| async move {
        let (first, second) = (Sample::new("bash"), Sample::new("dash"));
        let Some(registry) = registry_with(&first).await else { return };
        registry.push(&second, "2").await;
        let settings = Settings { analysis_threads: 2, ..Settings::default() };
        let place = Place::with(store, settings).await;
        let stop = CancellationToken::new();
        let workers = place.workers(&stop);
        add(&place.alpha, &registry.address, "1").await;
        add(&place.beta, &registry.address, "2").await;
        place.until(AnalysisStatus::Analyzed, &place.alpha, &first.digest).await;
        place.until(AnalysisStatus::Analyzed, &place.beta, &second.digest).await;
        stop.cancel();
        workers.await.unwrap();
    });
}

#[test]
fn when_a_worker_is_killed_another_finishes_its_job() {
    on_every_engine(|store| async move {
        let Some((place, registry, sample)) = Place::asked_for_one(store).await else { return };
        let tenant = &place.alpha;
        registry.freeze();
        let worker = place.worker(&CancellationToken::new());
        place.until(AnalysisStatus::Analyzing, tenant, &sample.digest).await;
        worker.abort();
        assert!(worker.await.unwrap_err().is_cancelled());
        registry.thaw();
        assert!(!place.work().await, "it may live still");
        place.later(61);
        assert!(place.work().await);
        assert_eq!(place.status(tenant, &sample.digest).await, AnalysisStatus::Analyzed);
        assert_eq!(place.events().await.len(), 1);
    });
}

#[test]
fn a_worker_that_stops_gives_its_job_back() {
    on_every_engine(|store| async move {
        let Some((place, registry, sample)) = Place::asked_for_one(store).await else { return };
        let tenant = &place.alpha;
        registry.freeze();
        let stop = CancellationToken::new();
        let worker = place.worker(&stop);
        place.until(AnalysisStatus::Analyzing, tenant, &sample.digest).await;
        stop.cancel();
        assert!(worker.await.unwrap().unwrap());
        registry.thaw();
        assert_eq!(place.status(tenant, &sample.digest).await, AnalysisStatus::NotAnalyzed);
        let waiting = place.store().jobs(Some(jobs::State::Waiting), 10).await.unwrap();
        assert_eq!(waiting[0].attempts, 0, "this was no attempt");
        assert!(place.work().await, "nobody has to wait for a lease");
        assert_eq!(place.status(tenant, &sample.digest).await, AnalysisStatus::Analyzed);
    });
}

#[test]
fn what_happens_to_an_image_during_its_analysis_stays() {
    on_every_engine(|store| async move {
        let Some((place, registry, sample)) = Place::asked_for_one(store).await else { return };
        let tenant = &place.alpha;
        registry.freeze();
        let worker = place.worker(&CancellationToken::new());
        place.until(AnalysisStatus::Analyzing, tenant, &sample.digest).await;
        let image = place.image(tenant, &sample.digest).await;
        let tx = place.store().begin().await.unwrap();
        let change = Change { annotations: Some(r#"{"team":"b"}"#.into()), ..Change::default() };
        images::change(&tx, image.id, change, place.now()).await.unwrap();
        images::mark_deleting(&tx, image.id, place.now()).await.unwrap();
        tx.commit().await.unwrap();
        registry.thaw();
        assert!(worker.await.unwrap().unwrap());
        let image = place.image(tenant, &sample.digest).await;
        assert_eq!((image.status, image.annotations.as_str()), (Status::Deleting, r#"{"team":"b"}"#));
        assert_eq!(place.events().await[0].2["annotations"], json!({"team": "b"}));
    });
}

#[test]
fn a_worker_that_lost_its_job_writes_nothing() {
    on_every_engine(|store| async move {
        let Some((place, registry, sample)) = Place::asked_for_one(store).await else { return };
        let tenant = &place.alpha;
        registry.freeze();
        let worker = place.worker(&CancellationToken::new());
        place.until(AnalysisStatus::Analyzing, tenant, &sample.digest).await;
        place.later(61);
        assert_eq!(place.claim().await, Some(2));
        registry.thaw();
        assert!(worker.await.unwrap().unwrap());
        let image = place.image(tenant, &sample.digest).await;
        assert_eq!((image.analysis_status, image.analysis), (AnalysisStatus::Analyzing, None));
        assert_eq!(place.events().await, []);
        let running = place.store().jobs(Some(jobs::State::Running), 10).await.unwrap();
        assert_eq!(running[0].worker.as_deref(), Some("other"));
    });
}

#[test]
fn an_image_that_is_to_be_deleted_is_not_analysed() {
    on_every_engine(|store| async move {
        let Some((place, _registry, sample)) = Place::asked_for_one(store).await else { return };
        let tenant = &place.alpha;
        let image = place.image(tenant, &sample.digest).await;
        let tx = place.store().begin().await.unwrap();
        images::mark_deleting(&tx, image.id, place.now()).await.unwrap();
        tx.commit().await.unwrap();
        assert!(place.work().await);
        assert_eq!(place.status(tenant, &sample.digest).await, AnalysisStatus::NotAnalyzed);
        assert_eq!(place.events().await, []);
        assert!(place.store().jobs(None, 10).await.unwrap().is_empty());
    });
}
