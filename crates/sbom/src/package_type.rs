//! Kinds of packages: one line a kind, with everything that names it elsewhere.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Declares the enum and its table from one list.
macro_rules! package_types {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, purl $purl:literal, language $language:expr;)*) => {
        /// What kind of package something is; the words are those of syft-json.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum PackageType {
            $($(#[$doc])* $variant,)*
            /// A kind this program has no name for.
            #[default]
            Unknown,
        }

        impl PackageType {
            /// Every kind, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant,)* Self::Unknown];

            /// The word used in documents and in the vulnerability database: `deb`, `npm`, `go-module`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* Self::Unknown => "UnknownPackage" }
            }

            /// The type component of a package URL: `deb`, `npm`, `golang`; empty where there is none.
            pub fn purl_type(self) -> &'static str {
                match self { $(Self::$variant => $purl,)* Self::Unknown => "" }
            }

            /// The language packages of this kind are written in or for.
            pub fn language(self) -> Option<Language> {
                match self { $(Self::$variant => $language,)* Self::Unknown => None }
            }
        }
    };
}

use Language as L;
package_types! {
    Alpm = "alpm", purl "alpm", language None;
    Apk = "apk", purl "apk", language None;
    Bitnami = "bitnami", purl "bitnami", language None;
    Binary = "binary", purl "generic", language None;
    Cocoapods = "pod", purl "cocoapods", language Some(L::Swift);
    Composer = "php-composer", purl "composer", language Some(L::Php);
    Conan = "conan", purl "conan", language Some(L::Cpp);
    Conda = "conda", purl "generic", language None;
    Cran = "R-package", purl "cran", language Some(L::R);
    DartPub = "dart-pub", purl "pub", language Some(L::Dart);
    Deb = "deb", purl "deb", language None;
    Dotnet = "dotnet", purl "nuget", language Some(L::Dotnet);
    Gem = "gem", purl "gem", language Some(L::Ruby);
    GithubAction = "github-action", purl "github", language None;
    GoModule = "go-module", purl "golang", language Some(L::Go);
    Hackage = "hackage", purl "hackage", language Some(L::Haskell);
    Hex = "hex", purl "hex", language Some(L::Erlang);
    Homebrew = "homebrew", purl "brew", language None;
    JavaArchive = "java-archive", purl "maven", language Some(L::Java);
    JenkinsPlugin = "jenkins-plugin", purl "maven", language Some(L::Java);
    LinuxKernel = "linux-kernel", purl "generic", language None;
    LinuxKernelModule = "linux-kernel-module", purl "generic", language None;
    LuaRocks = "lua-rocks", purl "luarocks", language Some(L::Lua);
    MsrcKb = "msrc-kb", purl "", language None;
    Nix = "nix", purl "nix", language None;
    Npm = "npm", purl "npm", language Some(L::JavaScript);
    Opam = "opam", purl "opam", language Some(L::Ocaml);
    Otp = "erlang-otp", purl "otp", language Some(L::Erlang);
    Pear = "php-pear", purl "pear", language Some(L::Php);
    Pecl = "php-pecl", purl "pear", language Some(L::Php);
    Portage = "portage", purl "portage", language None;
    Python = "python", purl "pypi", language Some(L::Python);
    Rpm = "rpm", purl "rpm", language None;
    RustCrate = "rust-crate", purl "cargo", language Some(L::Rust);
    Swift = "swift", purl "swift", language Some(L::Swift);
    Terraform = "terraform", purl "terraform", language None;
    WordpressPlugin = "wordpress-plugin", purl "wordpress-plugin", language Some(L::Php);
}

impl PackageType {
    /// Reads the word that [`PackageType::as_str`] writes.
    pub fn parse(word: &str) -> Self {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word).unwrap_or_default()
    }

    /// The kind for a purl type; `generic` means a binary (`spec/analysis.md` §4).
    pub fn from_purl_type(purl_type: &str) -> Self {
        match purl_type {
            "alpine" => Self::Apk,
            "crate" => Self::RustCrate,
            "dotnet" => Self::Dotnet,
            "homebrew" => Self::Homebrew,
            "generic" => Self::Binary,
            "maven" => Self::JavaArchive,
            "pecl" => Self::Pecl,
            "" => Self::Unknown,
            other => Self::ALL.iter().copied().find(|kind| kind.purl_type() == other).unwrap_or_default(),
        }
    }

    /// Whether a distribution's package manager installed it: matched by distribution, not by ecosystem.
    pub fn is_os_package(self) -> bool {
        matches!(self, Self::Alpm | Self::Apk | Self::Deb | Self::Portage | Self::Rpm)
    }
}

impl Serialize for PackageType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A word that is none of the table's is [`PackageType::Unknown`].
impl<'de> Deserialize<'de> for PackageType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::parse(&<Cow<'de, str>>::deserialize(deserializer)?))
    }
}

impl fmt::Display for PackageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A programming language, by its word in syft-json.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Language {
    Cpp,
    Dart,
    Dotnet,
    Erlang,
    Go,
    Haskell,
    Java,
    JavaScript,
    Lua,
    Ocaml,
    Php,
    Python,
    R,
    Ruby,
    Rust,
    Swift,
}

impl Language {
    /// The word used in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cpp => "c++",
            Self::Dart => "dart",
            Self::Dotnet => "dotnet",
            Self::Erlang => "erlang",
            Self::Go => "go",
            Self::Haskell => "haskell",
            Self::Java => "java",
            Self::JavaScript => "javascript",
            Self::Lua => "lua",
            Self::Ocaml => "ocaml",
            Self::Php => "php",
            Self::Python => "python",
            Self::R => "R",
            Self::Ruby => "ruby",
            Self::Rust => "rust",
            Self::Swift => "swift",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_again_by_its_word() {
        for kind in PackageType::ALL {
            assert_eq!(PackageType::parse(kind.as_str()), *kind);
        }
    }

    #[test]
    fn purl_types_lead_back_to_the_kind_that_matching_uses() {
        for (purl_type, kind) in [
            ("pypi", PackageType::Python),
            ("maven", PackageType::JavaArchive),
            ("generic", PackageType::Binary),
            ("crate", PackageType::RustCrate),
            ("cargo", PackageType::RustCrate),
            ("no-such-type", PackageType::Unknown),
        ] {
            assert_eq!(PackageType::from_purl_type(purl_type), kind, "{purl_type}");
        }
    }
}
