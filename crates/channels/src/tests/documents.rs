//! The page about channels says what is so.

use std::collections::BTreeSet;

use crate::{Endpoint, testing, view::View};

const PAGE: &str = include_str!("../../../../docs/channels.md");

#[test]
fn every_endpoint_of_the_page_can_be_used_and_every_kind_has_one() {
    let blocks =
        PAGE.split("```json").skip(1).map(|rest| rest.split_once('\n').unwrap().1.split("```").next().unwrap());
    let mut kinds = BTreeSet::new();
    for block in blocks {
        let endpoint: Endpoint = serde_json::from_str(block).unwrap();
        assert_eq!(endpoint.problems(), [], "{block}");
        kinds.insert(endpoint.channel.name());
    }
    let all: BTreeSet<&str> = super::endpoints().iter().map(|endpoint| endpoint.channel.name()).collect();
    assert_eq!(kinds, all);
}

#[test]
fn every_variable_is_in_the_table() {
    let notices = [testing::stop()];
    let context = View::new(&testing::message(&notices)).context(10, "");
    let mut variables: Vec<String> = context.try_iter().unwrap().map(|name| name.to_string()).collect();
    for list in ["notices", "verdicts"] {
        let first = context.get_attr(list).unwrap().get_item(&0.into()).unwrap();
        variables.extend(first.try_iter().unwrap().map(|name| name.to_string()));
    }
    let table: Vec<&str> = PAGE.lines().filter(|line| line.starts_with("| `")).collect();
    for name in variables {
        assert!(table.iter().any(|line| line.contains(&format!("`{name}`"))), "{name}");
    }
}
