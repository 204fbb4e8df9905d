use windlass_image::testing::Tar;
use windlass_sbom::{Evidence, Metadata, RelationshipKind, Sbom, metadata::DpkgEntry};

use crate::testing::{introduced_in, names, package, scan};

const MD5: &str = "87fc76f18e98ee7d3848f6b81b3391e5";

fn debian() -> Tar {
    Tar::new().file("etc/os-release", "ID=debian\nVERSION_ID=12\n")
}

fn stanza(name: &str, version: &str, more: &str) -> String {
    format!("Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\n{more}\n")
}

fn entry<'a>(sbom: &'a Sbom, name: &str) -> &'a DpkgEntry {
    match &package(sbom, name).metadata {
        Metadata::Dpkg(entry) => entry,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_package_is_joined_with_its_files_and_licences() {
    let status = stanza("libc6", "2.36-9", &format!("Source: glibc (2.36-8)\nConffiles:\n /etc/ld.so.conf {MD5}\n"));
    let sbom = scan([debian()
        .file("var/lib/dpkg/status", status)
        .file("var/lib/dpkg/info/libc6:amd64.md5sums", format!("{MD5}  lib/libc.so.6\n"))
        .file("var/lib/dpkg/info/libc6:amd64.conffiles", "/etc/ld.so.conf\n")
        .file("usr/share/doc/libc6/copyright", "see /usr/share/common-licenses/LGPL-2.1.\n")]);
    let libc = package(&sbom, "libc6");
    assert_eq!(
        libc.purl.as_deref(),
        Some("pkg:deb/debian/libc6@2.36-9?arch=amd64&distro=debian-12&upstream=glibc%402.36-8")
    );
    let places: Vec<_> = libc.locations.iter().map(|place| (place.path.as_str(), place.evidence)).collect();
    assert_eq!(
        places,
        [
            ("/var/lib/dpkg/status", Evidence::Primary),
            ("/usr/share/doc/libc6/copyright", Evidence::Supporting),
            ("/var/lib/dpkg/info/libc6:amd64.conffiles", Evidence::Supporting),
            ("/var/lib/dpkg/info/libc6:amd64.md5sums", Evidence::Supporting),
        ]
    );
    assert_eq!(libc.licenses[0].value, "LGPL-2.1");
    assert_eq!(libc.licenses[0].paths, ["/usr/share/doc/libc6/copyright"]);
    let files: Vec<_> = entry(&sbom, "libc6").files.iter().map(|f| (f.path.as_str(), f.is_config_file)).collect();
    assert_eq!(files, [("/etc/ld.so.conf", true), ("/lib/libc.so.6", false)]);
}

#[test]
fn distroless_images_have_a_file_for_each_package() {
    let sbom = scan([
        debian()
            .file("var/lib/dpkg/status.d/base", "Package: base-files\nVersion: 12.4\n")
            .file("var/lib/dpkg/status.d/base.md5sums", format!("{MD5}  etc/issue\n")),
        Tar::new().file("var/lib/dpkg/status.d/netbase", "Package: netbase\nVersion: 6.4\n"),
    ]);
    assert_eq!(names(&sbom), [("base-files", "12.4"), ("netbase", "6.4")]);
    assert_eq!(entry(&sbom, "base-files").files[0].path, "/etc/issue");
    let layers: Vec<_> = sbom.packages.iter().map(|package| package.introduced_by.clone()).collect();
    assert!(layers[0].is_some() && layers[0] != layers[1], "each file has the layer of its own: {layers:?}");
}

#[test]
fn a_package_belongs_to_the_layer_that_brought_its_version() {
    let layers = [
        debian().file("var/lib/dpkg/status", [stanza("bash", "5.1", ""), stanza("curl", "8.0", "")].concat()),
        Tar::new().file("srv/data", "x"),
        Tar::new().file("var/lib/dpkg/status", [stanza("bash", "5.2", ""), stanza("curl", "8.0", "")].concat()),
        Tar::new().file(
            "var/lib/dpkg/status",
            [stanza("bash", "5.2", ""), stanza("curl", "8.0", ""), stanza("zsh", "5", "")].concat(),
        ),
    ];
    let sbom = scan(layers.clone());
    let layers = layers.each_ref();
    assert_eq!(introduced_in(&sbom, &layers, "curl"), Some(0));
    assert_eq!(introduced_in(&sbom, &layers, "bash"), Some(2));
    assert_eq!(introduced_in(&sbom, &layers, "zsh"), Some(3));
    let database = package(&sbom, "curl").locations[0].layer.as_deref();
    assert_eq!(database, Some(layers[3].clone().plain().diff_id.as_str()), "the location is where the database is");
}

#[test]
fn dependencies_are_met_by_name_and_by_what_others_provide() {
    let sbom = scan([debian().file(
        "var/lib/dpkg/status",
        [
            stanza(
                "app",
                "1",
                "Pre-Depends: dpkg (>= 1)\nDepends: mail-transport-agent | exim4, libc6:any (>= 2), absent\n",
            ),
            stanza("postfix", "3", "Provides: mail-transport-agent (= 1)\n"),
            stanza("libc6", "2.36", ""),
            stanza("dpkg", "1.21", "Depends: app\n"),
        ]
        .concat(),
    )]);
    let name_of =
        |id| sbom.packages.iter().find(|package| package.id == id).map(|package| package.name.as_str()).unwrap();
    let mut edges: Vec<_> = sbom
        .relationships
        .iter()
        .filter(|relationship| relationship.kind == RelationshipKind::DependencyOf)
        .map(|relationship| (name_of(relationship.parent.clone()), name_of(relationship.child.clone())))
        .collect();
    edges.sort_unstable();
    assert_eq!(edges, [("app", "dpkg"), ("dpkg", "app"), ("libc6", "app"), ("postfix", "app")]);
}

#[test]
fn the_old_status_file_counts_no_package_twice() {
    let path = "var/lib/dpkg/status";
    let sbom = scan([debian().file(path, stanza("bash", "5.2", "")).hard_link("var/lib/dpkg/status-old", path)]);
    assert_eq!(names(&sbom), [("bash", "5.2")]);
}

#[test]
fn opkg_states_licences_in_control_files() {
    let control = "Package: dropbear\nVersion: 2022.82-2\nArchitecture: x\nLicense: MIT\n";
    let sbom = scan([Tar::new()
        .file(
            "usr/lib/opkg/status",
            "Package: dropbear\nVersion: 2022.82-2\nArchitecture: x\nStatus: install user installed\n",
        )
        .file("usr/lib/opkg/info/dropbear.control", control)]);
    assert_eq!(names(&sbom), [("dropbear", "2022.82-2")]);
    assert_eq!(package(&sbom, "dropbear").licenses[0].value, "MIT");
    assert_eq!(package(&sbom, "dropbear").purl, None, "the distribution is not Debian's kin");
    let without_status = scan([Tar::new().file("usr/lib/opkg/info/dropbear.control", control)]);
    assert_eq!(names(&without_status), [("dropbear", "2022.82-2")]);
}

#[test]
fn a_root_within_the_image_keeps_to_itself() {
    let sbom = scan([debian()
        .file("srv/root/var/lib/dpkg/status", stanza("inner", "1", "Depends: outer\n"))
        .file("srv/root/usr/share/doc/inner/copyright", "/usr/share/common-licenses/GPL-2")
        .file("var/lib/dpkg/status", stanza("outer", "1", ""))]);
    assert_eq!(package(&sbom, "inner").licenses[0].value, "GPL-2");
    assert_eq!(sbom.relationships, []);
}
