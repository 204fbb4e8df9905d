//! Real servers on ports of their own, ended with the test. A test that finds no program says so and is skipped.

use std::{
    fmt::Write as _,
    fs,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use base64::Engine as _;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use windlass_objects::Location;

/// A process that ends with the value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A server and a location in it that can be used.
pub(crate) struct Server {
    pub(crate) location: Location,
    pub(crate) address: String,
    _running: Vec<Running>,
    _folder: Option<tempfile::TempDir>,
}

/// An S3 server: moto, which `scripts/test` installs.
pub(crate) async fn s3() -> Option<Server> {
    moto(free_port(), &[]).await
}

/// The same on a port that somebody knows already.
pub(crate) async fn s3_on(port: u16) -> Option<Server> {
    moto(port, &[]).await
}

/// An S3 server that accepts no credentials.
pub(crate) async fn s3_for_nobody() -> Option<Server> {
    // The requests without credentials: whether it answers, and for the bucket.
    moto(free_port(), &[("INITIAL_NO_AUTH_ACTION_COUNT", "2")]).await
}

async fn moto(port: u16, settings: &[(&str, &str)]) -> Option<Server> {
    let program = program("moto_server")?;
    let address = format!("http://127.0.0.1:{port}");
    let mut command = Command::new(program);
    let flags = ["-H", "127.0.0.1", "-p", &port.to_string()];
    let running = start(command.args(flags).envs(settings.iter().copied()));
    answers(&address).await;
    let created = reqwest::Client::new().put(format!("{address}/bucket")).send().await.unwrap();
    assert!(created.status().is_success(), "{}", created.status());
    let location = s3_url(&address).parse().unwrap();
    Some(Server { location, address, _running: vec![running], _folder: None })
}

/// OpenStack Swift with one replica of everything, logging in with its own authentication: user `test:tester`, key `testing`.
pub(crate) async fn swift() -> Option<Server> {
    let memcached = program("memcached")?;
    let builder = program("swift-ring-builder")?;
    let kinds = ["account", "container", "object"];
    let programs: Vec<_> = kinds.iter().map(|kind| program(&format!("swift-{kind}-server"))).collect::<Option<_>>()?;
    let proxy = program("swift-proxy-server")?;

    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let root = folder.path();
    fs::create_dir_all(root.join("devices/disk")).unwrap();
    let me = user();
    let cache = free_port();
    let mut running =
        vec![start(Command::new(memcached).args(["-l", "127.0.0.1", "-p", &cache.to_string(), "-u", &me]))];
    for (kind, program) in kinds.iter().zip(programs) {
        let port = free_port();
        let ring = root.join(format!("{kind}.builder"));
        let ring = ring.to_str().unwrap();
        let device = format!("r1z1-127.0.0.1:{port}/disk");
        for arguments in [vec!["create", "2", "1", "1"], vec!["add", &device, "1"], vec!["rebalance"]] {
            let made = Command::new(&builder).arg(ring).args(arguments).output().unwrap();
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stdout));
        }
        let config = format!(
            "[DEFAULT]\nbind_ip = 127.0.0.1\nbind_port = {port}\nuser = {me}\nswift_dir = {root}\ndevices = {root}/devices\n\
             mount_check = false\nworkers = 0\nlog_name = {kind}\n[pipeline:main]\npipeline = {kind}-server\n\
             [app:{kind}-server]\nuse = egg:swift#{kind}\n",
            root = root.display()
        );
        running.push(serve(&program, root, kind, &config));
        // The proxy avoids a server that it did not reach at once for a minute.
        answers(&format!("http://127.0.0.1:{port}")).await;
    }
    let port = free_port();
    let mut config = format!(
        "[DEFAULT]\nbind_ip = 127.0.0.1\nbind_port = {port}\nuser = {me}\nswift_dir = {}\nworkers = 0\n[pipeline:main]\n\
         pipeline = catch_errors healthcheck cache bulk tempauth slo proxy-server\n\
         [app:proxy-server]\nuse = egg:swift#proxy\naccount_autocreate = true\n",
        root.display()
    );
    let _ = write!(config, "[filter:cache]\nuse = egg:swift#memcache\nmemcache_servers = 127.0.0.1:{cache}\n");
    // Tokens that are over soon, so that they must be renewed.
    config += "[filter:tempauth]\nuse = egg:swift#tempauth\nuser_test_tester = testing .admin\ntoken_life = 8\n";
    for filter in ["catch_errors", "healthcheck", "bulk", "slo"] {
        let _ = write!(config, "[filter:{filter}]\nuse = egg:swift#{filter}\n");
    }
    running.push(serve(&proxy, root, "proxy", &config));

    let address = format!("http://127.0.0.1:{port}");
    answers(&format!("{address}/healthcheck")).await;
    let http = reqwest::Client::new();
    let login =
        http.get(format!("{address}/auth/v1.0")).header("x-auth-user", "test:tester").header("x-auth-key", "testing");
    let login = login.send().await.unwrap();
    let header = |name| login.headers()[name].to_str().unwrap().to_owned();
    let container = format!("{}/box", header("x-storage-url"));
    let created = http.put(container).header("x-auth-token", header("x-auth-token")).send().await.unwrap();
    assert!(created.status().is_success(), "{}", created.status());
    let location = format!("swift://box/a/prefix?auth={address}/auth/v1.0&user=test:tester&key=testing");
    Some(Server { location: location.parse().unwrap(), address, _running: running, _folder: Some(folder) })
}

/// What Swift answers to a request for something in the container.
async fn swift_answer(server: &Server, path: &str) -> Vec<u8> {
    let http = reqwest::Client::new();
    let login = http.get(format!("{}/auth/v1.0", server.address)).header("x-auth-user", "test:tester");
    let login = login.header("x-auth-key", "testing").send().await.unwrap();
    let header = |name| login.headers()[name].to_str().unwrap().to_owned();
    let request = http.get(format!("{}/box{path}", header("x-storage-url")));
    request.header("x-auth-token", header("x-auth-token")).send().await.unwrap().bytes().await.unwrap().to_vec()
}

/// Of how many segments an object of a Swift container is made.
pub(crate) async fn swift_segments(server: &Server, path: &str) -> usize {
    let manifest = swift_answer(server, &format!("/{path}?multipart-manifest=get")).await;
    serde_json::from_slice::<Vec<serde_json::Value>>(&manifest).unwrap().len()
}

/// Everything in a Swift container.
pub(crate) async fn swift_paths(server: &Server) -> Vec<String> {
    let listed = swift_answer(server, "").await;
    String::from_utf8_lossy(&listed).lines().map(str::to_owned).collect()
}

/// Google Cloud Storage, as an emulator from Python's index has it.
pub(crate) async fn gcs() -> Option<Server> {
    let program = program("gcp-storage-emulator")?;
    let port = free_port();
    let address = format!("http://127.0.0.1:{port}");
    let flags = ["start", "--host", "127.0.0.1", "--default-bucket", "bucket", "--in-memory", "--port"];
    let running = start(Command::new(program).args(flags).arg(port.to_string()));
    answers(&address).await;
    let location = format!("gcs://bucket/a/prefix?endpoint={address}&anonymous=true");
    Some(Server { location: location.parse().unwrap(), address, _running: vec![running], _folder: None })
}

const AZURE_KEY: &[u8] = b"a key for tests";

/// Azure Blob Storage, as Microsoft's emulator has it.
pub(crate) async fn azblob() -> Option<Server> {
    let program = program("azurite-blob")?;
    let port = free_port();
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let flags = ["--inMemoryPersistence", "--disableTelemetry", "--skipApiVersionCheck", "--blobPort"];
    let key = base64::prelude::BASE64_STANDARD.encode(AZURE_KEY);
    let mut command = Command::new(program);
    command.args(flags).arg(port.to_string()).env("AZURITE_ACCOUNTS", format!("ours:{key}")).current_dir(folder.path());
    let running = start(&mut command);
    let server = format!("http://127.0.0.1:{port}");
    answers(&server).await;

    let address = format!("{server}/ours");
    let created = azure(reqwest::Method::PUT, &address, "box", "restype", "container").await;
    assert!(created.status().is_success(), "{created:?}");
    let location = format!("azblob://box/a/prefix?endpoint={address}&account_name=ours");
    let location = location.parse::<Location>().unwrap().with("account_key", key).unwrap();
    Some(Server { location, address, _running: vec![running], _folder: Some(folder) })
}

/// What Azure answers to a request for a path below `address` with one parameter, which takes a signature over the server's own
/// time.
pub(crate) async fn azure(
    method: reqwest::Method,
    address: &str,
    path: &str,
    parameter: &str,
    value: &str,
) -> reqwest::Response {
    let http = reqwest::Client::new();
    let date = http.get(address).send().await.unwrap().headers()["date"].to_str().unwrap().to_owned();
    let empty = "\n".repeat(12);
    let signed =
        format!("{method}{empty}x-ms-date:{date}\nx-ms-version:2021-08-06\n/ours/ours/{path}\n{parameter}:{value}");
    let signature = base64::prelude::BASE64_STANDARD.encode(hmac(AZURE_KEY, signed.as_bytes()));
    http.request(method, format!("{address}/{path}?{parameter}={value}"))
        .header("x-ms-date", &date)
        .header("x-ms-version", "2021-08-06")
        .header("authorization", format!("SharedKey ours:{signature}"))
        .header("content-length", 0)
        .send()
        .await
        .unwrap()
}

/// What an S3 server answers. It looks at the name in a signature, and not at the signature.
pub(crate) async fn s3_answer(method: reqwest::Method, url: &str) -> reqwest::Response {
    let signed = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";
    reqwest::Client::new().request(method, url).header("authorization", signed).send().await.unwrap()
}

/// What an S3 server answers to a question for an object's head.
pub(crate) async fn s3_head(url: &str) -> reqwest::Response {
    s3_answer(reqwest::Method::HEAD, url).await
}

/// The keys of uploads into the bucket of an S3 server that nobody has finished.
pub(crate) async fn s3_uploads(server: &Server) -> Vec<String> {
    let answer = s3_answer(reqwest::Method::GET, &format!("{}/bucket?uploads", server.address)).await;
    let text = answer.text().await.unwrap();
    let keys = text.split("<Key>").skip(1).filter_map(|rest| rest.split_once("</Key>"));
    keys.map(|(key, _)| key.to_owned()).collect()
}

/// The location of an S3 server as text, with what it takes to use it.
pub(crate) fn s3_url(address: &str) -> String {
    format!("s3://bucket/a/prefix?endpoint={address}&access_key_id=test&secret_access_key=test")
}

/// A server that answers each connection's first request with what `answer` says to the number of the connection and the request.
/// Also the number of connections.
pub(crate) async fn scripted(
    answer: impl Fn(usize, &str) -> Option<String> + Send + 'static,
) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = connections.clone();
    tokio::spawn(async move {
        let mut silent = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 64 << 10];
            let read = stream.read(&mut request).await.unwrap_or_default();
            match answer(counted.fetch_add(1, Ordering::Relaxed), &String::from_utf8_lossy(&request[..read])) {
                Some(answer) => _ = stream.write_all(answer.as_bytes()).await,
                None => silent.push(stream),
            }
        }
    });
    (address, connections)
}

pub(crate) fn answer(status: &str, length: usize, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
}

/// HMAC-SHA-256 with a key of at most 64 bytes (RFC 2104).
fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let padded = |with: u8| -> Vec<u8> { (0..64).map(|at| key.get(at).copied().unwrap_or_default() ^ with).collect() };
    let inner = Sha256::new_with_prefix(padded(0x36)).chain_update(text).finalize();
    Sha256::new_with_prefix(padded(0x5c)).chain_update(inner).finalize().into()
}

/// From the search path, or from where `scripts/test` puts what comes from Python's and npm's indexes.
fn program(name: &str) -> Option<PathBuf> {
    let tools = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("tools");
    let installed = ["bin", "node_modules/.bin"].map(|folder| tools.join(folder));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut found = installed.into_iter().chain(std::env::split_paths(&path)).map(|folder| folder.join(name));
    let found = found.find(|program| program.is_file());
    if found.is_none() {
        windlass_testing::skipped(&format!("{name} is not installed"), "scripts/test installs it");
    }
    found
}

fn user() -> String {
    let name = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(name.stdout).unwrap().trim().to_owned()
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn serve(program: &Path, root: &Path, kind: &str, config: &str) -> Running {
    let path = root.join(format!("{kind}.conf"));
    fs::write(&path, config).unwrap();
    start(Command::new(program).arg(path))
}

fn start(command: &mut Command) -> Running {
    Running(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
}

async fn answers(address: &str) {
    let started = Instant::now();
    while reqwest::get(address).await.is_err() {
        assert!(started.elapsed() < Duration::from_mins(2), "{address} does not answer");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
