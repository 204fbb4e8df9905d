//! Processes that are killed at what they do: this program again, which does what one of its ignored tests says.

use std::{
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use windlass_objects::{ObjectKey, Objects};

use super::suite::keys;

fn start(what: &str, settings: &[(&str, &str)]) -> Child {
    let mut program = Command::new(std::env::current_exe().unwrap());
    let program = program.args(["--exact", "--ignored", what]).envs(settings.iter().copied());
    program.stdout(Stdio::null()).spawn().unwrap()
}

fn kill(mut process: Child) {
    process.kill().unwrap();
    process.wait().unwrap();
}

/// Starts a writer and kills it as soon as `is_at_it` says so.
pub(crate) async fn kill_a_writer(what: &str, settings: &[(&str, &str)], mut is_at_it: impl AsyncFnMut() -> bool) {
    let (writer, begun) = (start(what, settings), Instant::now());
    while !is_at_it().await {
        assert!(begun.elapsed() < Duration::from_mins(1), "{what}: it writes nothing");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    kill(writer);
}

/// Starts a mover and kills it as soon as it has moved something to `to`. What arrived there is sound, and all that there was
/// is read at the place that the service knows.
pub(crate) async fn kill_a_mover(
    what: &str,
    settings: &[(&str, &str)],
    to: &Objects,
    (live, all): (&Objects, &[ObjectKey]),
) {
    let before = keys(to).await.len();
    let mut mover = start(what, settings);
    while keys(to).await.len() <= before {
        assert!(mover.try_wait().unwrap().is_none(), "{what}: it ended before it was killed");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    kill(mover);
    demand_sound(to).await;
    for key in all {
        live.verify(key).await.unwrap();
    }
}

/// Verifies every object; these are all.
pub(crate) async fn demand_sound(objects: &Objects) -> Vec<ObjectKey> {
    let all = keys(objects).await;
    for key in &all {
        objects.verify(key).await.unwrap();
    }
    all
}
