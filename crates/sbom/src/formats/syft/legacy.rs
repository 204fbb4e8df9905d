//! What documents, above all older ones, call and shape differently from the model.

use serde_json::{Value, json};

/// Names of records before schema 11, which were those of Go types, and the words that replaced them.
#[rustfmt::skip]
const OLD_NAMES: &[(&str, &str)] = &[
    ("AlpmMetadata", "alpm-db-entry"),
    ("ApkMetadata", "apk-db-entry"),
    ("BinaryMetadata", "binary-signature"),
    ("CargoPackageMetadata", "rust-cargo-lock-entry"),
    ("CocoapodsMetadataType", "cocoa-podfile-lock-entry"),
    ("ConanLockMetadataType", "c-conan-lock-entry"),
    ("ConanMetadataType", "c-conan-file-entry"),
    ("DartPubMetadata", "dart-pubspec-lock-entry"),
    ("DotnetDepsMetadata", "dotnet-deps-entry"),
    ("DpkgMetadata", "dpkg-db-entry"),
    ("GemMetadata", "ruby-gemspec"),
    ("GolangBinMetadata", "go-module-buildinfo-entry"),
    ("GolangMetadata", "go-module-buildinfo-entry"),
    ("GolangModMetadata", "go-module-entry"),
    ("HackageMetadataType", "haskell-hackage-stack-lock-entry"),
    ("JavaMetadata", "java-archive"),
    ("KbPatchMetadata", "microsoft-kb-patch"),
    ("LinuxKernelMetadata", "linux-kernel-archive"),
    ("LinuxKernelModuleMetadata", "linux-kernel-module"),
    ("MixLockMetadataType", "elixir-mix-lock-entry"),
    ("NixStoreMetadata", "nix-store-entry"),
    ("NpmPackageJSONMetadata", "javascript-npm-package"),
    ("NpmPackageJsonMetadata", "javascript-npm-package"),
    ("NpmPackageLockJsonMetadata", "javascript-npm-package-lock-entry"),
    ("PhpComposerJsonMetadata", "php-composer-installed-entry"),
    ("PortableExecutableMetadata", "dotnet-portable-executable-entry"),
    ("PortageMetadata", "portage-db-entry"),
    ("PythonPackageMetadata", "python-package"),
    ("PythonPipfileLockMetadata", "python-pipfile-lock-entry"),
    ("PythonRequirementsMetadata", "python-pip-requirements-entry"),
    ("RDescriptionFileMetadataType", "r-description"),
    ("RebarLockMetadataType", "erlang-rebar-lock-entry"),
    ("RpmMetadata", "rpm-db-entry"),
    ("RpmdbMetadata", "rpm-db-entry"),
    ("RustCargoPackageMetadata", "rust-cargo-lock-entry"),
    ("SwiftPackageManagerMetadata", "swift-package-manager-lock-entry"),
];

/// The present word for a kind of record.
pub(super) fn kind(word: &str) -> &str {
    OLD_NAMES.iter().find(|(old, _)| *old == word).map_or(word, |(_, new)| new)
}

/// Brings the record of a kind into the shape of the model; what has it already stays as it is.
pub(super) fn modernise(kind: &str, record: &mut Value) {
    match kind {
        "dpkg-db-entry" => for_each_file(record, |file| {
            if let Some(md5) = file.remove("md5").filter(Value::is_string) {
                file.insert("digest".into(), json!({ "algorithm": "md5", "value": md5 }));
            }
        }),
        "rpm-db-entry" => for_each_file(record, |file| {
            let digest = file.get("digest").or_else(|| file.get("sha256")).and_then(Value::as_str).map(str::to_owned);
            if let Some(digest) = digest {
                let algorithm = algorithm_of(&digest);
                file.insert("digest".into(), json!({ "algorithm": algorithm, "value": digest }));
            }
        }),
        "apk-db-entry" => {
            for_each_file(record, |file| {
                let digest = file.get("checksum").or_else(|| file.get("digest"));
                if let Some(digest) = digest.and_then(Value::as_str).map(str::to_owned) {
                    file.insert("digest".into(), json!({ "algorithm": "'Q1'+base64(sha1)", "value": digest }));
                }
            });
            if let Some(names) = record.get_mut("pullDependencies")
                && let Some(text) = names.as_str()
            {
                *names = text.split_whitespace().collect();
            }
        }
        "java-archive" => {
            if let Some(manifest) = record.get_mut("manifest").and_then(Value::as_object_mut) {
                if let Some(main) = manifest.get_mut("main") {
                    pairs(main);
                }
                if let Some(mut named) = manifest.remove("namedSections")
                    && let Some(sections) = named.as_object_mut()
                {
                    let sections = sections.values_mut().map(|section| {
                        pairs(section);
                        section.take()
                    });
                    manifest.insert("sections".into(), sections.collect());
                }
            }
        }
        "binary-signature" => {
            let matches = record.get_mut("matches").and_then(Value::as_array_mut);
            for found in matches.into_iter().flatten().filter_map(Value::as_object_mut) {
                let location = found.remove("location").unwrap_or_default();
                let path = location.get("path").or_else(|| location.get("realPath"));
                if let Some(path) = path.filter(|path| path.is_string()) {
                    found.insert("path".into(), path.clone());
                }
            }
        }
        "go-module-buildinfo-entry" => {
            if let Some(settings) = record.get_mut("goBuildSettings") {
                pairs(settings);
            }
        }
        _ => {}
    }
}

fn for_each_file(record: &mut Value, change: impl Fn(&mut serde_json::Map<String, Value>)) {
    let files = record.get_mut("files").and_then(Value::as_array_mut);
    files.into_iter().flatten().filter_map(Value::as_object_mut).for_each(change);
}

/// `{"key": "value"}` as a list of pairs, which keeps the order of the file.
fn pairs(map: &mut Value) {
    if let Value::Object(members) = map {
        *map = members.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
    }
}

fn algorithm_of(digest: &str) -> &'static str {
    match digest.len() {
        32 => "md5",
        40 => "sha1",
        128 => "sha512",
        _ => "sha256",
    }
}
