use std::io::Read as _;

use serde_json::json;
use tokio_util::sync::CancellationToken;
use windlass_store::{images::AnalysisStatus, testing::on_every_engine};

use crate::{
    place::{Place, add, add_with, bytes, registry_with},
    registry::Sample,
};

#[test]
fn what_one_account_had_analysed_another_gets_without_a_pull() {
    on_every_engine(|store| async move {
        let sample = Sample::new("bash");
        let Some(registry) = registry_with(&sample).await else { return };
        let place = Place::new(store).await;
        let (alpha, beta) = (&place.alpha, &place.beta);
        add(alpha, &registry.address, "1").await;
        add(beta, &registry.address, "1").await;
        assert!(place.work().await);
        // What the first one pulled is all there will ever be.
        drop(registry);
        assert!(place.work().await);
        assert_eq!(place.status(beta, &sample.digest).await, AnalysisStatus::Analyzed);
        let analysis = |image: windlass_store::images::Model| image.analysis;
        let first = analysis(place.image(alpha, &sample.digest).await);
        assert_eq!(first, analysis(place.image(beta, &sample.digest).await));
        assert!(first.is_some());
    });
}

#[test]
fn an_image_that_two_accounts_wait_for_is_read_once() {
    on_every_engine(|store| async move {
        let sample = Sample::new("bash");
        let Some(registry) = registry_with(&sample).await else { return };
        let place = Place::new(store).await;
        let (alpha, beta) = (&place.alpha, &place.beta);
        add(alpha, &registry.address, "1").await;
        add(beta, &registry.address, "1").await;
        registry.freeze();
        let worker = place.worker(&CancellationToken::new());
        place.until(AnalysisStatus::Analyzing, alpha, &sample.digest).await;
        assert!(place.work().await);
        assert_eq!(place.status(beta, &sample.digest).await, AnalysisStatus::NotAnalyzed, "it waits for the first");
        assert!(!place.work().await);
        registry.thaw();
        assert!(worker.await.unwrap().unwrap());
        drop(registry);
        place.later(2);
        assert!(place.work().await);
        assert_eq!(place.status(beta, &sample.digest).await, AnalysisStatus::Analyzed);
    });
}

#[test]
fn how_one_account_calls_its_image_is_not_told_to_another() {
    on_every_engine(|store| async move {
        let Some((place, registry, sample)) = Place::asked_for_one(store).await else { return };
        let tenant = &place.alpha;
        assert!(place.work().await);
        let image = place.image(tenant, &sample.digest).await;
        let objects = place.store().analysis_documents(image.analysis.unwrap()).await.unwrap();
        assert!(objects.len() > 5, "{objects:?}");
        let (_, native) = tenant.native_sbom(&sample.digest).await.unwrap();
        let mut text = String::new();
        flate2::read::GzDecoder::new(&bytes(native).await[..]).read_to_string(&mut text).unwrap();
        assert!(text.contains("bash") && !text.contains(&registry.address), "{text}");
        let own = tenant.sbom(&image).await.unwrap();
        let windlass_sbom::Source::Image(source) = own.source else { panic!("an image") };
        assert_eq!(source.tags, [format!("{}/team/app:1", registry.address)], "its own account knows");
    });
}

#[test]
fn force_reads_the_image_anew() {
    on_every_engine(|store| async move {
        let sample = Sample::new("bash");
        let Some(registry) = registry_with(&sample).await else { return };
        let place = Place::new(store).await;
        let (alpha, beta) = (&place.alpha, &place.beta);
        for tenant in [alpha, beta] {
            add(tenant, &registry.address, "1").await;
            assert!(place.work().await);
        }
        let before = place.image(alpha, &sample.digest).await.analysis;
        add_with(alpha, &registry.address, json!({}), true).await;
        assert!(place.work().await);
        assert_ne!(place.image(alpha, &sample.digest).await.analysis, before);
        assert_eq!(place.image(beta, &sample.digest).await.analysis, before, "others keep what they have");
    });
}
