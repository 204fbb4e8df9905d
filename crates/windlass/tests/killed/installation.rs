//! A whole installation: processes that share a database and a folder, and can be killed.

use std::{
    collections::BTreeMap,
    fs::File,
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use crate::chance::Chance;

pub(crate) const PASSWORD: &str = "foobar";
/// Seconds after which the job of a killed worker is another's.
const LEASE: &str = "2";

pub(crate) struct Installation {
    folder: TempDir,
    database: String,
    port: u16,
    processes: Vec<Process>,
}

struct Process {
    roles: &'static str,
    /// Tells processes of the same roles apart.
    name: String,
    child: Child,
}

impl Installation {
    /// One process for each of these lists of roles.
    pub(crate) fn start(database: &str, roles: &[&'static str], chance: &mut Chance) -> Self {
        let folder = TempDir::new().expect("a folder");
        let port = free_port(chance);
        let mut installation = Self { folder, database: database.to_owned(), port, processes: Vec::new() };
        for (number, roles) in roles.iter().enumerate() {
            let name = format!("{roles}-{number}");
            let child = installation.spawn(roles, &name);
            installation.processes.push(Process { roles, name, child });
        }
        installation
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }

    /// Kills one process, whatever it is doing, starts it anew without waiting for it, and returns its roles.
    ///
    /// # Panics
    /// When the process has ended by itself before.
    pub(crate) fn kill_one(&mut self, chance: &mut Chance) -> &'static str {
        let chosen = chance.below(self.processes.len());
        self.end(chosen);
        let Process { roles, name, .. } = &self.processes[chosen];
        let child = self.spawn(roles, name);
        self.processes[chosen].child = child;
        self.processes[chosen].roles
    }

    /// Kills every process.
    pub(crate) fn kill(mut self) {
        for process in 0..self.processes.len() {
            self.end(process);
        }
    }

    /// What the processes had to say, by name.
    pub(crate) fn logs(&self) -> BTreeMap<&str, String> {
        let log = |name: &str| std::fs::read_to_string(self.log(name)).unwrap_or_default();
        self.processes.iter().map(|process| (process.name.as_str(), log(&process.name))).collect()
    }

    /// How many jobs of killed workers others did.
    pub(crate) fn taken_over(&self) -> usize {
        self.logs().values().map(|log| log.matches("was not heard of again").count()).sum()
    }

    fn end(&mut self, number: usize) {
        let ended = self.processes[number].child.try_wait().expect("it is a child of ours");
        assert!(ended.is_none(), "{} ended by itself: {ended:?}\n{:#?}", self.processes[number].name, self.logs());
        let child = &mut self.processes[number].child;
        child.kill().expect("it runs");
        child.wait().expect("it is a child of ours");
    }

    fn spawn(&self, roles: &str, name: &str) -> Child {
        let log = File::options().create(true).append(true).open(self.log(name)).expect("a file");
        Command::new(env!("CARGO_BIN_EXE_windlass"))
            .arg("serve")
            .args(["--listen", &format!("127.0.0.1:{}", self.port), "--role", roles, "--database", &self.database])
            .arg("--data-dir")
            .arg(self.folder.path().join("data"))
            .env_clear()
            .env("HOME", self.folder.path())
            .env("WINDLASS_ADMIN_PASSWORD", PASSWORD)
            .env("WINDLASS_HOST_ID", name)
            .env("WINDLASS_ANALYSIS__LEASE_SECONDS", LEASE)
            .env("WINDLASS_VULNERABILITIES__OFFLINE", "true")
            .env("WINDLASS_NOTIFICATIONS__ALLOWED_NETWORKS", "[127.0.0.0/8]")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the program starts")
    }

    fn log(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.log"))
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _ = process.child.kill();
            let _ = process.child.wait();
        }
    }
}

/// A port that no connection of this machine is given while nobody listens on it.
fn free_port(chance: &mut Chance) -> u16 {
    loop {
        let port = u16::try_from(20_000 + chance.below(10_000)).expect("it is a port");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
