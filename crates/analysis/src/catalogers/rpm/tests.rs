use std::io::Cursor;

use proptest::prelude::*;
use windlass_image::testing::Tar;
use windlass_sbom::{Metadata, RelationshipKind, metadata::RpmEntry};

use super::{
    Database,
    header::{Header, InvalidHeader},
    testing::{self, Field},
};
use crate::testing::{introduced_in, names, package, scan};

fn rhel() -> Tar {
    Tar::new().file("etc/os-release", "ID=rhel\nVERSION_ID=9.3\n")
}

fn entry<'a>(sbom: &'a windlass_sbom::Sbom, name: &str) -> &'a RpmEntry {
    match &package(sbom, name).metadata {
        Metadata::Rpm(entry) => entry,
        other => panic!("{other:?}"),
    }
}

fn two() -> Vec<Vec<u8>> {
    vec![testing::package("bash", "5.1.8"), testing::package("curl", "7.76")]
}

#[test]
fn every_format_holds_the_same_packages_whatever_the_file_is_called() {
    for (path, database) in [
        ("var/lib/rpm/Packages", testing::bdb(&two(), false)),
        ("var/lib/rpm/Packages", testing::bdb(&two(), true)),
        ("usr/lib/sysimage/rpm/Packages.db", testing::ndb(&two())),
        ("usr/share/rpm/rpmdb.sqlite", testing::sqlite(&two(), &[]).0),
        ("var/lib/rpm/Packages", testing::ndb(&two())),
    ] {
        let sbom = scan([rhel().file(path, database)]);
        assert_eq!(names(&sbom), [("bash", "5.1.8-1.el9"), ("curl", "7.76-1.el9")], "{path}");
        assert_eq!(sbom.unknowns, [], "{path}");
    }
}

#[test]
fn a_header_tells_everything_of_the_package() {
    let mut fields = testing::package_fields("bash", "5.1.8");
    fields.push((1003, Field::Words(vec![0])));
    fields.push((5096, Field::Text("m:1")));
    fields.push((1009, Field::Words(vec![12])));
    let database = testing::ndb(&[testing::header(&fields)]);
    let sbom = scan([rhel().file("var/lib/rpm/Packages.db", database).executable("usr/bin/bash", "x")]);
    let bash = package(&sbom, "bash");
    assert_eq!(bash.version, "0:5.1.8-1.el9");
    assert_eq!(
        bash.purl.as_deref(),
        Some("pkg:rpm/redhat/bash@5.1.8-1.el9?arch=x86_64&distro=rhel-9.3&epoch=0&upstream=source-1-1.el9.src.rpm")
    );
    assert_eq!(bash.licenses[0].value, "GPLv2+");
    let entry = entry(&sbom, "bash");
    assert_eq!((entry.epoch, entry.modularity_label.as_deref(), entry.size), (Some(0), Some("m:1"), 12));
    let file = &entry.files[0];
    assert_eq!((file.path.as_str(), file.mode, file.size, file.flags.as_str()), ("/usr/bin/bash", 0o100_755, 7, "cn"));
    assert_eq!((file.user_name.as_str(), file.group_name.as_str()), ("root", "wheel"));
    assert_eq!((file.digest.algorithm.as_str(), file.digest.value.as_str()), ("sha256", "aa"));
}

#[test]
fn a_tag_that_is_absent_differs_from_one_that_is_zero_or_empty() {
    let sbom = scan([rhel().file("var/lib/rpm/Packages.db", testing::ndb(&two()))]);
    assert_eq!(entry(&sbom, "bash").epoch, None);
    assert_eq!(entry(&sbom, "bash").modularity_label.as_deref(), Some(""), "known not to be modular");
}

#[test]
fn files_that_are_not_in_the_image_are_left_out() {
    let sbom = scan([rhel().file("var/lib/rpm/Packages.db", testing::ndb(&two())).symlink("usr/bin/curl", "nowhere")]);
    assert_eq!(entry(&sbom, "bash").files, []);
    assert_eq!(entry(&sbom, "curl").files.len(), 1, "a link is there even if it leads nowhere");
}

#[test]
fn keys_that_rpm_imported_are_packages_too() {
    let key = testing::header(&[
        (1000, Field::Text("gpg-pubkey")),
        (1001, Field::Text("fd431d51")),
        (1002, Field::Text("4ae0493b")),
        (1014, Field::Text("pubkey")),
    ]);
    let sbom = scan([rhel().file("var/lib/rpm/Packages", testing::bdb(&[key], false))]);
    assert_eq!(names(&sbom), [("gpg-pubkey", "fd431d51-4ae0493b")]);
    assert_eq!(entry(&sbom, "gpg-pubkey").architecture, "");
}

#[test]
fn a_log_is_laid_over_the_database_even_from_another_layer() {
    let (database, log) = testing::sqlite(&two(), &[testing::package("zsh", "5.8")]);
    let all = [("bash", "5.1.8-1.el9"), ("curl", "7.76-1.el9"), ("zsh", "5.8-1.el9")];
    let base = rhel().file("var/lib/rpm/rpmdb.sqlite", &database);
    let sbom = scan([base.clone().file("var/lib/rpm/rpmdb.sqlite-wal", &log)]);
    assert_eq!((names(&sbom), sbom.unknowns.len()), (all.to_vec(), 0));
    let layers = [base, Tar::new().file("var/lib/rpm/rpmdb.sqlite-wal", &log)];
    let sbom = scan(layers.clone());
    assert_eq!(names(&sbom), all);
    assert_eq!(introduced_in(&sbom, &layers.each_ref(), "bash"), Some(0));
    assert_eq!(introduced_in(&sbom, &layers.each_ref(), "zsh"), Some(1));
}

#[test]
fn a_log_may_hold_the_whole_database() {
    let (_, log) = testing::sqlite(&[], &two());
    let sbom = scan([rhel()
        .file("var/lib/rpm/rpmdb.sqlite", testing::sqlite(&[], &[]).0)
        .file("var/lib/rpm/rpmdb.sqlite-wal", log)]);
    assert_eq!(names(&sbom), [("bash", "5.1.8-1.el9"), ("curl", "7.76-1.el9")]);
}

#[test]
fn a_log_that_does_not_fit_is_reported_and_the_database_read_without_it() {
    let (database, mut log) = testing::sqlite(&two(), &[testing::package("zsh", "5.8")]);
    log[32 + 24 + 40] ^= 1;
    let sbom = scan([rhel().file("var/lib/rpm/rpmdb.sqlite", &database).file("var/lib/rpm/rpmdb.sqlite-wal", &log)]);
    assert_eq!(names(&sbom).len(), 2, "the first frame is damaged, so nothing was committed");
    let sbom = scan([rhel().file("var/lib/rpm/rpmdb.sqlite", database).file("var/lib/rpm/rpmdb.sqlite-wal", "no log")]);
    assert_eq!(names(&sbom).len(), 2);
    assert_eq!(sbom.unknowns[0].path, "/var/lib/rpm/rpmdb.sqlite-wal");
}

#[test]
fn packages_belong_to_the_layer_that_brought_them() {
    let layers = [
        rhel().file("var/lib/rpm/Packages.db", testing::ndb(&two()[..1])),
        Tar::new().file("var/lib/rpm/Packages.db", testing::ndb(&two())),
    ];
    let sbom = scan(layers.clone());
    assert_eq!(introduced_in(&sbom, &layers.each_ref(), "bash"), Some(0));
    assert_eq!(introduced_in(&sbom, &layers.each_ref(), "curl"), Some(1));
}

#[test]
fn a_package_needs_what_others_provide_or_own() {
    let mut fields = testing::package_fields("app", "1");
    fields.push((1049, Field::Texts(vec!["libx.so()(64bit)", "/usr/bin/curl", "rpmlib(X)"])));
    let mut library = testing::package_fields("libx", "1");
    library.push((1047, Field::Texts(vec!["libx.so()(64bit)"])));
    let headers = [testing::header(&fields), testing::header(&library), testing::package("curl", "7")];
    let sbom = scan([rhel().file("var/lib/rpm/Packages.db", testing::ndb(&headers)).executable("usr/bin/curl", "x")]);
    let app = &package(&sbom, "app").id;
    let mut needed: Vec<_> = sbom
        .relationships
        .iter()
        .filter(|relationship| relationship.kind == RelationshipKind::DependencyOf && relationship.child == *app)
        .map(|relationship| sbom.packages.iter().find(|p| p.id == relationship.parent).unwrap().name.as_str())
        .collect();
    needed.sort_unstable();
    assert_eq!(needed, ["curl", "libx"]);
}

#[test]
fn a_manifest_stands_in_for_the_database() {
    let line = "bash\t5.1.8-4.cm2\t1\t1\tMicrosoft Corporation\t(none)\t9\tx86_64\t0\tbash-5.1.8-4.cm2.src.rpm\n";
    let sbom = scan([Tar::new()
        .file("etc/os-release", "ID=mariner\nVERSION_ID=2.0\n")
        .file("var/lib/rpmmanifest/container-manifest-2", line)]);
    assert_eq!(
        package(&sbom, "bash").purl.as_deref(),
        Some("pkg:rpm/mariner/bash@5.1.8-4.cm2?arch=x86_64&distro=mariner-2.0&upstream=bash-5.1.8-4.cm2.src.rpm")
    );
    assert_eq!(entry(&sbom, "bash").modularity_label, None, "the manifest does not say");
}

#[test]
fn one_broken_package_does_not_hide_the_others() {
    let mut database = testing::ndb(&two());
    let last = database.len() - 100;
    database[last] ^= 1;
    let sbom = scan([rhel().file("var/lib/rpm/Packages.db", database)]);
    assert_eq!(names(&sbom), [("bash", "5.1.8-1.el9")]);
    assert_eq!(sbom.unknowns[0].reason, "package 2 cannot be read: its checksum is wrong");
    let short = scan([rhel()
        .file("var/lib/rpm/Packages", testing::bdb(&[b"twenty-four bytes and more, but no header".to_vec()], false))]);
    assert_eq!(short.packages, []);
    assert_eq!(short.unknowns.len(), 1, "{:?}", short.unknowns);
}

#[test]
fn a_database_under_two_names_is_one_whichever_is_the_hard_link() {
    let (known, other) = ("usr/share/rpm/Packages.db", "usr/lib/sysimage/rpm-ostree-base-db/Packages.db");
    let database = testing::ndb(&two());
    for (first, link) in [(known, other), (other, known)] {
        let sbom = scan([rhel().file(first, &database).hard_link(link, first)]);
        assert_eq!(names(&sbom), [("bash", "5.1.8-1.el9"), ("curl", "7.76-1.el9")], "{first}");
        assert_eq!(package(&sbom, "bash").locations[0].path, format!("/{known}"));
    }
}

#[test]
fn a_file_that_is_no_database_is_unknown() {
    let sbom = scan([rhel().file("var/lib/rpm/Packages", "garbage")]);
    assert_eq!(sbom.unknowns[0].reason, "it is neither an SQLite, an NDB nor a Berkeley DB hash database");
    let sbom = scan([rhel().file("var/lib/rpm/rpmdb.sqlite", "")]);
    assert_eq!((sbom.unknowns.len(), sbom.packages.len()), (0, 0), "rpm creates the file before it writes to it");
}

#[test]
fn tags_that_share_their_bytes_do_not_unfold() {
    let mut header = testing::header(&[(1000, Field::Text("a-name-of-some-length")), (1001, Field::Text("1"))]);
    // Let version, release and more refer to the name.
    let name = header[8 + 16..][4..16].to_vec();
    header[8 + 32 + 4..][..12].copy_from_slice(&name);
    header[8 + 4..][..12].copy_from_slice(&name);
    header[8..12].copy_from_slice(&1002_u32.to_be_bytes());
    assert_eq!(Header::read(&header).unwrap_err(), InvalidHeader::Overlap);
}

#[test]
fn headers_announce_no_more_than_they_hold() {
    assert_eq!(Header::read(b"").unwrap_err(), InvalidHeader::Short { wanted: 8 });
    assert_eq!(Header::read(&[0, 1, 0, 0, 0, 0, 0, 0]).unwrap_err(), InvalidHeader::TooManyTags(65_536));
    let package = testing::package("a", "1");
    assert!(matches!(Header::read(&package[..package.len() - 1]), Err(InvalidHeader::Short { .. })));
}

fn read(bytes: &[u8]) -> usize {
    super::read_everything(bytes);
    Database::read(&bytes[..bytes.len().min(64)], Cursor::new(bytes)).map_or(0, |database| database.headers().len())
}

/// A database with some bytes changed, some cut off.
fn mutated(database: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let length = database.len();
    (prop::collection::vec((0..length, any::<u8>()), 0..24), 0..=length).prop_map(move |(changes, end)| {
        let mut bytes = database.clone();
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        bytes.truncate(end.max(length / 2));
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn no_header_makes_the_reader_panic(bytes in mutated(testing::package("bash", "5.1.8"))) {
        super::read_header(&bytes);
    }

    #[test]
    fn no_bdb_makes_the_reader_panic(bytes in mutated(testing::bdb(&two(), false))) {
        prop_assert!(read(&bytes) <= bytes.len() / 16);
    }

    #[test]
    fn no_ndb_makes_the_reader_panic(bytes in mutated(testing::ndb(&two()))) {
        prop_assert!(read(&bytes) <= 2);
    }

    #[test]
    fn no_sqlite_makes_the_reader_panic(bytes in mutated(testing::sqlite(&two(), &[]).0)) {
        read(&bytes);
    }
}

/// Databases of real systems, where the folder with samples is at hand.
#[test]
fn real_databases_are_read() {
    let Some(samples) = crate::testing::shared("samples/rpm") else { return };
    let names_in = |file: &str| {
        let bytes = std::fs::read(samples.join(file)).unwrap();
        let database = Database::read(&bytes[..64], Cursor::new(&bytes)).unwrap();
        let entries = database.headers().into_iter().filter_map(|header| super::entry::entry(header, |_| true));
        entries
            .map(|entry| (entry.name.clone(), super::entry::full_version(&entry), entry.files.len()))
            .collect::<Vec<_>>()
    };
    for file in ["grype-centos.Packages", "grype-sles.Packages", "syft-coverage.Packages", "syft.Packages"] {
        let names = names_in(file);
        assert!(!names.is_empty(), "{file}");
        assert!(names.iter().all(|(name, version, _)| !name.is_empty() && version.contains('-')), "{file}: {names:?}");
    }
    assert_eq!(names_in("no_packages.sqlite"), []);
    let header = Header::read(&std::fs::read(samples.join("package.header")).unwrap()).unwrap();
    let entry = super::entry::entry(&header, |_| true).unwrap();
    assert!(!entry.files.is_empty() && entry.files.iter().all(|file| file.path.starts_with('/')));
}
