//! The 512-byte header block: fixed fields, two ways to write a number, and a checksum.
//!
//! Where tar implementations disagree this follows Go's `archive/tar`, because container runtimes unpack layers with it:
//! a scanner that read an archive differently would look at other files than those that run.

/// Bytes of a block.
pub const BLOCK: usize = 512;

/// A header block.
pub struct Block(pub [u8; BLOCK]);

/// The dialects that change the meaning of the fields behind the magic.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dialect {
    V7,
    Ustar,
    Star,
    Gnu,
}

impl Block {
    /// Two such blocks end an archive.
    pub fn is_zero(&self) -> bool {
        self.0.iter().all(|byte| *byte == 0)
    }

    /// Whether the checksum field is the sum of all bytes, as unsigned or (some old writers) signed numbers, the field
    /// itself read as spaces.
    pub fn checksum_holds(&self) -> bool {
        let Some(stated) = octal(&self.0[148..156]) else { return false };
        let others = || self.0[..148].iter().chain(&self.0[156..]);
        let unsigned: u64 = others().map(|byte| u64::from(*byte)).sum::<u64>() + 8 * 32;
        let signed: i64 = others().map(|byte| i64::from(byte.cast_signed())).sum::<i64>() + 8 * 32;
        stated == unsigned || i64::try_from(stated) == Ok(signed)
    }

    /// What kind of entry it heads.
    pub fn typeflag(&self) -> u8 {
        self.0[156]
    }

    /// Appends the name, with the prefix that ustar and star keep apart.
    pub fn name_into(&self, out: &mut Vec<u8>) {
        let prefix = match self.dialect() {
            Dialect::Ustar => text(&self.0[345..500]),
            Dialect::Star => text(&self.0[345..476]),
            Dialect::V7 | Dialect::Gnu => b"",
        };
        if !prefix.is_empty() {
            out.extend_from_slice(prefix);
            out.push(b'/');
        }
        out.extend_from_slice(text(&self.0[..100]));
    }

    /// Where a link leads.
    pub fn link(&self) -> &[u8] {
        text(&self.0[157..257])
    }

    pub(super) fn mode(&self) -> Option<i64> {
        number(&self.0[100..108])
    }

    pub(super) fn uid(&self) -> Option<i64> {
        number(&self.0[108..116])
    }

    pub(super) fn gid(&self) -> Option<i64> {
        number(&self.0[116..124])
    }

    /// Bytes of content, `None` if the field holds no number.
    pub fn size(&self) -> Option<i64> {
        number(&self.0[124..136])
    }

    pub(super) fn modified(&self) -> Option<i64> {
        number(&self.0[136..148])
    }

    /// The first four regions of a GNU sparse file (the rest is in extension blocks) and its size when expanded.
    pub(super) fn gnu_sparse(&self) -> Option<GnuSparse<'_>> {
        if self.dialect() != Dialect::Gnu {
            return None;
        }
        Some(GnuSparse {
            regions: &self.0[386..482],
            extended: self.0[482] != 0,
            real_size: number(&self.0[483..495])?,
        })
    }

    /// The 21 regions of a GNU sparse extension block, and whether another block follows.
    pub(super) fn gnu_sparse_extension(&self) -> (&[u8], bool) {
        (&self.0[..504], self.0[504] != 0)
    }

    fn dialect(&self) -> Dialect {
        match &self.0[257..265] {
            b"ustar  \0" => Dialect::Gnu,
            magic if magic.starts_with(b"ustar\0") && &self.0[508..512] == b"tar\0" => Dialect::Star,
            magic if magic.starts_with(b"ustar\0") => Dialect::Ustar,
            _ => Dialect::V7,
        }
    }
}

pub(super) struct GnuSparse<'b> {
    /// Pairs of 12-byte numbers: offset and length.
    pub(super) regions: &'b [u8],
    pub(super) extended: bool,
    pub(super) real_size: i64,
}

/// Up to the first NUL.
pub fn text(field: &[u8]) -> &[u8] {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    &field[..end]
}

/// A number in octal digits or, if the first bit is set, in big-endian two's complement.
pub(super) fn number(field: &[u8]) -> Option<i64> {
    let first = *field.first()?;
    if first & 0x80 == 0 {
        return octal(field).and_then(|number| i64::try_from(number).ok());
    }
    // The marker bit is not part of the number; the bit below it is its sign.
    let negative = first & 0x40 != 0;
    let mut number = if negative { -1_i128 } else { 0 };
    for (at, byte) in field.iter().enumerate() {
        let byte = match (at, negative) {
            (0, true) => byte | 0x80,
            (0, false) => byte & 0x7f,
            _ => *byte,
        };
        number = number.checked_mul(256)?.checked_add(i128::from(byte))?;
        if !(-(1 << 100)..1 << 100).contains(&number) {
            return None;
        }
    }
    i64::try_from(number).ok()
}

/// Octal digits between spaces and NULs; an empty field is 0.
fn octal(field: &[u8]) -> Option<u64> {
    let blank = |byte: &u8| matches!(byte, b' ' | 0);
    let Some(start) = field.iter().position(|byte| !blank(byte)) else { return Some(0) };
    let end = field.iter().rposition(|byte| !blank(byte)).map_or(start, |last| last + 1);
    text(&field[start..end]).iter().try_fold(0_u64, |number, digit| match digit {
        b'0'..=b'7' => number.checked_mul(8)?.checked_add(u64::from(digit - b'0')),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_are_octal_or_binary() {
        assert_eq!(number(b"0000644\0"), Some(0o644));
        assert_eq!(number(b" 644 \0\0\0"), Some(0o644));
        assert_eq!(number(b"\0\0\0\0\0\0\0\0"), Some(0));
        assert_eq!(number(b"\x80\0\0\0\0\0\x01\0"), Some(256));
        assert_eq!(number(&[0xff; 12]), Some(-1));
        assert_eq!(number(b"\x80\0\0\0\x10\0\0\0\0\0\0\0"), Some(1 << 60));
        assert_eq!(number(b"0000689\0"), None, "not octal");
        assert_eq!(
            number(&[0xbf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
            None,
            "too large"
        );
        assert_eq!(number(b""), None);
    }
}
