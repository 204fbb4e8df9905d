//! What the original service was recorded to answer, asked again of ours: the same status, the same shape, the same values
//! where the data are the same. `WINDLASS_SHARED` names the folder with the recordings.
//!
//! The exchanges are replayed in their order against one service, whose worker begins when the recorded one had. Identifiers
//! that ours chose otherwise are put in place of the recorded ones as they appear.

mod comparison;
mod differences;
mod exchange;
mod names;
mod steps;

use std::{collections::BTreeSet, env, path::PathBuf};

use crate::place::Place;
use differences::{DIFFERENCES, Difference};
use exchange::{Exchange, Replayed};
use names::Names;

#[test]
fn recorded_exchanges_go_as_they_went() {
    let Some(shared) = env::var_os("WINDLASS_SHARED").map(PathBuf::from) else {
        eprintln!("SKIPPED: WINDLASS_SHARED names no folder with recorded exchanges");
        return;
    };
    // Without a worker: the first of them are about images that wait.
    let Some(mut place) = Place::new("api,scheduler") else { return };
    let mut replay = Replay { names: Names::over(&place), used: BTreeSet::new(), unexpected: Vec::new() };
    let mut replayed = 0;
    for exchange in exchange::all(&shared.join("recorded")) {
        steps::before(&exchange.number, &mut place, &mut replay.names, &shared);
        if steps::CANNOT_BE_REPLAYED.iter().any(|(number, _)| *number == exchange.number) {
            continue;
        }
        replay.one(&place, &exchange);
        replayed += 1;
    }
    assert!(replayed > 200, "only {replayed} exchanges were found");
    let unused: Vec<String> = DIFFERENCES
        .iter()
        .enumerate()
        .filter(|(at, _)| !replay.used.contains(at))
        .map(|(_, listed)| format!("{} {}: no longer differs", listed.exchanges, listed.what))
        .collect();
    let wrong = [replay.unexpected, unused].concat();
    assert!(wrong.is_empty(), "{} differences are not listed, or are none:\n{}", wrong.len(), wrong.join("\n"));
}

struct Replay {
    names: Names,
    /// Places in the list of differences that something was excused by.
    used: BTreeSet<usize>,
    unexpected: Vec<String>,
}

impl Replay {
    fn one(&mut self, place: &Place, exchange: &Exchange) {
        let Replayed { status, body, content_type } = exchange.send(&place.url, &self.names);
        self.names.learn(&exchange.body, &body);
        let expected = self.names.spelt(&exchange.body);
        let mut found = Vec::new();
        if status != exchange.status {
            found.push(format!("status {status} for {}", exchange.status));
        }
        if content_type != exchange.content_type {
            found.push(format!("content type {content_type} for {}", exchange.content_type));
        }
        found.extend(comparison::shapes(&expected, &body));
        if exchange.has_the_same_data() {
            found.extend(comparison::values(&expected, &body));
        }
        for difference in found {
            let excuses = |listed: &Difference| listed.is_about(&exchange.number) && difference.contains(listed.what);
            let mut listed = DIFFERENCES.iter().enumerate().filter(|(_, listed)| excuses(listed)).peekable();
            if listed.peek().is_none() {
                self.unexpected.push(format!("{}: {difference}", exchange.name));
            }
            self.used.extend(listed.map(|(at, _)| at));
        }
    }
}
