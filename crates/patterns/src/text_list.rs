//! Many texts that are asked about together.

use std::borrow::Cow;

/// Every so manieth text is kept whole, so that one can be told without all those before it.
const WHOLE: usize = 64;

/// Texts that several patterns are asked of, such as the paths of an image. What a text shares with the one before it is
/// kept once, so that texts which begin alike, as sorted paths do, are cheap to go through.
#[derive(Clone, Debug, Default)]
pub struct TextList<'t> {
    /// How many bytes each text has in common with the one before it, as far as a byte can say.
    shared: Cow<'t, [u8]>,
    /// Where the rest of each ends in `tails`.
    ends: Cow<'t, [usize]>,
    tails: Cow<'t, str>,
    /// Indices of the texts that are empty or not ASCII.
    odd: Vec<usize>,
}

/// A text as what is left of the one before it, and what follows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Continuation<'l> {
    /// Bytes at its beginning that are those of the text before.
    pub(crate) shared: usize,
    pub(crate) tail: &'l str,
}

impl<'t> FromIterator<&'t str> for TextList<'t> {
    fn from_iter<T: IntoIterator<Item = &'t str>>(texts: T) -> Self {
        let (mut shared, mut ends, mut tails) = (Vec::new(), Vec::new(), String::new());
        let mut before = "";
        for (index, text) in texts.into_iter().enumerate() {
            let in_common = if index.is_multiple_of(WHOLE) { 0 } else { in_common(before, text) };
            shared.push(in_common);
            tails.push_str(&text[usize::from(in_common)..]);
            ends.push(tails.len());
            before = text;
        }
        Self::new(shared.into(), ends.into(), tails.into())
    }
}

/// How many bytes at their beginning two texts have in common, as far as a byte can say; whole characters.
fn in_common(a: &str, b: &str) -> u8 {
    let limit = a.len().min(b.len()).min(u8::MAX.into());
    let (a_words, b_words) = (a.as_bytes()[..limit].as_chunks::<8>().0, b.as_bytes()[..limit].as_chunks::<8>().0);
    let words = a_words.iter().zip(b_words).take_while(|(a, b)| a == b).count() * 8;
    let (a_rest, b_rest) = (&a.as_bytes()[words..limit], &b.as_bytes()[words..limit]);
    let equal = words + a_rest.iter().zip(b_rest).take_while(|(a, b)| a == b).count();
    u8::try_from(b.floor_char_boundary(equal)).expect("no more than the limit")
}

impl<'t> TextList<'t> {
    /// Texts as they are often kept: for each the number of bytes that it begins with as the one before it, and where
    /// its own bytes end in `tails`. Some are to share nothing, so that a text can be told without all those before it.
    ///
    /// # Panics
    /// Here or later, when these do not belong together: no text may share more than there is, or parts of characters.
    pub fn front_coded(shared: &'t [u8], ends: &'t [usize], tails: &'t str) -> Self {
        Self::new(shared.into(), ends.into(), tails.into())
    }

    fn new(shared: Cow<'t, [u8]>, ends: Cow<'t, [usize]>, tails: Cow<'t, str>) -> Self {
        let mut list = Self { shared, ends, tails, odd: Vec::new() };
        let has_empty = || list.continuations().any(|text| text.shared == 0 && text.tail.is_empty());
        if !list.tails.is_ascii() || has_empty() {
            let mut odd = Vec::new();
            list.each(|index, text| {
                if text.is_empty() || !text.is_ascii() {
                    odd.push(index);
                }
            });
            list.odd = odd;
        }
        list
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub(crate) fn odd(&self) -> &[usize] {
        &self.odd
    }

    pub(crate) fn continuations(&self) -> impl Iterator<Item = Continuation<'_>> {
        let mut start = 0;
        self.shared.iter().zip(&*self.ends).map(move |(&shared, &end)| {
            let tail = &self.tails[start..end];
            start = end;
            Continuation { shared: shared.into(), tail }
        })
    }

    pub(crate) fn text(&self, index: usize) -> String {
        let start = self.shared[..=index].iter().rposition(|&shared| shared == 0).unwrap_or_default();
        let mut text = String::new();
        for place in start..=index {
            text.truncate(self.shared[place].into());
            let tail = if place == 0 { 0 } else { self.ends[place - 1] }..self.ends[place];
            text.push_str(&self.tails[tail]);
        }
        text
    }

    /// Tells every text, in the order in which they were given.
    pub(crate) fn each(&self, mut hear: impl FnMut(usize, &str)) {
        let mut text = String::new();
        for (index, Continuation { shared, tail }) in self.continuations().enumerate() {
            text.truncate(shared);
            text.push_str(tail);
            hear(index, &text);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn texts_can_be_put_together_again(texts in proptest::collection::vec("[ab/éè]{0,20}|a{250}[ab]{0,20}", 0..150)) {
            let list: TextList<'_> = texts.iter().map(String::as_str).collect();
            let borrowed = TextList::front_coded(&list.shared, &list.ends, &list.tails);
            let mut told = Vec::new();
            borrowed.each(|_, text| told.push(text.to_owned()));
            prop_assert_eq!(&told, &texts);
            prop_assert_eq!((0..texts.len()).map(|index| borrowed.text(index)).collect::<Vec<_>>(), &texts[..]);
            let is_odd = |index: &usize| texts[*index].is_empty() || !texts[*index].is_ascii();
            prop_assert_eq!(borrowed.odd(), (0..texts.len()).filter(is_odd).collect::<Vec<_>>());
        }
    }
}
