//! Files by which package managers and runtimes know what is installed, but those that have a target of their own.
//!
//! Input: a letter that chooses the path, then the file.

#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_fuzz::{analyse_files, choose};

const PATHS: &[&str] = &[
    "var/lib/pacman/local/example-1-1/desc",
    "var/lib/pacman/local/example-1-1/files",
    "var/lib/pacman/local/example-1-1/mtree",
    "var/db/pkg/app-misc/example-1/CONTENTS",
    "var/db/pkg/app-misc/example-1/LICENSE",
    "opt/conda/conda-meta/example-1-0.json",
    "opt/bitnami/.bitnami_components.json",
    "opt/bitnami/example/.spdx-example.spdx",
    "home/linuxbrew/.linuxbrew/Cellar/example/1/.brew/example.rb",
    "usr/lib/python3/dist-packages/example-1.dist-info/METADATA",
    "usr/lib/python3/dist-packages/example-1.dist-info/RECORD",
    "usr/lib/python3/dist-packages/example-1.dist-info/direct_url.json",
    "usr/lib/python3/dist-packages/example.egg-info",
    "app/node_modules/example/package.json",
    "usr/lib/ruby/gems/3.1.0/specifications/example-1.gemspec",
    "app/vendor/composer/installed.json",
    "app/example.deps.json",
    "app/packages.lock.json",
    "usr/lib/jvm/example/release",
    "etc/os-release",
    "lib/modules/6.1.0/kernel/example.ko",
    "boot/vmlinuz-6.1.0",
];

fuzz_target!(|data: &[u8]| {
    if let Some((path, content)) = choose(PATHS, data) {
        analyse_files(&[(path, content)]);
    }
});
