//! Names as they are written in archives, made into paths from the image's root.

/// Appends to `out` the cleaned form of `raw` and returns its depth (number of names in it).
///
/// Leading slashes, empty names and `.` vanish; `..` takes the previous name away and never leaves the root. The root
/// itself is the empty path.
pub(crate) fn clean_into(raw: &[u8], out: &mut Vec<u8>) -> usize {
    let start = out.len();
    let mut depth = 0;
    for name in raw.split(|byte| *byte == b'/') {
        match name {
            b"" | b"." => {}
            b".." => {
                if depth > 0 {
                    depth -= 1;
                    let parent = out[start..].iter().rposition(|byte| *byte == b'/').unwrap_or(0);
                    out.truncate(start + parent);
                }
            }
            name => {
                if depth > 0 {
                    out.push(b'/');
                }
                depth += 1;
                out.extend_from_slice(name);
            }
        }
    }
    depth
}

/// The path's folder (empty for the root) and its last name.
pub(crate) fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(slash) => (&path[..slash], &path[slash + 1..]),
        None => (b"", path),
    }
}

/// The names of a path, from the root downwards.
pub(crate) fn names(path: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    path.split(|byte| *byte == b'/').filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    fn clean(raw: &str) -> (String, usize) {
        let mut out = b"kept".to_vec();
        let depth = super::clean_into(raw.as_bytes(), &mut out);
        (String::from_utf8(out.split_off(4)).unwrap(), depth)
    }

    #[test]
    fn names_are_cleaned_and_never_leave_the_root() {
        assert_eq!(clean("./usr//bin/"), ("usr/bin".into(), 2));
        assert_eq!(clean("/etc/passwd"), ("etc/passwd".into(), 2));
        assert_eq!(clean("../../../../tmp/escape"), ("tmp/escape".into(), 2));
        assert_eq!(clean("etc/../../../tmp/escape"), ("tmp/escape".into(), 2));
        assert_eq!(clean("a/b/../c"), ("a/c".into(), 2));
        assert_eq!(clean("a/.."), (String::new(), 0));
        for root in ["", "/", ".", "./", "..", "/../.."] {
            assert_eq!(clean(root), (String::new(), 0), "{root}");
        }
        assert_eq!(clean("..a/...b"), ("..a/...b".into(), 2));
    }

    #[test]
    fn a_path_splits_into_folder_and_name() {
        assert_eq!(super::split(b"usr/bin/sh"), (&b"usr/bin"[..], &b"sh"[..]));
        assert_eq!(super::split(b"sh"), (&b""[..], &b"sh"[..]));
    }
}
