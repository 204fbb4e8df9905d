//! `windlass policy pack`.

use std::path::PathBuf;

use serde_json::Value;

use crate::place::Place;

/// The folder of each pack.
fn packs() -> Vec<PathBuf> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies"));
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let packs: Vec<PathBuf> = entries.collect();
    assert!(packs.len() >= 8, "{packs:?}");
    packs
}

#[test]
fn no_pack_has_anything_to_be_warned_of() {
    let place = Place::new();
    for pack in packs() {
        let bundle = pack.join("bundle.json");
        // Clients know the default bundle by its content, quirks and all.
        let (is_default, told) =
            (pack.ends_with("default"), place.run(&format!("policy validate {}", bundle.display())));
        let told = told.exits(0);
        assert!(is_default || told.ends_with(": valid: 0 errors, 0 warnings\n"), "{told}");
    }
}

#[test]
fn every_pack_gives_the_verdicts_that_its_cases_expect() {
    let place = Place::new();
    for pack in packs() {
        let told = place.run(&format!("policy test {}", pack.join("tests.yaml").display())).exits(0);
        assert!(told.contains(", 0 failed, 0 could not be tried"), "{told}");
    }
}

#[test]
fn every_rule_names_its_controls_and_a_remedy_and_has_a_case_in_which_it_fires() {
    for pack in packs().iter().filter(|pack| !pack.ends_with("default")) {
        let read = |name: &str| std::fs::read_to_string(pack.join(name)).expect("a text");
        let (bundle, page, cases) = (read("bundle.json"), read("README.md"), read("tests.yaml"));
        let bundle: Value = serde_json::from_str(&bundle).expect("JSON");
        let rules = bundle["policies"][0]["rules"].as_array().expect("rules");
        assert!(rules.len() > 10, "{}", pack.display());
        for rule in rules {
            let id = rule["id"].as_str().expect("an id");
            let controls = rule["controls"].as_array().expect("controls");
            assert!(!controls.is_empty(), "{}: {id}", pack.display());
            for control in controls {
                let row = format!("| {} |", control.as_str().expect("a control"));
                let told = page.lines().any(|line| line.starts_with(&row) && line.contains(&format!("`{id}`")));
                assert!(told, "{}: {id} {row}", pack.display());
            }
            assert!(
                rule["recommendation"].as_str().is_some_and(|text| text.ends_with('.')),
                "{}: {id}",
                pack.display()
            );
            assert!(cases.contains(&format!("- {{ rule: {id}, ")), "{}: {id}", pack.display());
        }
    }
}

#[test]
fn a_pack_is_listed_explained_and_written() {
    let place = Place::new();
    let list = place.run("policy pack list").exits(0);
    assert!(list.starts_with("PACK") && list.contains("\ndefault "), "{list}");
    let page = place.run("policy pack show default").exits(0);
    assert!(page.starts_with("# Default\n"), "{page}");
    place.run("policy pack write default").exits(0);
    place.run("policy pack write default team.json").exits(0);
    assert_eq!(place.read("default.json"), place.read("team.json"));
    assert!(place.read("team.json").contains("2c53a13c-1765-11e8-82ef-23527761d060"));
    let unknown = place.run("policy pack show defualt");
    assert!(
        unknown.err.starts_with("error: there is no policy pack \"defualt\"\nhint: there are default"),
        "{}",
        unknown.err
    );
    unknown.exits(2);
}
