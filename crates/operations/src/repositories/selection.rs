//! Which tags of a repository are added (`spec/operations.md` §7.3).

use globset::{Glob, GlobSet, GlobSetBuilder};
use jiff::Timestamp;
use windlass_v1::repositories::WatchedRepository;

use crate::event_log::moment;

const GLOB_LIMIT: usize = 100;
const GLOB_LENGTH_LIMIT: usize = 256;

pub(crate) struct Selection {
    include: Option<GlobSet>,
    exclude: GlobSet,
    max_tags: Option<usize>,
    /// Images that were built before are not added.
    pub(crate) since: Option<Timestamp>,
}

impl Selection {
    /// # Errors
    /// A text for whoever wrote what is wrong.
    pub(crate) fn of(watched: &WatchedRepository) -> Result<Self, String> {
        let include = (!watched.include.is_empty()).then(|| set(&watched.include)).transpose()?;
        let since = match watched.since.as_deref() {
            Some(text) => Some(moment("since", text).map_err(|error| error.to_string())?.into()),
            None => None,
        };
        let max_tags = watched.max_tags.map(|most| usize::try_from(most).unwrap_or(usize::MAX));
        Ok(Self { include, exclude: set(&watched.exclude)?, max_tags, since })
    }

    /// Those of the tags of a repository that are to be added, as far as that can be said by their names; in their order.
    pub(crate) fn choose(&self, mut tags: Vec<String>) -> Vec<String> {
        tags.retain(|tag| {
            self.include.as_ref().is_none_or(|include| include.is_match(tag)) && !self.exclude.is_match(tag)
        });
        let Some(most) = self.max_tags.filter(|most| *most < tags.len()) else { return tags };
        let mut last: Vec<String> = tags.clone();
        last.sort_by_cached_key(|tag| std::cmp::Reverse(natural(tag)));
        let last: std::collections::HashSet<String> = last.into_iter().take(most).collect();
        tags.retain(|tag| last.contains(tag));
        tags
    }
}

/// A part of a tag; numbers come before words.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// Digits without zeros ahead: the longer number is the greater one.
    Number(usize, String),
    Word(String),
}

/// What tags are ordered by: `v1.9` comes before `v1.10`.
fn natural(tag: &str) -> (Vec<Part>, String) {
    let mut parts = Vec::new();
    let mut rest = tag;
    while let Some(first) = rest.chars().next() {
        let is_number = first.is_ascii_digit();
        let end = rest.find(|c: char| c.is_ascii_digit() != is_number).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        rest = after;
        parts.push(if is_number {
            let digits = part.trim_start_matches('0');
            Part::Number(digits.len(), digits.to_owned())
        } else {
            Part::Word(part.to_owned())
        });
    }
    (parts, tag.to_owned())
}

fn set(globs: &[String]) -> Result<GlobSet, String> {
    if globs.len() > GLOB_LIMIT {
        return Err(format!("there are more than {GLOB_LIMIT} globs of tags"));
    }
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        let shown: String = glob.chars().take(GLOB_LENGTH_LIMIT).collect();
        if shown.len() < glob.len() {
            return Err(format!("the glob {shown:?}… is longer than {GLOB_LENGTH_LIMIT} characters"));
        }
        set.add(Glob::new(glob).map_err(|error| format!("{shown:?} is no glob of tags: {}", error.kind()))?);
    }
    set.build().map_err(|error| format!("the globs of tags cannot be used together: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection(include: &[&str], exclude: &[&str], max_tags: Option<u64>) -> Result<Selection, String> {
        let owned = |globs: &[&str]| globs.iter().map(|glob| (*glob).to_owned()).collect();
        Selection::of(&WatchedRepository {
            include: owned(include),
            exclude: owned(exclude),
            max_tags,
            ..WatchedRepository::default()
        })
    }

    fn chosen(selection: &Selection, tags: &[&str]) -> Vec<String> {
        selection.choose(tags.iter().map(|tag| (*tag).to_owned()).collect())
    }

    #[test]
    fn a_tag_is_added_if_it_is_included_and_not_excluded() {
        let all = selection(&[], &[], None).unwrap();
        assert_eq!(chosen(&all, &["latest"]), ["latest"]);
        let some = selection(&["v*", "latest"], &["*-rc[0-9]", "sha256-*"], None).unwrap();
        let tags = ["v1", "latest", "edge", "v2-rc1", "sha256-ab.sig"];
        assert_eq!(chosen(&some, &tags), ["v1", "latest"]);
    }

    #[test]
    fn of_many_tags_the_last_ones_are_added_and_numbers_count_as_such() {
        let tags = ["v1.10", "v1.2", "edge", "v1.9", "v01.3", "v2.0-rc1", "1.5"];
        let some = |most| chosen(&selection(&[], &["*-rc*"], Some(most)).unwrap(), &tags);
        assert_eq!(some(2), ["v1.10", "v1.9"]);
        assert_eq!(some(4), ["v1.10", "v1.2", "v1.9", "v01.3"]);
        assert_eq!(some(100).len(), 6);
        let long = format!("v{}", "9".repeat(100));
        assert!(natural(&long) > natural("v18446744073709551616"));
        assert_eq!(chosen(&selection(&[], &[], Some(1)).unwrap(), &["a1", "a01"]), ["a1"], "no two are the same");
    }

    #[test]
    fn what_is_no_glob_or_no_time_is_refused_with_its_reason() {
        assert!(selection(&["[a"], &[], None).err().unwrap().contains("[a"));
        assert!(selection(&[], &["x".repeat(1000).as_str()], None).err().unwrap().contains("longer than"));
        assert!(selection(&vec!["a"; 101], &[], None).err().unwrap().contains("more than 100"));
        let watched = WatchedRepository { since: Some("yesterday".into()), ..WatchedRepository::default() };
        assert!(Selection::of(&watched).err().unwrap().contains("since"));
    }
}
