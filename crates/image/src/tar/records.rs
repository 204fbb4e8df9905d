//! Extended headers of the pax format: `length key=value` records that override fields of the entry behind them.

/// What records may override; `None` keeps the header's field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records {
    pub path: Option<Vec<u8>>,
    pub link: Option<Vec<u8>>,
    pub size: Option<i64>,
    pub(super) uid: Option<i64>,
    pub(super) gid: Option<i64>,
    pub(super) modified: Option<i64>,
    pub(super) sparse: SparseRecords,
}

/// The records of the three ways in which GNU tar writes sparse files into pax archives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SparseRecords {
    /// `1.0`: the map precedes the content.
    pub(super) map_in_content: bool,
    /// `0.0` and `0.1`: offset, length, offset, length…
    pub(super) map: Option<Vec<i64>>,
    pub(super) name: Option<Vec<u8>>,
    pub(super) real_size: Option<i64>,
}

impl Records {
    /// Reads the records of one extended header; the error says what is wrong with them.
    pub fn parse(mut rest: &[u8]) -> Result<Self, &'static str> {
        let mut records = Self::default();
        let mut numbers: Option<Vec<i64>> = None;
        let (mut major, mut minor) = (None, None);
        while !rest.is_empty() {
            let (key, value, after) = split(rest).ok_or("a pax record is not of the form \"length key=value\"")?;
            rest = after;
            let number = || decimal(value).ok_or("a pax record holds an invalid number");
            match key {
                // An empty value takes an earlier record back, and names end at a NUL for whoever uses them.
                b"path" | b"linkpath" | b"GNU.sparse.name" if value.contains(&0) => {
                    return Err("a name in a pax record holds a NUL byte");
                }
                b"path" => records.path = filled(value),
                b"linkpath" => records.link = filled(value),
                b"size" => records.size = if value.is_empty() { None } else { Some(number()?) },
                b"uid" => records.uid = if value.is_empty() { None } else { Some(number()?) },
                b"gid" => records.gid = if value.is_empty() { None } else { Some(number()?) },
                b"mtime" => {
                    records.modified = if value.is_empty() {
                        None
                    } else {
                        Some(seconds(value).ok_or("a pax record holds an invalid time")?)
                    }
                }
                b"GNU.sparse.major" => major = Some(number()?),
                b"GNU.sparse.minor" => minor = Some(number()?),
                b"GNU.sparse.name" => records.sparse.name = filled(value),
                b"GNU.sparse.size" | b"GNU.sparse.realsize" => records.sparse.real_size = Some(number()?),
                b"GNU.sparse.offset" | b"GNU.sparse.numbytes" => {
                    let numbers = numbers.get_or_insert_default();
                    if numbers.len().is_multiple_of(2) != (key == b"GNU.sparse.offset") {
                        return Err("the pax records of a sparse file are out of order");
                    }
                    numbers.push(number()?);
                }
                b"GNU.sparse.map" => {
                    let map = value.split(|byte| *byte == b',').map(decimal).collect::<Option<_>>();
                    numbers = Some(map.ok_or("the pax map of a sparse file holds an invalid number")?);
                }
                _ => {}
            }
        }
        match (major, minor) {
            (Some(1), Some(0)) => records.sparse.map_in_content = true,
            (None, None) | (Some(0), Some(0 | 1)) => records.sparse.map = numbers,
            _ => {}
        }
        Ok(records)
    }
}

/// Key and value of the first record, and what follows it.
fn split(rest: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = rest.iter().take(20).position(|byte| *byte == b' ')?;
    let length = usize::try_from(decimal(&rest[..space])?).ok()?;
    let record = rest.get(space + 1..length)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|byte| *byte == b'=')?;
    Some((&record[..equals], &record[equals + 1..], &rest[length..]))
}

fn filled(value: &[u8]) -> Option<Vec<u8>> {
    (!value.is_empty()).then(|| value.to_vec())
}

pub(super) fn decimal(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Whole seconds of `[-]seconds[.fraction]`, rounded down.
fn seconds(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let seconds: i64 = whole.parse().ok()?;
    let below = whole.starts_with('-') && fraction.bytes().any(|digit| digit != b'0');
    seconds.checked_sub(i64::from(below))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(key: &str, value: &str) -> String {
        let body = key.len() + value.len() + 3;
        let mut length = body + 1;
        while length != body + length.to_string().len() {
            length = body + length.to_string().len();
        }
        format!("{length} {key}={value}\n")
    }

    #[test]
    fn records_override_fields() {
        let text = record("path", "a/ä") + &record("size", "12") + &record("mtime", "-1.5") + &record("comment", "x");
        let records = Records::parse(text.as_bytes()).unwrap();
        assert_eq!(records.path.as_deref(), Some("a/ä".as_bytes()));
        assert_eq!(records.size, Some(12));
        assert_eq!(records.modified, Some(-2));
        assert_eq!(records.link, None);
    }

    #[test]
    fn an_empty_value_keeps_the_field_of_the_header() {
        let text = record("path", "a") + &record("path", "");
        assert_eq!(Records::parse(text.as_bytes()).unwrap().path, None);
    }

    #[test]
    fn broken_records_are_refused() {
        for text in ["x", "5 a=b", "999 path=a\n", "0 a=b\n", "-1 a=b\n", "7 pathx\n", " path=a\n", "3 \n"] {
            assert!(Records::parse(text.as_bytes()).is_err(), "{text:?}");
        }
        let huge = record("size", &format!("1{}", "0".repeat(30)));
        assert_eq!(Records::parse(huge.as_bytes()), Err("a pax record holds an invalid number"));
        assert!(Records::parse(record("path", "a\0b").as_bytes()).is_err());
    }

    #[test]
    fn sparse_maps_come_as_pairs_or_as_a_list() {
        let pairs = record("GNU.sparse.major", "0")
            + &record("GNU.sparse.minor", "0")
            + &["offset", "numbytes", "offset", "numbytes"]
                .iter()
                .enumerate()
                .map(|(at, key)| record(&format!("GNU.sparse.{key}"), &(at * 10).to_string()))
                .collect::<String>();
        assert_eq!(Records::parse(pairs.as_bytes()).unwrap().sparse.map, Some(vec![0, 10, 20, 30]));
        let list = record("GNU.sparse.map", "0,10,20,30");
        assert_eq!(Records::parse(list.as_bytes()).unwrap().sparse.map, Some(vec![0, 10, 20, 30]));
        let swapped = record("GNU.sparse.numbytes", "0");
        assert!(Records::parse(swapped.as_bytes()).is_err());
    }
}
