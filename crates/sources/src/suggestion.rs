//! What a mistyped path may have been meant to be.

use std::path::Path;

/// Entries of a folder that are compared with the name that was not found.
const COMPARED: usize = 4096;

/// At most three paths beside this one with names close to it, the closest first.
pub(crate) fn similar_names(path: &Path) -> Vec<String> {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return Vec::new() };
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let Ok(entries) = std::fs::read_dir(parent.unwrap_or(Path::new("."))) else { return Vec::new() };
    let mut close: Vec<(usize, String)> = entries
        .take(COMPARED)
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .map(|other| (strsim::damerau_levenshtein(name, &other), other))
        .filter(|(distance, other)| *distance <= 1 + name.len() / 6 || other.strip_prefix(name).is_some())
        .collect();
    close.sort_unstable();
    close.truncate(3);
    close.into_iter().map(|(_, other)| path.with_file_name(other).display().to_string()).collect()
}
