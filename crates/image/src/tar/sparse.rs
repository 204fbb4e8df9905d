//! Files stored without their holes.

use super::block::number;

/// A run of bytes that is stored; everything between runs is zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Region {
    pub(super) offset: u64,
    pub(super) length: u64,
}

/// The regions of a map given as offset, length, offset, length…, checked: in order, apart, within `real_size`, and
/// together as long as what is stored.
pub(super) fn regions(map: &[i64], real_size: u64, stored: u64) -> Option<Vec<Region>> {
    let (pairs, odd) = map.as_chunks::<2>();
    if !odd.is_empty() {
        return None;
    }
    let mut regions = Vec::with_capacity(pairs.len());
    let (mut end, mut total) = (0_u64, 0_u64);
    for [offset, length] in pairs {
        let (offset, length) = (u64::try_from(*offset).ok()?, u64::try_from(*length).ok()?);
        if offset < end {
            return None;
        }
        end = offset.checked_add(length)?;
        total = total.checked_add(length)?;
        if length > 0 {
            regions.push(Region { offset, length });
        }
    }
    (end <= real_size && total == stored).then_some(regions)
}

/// Appends the pairs of a GNU header or extension block; an offset that is not written ends them.
pub(super) fn push_gnu_pairs(fields: &[u8], map: &mut Vec<i64>) -> Option<()> {
    for pair in fields.as_chunks::<24>().0 {
        if pair[0] == 0 {
            break;
        }
        map.push(number(&pair[..12])?);
        map.push(number(&pair[12..])?);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_must_be_in_order_and_fit() {
        let region = |offset, length| Region { offset, length };
        assert_eq!(regions(&[0, 4, 10, 2], 20, 6), Some(vec![region(0, 4), region(10, 2)]));
        assert_eq!(regions(&[0, 4, 20, 0], 20, 4), Some(vec![region(0, 4)]), "an empty region marks the end");
        assert_eq!(regions(&[], 20, 0), Some(vec![]), "all hole");
        assert_eq!(regions(&[0, 4, 2, 2], 20, 6), None, "overlap");
        assert_eq!(regions(&[0, 4, 10], 20, 4), None, "odd");
        assert_eq!(regions(&[0, 40], 20, 40), None, "beyond the file");
        assert_eq!(regions(&[0, 4], 20, 5), None, "stored bytes without a place");
        assert_eq!(regions(&[-1, 4], 20, 4), None, "negative");
        assert_eq!(regions(&[i64::MAX, i64::MAX, i64::MAX, i64::MAX], u64::MAX, 0), None, "overflow");
    }
}
