//! YAML as lock files use it.
//!
//! The parser is `serde-saphyr`: it forbids unsafe code, deserialises without building a tree, and counts what a document
//! costs while it reads it, so that neither an alias bomb nor deep nesting gets anywhere.

use serde::de::DeserializeOwned;
use serde_saphyr::{budget, options};

/// Keys, values, lists and maps in one file; the largest lock files have some 100,000.
const NODES: usize = 4_000_000;

/// Reads every document of a stream; empty ones are `None`.
///
/// Lock files refer to nothing by alias, so hardly any is allowed.
pub(super) fn documents<T: DeserializeOwned>(text: &str) -> Result<Vec<Option<T>>, serde_saphyr::Error> {
    let budget = budget! { max_nodes: NODES, max_events: 3 * NODES, max_aliases: 100, max_depth: 64 };
    serde_saphyr::from_multiple_with_options(text, options! { budget: budget, with_snippet: false })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn documents_follow_each_other() {
        let read: Vec<Option<Value>> = documents("a: 1\n---\nb: [2, 3,]\n").expect("two documents");
        assert_eq!(read, [Some(serde_json::json!({"a": 1})), Some(serde_json::json!({"b": [2, 3]}))]);
    }

    #[test]
    fn neither_aliases_nor_nesting_unfold() {
        let bomb = (1..20).fold("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned(), |text, level| {
            let below = format!("*a{}", level - 1);
            format!("{text}a{level}: &a{level} [{}]\n", [below.as_str(); 10].join(","))
        });
        assert!(documents::<Value>(&bomb).is_err());
        assert!(documents::<Value>(&"[".repeat(100_000)).is_err());
        let nested = (0..2000).fold(String::new(), |text, level| format!("{text}{}a:\n", " ".repeat(level)));
        assert!(documents::<Value>(&nested).is_err());
    }
}
