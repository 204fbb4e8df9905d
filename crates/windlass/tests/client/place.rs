//! Where commands run: a folder of their own, an environment that names the service.

use std::{
    fs,
    io::Write as _,
    path::PathBuf,
    process::{Command, Stdio},
};

use windlass_client::testing::StandIn;

pub(crate) struct Place {
    folder: tempfile::TempDir,
    environment: Vec<(String, String)>,
}

/// What a command did.
pub(crate) struct Done {
    pub(crate) exit: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Place {
    /// A place from which the service is reached as `admin`.
    pub(crate) fn before(service: &StandIn) -> Self {
        Self::anywhere()
            .with("WINDLASS_URL", &service.url())
            .with("WINDLASS_USER", "admin")
            .with("WINDLASS_PASSWORD", "word")
    }

    /// A place from which no service is known.
    pub(crate) fn anywhere() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder"), environment: Vec::new() }
    }

    pub(crate) fn with(mut self, variable: &str, value: &str) -> Self {
        self.environment.push((variable.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("a folder");
        fs::write(path, content).expect("a file");
    }

    /// Runs the program with words separated by blanks.
    pub(crate) fn run(&self, words: &str) -> Done {
        self.run_with(&words.split_whitespace().collect::<Vec<_>>(), "")
    }

    /// Runs it with something to read on standard input.
    pub(crate) fn run_with(&self, words: &[&str], input: &str) -> Done {
        let mut child = Command::new(env!("CARGO_BIN_EXE_windlass"))
            .args(words)
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.path("home"))
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        // A command that reads nothing may have ended already.
        let _ = child.stdin.take().expect("it is piped").write_all(input.as_bytes());
        let output = child.wait_with_output().expect("it ends");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("what is printed is UTF-8");
        Done {
            exit: output.status.code().expect("it was not killed"),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }

    /// Runs a command that succeeds, and returns what it prints.
    pub(crate) fn ok(&self, words: &str) -> String {
        let done = self.run(words);
        assert_eq!(done.exit, 0, "{words}: {}{}", done.out, done.err);
        done.out
    }
}
