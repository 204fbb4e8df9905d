use serde_json::json;
use windlass_operations::Settings;
use windlass_store::{images::AnalysisStatus, jobs, testing::on_every_engine};

use crate::{
    place::{Place, add, add_with, registry_with},
    registry::Sample,
};

#[test]
fn a_registry_that_is_down_is_tried_three_times_and_then_blamed() {
    on_every_engine(|store| async move {
        let Some((place, registry, sample)) = Place::asked_for_one(store).await else { return };
        let tenant = &place.alpha;
        let address = registry.address.clone();
        drop(registry);
        for pause in [10, 60] {
            assert!(place.work().await);
            assert_eq!(place.status(tenant, &sample.digest).await, AnalysisStatus::NotAnalyzed);
            place.later(pause - 1);
            assert!(!place.work().await, "not before {pause} s");
            place.later(1);
        }
        assert!(place.work().await);
        let image = place.image(tenant, &sample.digest).await;
        assert_eq!(image.analysis_status, AnalysisStatus::AnalysisFailed);
        assert_eq!(image.failure_code.as_deref(), Some("REGISTRY_NOT_ACCESSIBLE"));
        let reason = image.failure_reason.unwrap();
        assert!(reason.contains(&format!("cannot reach {address}")), "{reason}");
        let record = serde_json::to_value(tenant.image(&sample.digest).await.unwrap()).unwrap();
        assert_eq!(record["analysis_failure"], json!({"code": "REGISTRY_NOT_ACCESSIBLE", "reason": reason}));
        let fulltag = format!("{address}/team/app:1");
        let events = place.events().await;
        let told: Vec<_> = events.iter().map(|(kind, resource, _)| (kind.as_str(), resource.as_str())).collect();
        assert_eq!(
            told,
            [
                ("system.image_analysis.failed", sample.digest.as_str()),
                ("user.image.analysis.failed", fulltag.as_str()),
            ]
        );
        assert_eq!(events[0].2["code"], "REGISTRY_NOT_ACCESSIBLE");
        assert_eq!(events[1].2["msg"], reason.as_str());
        place.later(100_000);
        assert!(!place.work().await, "it is given up");
        assert_eq!(place.store().jobs(Some(jobs::State::Dead), 10).await.unwrap().len(), 1);
    });
}

#[test]
fn what_was_found_and_cannot_be_saved_is_told_apart() {
    on_every_engine(|store| async move {
        let Some((place, _registry, sample)) = Place::asked_for_one(store).await else { return };
        let tenant = &place.alpha;
        place.lose_objects();
        for pause in [10, 60, 0] {
            assert!(place.work().await);
            place.later(pause);
        }
        let image = place.image(tenant, &sample.digest).await;
        assert_eq!(image.failure_code.as_deref(), Some("STORAGE_FAILED"));
        let events = place.events().await;
        let told: Vec<_> = events.iter().map(|(kind, _, _)| kind.as_str()).collect();
        assert_eq!(
            told,
            ["system.image_analysis.catalog_save_failed", "system.image_analysis.failed", "user.image.analysis.failed",]
        );
        assert_eq!(events[0].1, sample.digest);
        assert_eq!(
            (&events[0].2["code"], &events[0].2["cause"]),
            (&json!("STORAGE_FAILED"), &json!(image.failure_reason))
        );
    });
}

#[test]
fn an_image_that_is_not_in_its_registry_fails_at_once() {
    on_every_engine(|store| async move {
        let Some((place, registry, sample)) = Place::asked_for_one(store).await else { return };
        let tenant = &place.alpha;
        registry.lose(&sample);
        assert!(place.work().await);
        let image = place.image(tenant, &sample.digest).await;
        assert_eq!(image.analysis_status, AnalysisStatus::AnalysisFailed);
        assert_eq!(image.failure_code.as_deref(), Some("REGISTRY_IMAGE_NOT_FOUND"));
    });
}

#[test]
fn an_image_that_exceeds_a_budget_fails_and_says_which() {
    on_every_engine(|store| async move {
        let sample = Sample::new("bash");
        let Some(registry) = registry_with(&sample).await else { return };
        let mut settings = Settings::default();
        settings.analysis.budgets.image_entries = 2;
        let place = Place::with(store, settings).await;
        let tenant = &place.alpha;
        add(tenant, &registry.address, "1").await;
        assert!(place.work().await);
        let image = place.image(tenant, &sample.digest).await;
        assert_eq!(image.failure_code.as_deref(), Some("IMAGE_TOO_LARGE"));
        let reason = image.failure_reason.unwrap();
        assert!(reason.contains("entries"), "{reason}");
    });
}

#[test]
fn an_image_that_kills_its_workers_is_given_up() {
    on_every_engine(|store| async move {
        let Some((place, registry, sample)) = Place::asked_for_one(store).await else { return };
        let tenant = &place.alpha;
        for _ in 0..3 {
            assert!(place.claim().await.is_some());
            place.later(61);
        }
        assert!(place.work().await);
        let image = place.image(tenant, &sample.digest).await;
        assert_eq!(image.analysis_status, AnalysisStatus::AnalysisFailed);
        assert_eq!(image.failure_code.as_deref(), Some("ANALYSIS_ABANDONED"));
        assert!(image.failure_reason.unwrap().contains("3 workers in a row"));
        assert_eq!(place.events().await.len(), 2);
        place.later(100_000);
        assert!(!place.work().await, "it is not tried in a loop");

        add_with(tenant, &registry.address, json!({}), true).await;
        assert!(place.work().await, "but when somebody asks for it");
        let image = place.image(tenant, &sample.digest).await;
        assert_eq!((image.analysis_status, image.failure_reason), (AnalysisStatus::Analyzed, None));
    });
}
