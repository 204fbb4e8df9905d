//! Lock files and manifests of projects.
//!
//! Input: a letter that chooses the file's name, then the file.

#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_fuzz::{analyse_folder, choose};

const NAMES: &[&str] = &[
    "package-lock.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "deno.lock",
    "requirements.txt",
    "poetry.lock",
    "Pipfile.lock",
    "Gemfile.lock",
    "go.mod",
    "Cargo.lock",
    "composer.lock",
    "pom.xml",
    "gradle.lockfile",
    "packages.lock.json",
];

fuzz_target!(|data: &[u8]| {
    if let Some((name, content)) = choose(NAMES, data) {
        analyse_folder(name, content);
    }
});
