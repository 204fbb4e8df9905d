use std::time::Duration;

/// How notices are delivered.
#[derive(Clone, Debug)]
pub struct NotificationSettings {
    /// Deliveries that this process sends at once.
    pub at_once: usize,
    /// How long a delivery is tried.
    pub give_up_after: Duration,
    /// How long an endpoint may fail without a success, and how many deliveries to it may be given up, until it is disabled.
    pub disable_after: Duration,
    pub disable_after_dead: u32,
    /// Days that deliveries are kept after their end; 0: for ever.
    pub retention_days: u32,
    pub sender: windlass_channels::SenderOptions,
}

impl Default for NotificationSettings {
    fn default() -> Self {
        Self {
            at_once: 16,
            give_up_after: Duration::from_hours(3 * 24),
            disable_after: Duration::from_hours(5 * 24),
            disable_after_dead: 100,
            retention_days: 30,
            sender: windlass_channels::SenderOptions::default(),
        }
    }
}

impl NotificationSettings {
    pub(crate) fn give_up_seconds(&self) -> i64 {
        i64::try_from(self.give_up_after.as_secs()).unwrap_or(i64::MAX)
    }
}
