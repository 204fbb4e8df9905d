use proptest::prelude::*;
use windlass_image::testing::Tar;

use super::*;
use crate::testing::{names, package, scan};

fn elf(snippet: &[u8]) -> Vec<u8> {
    [b"\x7fELF\x02\x01\x01\0 some code \0", snippet, b"\0 more code"].concat()
}

#[test]
fn every_pattern_compiles_and_has_a_version() {
    for row in CLASSIFIERS {
        assert!(compile(row.pattern).capture_names().flatten().any(|name| name == "version"), "{}", row.class);
    }
}

/// File name, what stands in the file, and the package and version that follow.
const RECOGNISED: &[(&str, &[u8], &str, &str)] = &[
    ("python3.11", b"\x003.40.1\x003.11.2\0", "python", "3.11.2"),
    ("libpython3.13.so.1.0", b"\x003.13.0rc2\0", "python", "3.13.0rc2"),
    ("libpypy3.9-c.so", b"[PyPy 7.3.14 with GCC", "pypy", "7.3.14"),
    ("go", b"\xff Go buildinf:\x08\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x08go1.21.3\x80", "go", "1.21.3"),
    ("node", b"node.js/v20.20.2\0", "node", "20.20.2"),
    ("perl", b"/usr/local/lib/perl5/5.37.8/x86_64", "perl", "5.37.8"),
    ("libruby.so.3.1", b"\0ruby 3.1.7p261 (2025-03-26", "ruby", "3.1.7p261"),
    ("php-fpm", b"X-Powered-By: PHP/8.2.1\0", "php", "8.2.1"),
    ("libphp.so", b"X-Powered-By: PHP/8.2.1\0", "libphp", "8.2.1"),
    ("libstd-c6192dd4c4d410ac.so", b"(rustc version 1.67.1 (d5a82bbd2", "rust", "1.67.1"),
    ("beam.smp", b"/usr/src/otp_src_27.0/erts/x86", "erlang", "27.0"),
    ("dart", b"\x003.6.0-216.1.beta (beta) (Wed", "dart", "3.6.0-216.1.beta"),
    ("deno", b"+356c132Deno/2.9.2", "deno", "2.9.2"),
    ("bun", b"\nBun v1.3.5\n", "bun", "1.3.5"),
    ("ghc", b"libHSghc-7.10.3-0AG9", "haskell/ghc", "7.10.3"),
    ("java", b"\0openjdk\0java\x000.0\x0021.0.2+13-LTS\0", "openjdk", "21.0.2+13-LTS"),
    ("java", b"\0java\x000.0\x0019.0.1+10-21\0", "jre", "19.0.1+10-21"),
    ("java", b"\0openjdk\0java\x000.0\x0017.0.3+7-jvmci-22.1-b06\0", "graalvm", "17.0.3+7-jvmci-22.1-b06"),
    ("jdb", b"\0openjdk\0jdb\x000.0\x0021.0.2+13-LTS\0", "openjdk", "21.0.2+13-LTS"),
    ("redis-server", b"want?\0\x007.2.5buildkitsandbox-1725496002000000000", "redis", "7.2.5"),
    ("valkey-server", b"valkey9.0.0buildkitsandbox-1764887574000000000", "valkey", "9.0.0"),
    ("postgres", b"PostgreSQL 15.1 (Debian", "postgresql", "15.1"),
    ("mysql", b"BUILD/percona-server-8.0.35-27/percona-", "percona-server", "8.0.35"),
    ("mysql", b"shutdown\x008.0.37\0\0", "mysql", "8.0.37"),
    ("mysql", b"linux-gnu\x0010.6.15-MariaDB\0", "mariadb", "10.6.15"),
    ("mysqld", b"mysql-cluster-gpl-9.7.0/mysql-9.7.0/", "mysql-cluster", "9.7.0"),
    ("mysqld", b"../../mysql-9.7.0/sql/log.cc", "mysql-server", "9.7.0"),
    ("mongod", b"ServerParameterDocuments\x008.0.17\0cppdefines", "mongodb", "8.0.17"),
    ("memcached", b"memcached 1.6.18\0", "memcached", "1.6.18"),
    ("nginx", b"nginx version: nginx/1.25.1\n", "nginx", "1.25.1"),
    ("httpd", b"\0Apache/2.4.54\0", "httpd", "2.4.54"),
    ("lighttpd", b"\0lighttpd/1.4.76\0", "lighttpd", "1.4.76"),
    ("proftpd", b"\0ProFTPD Version 1.3.8b\0", "proftpd", "1.3.8b"),
    ("haproxy", b"\x003.1-dev0-1eb0f22\0", "haproxy", "3.1-dev0"),
    ("envoy", b"\x001.11.0\0No recorded values\0", "envoy", "1.11.0"),
    ("fluent-bit", b"\x003.0.2\0%sFluent Bit v%s", "fluent-bit", "3.0.2"),
    ("traefik", b"\0\0v1.7.34\0", "traefik", "1.7.34"),
    ("consul", b"consul/version.GitDescribe=1.12.9\"", "consul", "1.12.9"),
    ("vault", b"\0\x001.11.6\0\0", "github.com/hashicorp/vault", "1.11.6"),
    ("helm", b"\0\0v4.1.4\0\0", "helm", "4.1.4"),
    ("grafana", b"-X main.version=10.3.12\"", "grafana", "10.3.12"),
    ("busybox", b"BusyBox v1.36.1 (2023", "busybox", "1.36.1"),
    ("getopt", b"\0util-linux 2.37.4\0", "util-linux", "2.37.4"),
    ("bash", b"@(#)Bash version 5.1.16(1)", "bash", "5.1.16"),
    ("gzip", b"bad pack level\x001.12\0", "gzip", "1.12"),
    ("openssl", b"\0OpenSSL 3.1.4 24 Oct 2023\0", "openssl", "3.1.4"),
    ("openssl", b"OpenSSL 1.1.1 (compatible; AWS-LC 1.69.0)", "aws-lc", "1.69.0"),
    ("curl", b"\0curl/7.88.1\0", "curl", "7.88.1"),
    ("xz", b"xz (XZ Utils) 5.6.2\0", "xz", "5.6.2"),
    ("zstd", b"\0v1.5.6\0", "zstd", "1.5.6"),
    ("jq", b"\x001.7.1\0", "jq", "1.7.1"),
    ("libkrb5.so.3.3", b"KRB5_BRAND: krb5-1.18.4-final", "krb5", "1.18.4"),
];

#[test]
fn programs_are_recognised_by_their_names_and_what_they_say() {
    for &(file, snippet, name, version) in RECOGNISED {
        let sbom = scan([Tar::new().file(format!("opt/bin/{file}"), elf(snippet))]);
        assert_eq!(names(&sbom), [(name, version)], "{file}");
    }
}

#[test]
fn neither_other_names_nor_other_contents_nor_texts_are_recognised() {
    for &(file, snippet, ..) in RECOGNISED {
        let sbom = scan([Tar::new()
            .file(format!("bin/my-{file}"), elf(snippet))
            .file(format!("bin/{file}"), elf(b"a program of that name that states nothing 9.9"))
            .file(format!("doc/{file}"), snippet)]);
        assert_eq!(names(&sbom), [], "{file}");
    }
}

#[test]
fn scripts_that_are_archives_are_recognised() {
    let sbom = scan([Tar::new().file("usr/bin/wp", "#!/usr/bin/env php\nwp-cli/wp-cli 2.9.0 2023")]);
    assert_eq!(names(&sbom), [("wp-cli", "2.9.0")]);
}

#[test]
fn a_version_is_found_wherever_windows_meet() {
    for shift in [OVERLAP + MARGIN, MARGIN, 20, 13, 9, 1, 0] {
        let mut file = elf(b"");
        file.resize(WINDOW - shift, b'.');
        file.extend(b"node.js/v20.20.12\0");
        file.resize(WINDOW * 2 + 17, 0);
        assert_eq!(names(&scan([Tar::new().file("node", file)])), [("node", "20.20.12")], "{shift} before the end");
    }
}

#[test]
fn copies_of_one_program_are_one_package() {
    let sbom = scan([Tar::new().file("a/busybox", elf(b"BusyBox v1.36.1")).file("b/busybox", elf(b"BusyBox v1.36.1"))]);
    let busybox = package(&sbom, "busybox");
    let paths: Vec<_> = busybox.locations.iter().map(|location| location.path.as_str()).collect();
    assert_eq!(paths, ["/a/busybox", "/b/busybox"]);
    assert_eq!(busybox.purl.as_deref(), Some("pkg:generic/busybox@1.36.1"));
    assert_eq!(busybox.cpes[0].to_string(), "cpe:2.3:a:busybox:busybox:1.36.1:*:*:*:*:*:*:*");
    let Metadata::Binary(signature) = &busybox.metadata else { panic!("no signature") };
    assert_eq!(signature.matches.len(), 2);
    assert_eq!(signature.matches[0].classifier, "busybox-binary");
}

#[test]
fn a_purl_that_is_not_generic_decides_the_kind() {
    let sbom = scan([Tar::new().file("vault", elf(b"\0\x001.11.6\0\0"))]);
    let vault = package(&sbom, "github.com/hashicorp/vault");
    assert_eq!(vault.kind, PackageType::GoModule);
    assert_eq!(vault.purl.as_deref(), Some("pkg:golang/github.com/hashicorp/vault@1.11.6"));
}

#[test]
fn updates_of_old_javas_go_to_their_own_field() {
    let sbom = scan([Tar::new().file("java", elf(b"\0openjdk\0java\x001.8\x001.8.0_352-b08\0"))]);
    let cpe = package(&sbom, "openjdk").cpes[0].to_string();
    assert_eq!(cpe, "cpe:2.3:a:oracle:openjdk:1.8.0:update352:*:*:*:*:*:*");
}

proptest! {
    #[test]
    fn no_content_is_too_strange(content in prop::collection::vec(any::<u8>(), 0..2000), row in 0..CLASSIFIERS.len()) {
        if let table::FileName::Is(name) | table::FileName::Numbered(name) = CLASSIFIERS[row].file {
            scan([Tar::new().file(name, elf(&content))]);
        }
    }
}
