//! One process of the service on its own, that somebody reads the log of.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use reqwest::blocking::{Client, RequestBuilder};

pub(crate) const PASSWORD: &str = "a-password-of-the-administrator";

/// How long a process may take to end that was told to.
pub(crate) const STOPPING: Duration = Duration::from_secs(30);

pub(crate) struct Process {
    child: Child,
    folder: tempfile::TempDir,
    /// `http://127.0.0.1:PORT`
    pub(crate) url: String,
    client: Client,
}

impl Process {
    /// A process with the API and nothing else.
    pub(crate) fn start(settings: &[(&str, &str)]) -> Self {
        Self::with("api", settings)
    }

    pub(crate) fn with(roles: &str, settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self::within(folder, roles, settings)
    }

    /// A process whose data, and the files that its settings name, are in a folder.
    pub(crate) fn within(folder: tempfile::TempDir, roles: &str, settings: &[(&str, &str)]) -> Self {
        let log = File::create(folder.path().join("log")).expect("a file");
        let mut child = Command::new(env!("CARGO_BIN_EXE_windlass"))
            .args(["serve", "--role", roles, "--data-dir", "data", "--listen", "127.0.0.1:0"])
            .current_dir(folder.path())
            .env_clear()
            .env("HOME", folder.path())
            .env("WINDLASS_ADMIN_PASSWORD", PASSWORD)
            .env("WINDLASS_VULNERABILITIES__OFFLINE", "true")
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        let out = child.stdout.take().expect("it is piped");
        BufReader::new(out).read_line(&mut line).expect("it says that it is ready");
        let url = line.trim().rsplit(' ').next().unwrap_or_default().to_owned();
        let client = Client::builder().no_proxy().build().expect("a client");
        let process = Self { child, folder, url, client };
        assert!(process.url.starts_with("http"), "{line}{}", process.log());
        process
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Nobody.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// A request of the administrator.
    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("{}{path}", self.url)).basic_auth("admin", Some(PASSWORD))
    }

    pub(crate) fn post(&self, path: &str, media_type: &str, body: String) -> RequestBuilder {
        let request = self.client.post(format!("{}{path}", self.url)).basic_auth("admin", Some(PASSWORD));
        request.header("content-type", media_type).body(body)
    }

    /// What it has said so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("log")).expect("a file")
    }

    /// Tells it to stop; how it ended, and what it had said by then.
    pub(crate) fn stop(mut self) -> (ExitStatus, String) {
        let (status, _) = stopped(&mut self.child);
        (status, self.log())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Tells a process to stop; how it ended, and how long that took.
pub(crate) fn stopped(child: &mut Child) -> (ExitStatus, Duration) {
    let begun = Instant::now();
    assert!(Command::new("kill").arg(child.id().to_string()).status().expect("kill runs").success());
    loop {
        if let Some(status) = child.try_wait().expect("it is a child of ours") {
            return (status, begun.elapsed());
        }
        assert!(begun.elapsed() < STOPPING, "it does not end");
        std::thread::sleep(Duration::from_millis(50));
    }
}
