//! When something that failed is tried again: a function of how often and how long it did.

use std::time::Duration;

const FIRST: Duration = Duration::from_secs(5);
const LONG: Duration = Duration::from_hours(1);
/// Pauses of what has failed for a day.
const LONGEST: Duration = Duration::from_hours(6);
const DAY: Duration = Duration::from_hours(24);
/// What a receiver can ask for.
const LONGEST_WISH: Duration = DAY;
/// Attempts at what the receiver says it will never take. One that is being set up, or put back up, says so as well.
const ATTEMPTS_WITHOUT_PROSPECT: u32 = 8;
/// An endpoint that failed so often in a row is let alone, but for one attempt now and then.
pub(super) const OPEN_AFTER: u32 = 5;
/// However long it fails, it is found out within that time that it does no more.
const LONGEST_ALONE: Duration = Duration::from_mins(10);

/// What is known of a failed attempt.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failed {
    /// How many failed, this one included.
    pub(super) attempts: u32,
    /// How long ago the first was due.
    pub(super) age: Duration,
    /// What is left until it is given up.
    pub(super) left: Duration,
    /// How long the receiver asks to wait.
    pub(super) wish: Option<Duration>,
    /// Whether it said that the same again has no prospect.
    pub(super) permanent: bool,
}

/// The pause before the next attempt; `None`: it is given up. `chance` is from 0 to 1, so that what failed together does not
/// come again together.
pub(super) fn pause(failed: Failed, chance: f64) -> Option<Duration> {
    if failed.left.is_zero() || (failed.permanent && failed.attempts >= ATTEMPTS_WITHOUT_PROSPECT) {
        return None;
    }
    let longest = if failed.age >= DAY { LONGEST } else { LONG };
    let pause = jittered(doubled(failed.attempts, longest), chance);
    let pause = pause.max(failed.wish.unwrap_or_default().min(LONGEST_WISH));
    // The last attempt is when the time is over.
    Some(pause.min(failed.left))
}

/// How long an endpoint is let alone that failed so often in a row.
pub(super) fn alone(failures: u32, wish: Option<Duration>, chance: f64) -> Duration {
    let pause = match failures.checked_sub(OPEN_AFTER) {
        Some(beyond) => jittered(doubled(beyond + 1, LONGEST_ALONE), chance),
        None => Duration::ZERO,
    };
    pause.max(wish.unwrap_or_default().min(LONGEST_WISH))
}

fn doubled(attempts: u32, longest: Duration) -> Duration {
    let factor = 1_u32.checked_shl(attempts.saturating_sub(1)).unwrap_or(u32::MAX);
    FIRST.saturating_mul(factor).min(longest)
}

/// Between 80 and 100 %.
fn jittered(pause: Duration, chance: f64) -> Duration {
    pause.mul_f64(0.8 + 0.2 * chance.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(attempts: u32) -> Failed {
        let left = Duration::from_hours(48);
        Failed { attempts, age: Duration::ZERO, left, wish: None, permanent: false }
    }

    #[test]
    fn pauses_double_from_five_seconds_to_an_hour_and_are_longer_after_a_day() {
        let pauses: Vec<u64> = (1..13).filter_map(|n| Some(pause(failed(n), 1.0)?.as_secs())).collect();
        assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]);
        let old = Failed { age: DAY, ..failed(40) };
        assert_eq!(pause(old, 1.0), Some(LONGEST));
        assert_eq!(pause(failed(u32::MAX), 1.0), Some(LONG));
    }

    #[test]
    fn chance_shortens_a_pause_by_a_fifth_at_most() {
        for chance in [0.0, 0.3, 1.0, f64::INFINITY, -1.0] {
            let pause = pause(failed(11), chance).unwrap();
            assert!((LONG.mul_f64(0.8)..=LONG).contains(&pause), "{pause:?}");
        }
    }

    #[test]
    fn a_receiver_can_ask_for_a_longer_pause_but_not_for_a_shorter_one_or_for_ever() {
        let wishing = |seconds| Failed { wish: Some(Duration::from_secs(seconds)), ..failed(1) };
        assert_eq!(pause(wishing(300), 1.0), Some(Duration::from_mins(5)));
        assert_eq!(pause(wishing(1), 1.0), Some(FIRST));
        assert_eq!(pause(wishing(u64::MAX), 1.0), Some(LONGEST_WISH));
    }

    #[test]
    fn the_last_attempt_is_when_the_time_is_over() {
        let left = Duration::from_secs(7);
        assert_eq!(pause(Failed { left, ..failed(9) }, 1.0), Some(left));
        assert_eq!(pause(Failed { left: Duration::ZERO, ..failed(9) }, 1.0), None);
    }

    #[test]
    fn what_has_no_prospect_is_given_up_after_some_minutes() {
        let hopeless = |attempts| pause(Failed { permanent: true, ..failed(attempts) }, 1.0);
        assert!((1..8).all(|attempts| hopeless(attempts).is_some()));
        assert_eq!(hopeless(8), None);
    }

    #[test]
    fn an_endpoint_that_fails_again_and_again_is_let_alone_for_ten_minutes_at_most() {
        assert_eq!(alone(4, None, 1.0), Duration::ZERO);
        assert_eq!(alone(5, None, 1.0), FIRST);
        assert_eq!(alone(1000, None, 1.0), LONGEST_ALONE);
        assert_eq!(alone(1, Some(Duration::from_secs(30)), 1.0), Duration::from_secs(30));
    }
}
