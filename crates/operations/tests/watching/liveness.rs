use windlass_v1::services::ServiceState;

use crate::house::{House, in_every_house, told};

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
