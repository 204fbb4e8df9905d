//! Paths of many files in little memory.

/// Every so manieth path is kept whole, so that one can be told without all those before it.
const WHOLE: usize = 64;

/// Paths in their order. Each is kept as what it shares with the one before it and what follows: of sorted paths that is
/// a sixth.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PathList {
    /// Bytes that a path begins with as the one before it: whole characters, no more than there are, and none in every
    /// [`WHOLE`]th. One byte each also bounds what a list from a stranger unfolds to.
    shared: Vec<u8>,
    /// Where what follows ends in `tails`.
    ends: Vec<usize>,
    tails: String,
}

/// Columns that are no list of paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the paths do not continue each other")]
pub struct InvalidPathList;

impl PathList {
    /// # Errors
    /// Where a path goes on from more than there is, from a part of a character, or from another one where it should be
    /// whole.
    pub fn new(shared: Vec<u8>, ends: Vec<usize>, tails: String) -> Result<Self, InvalidPathList> {
        let is_in_place = |(index, shared): (usize, &u8)| *shared == 0 || !index.is_multiple_of(WHOLE);
        let is_sound = shared.len() == ends.len()
            && ends.is_sorted()
            && ends.last().copied().unwrap_or_default() == tails.len()
            && ends.iter().all(|end| tails.is_char_boundary(*end))
            && shared.iter().enumerate().all(is_in_place);
        if !is_sound {
            return Err(InvalidPathList);
        }
        let list = Self { shared, ends, tails };
        if list.continues() { Ok(list) } else { Err(InvalidPathList) }
    }

    /// Whether each path continues the one before it.
    fn continues(&self) -> bool {
        if self.tails.is_ascii() {
            let mut length = 0;
            return (0..self.len()).all(|index| {
                let shared = usize::from(self.shared[index]);
                let is_there = shared <= length;
                length = shared + self.tail(index).len();
                is_there
            });
        }
        let mut path = String::new();
        (0..self.len()).all(|index| {
            let is_there = path.is_char_boundary(self.shared[index].into());
            if is_there {
                self.go_on(&mut path, index);
            }
            is_there
        })
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The path at an index.
    ///
    /// # Panics
    /// Where there is none.
    pub fn get(&self, index: usize) -> String {
        let mut path = String::new();
        for place in index - index % WHOLE..=index {
            self.go_on(&mut path, place);
        }
        path
    }

    /// Where this path is, if the list is sorted.
    pub fn find(&self, wanted: &str) -> Option<usize> {
        let blocks = self.len().div_ceil(WHOLE);
        let (mut low, mut high) = (0, blocks);
        while low < high {
            let middle = low.midpoint(high);
            if self.tail(middle * WHOLE) <= wanted { low = middle + 1 } else { high = middle }
        }
        let start = low.checked_sub(1)? * WHOLE;
        let mut path = String::new();
        (start..self.len().min(start + WHOLE)).find(|&place| {
            self.go_on(&mut path, place);
            path == wanted
        })
    }

    /// The columns: what paths share with those before them, where the rest of each ends, and these rests.
    pub fn columns(&self) -> (&[u8], &[usize], &str) {
        (&self.shared, &self.ends, &self.tails)
    }

    fn tail(&self, index: usize) -> &str {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.tails[start..self.ends[index]]
    }

    fn go_on(&self, path: &mut String, index: usize) {
        path.truncate(self.shared[index].into());
        path.push_str(self.tail(index));
    }
}

impl<'p> FromIterator<&'p str> for PathList {
    fn from_iter<T: IntoIterator<Item = &'p str>>(paths: T) -> Self {
        let mut list = Self::default();
        let mut before = "";
        for (index, path) in paths.into_iter().enumerate() {
            let shared = if index.is_multiple_of(WHOLE) { 0 } else { in_common(before, path) };
            list.shared.push(shared);
            list.tails.push_str(&path[shared.into()..]);
            list.ends.push(list.tails.len());
            before = path;
        }
        list
    }
}

/// How many bytes at their beginning two texts have in common, as far as a byte can say; whole characters.
fn in_common(a: &str, b: &str) -> u8 {
    let equal = a.bytes().zip(b.bytes()).take(u8::MAX.into()).take_while(|(a, b)| a == b).count();
    u8::try_from(b.floor_char_boundary(equal)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn paths_are_told_and_found_as_they_were_given(
            paths in proptest::collection::btree_set("(/|a|b|é|è){0,9}|a{250}[ab]{0,20}", 0..200),
        ) {
            let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
            let list: PathList = paths.iter().copied().collect();
            for (index, path) in paths.iter().enumerate() {
                prop_assert_eq!(&list.get(index), path);
                prop_assert_eq!(list.find(path), Some(index));
            }
            for absent in ["", "/b", "zz", "é/"].into_iter().filter(|absent| !paths.contains(absent)) {
                prop_assert_eq!(list.find(absent), None);
            }
            let (shared, ends, tails) = list.columns();
            prop_assert_eq!(PathList::new(shared.into(), ends.into(), tails.into()), Ok(list.clone()));
        }

        #[test]
        fn columns_of_strangers_are_refused_or_hold(
            shared in proptest::collection::vec(0_u8..4, 0..5), ends in proptest::collection::vec(0_usize..8, 0..5),
            tails in "[aé/]{0,6}",
        ) {
            let count = ends.len();
            if let Ok(list) = PathList::new(shared, ends, tails) {
                let paths: Vec<_> = (0..count).map(|index| list.get(index)).collect();
                prop_assert_eq!(paths.len(), list.len());
            }
        }
    }

    #[test]
    fn paths_that_continue_what_is_not_there_are_refused() {
        for (shared, ends, tails) in [
            (vec![1], vec![1], "a"),
            (vec![0, 2], vec![1, 2], "ab"),
            (vec![0, 1], vec![2, 3], "éb"),
            (vec![0, 0], vec![1, 2], "é"),
            (vec![0], vec![1], "ab"),
            (vec![0, 0], vec![1], "a"),
            (vec![0, 0], vec![2, 1], "ab"),
        ] {
            assert_eq!(PathList::new(shared, ends, tails.to_owned()), Err(InvalidPathList), "{tails}");
        }
    }
}
