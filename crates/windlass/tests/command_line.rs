//! The program as a user runs it: what it prints, where, and with which exit code.

use std::{
    ffi::OsStr,
    fs,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

/// A folder with a project in it and a database about its packages.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        let project = place.path("project");
        fs::create_dir(&project).expect("a folder");
        let lock = r#"{"lockfileVersion": 3, "packages": {
            "": {"name": "shop"}, "node_modules/lodash": {"version": "4.17.15"}, "node_modules/left-pad": {"version": "1.3.0"}}}"#;
        fs::write(project.join("package-lock.json"), lock).expect("a file");
        fs::write(project.join("os-release"), "ID=debian\nVERSION_ID=\"12\"\n").expect("a file");
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn with_database(self) -> Self {
        let advisories = self.path("advisories");
        fs::create_dir(&advisories).expect("a folder");
        let advisory = r#"{"id": "GHSA-35jh-r3h4-6jhm", "aliases": ["CVE-2021-23337"], "modified": "2024-01-01T00:00:00Z",
            "summary": "Commands can be injected through templates", "database_specific": {"severity": "HIGH"},
            "affected": [{"package": {"ecosystem": "npm", "name": "lodash"},
              "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "4.17.21"}]}]}]}"#;
        fs::write(advisories.join("GHSA-35jh-r3h4-6jhm.json"), advisory).expect("a file");
        fs::write(advisories.join("broken.json"), "{\"id\": 7}").expect("a file");
        let built =
            self.run(&["db", "build", "--osv", "advisories", "-o", "vulnerability.db", "--built", "1700000000"]);
        assert_eq!(built.status.code(), Some(0), "{}", text(&built.stderr));
        assert!(text(&built.stderr).contains("1 unreadable"), "a bad record is counted: {}", text(&built.stderr));
        assert!(text(&built.stderr).contains("broken.json"), "and named: {}", text(&built.stderr));
        self
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.run_with(arguments, &[])
    }

    fn run_with(&self, arguments: &[&str], variables: &[(&str, &OsStr)]) -> Output {
        self.command(arguments).envs(variables.iter().copied()).output().expect("the program starts")
    }

    fn run_into(&self, standard_output: impl Into<Stdio>, arguments: &[&str]) -> Output {
        let program = self.command(arguments).stdout(standard_output).stderr(Stdio::piped()).spawn();
        program.and_then(Child::wait_with_output).expect("the program runs")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_windlass"));
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command.env("WINDLASS_CACHE_DIR", self.path("cache"));
        command
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_scan_reports_on_standard_output_and_fails_the_gate_with_one() {
    let place = Place::new().with_database();
    let passed = place.run(&["scan", "dir:project", "--db", "vulnerability.db"]);
    assert_eq!(passed.status.code(), Some(0), "{}", text(&passed.stderr));
    let table = text(&passed.stdout);
    assert!(table.contains("lodash") && table.contains("4.17.21") && table.contains("GHSA-35jh-r3h4-6jhm"), "{table}");
    assert!(!table.contains("left-pad  "), "what has no advisory is not listed: {table}");
    let unhurried =
        place.run(&["scan", "dir:project", "--db", "vulnerability.db", "--timeout", "18446744073709551615"]);
    assert_eq!(text(&unhurried.stdout), table, "there is no end to the longest time: {}", text(&unhurried.stderr));
    let failed = place.run(&["scan", "dir:project", "--db", "vulnerability.db", "--fail-on", "high"]);
    assert_eq!(failed.status.code(), Some(1));
    assert!(text(&failed.stdout).contains("FAIL: 1 finding of severity High or worse"), "{}", text(&failed.stdout));
    let passed = place.run(&["scan", "dir:project", "--db", "vulnerability.db", "--fail-on", "critical"]);
    assert_eq!(passed.status.code(), Some(0));
}

#[test]
fn several_documents_are_written_in_one_scan_and_are_the_same_every_time() {
    let place = Place::new().with_database();
    let scan = |suffix: &str, threads: &str| {
        let targets = ["json", "sarif", "grype-json", "junit", "markdown", "cyclonedx-json", "spdx-json", "syft-json"];
        let outputs: Vec<String> = targets.iter().map(|format| format!("{format}={format}.{suffix}")).collect();
        let mut arguments = vec!["scan", "dir:project", "--db", "vulnerability.db", "--threads", threads];
        for output in &outputs {
            arguments.extend(["-o", output]);
        }
        let done = place.run(&arguments);
        assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
        assert!(done.stdout.is_empty(), "everything went to files");
        targets.map(|format| fs::read(place.path(&format!("{format}.{suffix}"))).expect("a document"))
    };
    assert!(scan("a", "1") == scan("b", "8"));
    let document: serde_json::Value =
        serde_json::from_slice(&fs::read(place.path("json.a")).expect("a file")).expect("JSON");
    assert_eq!(document["findings"][0]["package"]["name"], "lodash");
    assert_eq!(document["findings"][0]["fix"]["suggested"], "4.17.21");
    assert_eq!(document["coverage"]["complete"], true);
}

#[test]
fn a_bill_of_materials_can_be_scanned_instead_of_what_it_was_made_from() {
    let place = Place::new().with_database();
    for format in ["json", "compact", "syft-json", "cyclonedx-json", "spdx-json"] {
        let file = format!("{format}.bill");
        let listed = place.run(&["sbom", "dir:project", "-o", &format!("{format}={file}")]);
        assert_eq!(listed.status.code(), Some(0), "{}", text(&listed.stderr));
        let scanned = place.run(&["scan", &format!("sbom:{file}"), "--db", "vulnerability.db", "-o", "markdown"]);
        assert!(text(&scanned.stdout).contains("GHSA-35jh-r3h4-6jhm"), "{format}: {}", text(&scanned.stdout));
    }
}

#[test]
fn an_explanation_says_why_something_was_found_and_why_not() {
    let place = Place::new().with_database();
    let explain =
        |id: &str| text(&place.run(&["scan", "dir:project", "--db", "vulnerability.db", "--explain", id]).stdout);
    let found = explain("CVE-2021-23337");
    assert!(found.contains("< 4.17.21") && found.contains("the version is in the affected range"), "{found}");
    assert!(explain("CVE-1999-0001").contains("The database has no record of it."));
}

#[test]
fn what_cannot_be_done_ends_with_two_and_says_what_to_do() {
    let place = Place::new().with_database();
    for (arguments, reason, hint) in [
        (&["sbom", "dir:nowhere"][..], "nowhere", ""),
        (&["sbom", "projekt/"], "projekt", ""),
        (&["scan", "dir:project", "--db", "missing.db"], "missing.db", ""),
        (&["scan", "dir:project", "--db", "project/os-release"], "os-release", ""),
        (&["scan", "dir:project", "--offline"], "vulnerability", "hint:"),
        (&["scan", "dir:project", "--fail-on", "dreadful"], "dreadful", ""),
        (&["sbom", "dir:project", "--timeout", "0"], "it took longer than --timeout 0", "hint:"),
        (&["scan", "dir:project", "--db-max-age", "9223372036854775807"], "--db-max-age", ""),
        (&["db", "status", "--max-age", "9223372036854775807"], "--max-age", ""),
        (&["sbom", "dir:project", "-o", "tabel"], "did you mean \"table\"", ""),
        (&["sbom", "dir:project", "-o", "table", "-o", "json"], "standard output", "hint:"),
        (&["sbom", "dir:project", "-o", "table=a", "-o", "json=./a"], "cannot both go to ./a", "hint:"),
        (&["sbom", "dir:project", "-o", "json=none/x.json"], "there is no folder none", "hint: make it first"),
        (
            &["serve", "--check-config", "--admin-password-file", "nowhere"],
            "the password file nowhere cannot be read",
            "",
        ),
        (&["db", "build"], "no advisory files were named", "hint:"),
        (&["db", "build", "--osv", "nowhere"], "nowhere", ""),
        (&["db", "import", "project/package-lock.json"], "package-lock.json", ""),
        (&["db", "export", "archive.rar"], "archive.rar", "hint:"),
        (&["sbom", "dir:project", "--platform", "linux/arm64"], "not a container image", "hint:"),
    ] {
        let done = place.run(arguments);
        let said = text(&done.stderr);
        assert_eq!(done.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(done.stdout.is_empty(), "{arguments:?} printed {}", text(&done.stdout));
        assert!(said.contains(reason) && said.contains(hint), "{arguments:?}: {said}");
        assert!(!said.contains("panicked"), "{arguments:?}: {said}");
    }
}

#[test]
fn a_variable_that_is_empty_says_nothing_and_a_switch_may_be_one() {
    let place = Place::new().with_database();
    let scan = ["scan", "dir:project", "--db", "vulnerability.db"];
    for (name, value) in
        [("WINDLASS_OFFLINE", "1"), ("WINDLASS_OFFLINE", "no"), ("WINDLASS_OFFLINE", ""), ("WINDLASS_CLAMD", "")]
    {
        let done = place.run_with(&scan, &[(name, OsStr::new(value))]);
        assert_eq!(done.status.code(), Some(0), "{name}={value}: {}", text(&done.stderr));
    }
    let offline = place.run_with(&scan[..2], &[("WINDLASS_OFFLINE", OsStr::new("1")), ("WINDLASS_DB", OsStr::new(""))]);
    assert!(text(&offline.stderr).contains("there is no vulnerability database"), "{}", text(&offline.stderr));
    let data = place.path("data");
    let empty =
        ["WINDLASS_DATABASE", "WINDLASS_CONFIG", "WINDLASS_ANALYSIS__THREADS"].map(|name| (name, OsStr::new("")));
    let variables = [&empty[..], &[("HOME", data.as_os_str())]].concat();
    let checked = place.run_with(&["serve", "--check-config"], &variables);
    assert_eq!(checked.status.code(), Some(0), "{}", text(&checked.stderr));
}

#[test]
fn a_variable_that_is_no_text_is_named_where_it_would_be_read_and_matters_nowhere_else() {
    let place = Place::new();
    let bad = OsStr::from_bytes(b"caf\xe9");
    for command in [&["serve", "--check-config", "--data-dir", "data"][..], &["objects", "moves"], &["image", "list"]] {
        for (name, names_it) in [("SOMETHING", false), ("WINDLASS_URL", true)] {
            let done = place.run_with(command, &[(name, bad), ("HOME", place.path("home").as_os_str())]);
            let said = text(&done.stderr);
            assert!(!said.contains("panicked"), "{command:?}: {said}");
            assert_eq!(said.contains(&format!("{name} is no text")), names_it, "{command:?}: {said}");
            assert!(!names_it || done.status.code() == Some(2), "{command:?}: {said}");
        }
    }
}

#[test]
fn one_variable_says_where_the_database_is_installed_and_one_where_it_is_from() {
    let place = Place::new().with_database();
    fs::create_dir(place.path("mirror")).expect("a folder");
    let exported = place.run(&[
        "db",
        "export",
        "--db",
        "vulnerability.db",
        "mirror/db.tar.zst",
        "--listing",
        "mirror/latest.json",
    ]);
    assert_eq!(exported.status.code(), Some(0), "{}", text(&exported.stderr));
    let [folder, source] = ["elsewhere", "mirror/latest.json"].map(OsStr::new);
    let variables = [("WINDLASS_DB_CACHE_DIR", folder), ("WINDLASS_DB_SOURCE", source)];
    let scanned = place.run_with(&["scan", "dir:project"], &variables);
    assert_eq!(scanned.status.code(), Some(0), "{}", text(&scanned.stderr));
    assert!(text(&scanned.stdout).contains("lodash"), "it was fetched from there");
    let status = place.run_with(&["db", "status"], &variables);
    assert!(text(&status.stdout).contains("elsewhere"), "and put there: {}", text(&status.stdout));
    assert!(!place.path("cache/db").exists(), "and nowhere else");
}

#[test]
fn a_file_whose_name_is_not_utf_8_is_refused_with_what_helps() {
    let place = Place::new();
    let refused = place.command(&["sbom"]).arg(OsStr::from_bytes(b"\xff.tar")).output().expect("the program starts");
    let said = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("\u{fffd}.tar' for '<IMAGE>': the name is not UTF-8; rename it"), "{said}");
}

#[test]
fn a_database_travels_as_an_archive_to_where_there_is_no_network() {
    let place = Place::new().with_database();
    let ok = |arguments: &[&str]| {
        let done = place.run(arguments);
        assert_eq!(done.status.code(), Some(0), "{arguments:?}: {}", text(&done.stderr));
        text(&done.stdout)
    };
    fs::create_dir(place.path("mirror")).expect("a folder");
    ok(&["db", "export", "--db", "vulnerability.db", "mirror/db.tar.zst", "--listing", "mirror/latest.json"]);
    assert!(ok(&["db", "list", "--from", "mirror/latest.json"]).contains("db.tar.zst"));
    assert!(ok(&["db", "update", "--from", "mirror/latest.json"]).contains("installed: built 2023-11-14"));
    assert!(ok(&["db", "update", "--from", "mirror/latest.json", "--force"]).contains("up to date"));
    let status = ok(&["db", "status"]);
    assert!(status.contains("integrity  valid") && status.contains("github"), "{status}");
    assert!(ok(&["scan", "dir:project", "--offline", "-q"]).contains("lodash"), "the installed database answers");
    assert_eq!(ok(&["db", "diff", "vulnerability.db", "vulnerability.db"]), "");
    ok(&["db", "export", "db.tar.zst", "--listing", "to-be-made/latest.json"]);
    let refused = place.run(&["db", "export", "refused.tar.zst", "--listing", "project/os-release/latest.json"]);
    assert_eq!(refused.status.code(), Some(2), "a listing cannot lie in a file");
    assert!(text(&refused.stderr).contains("project/os-release"), "{}", text(&refused.stderr));
    assert!(!place.path("refused.tar.zst").exists(), "there is no archive that no listing announces");
    let old = place.run(&["db", "status", "--max-age", "24"]);
    assert_eq!(old.status.code(), Some(2), "a database of 2023 is older than a day");
}

#[test]
fn the_same_advisories_give_the_same_database() {
    let place = Place::new().with_database();
    place.run(&["db", "build", "--osv", "advisories", "-o", "again.db", "--built", "1700000000"]);
    let read = |name: &str| fs::read(place.path(name)).expect("a database");
    assert!(read("vulnerability.db") == read("again.db"));
}

#[test]
fn completions_help_and_version_are_answers() {
    let place = Place::new();
    for arguments in [&["completions", "bash"][..], &["--help"], &["--version"], &["scan", "--help"], &["help", "db"]] {
        let done = place.run(arguments);
        assert_eq!(done.status.code(), Some(0), "{arguments:?}");
        assert!(!done.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn an_answer_that_nobody_reads_on_is_no_failure_and_one_that_has_no_room_is_told() {
    let place = Place::new().with_database();
    for arguments in [
        &["completions", "bash"][..],
        &["db", "export", "--db", "vulnerability.db", "db.tar.zst", "--listing", "latest.json"],
        &["db", "list", "--from", "latest.json"],
        &["db", "import", "db.tar.zst"],
        &["db", "update", "--from", "latest.json", "--force"],
    ] {
        let (reader, closed) = std::io::pipe().expect("a pipe");
        drop(reader);
        let unread = place.run_into(closed, arguments);
        assert_eq!(unread.status.code(), Some(0), "{arguments:?}: {}", text(&unread.stderr));
        let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("a device without room");
        let refused = place.run_into(full, arguments);
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}: {}", text(&refused.stderr));
        assert!(text(&refused.stderr).contains("standard output cannot be written to"), "{}", text(&refused.stderr));
    }
}

#[test]
fn the_demonstration_advisories_build_without_a_single_unreadable_record() {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo/advisories");
    let place = Place::new();
    let file = |name: &str| demo.join(name).display().to_string();
    let built = place.run(&[
        "db",
        "build",
        "--strict",
        "--osv",
        &file("osv"),
        "--debian",
        &file("debian.json"),
        "--kev",
        &file("kev.json"),
        "--epss",
        &file("epss.csv"),
        "-o",
        "demo.db",
    ]);
    assert_eq!(built.status.code(), Some(0), "{}", text(&built.stderr));
    let scanned = place.run(&["scan", "dir:project", "--db", "demo.db"]);
    assert!(text(&scanned.stdout).contains("lodash"), "{}", text(&scanned.stdout));
}
