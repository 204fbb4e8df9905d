//! Images small enough to be made for a test, with something of every kind that is asked for.

use serde_json::json;
use windlass_image::{
    Digest,
    testing::{Tar, gzip},
};

pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// An image of one layer, as a registry keeps it.
pub(crate) struct Sample {
    pub(crate) config: Vec<u8>,
    pub(crate) layer: Vec<u8>,
    pub(crate) manifest: Vec<u8>,
}

impl Sample {
    fn of(tar: Tar) -> Self {
        let tar = tar.into_bytes();
        let layer = gzip(&tar);
        let config = json!({
            "os": "linux", "architecture": "amd64", "created": "2024-01-01T00:00:00Z", "config": {"Cmd": ["bash"]},
            "history": [
                {"created": "2024-01-01T00:00:00Z", "created_by": "/bin/sh -c #(nop) ADD file:abc in / "},
                {"created": "2024-01-01T00:00:00Z", "created_by": "/bin/sh -c #(nop)  CMD [\"bash\"]", "empty_layer": true},
            ],
            "rootfs": {"type": "layers", "diff_ids": [Digest::of(&tar).as_str()]},
        });
        let config = config.to_string().into_bytes();
        let described = |kind: &str, bytes: &[u8]| {
            let media_type = format!("application/vnd.oci.image.{kind}");
            json!({"mediaType": media_type, "digest": Digest::of(bytes).as_str(), "size": bytes.len()})
        };
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "config": described("config.v1+json", &config),
            "layers": [described("layer.v1.tar+gzip", &layer)],
        });
        Self { config, layer, manifest: manifest.to_string().into_bytes() }
    }
}

/// A release of Debian with a few packages.
pub(crate) fn small() -> Sample {
    Sample::of(debian().file("etc/motd", "small\n"))
}

/// The same with another version of its shell.
pub(crate) fn small_with(bash: &str) -> Sample {
    Sample::of(debian_with(bash).file("etc/motd", "small\n"))
}

/// The same with libraries of npm, Python and Java, a setuid program and a key.
pub(crate) fn big() -> Sample {
    let python = "Metadata-Version: 2.1\nName: Flask\nVersion: 0.12\nLicense: BSD\nAuthor: A\n";
    let tar = debian()
        .file("app/node_modules/lodash/package.json", r#"{"name": "lodash", "version": "4.17.15", "license": "MIT"}"#)
        .file("usr/lib/python3/dist-packages/Flask-0.12.dist-info/METADATA", python)
        .file("usr/lib/python3/dist-packages/Flask-0.12.dist-info/RECORD", "flask/app.py,,\n")
        .file("opt/app/hello-1.2.3.jar", jar())
        .file("app/id_rsa", "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n")
        .file("app/credentials", "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\n");
    Sample::of(tar)
}

/// A library of Java, as Maven packs one, but for compression.
fn jar() -> Vec<u8> {
    let members = [
        ("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\nImplementation-Version: 1.2.3\r\n\r\n"),
        ("META-INF/maven/com.example/hello/pom.properties", "groupId=com.example\nartifactId=hello\nversion=1.2.3\n"),
    ];
    let (mut zip, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in members {
        let (at, length) = (size(&zip), size(content.as_bytes()).to_le_bytes());
        // What both headers say: versions, no flags, no compression, 1980, checksum, lengths, and no further fields.
        let common = [
            &[20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0][..],
            &checksum(content.as_bytes()).to_le_bytes(),
            &length,
            &length,
            &size(name.as_bytes()).to_le_bytes()[..2],
            &[0, 0],
        ]
        .concat();
        directory.extend([b"PK\x01\x02\x14\0", &common[..], &[0; 10], &at.to_le_bytes(), name.as_bytes()].concat());
        zip.extend([b"PK\x03\x04", &common[..], name.as_bytes(), content.as_bytes()].concat());
    }
    let (at, length) = (size(&zip).to_le_bytes(), size(&directory).to_le_bytes());
    zip.extend([&directory[..], b"PK\x05\x06\0\0\0\0\x02\0\x02\0", &length, &at, &[0, 0]].concat());
    zip
}

fn size(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).expect("it is small")
}

/// CRC-32.
fn checksum(bytes: &[u8]) -> u32 {
    let step = |sum: u32, _| if sum & 1 == 1 { (sum >> 1) ^ 0xEDB8_8320 } else { sum >> 1 };
    !bytes.iter().fold(!0, |sum, byte| (0..8).fold(sum ^ u32::from(*byte), step))
}

/// A release of Alpine with one package.
pub(crate) fn alpine() -> Sample {
    let tar = Tar::new()
        .file("etc/os-release", "ID=alpine\nVERSION_ID=3.18.4\nPRETTY_NAME=\"Alpine Linux v3.18\"\n")
        .file("etc/passwd", "root:x:0:0:root:/root:/bin/ash\n")
        .file("lib/apk/db/installed", "P:busybox\nV:1.36.1-r2\nA:x86_64\nL:GPL-2.0-only\no:busybox\nI:950272\n\n");
    Sample::of(tar)
}

fn debian() -> Tar {
    debian_with("5.2.15-2+b13")
}

fn debian_with(bash: &str) -> Tar {
    let packages = [
        ("bash", "bash", bash),
        ("libc6", "glibc", "2.36-9+deb12u14"),
        ("libstdc++6", "gcc-12", "12.2.0-14+deb12u1"),
        ("libssl3", "openssl", "3.0.22-1~deb12u2"),
        ("openssl", "openssl", "3.0.22-1~deb12u2"),
        ("perl-base", "perl", "5.36.0-7+deb12u4"),
    ];
    let status = packages.map(|(package, source, version)| {
        format!(
            "Package: {package}\nStatus: install ok installed\nPriority: required\nInstalled-Size: 120\n\
             Maintainer: Debian <maintainer@example.org>\nArchitecture: amd64\nSource: {source}\nVersion: {version}\n\
             Description: a package\n\n"
        )
    });
    let os = "ID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\nPRETTY_NAME=\"Debian GNU/Linux 12\"\n";
    Tar::new()
        .file("etc/os-release", os)
        .file("etc/debian_version", "12.12\n")
        .file("etc/passwd", "root:x:0:0:root:/root:/bin/bash\n")
        .file("var/lib/dpkg/status", status.concat())
        .file("var/lib/dpkg/info/bash.list", "/.\n/bin\n/bin/bash\n")
        .file("usr/share/doc/bash/copyright", "License: GPL-3+\n")
        .executable("bin/bash", "#!")
}

/// What Debian's tracker says of three of these packages.
pub(crate) const DEBIAN_TRACKER: &str = r#"{
    "openssl": {"CVE-2099-0001": {"description": "Memory is read that is not ours.", "scope": "remote", "releases": {"bookworm":
        {"status": "resolved", "repositories": {"bookworm": "3.0.22-1~deb12u2"}, "fixed_version": "3.0.99-1", "urgency": "high"}}}},
    "perl": {"CVE-2099-0005": {"scope": "local", "releases": {"bookworm":
        {"status": "resolved", "repositories": {"bookworm": "5.36.0-7+deb12u4"}, "fixed_version": "99-1", "urgency": "not yet assigned"}}}},
    "gcc-12": {"CVE-2099-0006": {"scope": "local", "releases": {"bookworm":
        {"status": "open", "repositories": {"bookworm": "12.2.0-14+deb12u1"}, "urgency": "medium"}}}}}"#;

/// What GitHub says of lodash, as an OSV document.
pub(crate) const LODASH_ADVISORY: &str = r#"{"id": "GHSA-p6mc-m468-83gw", "aliases": ["CVE-2020-8203"],
    "modified": "2024-01-01T00:00:00Z", "published": "2020-07-15T19:15:48Z", "summary": "Prototypes can be polluted",
    "database_specific": {"severity": "HIGH"}, "affected": [{"package": {"ecosystem": "npm", "name": "lodash"},
    "ranges": [{"type": "SEMVER", "events": [{"introduced": "3.7.0"}, {"fixed": "4.17.19"}]}]}]}"#;
