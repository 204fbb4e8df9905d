//! A disk that is soon full.

use std::{path::Path, process::Command};

use tempfile::TempDir;

use crate::skipped;

/// A file system of its own, gone with its value.
#[derive(Debug)]
pub struct SmallDisk(TempDir);

impl SmallDisk {
    /// One of this size: `2m`. Nothing, and a loud line ([`skipped`]), for whoever may not mount any.
    ///
    /// # Panics
    /// When there is no folder to mount it at, or nothing may be skipped.
    #[track_caller]
    pub fn of(size: &str) -> Option<Self> {
        let place = tempfile::tempdir().expect("there is room for a folder");
        let options = format!("size={size}");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(place.path()).output();
        if !mounted.is_ok_and(|mounted| mounted.status.success()) {
            skipped("a small file system cannot be mounted", "run the tests as root, or in a container that may mount");
            return None;
        }
        Some(Self(place))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Files in it may be open still.
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}
