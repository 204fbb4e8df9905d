//! A registry for one test: the `docker-registry` of Debian on a free port of this machine.

use std::{
    fs,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    io,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;

/// Name and password that a guarded registry asks for.
pub const LOGIN: (&str, &str) = ("windlass", "right-password");
/// The same, as `htpasswd -nbB` hashes it.
const HTPASSWD: &str = "windlass:$2y$05$FBVtG/xITL6qPFKSS.jg2O8lZSRdyu9/c4aj3lo07cF81MUDuIBRi\n";
/// How long it may take until it listens.
const PATIENCE: Duration = Duration::from_mins(1);
/// How many addresses are tried.
const ATTEMPTS: usize = 5;

/// Ends with its value.
pub struct DockerRegistry {
    process: Option<Child>,
    address: String,
    folder: TempDir,
}

impl DockerRegistry {
    /// Nothing, and a loud line, if the program is not installed. A guarded one asks for [`LOGIN`].
    ///
    /// # Panics
    /// When it does not listen.
    pub fn start(guarded: bool) -> Option<Self> {
        Self::with(guarded, |_, _| ())
    }

    /// The same, of which `configure` changes the configuration; it may write files to the folder it is given.
    ///
    /// # Panics
    /// When it does not listen.
    pub fn with(guarded: bool, configure: impl FnOnce(&mut Value, &Path)) -> Option<Self> {
        let folder = TempDir::new().expect("there is room for a folder");
        let mut config = json!({
            "version": 0.1,
            "log": {"level": "error", "accesslog": {"disabled": true}},
            "storage": {"filesystem": {"rootdirectory": folder.path().join("data")}, "delete": {"enabled": true}},
            "http": {"secret": "s"},
        });
        if guarded {
            let path = folder.path().join("htpasswd");
            fs::write(&path, HTPASSWD).expect("there is room for a file");
            config["auth"] = json!({"htpasswd": {"realm": "here", "path": path}});
        }
        configure(&mut config, folder.path());
        let mut registry = Self { process: None, address: String::new(), folder };
        for _ in 0..ATTEMPTS {
            registry.address = free_address();
            config["http"]["addr"] = registry.address.as_str().into();
            // JSON is YAML.
            fs::write(registry.folder.path().join("config.yml"), config.to_string()).expect("there is room for a file");
            let Ok(process) = run(registry.folder.path()) else {
                windlass_testing::skipped("docker-registry is not installed", "it is Debian's package docker-registry");
                return None;
            };
            registry.process = Some(process);
            if registry.listens() {
                return Some(registry);
            }
        }
        panic!("docker-registry ends again and again");
    }

    /// `127.0.0.1:PORT`
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Where it keeps the files of a repository.
    pub fn repository(&self, name: &str) -> PathBuf {
        self.folder.path().join("data/docker/registry/v2/repositories").join(name)
    }

    /// Where it keeps a blob, by the hexadecimal digits of its digest.
    pub fn blob(&self, hex: &str) -> PathBuf {
        self.folder.path().join("data/docker/registry/v2/blobs/sha256").join(&hex[..2]).join(hex)
    }

    /// Of the process.
    pub fn id(&self) -> u32 {
        self.process.as_ref().expect("it was started").id()
    }

    /// Ends the process.
    pub fn stop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Starts it again at the same address, with what was pushed.
    ///
    /// # Panics
    /// When it does not listen.
    pub fn restart(&mut self) {
        self.stop();
        self.process = Some(run(self.folder.path()).expect("it could be started before"));
        assert!(self.listens(), "docker-registry could listen here before");
    }

    /// Waits until it listens; it does not if it ended.
    fn listens(&mut self) -> bool {
        let begun = Instant::now();
        loop {
            // Who answers may be another that was faster.
            let answers = TcpStream::connect(&self.address).is_ok();
            let process = self.process.as_mut().expect("it was started");
            if process.try_wait().expect("it is a child of ours").is_some() {
                return false;
            }
            if answers {
                return true;
            }
            assert!(begun.elapsed() < PATIENCE, "docker-registry does not listen");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for DockerRegistry {
    fn drop(&mut self) {
        self.stop();
    }
}

/// An address that no connection of this machine is given, as those are that the system chooses.
fn free_address() -> String {
    loop {
        let random = RandomState::new().build_hasher().finish();
        let address = format!("127.0.0.1:{}", 20_000 + random % 10_000);
        if TcpListener::bind(&address).is_ok() {
            return address;
        }
    }
}

fn run(folder: &Path) -> io::Result<Child> {
    let mut command = Command::new("docker-registry");
    command.arg("serve").arg(folder.join("config.yml")).env_clear().stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn()
}
