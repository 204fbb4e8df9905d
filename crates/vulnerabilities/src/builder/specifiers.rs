//! Tables that readers consult before they search: which distribution reads another's data, how ecosystems and
//! architectures are spelled (`spec/matching.md` §2.3, §4).

use rusqlite::{Connection, params};

/// One rule. An empty condition holds for all; `None` leaves that part of the search as it is.
struct Rule {
    alias: &'static str,
    version: &'static str,
    version_pattern: &'static str,
    codename: &'static str,
    name: Option<&'static str>,
    major: Option<&'static str>,
    minor: Option<&'static str>,
    label: Option<&'static str>,
    rolling: bool,
    client_schemas: &'static str,
}

const NO_RULE: Rule = Rule {
    alias: "",
    version: "",
    version_pattern: "",
    codename: "",
    name: None,
    major: None,
    minor: None,
    label: None,
    rolling: false,
    client_schemas: "",
};

const fn reads(alias: &'static str, name: &'static str) -> Rule {
    Rule { alias, name: Some(name), ..NO_RULE }
}

const fn rolling(alias: &'static str) -> Rule {
    Rule { alias, rolling: true, ..NO_RULE }
}

const fn postmarketos(version: &'static str, alpine_minor: &'static str) -> Rule {
    Rule {
        alias: "postmarketos",
        version,
        name: Some("alpine"),
        major: Some("3"),
        minor: Some(alpine_minor),
        ..NO_RULE
    }
}

/// In order: the first rule that applies is the one that counts.
const RULES: &[Rule] = &[
    reads("centos", "rhel"),
    reads("rocky", "rhel"),
    reads("rockylinux", "rhel"),
    reads("alma", "rhel"),
    reads("almalinux", "rhel"),
    reads("scientific", "rhel"),
    reads("sl", "rhel"),
    reads("gentoo", "rhel"),
    reads("raspbian", "debian"),
    // Readers from before channels would take the minor releases' rows of an extended channel for the ordinary ones.
    Rule { alias: "rhel", version_pattern: r"^\d+\.\d+", minor: Some(""), client_schemas: "< 6.0.3", ..NO_RULE },
    Rule {
        alias: "redhat",
        version_pattern: r"^\d+\.\d+",
        name: Some("rhel"),
        minor: Some(""),
        client_schemas: "< 6.0.3",
        ..NO_RULE
    },
    rolling("hummingbird"),
    Rule { alias: "alpine", version_pattern: ".*_alpha.*", label: Some("edge"), rolling: true, ..NO_RULE },
    rolling("wolfi"),
    rolling("chainguard"),
    rolling("secureos"),
    rolling("archlinux"),
    rolling("minimos"),
    Rule { alias: "arch", name: Some("archlinux"), rolling: true, ..NO_RULE },
    reads("oracle", "ol"),
    reads("oraclelinux", "ol"),
    reads("amazon", "amzn"),
    reads("amazonlinux", "amzn"),
    rolling("echo"),
    // Testing and unstable give the same codename; both read unstable.
    Rule { alias: "debian", codename: "forky", label: Some("unstable"), rolling: true, ..NO_RULE },
    Rule {
        alias: "postmarketos",
        version: "edge",
        name: Some("alpine"),
        label: Some("edge"),
        rolling: true,
        ..NO_RULE
    },
    Rule {
        alias: "postmarketos",
        codename: "edge",
        name: Some("alpine"),
        label: Some("edge"),
        rolling: true,
        ..NO_RULE
    },
    postmarketos("25.12", "23"),
    postmarketos("25.06", "22"),
    postmarketos("24.12", "21"),
    postmarketos("24.06", "20"),
    postmarketos("23.12", "19"),
    postmarketos("23.06", "18"),
    postmarketos("22.12", "17"),
    postmarketos("22.06", "16"),
    postmarketos("21.12", "15"),
    postmarketos("21.06", "14"),
    postmarketos("21.03", "13"),
    postmarketos("20.05", "12"),
    Rule { alias: "postmarketos", version_pattern: "^$", name: Some("alpine"), ..NO_RULE },
];

/// Language names, package URL types and older words, and the package type that records are kept under.
const ECOSYSTEMS: &[(&str, &str)] = &[
    ("dart", "dart-pub"),
    ("dotnet", "dotnet"),
    ("elixir", "hex"),
    ("erlang", "hex"),
    ("erlang-otp", "hex"),
    ("go", "go-module"),
    ("haskell", "hackage"),
    ("java", "java-archive"),
    ("javascript", "npm"),
    ("lua", "lua-rocks"),
    ("ocaml", "opam"),
    ("php", "php-composer"),
    ("python", "python"),
    ("R", "R-package"),
    ("ruby", "gem"),
    ("rust", "rust-crate"),
    ("swift", "swift"),
    ("swipl", "swiplpack"),
    ("jenkins-plugin", "java-archive"),
    ("pecl", "php-pecl"),
    ("kb", "msrc-kb"),
    ("dpkg", "deb"),
    ("apkg", "apk"),
    ("pacman", "alpm"),
    ("alpine", "apk"),
    ("cocoapods", "pod"),
    ("pub", "dart-pub"),
    ("nuget", "dotnet"),
    ("otp", "hex"),
    ("github", "github-action"),
    ("golang", "go-module"),
    ("maven", "java-archive"),
    ("composer", "php-composer"),
    ("pear", "php-pecl"),
    ("pear", "php-pear"),
    ("pypi", "python"),
    ("cran", "R-package"),
    ("luarocks", "lua-rocks"),
    ("cargo", "rust-crate"),
];

/// Spellings of architectures and the one they are compared as.
const ARCHITECTURES: &[(&str, &str)] = &[
    ("aarch64", "arm64"),
    ("i386", "386"),
    ("i686", "386"),
    ("ppc64el", "ppc64le"),
    ("x64", "amd64"),
    ("x86", "386"),
    ("x86_64", "amd64"),
];

pub(super) fn write(connection: &Connection) -> rusqlite::Result<()> {
    let mut rule = connection.prepare(
        "insert into operating_system_specifier_overrides (alias, version, version_pattern, codename, channel, \
         replacement, replacement_major_version, replacement_minor_version, replacement_label_version, rolling, \
         applicable_client_db_schemas) values (?, ?, ?, ?, '', ?, ?, ?, ?, ?, ?)",
    )?;
    for r in RULES {
        rule.execute(params![
            r.alias,
            r.version,
            r.version_pattern,
            r.codename,
            r.name,
            r.major,
            r.minor,
            r.label,
            r.rolling,
            r.client_schemas
        ])?;
    }
    let mut ecosystem = connection
        .prepare("insert into package_specifier_overrides (ecosystem, replacement_ecosystem) values (?, ?)")?;
    for (name, replacement) in ECOSYSTEMS {
        ecosystem.execute(params![name, replacement])?;
    }
    let mut architecture = connection.prepare("insert into architecture_aliases (alias, canonical) values (?, ?)")?;
    for (alias, canonical) in ARCHITECTURES {
        architecture.execute(params![alias, canonical])?;
    }
    Ok(())
}
