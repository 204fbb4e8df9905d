//! What is known of each program: the names its file has, how the file states its version, and what it is then called
//! (`spec/analysis.md` §7).
//!
//! Patterns see bytes, not text. In them `{v}` stands for the usual version, three numbers with dots; `{v+}` for one that
//! may be a preview; any other shape is written out as the group `version`. Every repetition is bounded, so that no match
//! is longer than the overlap of two windows.

use windlass_sbom::PackageType::{self, Binary, Composer, GithubAction, GoModule};

/// One way to recognise one program. Rows of one class are alternatives: the first that matches decides.
pub(super) struct Classifier {
    pub(super) class: &'static str,
    pub(super) file: FileName,
    pub(super) pattern: &'static str,
    pub(super) kind: PackageType,
    pub(super) namespace: &'static str,
    pub(super) package: &'static str,
    /// Vendor and product.
    pub(super) cpes: &'static [(&'static str, &'static str)],
}

/// What the last component of a path looks like.
#[derive(Clone, Copy)]
pub(super) enum FileName {
    Is(&'static str),
    StartsWith(&'static str),
    /// Starts with the first, and has the second somewhere behind it.
    Around(&'static str, &'static str),
    /// As `StartsWith`, and the version must start with the numbers in the file's name: `python3.11` is no Python 3.12,
    /// however many versions of libraries it holds.
    Numbered(&'static str),
}
use FileName::{Around, Is, Numbered, StartsWith};

impl FileName {
    pub(super) fn matches(self, name: &[u8]) -> bool {
        match self {
            Is(expected) => name == expected.as_bytes(),
            StartsWith(start) | Numbered(start) => name.starts_with(start.as_bytes()),
            Around(start, within) => name
                .strip_prefix(start.as_bytes())
                .is_some_and(|rest| rest.windows(within.len()).any(|part| part == within.as_bytes())),
        }
    }

    /// Whether a file of this name may hold this version.
    pub(super) fn admits(self, name: &[u8], version: &str) -> bool {
        let Numbered(start) = self else { return true };
        let rest = &name[start.len().min(name.len())..];
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
        let number = String::from_utf8_lossy(&rest[..length]);
        let number = number.trim_end_matches('.');
        number.is_empty()
            || version.strip_prefix(number).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
    }
}

const fn row(
    class: &'static str,
    file: FileName,
    pattern: &'static str,
    package: &'static str,
    cpes: &'static [(&'static str, &'static str)],
) -> Classifier {
    Classifier { class, file, pattern, kind: Binary, namespace: "", package, cpes }
}

impl Classifier {
    /// The same with a package URL that is not generic.
    const fn known_as(mut self, kind: PackageType, namespace: &'static str) -> Self {
        self.kind = kind;
        self.namespace = namespace;
        self
    }
}

const PYTHON: &[(&str, &str)] = &[("python_software_foundation", "python"), ("python", "python")];
const MYSQL: &[(&str, &str)] = &[("oracle", "mysql")];
const CLUSTER: &[(&str, &str)] = &[("oracle", "mysql_cluster")];
const ERLANG: &[(&str, &str)] = &[("erlang", "erlang/otp")];
const GRAFANA: &[(&str, &str)] = &[("grafana", "grafana")];

/// Every row, in the order in which alternatives are tried.
pub(super) static CLASSIFIERS: &[Classifier] = &[
    // Languages
    row(
        "python-binary",
        Numbered("python"),
        r"\x00(?P<version>[23]\.[0-9]{1,2}\.[0-9]{1,2}(?:(?:a|b|rc)[0-9]{1,2})?\+?)\x00",
        "python",
        PYTHON,
    ),
    row(
        "python-binary-lib",
        Numbered("libpython"),
        r"\x00(?P<version>[23]\.[0-9]{1,2}\.[0-9]{1,2}(?:(?:a|b|rc)[0-9]{1,2})?\+?)\x00",
        "python",
        PYTHON,
    ),
    row("pypy-binary-lib", Around("libpypy", ".so"), r"\[PyPy {v}", "pypy", &[]),
    row(
        "go-binary",
        Is("go"),
        r"Go buildinf:..\x00{16}.go(?P<version>1\.[0-9]{1,3}(?:\.[0-9]{1,3}|(?:beta|rc)[0-9]{1,2})?)",
        "go",
        &[("golang", "go")],
    ),
    row(
        "go-binary",
        Is("go"),
        r"\x00go(?P<version>1\.[0-9]{1,3}(?:\.[0-9]{1,3}|(?:beta|rc)[0-9]{1,2})?)\x00",
        "go",
        &[("golang", "go")],
    ),
    row(
        "julia-binary",
        Around("libjulia-internal", ".so"),
        r"(?:__init__|verify_methods|cannot be serialized)\x00{v+}\x00",
        "julia",
        &[("julialang", "julia")],
    ),
    row("nodejs-binary", Is("node"), r"node\.js/v{v}", "node", &[("nodejs", "node.js")]),
    row("nodejs-binary", Is("node"), r"\x00(?:node )?v{v}\x00", "node", &[("nodejs", "node.js")]),
    row("perl-binary", StartsWith("perl"), r"/perl5?/{v}[/\x00]", "perl", &[("perl", "perl")]),
    row("perl-binary", StartsWith("perl"), r"\x00v{v}\x00", "perl", &[("perl", "perl")]),
    row(
        "ruby-binary",
        StartsWith("libruby"),
        r"\x00ruby (?P<version>[0-9]\.[0-9]{1,2}\.[0-9]{1,2}(?:p[0-9]{1,4}|preview[0-9]|rc[0-9])?) ?\(",
        "ruby",
        &[("ruby-lang", "ruby")],
    ),
    row(
        "ruby-binary",
        Is("ruby"),
        r"\x00ruby (?P<version>[0-9]\.[0-9]{1,2}\.[0-9]{1,2}(?:p[0-9]{1,4}|preview[0-9]|rc[0-9])?) ?\(",
        "ruby",
        &[("ruby-lang", "ruby")],
    ),
    row("php-cli-binary", StartsWith("php"), r"X-Powered-By: PHP/{v+}", "php", &[("php", "php")]),
    row("php-apache-binary", Around("libphp", ".so"), r"X-Powered-By: PHP/{v+}", "libphp", &[("php", "php")]),
    row(
        "php-composer-binary",
        StartsWith("composer"),
        r"(?:@package_version@|composer/composer|Composer version)[^0-9]{1,40}{v}",
        "composer",
        &[("getcomposer", "composer")],
    )
    .known_as(Composer, "composer"),
    row(
        "rust-standard-library-linux",
        Around("libstd-", ".so"),
        r"rustc version {v+} \(",
        "rust",
        &[("rust-lang", "rust")],
    ),
    row(
        "rust-standard-library-macos",
        Around("libstd-", ".dylib"),
        r"rustc version {v+} \(",
        "rust",
        &[("rust-lang", "rust")],
    ),
    row("erlang-binary", Is("erlexec"), r"otp_src_(?P<version>[0-9]{1,2}(?:\.[0-9]{1,3}){1,5})/erts", "erlang", ERLANG),
    row(
        "erlang-alpine-binary",
        Is("beam.smp"),
        r"otp_src_(?P<version>[0-9]{1,2}(?:\.[0-9]{1,3}){1,5})/erts",
        "erlang",
        ERLANG,
    ),
    row(
        "erlang-alpine-binary",
        Is("beam.smp"),
        r"\x0a\x00(?P<version>[0-9]{2}(?:\.[0-9]{1,3}){1,5})\x00",
        "erlang",
        ERLANG,
    ),
    row("swipl-binary", Is("swipl"), r"swipl-{v}", "swipl", &[("swi-prolog", "swi-prolog")]),
    row(
        "dart-binary",
        Is("dart"),
        r"\x00(?P<version>[0-9]{1,2}\.[0-9]{1,3}\.[0-9]{1,3}(?:-[0-9.]{1,10}(?:dev|beta)|)) \((?:stable|beta|dev|main)\)",
        "dart",
        &[("dart", "dart_software_development_kit")],
    ),
    row("deno-binary", Is("deno"), r"Deno/{v}", "deno", &[("deno", "deno")]),
    row("bun-binary", Is("bun"), r"Bun v{v}", "bun", &[("oven-sh", "bun")]),
    row(
        "haskell-ghc-binary",
        StartsWith("ghc"),
        r"libHSghc-(?P<version>[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{1,2})-",
        "haskell/ghc",
        &[("haskell", "ghc")],
    ),
    row(
        "haskell-ghc-binary",
        StartsWith("ghc"),
        r"\x00GHC (?P<version>[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{1,2})\x00",
        "haskell/ghc",
        &[("haskell", "ghc")],
    ),
    row(
        "haskell-cabal-binary",
        Is("cabal"),
        r"(?:Cabal|cabal-install)-(?P<version>[0-9]{1,2}(?:\.[0-9]{1,3}){2,3})-",
        "haskell/cabal",
        &[("haskell", "cabal")],
    ),
    // Java's launcher states its name, the version of its dot file, and its full version.
    row(
        "java-binary",
        Is("java"),
        r"\x00(?P<version>[0-9]{1,2}[0-9.]{0,20}\+[0-9]{1,3}[0-9A-Za-z.+-]{0,20}jvmci[0-9A-Za-z.+-]{0,30})\x00",
        "graalvm",
        &[("oracle", "graalvm")],
    ),
    row(
        "java-binary",
        Is("java"),
        r"[Zz]ulu[ -]?(?P<version>[0-9]{1,2}(?:\.[0-9]{1,3}){1,3})",
        "zulu",
        &[("azul", "zulu")],
    ),
    row(
        "java-binary",
        Is("java"),
        r"\x00openjdk\x00java\x00[01]\.[0-9]{1,2}\x00(?P<version>[0-9][0-9A-Za-z._+-]{0,40})\x00",
        "openjdk",
        &[("oracle", "openjdk")],
    ),
    row(
        "java-binary",
        Is("java"),
        r"\x00java\x00[01]\.[0-9]{1,2}\x00(?P<version>[0-9][0-9A-Za-z._+-]{0,40})\x00",
        "jre",
        &[("oracle", "jre")],
    ),
    row(
        "java-jdb-binary",
        Is("jdb"),
        r"\x00(?P<version>[0-9]{1,2}[0-9.]{0,20}\+[0-9]{1,3}[0-9A-Za-z.+-]{0,20}jvmci[0-9A-Za-z.+-]{0,30})\x00",
        "graalvm",
        &[("oracle", "graalvm_for_jdk")],
    ),
    row(
        "java-jdb-binary",
        Is("jdb"),
        r"\x00openjdk\x00jdb\x00[01]\.[0-9]{1,2}\x00(?P<version>[0-9][0-9A-Za-z._+-]{0,40})\x00",
        "openjdk",
        &[("oracle", "openjdk")],
    ),
    row(
        "java-jdb-binary",
        Is("jdb"),
        r"\x00jdb\x00[01]\.[0-9]{1,2}\x00(?P<version>[0-9][0-9A-Za-z._+-]{0,40})\x00",
        "jdk",
        &[("oracle", "jdk")],
    ),
    // Databases
    row(
        "redis-binary",
        Is("redis-server"),
        r"Redis version (?:=)?{v}",
        "redis",
        &[("redislabs", "redis"), ("redis", "redis")],
    ),
    row(
        "redis-binary",
        Is("redis-server"),
        r"[^0-9.]{v}(?:buildkitsandbox|[a-z][a-z0-9]{1,40})-[0-9]{10,24}",
        "redis",
        &[("redislabs", "redis"), ("redis", "redis")],
    ),
    row(
        "valkey-binary",
        Is("valkey-server"),
        r"[^0-9.]{v}(?:buildkitsandbox|[a-z][a-z0-9]{1,40})-[0-9]{10,24}",
        "valkey",
        &[("lfprojects", "valkey"), ("linuxfoundation", "valkey"), ("valkey-io", "valkey")],
    ),
    row(
        "postgresql-binary",
        Is("postgres"),
        r"PostgreSQL (?P<version>[0-9]{1,2}(?:\.[0-9]{1,3}){1,2}|[0-9]{1,2}(?:beta|rc|alpha)[0-9])[ \x00]",
        "postgresql",
        &[("postgresql", "postgresql")],
    ),
    row(
        "mysql-binary",
        Is("mysql"),
        r"percona-server-{v}",
        "percona-server",
        &[("oracle", "mysql"), ("percona", "percona_server")],
    ),
    row(
        "mysql-binary",
        Is("mysql"),
        r"Percona-XtraDB-Cluster-{v}",
        "percona-xtradb-cluster",
        &[("oracle", "mysql"), ("percona", "percona_server"), ("percona", "xtradb_cluster")],
    ),
    row("mysql-binary", Is("mysql"), r"/mysql-{v}", "mysql", MYSQL),
    row("mysql-binary", Is("mysql"), r"shutdown\x00{v}\x00", "mysql", MYSQL),
    row("mysqld-binary", Is("mysqld"), r"mysql-cluster-gpl-{v}", "mysql-cluster", CLUSTER),
    row("mysqld-binary", Is("mysqld"), r"[0-9]-ndb-{v}", "mysql-cluster", CLUSTER),
    row(
        "mysqld-binary",
        Is("mysqld"),
        r"/mysql-{v}/",
        "mysql-server",
        &[("oracle", "mysql"), ("oracle", "mysql_server")],
    ),
    row("ndbd-binary", Is("ndbd"), r"mysql-cluster-gpl-{v}", "mysql-cluster", CLUSTER),
    row("ndbmtd-binary", Is("ndbmtd"), r"mysql-cluster-gpl-{v}", "mysql-cluster", CLUSTER),
    row("ndb_mgmd-binary", Is("ndb_mgmd"), r"mysql-cluster-gpl-{v}", "mysql-cluster", CLUSTER),
    row(
        "xtrabackup-binary",
        Is("xtrabackup"),
        r"percona-xtrabackup-(?P<version>[0-9]+\.[0-9]+\.[0-9]+(?:-[0-9]{1,3})?)",
        "percona-xtrabackup",
        &[("percona", "xtrabackup")],
    ),
    row("mariadb-binary", Is("mariadb"), r"[^0-9]{v}-MariaDB", "mariadb", &[("mariadb", "mariadb")]),
    row("mariadb-binary", Is("mariadb"), r"/mariadb-{v}", "mariadb", &[("mariadb", "mariadb")]),
    row("mariadb-binary", Is("mysql"), r"[^0-9]{v}-MariaDB", "mariadb", &[("mariadb", "mariadb")]),
    row(
        "mongodb-binary",
        Is("mongod"),
        r"(?:empty\(\)|ServerParameterDocuments)\x00{v+}\x00",
        "mongodb",
        &[("mongodb", "mongodb")],
    ),
    row(
        "mongodb-binary",
        Is("mongod"),
        r"\x00{v+}\x00(?:tcmalloc|cppdefines)\x00",
        "mongodb",
        &[("mongodb", "mongodb")],
    ),
    row(
        "arangodb-binary",
        Is("arangosh"),
        r"\x00(?P<version>[0-9]\.[0-9]{1,2}\.[0-9]{1,3}(?:-[0-9]{1,2})?)(?: enterprise)? \[linux\]",
        "arangodb",
        &[("arangodb", "arangodb")],
    ),
    row("memcached-binary", Is("memcached"), r"memcached {v}", "memcached", &[("memcached", "memcached")]),
    row("sqlcipher-binary", Is("sqlcipher"), r"community\x00{v}\x00", "sqlcipher", &[("zetetic", "sqlcipher")]),
    row(
        "openldap-search-binary",
        Is("ldapsearch"),
        r"\$OpenLDAP: ldapsearch {v}",
        "openldap",
        &[("openldap", "openldap")],
    ),
    // Servers
    row(
        "nginx-binary",
        Is("nginx"),
        r"nginx version: (?:nginx|openresty)/(?P<version>[0-9]+\.[0-9]+\.[0-9]+(?:\.[0-9]{1,3}|-plus-r[0-9]{1,3}(?:-p[0-9]{1,2})?)?)",
        "nginx",
        &[("f5", "nginx"), ("nginx", "nginx")],
    ),
    row("httpd-binary", Is("httpd"), r"Apache/{v}", "httpd", &[("apache", "http_server")]),
    row("lighttpd-binary", Is("lighttpd"), r"\x00lighttpd/{v}", "lighttpd", &[("lighttpd", "lighttpd")]),
    row(
        "proftpd-binary",
        Is("proftpd"),
        r"ProFTPD Version (?P<version>[0-9]\.[0-9]{1,2}\.[0-9]{1,3}(?:[a-z]|rc[0-9])?)\x00",
        "proftpd",
        &[("proftpd", "proftpd")],
    ),
    row(
        "haproxy-binary",
        Is("haproxy"),
        r"HA-?Proxy version (?P<version>[0-9]\.[0-9]{1,2}(?:\.[0-9]{1,3}|-dev[0-9]{1,3}))",
        "haproxy",
        &[("haproxy", "haproxy")],
    ),
    row(
        "haproxy-binary",
        Is("haproxy"),
        r"\x00(?P<version>[0-9]\.[0-9]{1,2}(?:\.[0-9]{1,3}|-dev[0-9]{1,3}))-[0-9a-f]{7,10}\x00",
        "haproxy",
        &[("haproxy", "haproxy")],
    ),
    row(
        "envoy-binary",
        Is("envoy"),
        r"\x00{v}\x00(?:RELEASE|No recorded values)\x00",
        "envoy",
        &[("envoyproxy", "envoy")],
    ),
    row(
        "envoy-binary",
        Is("envoy"),
        r"[0-9a-f]{40}/{v+}/(?:Clean|Modified)/RELEASE",
        "envoy",
        &[("envoyproxy", "envoy")],
    ),
    row(
        "fluent-bit-binary",
        Is("fluent-bit"),
        r"\x00v?{v}\x00.{0,20}Fluent Bit",
        "fluent-bit",
        &[("treasuredata", "fluent_bit")],
    )
    .known_as(GithubAction, "fluent"),
    // Programs in Go, by what the linker was told or where it put a lone string
    row("traefik-binary", Is("traefik"), r"version\.Version=v?{v+}", "traefik", &[("traefik", "traefik")]),
    row("traefik-binary", Is("traefik"), r"\x00v{v+}\x00", "traefik", &[("traefik", "traefik")]),
    row(
        "consul-binary",
        Is("consul"),
        r"version\.(?:GitDescribe|Version)=v?{v+}",
        "consul",
        &[("hashicorp", "consul")],
    )
    .known_as(GoModule, "github.com/hashicorp"),
    row("consul-binary", Is("consul"), r"\x00v{v+}\x00", "consul", &[("hashicorp", "consul")])
        .known_as(GoModule, "github.com/hashicorp"),
    row(
        "hashicorp-vault-binary",
        Is("vault"),
        r"[vV]ersion\.(?:full|Full)?Version=v?{v+}",
        "github.com/hashicorp/vault",
        &[("hashicorp", "vault")],
    )
    .known_as(GoModule, "github.com/hashicorp"),
    row(
        "hashicorp-vault-binary",
        Is("vault"),
        r"\x00\x00{v+}\x00\x00",
        "github.com/hashicorp/vault",
        &[("hashicorp", "vault")],
    )
    .known_as(GoModule, "github.com/hashicorp"),
    row("helm", Is("helm"), r"version\.[vV]ersion=v{v+}", "helm", &[("helm", "helm")]).known_as(GoModule, "helm.sh"),
    row("helm", Is("helm"), r"\x00v{v+}\x00", "helm", &[("helm", "helm")]).known_as(GoModule, "helm.sh"),
    row("grafana-binary", Is("grafana"), r"main\.version=v?{v+}", "grafana", GRAFANA),
    row("grafana-server-binary", Is("grafana-server"), r"main\.version=v?{v+}", "grafana", GRAFANA),
    row(
        "ingress-nginx-binary",
        Is("nginx-ingress-controller"),
        r"version\.RELEASE=v?{v+}",
        "nginx-ingress-controller",
        &[("kubernetes", "ingress-nginx")],
    ),
    row(
        "ingress-nginx-binary",
        Is("nginx-ingress-controller"),
        r"\x00v{v+}\x00",
        "nginx-ingress-controller",
        &[("kubernetes", "ingress-nginx")],
    ),
    // Tools
    row("busybox-binary", Is("busybox"), r"BusyBox v{v}", "busybox", &[("busybox", "busybox")]),
    row("busybox-binary", Is("["), r"BusyBox v{v}", "busybox", &[("busybox", "busybox")]),
    row(
        "util-linux-binary",
        Is("getopt"),
        r"\x00util-linux (?P<version>[0-9]\.[0-9]{1,3}(?:\.[0-9]{1,3})?)\x00",
        "util-linux",
        &[("kernel", "util-linux")],
    ),
    row("bash-binary", Is("bash"), r"@\(#\)Bash version {v}", "bash", &[("gnu", "bash")]),
    row("gcc-binary", Is("gcc"), r"GCC: \(GNU\) {v}", "gcc", &[("gnu", "gcc")]),
    row("gzip-binary", Is("gzip"), r"\x00(?P<version>[0-9]\.[0-9]{1,3})\x00", "gzip", &[("gnu", "gzip")]),
    row("openssl-binary", Is("openssl"), r"AWS-LC {v}", "aws-lc", &[("amazon", "aws_libcrypto")]),
    row(
        "openssl-binary",
        Is("openssl"),
        r"OpenSSL (?P<version>[0-9]\.[0-9]{1,2}\.[0-9]{1,2}(?:[a-z]{1,2}|-(?:alpha|beta)[0-9]{1,2})?)[ -]",
        "openssl",
        &[("openssl", "openssl")],
    ),
    row("curl-binary", Is("curl"), r"\x00curl/{v}", "curl", &[("haxx", "curl")]),
    row("xz-binary", Is("xz"), r"xz \(XZ Utils\) {v}", "xz", &[("tukaani", "xz")]),
    row("zstd-binary", Is("zstd"), r"\x00v{v}\x00", "zstd", &[("facebook", "zstandard")]),
    row(
        "jq-binary",
        Is("jq"),
        r"\x00(?:jq-)?(?P<version>1\.[0-9]{1,2}(?:\.[0-9]{1,2})?(?:rc[0-9])?)\x00",
        "jq",
        &[("jqlang", "jq")],
    ),
    row("wordpress-cli-binary", Is("wp"), r"wp-cli/wp-cli {v}", "wp-cli", &[("wp-cli", "wp-cli")]),
    row(
        "chrome-binary",
        Is("chrome"),
        r"\x00(?P<version>[0-9]{2,3}\.[0-9]\.[0-9]{1,4}\.[0-9]{1,4})\x00Default",
        "chrome",
        &[("google", "chrome")],
    ),
    row(
        "ffmpeg-binary",
        Is("ffmpeg"),
        r"version (?P<version>[0-9]\.[0-9]{1,2}(?:\.[0-9]{1,2})?)[-\x00]",
        "ffmpeg",
        &[("ffmpeg", "ffmpeg")],
    ),
    row(
        "ffmpeg-library",
        Around("libav", ".so"),
        r"FFmpeg version n?(?P<version>[0-9]\.[0-9]{1,2}(?:\.[0-9]{1,2})?)",
        "ffmpeg",
        &[("ffmpeg", "ffmpeg")],
    ),
    row(
        "ffmpeg-library",
        Around("libswresample", ".so"),
        r"FFmpeg version n?(?P<version>[0-9]\.[0-9]{1,2}(?:\.[0-9]{1,2})?)",
        "ffmpeg",
        &[("ffmpeg", "ffmpeg")],
    ),
    row(
        "heimdal-krb5-library",
        Around("libkrb5", ".so"),
        r"Heimdal {v}",
        "heimdal-krb5",
        &[("heimdal_project", "heimdal")],
    ),
    row(
        "krb5-library",
        Around("libkrb5", ".so"),
        r"KRB5_BRAND: krb5-(?P<version>1\.[0-9]{1,2}(?:\.[0-9]{1,2})?)",
        "krb5",
        &[("mit", "kerberos_5")],
    ),
];
