use proptest::prelude::*;
use windlass_image::testing::Tar;

use super::{classifier::FileName, *};
use crate::testing::{names, package, scan};

fn elf(snippet: &[u8]) -> Vec<u8> {
    [b"\x7fELF\x02\x01\x01\0 some code \0", snippet, b"\0 more code"].concat()
}

#[test]
fn every_pattern_compiles_and_has_a_version() {
    for row in table::rows() {
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
    ("erlexec", b"/usr/local/src/otp-25.3.2.7/erts/", "erlang", "25.3.2.7"),
    ("beam.smp", b"\0\x0026.1.2\0\0\0\0\0\0Erlang/OTP", "erlang", "26.1.2"),
    ("libjulia-internal.so.1.13.0", b"\xea\xff1.13.0-beta3\0branch\0commit\0", "julia", "1.13.0-beta3"),
    ("deno", b"standalonedeno-65db94feba9d4d51a09b74629f566dbc90484fbarelease/v1.29.4windows", "deno", "1.29.4"),
    ("cabal", b"/lib/cabal-install-1.22.6.0-AfxbHivcmw\0", "haskell/cabal", "1.22.6.0"),
    ("stack", b"\0Version 2.9.1, Git revision\0", "haskell/stack", "2.9.1"),
    ("java", b"\0\x000.0\0\0\0\0\x0011.0.22+7\0\0\0\0openjdk\0java\0", "openjdk", "11.0.22+7"),
    ("java", b"\0java\x001.8\x001.8.0_451-b10\0", "jre", "1.8.0_451-b10"),
    ("jdb", b"\0jdb\x000.0\x0019.0.1+10-21\0", "jdk", "19.0.1+10-21"),
    ("java", b"\0openjdk\0java\x000.0\x0021.0.2+13-LTS\0", "openjdk", "21.0.2+13-LTS"),
    ("java", b"\0java\x000.0\x0019.0.1+10-21\0", "jre", "19.0.1+10-21"),
    ("java", b"\0openjdk\0java\x000.0\x0017.0.3+7-jvmci-22.1-b06\0", "graalvm", "17.0.3+7-jvmci-22.1-b06"),
    ("jdb", b"\0openjdk\0jdb\x000.0\x0021.0.2+13-LTS\0", "openjdk", "21.0.2+13-LTS"),
    ("redis-server", b"\0\x006.0.16964eac4733d9-1673428630000000000\0", "redis", "6.0.16"),
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
    ("haproxy", b" version 2.0.0, released 2019/06/16", "haproxy", "2.0.0"),
    ("envoy", b"\x001.31.2\0external/com_github_google_quiche/quiche", "envoy", "1.31.2"),
    ("traefik", b"\x93\x84\x1c3.6.5\0\0\0", "traefik", "3.6.5"),
    ("nginx-ingress-controller", b"\xef\xc7v1.11.8\0\0\xf0z", "nginx-ingress-controller", "1.11.8"),
    ("filebeat", b"forcestdinsetupTest 9.4.2%s %w", "filebeat", "9.4.2"),
    ("heartbeat", b"exportconfigcreateplugin8.18.4globalclient", "heartbeat", "8.18.4"),
    ("elastic-agent", b"config/statsenroll: true9.4.2-headeruint16", "elastic-agent", "9.4.2"),
    ("pilot-agent", b"amd64\0\0\x001.26.8\0\x001.26.8\0\0$a", "pilot-agent", "1.26.8"),
    ("pilot-discovery", b"Modified\0\0\0\x001.10-dev\0\0", "pilot-discovery", "1.10-dev"),
    ("grafana", b"\0\0release-12.3.2+security-01\0", "grafana", "12.3.2"),
    ("vault", b"%s%scloud:%s.%s:revoke1.20.2)(nil))", "github.com/hashicorp/vault", "1.20.2"),
    ("libQt6Core.so.6.5.0", b"\0\0Qt 6.5.0 (x86_64-little_endian", "qtbase", "6.5.0"),
    ("traefik", b"\0\0v1.7.34\0", "traefik", "1.7.34"),
    ("consul", b"consul/version.GitDescribe=1.12.9\"", "consul", "1.12.9"),
    ("vault", b"\0\x001.11.6\0\0", "github.com/hashicorp/vault", "1.11.6"),
    ("helm", b"\0\0v4.1.4\0\0", "helm", "4.1.4"),
    ("grafana", b"-X main.version=10.3.12\"", "grafana", "10.3.12"),
    ("busybox", b"BusyBox v1.36.1 (2023", "busybox", "1.36.1"),
    ("getopt", b"\0util-linux 2.37.4\0", "util-linux", "2.37.4"),
    ("bash", b"@(#)Bash version 5.1.16(1)", "bash", "5.1.16"),
    ("gzip", b"%s: not in gzip format\n\0\0bad pack level\x001.12\0", "gzip", "1.12"),
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
fn scripts_and_archives_are_recognised_by_how_they_begin() {
    let installed = "<?php return array('root' => array(\n        'name' => 'composer/composer',\n        'pretty_version' => '2.7.0RC1',";
    let sbom = scan([Tar::new()
        .file("usr/bin/wp", "#!/usr/bin/env php\nwp-cli/wp-cli 2.9.0 2023")
        .file("usr/bin/composer.phar", format!("#!/usr/bin/env php\n{installed}"))
        .file("usr/bin/elixir", "#!/bin/sh\nset -e\nELIXIR_VERSION=1.19.1\n")
        .file("usr/lib/erlang/liberts_internal.a", "!<arch>\n/usr/src/otp_src_26.2.4/erts/")]);
    assert_eq!(
        names(&sbom),
        [("composer", "2.7.0RC1"), ("elixir", "1.19.1"), ("erlang", "26.2.4"), ("wp-cli", "2.9.0")]
    );
}

#[test]
fn texts_count_where_the_program_lies_beside_them() {
    let firefox = "[App]\nVendor=Mozilla\nName=Firefox\nRemotingName=firefox\nVersion=151.0\nBuildID=20260101\n";
    let sbom = scan([Tar::new()
        .file("usr/local/go/VERSION", "go1.22.5\ntime 2024-07-02")
        .file("usr/local/go/bin/go", "#!/bin/sh")
        .file("srv/app/VERSION", "go1.21.1\n")
        .file("opt/firefox/application.ini", firefox)
        .file("opt/firefox/firefox", "a launcher")
        .file("opt/thunderbird/application.ini", firefox.replace("Name=Firefox", "Name=Thunderbird"))
        .file("opt/thunderbird/firefox", "another")
        .file("opt/copy/application.ini", firefox)
        .file("usr/lib/elixir/lib/elixir/ebin/elixir.app", "{application,elixir,[{vsn,\"1.12.0-rc.1\"}]}.")
        .file("srv/app/elixir.app", "{vsn,\"1.0.0\"}")]);
    assert_eq!(names(&sbom), [("elixir", "1.12.0-rc.1"), ("firefox", "151.0"), ("go", "1.22.5")]);
}

#[test]
fn where_a_java_lies_tells_whose_it_is() {
    let java = elf(b"\0openjdk\0java\x000.0\x0017.0.9+8-LTS\0");
    let ibm = elf(b"\0java\x001.8\0\0\x001.8.0-foreman_2022_01_20_09_33-b00\0");
    let sbom = scan([Tar::new().file("usr/lib/jvm/zulu17/bin/java", java).file("opt/ibm/java/bin/java", ibm)]);
    assert_eq!(names(&sbom), [("java", "1.8.0-foreman_2022_01_20_09_33-b00"), ("zulu", "17.0.9+8-LTS")]);
    assert_eq!(package(&sbom, "zulu").purl.as_deref(), Some("pkg:generic/azul/zulu@17.0.9%2B8-LTS"));
}

#[test]
fn an_old_mysql_cluster_is_a_server_as_well() {
    let sbom = scan([Tar::new().file("mysqld", elf(b"cluster-gpl\x005.7.33-ndb-7.5.21\0"))]);
    assert_eq!(names(&sbom), [("mysql-cluster", "7.5.21"), ("mysql-server", "5.7.33")]);
}

#[test]
fn busybox_is_no_gzip_under_whatever_name() {
    let sbom = scan([Tar::new().file("bin/gzip", elf(b"BusyBox v1.36.1 (2023)\0\x001.0\0"))]);
    assert_eq!(names(&sbom), []);
}

#[test]
fn names_within_a_namespace_keep_it_in_the_package_url() {
    let sbom =
        scan([Tar::new().file("ghc", elf(b"libHSghc-7.10.3-0AG9")).file("pilot-agent", elf(b"Clean\0\0\x001.8.0\0"))]);
    assert_eq!(package(&sbom, "haskell/ghc").purl.as_deref(), Some("pkg:generic/haskell/ghc@7.10.3"));
    assert_eq!(package(&sbom, "pilot-agent").purl.as_deref(), Some("pkg:generic/istio@1.8.0"));
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
    fn no_content_is_too_strange(content in prop::collection::vec(any::<u8>(), 0..2000), row in 0..table::rows().count()) {
        let row = table::rows().nth(row).expect("a row");
        if let FileName::Is(name) | FileName::Numbered(name) = row.file {
            scan([Tar::new().file(name, elf(&content))]);
        }
    }
}
