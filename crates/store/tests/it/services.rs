use windlass_store::{
    Moment,
    services::{self, Model},
    testing::on_every_engine,
};

fn row(host: &str, heartbeat: i64) -> Model {
    Model {
        host_id: host.into(),
        name: "catalog".into(),
        base_url: "http://h".into(),
        up: true,
        message: "available".into(),
        status: "{}".into(),
        started_at: Moment(0),
        heartbeat: Moment(heartbeat),
        process: Some(format!("of {host}")),
        places: None,
    }
}

#[test]
fn of_those_that_judge_a_silent_part_one_is_believed_and_none_if_it_spoke() {
    on_every_engine(|store| async move {
        store.report_service(row("h1", 1)).await.unwrap();
        let seen = store.services().await.unwrap().remove(0);
        let judge = async |row: &Model| {
            let tx = store.begin().await.unwrap();
            let judged = services::judge(&tx, row, "unavailable", Some("down")).await.unwrap();
            tx.commit().await.unwrap();
            judged
        };
        store.report_service(row("h1", 2)).await.unwrap();
        assert!(!judge(&seen).await, "it has spoken since");
        let seen = store.services().await.unwrap().remove(0);
        assert!(judge(&seen).await);
        assert!(!judge(&seen).await);
        let judged = store.services().await.unwrap().remove(0);
        assert_eq!((judged.up, judged.message.as_str(), judged.status.as_str()), (false, "unavailable", "down"));

        let tx = store.begin().await.unwrap();
        assert!(!services::forget(&tx, &seen).await.unwrap());
        assert!(services::forget(&tx, &judged).await.unwrap());
        tx.commit().await.unwrap();
        assert!(store.services().await.unwrap().is_empty());
    });
}

#[test]
fn a_part_that_is_up_and_heard_of_is_not_deleted() {
    on_every_engine(|store| async move {
        let (none, all) = (Moment(0), Moment(3));
        store.report_service(row("h1", 1)).await.unwrap();
        assert!(!store.delete_service("h1", "catalog", none).await.unwrap());
        store.report_service(Model { up: false, ..row("h1", 2) }).await.unwrap();
        assert!(store.delete_service("h1", "catalog", none).await.unwrap());
        store.report_service(row("h1", 2)).await.unwrap();
        assert!(store.delete_service("h1", "catalog", all).await.unwrap(), "nobody has heard of it for long");
    });
}

#[test]
fn who_signs_off_takes_along_no_part_that_another_process_has_spoken_for() {
    on_every_engine(|store| async move {
        store.report_service(row("h1", 1)).await.unwrap();
        store.report_service(row("h2", 1)).await.unwrap();
        // Another process of the same name.
        store.report_service(Model { process: Some("new".into()), ..row("h2", 2) }).await.unwrap();
        store.sign_off("of h1").await.unwrap();
        store.sign_off("of h2").await.unwrap();
        let left = store.services().await.unwrap();
        assert_eq!(left.iter().map(|row| row.host_id.as_str()).collect::<Vec<_>>(), ["h2"]);
        store.sign_off("new").await.unwrap();
        assert!(store.services().await.unwrap().is_empty());
    });
}
