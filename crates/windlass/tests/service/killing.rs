//! A service that is killed at what it is doing: it is stopped again and again for a moment, and its database tells whether it
//! is at it.

use std::{
    path::Path,
    process::Child,
    thread,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use serde_json::Value;
use tokio::runtime::Runtime;
use windlass_store::{Address, Store, testing::rows};

use crate::place::Place;

/// For how long it goes on between two looks.
const PACE: Duration = Duration::from_millis(1);

/// Reads the database of a service.
pub(crate) struct Witness {
    runtime: Runtime,
    store: Store,
}

impl Witness {
    pub(crate) fn of(address: &Address) -> Self {
        let runtime = Runtime::new().expect("a runtime starts");
        let store = runtime.block_on(Store::open(address)).expect("the store opens");
        Self { runtime, store }
    }

    /// Of a service with its database in a file.
    pub(crate) fn of_file(path: &Path) -> Self {
        Self::of(&Address::Sqlite(path.to_owned()))
    }

    fn rows(&self, table: &str, column: &str, value: &str) -> Vec<Value> {
        self.runtime.block_on(rows(&self.store, table, column, value))
    }

    /// Waits until nothing is left of an image that was deleted but documents, which nobody needs any more. That takes a minute
    /// longer where the service was killed at it.
    pub(crate) fn sees_collected(&self, digest: &str) {
        let begun = Instant::now();
        while ["images", "analyses"].iter().any(|table| !self.rows(table, "digest", digest).is_empty()) {
            assert!(begun.elapsed() < Duration::from_mins(3), "{digest} is not collected");
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// Which documents nobody needs, and since when nobody has put them.
    pub(crate) fn claims(&self) -> Claims {
        Claims(self.rows("object_candidates", "storage", "documents"))
    }

    /// Whether an image is being written to the archive.
    pub(crate) fn sees_archiving(&self, _: &Claims) -> bool {
        self.rows("archived_images", "account", "admin").iter().any(|row| row["status"] == "archiving")
    }

    /// Whether documents were put since, and there is no image that they are of.
    pub(crate) fn sees_restoring(&self, before: &Claims) -> bool {
        self.rows("images", "account", "admin").is_empty() && self.claims() != *before
    }
}

/// What was claimed at some moment.
#[derive(PartialEq)]
pub(crate) struct Claims(Vec<Value>);

/// Sees whether the service is at something that began after these claims.
pub(crate) type Sight = fn(&Witness, &Claims) -> bool;

/// Lets the service do what a client asks for, and says whether it was stopped at it, having been seen at it `times`. It is
/// still stopped then, for whoever kills it; else it is done.
pub(crate) fn stopped_at_it(place: &Place, mut client: Child, times: usize, is_at_it: impl Fn() -> bool) -> bool {
    let mut seen = 0;
    while client.try_wait().expect("it is a child of ours").is_none() {
        place.signal(Signal::STOP);
        seen += usize::from(is_at_it());
        if seen == times {
            client.kill().expect("it waits");
            client.wait().expect("it is a child of ours");
            return true;
        }
        place.signal(Signal::CONT);
        thread::sleep(PACE);
    }
    false
}
