//! Files that users write in YAML.

use std::path::Path;

use anyhow::Context as _;
use serde::de::DeserializeOwned;

/// Longest file that is read, in bytes.
const LENGTH_LIMIT: u64 = 16 << 20;

/// Reads the one document of a file. Errors name line and column.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> anyhow::Result<T> {
    let failed = || format!("{} cannot be read", path.display());
    let length = std::fs::metadata(path).with_context(failed)?.len();
    anyhow::ensure!(length <= LENGTH_LIMIT, "{}: it is longer than {LENGTH_LIMIT} bytes", failed());
    let text = std::fs::read_to_string(path).with_context(failed)?;
    let options = serde_saphyr::options! { with_snippet: false };
    serde_saphyr::from_str_with_options(&text, options).with_context(failed)
}
