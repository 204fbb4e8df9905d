//! The original client, as PyPI has it: no line of it is changed.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{place::Place, tour::Tour};

/// `anchore-cli` from `WINDLASS_ANCHORE_CLI`, the tools that `scripts/test` installs, or the path.
fn program() -> Option<PathBuf> {
    let named = env::var_os("WINDLASS_ANCHORE_CLI").map(PathBuf::from);
    let built =
        Path::new(env!("CARGO_BIN_EXE_windlass")).ancestors().nth(2).map(|target| target.join("tools/anchore-cli/bin"));
    let path: Vec<PathBuf> = env::var_os("PATH").iter().flat_map(env::split_paths).collect();
    let folders = built.into_iter().chain(path).map(|folder| folder.join("anchore-cli"));
    named.into_iter().chain(folders).find(|program| program.exists())
}

#[test]
fn anchore_cli_gets_along_with_the_service_in_all_its_commands() {
    let Some(program) = program() else {
        windlass_testing::skipped("anchore-cli is not installed", "scripts/test installs it");
        return;
    };
    let Some(place) = Place::new("all") else { return };
    let home = place.path("home");
    let anchore_cli = || {
        let mut command = Command::new(&program);
        command.env_clear().env("HOME", &home).env("LC_ALL", "C.UTF-8").env("COLUMNS", "400");
        command
    };
    Tour::new(&place, &anchore_cli).walk();
}
