use windlass_operations::Settings;
use windlass_store::services::Model;
use windlass_v1::services::{ServiceDetail, ServiceName, ServiceState};

use crate::house::{House, in_every_house, in_every_house_with, told};

async fn states(house: &House) -> Vec<(bool, String)> {
    let rows = house.service.store().services().await.unwrap();
    rows.into_iter().map(|row| (row.up, row.message)).collect()
}

async fn types(house: &House) -> Vec<String> {
    told(&house.admin()).await.into_iter().map(|(kind, _, _)| kind).collect()
}

#[test]
fn a_process_reports_the_five_parts_that_clients_wait_for() {
    in_every_house(|house| async move {
        house.service.report(ServiceState::Registered).await.unwrap();
        assert_eq!(states(&house).await, vec![(false, "registered".to_owned()); 5]);
        house.service.report(ServiceState::Available).await.unwrap();
        house.wait(299);
        house.service.watch_services().await.unwrap();
        assert_eq!(states(&house).await, vec![(true, "available".to_owned()); 5]);
        assert!(types(&house).await.is_empty());
        let row = house.service.store().services().await.unwrap().remove(0);
        assert_eq!((row.name.as_str(), row.base_url.as_str()), ("analyzer", "http://127.0.0.1:8228"));
        assert!(row.status.contains("\"db_version\":\"0.0.16\""), "{}", row.status);
    });
}

/// D-20: the original tells of a change as often as there are processes that see it.
#[test]
fn a_silent_part_goes_down_is_orphaned_and_removed_with_one_event_each() {
    in_every_house(|house| async move {
        house.service.report(ServiceState::Available).await.unwrap();
        let mut expected = Vec::new();
        for (wait, event, state) in [
            (301, "system.service.state_transition.down", Some("unavailable")),
            (3300, "system.service.state_transition.orphaned", Some("orphaned")),
            (86_400, "system.service.removed", None),
        ] {
            house.wait(wait);
            let watch = || house.service.watch_services();
            let (one, two, three) = tokio::join!(watch(), watch(), watch());
            one.and(two).and(three).unwrap();
            watch().await.unwrap();
            expected.extend([event; 5]);
            assert_eq!(types(&house).await, expected);
            assert_eq!(
                states(&house).await,
                vec![(false, state.unwrap_or_default().to_owned()); state.map_or(0, |_| 5)]
            );
        }
        let (_, resource, details) = told(&house.admin()).await.remove(0);
        assert_eq!(resource, "http://127.0.0.1:8228");
        assert_eq!(details["host_id"], "windlass");
        assert!(details["cause"].as_str().unwrap().contains("301 s"), "{details}");
    });
}

#[test]
fn a_part_that_speaks_again_is_available_again() {
    in_every_house(|house| async move {
        house.service.report(ServiceState::Available).await.unwrap();
        house.wait(400);
        house.service.watch_services().await.unwrap();
        assert_eq!(states(&house).await[0], (false, "unavailable".into()));
        house.service.report(ServiceState::Available).await.unwrap();
        house.service.watch_services().await.unwrap();
        assert_eq!(states(&house).await[0], (true, "available".into()));
        assert_eq!(types(&house).await.len(), 5);
    });
}

/// A worker that nobody asks anything.
fn worker() -> Settings {
    Settings { base_url: None, parts: vec![ServiceName::Analyzer], ..Settings::default() }
}

#[test]
fn a_process_reports_the_parts_of_its_roles_and_no_address_that_it_does_not_answer_at() {
    in_every_house_with(&worker(), |house| async move {
        house.service.report(ServiceState::Available).await.unwrap();
        let rows = house.service.services(None).await.unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].servicename, rows[0].base_url.as_str()), (ServiceName::Analyzer, ""));
        house.wait(301);
        house.service.watch_services().await.unwrap();
        let events = told(&house.admin()).await;
        assert_eq!((events.len(), events[0].1.as_str()), (1, ""), "{events:?}");
    });
}

#[test]
fn a_silent_part_is_down_for_whoever_asks_though_nobody_watches_and_its_event_is_told_when_somebody_does() {
    in_every_house(|house| async move {
        house.service.report(ServiceState::Available).await.unwrap();
        house.wait(300);
        assert!(house.service.services(None).await.unwrap().iter().all(|part| part.status));
        house.wait(1);
        for part in house.service.services(None).await.unwrap() {
            assert_eq!((part.status, part.status_message), (false, ServiceState::Unavailable));
            let ServiceDetail::Status(detail) = part.service_detail else { panic!("it is a status") };
            assert!(!detail.up && !detail.available && detail.message.contains("301 s"), "{detail:?}");
        }
        house.service.delete_service("analyzer", "windlass").await.unwrap();
        assert!(types(&house).await.is_empty());
        house.service.watch_services().await.unwrap();
        house.service.watch_services().await.unwrap();
        assert_eq!(types(&house).await.len(), 4);
    });
}

#[test]
fn the_parts_of_a_process_that_is_told_to_stop_are_gone_at_once_which_is_no_event() {
    in_every_house(|house| async move {
        let stop = tokio_util::sync::CancellationToken::new();
        let (service, end) = (std::sync::Arc::clone(&house.service), stop.clone());
        let reporting = tokio::spawn(async move { service.keep_reporting(end).await });
        while states(&house).await.len() < 5 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        stop.cancel();
        reporting.await.unwrap();
        assert!(house.service.services(None).await.unwrap().is_empty());
        house.wait(86_401);
        house.service.watch_services().await.unwrap();
        assert!(types(&house).await.is_empty());
    });
}

#[test]
fn a_process_that_keeps_objects_elsewhere_is_noticed_while_it_lives() {
    in_every_house(|house| async move {
        let store = house.service.store();
        house.service.report(ServiceState::Available).await.unwrap();
        assert!(house.service.other_places().await.unwrap().is_empty(), "its own");
        let own = store.services().await.unwrap().remove(0);
        let other = |process: &str, places: Option<&str>| Model {
            process: Some(process.to_owned()),
            places: places.map(str::to_owned),
            ..own.clone()
        };
        // Of the same name, as two processes on one machine are.
        for agrees in [other("new", own.places.as_deref()), other("of a release before", None)] {
            store.report_service(agrees).await.unwrap();
            assert!(house.service.other_places().await.unwrap().is_empty());
        }
        store.report_service(other("astray", Some("fs:/elsewhere"))).await.unwrap();
        let found = house.service.other_places().await.unwrap();
        assert_eq!(found, [("windlass".to_owned(), 0, "fs:/elsewhere".to_owned())]);
        house.wait(301);
        assert!(house.service.other_places().await.unwrap().is_empty(), "it is gone");
    });
}
