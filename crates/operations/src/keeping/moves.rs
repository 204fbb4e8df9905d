//! Moving all objects from one place to another while the service works. How far it is stands in the database, so that it
//! goes on where it was, and whoever asks later learns how it ended (`spec/operations.md` D-17).

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use windlass_objects::{Migration, ObjectKey, Objects, Outcome, Progress, migrate};
use windlass_store::{
    Store,
    object_moves::{Model, State},
};

use crate::{Clock, Result};

/// Between two notes of how far a move is.
const PAUSE: Duration = Duration::from_secs(2);

/// How a move is made.
#[derive(Clone, Copy, Debug)]
pub struct Move {
    /// How many objects are on their way at once.
    pub parallel: usize,
    /// Whether what was moved is removed from where it was, once everything was read and found good in the new place.
    pub remove: bool,
}

/// Moves every object of `from` to `to`, going on where an earlier run ended. `progress` hears how far it is.
///
/// # Errors
/// When the store fails, when both are the same place, or one cannot be listed. What failed of single objects is in the
/// outcome.
pub async fn move_objects(
    store: &Store,
    clock: &Clock,
    from: &Objects,
    to: &Objects,
    how: Move,
    mut progress: impl FnMut(Progress),
) -> Result<Outcome> {
    let (origin, destination) = (from.place(), to.place());
    // Nothing is written of a move that there cannot be.
    if origin == destination {
        return Err(windlass_objects::Error::SamePlace { place: origin }.into());
    }
    let before = store.object_move(&origin, &destination).await?;
    let through = before.and_then(|row| row.through).and_then(|key| key.parse::<ObjectKey>().ok());
    // Before anything is removed, everything is read again in the new place.
    let after = if how.remove { None } else { through };
    let started_at = clock.moment();
    let note = |state, through: Option<ObjectKey>, outcome: &Outcome| {
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        store.note_object_move(Model {
            origin: origin.clone(),
            destination: destination.clone(),
            state,
            through: through.map(|key| key.to_string()),
            copied: number(outcome.copied),
            present: number(outcome.present),
            failed: number(outcome.failed.len() as u64),
            removed: number(outcome.removed),
            started_at,
            last_updated: clock.moment(),
        })
    };
    note(State::Running, after, &Outcome::default()).await?;
    let last = Mutex::new(None::<Progress>);
    let migration = Migration { parallel: how.parallel, after, remove: how.remove };
    let moving = migrate(from, to, migration, |told| {
        *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(told);
        progress(told);
    });
    tokio::pin!(moving);
    let told = || *last.lock().unwrap_or_else(PoisonError::into_inner);
    let outcome = loop {
        tokio::select! {
            ended = &mut moving => break ended,
            () = tokio::time::sleep(PAUSE) => {
                if let Some(told) = told() {
                    let so_far = Outcome { copied: told.done, ..Outcome::default() };
                    note(State::Running, told.through.or(after), &so_far).await?;
                }
            }
        }
    };
    // Two names of one place: what was to be removed there stays, and the move has ended.
    if let Err(windlass_objects::Error::SamePlace { .. }) = &outcome {
        note(State::Incomplete, after, &Outcome::default()).await?;
    }
    let outcome = outcome?;
    let state = if outcome.is_complete() { State::Complete } else { State::Incomplete };
    note(state, told().and_then(|told| told.through).or(after), &outcome).await?;
    Ok(outcome)
}
