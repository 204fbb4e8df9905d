use jiff::Timestamp;
use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};

/// A point in time as it is kept: whole microseconds since 1970, UTC.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, DeriveValueType, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Moment(pub i64);

impl Moment {
    pub fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds, rounded down.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// What can be of a moment that a stranger says is past: it lies between 1970 and `now`.
    #[must_use]
    pub fn past(self, now: Self) -> Self {
        self.clamp(Self(0), now)
    }

    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }
}

impl From<Timestamp> for Moment {
    fn from(timestamp: Timestamp) -> Self {
        Self(timestamp.as_microsecond())
    }
}

impl From<Moment> for Timestamp {
    /// Moments outside of what can be written as a date become the nearest that can.
    fn from(moment: Moment) -> Self {
        Self::from_microsecond(moment.0).unwrap_or(if moment.0 < 0 { Self::MIN } else { Self::MAX })
    }
}
