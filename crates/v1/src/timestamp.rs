//! Times in the encodings of the API (`spec/api.md` A1.4). Which one a field has is part of its contract.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use utoipa::ToSchema;

/// Declares a moment with a resolution and a text form.
macro_rules! text_encoding {
    (
        $(#[$doc:meta])* $name:ident, per_second $unit:literal, $write:path, $read:path,
        format $format:literal, example $example:literal
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ToSchema)]
        #[schema(value_type = String, format = $format, example = $example)]
        pub struct $name(Timestamp);

        impl $name {
            pub fn timestamp(self) -> Timestamp {
                self.0
            }
        }

        impl From<Timestamp> for $name {
            /// What is finer than the encoding is cut off.
            fn from(moment: Timestamp) -> Self {
                Self(truncated(moment, 1_000_000_000 / $unit))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&$write(self.0))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                $read(&text).map(Self::from).ok_or_else(|| D::Error::custom(format!("{text:?} is no time")))
            }
        }
    };
}

text_encoding! {
    /// A moment in UTC, to the second.
    IsoSeconds, per_second 1, whole_seconds, zoned, format "date-time", example "2021-06-04T02:27:35Z"
}

text_encoding! {
    /// A moment in UTC, to the microsecond; the fraction is left out where it is zero.
    IsoMicroseconds, per_second 1_000_000, microseconds, zoned, format "date-time",
    example "2021-06-04T02:27:35.123456Z"
}

text_encoding! {
    /// A moment in UTC without saying so, to the microsecond; the fraction is left out where it is zero.
    IsoUnzoned, per_second 1_000_000, unzoned, civil, format "date-time-local",
    example "2021-06-04T02:27:35.123456"
}

/// Seconds since the beginning of 1970 in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ToSchema)]
#[schema(value_type = i64, example = 1_622_773_655)]
pub struct EpochSeconds(Timestamp);

impl EpochSeconds {
    pub fn timestamp(self) -> Timestamp {
        self.0
    }
}

impl From<Timestamp> for EpochSeconds {
    /// What is finer than a second is cut off.
    fn from(moment: Timestamp) -> Self {
        Self(truncated(moment, 1_000_000_000))
    }
}

impl Serialize for EpochSeconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0.as_second())
    }
}

impl<'de> Deserialize<'de> for EpochSeconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Timestamp::from_second(i64::deserialize(deserializer)?).map(Self).map_err(D::Error::custom)
    }
}

/// The start of the period of that many nanoseconds.
fn truncated(moment: Timestamp, period: i128) -> Timestamp {
    let nanoseconds = moment.as_nanosecond();
    // Rounding down the earliest moment there is would leave the calendar.
    Timestamp::from_nanosecond(nanoseconds - nanoseconds.rem_euclid(period)).unwrap_or(moment)
}

fn whole_seconds(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn microseconds(moment: Timestamp) -> String {
    format!("{}Z", unzoned(moment))
}

fn unzoned(moment: Timestamp) -> String {
    let fraction = moment.as_microsecond().rem_euclid(1_000_000);
    let seconds = moment.strftime("%Y-%m-%dT%H:%M:%S");
    if fraction == 0 { seconds.to_string() } else { format!("{seconds}.{fraction:06}") }
}

fn zoned(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

fn civil(text: &str) -> Option<Timestamp> {
    let civil: DateTime = text.parse().ok()?;
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// A time in any form that the original wrote one in: with a zone, or without one in UTC.
pub fn parse_time(text: &str) -> Option<Timestamp> {
    zoned(text).or_else(|| civil(text))
}

/// The time that a request gives an image: `2021-06-04T02:27:35Z`, with microseconds after a dot or a colon before the
/// `Z` (`spec/api.md` A4.3). `None` for any other form.
pub fn parse_creation_time(text: &str) -> Option<Timestamp> {
    let (seconds, fraction) = text.strip_suffix('Z')?.split_at_checked("2021-06-04T02:27:35".len())?;
    let shape = |text: &str| text.bytes().map(|b| if b.is_ascii_digit() { b'0' } else { b }).collect::<Vec<_>>();
    if shape(seconds) != b"0000-00-00T00:00:00" {
        return None;
    }
    let digits = match fraction {
        "" => return zoned(text),
        _ => fraction.strip_prefix(['.', ':'])?,
    };
    let is_fraction = (1..=6).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    is_fraction.then(|| zoned(&format!("{seconds}.{digits}Z"))).flatten()
}

/// A moment, or the number 0 where there is none.
pub(crate) mod or_zero {
    use serde::de::Error as _;

    use super::{Deserialize, Deserializer, IsoSeconds, Serialize as _, Serializer};

    #[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
    pub(crate) fn serialize<S: Serializer>(moment: &Option<IsoSeconds>, serializer: S) -> Result<S::Ok, S::Error> {
        match moment {
            Some(moment) => moment.serialize(serializer),
            None => serializer.serialize_u8(0),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<IsoSeconds>, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Moment(IsoSeconds),
            Zero(u8),
        }
        match Form::deserialize(deserializer)? {
            Form::Moment(moment) => Ok(Some(moment)),
            Form::Zero(0) => Ok(None),
            Form::Zero(number) => Err(D::Error::custom(format!("{number} is no time"))),
        }
    }
}

/// A moment, or an empty text where there is none.
pub(crate) mod or_empty {
    use serde::de::Error as _;

    use super::{Deserialize, Deserializer, IsoSeconds, Serialize as _, Serializer};

    #[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
    pub(crate) fn serialize<S: Serializer>(moment: &Option<IsoSeconds>, serializer: S) -> Result<S::Ok, S::Error> {
        match moment {
            Some(moment) => moment.serialize(serializer),
            None => serializer.serialize_str(""),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<IsoSeconds>, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        if text.is_empty() {
            return Ok(None);
        }
        let moment = super::zoned(&text).ok_or_else(|| D::Error::custom(format!("{text:?} is no time")))?;
        Ok(Some(moment.into()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn moment(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn each_encoding_writes_what_its_clients_read() {
        let fine = moment("2021-06-04T02:27:35.123456789Z");
        assert_eq!(json!(IsoSeconds::from(fine)), "2021-06-04T02:27:35Z");
        assert_eq!(json!(IsoMicroseconds::from(fine)), "2021-06-04T02:27:35.123456Z");
        assert_eq!(json!(IsoUnzoned::from(fine)), "2021-06-04T02:27:35.123456");
        assert_eq!(json!(EpochSeconds::from(fine)), 1_622_773_655);
        assert_eq!(json!(IsoMicroseconds::from(moment("2021-06-04T02:27:35Z"))), "2021-06-04T02:27:35Z");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "yesterday", "2021-06-04", "2021-13-04T02:27:35Z", "0"] {
            assert!(serde_json::from_value::<IsoSeconds>(json!(text)).is_err(), "{text}");
        }
        assert!(serde_json::from_value::<EpochSeconds>(json!(i64::MAX)).is_err());
        assert!(serde_json::from_value::<EpochSeconds>(json!("1622773655")).is_err());
    }

    #[test]
    fn an_image_s_time_may_have_a_fraction_after_a_dot_or_a_colon() {
        let expected = Some(moment("2019-01-01T01:01:01.25Z"));
        assert_eq!(parse_creation_time("2019-01-01T01:01:01.25Z"), expected);
        assert_eq!(parse_creation_time("2019-01-01T01:01:01:25Z"), expected);
        assert_eq!(parse_creation_time("2019-01-01T01:01:01Z"), Some(moment("2019-01-01T01:01:01Z")));
        for text in [
            "2019-01-01T01:01:01",
            "2019-01-01",
            "2019-01-01T01:01:01+01:00",
            "2019-01-01T01:01:01.1234567Z",
            "2019-01-01T01:01:01;1Z",
            "2019-01-01 01:01:01Z",
            "2019-02-30T01:01:01Z",
            "2019-01-01T01:01:0éZ",
        ] {
            assert_eq!(parse_creation_time(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_moment_reads_back_at_its_resolution(
            seconds in -62_000_000_000_i64..250_000_000_000,
            nanoseconds in 0..1_000_000_000_i32,
        ) {
            let moment = Timestamp::new(seconds, nanoseconds).unwrap();

            let fine = IsoMicroseconds::from(moment);
            prop_assert_eq!(serde_json::from_value::<IsoMicroseconds>(json!(fine)).unwrap(), fine);
            let unzoned = IsoUnzoned::from(moment);
            prop_assert_eq!(serde_json::from_value::<IsoUnzoned>(json!(unzoned)).unwrap(), unzoned);
            let whole = IsoSeconds::from(moment);
            prop_assert_eq!(serde_json::from_value::<IsoSeconds>(json!(whole)).unwrap(), whole);
            let epoch = EpochSeconds::from(moment);
            prop_assert_eq!(serde_json::from_value::<EpochSeconds>(json!(epoch)).unwrap(), epoch);
            prop_assert_eq!(epoch.timestamp(), whole.timestamp());
        }

        #[test]
        fn no_text_makes_reading_panic(text in "[0-9TZ:.\\-é ]{0,30}") {
            let _ = parse_creation_time(&text);
            let _ = serde_json::from_value::<IsoUnzoned>(json!(text));
        }
    }
}
