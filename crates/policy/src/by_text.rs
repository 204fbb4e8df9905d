//! Entries of a list by a text that each has.

/// Positions in a list in the order of a text of its entries: rules that ask for one look at no other.
#[derive(Debug)]
pub(crate) struct ByText<'a>(Vec<(&'a str, usize)>);

impl<'a> FromIterator<&'a str> for ByText<'a> {
    fn from_iter<I: IntoIterator<Item = &'a str>>(texts: I) -> Self {
        let mut positions: Vec<_> = texts.into_iter().enumerate().map(|(position, text)| (text, position)).collect();
        positions.sort_unstable();
        Self(positions)
    }
}

impl ByText<'_> {
    /// Where entries have exactly this text, in the order of the list.
    pub(crate) fn positions(&self, wanted: &str) -> impl Iterator<Item = usize> + use<'_> {
        let start = self.0.partition_point(|(text, _)| *text < wanted);
        let count = self.0[start..].partition_point(|(text, _)| *text == wanted);
        self.0[start..start + count].iter().map(|(_, position)| *position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_one_text_keep_their_order() {
        let index: ByText<'_> = ["b", "a", "b", ""].into_iter().collect();
        let positions = |wanted| index.positions(wanted).collect::<Vec<_>>();
        assert_eq!((positions("b"), positions("a"), positions("")), (vec![0, 2], vec![1], vec![3]));
        assert_eq!(positions("c"), [0; 0]);
    }
}
