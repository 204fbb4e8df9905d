//! One small document that has something of everything, for the tests of the formats.

use super::Document;
use crate::{
    Cpe, CpeSource, Distro, Evidence, File, FileDigest, FileKind, FileMatches, ImageSource, Inspection,
    LayerDescription, License, Location, MalwareFinding, MalwareScan, Metadata, Package, PackageType, PatternMatch,
    Relationship, RelationshipKind, Sbom, Source, Unknown,
    metadata::{DpkgEntry, DpkgFile, JavaArchive, NpmPackage, PomProperties, RpmEntry},
    package_url,
};

const BASE: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
const APP: &str = "sha256:2222222222222222222222222222222222222222222222222222222222222222";

pub(super) fn document() -> Document {
    Document { created: None, tool_version: "0.1.0".into() }
}

/// A package found at this path, in this layer.
fn found(kind: PackageType, name: &str, version: &str, path: &str, digest: &str) -> Package {
    let mut package = Package::new(kind, name, version);
    package.found_by = format!("{}-cataloger", kind.as_str());
    package.locations = vec![Location::new(path, Some(digest.into()), Evidence::Primary)];
    package.introduced_by = Some(digest.into());
    package
}

fn libc() -> Package {
    let mut package = found(PackageType::Deb, "libc6", "2.36-9+deb12u4", "/var/lib/dpkg/status", BASE);
    package.purl = package_url(
        PackageType::Deb,
        "debian",
        "libc6",
        "2.36-9+deb12u4",
        &[("arch", "amd64"), ("distro", "debian-12.5"), ("upstream", "glibc")],
    );
    let mut copyright = Location::new("/usr/share/doc/libc6/copyright", Some(BASE.into()), Evidence::Supporting);
    copyright.access_path = "/usr/share/doc/libc-dev/copyright".into();
    package.locations.push(copyright);
    package.licenses =
        vec![License::declared("GPL-2"), License::declared("public-domain").found_in("/usr/share/doc/libc6/copyright")];
    package.cpes = vec![Cpe::application("gnu", "glibc", "2.36", CpeSource::Generated)];
    package.metadata = Metadata::Dpkg(Box::new(DpkgEntry {
        package: "libc6".into(),
        source: "glibc".into(),
        version: "2.36-9+deb12u4".into(),
        architecture: "amd64".into(),
        maintainer: "GNU Libc Maintainers <debian-glibc@lists.debian.org>".into(),
        installed_size: 12_986,
        depends: vec!["libgcc-s1".into()],
        files: vec![DpkgFile {
            path: "/lib/x86_64-linux-gnu/libc.so.6".into(),
            digest: Some(FileDigest { algorithm: "md5".into(), value: "0123456789abcdef0123456789abcdef".into() }),
            is_config_file: false,
        }],
        ..DpkgEntry::default()
    }));
    package
}

fn log4j() -> Package {
    let mut package = found(PackageType::JavaArchive, "log4j-core", "2.14.1", "/app/app.jar", APP);
    package.purl = package_url(PackageType::JavaArchive, "org.apache.logging.log4j", "log4j-core", "2.14.1", &[]);
    package.licenses = vec![License::declared("Apache-2.0 OR MIT")];
    package.cpes = vec![
        Cpe::application("apache", "log4j", "2.14.1", CpeSource::Dictionary),
        Cpe::application("apache", "log4j-core", "2.14.1", CpeSource::Generated),
    ];
    package.metadata = Metadata::JavaArchive(Box::new(JavaArchive {
        virtual_path: "/app/app.jar:BOOT-INF/lib/log4j-core-2.14.1.jar".into(),
        pom_properties: Some(PomProperties {
            group_id: "org.apache.logging.log4j".into(),
            artifact_id: "log4j-core".into(),
            version: "2.14.1".into(),
            ..PomProperties::default()
        }),
        digests: vec![FileDigest {
            algorithm: "sha1".into(),
            value: "9141212b8507ab50a45525b545b39d224614528b".into(),
        }],
        ..JavaArchive::default()
    }));
    package
}

fn core() -> Package {
    let mut package =
        found(PackageType::Npm, "@babel/core", "7.0.0", "/app/node_modules/@babel/core/package.json", APP);
    package.purl = package_url(PackageType::Npm, "@babel", "core", "7.0.0", &[]);
    package.licenses = vec![License::declared("MIT")];
    package.metadata = Metadata::Npm(Box::new(NpmPackage {
        name: "@babel/core".into(),
        version: "7.0.0".into(),
        author: "The Babel Team (https://babel.dev/team)".into(),
        homepage: "https://babel.dev/".into(),
        description: "Babel compiler core.".into(),
        private: true,
        ..NpmPackage::default()
    }));
    package
}

fn bind() -> Package {
    let mut package = found(PackageType::Rpm, "bind-libs", "32:9.11.36-3.el8", "/var/lib/rpm/rpmdb.sqlite", BASE);
    package.purl = package_url(
        PackageType::Rpm,
        "redhat",
        "bind-libs",
        "9.11.36-3.el8",
        &[("arch", "x86_64"), ("epoch", "32"), ("upstream", "bind-9.11.36-3.el8.src.rpm")],
    );
    package.licenses = vec![License::concluded("MPLv2.0")];
    package.metadata = Metadata::Rpm(Box::new(RpmEntry {
        name: "bind-libs".into(),
        version: "9.11.36".into(),
        release: "3.el8".into(),
        epoch: Some(32),
        architecture: "x86_64".into(),
        source_rpm: "bind-9.11.36-3.el8.src.rpm".into(),
        size: 1,
        vendor: "Red Hat, Inc.".into(),
        modularity_label: Some(String::new()),
        ..RpmEntry::default()
    }));
    package
}

fn image() -> ImageSource {
    let layer = |digest: &str, size, created_by: &str| LayerDescription {
        media_type: "application/vnd.oci.image.layer.v1.tar+gzip".into(),
        digest: digest.into(),
        size,
        created_by: created_by.into(),
    };
    ImageSource {
        user_input: "registry.example.com/team/app:1.0".into(),
        image_id: "sha256:3333333333333333333333333333333333333333333333333333333333333333".into(),
        manifest_digest: "sha256:4444444444444444444444444444444444444444444444444444444444444444".into(),
        media_type: "application/vnd.oci.image.manifest.v1+json".into(),
        tags: vec!["registry.example.com/team/app:1.0".into()],
        repo_digests: vec!["registry.example.com/team/app@sha256:4444".into()],
        size: 3_072,
        layers: vec![layer(BASE, 1_024, "ADD rootfs.tar /"), layer(APP, 2_048, "COPY app /app")],
        manifest: b"{}".to_vec(),
        config: br#"{"created":"2024-02-29T12:34:56.789Z"}"#.to_vec(),
        os: "linux".into(),
        architecture: "arm64".into(),
        variant: "v8".into(),
        labels: vec![("org.opencontainers.image.title".into(), "app".into())],
    }
}

/// An image of Debian with packages of four kinds, a file, both relationships and a place that could not be read.
pub(super) fn sbom() -> Sbom {
    let mut packages = vec![libc(), log4j(), core(), bind(), Package::new(PackageType::Unknown, "mystery", "")];
    packages.iter_mut().for_each(Package::assign_id);
    let stated = |kind, parent: usize, child: usize, files: &[&str]| Relationship {
        kind,
        parent: packages[parent].id.clone(),
        child: packages[child].id.clone(),
        files: files.iter().map(|file| (*file).to_owned()).collect(),
    };
    let relationships = vec![
        stated(RelationshipKind::DependencyOf, 0, 3, &[]),
        stated(RelationshipKind::OwnershipByFileOverlap, 3, 1, &["/app/app.jar"]),
    ];
    let file = |path: &str, digest: &str, digests: &[(&str, &str)]| File {
        location: Location::new(path, Some(digest.into()), Evidence::Primary),
        kind: FileKind::RegularFile,
        mode: 0o4755,
        uid: 1000,
        gid: 100,
        size: 42,
        link_target: String::new(),
        digests: digests
            .iter()
            .map(|(algorithm, value)| FileDigest { algorithm: (*algorithm).into(), value: (*value).into() })
            .collect(),
    };
    let sha256 = "5555555555555555555555555555555555555555555555555555555555555555";
    let mut sbom = Sbom {
        source: Source::Image(Box::new(image())),
        distro: Some(Distro {
            pretty_name: "Debian GNU/Linux 12 (bookworm)".into(),
            name: "Debian GNU/Linux".into(),
            id: "debian".into(),
            id_like: vec!["gnu".into()],
            version: "12 (bookworm)".into(),
            version_id: "12.5".into(),
            version_codename: "bookworm".into(),
            home_url: "https://www.debian.org/".into(),
            extended_support: true,
            ..Distro::default()
        }),
        files: vec![
            file("/app/app.jar", APP, &[("sha256", sha256)]),
            file(
                "/lib/x86_64-linux-gnu/libc.so.6",
                BASE,
                &[("sha1", "6666666666666666666666666666666666666666"), ("sha256", sha256)],
            ),
        ],
        relationships,
        unknowns: vec![Unknown {
            path: "/opt/broken.jar".into(),
            found_by: "java-archive-cataloger".into(),
            reason: "the central directory is damaged".into(),
        }],
        packages,
        ..Sbom::default()
    };
    sbom.sort();
    sbom
}

/// The example of a whole saved analysis: [`sbom`], and every member of an inspection.
pub(super) fn inspected() -> Sbom {
    let hit = |name: &str, regex: &str, lines: &[u32]| PatternMatch {
        name: name.into(),
        regex: regex.into(),
        lines: lines.into(),
    };
    let file = |path: &str, matches| FileMatches { path: path.into(), matches };
    let inspection = Inspection {
        all_files: true,
        dockerfile: Some("FROM debian:12\nUSER app\n".into()),
        content_matches: Some(Vec::new()),
        secret_matches: Some(vec![file(
            "/app/.env",
            vec![hit("", ".*password.*", &[3]), hit("PRIV_KEY", "(?i)-+BEGIN(.*)PRIVATE KEY-+", &[0, 7])],
        )]),
        retrieved_files: Some([("/etc/passwd".to_owned(), b"root:x:0:0:\xff:/root:/bin/sh\n".to_vec())].into()),
        malware_scans: vec![MalwareScan {
            scanner: "clamav".into(),
            findings: vec![MalwareFinding { path: "/app/eicar".into(), signature: "Eicar-Test-Signature".into() }],
            metadata: [("db_version".to_owned(), "27500".to_owned())].into(),
        }],
    };
    Sbom { inspection, ..sbom() }
}
