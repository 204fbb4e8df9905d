use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use flate2::write::GzEncoder;

use super::{Compression, DATABASE};

/// Higher levels take minutes for a few percent.
const ZSTD_LEVEL: i32 = 9;
const GZIP_LEVEL: u32 = 6;

/// Writes the archive of the database at `database` to `to`; `modified` (seconds since 1970) is the only date in it.
pub(crate) fn pack(database: &Path, to: &Path, compression: Compression, modified: u64) -> io::Result<()> {
    let file = File::create(to)?;
    match compression {
        Compression::Zstd => {
            let mut encoder = zstd::stream::write::Encoder::new(file, ZSTD_LEVEL)?;
            encoder.include_checksum(true)?;
            tar(database, &mut encoder, modified)?;
            encoder.finish()?.sync_all()
        }
        Compression::Gzip => {
            let mut encoder = GzEncoder::new(file, flate2::Compression::new(GZIP_LEVEL));
            tar(database, &mut encoder, modified)?;
            encoder.finish()?.sync_all()
        }
    }
}

fn tar(database: &Path, to: &mut impl Write, modified: u64) -> io::Result<()> {
    let file = File::open(database)?;
    let mut header = tar::Header::new_gnu();
    header.set_size(file.metadata()?.len());
    header.set_mode(0o644);
    header.set_mtime(modified);
    let mut tar = tar::Builder::new(to);
    tar.append_data(&mut header, DATABASE, file)?;
    tar.finish()
}
