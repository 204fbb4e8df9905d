//! A file that might interest a cataloger.

use windlass_image::Entry;

/// A regular file as selectors see it: where it is and how it begins.
#[derive(Clone, Copy)]
pub struct Candidate<'a> {
    pub entry: &'a Entry,
    /// The first bytes of the content, as many as [`Candidate::HEAD`] where the file has them.
    pub head: &'a [u8],
}

impl<'a> Candidate<'a> {
    /// How many leading bytes selectors can look at.
    pub const HEAD: usize = 64;

    /// The path from the root, without a leading slash.
    pub fn path(&self) -> &'a [u8] {
        &self.entry.path
    }

    /// The last component of the path.
    pub fn name(&self) -> &'a [u8] {
        let path = self.path();
        path.iter().rposition(|&b| b == b'/').map_or(path, |slash| &path[slash + 1..])
    }

    /// Everything before the last slash; empty at the root.
    pub fn directory(&self) -> &'a [u8] {
        let path = self.path();
        path.iter().rposition(|&b| b == b'/').map_or(&[], |slash| &path[..slash])
    }

    /// Whether the file's name ends with `suffix`, which may be its whole name.
    pub fn name_ends_with(&self, suffix: &str) -> bool {
        self.name().ends_with(suffix.as_bytes())
    }

    /// Whether the file's name ends with `suffix` whatever the case of its ASCII letters.
    pub fn name_ends_with_ignoring_case(&self, suffix: &str) -> bool {
        let name = self.name();
        name.len() >= suffix.len() && name[name.len() - suffix.len()..].eq_ignore_ascii_case(suffix.as_bytes())
    }

    /// Whether the path is `tail`, or ends in it after a slash: the glob `**/tail`.
    pub fn path_ends_with(&self, tail: &str) -> bool {
        self.path().strip_suffix(tail.as_bytes()).is_some_and(|rest| rest.is_empty() || rest.ends_with(b"/"))
    }

    /// Whether the directory of the file is `tail`, or ends in it after a slash: the glob `**/tail/*`.
    pub fn directory_ends_with(&self, tail: &str) -> bool {
        self.directory().strip_suffix(tail.as_bytes()).is_some_and(|rest| rest.is_empty() || rest.ends_with(b"/"))
    }

    /// Whether one of the directories above the file has this name: the glob `**/name/**`.
    pub fn is_below(&self, name: &str) -> bool {
        self.directory().split(|&b| b == b'/').any(|component| component == name.as_bytes())
    }

    /// Whether the content begins like a program or shared library of Linux (ELF), Windows (PE) or macOS (Mach-O).
    pub fn is_executable(&self) -> bool {
        self.is_elf()
            || self.head.starts_with(b"MZ")
            || matches!(
                self.head.first_chunk::<4>(),
                Some([0xfe, 0xed, 0xfa, 0xce | 0xcf] | [0xce | 0xcf, 0xfa, 0xed, 0xfe] | [0xca, 0xfe, 0xba, 0xbe])
            )
    }

    /// Whether the content begins like an ELF file.
    pub fn is_elf(&self) -> bool {
        self.head.starts_with(b"\x7fELF")
    }
}

#[cfg(test)]
mod tests {
    use windlass_image::EntryKind;

    use super::*;

    fn entry(path: &str) -> Entry {
        Entry { path: path.into(), kind: EntryKind::File, mode: 0o644, uid: 0, gid: 0, size: 0, modified: 0 }
    }

    #[test]
    fn tails_match_whole_components_only() {
        let file = entry("usr/var/lib/dpkg/status");
        let candidate = Candidate { entry: &file, head: b"" };
        assert!(candidate.path_ends_with("lib/dpkg/status"));
        assert!(candidate.path_ends_with("usr/var/lib/dpkg/status"));
        assert!(!candidate.path_ends_with("ib/dpkg/status"));
        assert!(candidate.directory_ends_with("dpkg"));
        assert!(!candidate.directory_ends_with("pkg"));
        assert!(candidate.is_below("lib") && !candidate.is_below("status"));
    }

    #[test]
    fn programs_are_told_by_their_first_bytes() {
        let file = entry("a");
        for (head, expected) in [
            (&b"\x7fELF\x02"[..], true),
            (b"MZ\x90", true),
            (b"\xcf\xfa\xed\xfe\x07", true),
            (b"#!/bin/sh", false),
            (b"", false),
        ] {
            assert_eq!(Candidate { entry: &file, head }.is_executable(), expected, "{head:?}");
        }
    }
}
