//! Bytes of strangers, taken one after another.

/// What is left of them.
pub(super) struct Cursor<'d>(&'d [u8]);

/// Bytes that are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Damaged(pub(super) &'static str);

const CUT: Damaged = Damaged("it ends too early");

impl<'d> Cursor<'d> {
    pub(super) fn new(bytes: &'d [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'d [u8], Damaged> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(CUT)?;
        self.0 = rest;
        Ok(taken)
    }

    /// A number of at most 64 bits.
    pub(super) fn number(&mut self) -> Result<u64, Damaged> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first().ok_or(CUT)?;
            self.0 = rest;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                break;
            }
            number |= bits << shift;
            if *byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Damaged("a number is larger than there are"))
    }

    /// A number of things that take at least one byte each.
    pub(super) fn count(&mut self) -> Result<usize, Damaged> {
        let count = usize::try_from(self.number()?).map_err(|_| CUT)?;
        if count > self.0.len() { Err(CUT) } else { Ok(count) }
    }

    /// Bytes with their number before them.
    pub(super) fn counted(&mut self) -> Result<&'d [u8], Damaged> {
        let count = self.count()?;
        self.take(count)
    }

    /// Bytes with their number before them, in eight bytes.
    pub(super) fn section(&mut self) -> Result<&'d [u8], Damaged> {
        let length = self.take(8)?.try_into().expect("eight were taken");
        self.take(usize::try_from(u64::from_le_bytes(length)).map_err(|_| CUT)?)
    }

    pub(super) fn end(self) -> Result<(), Damaged> {
        if self.0.is_empty() { Ok(()) } else { Err(Damaged("it goes on after its end")) }
    }
}

/// Writes what [`Cursor::number`] reads.
pub(super) fn put_number(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Writes what [`Cursor::counted`] reads.
pub(super) fn put_counted(bytes: &[u8], out: &mut Vec<u8>) {
    put_number(bytes.len() as u64, out);
    out.extend(bytes);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_are_read_as_they_were_written(number in any::<u64>(), bits in 0_u32..64) {
            let number = number >> bits;
            let mut bytes = Vec::new();
            put_number(number, &mut bytes);
            let mut cursor = Cursor::new(&bytes);
            prop_assert_eq!(cursor.number(), Ok(number));
            prop_assert_eq!(cursor.end(), Ok(()));
            prop_assert_eq!(Cursor::new(&bytes[..bytes.len() - 1]).number(), Err(CUT));
        }
    }

    #[test]
    fn what_is_too_large_or_not_there_is_refused() {
        assert_eq!(Cursor::new(&[0xff; 11]).number(), Err(Damaged("a number is larger than there are")));
        let largest = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(Cursor::new(&[&largest[..], &[1]].concat()).number(), Ok(u64::MAX));
        assert!(Cursor::new(&[&largest[..], &[2]].concat()).number().is_err());
        assert_eq!(Cursor::new(&[2, 0]).counted(), Err(CUT));
        assert_eq!(Cursor::new(&[0xff; 9]).section(), Err(CUT));
        assert!(Cursor::new(&[1]).end().is_err());
    }
}
