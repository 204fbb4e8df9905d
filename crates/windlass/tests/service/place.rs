//! A service with a registry and vulnerability data, all of this machine and of one test.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{images, process::stopped, registry::Registry};

pub(crate) const PASSWORD: &str = "foobar";

pub(crate) struct Place {
    folder: tempfile::TempDir,
    processes: Vec<Child>,
    pub(crate) registry: Registry,
    /// `http://127.0.0.1:PORT`
    pub(crate) url: String,
}

/// What a program did.
pub(crate) struct Done {
    pub(crate) exit: i32,
    /// Both outputs.
    pub(crate) said: String,
    pub(crate) out: String,
}

impl Place {
    /// A registry with images, a database of a few vulnerabilities, and the service's process of these roles; nothing if
    /// there can be no registry.
    pub(crate) fn new(roles: &str) -> Option<Self> {
        let registry = Registry::start()?;
        let folder = tempfile::tempdir().expect("a folder");
        let mut place = Self { folder, processes: Vec::new(), registry, url: String::new() };
        place.registry.push("test/small", "latest", &images::small());
        place.registry.push("test/big", "v1", &images::big());
        for tag in ["latest", "other"] {
            place.registry.push("docker.io/library/alpine", tag, &images::alpine());
        }
        place.write("tracker.json", images::DEBIAN_TRACKER);
        place.write("osv/GHSA-p6mc-m468-83gw.json", images::LODASH_ADVISORY);
        for words in ["db build --debian tracker.json --osv osv -o v.db", "db import v.db"] {
            let done = place.run(&mut place.windlass(words));
            assert_eq!(done.exit, 0, "{words}: {}", done.said);
        }
        place.serve(roles);
        Some(place)
    }

    /// Starts one more process of the service. The first with the role `api` is the one that clients ask.
    pub(crate) fn serve(&mut self, roles: &str) {
        self.serve_with(roles, &[]);
    }

    /// Ends every process, and starts one with these settings.
    pub(crate) fn restart_with(&mut self, settings: &[(&str, &str)]) {
        for mut process in self.processes.drain(..) {
            process.kill().expect("it runs");
            process.wait().expect("it is a child of ours");
        }
        self.url.clear();
        self.serve_with("all", settings);
    }

    /// Tells the process to stop that was started last; how it ended, and how long that took.
    pub(crate) fn stop_last(&mut self) -> (ExitStatus, Duration) {
        let ended = stopped(self.processes.last_mut().expect("one was started"));
        self.processes.pop();
        ended
    }

    /// Sends the process a signal that was started last.
    pub(crate) fn signal(&self, signal: Signal) {
        let process = Pid::from_child(self.processes.last().expect("one was started"));
        kill_process(process, signal).expect("it is a child of ours");
    }

    pub(crate) fn serve_with(&mut self, roles: &str, settings: &[(&str, &str)]) {
        let mut command = self.windlass("serve --data-dir data --listen 127.0.0.1:0");
        let log = fs::File::create(self.path(&format!("{roles}.log"))).expect("a file");
        let mut process = command
            .args(["--role", roles])
            .env("WINDLASS_HOST_ID", format!("host-{}", self.processes.len()))
            .env("WINDLASS_ADMIN_PASSWORD", PASSWORD)
            .env("WINDLASS_ADMIN__EMAIL", "admin@myanchore")
            .env("WINDLASS_OAUTH__ENABLED", "true")
            .env("WINDLASS_VULNERABILITIES__OFFLINE", "true")
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        let out = process.stdout.take().expect("it is piped");
        self.processes.push(process);
        BufReader::new(out).read_line(&mut line).expect("it says that it is ready");
        let address = line.trim().rsplit(' ').next().unwrap_or_default();
        // One without the API says that it works.
        let answers = address.starts_with("http://");
        assert!(answers || line.contains(" works as "), "{line}{}", self.read(&format!("{roles}.log")));
        if answers && self.url.is_empty() {
            address.clone_into(&mut self.url);
        }
    }

    /// The program with words separated by blanks, told nothing of a service.
    pub(crate) fn windlass(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_windlass"));
        command
            .args(words.split_whitespace())
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.path("home"))
            .env("WINDLASS_CACHE_DIR", self.path("cache"));
        command
    }

    pub(crate) fn run(&self, command: &mut Command) -> Done {
        self.run_answering(command, "")
    }

    /// The same, with something to be read from standard input.
    pub(crate) fn run_answering(&self, command: &mut Command, answer: &str) -> Done {
        self.write("answer", answer);
        let answer = fs::File::open(self.path("answer")).expect("it was just written");
        let output = command.current_dir(self.folder.path()).stdin(answer).output().expect("the program starts");
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        let said = out.clone() + &String::from_utf8_lossy(&output.stderr);
        Done { exit: output.status.code().unwrap_or(-1), said, out }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("a folder");
        fs::write(path, content).expect("a file");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}
