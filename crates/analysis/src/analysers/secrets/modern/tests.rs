//! Every rule with a line it fires on and one, close to it, that it does not.
//!
//! The lines are put together from pieces, so that those who look for secrets in repositories find none in this one.

use std::collections::BTreeSet;

use super::*;

/// Names of the rules that match a line.
fn found(line: &str) -> Vec<String> {
    let patterns = patterns();
    let line = format!("{line}\n");
    let candidates = patterns.candidates(line.as_bytes()).into_iter().map(|index| patterns.get(index));
    let hits = candidates.filter(|pattern| pattern.matches(line.as_bytes()).expect("the linear engine"));
    hits.map(|pattern| pattern.name.clone()).collect()
}

/// So many characters that look random.
fn noise(length: usize) -> String {
    let alphabet = b"q7Zp2Lk9Vx4Rb8NwT3mYc6HdJ5sGfA1eXuKo0Bi";
    (0..length).map(|at| char::from(alphabet[(at * 7 + at / 39) % alphabet.len()])).collect()
}

fn hex(length: usize) -> String {
    (0..length).map(|at| char::from(b"0a1b2c3d4e5f6789"[(at * 5) % 16])).collect()
}

fn upper(length: usize) -> String {
    (0..length).map(|at| char::from(b"QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"[(at * 7) % 32])).collect()
}

/// A rule, a line it fires on, and one that it does not.
fn cases() -> Vec<(&'static str, String, String)> {
    let begin = "-----BEGIN ";
    vec![
        ("AWS_ACCESS_KEY_ID", "id: AKIA".to_owned() + "ABCDEFGHIJKLMN23", "id: AKIA".to_owned() + "ABCDEFGHIJKLMN23X"),
        (
            "AWS_SECRET_ACCESS_KEY",
            format!("aws_secret_access_key = {}", noise(40)),
            format!("aws_secret_access_key = {}", "A".repeat(40)),
        ),
        ("GCP_API_KEY", format!("key=AIza{}", noise(35)), format!("key=AIza{}", noise(36))),
        (
            "GCP_SERVICE_ACCOUNT",
            format!(r#""private_key_id": "{}","#, hex(40)),
            r#""private_key_id": "YOUR_KEY_ID","#.into(),
        ),
        (
            "AZURE_STORAGE_KEY",
            format!("AccountName=a;AccountKey={}==;", noise(86)),
            format!("AccountKey={}==;", noise(40)),
        ),
        ("AZURE_CLIENT_SECRET", format!("secret: abc8Q~{}", noise(33)), format!("secret: abcdQ~{}", noise(33))),
        ("GITHUB_TOKEN", format!("ghp_{}", noise(36)), format!("ghp_{}", "x".repeat(36))),
        (
            "GITHUB_FINE_GRAINED_TOKEN",
            format!("github_pat_{}_{}", noise(22), noise(59)),
            format!("github_pat_{}", noise(22)),
        ),
        ("GITLAB_TOKEN", format!("glpat-{}", noise(20)), format!("glpat-{}", noise(12))),
        ("NPM_TOKEN", format!("npm_{}", noise(36)), "npm_config_registry_and_other_settings_here".into()),
        (
            "NPM_CONFIG_AUTH",
            format!("//registry.npmjs.org/:_authToken={}", noise(20)),
            "//registry.npmjs.org/:_authToken=${NPM_TOKEN}".into(),
        ),
        ("PYPI_TOKEN", format!("pypi-AgEIcHlwaS5vcmc{}", noise(60)), format!("pypi-AgEIcHlwaS5vcmc{}", noise(9))),
        ("DOCKER_AUTH_CONFIG", r#"{"auth":"dXNlcjpwYXNz"}"#.into(), r#"{"auth":""}"#.into()),
        ("DOCKER_HUB_TOKEN", format!("dckr_pat_{}", noise(27)), format!("dckr_pat_{}", "a".repeat(27))),
        ("SLACK_TOKEN", format!("xoxb-1234567890{}", noise(24)), "xoxb-your-token-goes-here-please".into()),
        (
            "SLACK_WEBHOOK",
            format!("https://hooks.slack.com/services/T0{}/B0{}/{}", upper(8), upper(8), noise(24)),
            "https://hooks.slack.com/services/TEAM/HOOK/SECRET".into(),
        ),
        ("STRIPE_KEY", format!("sk_live_{}", noise(24)), format!("sk_test_{}", noise(24))),
        (
            "JWT",
            format!("Bearer eyJ{}.eyJ{}.{}", noise(20), noise(30), noise(40)),
            format!("Bearer eyJ{}.{}", noise(20), noise(40)),
        ),
        ("PRIVATE_KEY", begin.to_owned() + "PRIVATE KEY-----", begin.to_owned() + "PRIVATE KEY-----' marks a key"),
        ("PRIVATE_KEY", begin.to_owned() + "EC PRIVATE KEY-----\\nMHc", begin.to_owned() + "PUBLIC KEY-----"),
        (
            "PGP_PRIVATE_KEY",
            begin.to_owned() + "PGP PRIVATE KEY BLOCK-----",
            begin.to_owned() + "PGP PUBLIC KEY BLOCK-----",
        ),
        (
            "SSH2_PRIVATE_KEY",
            "---- BEGIN SSH2 ".to_owned() + "ENCRYPTED PRIVATE KEY ----",
            "---- BEGIN SSH2 PUBLIC KEY ----".into(),
        ),
        (
            "PUTTY_PRIVATE_KEY",
            "PuTTY-User-Key-File-".to_owned() + "3: ssh-ed25519",
            "# PuTTY-User-Key-File-".to_owned() + "3: ssh-ed25519",
        ),
        ("AGE_SECRET_KEY", format!("AGE-SECRET-KEY-1{}", upper(58)), format!("AGE-SECRET-KEY-1{}", upper(57))),
        (
            "JWK_PRIVATE_KEY",
            format!(r#"{{"kty":"EC","crv":"P-256","d":"{}"}}"#, noise(43)),
            format!(r#"{{"kty":"EC","crv":"P-256","x":"{}"}}"#, noise(43)),
        ),
        (
            "SECRET_ASSIGNMENT",
            format!("db.password: \"{}\"", noise(24)),
            "access_token = get_token_from_the_request".into(),
        ),
        ("SECRET_ASSIGNMENT", format!("SECRET_KEY={}", hex(32)), "SECRET_KEY=00000000000000000000000000000001".into()),
    ]
}

#[test]
fn every_rule_fires_on_its_secret_and_not_on_what_is_close_to_it() {
    for (rule, secret, harmless) in cases() {
        assert!(found(&secret).contains(&rule.to_owned()), "{rule} does not fire on {secret}");
        assert!(!found(&harmless).contains(&rule.to_owned()), "{rule} fires on {harmless}");
    }
}

#[test]
fn every_rule_has_a_case_and_a_name_of_its_own() {
    let names: BTreeSet<_> = RULES.iter().map(|rule| rule.name).collect();
    assert_eq!(names.len(), RULES.len());
    assert_eq!(names, cases().iter().map(|(name, ..)| *name).collect());
}

#[test]
fn words_settings_and_code_are_no_secrets() {
    for line in [
        "PasswordAuthentication no",
        "def check_password(self, password, encoded_password_hash):",
        "token = tokenizer.next_token()",
        "secret: kubernetes-dashboard-certs",
        "PASSWORD_RESET_TIMEOUT = 60 * 60 * 24 * 3",
        "password sufficient pam_unix.so sha512 shadow nullok try_first_pass use_authtok",
        "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    ] {
        assert_eq!(found(line), [""; 0], "{line}");
    }
}
