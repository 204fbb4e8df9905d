//! How long new data takes with many images. Ignored: it takes minutes.
//!
//! `cargo test --release -p windlass-operations --test reevaluation -- --ignored --nocapture scale`, with
//! `WINDLASS_IMAGES` in place of 10,000.

use std::{collections::HashMap, fmt::Write as _, sync::Arc, time::Instant};

use serde_json::json;
use tokio_util::sync::CancellationToken;
use windlass_matching::{
    Inventory, Options,
    testing::{AdvisoryBuilder, advisory, deb, sbom},
};
use windlass_operations::{Tenant, identity::Presented, notifications::EndpointRequest, testing::Bench};
use windlass_sbom::{
    Package,
    formats::{self, Document, Format},
};
use windlass_store::{
    Address, Store,
    analyses::{self, DockerfileMode, NewAnalysis, NewDocument, progress},
    image_tags::{self, TagName},
    images::{self, NewImage},
    package_versions::{self, NewPackageVersion, instances},
    subscriptions::{self, Start},
    tag_states,
};
use windlass_v1::subscriptions::{SubscriptionType, subscription_id};

use crate::{
    house::{VERDICT, VULNERABILITIES, bundle, judge_by, rule},
    scene::database,
};

/// Package versions of an image's own, and those that it shares with others of its base.
const OWN: usize = 20;
const SHARED: usize = 180;
const BASES: usize = 100;
/// Versions of each package, and how many of them a record affects.
const VERSIONS: usize = 10;
const AFFECTED: usize = 5;
const DELTA: usize = 500;
const WORKERS: usize = 2;

fn package(number: usize) -> Package {
    deb(&format!("p{}", number / VERSIONS), &format!("1.{}", number % VERSIONS))
}

/// A record about a package; one in a hundred and fifty is critical, one in three high, whichever packages are asked about.
fn record(name: usize, issue: usize, fixed: usize) -> AdvisoryBuilder {
    let severity = match (((name * 10 + issue) as u32).wrapping_mul(2_654_435_761) >> 16) % 150 {
        0 => "critical",
        mixed if mixed % 3 == 0 => "high",
        _ => "medium",
    };
    let fixed = format!("1.{fixed}");
    let record = advisory(&format!("CVE-2026-{}", name * 10 + issue), "debian").severity(severity);
    record.in_release("debian:12", &format!("p{name}"), &format!("< {fixed}")).fixed(&fixed)
}

/// The package versions of an image.
fn held(image: usize, all: usize) -> impl Iterator<Item = usize> {
    let own = (0..OWN).map(move |at| (image * OWN + at) % all);
    let base = image % BASES;
    own.chain((0..SHARED).map(move |at| (base * 1999 + at * 7) % all))
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
}

/// Seconds of processor time of this process, and its largest memory in MiB.
fn spent() -> (f64, u64) {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: f64 = fields[11..13].iter().map(|field| field.parse::<f64>().unwrap()).sum();
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let memory = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    (ticks / 100.0, memory.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap() / 1024)
}

/// Does something and says what it took.
async fn timed<T>(what: &str, work: impl Future<Output = T>) -> T {
    // From here on, the largest memory is that of this step.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let (begun, (before, _)) = (Instant::now(), spent());
    let done = work.await;
    let (after, memory) = spent();
    eprintln!("{what}: {:.1} s, {:.1} s of CPU time, {memory} MiB", begun.elapsed().as_secs_f64(), after - before);
    done
}

async fn work(bench: &Bench) {
    let workers = (0..WORKERS).map(|number| {
        let service = Arc::clone(&bench.service);
        tokio::spawn(async move {
            while service.work_once(&format!("w{number}"), &CancellationToken::new()).await.unwrap() {}
        })
    });
    for worker in workers.collect::<Vec<_>>() {
        worker.await.unwrap();
    }
    while bench.service.work_once("w", &CancellationToken::new()).await.unwrap() {}
}

async fn seed(bench: &Bench, tenant: &Tenant, count: usize) {
    let (all, now) = (count * OWN, bench.now());
    let mut ids = vec![0; all];
    for first in (0..all).step_by(2000) {
        let packages = (first..all.min(first + 2000)).map(package);
        let sbom = sbom("debian:12", packages);
        let inventory = Inventory::of(&sbom, &Options::default());
        let input = |place: usize| &inventory.inputs()[inventory.input(place).unwrap()];
        let rows = (0..sbom.packages.len()).map(|place| {
            let input = input(place);
            NewPackageVersion {
                key: input.key().0,
                name: input.name.clone(),
                version: input.version.clone(),
                kind: input.kind.as_str().to_owned(),
                input: serde_json::to_string(input).unwrap(),
            }
        });
        let tx = bench.service.store().begin().await.unwrap();
        let written = package_versions::intern(&tx, rows.collect()).await.unwrap();
        tx.commit().await.unwrap();
        for (package, id) in sbom.packages.iter().zip(written) {
            let number = |text: &str, start: &str| text.strip_prefix(start).unwrap().parse::<usize>().unwrap();
            ids[number(&package.name, "p") * VERSIONS + number(&package.version, "1.")] = id;
        }
    }
    for first in (0..count).step_by(100) {
        let mut objects = HashMap::new();
        for image in first..count.min(first + 100) {
            let sbom = sbom("debian:12", held(image, all).map(package));
            let mut bytes = Vec::new();
            let document = Document { created: None, tool_version: "1".into() };
            formats::write(&sbom, Format::Json, &document, &mut bytes).unwrap();
            let size = bytes.len() as u64;
            objects.insert(image, (bench.objects().put(bytes).await.unwrap().to_string(), size));
        }
        let tx = bench.service.store().begin().await.unwrap();
        for image in first..count.min(first + 100) {
            let digest = format!("sha256:{image:064x}");
            let new = NewImage {
                digest: digest.clone(),
                parent_digest: digest.clone(),
                image_id: format!("{image:064x}"),
                manifest: "sha256:ef".into(),
                parent_manifest: None,
                annotations: "{}".into(),
                dockerfile: None,
                created_at: now,
            };
            let (row, _) = images::ensure(&tx, tenant.name(), new, now).await.unwrap();
            let repository = format!("team/web{image}");
            let tag = TagName { registry: "localhost", repository: &repository, tag: "1" };
            image_tags::insert(&tx, tenant.name(), row.id, tag, now, now).await.unwrap();
            let (object, size) = objects.remove(&image).unwrap();
            let analysis = NewAnalysis {
                key: digest.clone(),
                digest,
                arch: None,
                distro: None,
                distro_version: None,
                dockerfile_mode: DockerfileMode::Guessed,
                dockerfile: None,
                chains: Vec::new(),
                image_size: 1,
                layer_count: 1,
                documents: vec![NewDocument { kind: "sbom".into(), object, size }],
            };
            let analysis = analyses::insert(&tx, analysis, now).await.unwrap();
            let held = held(image, all).map(|version| instances::Model {
                package_version: ids[version],
                analysis,
                compared: 1,
            });
            instances::insert(&tx, &held.collect::<Vec<_>>(), &[]).await.unwrap();
            progress::finish(&tx, row.id, analysis, now).await.unwrap();
            let key = tag.fulltag();
            for (kind, own) in [
                (SubscriptionType::VulnUpdate, subscriptions::Kind::VulnerabilityUpdate),
                (SubscriptionType::PolicyEval, subscriptions::Kind::PolicyEvaluation),
            ] {
                let id = subscription_id(tenant.name().as_str(), &key, kind);
                subscriptions::ensure(&tx, tenant.name(), &id, own, &key, Start::Activated, now).await.unwrap();
            }
            tag_states::wish(&tx, tenant.name(), &key, now).await.unwrap();
        }
        tx.commit().await.unwrap();
    }
}

async fn count(bench: &Bench, kind: &str) -> usize {
    windlass_store::testing::rows(bench.service.store(), "events", "kind", kind).await.len()
}

/// Notices that are queued to be sent.
async fn queued(bench: &Bench) -> usize {
    let mut notices = 0;
    for kind in [SubscriptionType::VulnUpdate, SubscriptionType::PolicyEval] {
        notices += windlass_store::testing::rows(bench.service.store(), "notices", "kind", kind.as_str()).await.len();
    }
    notices
}

/// Somebody who is told of everything; nothing is sent here, so that nobody needs to answer.
async fn listener(bench: &Bench, team: &Tenant) {
    let administrator = Presented::Password { username: "admin", password: "foobar" };
    let administrator = bench.service.authenticate(administrator, None).await.unwrap().unwrap();
    let endpoint = json!({"name": "all", "channel": {"kind": "webhook", "format": "anchore-v1", "url": "https://ci.example.com/hook"}});
    let endpoint: EndpointRequest = serde_json::from_value(endpoint).unwrap();
    team.create_notification_endpoint(&administrator, endpoint).await.unwrap();
}

#[test]
#[ignore = "it takes minutes"]
fn scale_of_a_delta_over_many_images() {
    let images: usize = std::env::var("WINDLASS_IMAGES").map_or(10_000, |count| count.parse().unwrap());
    let names = images * OWN / VERSIONS;
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&Address::Sqlite(folder.path().join("windlass.db"))).await.unwrap();
        let bench = Bench::over(store).await;
        let team = bench.account("team").await;
        judge_by(&bench, &team, bundle("b", &json!([rule("critical", "STOP"), rule("high", "WARN")]), &json!([])))
            .await;
        let what = format!("seeding {images} images with {} package versions", images * OWN);
        timed(&what, seed(&bench, &team, images)).await;

        let former: Vec<AdvisoryBuilder> = (0..names).map(|name| record(name, 1, AFFECTED)).collect();
        let path = database(bench.folder.path(), 1, former.clone());
        bench.service.publish_vulnerability_data(&path).await.unwrap();
        let stop = CancellationToken::new();
        timed("first match of all package versions", bench.service.work_once("w", &stop)).await.unwrap();
        timed("first verdicts on all images", work(&bench)).await;

        // A half is new, a third says something else, the rest is gone.
        let spread = |at: usize| at * names / DELTA;
        let mut next = former;
        for at in 0..DELTA / 3 {
            next[spread(at * 3)] = record(spread(at * 3), 1, AFFECTED + 1);
        }
        let gone: std::collections::BTreeSet<usize> = (0..DELTA / 6).map(|at| spread(at * 6 + 1)).collect();
        let mut name = 0..;
        next.retain(|_| !gone.contains(&name.next().unwrap()));
        next.extend((0..DELTA / 2).map(|at| record(spread(at * 2) + 1, 2, AFFECTED)));
        bench.pass(3600);
        listener(&bench, &team).await;
        let path = database(bench.folder.path(), 2, next);
        timed("publishing the delta", bench.service.publish_vulnerability_data(&path)).await.unwrap();
        let (before, flips) = (count(&bench, VULNERABILITIES).await, count(&bench, VERDICT).await);
        timed("the delta: findings", bench.service.work_once("w", &stop)).await.unwrap();
        timed("the delta: verdicts and events", work(&bench)).await;
        let data = bench.service.store().vulnerability_data_in_force().await.unwrap().unwrap();
        let [opened, altered, closed] = bench.service.store().count_findings_changed_by(data.id).await.unwrap();
        let mut told = String::new();
        let events = count(&bench, VULNERABILITIES).await - before;
        write!(told, "{opened} findings opened, {altered} altered, {closed} closed; {events} tags told of them")
            .unwrap();
        let (flips, notices) = (count(&bench, VERDICT).await - flips, queued(&bench).await);
        eprintln!("{told}, {flips} verdicts flipped, {notices} notices queued");
        assert!(data.matched_at.is_some() && events > 0);
        assert_eq!(notices, events + flips, "what is told is queued");
    });
}
