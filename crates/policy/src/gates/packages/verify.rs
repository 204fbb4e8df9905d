//! Trigger `verify`: files of packages that are gone or not as they were installed.

use windlass_sbom::{FileEntry, FileKind};

use super::manifest::{Entry, entries};
use crate::{
    About, Arguments, Check, Failure, Image, Parameter, Profile, Trigger,
    gate::{Inputs, Origin},
    image::full_mode,
    package::judged,
    parameter::Kind,
};

pub(super) const TRIGGER: Trigger = Trigger {
    name: "verify",
    description: "Fires for each file of a package that is missing, or that differs from what the package manager \
                  installed. Configuration files may differ.",
    parameters: &[
        Parameter::new("only_packages", Kind::List, "Names of the packages to look at; all when unset.")
            .key("pkgs")
            .example("libssl,openssl"),
        Parameter::new("only_directories", Kind::List, "Where to look, as beginnings of paths; everywhere when unset.")
            .key("directories")
            .example("/usr,/var/lib"),
        Parameter::new("check", Kind::OneOf(&["changed", "missing"]), "What to look for; both when unset.")
            .key("check_only")
            .example("changed"),
    ],
    reads: Inputs::PACKAGES.with(Inputs::FILES).with(Inputs::FILE_DIGESTS),
    origin: Origin::Original,
    compile: verify,
};

fn verify(arguments: &Arguments<'_>) -> Result<Check, Failure> {
    let packages = arguments.list("only_packages");
    let directories = arguments.list("only_directories");
    let wanted = arguments.text("check").map(str::to_owned);
    Ok(Check::new(move |context, firings| {
        let selected = |name: &str| packages.is_empty() || packages.iter().any(|package| package == name);
        for fact in judged(context).filter(|fact| selected(fact.name())) {
            for entry in entries(fact.package) {
                let times = reports(&directories, entry.path, context.profile);
                if times == 0 {
                    continue;
                }
                let Some(status) = status(&entry, context.image, context.profile) else { continue };
                if wanted.as_ref().is_some_and(|wanted| wanted != status) {
                    continue;
                }
                for _ in 0..times {
                    let (name, path) = (fact.name(), entry.path);
                    firings
                        .fire(format!(
                            "VERIFY check against package db for package '{name}' failed on entry '{path}' with status: \
                             '{status}'"
                        ))
                        .about(About::Package(fact.index));
                }
            }
        }
        Ok(())
    }))
}

/// How often an entry is reported: the original did so for each directory that covers it, and read `_` and `%` in them
/// as SQL does.
fn reports(directories: &[String], path: &str, profile: Profile) -> usize {
    match profile {
        _ if directories.is_empty() => 1,
        Profile::Compat => directories.iter().filter(|directory| begins_like(path, directory)).count(),
        Profile::Native => usize::from(directories.iter().any(|directory| is_within(path, directory))),
    }
}

/// Whether a path is that of a directory or of something in it.
fn is_within(path: &str, directory: &str) -> bool {
    let rest = path.strip_prefix(directory.trim_end_matches('/'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a text begins with a match of an SQL `LIKE` pattern: `_` is any character, `%` any text.
fn begins_like(text: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('%');
    let Some(mut rest) = after(text, parts.next().unwrap_or_default()) else { return false };
    // The earliest match of each part leaves the most for those behind it.
    parts.all(|part| {
        let mut starts = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
        let left = starts.find_map(|at| after(&rest[at..], part));
        rest = left.unwrap_or_default();
        left.is_some()
    })
}

/// What is left of a text that begins with a part in which `_` is any character.
fn after<'t>(text: &'t str, part: &str) -> Option<&'t str> {
    let mut rest = text.chars();
    let matches = part.chars().all(|wanted| rest.next().is_some_and(|found| wanted == '_' || wanted == found));
    matches.then_some(rest.as_str())
}

/// `missing`, `changed`, or `None` where nothing is wrong or too little is known.
fn status(entry: &Entry<'_>, image: &Image<'_>, profile: Profile) -> Option<&'static str> {
    let found = match profile {
        Profile::Compat => image.file(entry.path),
        Profile::Native => image.file(entry.path).or_else(|| behind_links(image, entry.path)),
    };
    let Some(file) = found else {
        return (profile == Profile::Compat || !entry.may_be_missing).then_some("missing");
    };
    (!entry.is_config && is_changed(entry, file)).then_some("changed")
}

/// Links followed before a path counts as leading nowhere.
const LINK_LIMIT: usize = 40;

/// The file that a path leads to through links among its folders: `/bin/sh` where `/bin` is a link to `usr/bin`.
fn behind_links<'i>(image: &'i Image<'_>, path: &str) -> Option<FileEntry<'i>> {
    let mut path = path.to_owned();
    for _ in 0..LINK_LIMIT {
        let folder_link = |(at, _): (usize, &str)| {
            let folder = image.file(&path[..at]).filter(|folder| folder.kind() == FileKind::SymbolicLink)?;
            Some((at, folder.link_target().to_owned()))
        };
        let Some((at, target)) = path.match_indices('/').skip(1).find_map(folder_link) else { break };
        path = joined(&path[..at], &target, &path[at..]);
    }
    image.file(&path)
}

/// The path behind a link: relative targets begin in the link's folder.
fn joined(link: &str, target: &str, rest: &str) -> String {
    let folder = if target.starts_with('/') { "" } else { link.rsplit_once('/').map_or("", |(folder, _)| folder) };
    let mut segments: Vec<&str> = Vec::new();
    for segment in [folder, target, rest].into_iter().flat_map(|part| part.split('/')) {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            name => segments.push(name),
        }
    }
    format!("/{}", segments.join("/"))
}

fn is_changed(entry: &Entry<'_>, file: FileEntry<'_>) -> bool {
    let is_file = matches!(file.kind(), FileKind::RegularFile | FileKind::HardLink);
    if !is_file && file.kind() != FileKind::Directory {
        return false;
    }
    let digest_differs = || {
        let recorded = entry.digest.filter(|recorded| !recorded.value.is_empty());
        recorded.is_some_and(|recorded| file.digest(&recorded.algorithm).is_some_and(|own| own != recorded.value))
    };
    let size_differs = || entry.size.is_some_and(|size| size != 0 && file.size() != 0 && size != file.size());
    let mode_differs = entry.mode.is_some_and(|mode| differs_in_octal(mode, full_mode(file)));
    mode_differs || (is_file && (digest_differs() || size_differs()))
}

/// Whether two modes differ in the octal digits that both have: some package managers record permissions alone.
fn differs_in_octal(a: u32, b: u32) -> bool {
    let digits = (u32::BITS - a.min(b).leading_zeros()).div_ceil(3);
    let common = (1_u64 << (3 * digits)) - 1;
    u64::from(a ^ b) & common != 0
}

#[cfg(test)]
mod tests {
    use windlass_sbom::{
        Evidence, File, FileDigest, FileKind, Location, Metadata, Package, PackageType, Sbom,
        metadata::{ApkEntry, ApkFile, DpkgEntry, DpkgFile, RpmEntry, RpmFile},
    };

    use super::*;
    use crate::testing::{Case, Fired, fired};

    fn digest(algorithm: &str, value: &str) -> FileDigest {
        FileDigest { algorithm: algorithm.into(), value: value.into() }
    }

    fn file(path: &str, kind: FileKind, mode: u32, size: u64, digests: &[(&str, &str)]) -> File {
        File {
            location: Location::new(path, None, Evidence::Primary),
            kind,
            mode,
            uid: 0,
            gid: 0,
            size,
            link_target: String::new(),
            digests: digests.iter().map(|(algorithm, value)| digest(algorithm, value)).collect(),
        }
    }

    fn listed(path: &str, md5: &str) -> DpkgFile {
        DpkgFile { path: path.into(), digest: Some(digest("md5", md5)), is_config_file: path.starts_with("/etc") }
    }

    fn deb(files: Vec<DpkgFile>) -> Package {
        let metadata = Metadata::Dpkg(Box::new(DpkgEntry { files, ..DpkgEntry::default() }));
        Package { metadata, ..Package::new(PackageType::Deb, "bash", "5") }
    }

    fn regular(path: &str, md5: &str) -> File {
        file(path, FileKind::RegularFile, 0o755, 7, &[("sha256", "x"), ("md5", md5)])
    }

    fn image(package: Package, mut files: Vec<File>) -> Sbom {
        files.sort_by(|a, b| a.location.cmp(&b.location));
        Sbom { packages: vec![package], files, ..Sbom::default() }
    }

    fn found(profile: Profile, params: &[(&str, &str)], sbom: &Sbom) -> Vec<String> {
        let fired = Case { profile, ..Case::new(sbom) }.fired("packages", "verify", params);
        let place = |fired: Fired| {
            let (_, entry) = fired.message.split_once("entry '").unwrap();
            entry.replace("' with status: ", " ").replace('\'', "")
        };
        fired.into_iter().map(place).collect()
    }

    fn bash() -> Sbom {
        let package = deb(vec![
            listed("/bin/same", "1"),
            listed("/bin/other", "1"),
            listed("/etc/conf", "1"),
            listed("/etc/gone", "1"),
            listed("/gone", "1"),
        ]);
        image(package, vec![regular("/bin/same", "1"), regular("/bin/other", "2"), regular("/etc/conf", "2")])
    }

    #[test]
    fn files_that_are_gone_or_changed_fire_and_changed_configuration_does_not() {
        assert_eq!(found(Profile::Compat, &[], &bash()), ["/bin/other changed", "/etc/gone missing", "/gone missing"]);
        assert_eq!(found(Profile::Compat, &[("check", "changed")], &bash()), ["/bin/other changed"]);
        let missing = fired("packages", "verify", &[("check", "missing"), ("only_directories", "/gone")], &bash());
        assert_eq!(
            missing,
            [Fired::new(
                "1de7cad414442d38ec696759050d0445",
                "VERIFY check against package db for package 'bash' failed on entry '/gone' with status: 'missing'"
            )]
        );
    }

    #[test]
    fn packages_can_be_chosen() {
        assert_eq!(found(Profile::Compat, &[("only_packages", "zip")], &bash()), [""; 0]);
        assert_eq!(found(Profile::Compat, &[("only_packages", "zip, bash")], &bash()).len(), 3);
    }

    #[test]
    fn directories_are_wildcards_and_overlap_in_the_original_alone() {
        let within = |profile, directories| found(profile, &[("only_directories", directories)], &bash());
        for (directories, compat, native) in [
            ("/etc", 1, 1),
            ("/e", 1, 0),
            ("/etc/", 1, 1),
            ("/_tc", 1, 0),
            ("%gone", 2, 0),
            ("/e%/g", 1, 0),
            ("/,/etc", 4, 3),
            ("/usr", 0, 0),
        ] {
            assert_eq!(within(Profile::Compat, directories).len(), compat, "{directories}");
            assert_eq!(within(Profile::Native, directories).len(), native, "{directories}");
        }
    }

    #[test]
    fn without_a_list_of_files_every_entry_is_missing() {
        assert_eq!(found(Profile::Compat, &[], &image(deb(vec![listed("/bin/sh", "1")]), vec![])), ["/bin/sh missing"]);
        assert_eq!(found(Profile::Compat, &[], &image(Package::new(PackageType::Npm, "left", "1"), vec![])), [""; 0]);
    }

    #[test]
    fn the_native_profile_finds_files_behind_linked_folders() {
        let link = |path: &str, target: &str| File {
            link_target: target.into(),
            ..file(path, FileKind::SymbolicLink, 0o777, 0, &[])
        };
        let package = || deb(vec![listed("/bin/sh", "1"), listed("/loop/x", "1"), listed("/opt/a/x", "1")]);
        let files = vec![
            link("/bin", "usr/bin"),
            link("/loop", "loop"),
            link("/opt/a", "../srv/./b"),
            link("/srv", "/usr"),
            regular("/usr/b/x", "2"),
            regular("/usr/bin/sh", "1"),
        ];
        let sbom = image(package(), files);
        assert_eq!(found(Profile::Compat, &[], &sbom), ["/bin/sh missing", "/loop/x missing", "/opt/a/x missing"]);
        assert_eq!(found(Profile::Native, &[], &sbom), ["/loop/x missing", "/opt/a/x changed"]);
    }

    #[test]
    fn rpm_compares_digests_modes_and_sizes_as_far_as_both_are_known() {
        let entry = |path: &str, mode: u32, size: u64, digest: FileDigest, flags: &str| RpmFile {
            path: path.into(),
            mode,
            size,
            digest,
            flags: flags.into(),
            ..RpmFile::default()
        };
        let sha256 = |value: &str| digest("sha256", value);
        let files = vec![
            entry("/config", 0o100_644, 1, sha256("b"), "c"),
            entry("/dir", 0o040_700, 9, FileDigest::default(), ""),
            entry("/ghost", 0o100_644, 0, FileDigest::default(), "g"),
            entry("/link", 0o120_777, 3, sha256("b"), ""),
            entry("/mode", 0o100_755, 5, sha256("a"), ""),
            entry("/other-algorithm", 0o100_644, 5, digest("sha512", "b"), ""),
            entry("/same", 0o100_644, 5, sha256("a"), ""),
            entry("/size", 0o100_644, 6, FileDigest::default(), ""),
        ];
        let metadata = Metadata::Rpm(Box::new(RpmEntry { files, ..RpmEntry::default() }));
        let package = Package { metadata, ..Package::new(PackageType::Rpm, "bash", "5-1") };
        let plain = |path: &str| file(path, FileKind::RegularFile, 0o644, 5, &[("sha256", "a")]);
        let sbom = image(
            package,
            vec![
                plain("/config"),
                file("/dir", FileKind::Directory, 0o755, 0, &[]),
                file("/link", FileKind::SymbolicLink, 0o644, 9, &[]),
                plain("/mode"),
                plain("/other-algorithm"),
                plain("/same"),
                plain("/size"),
            ],
        );
        let changed = ["/dir changed", "/mode changed", "/size changed"];
        assert_eq!(found(Profile::Native, &[], &sbom), changed);
        assert_eq!(found(Profile::Compat, &[("check", "changed")], &sbom), changed);
        assert_eq!(found(Profile::Compat, &[("check", "missing")], &sbom), ["/ghost missing"]);
    }

    #[test]
    fn apk_records_permissions_without_the_kind_of_file() {
        let entry = |path: &str, permissions: &str, sha1: &str| ApkFile {
            path: path.into(),
            permissions: permissions.into(),
            digest: (!sha1.is_empty()).then(|| digest("sha1", sha1)),
            ..ApkFile::default()
        };
        let files =
            vec![entry("/a", "0755", "1"), entry("/b", "0644", "1"), entry("/c", "", "2"), entry("/d", "", "1")];
        let metadata = Metadata::Apk(Box::new(ApkEntry { files, ..ApkEntry::default() }));
        let package = Package { metadata, ..Package::new(PackageType::Apk, "musl", "1-r0") };
        let plain = |path: &str| file(path, FileKind::RegularFile, 0o755, 5, &[("sha1", "1")]);
        let sbom = image(package, ["/a", "/b", "/c", "/d"].map(plain).to_vec());
        assert_eq!(found(Profile::Compat, &[], &sbom), ["/b changed", "/c changed"]);
    }
}
