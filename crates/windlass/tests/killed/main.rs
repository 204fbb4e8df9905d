//! Processes are killed while the service works: whatever it has promised it does, and does once.
//!
//! `WINDLASS_KILLS` says how often (6), `WINDLASS_KILLS_SEED` repeats the choices of a run.

mod chance;
mod clients;
mod images;
mod installation;
#[allow(dead_code, reason = "other tests want letters, too")]
#[path = "../service/receivers.rs"]
mod receivers;
#[allow(dead_code, reason = "other tests want registries that tell of pushes")]
#[path = "../service/registry.rs"]
mod registry;

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use chance::Chance;
use clients::{Clients, HOOK, Pushed, patiently};
use installation::Installation;
use receivers::Hooks;
use registry::Registry;
use windlass_store::{
    Address, Store,
    testing::{on_every_address, rows, url_of},
};

/// Long enough for many to be killed between sending and noting that it was sent.
const ANSWER: Duration = Duration::from_millis(100);
/// Milliseconds between two kills.
const SHORTEST: usize = 100;
const LONGEST: usize = 2000;

#[test]
fn what_was_accepted_is_analysed_once_whoever_is_killed() {
    on_every_address(|address| async move {
        let seed = env::var("WINDLASS_KILLS_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = seed.unwrap_or_else(Chance::any_seed);
        eprintln!("{address}: WINDLASS_KILLS_SEED={seed}");
        // The clients block, which a thread of the runtime must not.
        let story = thread::scope(|scope| scope.spawn(|| kill_under_load(&address, Chance::of(seed))).join());
        let Some(images) = story.expect("the service keeps its promises") else { return };
        everything_is_there_once(&Store::open(&address).await.expect("the database opens"), &images).await;
    });
}

/// What was added while processes were killed; nothing where there can be no registry.
fn kill_under_load(address: &Address, mut chance: Chance) -> Option<Vec<Pushed>> {
    let kills: usize = env::var("WINDLASS_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(6);
    let registry = Registry::start()?;
    let images: Vec<Pushed> = (0..10 + 4 * kills).map(|number| push(&registry, number)).collect();
    let roles: &[&str] = match address {
        Address::Sqlite(_) => &["all"],
        Address::Postgres(_) => &["api", "worker", "worker", "scheduler"],
    };
    let mut installation = Installation::start(&url_of(address), roles, &mut chance);
    let clients = Clients::of(installation.url());
    let receiver = Hooks::that_take(ANSWER);
    clients.tell(receiver.address);
    let (begun, killed) = (Instant::now(), AtomicUsize::new(0));
    let mut victims: BTreeMap<&str, usize> = BTreeMap::new();
    // The load lasts as long as the killing does; two clients meet in the middle, and go on.
    let may_add = |number| number * kills <= (killed.load(Relaxed) + 1) * images.len();
    thread::scope(|scope| {
        scope.spawn(|| clients.add(images.iter(), may_add));
        scope.spawn(|| clients.add(images.iter().rev(), may_add));
        for _ in 0..kills {
            let pause = SHORTEST + chance.below(LONGEST - SHORTEST);
            thread::sleep(Duration::from_millis(pause as u64));
            *victims.entry(installation.kill_one(&mut chance)).or_default() += 1;
            killed.fetch_add(1, Relaxed);
        }
    });
    let (loaded, settling) = (begun.elapsed(), Instant::now());
    let failed = clients.wait_for_analyses();
    let settled = settling.elapsed();
    // An image that several workers in a row died of is given up, and told so; whoever knows better adds it again.
    for image in images.iter().filter(|image| failed.contains(&image.digest)) {
        clients.add_one(image, true);
    }
    assert_eq!(clients.wait_for_analyses(), [""; 0], "{:#?}", installation.logs());
    for (number, image) in images.iter().enumerate() {
        assert_eq!(clients.packages(image), [format!("package-{number}")], "{}", image.tag);
    }
    let repeated = everything_is_told(&receiver, &images, &failed);
    let taken_over = installation.taken_over();
    installation.kill();
    let refusals = clients.refusals.into_inner().expect("nobody panics");
    assert!(refusals.is_empty(), "{} requests were refused: {:#?}", refusals.len(), refusals.first());
    eprintln!(
        "{address}: {} images, killed {victims:?}, {} requests cut off, {taken_over} analyses taken over, {} images given \
         up and added again, {repeated} notices sent again; {loaded:.1?} of killing, {settled:.1?} until all were analysed",
        images.len(),
        clients.cut_off.into_inner(),
        failed.len(),
    );
    Some(images)
}

/// Of every image its receiver is told that it was analysed, and whatever is sent again has the id by which that is known.
/// How many were.
fn everything_is_told(receiver: &Hooks, images: &[Pushed], given_up: &[String]) -> usize {
    let analysed = |image: &Pushed| {
        let of_image = receiver.posted(HOOK).into_iter().filter(|(_, _, body)| {
            let payload = &body["data"]["notification_payload"];
            payload["subscription_key"] == image.tag && payload["curr_eval"]["analysis_status"] == "analyzed"
        });
        of_image.map(|(_, id, _)| id).collect::<Vec<_>>()
    };
    let mut repeated = 0;
    for image in images {
        let told = patiently(&format!("the notice of {}", image.tag), Duration::from_millis(200), || {
            Some(analysed(image)).filter(|told| !told.is_empty())
        });
        let ids: BTreeSet<&String> = told.iter().collect();
        assert!(ids.len() == 1 || given_up.contains(&image.digest), "{}: {ids:?}", image.tag);
        repeated += told.len() - ids.len();
    }
    repeated
}

async fn everything_is_there_once(store: &Store, images: &[Pushed]) {
    let jobs = store.jobs(None, 10_000).await.expect("the jobs can be read");
    let left: Vec<_> = jobs.iter().filter(|job| images.iter().any(|image| job.key == image.digest)).collect();
    // A job that was given up is kept to be looked at.
    assert!(left.iter().all(|job| job.state == windlass_store::jobs::State::Dead), "{left:#?}");
    let digests: BTreeSet<&str> = images.iter().map(|image| image.digest.as_str()).collect();
    assert_eq!(digests.len(), images.len(), "every image is another");
    for Pushed { tag, digest } in images {
        let analyses = rows(store, "analyses", "digest", digest).await;
        assert_eq!(analyses.len(), 1, "{digest} has one analysis: {analyses:#?}");
        let kept = rows(store, "images", "digest", digest).await;
        assert_eq!(kept.len(), 1, "{digest} is there once: {kept:#?}");
        assert_eq!(kept[0]["analysis_status"], "analyzed", "{kept:#?}");
        assert_eq!(kept[0]["analysis"], analyses[0]["id"], "{kept:#?}");
        let told = rows(store, "events", "resource_id", tag).await;
        let completed = told.iter().filter(|event| event["kind"] == "user.image.analysis.completed");
        assert_eq!(completed.count(), 1, "{tag}: {told:#?}");
    }
}

fn push(registry: &Registry, number: usize) -> Pushed {
    let (image, repository) = (images::numbered(number), format!("test/image-{number}"));
    registry.push(&repository, "latest", &image);
    Pushed { tag: format!("{}/{repository}:latest", registry.address), digest: image.digest }
}
