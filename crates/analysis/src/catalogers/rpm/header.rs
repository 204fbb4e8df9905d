//! rpm's header: the tags of one package (`spec/analysis.md` §5.2).
//!
//! A header is an index of `{tag, type, offset, count}` over a store of values, all big-endian. It holds far more than a
//! scan wants (changelogs, scripts, signatures), so [`Header::read`] copies the values of [`TAGS`] and lets go of the
//! rest; what the values mean is worked out only for packages that stay.

use crate::bytes::Bytes;

/// A header reduced to the tags in [`TAGS`].
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Header {
    values: Vec<Value>,
    store: Bytes,
}

/// Where the value of one tag is in the store.
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
struct Value {
    tag: Tag,
    kind: u32,
    start: u32,
    end: u32,
}

/// A tag that is read, by its number in rpm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Tag(u32);

macro_rules! tags {
    ($($name:ident = $number:literal,)*) => {
        impl Tag {
            $(pub(crate) const $name: Self = Self($number);)*
        }

        /// The tags that are kept.
        const TAGS: &[u32] = &[$($number,)*];
    };
}

tags! {
    NAME = 1000,
    VERSION = 1001,
    RELEASE = 1002,
    EPOCH = 1003,
    SIZE = 1009,
    VENDOR = 1011,
    LICENSE = 1014,
    ARCH = 1022,
    FILE_SIZES = 1028,
    FILE_MODES = 1030,
    FILE_DIGESTS = 1035,
    FILE_FLAGS = 1037,
    FILE_USER_NAME = 1039,
    FILE_GROUP_NAME = 1040,
    SOURCE_RPM = 1044,
    PROVIDE_NAME = 1047,
    REQUIRE_NAME = 1049,
    DIR_INDEXES = 1116,
    BASE_NAMES = 1117,
    DIR_NAMES = 1118,
    LONG_FILE_SIZES = 5008,
    LONG_SIZE = 5009,
    FILE_DIGEST_ALGORITHM = 5011,
    MODULARITY_LABEL = 5096,
}

/// Why a header is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidHeader {
    #[error("the header is shorter than the {wanted} bytes it announces")]
    Short { wanted: u64 },
    #[error("the header announces {0} tags; rpm writes 65535 at most")]
    TooManyTags(u32),
    #[error("tag {tag} lies outside the header or is of a type (number {kind}) that its count does not fit")]
    Tag { tag: u32, kind: u32 },
    #[error("the values of the header's tags overlap")]
    Overlap,
}

const CHAR: u32 = 1;
const INT8: u32 = 2;
const INT16: u32 = 3;
const INT32: u32 = 4;
const INT64: u32 = 5;
const STRING: u32 = 6;
const BIN: u32 = 7;
const STRING_ARRAY: u32 = 8;
const I18N_STRING: u32 = 9;

const MAX_TAGS: u32 = 65_535;
const MAX_STORE: u32 = 0x0fff_ffff;

impl Header {
    /// Reads a header as it is stored in a database: without lead or magic.
    pub(crate) fn read(blob: &[u8]) -> Result<Self, InvalidHeader> {
        let tags = big_endian(blob, 0).ok_or(InvalidHeader::Short { wanted: 8 })?;
        let length = big_endian(blob, 4).ok_or(InvalidHeader::Short { wanted: 8 })?;
        if tags > MAX_TAGS {
            return Err(InvalidHeader::TooManyTags(tags));
        }
        let wanted = 8 + u64::from(tags) * 16 + u64::from(length);
        if length > MAX_STORE || wanted > blob.len() as u64 {
            return Err(InvalidHeader::Short { wanted });
        }
        let (index, store) = blob[8..wanted as usize].split_at(tags as usize * 16);
        let mut values: Vec<Value> = Vec::new();
        let mut kept = Vec::new();
        for entry in index.chunks_exact(16) {
            let field = |at| big_endian(entry, at).expect("an index entry has sixteen bytes");
            let (tag, kind, offset, count) = (field(0), field(4), field(8), field(12));
            if !TAGS.contains(&tag) {
                continue;
            }
            let value = extent(store, kind, offset, count).ok_or(InvalidHeader::Tag { tag, kind })?;
            // Values of an honest header do not overlap, so they are never more than the store; others could unfold a
            // small header to many times its size.
            if kept.len() + value.len() > store.len() {
                return Err(InvalidHeader::Overlap);
            }
            let start = kept.len() as u32;
            kept.extend_from_slice(value);
            values.push(Value { tag: Tag(tag), kind, start, end: kept.len() as u32 });
        }
        Ok(Self { values, store: kept.into() })
    }

    /// The text of a tag, the first where it has several; bytes that are not UTF-8 are replaced.
    pub(crate) fn text(&self, tag: Tag) -> Option<String> {
        self.texts(tag).next()
    }

    /// The texts of a tag.
    pub(crate) fn texts(&self, tag: Tag) -> impl Iterator<Item = String> + '_ {
        self.strings(tag).map(|text| String::from_utf8_lossy(text).into_owned())
    }

    /// The texts of a tag as they are written.
    pub(crate) fn strings(&self, tag: Tag) -> impl Iterator<Item = &[u8]> + '_ {
        let bytes = match self.value(tag) {
            Some((STRING | STRING_ARRAY | I18N_STRING, bytes)) => bytes,
            _ => &[],
        };
        // Every text ends in a NUL, so the last part of the split is empty.
        bytes.strip_suffix(&[0]).into_iter().flat_map(|texts| texts.split(|&b| b == 0))
    }

    /// The number of a tag, the first where it has several.
    pub(crate) fn number(&self, tag: Tag) -> Option<u64> {
        self.numbers(tag).next()
    }

    /// The numbers of a tag.
    pub(crate) fn numbers(&self, tag: Tag) -> impl Iterator<Item = u64> + '_ {
        let (width, bytes) = match self.value(tag) {
            Some((CHAR | INT8, bytes)) => (1, bytes),
            Some((INT16, bytes)) => (2, bytes),
            Some((INT32, bytes)) => (4, bytes),
            Some((INT64, bytes)) => (8, bytes),
            _ => (1, &[][..]),
        };
        bytes.chunks_exact(width).map(|number| number.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte)))
    }

    /// Type and bytes of a tag. Tags that rpm appended after installation ("dribbles") come last and count.
    fn value(&self, tag: Tag) -> Option<(u32, &[u8])> {
        let value = self.values.iter().rfind(|value| value.tag == tag)?;
        Some((value.kind, &self.store[value.start as usize..value.end as usize]))
    }
}

/// The bytes of a value, `None` where they are outside the store, unaligned, or not ended.
fn extent(store: &[u8], kind: u32, offset: u32, count: u32) -> Option<&[u8]> {
    let bytes = store.get(offset as usize..)?;
    let width = match kind {
        CHAR | INT8 | BIN => 1,
        INT16 => 2,
        INT32 => 4,
        INT64 => 8,
        STRING if count != 1 => return None,
        STRING | STRING_ARRAY | I18N_STRING => {
            let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == 0).map(|(at, _)| at + 1);
            let last = (count as usize).checked_sub(1)?;
            return bytes.get(..ends.into_iter().nth(last)?);
        }
        _ => return None,
    };
    offset.is_multiple_of(width).then_some(())?;
    bytes.get(..(count as usize).checked_mul(width as usize)?)
}

fn big_endian(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}
