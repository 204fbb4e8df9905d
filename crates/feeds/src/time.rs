//! Times as publishers write them, in the one form that records use: RFC 3339 in UTC.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// Reads RFC 3339, the NVD's time without a zone (which is UTC), or a date alone.
pub(crate) fn utc(text: &str) -> Option<String> {
    let text = text.trim();
    let instant = text.parse::<Timestamp>().ok().or_else(|| {
        let civil = text.parse::<DateTime>().ok()?;
        civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })?;
    Some(instant.to_string())
}

/// The day (`YYYY-MM-DD`) of a time or date, in UTC.
pub(crate) fn day(text: &str) -> Option<String> {
    utc(text).and_then(|time| time.get(..10).map(str::to_owned))
}

/// A calendar date at the end of a file's name, as in `epss_scores-2026-08-16.csv.gz`: publishers and mirrors put the
/// day of the data there.
pub(crate) fn day_in_name(name: &str) -> Option<String> {
    let bytes = name.as_bytes();
    (0..bytes.len().saturating_sub(9)).rev().find_map(|start| {
        let candidate = name.get(start..start + 10)?;
        let alone = |at: Option<usize>| !at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
        let framed = alone(start.checked_sub(1)) && alone(Some(start + 10));
        (framed && candidate.parse::<Date>().is_ok()).then(|| candidate.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_all_publishers_come_out_alike() {
        for (given, expected) in [
            ("2024-03-29T17:15:21.150", Some("2024-03-29T17:15:21.15Z")),
            ("2024-03-29T19:15:21+02:00", Some("2024-03-29T17:15:21Z")),
            ("2024-03-29", Some("2024-03-29T00:00:00Z")),
            ("2026-08-16T00:00:00+0000", Some("2026-08-16T00:00:00Z")),
            ("yesterday", None),
            ("2024-13-01T00:00:00Z", None),
            ("", None),
        ] {
            assert_eq!(utc(given).as_deref(), expected, "{given:?}");
        }
    }

    #[test]
    fn a_date_in_a_file_name_is_found() {
        assert_eq!(day_in_name("tracker-2023-07-14.json.zst").as_deref(), Some("2023-07-14"));
        assert_eq!(day_in_name("2023-07-14-then-2024-01-02"), Some("2024-01-02".into()));
        assert_eq!(day_in_name("cves-2016.json.zst"), None);
        assert_eq!(day_in_name("x-12023-07-14.json"), None);
        assert_eq!(day_in_name("é2023-02-30é"), None);
    }
}
