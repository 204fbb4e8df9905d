//! What walking an image costs, next to the least it could cost.
//!
//! ```text
//! cargo run --release -p windlass-image --example floor -- floor LAYOUT [THREADS]
//! cargo run --release -p windlass-image --example floor -- walk LAYOUT [THREADS]
//! ```
//!
//! `floor` decompresses every layer of an OCI layout and computes both its digests, with the libraries and as many
//! threads as the walk uses. `walk` does the same, reads the archives and squashes them into a tree; `digests` also
//! computes the digest of every file.

#[path = "../tests/support/mod.rs"]
mod support;

use std::{
    cmp::Reverse,
    io::{BufRead, BufReader, Read},
    num::NonZeroUsize,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Instant,
};

use sha2::{Digest as _, Sha256};
use windlass_image::{DigestSet, Layer, Tree, WalkOptions, testing::Blind, walk};

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [mode, layout, threads @ ..] = arguments.as_slice() else {
        anyhow::bail!("usage: floor (floor | walk | digests) LAYOUT [THREADS]");
    };
    let layers = support::layers(Path::new(layout)).map_err(anyhow::Error::msg)?;
    let threads = match threads.first() {
        Some(threads) => threads.parse()?,
        None => thread::available_parallelism()?,
    };
    let begin = Instant::now();
    let (bytes, nodes) = match mode.as_str() {
        "floor" => (floor(&layers, threads)?, 0),
        "walk" | "digests" => {
            let file_digests = if mode == "digests" { DigestSet::SHA256 } else { DigestSet::default() };
            let options = WalkOptions { threads, file_digests, ..WalkOptions::default() };
            let walked = walk(&layers, &Blind, &options)?;
            let bytes = walked.iter().map(|layer| layer.bytes).sum();
            (bytes, Tree::squash(walked, &options.budgets)?.len())
        }
        other => anyhow::bail!("no such mode: {other}"),
    };
    let seconds = begin.elapsed().as_secs_f64();
    let rate = bytes as f64 / 1e6 / seconds;
    eprintln!("{mode}: {seconds:.3} s, {bytes} bytes, {rate:.0} MB/s, {nodes} files and folders");
    Ok(())
}

fn floor(layers: &[Layer], threads: NonZeroUsize) -> anyhow::Result<u64> {
    let mut order: Vec<&Layer> = layers.iter().collect();
    order.sort_by_key(|layer| Reverse(layer.size));
    let taken = AtomicUsize::new(0);
    let work = || {
        let mut bytes = 0;
        while let Some(layer) = order.get(taken.fetch_add(1, Ordering::Relaxed)) {
            bytes += decompress_and_hash(layer)?;
        }
        anyhow::Ok(bytes)
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.get()).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(|worker| worker.join().expect("the workers do not panic")).sum()
    })
}

fn decompress_and_hash(layer: &Layer) -> anyhow::Result<u64> {
    let mut stored =
        BufReader::with_capacity(128 << 10, Hashing { inner: layer.source.open()?, hasher: Sha256::new() });
    let start = stored.fill_buf()?.to_vec();
    let mut uncompressed: Box<dyn Read + '_> = match start.as_slice() {
        [0x1f, 0x8b, ..] => Box::new(flate2::bufread::MultiGzDecoder::new(&mut stored)),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Box::new(zstd::stream::read::Decoder::with_buffer(&mut stored)?),
        _ => Box::new(&mut stored),
    };
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 256 << 10];
    let mut bytes = 0;
    loop {
        let read = uncompressed.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hasher.update(&buffer[..read]);
        bytes += read as u64;
    }
    anyhow::ensure!(layer.diff_id.hex() == format!("{:x}", hasher.finalize()), "the diff ID does not match");
    Ok(bytes)
}

struct Hashing<R> {
    inner: R,
    hasher: Sha256,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        Ok(read)
    }
}
