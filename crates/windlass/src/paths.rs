//! Where things are kept between runs.

use std::path::PathBuf;

use anyhow::Context as _;

/// The folder of caches: `WINDLASS_CACHE_DIR`, else `windlass` in the user's cache folder.
pub(crate) fn cache() -> anyhow::Result<PathBuf> {
    variable("WINDLASS_CACHE_DIR")
        .or_else(|| variable("XDG_CACHE_HOME").map(|cache| cache.join("windlass")))
        .or_else(|| variable("HOME").map(|home| home.join(".cache/windlass")))
        .context("there is no folder for caches: set WINDLASS_CACHE_DIR or HOME")
}

/// Where the vulnerability database is installed: `WINDLASS_DB_CACHE_DIR`, else `db` in the folder of caches.
pub(crate) fn database_cache() -> anyhow::Result<PathBuf> {
    variable("WINDLASS_DB_CACHE_DIR").map_or_else(|| Ok(cache()?.join("db")), Ok)
}

fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}
