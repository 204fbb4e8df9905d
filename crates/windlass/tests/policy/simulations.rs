//! `windlass policy simulate`.

use serde_json::json;

use crate::place::{Place, always, bundle, rule};

#[test]
fn images_that_flip_are_named_with_the_rule_that_does_it() {
    let place = Place::new();
    place.write("old.json", bundle(&[rule("suid", "WARN", "files", "suid_or_guid_set", &[])], &[]));
    place.write("new.json", bundle(&[rule("suid", "STOP", "files", "suid_or_guid_set", &[])], &[]));
    std::fs::create_dir(place.path("analyses")).expect("a folder");
    for name in ["app", "plain"] {
        place.run(&format!("sbom {name}.tar --policy new.json -o json=analyses/{name}.json")).exits(0);
    }
    let out = place.run("policy simulate old.json new.json analyses").exits(1);
    assert_eq!(
        out,
        "example.org/team/app:1 (analyses/app.json): warn → stop\n\
         \x20 files/suid_or_guid_set: 1 finding, warn → stop, rule suid of policy base\n\
         2 analyses: 1 newly stopped, 0 newly passing, 0 with another verdict, 0 unreadable\n"
    );
    let document = place.run("policy simulate new.json old.json analyses -o json --threads 3").json();
    assert_eq!(document["summary"]["newlyPassing"], 1);
    assert_eq!(document["changes"][0]["tag"], "example.org/team/app:1");
    assert_eq!(
        document["changes"][0]["rules"],
        json!([{"policy": "base", "rule": "suid", "pointer": "/policies/0/rules/0", "gate": "files",
            "trigger": "suid_or_guid_set", "before": "stop", "after": "warn", "findings": 1}])
    );
    place.run("policy simulate old.json old.json analyses").exits(0);
    place.run("sbom app.tar -o json=bare.json").exits(0);
    assert_eq!(
        place.run("policy simulate old.json new.json bare.json").exits(0),
        "1 analyses: 0 newly stopped, 0 newly passing, 0 with another verdict, 0 unreadable\n\
         1 do not hold all that the new bundle reads (see windlass policy check sbom:FILE)\n"
    );
}

#[test]
fn what_is_saved_compactly_is_judged_the_same() {
    let place = Place::new();
    let suid = |action| bundle(&[rule("suid", action, "files", "suid_or_guid_set", &[])], &[]);
    place.write("old.json", suid("WARN"));
    place.write("new.json", suid("STOP"));
    for folder in ["text", "compact"] {
        std::fs::create_dir(place.path(folder)).expect("a folder");
    }
    for name in ["app", "plain"] {
        place.run(&format!("sbom {name}.tar --policy new.json -o json=text/{name}.json")).exits(0);
        place.run(&format!("sbom sbom:text/{name}.json -o compact=compact/{name}.sbom")).exits(0);
        place.run(&format!("sbom sbom:compact/{name}.sbom -o json=text/again.txt")).exits(0);
        assert_eq!(place.read("text/again.txt"), place.read(&format!("text/{name}.json")));
    }
    let judged = |folder: &str| place.run(&format!("policy simulate old.json new.json {folder}")).exits(1);
    assert_eq!(judged("compact").replace("compact/app.sbom", "text/app.json"), judged("text"));
}

#[test]
fn the_result_does_not_depend_on_the_number_of_threads() {
    let place = Place::new();
    place.write("old.json", bundle(&[always("a", "GO")], &[]));
    place.write("new.json", bundle(&[always("a", "STOP")], &[]));
    place.run("sbom plain.tar -o json=one.json").exits(0);
    for number in 0..40 {
        place.write(&format!("many/{number:02}.json"), place.read("one.json"));
    }
    let with = |threads: u8| place.run(&format!("policy simulate old.json new.json many --threads {threads}")).exits(1);
    let one = with(1);
    assert!(one.ends_with("40 analyses: 40 newly stopped, 0 newly passing, 0 with another verdict, 0 unreadable\n"));
    assert_eq!(with(7), one);
}

#[test]
fn an_analysis_that_cannot_be_read_is_named_and_the_others_are_judged() {
    let place = Place::new();
    place.write("old.json", bundle(&[always("a", "GO")], &[]));
    place.write("new.json", bundle(&[always("a", "STOP")], &[]));
    place.run("sbom plain.tar -o json=analyses/b.json").exits(2);
    place.write("analyses/a.json", "{}");
    place.run("sbom plain.tar -o json=analyses/b.json").exits(0);
    let done = place.run("policy simulate old.json new.json analyses");
    assert!(done.err.contains("analyses/a.json cannot be judged"), "{}", done.err);
    assert!(
        done.exits(2).ends_with("2 analyses: 1 newly stopped, 0 newly passing, 0 with another verdict, 1 unreadable\n")
    );
    std::fs::create_dir(place.path("empty")).expect("a folder");
    let done = place.run("policy simulate old.json new.json empty");
    assert_eq!(
        done.err,
        "error: there are no analyses in these folders\n\
         hint: write some: windlass sbom IMAGE --policy BUNDLE -o compact=FOLDER/NAME.sbom\n"
    );
    done.exits(2);
}
