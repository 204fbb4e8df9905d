//! Analyses that were given up, and go again because an operator says so.

use windlass_store::{images::AnalysisStatus, testing::on_every_engine};
use windlass_v1::jobs::{Job, JobQuery, JobState};

use crate::place::{Place, add};

/// The only job there is.
async fn job(place: &Place) -> Job {
    let page = place.service().jobs(&JobQuery::default()).await.unwrap();
    assert_eq!((page.results.len(), page.next_page), (1, false), "{page:?}");
    page.results.into_iter().next().unwrap()
}

/// Why a job is not tried again: a status, and words.
async fn refusal(place: &Place, id: &str) -> (u16, String) {
    match place.service().retry_job(id).await.unwrap_err() {
        windlass_operations::Error::Refused(envelope) => (envelope.httpcode, envelope.message),
        error => panic!("{error}"),
    }
}

#[test]
fn an_analysis_that_was_given_up_is_made_after_all_once_its_registry_has_the_image_again() {
    on_every_engine(|store| async move {
        let Some((place, registry, sample)) = Place::asked_for_one(store).await else { return };
        let waits = job(&place).await;
        assert_eq!((waits.kind.as_str(), waits.account.as_str(), waits.state), ("analyse", "alpha", JobState::Waiting));
        assert_eq!((&waits.key, waits.attempts, waits.max_attempts), (&sample.digest, 0, Some(3)));
        let id = waits.id.to_string();
        assert_eq!(refusal(&place, &id).await.0, 409, "it waits");

        registry.lose(&sample);
        assert!(place.work().await);
        let dead = job(&place).await;
        assert_eq!((dead.state, dead.attempts, dead.worker.as_deref()), (JobState::Dead, 1, None));
        assert!(dead.last_error.is_some());
        registry.push(&sample, "1").await;
        place.later(5);
        let again = place.service().retry_job(&id).await.unwrap();
        assert_eq!((again.id, again.state, again.attempts), (dead.id, JobState::Waiting, 0));
        assert_eq!(again.due_at, jiff::Timestamp::from(place.now()).into());
        let image = place.image(&place.alpha, &sample.digest).await;
        assert_eq!((image.analysis_status, image.failure_code), (AnalysisStatus::NotAnalyzed, None));
        assert_eq!(refusal(&place, &id).await.0, 409, "it waits again");

        assert!(place.work().await);
        assert_eq!(place.status(&place.alpha, &sample.digest).await, AnalysisStatus::Analyzed);
        assert_eq!(refusal(&place, &id).await.0, 404, "it is done");
    });
}

#[test]
fn what_nothing_would_come_of_is_not_tried_again() {
    on_every_engine(|store| async move {
        let Some((place, registry, sample)) = Place::asked_for_one(store).await else { return };
        registry.lose(&sample);
        assert!(place.work().await);
        let id = job(&place).await.id.to_string();
        registry.push(&sample, "1").await;
        add(&place.alpha, &registry.address, "1").await;
        assert_eq!(refusal(&place, &id).await.0, 404, "the image was added again, and has another job");
        for none in ["0", "-1", "one", "99999999999999999999", "\0"] {
            assert_eq!(refusal(&place, none).await.0, 404, "{none}");
        }
    });
}
