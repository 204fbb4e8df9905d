//! Secrets of today, by what their issuers say of their form.
//!
//! Patterns may match anywhere in a line, and all are of the linear engine. Where a form is so plain that words have it
//! too, the first group must also look random.

use crate::analysers::patterns::{Pattern, Patterns};

struct Rule {
    name: &'static str,
    regex: &'static str,
    /// Bits per byte that the first group must have, letters and digits both among them.
    bits: Option<f64>,
}

const fn rule(name: &'static str, regex: &'static str) -> Rule {
    Rule { name, regex, bits: None }
}

const fn random(name: &'static str, regex: &'static str, bits: f64) -> Rule {
    Rule { name, regex, bits: Some(bits) }
}

const RULES: [Rule; 25] = [
    // Clouds
    rule("AWS_ACCESS_KEY_ID", r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b"),
    random(
        "AWS_SECRET_ACCESS_KEY",
        r#"(?i)aws.{0,20}(?:secret|sk).{0,20}?["'=:\s]([A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|$)"#,
        4.0,
    ),
    random("GCP_API_KEY", r"\b(AIza[0-9A-Za-z_-]{35})(?:[^0-9A-Za-z_-]|$)", 3.0),
    rule("GCP_SERVICE_ACCOUNT", r#""private_key_id"\s*:\s*"[0-9a-f]{40}""#),
    rule("AZURE_STORAGE_KEY", r"(?i)AccountKey\s*=\s*[A-Za-z0-9+/]{86}=="),
    rule(
        "AZURE_CLIENT_SECRET",
        r"(?:^|[^A-Za-z0-9_~.-])[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}(?:[^A-Za-z0-9_~.-]|$)",
    ),
    // Source forges and registries of packages
    random("GITHUB_TOKEN", r"\b(gh[pousr]_[A-Za-z0-9]{36,255})\b", 3.0),
    random("GITHUB_FINE_GRAINED_TOKEN", r"\b(github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59})\b", 3.0),
    random("GITLAB_TOKEN", r"\b(gl(?:pat|dt|rt|ptt|cbt|soat|ft|imt|agent|oas)-[A-Za-z0-9_-]{20,64})", 3.0),
    random("NPM_TOKEN", r"\b(npm_[A-Za-z0-9]{36})\b", 3.0),
    rule("NPM_CONFIG_AUTH", r#"(?:^|:)_(?:authToken|auth|password)\s*=\s*"?[^\s"$]{8,}"#),
    rule("PYPI_TOKEN", r"\bpypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,}"),
    rule("DOCKER_AUTH_CONFIG", r#""auth"\s*:\s*"[A-Za-z0-9+/]{8,}={0,2}""#),
    random("DOCKER_HUB_TOKEN", r"\b(dckr_pat_[A-Za-z0-9_-]{27,})", 3.0),
    // Services
    rule("SLACK_TOKEN", r"\bxox[abeprs]-[0-9]{6,}[A-Za-z0-9-]{10,250}"),
    rule("SLACK_WEBHOOK", r"https://hooks\.slack\.com/services/T[A-Z0-9]{8,}/B[A-Z0-9]{8,}/[A-Za-z0-9]{20,}"),
    rule("STRIPE_KEY", r"\b[sr]k_live_[A-Za-z0-9]{16,247}\b"),
    rule("JWT", r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    // Private keys: the mark ends its line, or what follows is the key in a quoted text.
    rule("PRIVATE_KEY", r"-----BEGIN (?:(?:RSA|DSA|EC|OPENSSH|ENCRYPTED|ANY) )?PRIVATE KEY-----(?:\s*$|\\[nr])"),
    rule("PGP_PRIVATE_KEY", r"-----BEGIN PGP PRIVATE KEY BLOCK-----(?:\s*$|\\[nr])"),
    rule("SSH2_PRIVATE_KEY", r"---- BEGIN SSH2 (?:ENCRYPTED )?PRIVATE KEY ----\s*$"),
    rule("PUTTY_PRIVATE_KEY", r"\APuTTY-User-Key-File-[1-3]: "),
    rule("AGE_SECRET_KEY", r"\bAGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}\b"),
    rule("JWK_PRIVATE_KEY", r#""kty"\s*:\s*"(?:RSA|EC|OKP)".*"d"\s*:\s*"[A-Za-z0-9_-]{20,}""#),
    // Anything that is called a secret and looks random
    random(
        "SECRET_ASSIGNMENT",
        r#"(?i)(?:secret|token|passw(?:or)?d|pwd|api[_-]?key|access[_-]?key|credential)[A-Za-z0-9_.-]{0,30}["']?\s*(?:=>|:=|=|:)\s*["']?([A-Za-z0-9+/_=~-]{16,128})(?:["'\s;,]|$)"#,
        3.5,
    ),
];

pub(super) fn patterns() -> Patterns {
    Patterns::new(RULES.iter().map(|rule| Pattern::rule(rule.name, rule.regex, rule.bits)).collect())
}

#[cfg(test)]
mod tests;
