//! Times as the columns hold them (`2026-07-01 00:54:38+00:00`) and as everybody else writes them (RFC 3339, UTC).

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;

/// What a column holds where no time is known and other readers of the format cannot do without one.
pub(crate) const UNKNOWN: &str = "0001-01-01 00:00:00+00:00";

/// The instant that `text` names: RFC 3339, a column's text, a time without an offset (taken as UTC) or a date.
pub(crate) fn instant(text: &str) -> Option<Timestamp> {
    if text.len() > 40 {
        return None;
    }
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Some(timestamp);
    }
    if let Ok(time) = text.parse::<DateTime>() {
        return Offset::UTC.to_timestamp(time).ok();
    }
    let midnight = text.parse::<Date>().ok()?.at(0, 0, 0, 0);
    Offset::UTC.to_timestamp(midnight).ok()
}

/// As a DATETIME column holds it, fractions of a second only where there are any.
pub(crate) fn column(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S%.f+00:00").to_string()
}

/// The column's text for whatever a record says; nothing for text that names no time.
pub(crate) fn to_column(text: &str) -> Option<String> {
    instant(text).map(column)
}

/// The RFC 3339 text of a column; text that names no time is passed on as it is.
pub(crate) fn from_column(text: &str) -> String {
    if let Some(local) = text.strip_suffix("+00:00")
        && local.len() >= 19
        && local.is_ascii()
        && local.as_bytes()[10] == b' '
    {
        return format!("{}T{}Z", &local[..10], &local[11..]);
    }
    instant(text).map_or_else(|| text.to_owned(), |time| time.to_string())
}

/// The day (`YYYY-MM-DD`) of a date or time.
pub(crate) fn day(text: &str) -> Option<String> {
    instant(text).map(|time| time.strftime("%Y-%m-%d").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_goes_to_the_column_and_back() {
        for (text, stored, shown) in [
            ("2021-12-10T10:15:09Z", "2021-12-10 10:15:09+00:00", "2021-12-10T10:15:09Z"),
            ("2021-12-10T10:15:09.143", "2021-12-10 10:15:09.143+00:00", "2021-12-10T10:15:09.143Z"),
            ("2021-12-10T12:15:09+02:00", "2021-12-10 10:15:09+00:00", "2021-12-10T10:15:09Z"),
            ("2021-12-10", "2021-12-10 00:00:00+00:00", "2021-12-10T00:00:00Z"),
        ] {
            assert_eq!(to_column(text).as_deref(), Some(stored));
            assert_eq!(from_column(stored), shown);
            assert_eq!(day(text).as_deref(), Some("2021-12-10"));
        }
    }

    #[test]
    fn columns_of_other_writers_are_read() {
        assert_eq!(from_column("2026-07-01T00:54:38Z"), "2026-07-01T00:54:38Z");
        assert_eq!(from_column("2026-07-01 02:54:38+02:00"), "2026-07-01T00:54:38Z");
        assert_eq!(from_column("soon"), "soon");
        assert_eq!(from_column("ééééééééééééééé+00:00"), "ééééééééééééééé+00:00");
    }

    #[test]
    fn what_is_no_time_is_left_out() {
        for text in ["", "None", "0000-00-00", "2021-13-01", "2021-12-10T25:00:00Z", "yesterday"] {
            assert_eq!(to_column(text), None, "{text:?}");
        }
    }
}
