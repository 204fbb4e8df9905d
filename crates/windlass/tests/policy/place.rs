//! A folder with images and bundles, and the program.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
};

use serde_json::{Value, json};
use windlass_image::testing::{Tar, TarEntry, image};

/// A folder in which the program runs.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

/// What a run came to.
pub(crate) struct Done {
    pub(crate) exit: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Done {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {} {}", self.out, self.err))
    }

    /// Standard output, once the exit code is this.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> String {
        assert_eq!(self.exit, code, "{}{}", self.out, self.err);
        assert!(!self.err.contains("panicked"), "{}", self.err);
        self.out
    }
}

impl Place {
    /// `app.tar` is an image that Docker saved, of Alpine with busybox, lodash, a setuid program and a key file.
    pub(crate) fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        place.save("app.tar", "example.org/team/app:1", &app());
        place.save("plain.tar", "example.org/team/plain:1", &Tar::new().file("etc/hostname", "plain\n"));
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, content).expect("a file");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("a text")
    }

    /// Writes an image as `docker save` does.
    pub(crate) fn save(&self, name: &str, tag: &str, layer: &Tar) {
        let image = image(vec![layer.clone().plain()]);
        let listing = format!(r#"[{{"Config": "config.json", "RepoTags": ["{tag}"], "Layers": ["0/layer.tar"]}}]"#);
        let saved = Tar::new().file("0/layer.tar", layer.clone().into_bytes()).file("config.json", &image.config);
        self.write(name, saved.file("manifest.json", listing).into_bytes());
    }

    /// Builds `vulnerability.db`, which knows of one vulnerability in lodash.
    pub(crate) fn with_database(self) -> Self {
        self.write("osv/GHSA-35jh-r3h4-6jhm.json", ADVISORY);
        let done = self.run("db build --osv osv -o vulnerability.db --built 1700000000");
        assert_eq!(done.exit, 0, "{}", done.err);
        self
    }

    /// Runs the program with words separated by blanks.
    pub(crate) fn run(&self, words: &str) -> Done {
        let output: Output = Command::new(env!("CARGO_BIN_EXE_windlass"))
            .args(words.split_whitespace())
            .current_dir(self.folder.path())
            .env_clear()
            .env("WINDLASS_CACHE_DIR", self.path("cache"))
            .env("WINDLASS_OFFLINE", "true")
            .output()
            .expect("the program starts");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("what is printed is UTF-8");
        Done {
            exit: output.status.code().expect("it was not killed"),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }
}

const ADVISORY: &str = r#"{"id": "GHSA-35jh-r3h4-6jhm", "aliases": ["CVE-2021-23337"],
    "modified": "2024-01-01T00:00:00Z", "summary": "Commands can be injected through templates",
    "database_specific": {"severity": "HIGH"}, "affected": [{"package": {"ecosystem": "npm", "name": "lodash"},
    "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "4.17.21"}]}]}]}"#;

pub(crate) fn app() -> Tar {
    let package = "P:busybox\nV:1.36.1-r5\nA:x86_64\nL:GPL-2.0-only\n\n";
    Tar::new()
        .file("etc/os-release", "ID=alpine\nVERSION_ID=3.19.1\nPRETTY_NAME=\"Alpine Linux v3.19\"\n")
        .file("etc/passwd", "root:x:0:0:root:/root:/bin/ash\n")
        .file("lib/apk/db/installed", package)
        .file("app/node_modules/lodash/package.json", r#"{"name": "lodash", "version": "4.17.15"}"#)
        .file("app/key.pem", "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n")
        .entry(&TarEntry::file("bin/su", "su").mode(0o4755))
}

/// A rule; `params` are names and values.
pub(crate) fn rule(id: &str, action: &str, gate: &str, trigger: &str, params: &[(&str, &str)]) -> Value {
    let params: Vec<Value> = params.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    json!({"id": id, "action": action, "gate": gate, "trigger": trigger, "params": params})
}

/// A bundle of one policy, which every image is mapped to, and one allow-list.
pub(crate) fn bundle(rules: &[Value], allowed: &[Value]) -> String {
    let bundle = json!({
        "id": "team", "name": "Team", "version": "1_0",
        "policies": [{"id": "base", "version": "1_0", "rules": rules}],
        "whitelists": [{"id": "known", "name": "Known", "version": "1_0", "items": allowed}],
        "mappings": [{
            "name": "all", "registry": "*", "repository": "*", "image": {"type": "tag", "value": "*"},
            "policy_ids": ["base"], "whitelist_ids": ["known"],
        }],
    });
    serde_json::to_string_pretty(&bundle).expect("it is JSON")
}

pub(crate) fn always(id: &str, action: &str) -> Value {
    rule(id, action, "always", "always", &[])
}
