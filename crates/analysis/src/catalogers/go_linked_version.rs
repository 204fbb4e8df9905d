//! The version that Go's linker wrote into an executable (`-ldflags "-X main.version=v1.2.3"`), for builds that recorded
//! neither a version nor their flags (`-trimpath` leaves the flags out).
//!
//! The compiler lays string literals side by side without gaps; what `-X` sets is a symbol of its own among the read-only
//! data and ends with a NUL like every C string. A version that stands alone there is therefore one that somebody set.

use std::sync::LazyLock;

use object::{Object, ObjectSection, ReadRef};
use regex::bytes::Regex;

/// Names of the section with read-only data: ELF, Mach-O, PE.
const READ_ONLY_DATA: [&str; 3] = [".rodata", "__rodata", ".rdata"];
/// Larger sections are not searched; that of Kubernetes in one executable has 30 MiB.
const SECTION_LIMIT: u64 = 64 << 20;

/// The version, without the `v` that tags begin with. `None` where none stands alone, or several that are not of one
/// release: then nothing tells which of them is the program's.
pub(crate) fn find<'data, R: ReadRef<'data>>(file: &object::File<'data, R>) -> Option<String> {
    let section = READ_ONLY_DATA.iter().find_map(|name| file.section_by_name(name))?;
    if section.size() > SECTION_LIMIT {
        return None;
    }
    find_in(section.data().ok()?)
}

fn find_in(data: &[u8]) -> Option<String> {
    static ALONE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?-u)(?:^|[^\x20-\x7e])v?(?P<version>(?P<release>[0-9]{1,5}\.[0-9]{1,5}\.[0-9]{1,5})(?:[-+][0-9A-Za-z.+~-]{1,60})?)\x00")
            .expect("a constant pattern")
    });
    let mut found: Option<(&[u8], &[u8])> = None;
    let mut from = 0;
    while let Some(captures) = ALONE.captures_at(data, from) {
        let (version, release) = (captures.name("version")?, captures.name("release")?);
        match found {
            Some((_, first)) if first != release.as_bytes() => return None,
            Some(_) => {}
            None => found = Some((version.as_bytes(), release.as_bytes())),
        }
        // The NUL behind this version may be the one before the next.
        from = version.end();
    }
    found.map(|(version, _)| String::from_utf8_lossy(version).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_that_stands_alone_is_found_with_its_build() {
        for (data, expected) in [
            (&b"strings run on\0v1.2.3\0\0\0\0"[..], Some("1.2.3")),
            (b"\x002.8.2+ds1\0", Some("2.8.2+ds1")),
            (b"\x001.5.0\x001.5.0-1+b6\0", Some("1.5.0")),
            (b"\0\0\xe0\xbf1.2.3\0", Some("1.2.3")),
            (b"a literal 1.2.3 among others\0", None),
            (b"\x00127.0.0.1\0", None),
            (b"", None),
        ] {
            assert_eq!(find_in(data).as_deref(), expected, "{}", String::from_utf8_lossy(data));
        }
    }

    #[test]
    fn versions_of_two_releases_tell_nothing() {
        assert_eq!(find_in(b"\x003.46.0\0sqlite\0v1.18.1\0"), None);
    }
}
