//! Microsoft knowledge base articles: an article is installed or it is not.

use std::cmp::Ordering;

use super::Order;

pub(super) const ORDER: Order = Order {
    name: "kb",
    aliases: &["msrc-kb"],
    package_types: &["msrc-kb"],
    check: |_| Ok(()),
    compare: <[u8]>::cmp,
    // "Greater" for every other article, so that only `=` (and `>=`, `>`, which no record uses) can hold.
    against: |installed, named, _| if installed == named { Ordering::Equal } else { Ordering::Greater },
};

#[cfg(test)]
mod tests {
    use crate::{Format, Options, satisfies};

    #[test]
    fn only_the_named_articles_match() {
        let vulnerable = "KB4540123 || KB4540124 || base";
        for (article, expected) in [("KB4540124", true), ("base", true), ("KB4540122", false), ("kb4540124", false)] {
            assert_eq!(satisfies(article, Format::Kb, vulnerable, Format::Kb, &Options::default()), Ok(expected));
        }
        assert_eq!(satisfies("KB1", Format::Kb, "< KB2", Format::Kb, &Options::default()), Ok(false));
    }
}
