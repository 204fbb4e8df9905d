//! Files.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use windlass_sbom::{File, FileKind};

/// A file, folder, link or device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FileEntry {
    /// With a leading slash.
    pub filename: String,
    /// Bytes; of a symbolic link those of its target's name.
    pub size: u64,
    /// Permission bits as five octal digits.
    #[schema(example = "00755")]
    pub mode: String,
    /// `file`, `dir`, `slink`, `hlink`, `dev`
    #[serde(rename = "type")]
    pub kind: String,
    /// Where a link leads.
    #[schema(required = true)]
    pub linkdest: Option<String>,
    /// Of the content, in hexadecimal; null for all but files.
    #[schema(required = true)]
    pub sha256: Option<String>,
    pub uid: u64,
    pub gid: u64,
}

impl FileEntry {
    pub(super) fn new(file: &File) -> Self {
        let (kind, is_link) = match file.kind {
            FileKind::RegularFile => ("file", false),
            FileKind::HardLink => ("hlink", true),
            FileKind::SymbolicLink => ("slink", true),
            FileKind::Directory => ("dir", false),
            FileKind::CharacterDevice | FileKind::BlockDevice | FileKind::Fifo => ("dev", false),
        };
        let size = match file.kind {
            FileKind::SymbolicLink => file.link_target.len() as u64,
            FileKind::Directory => 0,
            _ => file.size,
        };
        Self {
            filename: file.location.path.clone(),
            size,
            mode: format!("{:05o}", file.mode & 0o7777),
            kind: kind.to_owned(),
            linkdest: is_link.then(|| file.link_target.clone()),
            sha256: file.digests.iter().find(|digest| digest.algorithm == "sha256").map(|digest| digest.value.clone()),
            uid: file.uid,
            gid: file.gid,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use windlass_sbom::{Evidence, FileDigest, Location};

    use super::*;

    fn file(kind: FileKind, mode: u32, size: u64, target: &str, digests: Vec<FileDigest>) -> File {
        let location = Location::new("/x", None, Evidence::Primary);
        File { location, kind, mode, uid: 1, gid: 2, size, link_target: target.into(), digests }
    }

    #[test]
    fn each_kind_of_file_is_told_as_the_original_did() {
        let digests =
            ["md5", "sha256"].map(|algorithm| FileDigest { algorithm: algorithm.into(), value: algorithm.into() });
        for (file, expected) in [
            (
                file(FileKind::RegularFile, 0o104_755, 9, "", digests.into()),
                ("file", 9, "04755", json!(null), json!("sha256")),
            ),
            (
                file(FileKind::SymbolicLink, 0o777, 0, "usr/bin", vec![]),
                ("slink", 7, "00777", json!("usr/bin"), json!(null)),
            ),
            (file(FileKind::HardLink, 0o644, 9, "/y", vec![]), ("hlink", 9, "00644", json!("/y"), json!(null))),
            (file(FileKind::Directory, 0o1777, 4096, "", vec![]), ("dir", 0, "01777", json!(null), json!(null))),
            (file(FileKind::Fifo, 0o600, 0, "", vec![]), ("dev", 0, "00600", json!(null), json!(null))),
        ] {
            let (kind, size, mode, linkdest, sha256) = expected;
            assert_eq!(
                json!(FileEntry::new(&file)),
                json!({"filename": "/x", "size": size, "mode": mode, "type": kind, "linkdest": linkdest,
                    "sha256": sha256, "uid": 1, "gid": 2})
            );
        }
    }
}
