//! Berkeley DB hash databases, in which rpm kept its packages until version 4.16 (`Packages`).
//!
//! The file is a hash table, but its order does not matter here: every page is visited once, and each value on a hash
//! page is a header. Page numbers, lengths and chains come from the file and are believed only within it.

use std::io::{self, Read, Seek, SeekFrom};

use super::super::pages::Pages;

const MAGIC: u32 = 0x0006_1561;
const META_LENGTH: usize = 512;
const PAGE_HEADER: usize = 26;

const HASH_META: u8 = 8;
const HASH_UNSORTED: u8 = 2;
const HASH: u8 = 13;
const OVERFLOW: u8 = 7;

const INLINE: u8 = 1;
const OFF_PAGE: u8 = 3;

/// Smaller values are counters, not headers.
const SMALLEST_HEADER: usize = 24;

/// Why a file is no such database.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BdbError {
    #[error("the database cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error("it is no Berkeley DB hash database")]
    NotHash,
    #[error("its pages of {0} bytes are of a size that Berkeley DB does not write")]
    PageSize(u32),
    #[error("the database is encrypted")]
    Encrypted,
}

/// Whether a file that begins like this is a Berkeley DB hash database.
pub(crate) fn is_bdb(head: &[u8]) -> bool {
    byte_order(head).is_some()
}

/// Hands every value to `each`. A value whose pages do not hang together goes to `broken` with the reason, and the others
/// are read all the same.
///
/// # Errors
/// Where the file as a whole is no such database.
pub(crate) fn values<R: Read + Seek>(
    mut source: R,
    mut each: impl FnMut(&[u8]),
    mut broken: impl FnMut(String),
) -> Result<(), BdbError> {
    let mut meta = [0; META_LENGTH];
    source.seek(SeekFrom::Start(0))?;
    source.read_exact(&mut meta).map_err(|_| BdbError::NotHash)?;
    let order = byte_order(&meta).ok_or(BdbError::NotHash)?;
    let page_size = order.u32(&meta, 20);
    if meta[25] != HASH_META {
        return Err(BdbError::NotHash);
    }
    if meta[24] != 0 {
        return Err(BdbError::Encrypted);
    }
    if !page_size.is_power_of_two() || !(512..=65_536).contains(&page_size) {
        return Err(BdbError::PageSize(page_size));
    }
    let last = order.u32(&meta, 32);
    let mut database = Database {
        order,
        pages: Pages::new(source, page_size)?,
        used: vec![false; 0],
        value: Vec::new(),
        link: Vec::new(),
    };
    database.used = vec![false; database.pages.count() as usize];
    let mut page = Vec::new();
    for number in 1..=last {
        if !database.pages.read(number, &mut page)? {
            broken(format!("the database ends at page {number}, although page {last} should be the last"));
            break;
        }
        if matches!(page[25], HASH_UNSORTED | HASH) {
            for item in order.values_of(&page) {
                match database.value(item)? {
                    Ok(Some(value)) => each(value),
                    Ok(None) => {}
                    Err(reason) => broken(format!("a value on page {number} cannot be read: {reason}")),
                }
            }
        }
    }
    Ok(())
}

struct Database<R> {
    order: Order,
    pages: Pages<R>,
    /// Overflow pages that some value has claimed: no page belongs to two values, so the work is bounded by the file.
    used: Vec<bool>,
    value: Vec<u8>,
    link: Vec<u8>,
}

impl<R: Read + Seek> Database<R> {
    /// The header that an item holds or refers to; `None` for other kinds of items.
    fn value(&mut self, item: &[u8]) -> io::Result<Result<Option<&[u8]>, &'static str>> {
        match item {
            [INLINE, value @ ..] if value.len() >= SMALLEST_HEADER => {
                self.value.clear();
                self.value.extend_from_slice(value);
                Ok(Ok(Some(&self.value)))
            }
            [OFF_PAGE, rest @ ..] if rest.len() >= 11 => {
                let (first, length) = (self.order.u32(rest, 3), self.order.u32(rest, 7));
                Ok(self.chain(first, length as usize)?.map(|()| Some(self.value.as_slice())))
            }
            _ => Ok(Ok(None)),
        }
    }

    /// Gathers a value from its chain of overflow pages.
    fn chain(&mut self, first: u32, length: usize) -> io::Result<Result<(), &'static str>> {
        self.value.clear();
        let mut number = first;
        while number != 0 && self.value.len() < length {
            match self.used.get_mut(number as usize) {
                Some(used) if !*used => *used = true,
                Some(_) => return Ok(Err("its overflow pages belong to another value, too")),
                None => return Ok(Err("its overflow pages lie outside the file")),
            }
            self.pages.read(number, &mut self.link)?;
            if self.link[25] != OVERFLOW {
                return Ok(Err("what should be its overflow page is of another kind"));
            }
            let next = self.order.u32(&self.link, 16);
            let data = &self.link[PAGE_HEADER..];
            let filled = if next == 0 { usize::from(self.order.u16(&self.link, 22)) } else { data.len() };
            self.value.extend_from_slice(&data[..filled.min(data.len())]);
            number = next;
        }
        if self.value.len() < length {
            return Ok(Err("its overflow pages hold less than its length"));
        }
        self.value.truncate(length);
        Ok(Ok(()))
    }
}

/// The byte order in which the database was written: that of the machine.
#[derive(Clone, Copy)]
enum Order {
    Little,
    Big,
}

fn byte_order(meta: &[u8]) -> Option<Order> {
    let magic = meta.get(12..)?.first_chunk()?;
    match (u32::from_le_bytes(*magic), u32::from_be_bytes(*magic)) {
        (MAGIC, _) => Some(Order::Little),
        (_, MAGIC) => Some(Order::Big),
        _ => None,
    }
}

impl Order {
    fn u32(self, bytes: &[u8], at: usize) -> u32 {
        let bytes = *bytes[at..].first_chunk().expect("callers look within headers whose length was checked");
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }

    fn u16(self, bytes: &[u8], at: usize) -> u16 {
        let bytes = *bytes[at..].first_chunk().expect("callers look within headers whose length was checked");
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }

    /// The values on a hash page. Items lie one below the other from the end of the page, keys and values in turn.
    fn values_of(self, page: &[u8]) -> impl Iterator<Item = &[u8]> {
        let room = (page.len() - PAGE_HEADER) / 2;
        let items = usize::from(self.u16(page, 20)).min(room);
        let start = move |item: usize| usize::from(self.u16(page, PAGE_HEADER + item * 2));
        (1..items).step_by(2).filter_map(move |item| page.get(start(item)..start(item - 1)))
    }
}
