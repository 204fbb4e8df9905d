//! Refused log-ins, counted so that guessing passwords takes too long.
//!
//! Each user name and each address may be refused some times in a row; after that they wait, longer each time. It is kept
//! by each process for itself, and forgotten when it ends.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::{SignedDuration, Timestamp};

/// Refusals in a row of one name from one address that cost nothing.
const FREE: u32 = 10;
/// Refusals in a row from one address, behind which there may be many, that cost nothing.
const FREE_OF_ADDRESS: u32 = 100;
/// The longest wait, in seconds.
const LONGEST: u64 = 300;
/// Seconds after which refusals are forgotten.
const FORGOTTEN: i64 = 3600;
/// How the keys of names begin.
const USER: &str = "user ";
/// Names and addresses that are counted.
const COUNTED: usize = 10_000;

#[derive(Clone, Copy, Debug)]
struct Count {
    free: u32,
    refusals: u32,
    last: Timestamp,
}

impl Count {
    fn is_forgotten(self, now: Timestamp) -> bool {
        now.duration_since(self.last) > SignedDuration::from_secs(FORGOTTEN)
    }

    /// Seconds until the next attempt is looked at.
    fn wait(self, now: Timestamp) -> Option<u64> {
        let over = self.refusals.checked_sub(self.free)?;
        let pause = 1_u64.checked_shl(over.min(32)).unwrap_or(LONGEST).min(LONGEST);
        let end = self.last + SignedDuration::from_secs(pause.cast_signed());
        (end > now).then(|| (end - now).get_seconds().cast_unsigned().max(1))
    }
}

#[derive(Debug, Default)]
pub(super) struct Attempts(Mutex<HashMap<String, Count>>);

impl Attempts {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// The seconds that this user from this address must wait.
    pub(super) fn wait(&self, username: &str, from: Option<IpAddr>, now: Timestamp) -> Option<u64> {
        let counts = self.counts();
        keys(username, from).filter_map(|key| counts.get(&key)?.wait(now)).max()
    }

    pub(super) fn failed(&self, username: &str, from: Option<IpAddr>, now: Timestamp) {
        let mut counts = self.counts();
        if counts.len() >= COUNTED {
            counts.retain(|_, count| count.wait(now).is_some());
            // So many that wait are an attack from everywhere; those of whom there is no room are not counted.
            if counts.len() >= COUNTED {
                return;
            }
        }
        for key in keys(username, from) {
            let free = if key.starts_with(USER) { FREE } else { FREE_OF_ADDRESS };
            let count = counts.entry(key).or_insert(Count { free, refusals: 0, last: now });
            let before = if count.is_forgotten(now) { 0 } else { count.refusals };
            *count = Count { free, refusals: before.saturating_add(1), last: now };
        }
    }

    pub(super) fn succeeded(&self, username: &str, from: Option<IpAddr>) {
        let mut counts = self.counts();
        if !counts.is_empty() {
            for key in keys(username, from) {
                counts.remove(&key);
            }
        }
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<String, Count>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counted are a name wherever it is tried from only together with the address, so that nobody can lock out another, and
/// an address whatever name it tries.
fn keys(username: &str, from: Option<IpAddr>) -> impl Iterator<Item = String> {
    let from = from.map(neighbourhood);
    let address = from.map(|from| format!("address {from}"));
    let name = (!username.is_empty()).then(|| format!("{USER}{username} at {from:?}"));
    name.into_iter().chain(address)
}

/// Whoever has one IPv6 address has the 2⁶⁴ around it as well.
fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guessing_takes_longer_and_longer_and_a_success_ends_it() {
        let attempts = Attempts::new();
        let here = Some(IpAddr::from([127, 0, 0, 1]));
        let mut now = Timestamp::UNIX_EPOCH;
        for _ in 0..FREE {
            assert_eq!(attempts.wait("ada", here, now), None);
            attempts.failed("ada", here, now);
        }
        assert_eq!(attempts.wait("ada", here, now), Some(1));
        assert_eq!(attempts.wait("bob", here, now), None, "others behind the address do not wait");
        assert_eq!(attempts.wait("ada", Some(IpAddr::from([127, 0, 0, 2])), now), None, "nobody is locked out");
        now += SignedDuration::from_secs(1);
        assert_eq!(attempts.wait("ada", here, now), None);
        attempts.failed("ada", here, now);
        assert_eq!(attempts.wait("ada", here, now), Some(2));
        for _ in 0..FREE_OF_ADDRESS {
            attempts.failed("ada", here, now);
        }
        assert_eq!(attempts.wait("ada", here, now), Some(LONGEST));
        assert!(attempts.wait("bob", here, now).is_some(), "but not for ever");
        attempts.succeeded("ada", here);
        assert_eq!(attempts.wait("ada", here, now), None);
    }

    #[test]
    fn addresses_of_one_sender_are_counted_together() {
        let attempts = Attempts::new();
        let now = Timestamp::UNIX_EPOCH;
        for last in 0..=FREE {
            let from: IpAddr = format!("2001:db8::{last:x}").parse().unwrap();
            attempts.failed("ada", Some(from), now);
        }
        let from = |address: &str| Some(address.parse().unwrap());
        assert!(attempts.wait("ada", from("2001:db8::ffff"), now).is_some());
        assert_eq!(attempts.wait("ada", from("2001:db8:0:1::1"), now), None);
        for _ in 0..=FREE {
            attempts.failed("bob", from("192.0.2.1"), now);
        }
        assert!(attempts.wait("bob", from("::ffff:192.0.2.1"), now).is_some(), "it is the same address");
    }

    #[test]
    fn refusals_of_long_ago_do_not_count() {
        let attempts = Attempts::new();
        let mut now = Timestamp::UNIX_EPOCH;
        for _ in 0..FREE * 3 {
            attempts.failed("ada", None, now);
            now += SignedDuration::from_secs(FORGOTTEN + 1);
            assert_eq!(attempts.wait("ada", None, now), None);
        }
    }
}
