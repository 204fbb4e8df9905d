//! apk's `installed` file: one `K:value` a line, a blank line between packages.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use windlass_sbom::{
    FileDigest,
    metadata::{ApkEntry, ApkFile},
};

/// An installed package.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Installed {
    /// `files` is empty here: see [`Installed::files`].
    pub(crate) entry: ApkEntry,
    pub(crate) license: String,
    /// The lines about files as they are: few databases stay visible, and the text is the smallest form.
    file_lines: Box<str>,
}

/// The packages of a file; what has no name or no version is none.
pub(crate) fn packages(text: &str) -> Vec<Installed> {
    let mut packages = Vec::new();
    let mut current = Draft::default();
    for line in text.lines() {
        if line.is_empty() {
            packages.extend(std::mem::take(&mut current).finish());
        } else {
            current.line(line);
        }
    }
    packages.extend(current.finish());
    packages
}

/// A dependency or provided name without its version: `so:libc.musl-x86_64.so.1` of `so:libc.musl-x86_64.so.1=1`.
pub(crate) fn name(relation: &str) -> &str {
    relation.split(['=', '<', '>', '~', '@']).next().unwrap_or_default()
}

/// A package while its lines are read.
#[derive(Default)]
struct Draft {
    entry: ApkEntry,
    license: String,
    file_lines: String,
}

impl Draft {
    fn line(&mut self, line: &str) {
        let Some((key, value)) = line.split_once(':') else { return };
        let value = value.trim_end_matches('\r');
        let entry = &mut self.entry;
        let words = |value: &str| value.split_whitespace().map(str::to_owned).collect();
        match key {
            "P" => value.clone_into(&mut entry.package),
            "V" => value.clone_into(&mut entry.version),
            "A" => value.clone_into(&mut entry.architecture),
            "o" => value.clone_into(&mut entry.origin_package),
            "m" => value.clone_into(&mut entry.maintainer),
            "L" => value.clone_into(&mut self.license),
            "T" => value.clone_into(&mut entry.description),
            "U" => value.clone_into(&mut entry.url),
            "C" => value.clone_into(&mut entry.pull_checksum),
            "c" => value.clone_into(&mut entry.git_commit_of_apk_port),
            "D" => entry.pull_dependencies = words(value),
            "p" => entry.provides = words(value),
            "S" => entry.size = value.parse().unwrap_or_default(),
            "I" => entry.installed_size = value.parse().unwrap_or_default(),
            "F" | "M" | "R" | "a" | "Z" => {
                self.file_lines.push_str(line);
                self.file_lines.push('\n');
            }
            _ => {}
        }
    }

    fn finish(self) -> Option<Installed> {
        let Self { entry, license, file_lines } = self;
        let is_package = !entry.package.is_empty() && !entry.version.is_empty();
        is_package.then(|| Installed { entry, license, file_lines: file_lines.into() })
    }
}

impl Installed {
    /// Folders and files of the package: `F` opens a folder, `R` names a file in it, `M` and `a` give owner and mode of
    /// the last folder and file, `Z` the digest of the last file.
    pub(crate) fn files(&self) -> Vec<ApkFile> {
        let mut files: Vec<ApkFile> = Vec::new();
        let mut folder = "";
        for (key, value) in self.file_lines.lines().filter_map(|line| line.split_once(':')) {
            match key {
                "F" => {
                    folder = value.trim_matches('/');
                    files.push(ApkFile {
                        path: format!("/{folder}"),
                        permissions: "0755".into(),
                        ..ApkFile::default()
                    });
                }
                "R" => {
                    let path = if folder.is_empty() { format!("/{value}") } else { format!("/{folder}/{value}") };
                    files.push(ApkFile { path, permissions: "0644".into(), ..ApkFile::default() });
                }
                "M" | "a" => {
                    let Some(file) = files.last_mut() else { continue };
                    let mut parts = value.split(':').map(str::to_owned);
                    if let (Some(uid), Some(gid), Some(mode)) = (parts.next(), parts.next(), parts.next()) {
                        (file.owner_uid, file.owner_gid, file.permissions) = (uid, gid, mode);
                    }
                }
                "Z" => {
                    if let Some(file) = files.last_mut() {
                        file.digest = digest(value);
                    }
                }
                _ => {}
            }
        }
        // The root folder is everyone's.
        files.retain(|file| file.path != "/");
        files
    }
}

/// `Q1` and the Base64 of a SHA-1, `Q2` and that of a SHA-256, or the hexadecimal digits of an MD5.
fn digest(value: &str) -> Option<FileDigest> {
    let decoded = |base64: &str, length: usize| {
        let bytes = BASE64_STANDARD.decode(base64).ok().filter(|bytes| bytes.len() == length)?;
        Some(hex::encode(bytes))
    };
    let (algorithm, value) = match (value.strip_prefix("Q1"), value.strip_prefix("Q2")) {
        (Some(base64), _) => ("sha1", decoded(base64, 20)?),
        (_, Some(base64)) => ("sha256", decoded(base64, 32)?),
        _ if value.len() == 32 && value.bytes().all(|b| b.is_ascii_hexdigit()) => ("md5", value.to_ascii_lowercase()),
        _ => return None,
    };
    Some(FileDigest { algorithm: algorithm.into(), value })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const INSTALLED: &str = "\
C:Q11otALzX1d1D0kVawy06IairTXS0=
P:musl
V:1.1.14-r10
A:x86_64
S:445080
I:569344
T:the musl c library (libc) implementation
U:http://www.musl-libc.org/
L:MIT
o:musl
D:so:libc>=1 !uclibc
p:so:libc.musl-x86_64.so.1=1
F:
R:init
F:lib
M:0:0:1777
R:ld-musl-x86_64.so.1
a:0:0:755
Z:Q1KUwsFGLHn/enpN9+QIpK/FmixtQ=
R:plain
Z:d41d8cd98f00b204e9800998ecf8427e

P:no-version

V:no-name
";

    #[test]
    fn an_entry_tells_the_package_and_its_files() {
        let packages = packages(INSTALLED);
        assert_eq!(packages.len(), 1, "a package without name or version is none");
        let entry = &packages[0].entry;
        assert_eq!((entry.package.as_str(), entry.version.as_str(), entry.size), ("musl", "1.1.14-r10", 445_080));
        assert_eq!(entry.pull_dependencies, ["so:libc>=1", "!uclibc"]);
        let files: Vec<_> = packages[0]
            .files()
            .into_iter()
            .map(|file| {
                let digest = file.digest.map(|digest| format!("{}:{}", digest.algorithm, digest.value));
                (file.path, file.permissions, digest.unwrap_or_default())
            })
            .collect();
        let expected = [
            ("/init", "0644", ""),
            ("/lib", "1777", ""),
            ("/lib/ld-musl-x86_64.so.1", "755", "sha1:294c2c1462c79ff7a7a4df7e408a4afc59a2c6d4"),
            ("/lib/plain", "0644", "md5:d41d8cd98f00b204e9800998ecf8427e"),
        ];
        assert_eq!(files, expected.map(|(path, mode, digest)| (path.into(), mode.into(), digest.into())));
    }

    #[test]
    fn relations_name_packages() {
        for (relation, expected) in [("so:libc.so.1=1", "so:libc.so.1"), ("a>=1.2", "a"), ("b~1", "b"), ("c", "c")] {
            assert_eq!(name(relation), expected);
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(lines in prop::collection::vec("[PVADpFRMaZ]?:?(Q1[A-Za-z0-9+/=]{0,30}|[ -~é/:=<>]{0,12})", 0..40)) {
            let text = ["P:a\nV:1\n", &lines.join("\n")].concat();
            for package in packages(&text) {
                package.files();
            }
        }
    }
}
