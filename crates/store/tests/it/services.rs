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
fn a_part_that_is_up_is_not_deleted() {
    on_every_engine(|store| async move {
        store.report_service(row("h1", 1)).await.unwrap();
        assert!(!store.delete_service("h1", "catalog").await.unwrap());
        store.report_service(Model { up: false, ..row("h1", 2) }).await.unwrap();
        assert!(store.delete_service("h1", "catalog").await.unwrap());
    });
}
