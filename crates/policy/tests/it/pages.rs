//! The documentation of gates is what their declarations say: `WINDLASS_WRITE_PAGES=1` writes it anew.

use std::{collections::BTreeMap, fs, path::PathBuf};

use serde_json::json;
use windlass_policy::{Bundle, Gate, contents, example_rule, gates, page};

fn live() -> impl Iterator<Item = &'static Gate> {
    gates::ALL.iter().copied().filter(|gate| !gate.is_end_of_life())
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/gates")
}

#[test]
fn the_pages_are_those_of_the_declarations() {
    let mut pages: BTreeMap<String, String> = live().map(|gate| (format!("{}.md", gate.name), page(gate))).collect();
    pages.insert("README.md".into(), contents());
    let folder = folder();
    if std::env::var_os("WINDLASS_WRITE_PAGES").is_some() {
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in &pages {
            fs::write(folder.join(name), text).unwrap();
        }
    }
    let written = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap());
    let written: BTreeMap<String, String> = written
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap()))
        .collect();
    let names = |pages: &BTreeMap<String, String>| pages.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&written), names(&pages), "run with WINDLASS_WRITE_PAGES=1");
    for (name, text) in &pages {
        assert_eq!(&written[name], text, "docs/gates/{name}: run with WINDLASS_WRITE_PAGES=1");
    }
}

#[test]
fn every_example_of_a_page_is_a_rule_in_order() {
    for (gate, trigger) in live().flat_map(|gate| gate.triggers.iter().map(move |trigger| (gate, trigger))) {
        let bundle = json!({
            "id": "b", "version": "1_0",
            "policies": [{"id": "p", "version": "1_0", "rules": [example_rule(gate, trigger)]}],
            "mappings": [{
                "name": "all", "registry": "*", "repository": "*", "image": {"type": "tag", "value": "*"},
                "policy_ids": ["p"], "whitelist_ids": [],
            }],
        });
        let bundle = Bundle::from_value(bundle).unwrap();
        assert_eq!(bundle.validate(), [], "{}/{}", gate.name, trigger.name);
    }
}
