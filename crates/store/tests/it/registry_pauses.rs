use windlass_store::{Moment, testing::on_every_engine};

#[test]
fn a_registry_is_left_alone_until_the_longest_pause_is_over_that_it_wants() {
    on_every_engine(|store| async move {
        let pause = async |registry: &str, now: i64| {
            store.registry_pause(registry, Moment(now)).await.unwrap().map(|not_before| not_before.0)
        };
        assert_eq!(pause("r.example", 1).await, None);
        for (not_before, now) in [(50, 1), (100, 2), (70, 3)] {
            store.pause_registry("r.example", Moment(not_before), Moment(now)).await.unwrap();
        }
        assert_eq!((pause("r.example", 99).await, pause("r.example", 100).await), (Some(100), None));
        assert_eq!(pause("q.example", 99).await, None, "it is another");
        store.pause_registry("q.example", Moment(300), Moment(200)).await.unwrap();
        store.pause_registry("r.example", Moment(250), Moment(200)).await.unwrap();
        assert_eq!(pause("r.example", 201).await, Some(250), "one that was over does not count");
    });
}
