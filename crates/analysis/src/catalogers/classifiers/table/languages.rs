//! Interpreters, compilers and runtimes of languages other than Java.

use windlass_sbom::PackageType::Binary;

use crate::catalogers::classifiers::classifier::{
    Classifier,
    FileName::{Around, Is, Numbered, StartsWith},
    Form::{Library, Script, Text},
    row,
};

const PYTHON: &[(&str, &str)] = &[("python_software_foundation", "python"), ("python", "python")];
const GO: &[(&str, &str)] = &[("golang", "go")];
/// Where the program of a Go installation lies, seen from its file `VERSION`.
const GO_PROGRAM: &[&str] = &["bin/go", "bin/go.exe", "go", "go.exe"];
const GO_VERSION: &str =
    r"^(?:devel )?go(?P<version>1\.[0-9]{1,3}(?:\.[0-9]{1,3}|(?:beta|rc)[0-9]{1,2}|-[0-9a-z_]{1,20})?)(?:\s|$)";
const JULIA: &[(&str, &str)] = &[("julialang", "julia")];
const JULIA_VERSION: &str = r"[^0-9.]{v+}\x00(?:branch\x00|verify_methods|BigInt|julia version|_require_dependencies|jl_sysimg_cpu_target|core2)";
const NODE: &[(&str, &str)] = &[("nodejs", "node.js")];
const PERL: &[(&str, &str)] = &[("perl", "perl")];
const RUBY: &[(&str, &str)] = &[("ruby-lang", "ruby")];
const RUBY_VERSION: &str =
    r"\x00ruby (?P<version>[0-9]\.[0-9]{1,2}\.[0-9]{1,2}(?:p[0-9]{1,4}|preview[0-9]|rc[0-9]|dev)?) ?\(";
const COMPOSER: &[(&str, &str)] = &[("getcomposer", "composer")];
const RUST: &[(&str, &str)] = &[("rust-lang", "rust")];
const ERLANG: &[(&str, &str)] = &[("erlang", "erlang/otp")];
const ERLANG_SOURCE: &str = r"/otp(?:_src_|-)(?P<version>[0-9]{1,2}(?:\.[0-9]{1,3}){1,5}(?:-rc[0-9])?)/erts";
const DENO: &[(&str, &str)] = &[("deno", "deno")];
const BUN: &[(&str, &str)] = &[("oven-sh", "bun")];
const GHC: &[(&str, &str)] = &[("haskell", "ghc")];
const ELIXIR: &[(&str, &str)] = &[("elixir-lang", "elixir")];

pub(super) const ROWS: &[Classifier] = &[
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
        GO,
    ),
    row(
        "go-binary",
        Is("go"),
        r"\x00go(?P<version>1\.[0-9]{1,3}(?:\.[0-9]{1,3}|(?:beta|rc)[0-9]{1,2})?)\x00",
        "go",
        GO,
    ),
    row("go-binary", Is("VERSION"), GO_VERSION, "go", GO).of(Text).beside(GO_PROGRAM),
    row("go-binary", Is("VERSION.cache"), GO_VERSION, "go", GO).of(Text).beside(GO_PROGRAM),
    row("julia-binary", Around("libjulia", ".so"), JULIA_VERSION, "julia", JULIA),
    row("nodejs-binary", Is("node"), r"node\.js/v{v}", "node", NODE),
    row("nodejs-binary", Is("node"), r"\x00(?:node )?v(?P<version>[0456]\.[0-9]{1,2}\.[0-9]{1,2})\x00", "node", NODE),
    row("perl-binary", StartsWith("perl"), r"/perl5?/{v}[/\x00]", "perl", PERL),
    row("perl-binary", StartsWith("perl"), r"\x00v{v}\x00", "perl", PERL),
    row("ruby-binary", StartsWith("libruby"), RUBY_VERSION, "ruby", RUBY),
    row("ruby-binary", Is("ruby"), RUBY_VERSION, "ruby", RUBY),
    row("php-cli-binary", StartsWith("php"), r"X-Powered-By: PHP/{v+}", "php", &[("php", "php")]),
    row("php-apache-binary", Around("libphp", ".so"), r"X-Powered-By: PHP/{v+}", "libphp", &[("php", "php")]),
    // A PHP archive, in which the sources lie as they are.
    row(
        "php-composer-binary",
        StartsWith("composer"),
        r"'name' => 'composer/composer',\s{1,40}'pretty_version' => '{v+}'",
        "composer",
        COMPOSER,
    )
    .of(Script),
    row("php-composer-binary", StartsWith("composer"), r"const VERSION = '{v+}'", "composer", COMPOSER).of(Script),
    row("rust-standard-library-linux", Around("libstd-", ".so"), r"rustc version {v+} \(", "rust", RUST),
    row(
        "rust-standard-library-macos",
        Around("libstd-", ".dylib"),
        r"c {v+} \([0-9a-f]{9,10} 20[0-9]{2}-[0-9]{2}-[0-9]{2}\)",
        "rust",
        RUST,
    ),
    row("erlang-binary", Is("erlexec"), ERLANG_SOURCE, "erlang", ERLANG),
    row("erlang-alpine-binary", Is("beam.smp"), ERLANG_SOURCE, "erlang", ERLANG),
    row(
        "erlang-alpine-binary",
        Is("beam.smp"),
        r"\x00(?P<version>[0-9]{2}(?:\.[0-9]{1,3}){1,5})\x00{1,40}Erlang/OTP",
        "erlang",
        ERLANG,
    ),
    row(
        "erlang-alpine-binary",
        Is("beam.smp"),
        r"Erlang/OTP.{1,150}\x00(?P<version>[0-9]{2}(?:\.[0-9]{1,3}){1,5})\x00",
        "erlang",
        ERLANG,
    ),
    row("erlang-library", Is("liberts_internal.a"), ERLANG_SOURCE, "erlang", ERLANG).of(Library),
    row("swipl-binary", Is("swipl"), r"swipl-{v}", "swipl", &[("swi-prolog", "swi-prolog")]),
    row(
        "dart-binary",
        Is("dart"),
        r"\x00(?P<version>[0-9]{1,2}\.[0-9]{1,3}\.[0-9]{1,3}(?:-[0-9.]{1,10}(?:dev|beta)|)) \((?:stable|beta|dev|main)\)",
        "dart",
        &[("dart", "dart_software_development_kit")],
    ),
    row("deno-binary", Is("deno"), r"Deno/{v}", "deno", DENO),
    row("deno-binary", Is("deno"), r"deno-(?:canary/)?[0-9a-f]{40}(?:release/v)?{v}", "deno", DENO),
    row("deno-binary", Is("deno"), r"{v}[0-9a-f]{40}DENO", "deno", DENO),
    row("bun-binary", Is("bun"), r"Bun v{v}", "bun", BUN),
    row("bun-binary", Is("bun"), r"bun[ -]v?{v}", "bun", BUN),
    row(
        "haskell-ghc-binary",
        StartsWith("ghc"),
        r"libHSghc-(?P<version>[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{1,2})-",
        "haskell/ghc",
        GHC,
    )
    .known_as(Binary, "haskell", "ghc"),
    row(
        "haskell-ghc-binary",
        StartsWith("ghc"),
        r"\x00GHC (?P<version>[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{1,2})\x00",
        "haskell/ghc",
        GHC,
    )
    .known_as(Binary, "haskell", "ghc"),
    row(
        "haskell-cabal-binary",
        Is("cabal"),
        r"(?:Cabal|cabal-install)-(?P<version>[0-9]{1,2}(?:\.[0-9]{1,3}){2,3})-",
        "haskell/cabal",
        &[("haskell", "cabal")],
    )
    .known_as(Binary, "haskell", "cabal"),
    row("haskell-stack-binary", Is("stack"), r"Version {v}, Git", "haskell/stack", &[("haskell", "stack")])
        .known_as(Binary, "haskell", "stack"),
    row(
        "elixir-binary",
        Is("elixir"),
        r"ELIXIR_VERSION=(?P<version>[0-9]\.[0-9]{1,3}\.[0-9]{1,3}(?:-[a-z0-9.]{1,20})?)",
        "elixir",
        ELIXIR,
    )
    .of(Script),
    row(
        "elixir-library",
        Is("elixir.app"),
        r#"\{vsn, ?"(?P<version>[0-9]\.[0-9]{1,3}\.[0-9]{1,3}(?:-[a-z0-9.]{1,20})?)"\}"#,
        "elixir",
        ELIXIR,
    )
    .of(Text)
    .within("elixir/ebin/"),
];
