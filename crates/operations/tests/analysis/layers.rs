//! Layers that images of an account share are read once.

use tokio_util::sync::CancellationToken;
use windlass_operations::{Settings, Tenant};
use windlass_store::{images::AnalysisStatus, testing::on_every_engine};

use crate::{
    place::{Place, add, add_with, registry_with},
    registry::Sample,
};

/// The documents that are kept of an image.
async fn documents(place: &Place, tenant: &Tenant, sample: &Sample) -> Vec<(String, String)> {
    let analysis = place.image(tenant, &sample.digest).await.analysis.unwrap();
    let rows = place.store().analysis_documents(analysis).await.unwrap();
    rows.into_iter().map(|row| (row.kind, row.object)).collect()
}

#[test]
fn what_is_known_of_a_layer_is_the_same_as_what_is_read_and_spares_reading_it() {
    on_every_engine(|store| async move {
        let base = Sample::new("bash");
        let image = base.with("srv/a");
        let Some(registry) = registry_with(&base).await else { return };
        registry.push(&image, "2").await;
        let place = Place::new(store).await;
        let (alpha, beta) = (&place.alpha, &place.beta);
        add(alpha, &registry.address, "1").await;
        assert!(place.work().await);
        registry.lose_layer(&base);
        add(alpha, &registry.address, "2").await;
        assert!(place.work().await);
        assert_eq!(place.status(alpha, &image.digest).await, AnalysisStatus::Analyzed, "the layer was known");
        let reused = documents(&place, alpha, &image).await;

        // Another account may say that its image has that layer; it has to show it.
        place.later(40 * 86_400);
        let digest = serde_json::json!({"pullstring": format!("{}/team/app:2", registry.address)});
        add_with(beta, &registry.address, digest.clone(), true).await;
        place.work().await;
        assert_ne!(place.status(beta, &image.digest).await, AnalysisStatus::Analyzed);

        registry.push(&base, "1").await;
        add_with(beta, &registry.address, digest, true).await;
        while place.work().await {}
        assert_eq!(place.status(beta, &image.digest).await, AnalysisStatus::Analyzed);
        assert_eq!(documents(&place, beta, &image).await, reused, "every byte of every document");
    });
}

#[test]
fn a_new_layer_of_two_images_may_be_read_by_two_workers_at_once() {
    on_every_engine(|store| async move {
        let base = Sample::new("bash");
        let images = [base.with("srv/a"), base.with("srv/b")];
        let Some(registry) = registry_with(&base).await else { return };
        let third = base.with("srv/c");
        for (image, tag) in images.iter().chain([&third]).zip(["2", "3", "4"]) {
            registry.push(image, tag).await;
        }
        let place = Place::new(store).await;
        let alpha = &place.alpha;
        for tag in ["2", "3"] {
            add(alpha, &registry.address, tag).await;
        }
        // Neither has read anything when the other begins.
        registry.freeze();
        let stop = CancellationToken::new();
        let workers = [place.worker(&stop), place.worker(&stop)];
        for image in &images {
            place.until(AnalysisStatus::Analyzing, alpha, &image.digest).await;
        }
        registry.thaw();
        for worker in workers {
            assert!(worker.await.unwrap().unwrap());
        }
        let mut packages = Vec::new();
        for image in &images {
            let row = place.image(alpha, &image.digest).await;
            assert_eq!(row.analysis_status, AnalysisStatus::Analyzed);
            packages.push(alpha.sbom(&row).await.unwrap().packages);
        }
        assert_eq!(packages[0].len(), 1);
        assert_eq!(packages[0], packages[1]);
        // What both have kept of the layer is one thing, that spares reading it.
        registry.lose_layer(&base);
        add(alpha, &registry.address, "4").await;
        assert!(place.work().await);
        assert_eq!(place.status(alpha, &third.digest).await, AnalysisStatus::Analyzed);
    });
}

#[test]
fn by_force_everything_is_read_again() {
    on_every_engine(|store| async move {
        let base = Sample::new("bash");
        let Some(registry) = registry_with(&base).await else { return };
        let place = Place::new(store).await;
        add(&place.alpha, &registry.address, "1").await;
        assert!(place.work().await);
        registry.lose_layer(&base);
        add_with(&place.alpha, &registry.address, serde_json::json!({}), true).await;
        assert!(place.work().await);
        assert_ne!(place.status(&place.alpha, &base.digest).await, AnalysisStatus::Analyzed);
    });
}

#[test]
fn what_was_of_no_use_for_long_is_forgotten() {
    on_every_engine(|store| async move {
        let base = Sample::new("bash");
        let Some(registry) = registry_with(&base).await else { return };
        registry.push(&base.with("srv/a"), "2").await;
        let place = Place::new(store).await;
        add(&place.alpha, &registry.address, "1").await;
        assert!(place.work().await);
        let objects = place.objects();
        place.later(20 * 86_400);
        assert_eq!(place.collect_layers().await, 0);
        add(&place.alpha, &registry.address, "2").await;
        assert!(place.work().await);
        place.later(20 * 86_400);
        assert_eq!(place.collect_layers().await, 0, "it was of use since");
        place.later(20 * 86_400);
        assert_eq!(place.collect_layers().await, 2);
        assert!(place.objects() > objects - 1, "documents stay");
        assert_eq!(place.collect_layers().await, 0);
    });
}

#[test]
fn nothing_is_kept_where_the_settings_say_so() {
    on_every_engine(|store| async move {
        let base = Sample::new("bash");
        let Some(registry) = registry_with(&base).await else { return };
        let mut settings = Settings::default();
        settings.analysis.keep_layers_days = 0;
        let place = Place::with(store, settings).await;
        add(&place.alpha, &registry.address, "1").await;
        assert!(place.work().await);
        place.later(1);
        assert_eq!(place.collect_layers().await, 0, "there is nothing to forget");
    });
}
