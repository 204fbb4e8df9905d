//! Where examples run: a folder with the inputs that they name, and `windlass` on the PATH.

use std::{
    collections::BTreeSet,
    fs,
    io::Read as _,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use windlass_image::{
    Digest, Image,
    testing::{Tar, image},
};

/// Programs that an example which is not done may name besides ours and the system's.
const FOREIGN: &[&str] = &["cargo", "curl", "docker", "podman"];

const LOCK: &str = r#"{"lockfileVersion": 3, "packages": {"": {"name": "shop"},
    "node_modules/lodash": {"version": "4.17.15"}, "node_modules/left-pad": {"version": "1.3.0"}}}"#;

const ADVISORY: &str = r#"{"id": "GHSA-35jh-r3h4-6jhm", "aliases": ["CVE-2021-23337"],
    "modified": "2024-01-01T00:00:00Z", "summary": "Commands can be injected through templates",
    "database_specific": {"severity": "HIGH"}, "affected": [{"package": {"ecosystem": "npm", "name": "lodash"},
    "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "4.17.21"}]}]}]}"#;

const TRACKER: &str = r#"{"openssl": {"CVE-2023-0464": {"releases": {"bookworm": {"status": "resolved",
    "repositories": {"bookworm": "3.0.9-1"}, "fixed_version": "3.0.9-1", "urgency": "medium"}}}}}"#;

const KEV: &str = r#"{"title": "Catalogue", "catalogVersion": "2024.01.01", "dateReleased": "2024-01-01T00:00:00Z",
    "count": 0, "vulnerabilities": []}"#;

const STATEMENTS: &str = r#"{"@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://example.org/vex/1",
    "author": "the makers", "timestamp": "2024-01-01T00:00:00Z", "version": 1, "statements": [
    {"vulnerability": {"name": "CVE-2021-23337"}, "products": [{"@id": "pkg:npm/lodash@4.17.15"}],
     "status": "not_affected", "justification": "vulnerable_code_not_in_execute_path"}]}"#;

/// A folder in which these lie:
///
/// | name | what |
/// |---|---|
/// | `image/`, `app.tar`, `project/` | an image of Debian 12 with npm packages as a layout and as an archive of Docker; a folder with a lock file |
/// | `app.cdx.json` | its bill of materials |
/// | `osv/`, `tracker.json`, `kev.json` | advisories |
/// | `vulnerability.db`, `vulnerability.tar.zst`, `latest.json` | a database of them, its archive, the listing of that; it is installed, too |
/// | `app.openvex.json` | a statement about lodash |
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new(repository: &Path) -> Self {
        let place = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        place.install_programs(repository);
        for (name, text) in [
            ("project/package-lock.json", LOCK),
            ("osv/GHSA-35jh-r3h4-6jhm.json", ADVISORY),
            ("tracker.json", TRACKER),
            ("kev.json", KEV),
            ("app.openvex.json", STATEMENTS),
        ] {
            place.write(name, text);
        }
        let image = sample();
        place.write_layout(&image);
        place.write_saved(&image);
        for arguments in [
            "sbom app.tar -o cyclonedx-json=app.cdx.json",
            "db build --strict --osv osv --debian tracker.json --kev kev.json -o vulnerability.db",
            "db export --db vulnerability.db vulnerability.tar.zst --listing latest.json",
            "db import vulnerability.tar.zst",
        ] {
            place.run(&format!("windlass {arguments}"), 0).expect("the samples are in order");
        }
        place
    }

    /// Writes a file of the folder in which examples run.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        write(&self.path("work").join(name), content.as_ref());
    }

    /// Runs a script that must end with `exit`, and returns what it prints on both outputs together.
    pub(crate) fn run(&self, script: &str, exit: i32) -> Result<String, String> {
        let output = self.shell("programs", "work", &["-euo", "pipefail", "-c", &format!("exec 2>&1\n{script}")]);
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        match output.status.code() {
            Some(code) if code == exit => Ok(printed),
            Some(code) => Err(format!("{script:?} exits with {code}, not {exit}:\n{printed}")),
            None => Err(format!("{script:?} was killed:\n{printed}")),
        }
    }

    /// Runs a script in which every program of ours reads its arguments and does nothing.
    pub(crate) fn parse(&self, script: &str) -> Result<(), String> {
        let output = self.shell("parsers", "elsewhere", &["-euo", "pipefail", "-c", script]);
        let said = String::from_utf8_lossy(&output.stderr);
        if output.status.success() { Ok(()) } else { Err(format!("{script:?} cannot be read: {said}")) }
    }

    /// Every long option, and the first word of every command, as the program's own help lists them.
    pub(crate) fn command_line(&self) -> (BTreeSet<String>, BTreeSet<String>) {
        let (mut options, mut commands) = (BTreeSet::new(), BTreeSet::new());
        let mut waiting = vec![String::new()];
        while let Some(command) = waiting.pop() {
            let help = self.run(&format!("windlass {command} --help"), 0).expect("help is given");
            options.extend(super::document::options(&help).map(str::to_owned));
            let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
            for line in listed.take_while(|line| !line.is_empty()) {
                let name = line.split_whitespace().next().expect("a line names a command");
                if line.starts_with("  ") && !line.starts_with("   ") && name != "help" {
                    waiting.push(format!("{command} {name}"));
                    if command.is_empty() {
                        commands.insert(name.to_owned());
                    }
                }
            }
        }
        (options, commands)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn shell(&self, programs: &str, folder: &str, arguments: &[&str]) -> Output {
        Command::new("bash")
            .args(arguments)
            .current_dir(self.path(folder))
            .env_clear()
            .env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", self.path(programs).display()))
            .env("WINDLASS_CACHE_DIR", self.path("cache"))
            .env("WINDLASS_OFFLINE", "true")
            .output()
            .expect("bash starts")
    }

    /// `windlass` as it is, and beside it one that reads its arguments only: asked for help behind them, the program
    /// complains of what is wrong before that, and does nothing. The repository's scripts are read by bash.
    fn install_programs(&self, repository: &Path) {
        let windlass = env!("CARGO_BIN_EXE_windlass");
        for folder in ["programs", "parsers", "work", "elsewhere"] {
            fs::create_dir(self.path(folder)).expect("a folder");
        }
        symlink(windlass, self.path("programs/windlass")).expect("a link");
        write_program(&self.path("parsers/windlass"), &format!("exec '{windlass}' \"$@\" --help >/dev/null"));
        for name in FOREIGN {
            write_program(&self.path("parsers").join(name), "cat >/dev/null </dev/null");
        }
        for folder in ["demo", "scripts", "fuzz", "benchmarks", ".ci"] {
            for entry in fs::read_dir(repository.join(folder)).expect("a folder") {
                let script = entry.expect("an entry").path();
                let mode = script.metadata().expect("metadata").permissions().mode();
                if script.is_file() && mode & 0o100 != 0 {
                    let name = script.strip_prefix(repository).expect("it lies there");
                    write_program(&self.path("elsewhere").join(name), &format!("exec bash -n '{}'", script.display()));
                }
            }
        }
    }

    fn write_layout(&self, image: &Image) {
        let blob = |bytes: &[u8]| self.write(&format!("image/blobs/sha256/{}", Digest::of(bytes).hex()), bytes);
        blob(&image.config);
        blob(&image.manifest);
        image.layers.iter().for_each(|layer| blob(&stored(layer)));
        let index = format!(
            r#"{{"schemaVersion": 2, "manifests": [{{"mediaType": "{}", "digest": "{}", "size": {}}}]}}"#,
            image.media_type,
            image.manifest_digest,
            image.manifest.len()
        );
        self.write("image/index.json", index);
        self.write("image/oci-layout", r#"{"imageLayoutVersion": "1.0.0"}"#);
    }

    fn write_saved(&self, image: &Image) {
        let listing = r#"[{"Config": "config.json", "RepoTags": ["example/app:1"], "Layers": ["0/layer.tar"]}]"#;
        let layer = stored(&image.layers[0]);
        let saved = Tar::new().file("0/layer.tar", layer).file("config.json", &image.config);
        self.write("app.tar", saved.file("manifest.json", listing).into_bytes());
    }
}

/// One layer, stored as it is, so that both forms of the image hold the same bytes.
fn sample() -> Image {
    let status = "Package: openssl\nStatus: install ok installed\nVersion: 3.0.8-1\nArchitecture: amd64\n\n";
    let package = |name: &str, version: &str| format!(r#"{{"name": "{name}", "version": "{version}"}}"#);
    let layer = Tar::new()
        .file("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian 12\"\n")
        .file("var/lib/dpkg/status", status)
        .file("app/node_modules/lodash/package.json", package("lodash", "4.17.15"))
        .file("app/node_modules/left-pad/package.json", package("left-pad", "1.3.0"));
    image(vec![layer.plain()])
}

fn stored(layer: &windlass_image::Layer) -> Vec<u8> {
    let mut bytes = Vec::new();
    layer.source.open().expect("it is in memory").read_to_end(&mut bytes).expect("it is in memory");
    bytes
}

fn write(path: &Path, content: &[u8]) {
    fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("a folder");
    fs::write(path, content).expect("a file");
}

fn write_program(path: &Path, script: &str) {
    write(path, format!("#!/bin/sh\n{script}\n").as_bytes());
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("permissions");
}
