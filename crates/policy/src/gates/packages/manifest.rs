//! The files that a package manager says it installed, in one form for all of them (`spec/analysis.md` §11.2).

use windlass_sbom::{FileDigest, Metadata, Package};

/// A file or folder of a package.
pub(super) struct Entry<'a> {
    pub(super) path: &'a str,
    pub(super) digest: Option<&'a FileDigest>,
    /// With the bits that say what kind of file it is, where the package manager records them; `None`: not recorded.
    pub(super) mode: Option<u32>,
    /// Bytes; `None`: not recorded.
    pub(super) size: Option<u64>,
    pub(super) is_config: bool,
    /// The package manager does not promise that it exists: made at run time, or optional.
    pub(super) may_be_missing: bool,
}

/// What a package lists; nothing for packages that no package manager of a distribution installed.
pub(super) fn entries(package: &Package) -> Box<dyn Iterator<Item = Entry<'_>> + '_> {
    match &package.metadata {
        Metadata::Dpkg(dpkg) => Box::new(dpkg.files.iter().map(|file| Entry {
            path: &file.path,
            digest: file.digest.as_ref(),
            mode: None,
            size: None,
            is_config: file.is_config_file,
            may_be_missing: false,
        })),
        Metadata::Rpm(rpm) => Box::new(rpm.files.iter().map(|file| Entry {
            path: &file.path,
            digest: (!file.digest.value.is_empty()).then_some(&file.digest),
            mode: (file.mode != 0).then_some(file.mode),
            size: Some(file.size),
            is_config: file.flags.contains('c'),
            // `g` is a ghost, `m` may be missing.
            may_be_missing: file.flags.contains(['g', 'm']),
        })),
        Metadata::Apk(apk) => Box::new(apk.files.iter().map(|file| Entry {
            path: &file.path,
            digest: file.digest.as_ref(),
            mode: u32::from_str_radix(&file.permissions, 8).ok().filter(|mode| *mode != 0),
            size: None,
            is_config: false,
            may_be_missing: false,
        })),
        _ => Box::new(std::iter::empty()),
    }
}
