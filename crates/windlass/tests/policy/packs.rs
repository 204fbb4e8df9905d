//! `windlass policy pack`.

use crate::place::Place;

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
