//! Every storage there is fails in every way it can, at every step of an image's life: no document is lost, none half visible, and
//! what is told names the object, the place and what to do.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use futures::TryStreamExt as _;
use sea_orm::ConnectionTrait as _;
use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio_util::sync::CancellationToken;
use windlass_objects::{Location, ObjectKey, Objects, Options, Outcome};
use windlass_operations::{
    Cipher, Error, ObjectChunks, Part, Result, Service, Tenant,
    analysis::StoredDocument,
    keeping::{Move, check_objects, move_objects},
    testing::{Bench, on_every_service},
};
use windlass_store::{AccountName, images::AnalysisStatus, object_references::Storage};

use crate::{
    house::{archive, files, restore, team},
    registry::{Registry, Sample},
    servers::{self, Server},
    way::{Trouble, Way},
};

/// Options of who soon gives up.
fn hasty() -> Options {
    let soon = Duration::from_secs(1);
    Options { timeout: soon, transfer_timeout: soon, attempts: 1, ..patient() }
}

/// Options of who waits for a server on a busy machine. Emulators know no parts.
fn patient() -> Options {
    Options { part: 64 << 20, ..Options::default() }
}

/// What a storage stands on, and how it fails.
enum Ground {
    Folder(PathBuf),
    /// The database of the service.
    Rows,
    Server {
        way: Way,
        _server: Server,
    },
}

impl Ground {
    fn troubles(&self) -> &'static [Trouble] {
        match self {
            Self::Folder(_) | Self::Rows => &[Trouble::Truncated, Trouble::Spoilt],
            Self::Server { .. } => &[Trouble::Down, Trouble::Slow, Trouble::Truncated, Trouble::Spoilt, Trouble::Full],
        }
    }

    /// What happens to whoever puts and gets from now on. What is kept in a folder or in rows is itself what suffers, and is put right
    /// when the trouble is over.
    async fn trouble(&self, bench: &Bench, trouble: Trouble) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut whole = BTreeMap::new();
        match self {
            Self::Server { way, .. } => way.trouble(trouble),
            Self::Folder(folder) => {
                for file in files(folder) {
                    let bytes = std::fs::read(&file).unwrap();
                    std::fs::write(&file, suffered(&bytes, trouble)).unwrap();
                    whole.insert(file, bytes);
                }
            }
            Self::Rows => {
                let content = match trouble {
                    Trouble::Truncated => "substr(content, 1, 12)",
                    _ if bench.service.store().is_postgres() => "set_byte(content, 12, get_byte(content, 12) # 85)",
                    _ => "CAST(substr(content, 1, 12) || x'555555' || substr(content, 16) AS BLOB)",
                };
                let tx = bench.service.store().begin().await.unwrap();
                tx.execute_unprepared("CREATE TABLE whole AS SELECT * FROM object_chunks").await.unwrap();
                tx.execute_unprepared(&format!("UPDATE object_chunks SET content = {content}")).await.unwrap();
                tx.commit().await.unwrap();
            }
        }
        whole
    }

    async fn over(&self, bench: &Bench, whole: BTreeMap<PathBuf, Vec<u8>>) {
        match self {
            Self::Server { way, .. } => way.trouble(Trouble::Nothing),
            Self::Folder(_) => whole.into_iter().for_each(|(file, bytes)| std::fs::write(file, bytes).unwrap()),
            Self::Rows => {
                let same = "w.key = object_chunks.key AND w.ordinal = object_chunks.ordinal";
                let tx = bench.service.store().begin().await.unwrap();
                let put_right = format!(
                    "UPDATE object_chunks SET content = (SELECT content FROM whole w WHERE {same}) WHERE EXISTS (SELECT 1 FROM \
                     whole w WHERE {same})"
                );
                tx.execute_unprepared(&put_right).await.unwrap();
                tx.execute_unprepared("DROP TABLE whole").await.unwrap();
                tx.commit().await.unwrap();
            }
        }
    }
}

fn suffered(bytes: &[u8], trouble: Trouble) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    match trouble {
        Trouble::Truncated => bytes.truncate(12),
        _ => bytes[12] ^= 0x55,
    }
    bytes
}

/// Everything that is kept of an image, as bytes.
async fn seen(tenant: &Tenant, digest: &str) -> Result<Vec<Vec<u8>>> {
    Ok(vec![
        bytes(tenant.image_content(digest, "os").await?).await?,
        bytes(tenant.image_metadata(digest, "manifest").await?).await?,
        bytes(tenant.native_sbom(digest).await?.1).await?,
    ])
}

async fn bytes(mut document: StoredDocument) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = document.content.read_to_end(&mut bytes).await;
    read.map_err(Error::of_reading)?;
    Ok(bytes)
}

async fn keys(objects: &Objects) -> Vec<ObjectKey> {
    let mut keys: Vec<_> = objects.list().map_ok(|object| object.key).try_collect().await.unwrap();
    keys.sort_unstable();
    keys
}

/// Names the object, the place, and what to do.
fn demand_told(what: &str, text: &str, places: &[String]) {
    let names = |place: &String| text.contains(&format!("in {place}"));
    assert!(text.contains("object sha256:") && places.iter().any(names), "{what}: {text}");
    let remedies = ["check ", "allow it more time", "free space"];
    assert!(remedies.iter().any(|remedy| text.contains(remedy)), "{what}: {text}");
}

fn told<T: std::fmt::Debug>(result: Result<T>) -> String {
    match result {
        Err(error @ (Error::Objects(_) | Error::Bundle(_))) => {
            format!("{error}: {}", error.hint().unwrap_or_default())
        }
        Err(Error::Broken(text)) => text,
        other => panic!("{other:?}"),
    }
}

/// One storage, of documents and of bundles, as those see it who soon give up, and as others do.
struct Scene<'a> {
    bench: &'a Bench,
    ground: Ground,
    hasty: Arc<Service>,
    patient: Arc<Service>,
}

impl<'a> Scene<'a> {
    async fn new(bench: &'a Bench, ground: Ground, opened: impl AsyncFn(Options) -> [Objects; 2]) -> Self {
        let service = async |options| {
            let [documents, bundles] = opened(options).await;
            let cipher = Cipher::parse(&Cipher::generate_key()).unwrap();
            let (store, clock) = (bench.service.store().clone(), bench.service.clock().clone());
            Service::new(store, documents, bundles, cipher, clock, bench.service.settings().clone())
        };
        Self { bench, ground, hasty: service(hasty()).await, patient: service(patient()).await }
    }

    /// What comes of something while there is trouble, which is over then.
    async fn under<T>(&self, trouble: Trouble, done: impl AsyncFnOnce() -> T) -> T {
        let whole = self.ground.trouble(self.bench, trouble).await;
        let came = done().await;
        self.ground.over(self.bench, whole).await;
        came
    }

    /// Nothing that is referred to is missing or damaged, and nothing that is there is damaged.
    async fn demand_sound(&self, what: &str) {
        for storage in [Storage::Documents, Storage::Bundles] {
            let objects = self.patient.objects_of(storage);
            let found = check_objects(self.patient.store(), storage, objects, 4, None, |_, _| {}).await.unwrap();
            assert!(found.is_sound(), "{what}: {found:?}");
            for key in keys(objects).await {
                objects.verify(&key).await.unwrap_or_else(|error| panic!("{what}: {error}"));
            }
        }
    }

    /// The life of an image, with the same trouble at each of its steps.
    async fn live(&self, account: &AccountName, registry: &Registry, trouble: Trouble) {
        let (theirs, ours) = (self.hasty.tenant(account), self.patient.tenant(account));
        let what = |step: &str| format!("{} {trouble:?}, {step}", self.patient.objects_of(Storage::Documents).place());
        let places = [Storage::Documents, Storage::Bundles].map(|storage| self.patient.objects_of(storage).place());
        let name = format!("{trouble:?}").to_lowercase();
        let sample = Sample::new(&name);
        registry.push(&sample, &name).await;
        let pullstring = format!("{}/team/app:{name}", registry.address);
        let request = json!({"source": {"tag": {"pullstring": pullstring}}});
        ours.add_image(&serde_json::from_value(request).unwrap(), false, false).await.unwrap();
        let (digest, end) = (&sample.digest, CancellationToken::new());

        let step = what("analysing");
        self.under(trouble, async || self.hasty.work_once("w", &end).await.unwrap()).await;
        let image = self.patient.store().account(account).image(digest).await.unwrap().unwrap();
        // An analysis only writes.
        if trouble.hinders_writing() {
            assert_eq!(image.analysis_status, AnalysisStatus::NotAnalyzed, "{step}");
            let jobs = self.patient.store().jobs(None, 10).await.unwrap();
            let reason = jobs.iter().find(|job| job.key == *digest).and_then(|job| job.last_error.clone());
            demand_told(&step, &reason.unwrap_or_default(), &places);
        }
        self.demand_sound(&step).await;
        self.bench.pass(60);
        while self.patient.work_once("w", &end).await.unwrap() {}
        let before = seen(&ours, digest).await.unwrap();

        let step = what("reading");
        let read = self.under(trouble, async || seen(&theirs, digest).await).await;
        if trouble.hinders_reading() {
            demand_told(&step, &told(read), &places);
        } else {
            assert_eq!(read.unwrap(), before, "{step}");
        }
        assert_eq!(seen(&ours, digest).await.unwrap(), before, "{step}");

        let step = what("archiving");
        let (status, detail) = self.under(trouble, async || archive(&theirs, digest).await).await;
        assert_eq!(status, "error", "{step}: {detail}");
        assert!(ours.archived_images(Part::default()).all().await.unwrap().is_empty(), "{step}");
        self.demand_sound(&step).await;
        assert_eq!(archive(&ours, digest).await.0, "archived", "{step}");

        let step = what("restoring");
        ours.delete_image(digest, true).await.unwrap();
        self.patient.collect_images().await.unwrap();
        self.patient.collect_analyses().await.unwrap();
        self.bench.pass(3601);
        self.patient.collect_objects().await.unwrap();
        demand_told(&step, &told(self.under(trouble, async || restore(&theirs, digest).await).await), &places);
        assert!(ours.image(digest).await.is_err(), "{step}: half an image is none");
        self.demand_sound(&step).await;
        restore(&ours, digest).await.unwrap();
        assert_eq!(seen(&ours, digest).await.unwrap(), before, "{step}");

        let step = what("moving");
        let folder = tempfile::tempdir().unwrap();
        let elsewhere = Objects::open(&Location::folder(folder.path()).unwrap(), patient()).await.unwrap();
        let all = keys(self.patient.objects_of(Storage::Documents)).await;
        let (store, clock) = (self.patient.store(), self.patient.clock());
        let how = Move { parallel: 2, remove: true };
        let moved = async |service: &Service, comes_back: bool| {
            let here = service.objects_of(Storage::Documents);
            let (from, to) = if comes_back { (&elsewhere, here) } else { (here, &elsewhere) };
            move_objects(store, clock, from, to, how, |_| {}).await
        };
        for comes_back in [false, true] {
            let incomplete = self.under(trouble, async || moved(&self.hasty, comes_back).await).await;
            // What has come back to a folder or into rows has not suffered, and what is full can be emptied.
            let is_server = matches!(self.ground, Ground::Server { .. });
            let is_exempt = if comes_back { !is_server } else { !trouble.hinders_reading() };
            assert!(is_exempt || !incomplete.as_ref().is_ok_and(Outcome::is_complete), "{step}");
            for (_, error) in incomplete.map(|outcome| outcome.failed).unwrap_or_default() {
                demand_told(&step, &told::<()>(Err(error.into())), &places);
            }
            let outcome = moved(&self.patient, comes_back).await.unwrap();
            assert!(outcome.is_complete(), "{step}: {outcome:?}");
            let (full, empty) = (self.patient.objects_of(Storage::Documents), &elsewhere);
            let (full, empty) = if comes_back { (full, empty) } else { (empty, full) };
            assert_eq!((keys(full).await, keys(empty).await), (all.clone(), vec![]), "{step}");
        }
        assert_eq!(seen(&ours, digest).await.unwrap(), before, "{step}");
        self.demand_sound(&step).await;
        ours.delete_archived_image(digest, false).await.unwrap();
    }
}

async fn suffer(bench: &Bench, ground: Ground, opened: impl AsyncFn(Options) -> [Objects; 2]) {
    let Some(registry) = Registry::start() else { return };
    let alpha = team(bench, "alpha").await;
    let scene = Scene::new(bench, ground, opened).await;
    for trouble in scene.ground.troubles() {
        scene.live(alpha.name(), &registry, *trouble).await;
    }
}

/// A server of which the settings are those of the location, but for the one that has its address.
async fn suffer_at_a_distance(bench: &Bench, server: Option<Server>, setting: &str, path: &str) {
    let Some(server) = server else { return };
    let url = reqwest::Url::parse(&server.address).unwrap();
    let way = Way::to(SocketAddr::from(([127, 0, 0, 1], url.port().unwrap()))).await;
    let location = server.location.clone().with(setting, format!("http://{}{path}", way.address)).unwrap();
    let opened = async |options: Options| {
        let documents = Objects::open(&location, options.clone()).await.unwrap();
        [documents, Objects::open(&location.clone().below("archive"), options).await.unwrap()]
    };
    suffer(bench, Ground::Server { way, _server: server }, opened).await;
}

#[test]
fn a_folder_fails() {
    on_every_service(|bench| async move {
        let folder = bench.folder.path().join("suffering");
        let opened = async |options: Options| {
            let open = async |name: &str| {
                Objects::open(&Location::folder(&folder.join(name)).unwrap(), options.clone()).await.unwrap()
            };
            [open("documents").await, open("bundles").await]
        };
        suffer(&bench, Ground::Folder(folder.clone()), opened).await;
    });
}

#[test]
fn a_database_fails() {
    on_every_service(|bench| async move {
        let opened = async |options: Options| {
            ["", "archive"].map(|name| {
                let chunks = ObjectChunks::new(bench.service.store().clone(), bench.service.clock().clone(), name);
                Objects::over(Arc::new(chunks), options.clone())
            })
        };
        suffer(&bench, Ground::Rows, opened).await;
    });
}

#[test]
fn an_s3_server_fails() {
    on_every_service(|bench| async move { suffer_at_a_distance(&bench, servers::s3().await, "endpoint", "").await });
}

#[test]
fn a_swift_server_fails() {
    on_every_service(|bench| async move {
        suffer_at_a_distance(&bench, servers::swift().await, "auth", "/auth/v1.0").await;
    });
}

#[test]
fn google_s_storage_fails() {
    on_every_service(|bench| async move { suffer_at_a_distance(&bench, servers::gcs().await, "endpoint", "").await });
}

#[test]
fn azure_s_storage_fails() {
    on_every_service(|bench| async move {
        suffer_at_a_distance(&bench, servers::azblob().await, "endpoint", "/ours").await;
    });
}
