//! Pages and records of SQLite.

use super::SqliteError;

/// What the header of the database says of all pages.
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct Format {
    pub(super) page_size: u32,
    /// Bytes of a page that are used; extensions may reserve some at its end.
    usable: usize,
}

/// A page of a table.
pub(super) enum Page<'a> {
    /// Numbers of the pages below.
    Interior(Vec<u32>),
    Leaf(Vec<Cell<'a>>),
}

/// A row as it is on its page.
pub(super) struct Cell<'a> {
    /// The row's id, which a column of the type `INTEGER PRIMARY KEY` is another name for.
    pub(super) id: i64,
    /// Bytes of the record.
    pub(super) length: u64,
    /// As much of it as is on this page.
    pub(super) local: &'a [u8],
    /// Number of the page with the rest, 0 where there is none.
    pub(super) overflow: u32,
}

/// A value of a record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Null,
    Integer(i64),
    Real(f64),
    Text(&'a [u8]),
    Blob(&'a [u8]),
}

const INTERIOR_TABLE: u8 = 0x05;
const LEAF_TABLE: u8 = 0x0d;
const DATABASE_HEADER: usize = 100;

impl Format {
    /// Reads the first hundred bytes of a database.
    pub(super) fn of(head: &[u8]) -> Result<Self, SqliteError> {
        if !super::is_sqlite(head) || head.len() < DATABASE_HEADER {
            return Err(SqliteError::NotSqlite);
        }
        let page_size = match u16::from_be_bytes([head[16], head[17]]) {
            1 => 65_536,
            size => u32::from(size),
        };
        let usable = (page_size as usize).saturating_sub(usize::from(head[20]));
        if !page_size.is_power_of_two() || page_size < 512 || usable < 480 {
            return Err(SqliteError::PageSize(page_size));
        }
        Ok(Self { page_size, usable })
    }

    /// Reads a page of a table.
    pub(super) fn page(self, number: u32, bytes: &[u8]) -> Result<Page<'_>, SqliteError> {
        let damaged = |what| SqliteError::Damaged { page: number, what };
        let bytes = bytes.get(..self.usable).ok_or_else(|| damaged("it is too short"))?;
        let start = if number == 1 { DATABASE_HEADER } else { 0 };
        let header = &bytes[start..];
        let cells = usize::from(u16_at(header, 3).unwrap_or_default());
        let pointers = |from: usize| {
            let pointers = header.get(from..from + cells * 2).ok_or_else(|| damaged("it announces too many cells"))?;
            Ok::<_, SqliteError>(
                pointers.chunks_exact(2).map(|pointer| usize::from(u16::from_be_bytes([pointer[0], pointer[1]]))),
            )
        };
        match header[0] {
            INTERIOR_TABLE => {
                let mut children = Vec::with_capacity(cells + 1);
                for at in pointers(12)? {
                    children.push(u32_at(bytes, at).ok_or_else(|| damaged("a cell lies outside"))?);
                }
                children.push(u32_at(header, 8).ok_or_else(|| damaged("it is too short"))?);
                Ok(Page::Interior(children))
            }
            LEAF_TABLE => {
                let mut room = self.usable;
                let mut rows = Vec::with_capacity(cells);
                for at in pointers(8)? {
                    let cell = self.cell(bytes, at).ok_or_else(|| damaged("a cell lies outside"))?;
                    room = room.checked_sub(cell.local.len()).ok_or_else(|| damaged("its cells overlap"))?;
                    rows.push(cell);
                }
                Ok(Page::Leaf(rows))
            }
            _ => Err(damaged("it belongs to no table")),
        }
    }

    /// Number of the following page and the data of an overflow page.
    pub(super) fn overflow(self, bytes: &[u8]) -> (u32, &[u8]) {
        (u32_at(bytes, 0).unwrap_or_default(), bytes.get(4..self.usable).unwrap_or_default())
    }

    fn cell(self, page: &[u8], at: usize) -> Option<Cell<'_>> {
        let mut rest = page.get(at..)?;
        let length = take_varint(&mut rest)?;
        let id = take_varint(&mut rest)?.cast_signed();
        let local = self.local_length(length);
        let overflow = if (local as u64) < length { u32_at(rest, local)? } else { 0 };
        if (local as u64) < length && overflow == 0 {
            return None;
        }
        Some(Cell { id, length, local: rest.get(..local)?, overflow })
    }

    /// How many bytes of a record stay on its page: all where they fit, else so many that the last overflow page is
    /// full, but no less than a minimum.
    fn local_length(self, length: u64) -> usize {
        let most = self.usable - 35;
        if length <= most as u64 {
            return length as usize;
        }
        let least = (self.usable - 12) * 32 / 255 - 23;
        let filling = least + ((length - least as u64) % (self.usable as u64 - 4)) as usize;
        if filling <= most { filling } else { least }
    }
}

/// The value of a column, counted from zero; `None` where the record has none or is cut off.
pub(crate) fn column(record: &[u8], index: usize) -> Option<Value<'_>> {
    let mut rest = record;
    let header_length = usize::try_from(take_varint(&mut rest)?).ok()?;
    let varint_length = record.len() - rest.len();
    let mut types = record.get(varint_length..header_length)?;
    let mut at = header_length;
    for _ in 0..index {
        at = at.checked_add(length_of(take_varint(&mut types)?)?)?;
    }
    let kind = take_varint(&mut types)?;
    let bytes = record.get(at..at.checked_add(length_of(kind)?)?)?;
    Some(match kind {
        0 => Value::Null,
        1..=6 => {
            let sign = if bytes.first()? & 0x80 == 0 { 0 } else { -1 };
            Value::Integer(bytes.iter().fold(sign, |number, &byte| number << 8 | i64::from(byte)))
        }
        7 => Value::Real(f64::from_be_bytes(*bytes.first_chunk()?)),
        8 => Value::Integer(0),
        9 => Value::Integer(1),
        kind if kind >= 12 && kind % 2 == 0 => Value::Blob(bytes),
        kind if kind >= 13 => Value::Text(bytes),
        _ => return None,
    })
}

/// Bytes of a value by its serial type.
fn length_of(kind: u64) -> Option<usize> {
    Some(match kind {
        0 | 8 | 9 => 0,
        1..=4 => kind as usize,
        5 => 6,
        6 | 7 => 8,
        10 | 11 => return None,
        _ => usize::try_from((kind - 12) / 2).ok()?,
    })
}

/// A big-endian number of one to nine bytes: seven bits each, eight in the ninth.
fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for read in 1..=9 {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        if read == 9 {
            return Some(number << 8 | u64::from(byte));
        }
        number = number << 7 | u64::from(byte & 0x7f);
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}
