//! Many texts that are asked about together.

/// Texts that several patterns are asked of, such as the paths of an image. What a text shares with the one before it is
/// kept once, so that texts which begin alike, as sorted paths do, are cheap to go through.
#[derive(Clone, Debug, Default)]
pub struct TextList<'t> {
    texts: Vec<&'t str>,
    /// How much of each text is that of the one before it, and where its own bytes end in `tails`.
    shapes: Vec<Shape>,
    tails: Vec<u8>,
    /// Indices of the texts that are empty or not ASCII.
    odd: Vec<usize>,
}

#[derive(Clone, Copy, Debug)]
struct Shape {
    shared: usize,
    end: usize,
}

/// A text as what is left of the one before it, and what follows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Continuation<'l> {
    /// Bytes at its beginning that are those of the text before.
    pub(crate) shared: usize,
    pub(crate) tail: &'l [u8],
}

impl<'t> FromIterator<&'t str> for TextList<'t> {
    fn from_iter<T: IntoIterator<Item = &'t str>>(texts: T) -> Self {
        let mut list = Self::default();
        let mut before = "";
        for (index, text) in texts.into_iter().enumerate() {
            let shared = shared(before.as_bytes(), text.as_bytes());
            list.tails.extend(&text.as_bytes()[shared..]);
            list.shapes.push(Shape { shared, end: list.tails.len() });
            list.texts.push(text);
            if text.is_empty() || !text.is_ascii() {
                list.odd.push(index);
            }
            before = text;
        }
        list
    }
}

/// How many bytes at their beginning two texts have in common.
fn shared(a: &[u8], b: &[u8]) -> usize {
    let (a_words, b_words) = (a.as_chunks::<8>().0, b.as_chunks::<8>().0);
    let words = a_words.iter().zip(b_words).take_while(|(a, b)| a == b).count() * 8;
    words + a[words..].iter().zip(&b[words..]).take_while(|(a, b)| a == b).count()
}

impl<'t> TextList<'t> {
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// In the order in which they were given.
    pub(crate) fn texts(&self) -> &[&'t str] {
        &self.texts
    }

    pub(crate) fn odd(&self) -> &[usize] {
        &self.odd
    }

    pub(crate) fn continuations(&self) -> impl Iterator<Item = Continuation<'_>> {
        let mut start = 0;
        self.shapes.iter().map(move |&Shape { shared, end }| {
            let tail = &self.tails[start..end];
            start = end;
            Continuation { shared, tail }
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn texts_can_be_put_together_again(texts in proptest::collection::vec("[ab/é]{0,20}", 0..20)) {
            let list: TextList<'_> = texts.iter().map(String::as_str).collect();
            let mut text: Vec<u8> = Vec::new();
            for (Continuation { shared, tail }, expected) in list.continuations().zip(&texts) {
                text.truncate(shared);
                text.extend(tail);
                prop_assert_eq!(&text, expected.as_bytes());
                prop_assert_eq!(shared + tail.len(), expected.len());
            }
            prop_assert_eq!(list.texts(), &texts);
        }
    }
}
