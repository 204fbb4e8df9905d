//! OSV documents.
//!
//! Input: one document, as it lies in an archive.

#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_advisories::{FixState, Record};
use windlass_feeds::osv_document;

fuzz_target!(|data: &[u8]| {
    let read = osv_document(data);
    assert_eq!(read, osv_document(data), "the same document reads in two ways");
    let (provider, record) = match read {
        Ok(Some(found)) => found,
        Ok(None) => return,
        Err(reason) => return assert!(!reason.is_empty()),
    };
    let Record::Advisory(advisory) = record else { panic!("{provider}: {record:?}") };
    assert!(!advisory.name.is_empty() && !advisory.packages.is_empty(), "{advisory:?}");
    assert!(!advisory.blob.aliases.contains(&advisory.name), "{advisory:?}");
    assert!(!advisory.blob.references.is_empty(), "{advisory:?}");
    for time in [&advisory.published, &advisory.modified, &advisory.withdrawn].into_iter().flatten() {
        assert!(time.ends_with('Z'), "{time}");
    }
    for package in &advisory.packages {
        assert!(!package.name.is_empty() && !package.blob.ranges.is_empty(), "{package:?}");
        for range in &package.blob.ranges {
            let fix = range.fix.as_ref().expect("every range says how it stands with a fix");
            assert_eq!(fix.state == FixState::Fixed, !fix.version.is_empty(), "{range:?}");
        }
    }
});
