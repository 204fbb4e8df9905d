//! The service over HTTPS, with a certificate of one's own.

use std::{fs, process::Command};

use crate::process::{PASSWORD, Process};

/// A folder with a certificate for 127.0.0.1 that nobody else has signed, and its key.
pub(crate) fn certified() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    fs::write(folder.path().join("tls.crt"), made.cert.pem()).expect("a file");
    fs::write(folder.path().join("tls.key"), made.signing_key.serialize_pem()).expect("a file");
    folder
}

/// Has a process use it.
pub(crate) const CERTIFIED: [(&str, &str); 2] =
    [("WINDLASS_TLS__CERTIFICATE", "tls.crt"), ("WINDLASS_TLS__KEY", "tls.key")];

#[test]
fn whoever_trusts_the_certificate_reaches_the_service_and_others_are_told_how() {
    let process = Process::within(certified(), "api", &CERTIFIED);
    assert!(process.url.starts_with("https://127.0.0.1:"), "{}", process.url);
    let ask = |url: &str, arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_windlass"));
        command.args(["system", "status"]).args(arguments).env_clear();
        command.env("HOME", process.path("home")).env("WINDLASS_URL", format!("{url}/v1"));
        let output = command.env("WINDLASS_USER", "admin").env("WINDLASS_PASSWORD", PASSWORD).output();
        let output = output.expect("the program starts");
        (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    };
    let certificate = process.path("tls.crt").display().to_string();
    let (exit, said) = ask(&process.url, &["--service-ca", &certificate]);
    assert_eq!(exit, Some(0), "{said}");
    let (exit, said) = ask(&process.url, &[]);
    assert!(exit == Some(2) && said.contains("--service-ca"), "{said}");
    let (exit, said) = ask(&process.url, &["--insecure"]);
    assert_eq!(exit, Some(0), "{said}");
    // A certificate that somebody else was given for the same place.
    let stranger = certified();
    let stranger = stranger.path().join("tls.crt").display().to_string();
    let (exit, said) = ask(&process.url, &["--service-ca", &stranger]);
    assert!(exit == Some(2) && said.contains("--service-ca"), "{said}");
    let (exit, said) = ask(&process.url.replace("https:", "http:"), &[]);
    assert!(exit == Some(2) && !said.contains("panicked"), "{said}");
}

#[test]
fn a_certificate_that_does_not_fit_its_key_is_told_at_the_start() {
    let (folder, other) = (certified(), certified());
    fs::copy(other.path().join("tls.key"), folder.path().join("tls.key")).expect("a file");
    for words in [&["--check-config"][..], &["--role", "api", "--listen", "127.0.0.1:0"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_windlass"));
        command.args(["serve", "--data-dir", "data"]).args(words);
        let output = command.current_dir(folder.path()).env_clear().env("HOME", folder.path()).envs(CERTIFIED).output();
        let output = output.expect("the program starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("the TLS certificate tls.crt or its key tls.key cannot be used"), "{said}");
        assert!(output.stdout.is_empty(), "it promises nothing");
        assert!(!said.contains("The password of the user admin"), "and has made nothing: {said}");
    }
}
