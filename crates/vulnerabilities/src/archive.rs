//! Archives as databases are handed on: a tar file, compressed, that holds `vulnerability.db`.

mod pack;
mod unpack;

pub(crate) use pack::pack;
pub(crate) use unpack::unpack;

/// The database's name in an archive and in the folder it is installed in.
pub(crate) const DATABASE: &str = "vulnerability.db";

/// How an archive is compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// `.tar.zst`, what is published.
    #[default]
    Zstd,
    /// `.tar.gz`.
    Gzip,
}

impl Compression {
    /// By the end of a file's name; `None` for other ends.
    pub fn of_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let ends_with = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
        if ends_with(&[".tar.zst", ".tzst"]) {
            Some(Self::Zstd)
        } else if ends_with(&[".tar.gz", ".tgz"]) {
            Some(Self::Gzip)
        } else {
            None
        }
    }

    /// By the first bytes of a file.
    pub(crate) fn of_bytes(start: &[u8]) -> Option<Self> {
        if start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            Some(Self::Zstd)
        } else if start.starts_with(&[0x1f, 0x8b]) {
            Some(Self::Gzip)
        } else {
            None
        }
    }
}

/// How much an archive may ask of the machine, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Of the archive as it is downloaded.
    pub archive: u64,
    /// Of the database in it.
    pub database: u64,
}

impl Default for Budget {
    /// Some ten times what is published today.
    fn default() -> Self {
        Self { archive: 4 << 30, database: 32 << 30 }
    }
}
