//! Object storage is away: whoever asks for a document learns that soon, and that it is worth trying again.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use crate::{place::Place, tour::Tour};

#[test]
fn who_asks_for_a_document_while_storage_is_away_is_told_soon_and_asked_to_try_again() {
    let Some(mut place) = Place::new("all") else { return };
    let program = || place.windlass("");
    let mut tour = Tour::new(&place, &program);
    tour.step("image add {small}", 0, &[]);
    tour.step("image wait {small} --timeout 120 --interval 1", 0, &["analyzed"]);
    tour.end();
    // It takes connections, and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let silent_at = format!("http://{}", silent.local_addr().expect("it is bound"));
    for (address, reason) in
        [(silent_at.as_str(), "did not answer in time"), ("http://127.0.0.1:9", "cannot be reached")]
    {
        let bucket = format!("s3://bucket?endpoint={address}&access_key_id=AKIAIDENT&secret_access_key=hunter2");
        place.restart_with(&[
            ("WINDLASS_OBJECTS", &bucket),
            ("WINDLASS_STORAGE__TIMEOUT_SECONDS", "1"),
            ("WINDLASS_STORAGE__ATTEMPTS", "2"),
        ]);
        let program = || place.windlass("");
        let mut tour = Tour::new(&place, &program);
        let begun = Instant::now();
        tour.step("image content {small} os", 1, &["HTTP 503", "object storage", reason, "Try again"]);
        tour.step("image get {small}", 0, &["analyzed"]);
        let taken = begun.elapsed();
        assert!(taken < Duration::from_secs(6), "two attempts of a second took {taken:?}");
        tour.step("image metadata {small} manifest", 1, &["HTTP 503", reason]);
        tour.end();
        let log = place.read("all.log");
        assert!(log.contains("hint=") && !log.contains("hunter2"), "{log}");
    }
    place.restart_with(&[]);
    let program = || place.windlass("");
    let mut tour = Tour::new(&place, &program);
    tour.step("image content {small} os", 0, &[]);
    tour.end();
}
