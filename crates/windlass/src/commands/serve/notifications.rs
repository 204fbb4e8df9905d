//! How notices are delivered: the section `notifications`.

use std::time::Duration;

use serde::Deserialize;
use windlass_operations::notifications::{NotificationSettings, SenderOptions};

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct NotificationOptions {
    /// Networks that are not public, in which users may name receivers: 10.1.0.0/16.
    allowed_networks: Vec<String>,
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
        Ok(NotificationSettings {
            at_once: self.at_once.unwrap_or(usual.at_once).max(1),
            give_up_after: hours(self.give_up_hours, usual.give_up_after),
            disable_after: hours(self.disable_after_hours, usual.disable_after),
            disable_after_dead: self.disable_after_dead.unwrap_or(usual.disable_after_dead).max(1),
            retention_days: self.retention_days.unwrap_or(usual.retention_days),
            sender: SenderOptions { allowed_private, ..usual.sender },
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
}
