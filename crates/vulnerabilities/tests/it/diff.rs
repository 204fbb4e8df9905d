//! What changed from one database to the next.

use tempfile::tempdir;
use windlass_advisories::{KnownExploited, Record};
use windlass_vulnerabilities::{Database, Difference, Finish, diff};

use crate::records::{advisory, below, build, cpe, debian, of_product, of_release, record};

fn of_debian(name: &str, fixed: &str) -> Record {
    let mut one = advisory(name);
    one.packages = vec![of_release("apt", debian("12"), below("dpkg", fixed))];
    record(one)
}

fn of_nvd(name: &str, vendor: &str) -> Record {
    let mut one = advisory(name);
    one.cpes = vec![of_product(cpe(vendor, "apt"), below("", "1"))];
    record(one)
}

fn exploited(cve: &str) -> Record {
    Record::KnownExploited(KnownExploited { cve: cve.into(), ..KnownExploited::default() })
}

#[test]
fn advisories_are_added_changed_and_removed() {
    let folder = tempdir().unwrap();
    let open = |name: &str, providers| {
        let path = folder.path().join(name);
        build(&path, providers, Finish::Distribution);
        hydrated(&path)
    };
    let old = open(
        "old.db",
        vec![
            ("nvd", vec![of_nvd("CVE-1", "acme"), of_nvd("CVE-2", "acme")]),
            ("debian", vec![of_debian("CVE-1", "1"), of_debian("CVE-2", "1"), of_debian("CVE-3", "1")]),
            ("kev", vec![exploited("CVE-1")]),
        ],
    );
    let new = open(
        "new.db",
        vec![
            ("nvd", vec![of_nvd("CVE-2", "acme"), of_nvd("CVE-1", "acme")]),
            ("debian", vec![of_debian("CVE-4", "1"), of_debian("CVE-2", "2"), of_debian("CVE-1", "1")]),
            ("kev", vec![exploited("CVE-1"), exploited("CVE-2")]),
        ],
    );
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        diff(&old, &new).unwrap(),
        [
            Difference {
                provider: "debian".into(),
                added: names(&["CVE-4"]),
                changed: names(&["CVE-2"]),
                removed: names(&["CVE-3"])
            },
            Difference { provider: "kev".into(), added: names(&["CVE-2"]), ..Difference::default() },
        ],
        "another order is no change"
    );
    assert!(diff(&new, &new).unwrap().is_empty());
}

fn hydrated(path: &std::path::Path) -> Database {
    windlass_vulnerabilities::hydrate(path, windlass_vulnerabilities::Indexes::Lookup, &mut |_| ()).unwrap();
    Database::open(path).unwrap()
}

#[test]
fn another_product_is_a_change() {
    let folder = tempdir().unwrap();
    let open = |name: &str, vendor| {
        let path = folder.path().join(name);
        build(&path, vec![("nvd", vec![of_nvd("CVE-1", vendor)])], Finish::Ready);
        Database::open(&path).unwrap()
    };
    let differences = diff(&open("old.db", "acme"), &open("new.db", "apex")).unwrap();
    assert_eq!(differences[0].changed, ["CVE-1"]);
}
