//! Which files are analyses.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::diagnostics::Hinted;

/// JSON and compact documents.
const ENDINGS: [&str; 2] = ["json", "sbom"];

/// The files that were named, and those of folders whose names end with `.json` or `.sbom`, folders in folders
/// included; sorted within each.
pub(super) fn list(named: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in named {
        let metadata = std::fs::metadata(path).with_context(|| format!("{} cannot be read", path.display()))?;
        if metadata.is_dir() { add_folder(path, &mut files)? } else { files.push(path.clone()) }
    }
    if files.is_empty() {
        return Err(Hinted::error(
            "there are no analyses in these folders",
            "write some: windlass sbom IMAGE --policy BUNDLE -o compact=FOLDER/NAME.sbom",
        ));
    }
    Ok(files)
}

fn add_folder(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let failed = || format!("{} cannot be read", folder.display());
    let entries = std::fs::read_dir(folder).with_context(failed)?;
    let mut entries = entries.collect::<Result<Vec<_>, _>>().with_context(failed)?;
    entries.sort_by_key(std::fs::DirEntry::path);
    for entry in entries {
        let (path, kind) = (entry.path(), entry.file_type().with_context(failed)?);
        // Links are not followed: they may lead in circles.
        if kind.is_dir() {
            add_folder(&path, files)?;
        } else if kind.is_file()
            && path.extension().is_some_and(|extension| ENDINGS.iter().any(|ending| extension == *ending))
        {
            files.push(path);
        }
    }
    Ok(())
}
