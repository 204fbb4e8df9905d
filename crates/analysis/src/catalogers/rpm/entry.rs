//! What a header says of a package, in the terms of a bill of materials.

use windlass_sbom::{
    FileDigest,
    metadata::{RpmEntry, RpmFile},
};

use super::header::{Header, Tag};

/// What identifies an installed package: name, epoch, version, release, architecture.
pub(super) type Key = (String, Option<u64>, String, String, String);

/// The identity of the package, cheap enough for every copy of a database.
pub(super) fn key(header: &Header) -> Key {
    let text = |tag| header.text(tag).unwrap_or_default();
    (text(Tag::NAME), header.number(Tag::EPOCH), text(Tag::VERSION), text(Tag::RELEASE), text(Tag::ARCH))
}

/// The package, with those of its files that are there. A header without a name is none.
pub(super) fn entry(header: &Header, exists: impl Fn(&str) -> bool) -> Option<RpmEntry> {
    let text = |tag| header.text(tag).filter(|text| text != "(none)").unwrap_or_default();
    let entry = RpmEntry {
        name: text(Tag::NAME),
        version: text(Tag::VERSION),
        epoch: header.number(Tag::EPOCH).and_then(|epoch| i64::try_from(epoch).ok()),
        architecture: text(Tag::ARCH),
        release: text(Tag::RELEASE),
        source_rpm: text(Tag::SOURCE_RPM),
        size: header.number(Tag::LONG_SIZE).or_else(|| header.number(Tag::SIZE)).unwrap_or_default(),
        vendor: text(Tag::VENDOR),
        modularity_label: Some(text(Tag::MODULARITY_LABEL)),
        provides: header.texts(Tag::PROVIDE_NAME).collect(),
        requires: header.texts(Tag::REQUIRE_NAME).collect(),
        files: files(header, exists),
    };
    (!entry.name.is_empty()).then_some(entry)
}

/// The stated licence.
pub(super) fn license(header: &Header) -> Option<String> {
    header.text(Tag::LICENSE).filter(|license| !license.trim().is_empty() && license != "(none)")
}

/// `[epoch:]version-release`
pub(super) fn full_version(entry: &RpmEntry) -> String {
    match entry.epoch {
        Some(epoch) => format!("{epoch}:{}", version_release(entry)),
        None => version_release(entry),
    }
}

/// `version-release`
pub(super) fn version_release(entry: &RpmEntry) -> String {
    match entry.release.as_str() {
        "" => entry.version.clone(),
        release => format!("{}-{release}", entry.version),
    }
}

/// Bytes of a path; Linux opens none that are longer, and folders of hostile length would be joined to every file.
const MAX_PATH: usize = 4096;

fn files(header: &Header, exists: impl Fn(&str) -> bool) -> Vec<RpmFile> {
    let folders: Vec<&[u8]> = header.strings(Tag::DIR_NAMES).collect();
    let algorithm = digest_algorithm(header.number(Tag::FILE_DIGEST_ALGORITHM));
    let mut indexes = header.numbers(Tag::DIR_INDEXES);
    let mut modes = header.numbers(Tag::FILE_MODES);
    let mut long_sizes = header.numbers(Tag::LONG_FILE_SIZES);
    let mut sizes = header.numbers(Tag::FILE_SIZES);
    let mut digests = header.strings(Tag::FILE_DIGESTS);
    let mut flags = header.numbers(Tag::FILE_FLAGS);
    let mut users = header.strings(Tag::FILE_USER_NAME);
    let mut groups = header.strings(Tag::FILE_GROUP_NAME);
    let mut files = Vec::new();
    for name in header.strings(Tag::BASE_NAMES) {
        let folder = indexes.next().and_then(|index| folders.get(usize::try_from(index).ok()?)).copied();
        let mode = modes.next().unwrap_or_default() as u32;
        let size = long_sizes.next().or_else(|| sizes.next()).unwrap_or_default();
        let digest = digests.next().unwrap_or_default();
        let flags = flags.next().unwrap_or_default();
        let (user, group) = (users.next().unwrap_or_default(), groups.next().unwrap_or_default());
        let Some(folder) = folder.filter(|folder| folder.len() + name.len() <= MAX_PATH) else { continue };
        let path = String::from_utf8_lossy(&[folder, name].concat()).into_owned();
        if !exists(&path) {
            continue;
        }
        let digest = match digest {
            [] => FileDigest::default(),
            value => FileDigest { algorithm: algorithm.clone(), value: lossy(value) },
        };
        let (user_name, group_name) = (lossy(user), lossy(group));
        files.push(RpmFile { path, mode, size, digest, user_name, group_name, flags: flag_letters(flags) });
    }
    files
}

fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

/// The name of an algorithm by its number in OpenPGP, which rpm uses; MD5 where the header does not say.
fn digest_algorithm(number: Option<u64>) -> String {
    match number {
        None | Some(1) => "md5".into(),
        Some(2) => "sha1".into(),
        Some(3) => "ripemd160".into(),
        Some(5) => "md2".into(),
        Some(6) => "tiger192".into(),
        Some(7) => "haval-5-160".into(),
        Some(8) => "sha256".into(),
        Some(9) => "sha384".into(),
        Some(10) => "sha512".into(),
        Some(11) => "sha224".into(),
        Some(other) => format!("unknown-{other}"),
    }
}

/// Letters in the order in which `rpm --queryformat '%{FILEFLAGS:fflags}'` prints them.
fn flag_letters(flags: u64) -> String {
    const LETTERS: [(u32, char); 9] =
        [(1, 'd'), (0, 'c'), (5, 's'), (3, 'm'), (4, 'n'), (6, 'g'), (7, 'l'), (8, 'r'), (12, 'a')];
    LETTERS.iter().filter(|(bit, _)| flags >> bit & 1 == 1).map(|(_, letter)| letter).collect()
}
