//! One layer: a sorted tape archive, compressed.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};

/// A packed layer.
pub(crate) struct Layer {
    /// The blob: the archive, compressed.
    pub(crate) compressed: Vec<u8>,
    /// Digest of the archive before compression, which the image's configuration names.
    pub(crate) diff_id: String,
    /// What the history says about it.
    pub(crate) created_by: String,
}

/// Packs everything below `folder`.
pub(crate) fn from_folder(folder: &Path) -> anyhow::Result<Layer> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let mut archive = Builder::new(Output::new());
    for path in paths_below(folder)? {
        let inner = path.strip_prefix(folder).expect("invariant: the walk started at the folder");
        append(&mut archive, &path, inner).with_context(|| format!("cannot pack {}", path.display()))?;
    }
    finish(archive, format!("install {name} packages"))
}

/// A layer that removes `paths` of the layers below, by the whiteout files of the OCI image specification.
pub(crate) fn removing(paths: &[String]) -> anyhow::Result<Layer> {
    let mut paths: Vec<&Path> = paths.iter().map(Path::new).collect();
    paths.sort();
    let mut archive = Builder::new(Output::new());
    for path in paths {
        let Some(name) = path.file_name() else {
            bail!("cannot remove {}: it names no file; give a path such as app/file", path.display());
        };
        let whiteout = path.with_file_name(format!(".wh.{}", name.to_string_lossy()));
        archive.append_data(&mut header(EntryType::Regular, 0o644, 0), whiteout, io::empty())?;
    }
    finish(archive, "remove files".to_owned())
}

/// Every path below `folder` in byte order, folders before their content.
fn paths_below(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let entries = fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
        for entry in entries {
            let entry = entry.with_context(|| format!("cannot list {}", folder.display()))?;
            if entry.file_type()?.is_dir() {
                open.push(entry.path());
            }
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

fn append(archive: &mut Builder<Output>, path: &Path, inner: &Path) -> anyhow::Result<()> {
    let metadata = path.symlink_metadata()?;
    // Whoever unpacked the packages had a umask of their own; whether a file can be run is what counts.
    let executable = metadata.permissions().mode() & 0o100 != 0;
    if metadata.is_dir() {
        archive.append_data(&mut header(EntryType::Directory, 0o755, 0), inner, io::empty())?;
    } else if metadata.is_symlink() {
        archive.append_link(&mut header(EntryType::Symlink, 0o777, 0), inner, fs::read_link(path)?)?;
    } else if metadata.is_file() {
        let content = fs::read(path)?;
        let mode = if executable { 0o755 } else { 0o644 };
        archive.append_data(&mut header(EntryType::Regular, mode, content.len() as u64), inner, &content[..])?;
    } else {
        bail!("it is neither a file, a folder nor a symbolic link");
    }
    Ok(())
}

/// A header that owes nothing to the machine: owned by root, from the time zero.
fn header(kind: EntryType, mode: u32, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header
}

fn finish(archive: Builder<Output>, created_by: String) -> anyhow::Result<Layer> {
    let output = archive.into_inner()?;
    Ok(Layer {
        compressed: output.compressed.finish()?,
        diff_id: format!("sha256:{:x}", output.uncompressed.finalize()),
        created_by,
    })
}

/// Compresses what is written and hashes it before.
struct Output {
    compressed: GzEncoder<Vec<u8>>,
    uncompressed: Sha256,
}

impl Output {
    fn new() -> Self {
        Self { compressed: GzEncoder::new(Vec::new(), Compression::new(6)), uncompressed: Sha256::new() }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.compressed.write(bytes)?;
        self.uncompressed.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.compressed.flush()
    }
}
