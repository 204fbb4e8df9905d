//! The advisories of the demonstration are read without a fault.

use std::collections::BTreeSet;
use std::path::Path;

use windlass_advisories::Record;
use windlass_feeds::{read, source};

#[test]
fn every_record_of_the_demonstration_is_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo/advisories");
    let mut named = BTreeSet::new();
    let mut scored = BTreeSet::new();
    for (name, path, records) in
        [("osv", "osv", 46), ("debian", "debian.json", 37), ("kev", "kev.json", 3), ("epss", "epss.csv", 81)]
    {
        let summary = read(source(name).expect("a source of the list"), &[&folder.join(path)], &mut |_, record| {
            match record {
                Record::Advisory(advisory) => {
                    assert!(!advisory.blob.description.is_empty(), "{advisory:?}");
                    named.extend(advisory.blob.aliases.into_iter().chain([advisory.name]));
                }
                Record::KnownExploited(entry) => assert!(named.contains(&entry.cve), "{entry:?}"),
                Record::Epss(score) => _ = scored.insert(score.cve),
                Record::EndOfLife(row) => panic!("{row:?}"),
            }
            Ok(())
        })
        .expect("files that can be read to their end");
        assert_eq!(summary.records, records, "{name}");
        assert!(summary.problems.is_empty() && summary.skipped.is_empty(), "{name}: {summary:?}");
    }
    let cves = named.into_iter().filter(|name| name.starts_with("CVE-"));
    assert_eq!(cves.collect::<BTreeSet<_>>(), scored);
}
