use windlass_image::testing::Tar;
use windlass_sbom::Distro;

use crate::testing::scan;

fn distro(tar: Tar) -> Option<Distro> {
    scan([tar]).distro
}

fn named(tar: Tar) -> (String, String) {
    distro(tar).map(|distro| (distro.id, distro.version_id)).unwrap_or_default()
}

fn is(id: &str, version: &str) -> (String, String) {
    (id.into(), version.into())
}

#[test]
fn links_are_followed_to_whatever_the_file_is_called() {
    let tar = Tar::new()
        .symlink("etc/os-release", "../usr/lib/os-release")
        .symlink("usr/lib/os-release", "os.release.d/os-release-fedora")
        .file("usr/lib/os.release.d/os-release-fedora", "ID=fedora\nVERSION_ID=41\n");
    assert_eq!(named(tar), is("fedora", "41"));
    let tar = Tar::new()
        .symlink("etc/redhat-release", "almalinux-release")
        .file("etc/almalinux-release", "AlmaLinux release 8.9 (Midnight Oncilla)\n");
    assert_eq!(named(tar), is("almalinux", "8.9"));
}

#[test]
fn a_file_that_says_nothing_leaves_the_word_to_the_next() {
    let tar = Tar::new().file("etc/os-release", "# empty\n").file("usr/lib/os-release", "ID=wolfi\n");
    assert_eq!(named(tar), is("wolfi", ""));
    let tar = Tar::new()
        .file("etc/system-release-cpe", "cpe:/o:centos:linux:6:GA\n")
        .file("etc/redhat-release", "CentOS release 6.10 (Final)\n");
    assert_eq!(named(tar), is("centos", "6"));
}

#[test]
fn debian_states_its_point_release_elsewhere() {
    let debian = Tar::new().file("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n");
    assert_eq!(named(debian.clone().file("etc/debian_version", "12.5\n")), is("debian", "12.5"));
    assert_eq!(named(debian.file("etc/debian_version", "trixie/sid\n")), is("debian", "12"));
    let ubuntu =
        Tar::new().file("etc/os-release", "ID=ubuntu\nVERSION_ID=22.04\n").file("etc/debian_version", "12.5\n");
    assert_eq!(named(ubuntu), is("ubuntu", "22.04"));
}

#[test]
fn alpine_without_os_release_is_known_by_its_repositories_rather_than_by_its_busybox() {
    let tar = Tar::new()
        .file("etc/apk/repositories", "https://dl-cdn.alpinelinux.org/alpine/v3.19/main\n")
        .executable("bin/busybox", b"\x7fELF BusyBox v1.36.1 (2023)");
    assert_eq!(named(tar), is("alpine", "3.19"));
}

#[test]
fn busybox_is_found_behind_the_applet_that_its_links_lead_to() {
    let tar = Tar::new().executable("bin/[", b"\x7fELF BusyBox v1.36.1 (2023)").hard_link("bin/busybox", "bin/[");
    assert_eq!(named(tar), is("busybox", "1.36.1"));
    assert_eq!(distro(Tar::new().file("bin/busybox", "#!/bin/sh")), None);
}

#[test]
fn extended_support_shows_in_many_places() {
    let rhel = Tar::new().file("etc/os-release", "ID=rhel\n");
    let ubuntu = Tar::new().file("etc/os-release", "ID=ubuntu\n");
    let status = |version: &str, state: &str| format!("Package: a\nStatus: {state} ok installed\nVersion: {version}\n");
    for (tar, extended) in [
        (
            rhel.clone().file("root/buildinfo/content_manifests/a.json", r#"["rhel-8-for-x86_64-baseos-eus-rpms"]"#),
            true,
        ),
        (rhel.clone().file("root/buildinfo/content_manifests/a.json", r#"["rhel-8-for-x86_64-baseos-rpms"]"#), false),
        (rhel.file("etc/apt/sources.list.d/a.list", "deb https://esm.ubuntu.com/infra/ubuntu x main"), false),
        (ubuntu.clone().file("etc/apt/sources.list.d/a.list", "deb https://esm.ubuntu.com/infra/ubuntu x main"), true),
        (
            ubuntu.clone().file("etc/apt/sources.list.d/a.list", "# deb https://esm.ubuntu.com/infra/ubuntu x main"),
            false,
        ),
        (ubuntu.clone().file("etc/apt/auth.conf.d/90ubuntu-advantage", "machine esm.ubuntu.com/apps/ login x"), true),
        (
            ubuntu.clone().file(
                "var/lib/ubuntu-advantage/status.json",
                r#"{"services":[{"name":"livepatch","status":"enabled"},{"name":"esm-apps","status":"enabled"}]}"#,
            ),
            true,
        ),
        (ubuntu.clone().file("var/lib/ubuntu-advantage/status.json", r#"{"services":[{"name":"esm-apps"}]}"#), false),
        (ubuntu.clone().file("var/lib/dpkg/status", status("1.2-3ubuntu0~esm1", "install")), true),
        (ubuntu.clone().file("var/lib/dpkg/status", status("1.2-3ubuntu0~esm1", "deinstall")), false),
        (ubuntu.file("var/lib/dpkg/status", status("1.2-3", "install")), false),
    ] {
        assert_eq!(distro(tar.clone()).unwrap().extended_support, extended, "{tar:?}");
    }
}
