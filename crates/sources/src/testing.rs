//! A registry for one test: the `docker-registry` of Debian on a free port of this machine.

use std::{
    fs, io,
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
const PATIENCE: Duration = Duration::from_secs(20);

/// Ends with its value.
pub struct DockerRegistry {
    process: Child,
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
        let free =
            TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("there is a port");
        let address = free.to_string();
        let mut config = json!({
            "version": 0.1,
            "log": {"level": "error", "accesslog": {"disabled": true}},
            "storage": {"filesystem": {"rootdirectory": folder.path().join("data")}, "delete": {"enabled": true}},
            "http": {"addr": address, "secret": "s"},
        });
        if guarded {
            let path = folder.path().join("htpasswd");
            fs::write(&path, HTPASSWD).expect("there is room for a file");
            config["auth"] = json!({"htpasswd": {"realm": "here", "path": path}});
        }
        configure(&mut config, folder.path());
        // JSON is YAML.
        fs::write(folder.path().join("config.yml"), config.to_string()).expect("there is room for a file");
        let Ok(process) = run(folder.path()) else {
            windlass_testing::skipped("docker-registry is not installed", "it is Debian's package docker-registry");
            return None;
        };
        let registry = Self { process, address, folder };
        registry.wait();
        Some(registry)
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
        self.process.id()
    }

    /// Ends the process.
    pub fn stop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Starts it again at the same address, with what was pushed.
    ///
    /// # Panics
    /// When it does not listen.
    pub fn restart(&mut self) {
        self.stop();
        self.process = run(self.folder.path()).expect("it could be started before");
        self.wait();
    }

    fn wait(&self) {
        let begun = Instant::now();
        while TcpStream::connect(&self.address).is_err() {
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

fn run(folder: &Path) -> io::Result<Child> {
    let mut command = Command::new("docker-registry");
    command.arg("serve").arg(folder.join("config.yml")).env_clear().stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn()
}
