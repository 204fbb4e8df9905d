//! Asking again until something is so.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::Error;

/// How long a service may be away while it is waited for; it may be restarting.
const ABSENCE: Duration = Duration::from_mins(2);
/// Whatever interval is asked for, a service is not asked more often.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(10);

/// Time, so that tests need not wait.
pub trait Clock {
    /// Since some moment.
    fn now(&self) -> Duration;
    fn sleep(&self, time: Duration);
}

/// The time of this machine.
#[derive(Debug)]
pub struct SystemClock(Instant);

impl Default for SystemClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, time: Duration) {
        thread::sleep(time);
    }
}

/// How long and how often to ask.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// `None`: for ever. Zero asks once.
    pub timeout: Option<Duration>,
    pub interval: Duration,
}

/// What an answer means to the one who waits.
#[derive(Debug, PartialEq, Eq)]
pub enum Standing<T> {
    Reached(T),
    /// Not yet; how far it is, for those who watch.
    Waiting(String),
}

/// Asks until it is reached; `what` names it in the error: `the image was not analysed`. A service that is away for a
/// moment is asked again.
///
/// # Errors
/// `ask` fails for good, or time is up.
pub fn wait<T>(
    patience: Patience,
    clock: &dyn Clock,
    what: &str,
    mut ask: impl FnMut() -> Result<Standing<T>, Error>,
    mut watch: impl FnMut(&str),
) -> Result<T, Error> {
    let begin = clock.now();
    let mut away_since = None;
    loop {
        let now = clock.now();
        match ask() {
            Ok(Standing::Reached(value)) => return Ok(value),
            Ok(Standing::Waiting(standing)) => {
                away_since = None;
                watch(&standing);
            }
            Err(error) => {
                let since = *away_since.get_or_insert(now);
                if !error.is_transient() || now.saturating_sub(since) > ABSENCE {
                    return Err(error);
                }
                watch(&error.to_string());
            }
        }
        let spent = clock.now().saturating_sub(begin);
        let left = patience.timeout.map(|timeout| timeout.saturating_sub(spent));
        if left.is_some_and(|left| left.is_zero()) {
            let seconds = patience.timeout.unwrap_or_default().as_secs_f64();
            return Err(Error::TimedOut { what: what.to_owned(), seconds });
        }
        let interval = patience.interval.max(SHORTEST_INTERVAL);
        clock.sleep(left.map_or(interval, |left| left.min(interval)));
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::Refusal;

    /// A clock that goes on only while somebody sleeps.
    #[derive(Default)]
    struct Still(Cell<Duration>);

    impl Clock for Still {
        fn now(&self) -> Duration {
            self.0.get()
        }

        fn sleep(&self, time: Duration) {
            self.0.set(self.0.get() + time);
        }
    }

    fn seconds(timeout: Option<u64>) -> Patience {
        Patience { timeout: timeout.map(Duration::from_secs), interval: Duration::from_secs(5) }
    }

    fn refused(status: u16) -> Error {
        Error::Refused(Box::new(Refusal { status, payload: serde_json::Value::Null.into(), request_id: None }))
    }

    #[test]
    fn it_is_asked_at_intervals_until_it_is_reached() {
        let clock = Still::default();
        let mut seen = Vec::new();
        let mut states = ["not_analyzed", "analyzing"].iter();
        let reached = wait(
            seconds(None),
            &clock,
            "it was not analysed",
            || Ok(states.next().map_or(Standing::Reached(7), |state| Standing::Waiting((*state).into()))),
            |state| seen.push(state.to_owned()),
        );
        assert_eq!(reached.expect("reached"), 7);
        assert_eq!(seen, ["not_analyzed", "analyzing"]);
        assert_eq!(clock.now(), Duration::from_secs(10));
    }

    #[test]
    fn time_is_up_when_it_is_and_without_time_it_is_asked_once() {
        for (timeout, asked) in [(0, 1), (7, 3), (10, 3)] {
            let clock = Still::default();
            let mut times = 0;
            let ask = || {
                times += 1;
                Ok(Standing::<()>::Waiting("analyzing".into()))
            };
            let error =
                wait(seconds(Some(timeout)), &clock, "it was not analysed", ask, |_| {}).expect_err("time is up");
            assert_eq!(error.to_string(), format!("it was not analysed within {timeout} seconds"));
            assert_eq!((times, clock.now()), (asked, Duration::from_secs(timeout)));
        }
    }

    #[test]
    fn a_service_that_is_away_for_a_moment_is_asked_again_and_one_that_stays_away_is_not() {
        let mut times = 0;
        let ask = || {
            times += 1;
            if times < 20 { Err(refused(503)) } else { Ok(Standing::Reached(())) }
        };
        wait(seconds(None), &Still::default(), "", ask, |_| {}).expect("it came back");
        let clock = Still::default();
        let gone = wait(seconds(None), &clock, "", || Err::<Standing<()>, _>(refused(503)), |_| {});
        assert!(gone.is_err() && clock.now() > ABSENCE && clock.now() < ABSENCE * 2);
        let unknown = wait(seconds(None), &Still::default(), "", || Err::<Standing<()>, _>(refused(404)), |_| {});
        assert_eq!(unknown.expect_err("it is unknown").exit_code(), 1);
    }
}
