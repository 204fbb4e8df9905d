//! How notices are delivered: the section `notifications`.

use std::{path::PathBuf, time::Duration};

use anyhow::Context as _;
use serde::Deserialize;
use windlass_operations::notifications::{NotificationSettings, SenderOptions};

use super::configuration::{LONGEST, at_least, at_most};

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct NotificationOptions {
    /// Networks that are not public, in which users may name receivers: 10.1.0.0/16.
    allowed_networks: Vec<String>,
    /// Through which HTTP goes to receivers: http://proxy.example:3128.
    proxy: Option<String>,
    /// A file of PEM certificates that receivers may have their own from, beside the system's.
    certificate_authority: Option<PathBuf>,
    /// Deliveries at once.
    at_once: Option<usize>,
    /// How long a delivery is tried.
    give_up_hours: Option<u64>,
    /// After how long without a success an endpoint is disabled.
    disable_after_hours: Option<u64>,
    /// After how many deliveries given up in a row an endpoint is disabled.
    disable_after_dead: Option<u32>,
    /// 0: for ever.
    retention_days: Option<u32>,
}

impl NotificationOptions {
    /// # Errors
    /// The first number that cannot be used.
    pub(super) fn demand_sound(&self) -> anyhow::Result<()> {
        at_most(LONGEST / 3600, "notifications.give_up_hours", self.give_up_hours)?;
        at_most(LONGEST / 3600, "notifications.disable_after_hours", self.disable_after_hours)?;
        at_least(1, "notifications.at_once", self.at_once.map(|count| count as u64))?;
        at_least(1, "notifications.disable_after_dead", self.disable_after_dead)
    }

    pub(super) fn settings(&self) -> anyhow::Result<NotificationSettings> {
        let usual = NotificationSettings::default();
        let hours =
            |hours: Option<u64>, usual| hours.map_or(usual, |hours| Duration::from_secs(hours.saturating_mul(3600)));
        let mut allowed_private = Vec::new();
        for text in &self.allowed_networks {
            let network = text.parse().map_err(|error| {
                anyhow::anyhow!("notifications.allowed_networks: {text:?} is no network ({error}): write 10.1.0.0/16")
            })?;
            allowed_private.push(network);
        }
        let proxy = match self.proxy.as_deref().filter(|proxy| !proxy.is_empty()) {
            // The text may hold a password.
            Some(proxy) => Some(proxy.parse().map_err(|error| {
                anyhow::anyhow!("notifications.proxy is no URL ({error}): write http://proxy.example:3128")
            })?),
            None => None,
        };
        let certificate_authority =
            match &self.certificate_authority {
                Some(path) => Some(std::fs::read_to_string(path).with_context(|| {
                    format!("notifications.certificate_authority: {} cannot be read", path.display())
                })?),
                None => None,
            };
        let sender = SenderOptions { allowed_private, certificate_authority, proxy };
        sender.check()?;
        Ok(NotificationSettings {
            at_once: self.at_once.unwrap_or(usual.at_once),
            give_up_after: hours(self.give_up_hours, usual.give_up_after),
            disable_after: hours(self.disable_after_hours, usual.disable_after),
            disable_after_dead: self.disable_after_dead.unwrap_or(usual.disable_after_dead),
            retention_days: self.retention_days.unwrap_or(usual.retention_days),
            sender,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_as_usual_and_a_network_that_is_none_is_named() {
        let read = |text: &str| serde_json::from_str::<NotificationOptions>(text).expect("a section").settings();
        let some = read(r#"{"allowed_networks": ["10.1.0.0/16", "fd00::/8"], "give_up_hours": 1}"#).expect("settings");
        assert_eq!((some.sender.allowed_private.len(), some.give_up_after), (2, Duration::from_hours(1)));
        assert_eq!(some.retention_days, NotificationSettings::default().retention_days);
        let error = read(r#"{"allowed_networks": ["10.1.0.0/64"]}"#).expect_err("no network").to_string();
        assert!(error.contains("10.1.0.0/64") && error.contains("allowed_networks"), "{error}");
    }

    #[test]
    fn a_proxy_and_certificates_are_read_and_what_is_none_is_refused_at_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).expect("there is room");
            path.display().to_string()
        };
        let certified = rcgen::generate_simple_self_signed(["ca.example".to_owned()]).expect("a certificate");
        let (good, bad) = (write("ca.pem", &certified.cert.pem()), write("none.pem", "certificate"));
        let read = |section: serde_json::Value| {
            serde_json::from_value::<NotificationOptions>(section).expect("a section").settings()
        };
        let some =
            read(serde_json::json!({"proxy": "http://u:hunter2@proxy.example:3128", "certificate_authority": good}));
        let sender = some.expect("settings").sender;
        assert!(sender.certificate_authority.is_some_and(|pem| pem.contains("BEGIN CERTIFICATE")));
        assert_eq!(sender.proxy.as_ref().and_then(|proxy| proxy.host_str()), Some("proxy.example"));
        for (section, about) in [
            (serde_json::json!({"proxy": "//hunter2"}), "notifications.proxy"),
            (serde_json::json!({"proxy": "socks5://u:hunter2@proxy.example"}), "speaks HTTP"),
            (serde_json::json!({"certificate_authority": bad}), "certificate authority"),
            (serde_json::json!({"certificate_authority": folder.path().join("missing")}), "cannot be read"),
        ] {
            let error = format!("{:#}", read(section).expect_err("it cannot be used"));
            assert!(error.contains(about) && !error.contains("hunter2"), "{error}");
        }
    }
}
