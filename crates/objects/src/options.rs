//! How storage is used: times, attempts, sizes.

use std::{path::PathBuf, time::Duration};

/// How to use a storage. The defaults suit a disk or a bucket in the same region.
#[derive(Debug, Clone)]
pub struct Options {
    /// Longest wait for the beginning of an answer to what sends no content.
    pub timeout: Duration,
    /// Longest wait for the next piece of content, in either direction.
    pub transfer_timeout: Duration,
    /// How often a request that failed for a passing reason is made in all. A storage that takes connections and never answers is
    /// waited for as many times as long as `timeout`: half a minute, which is what the callers of a service have patience for.
    pub attempts: usize,
    /// Pause before the second attempt. It doubles from attempt to attempt, and is longer at random by up to itself.
    pub pause: Duration,
    /// The pause grows no longer than this.
    pub longest_pause: Duration,
    /// Content of more bytes is sent in parts of this size (multipart upload), and read in ranges of it. At least 5 MiB,
    /// which is the least S3 takes.
    pub part: usize,
    /// How many parts of one object are on their way at once. Memory is a few times that, whatever the size of the object.
    pub parallel_parts: usize,
    /// Level of zstd: 1 (fast) to 19 (small).
    pub compression: i32,
    /// Most bytes of one object that [`Objects::get`](crate::Objects::get) reads into memory.
    pub document_limit: u64,
    /// Where large content is compressed before it is sent; the system's folder for temporary files if not set.
    pub spool: Option<PathBuf>,
    /// Objects are only read there, and removed: a folder that is not there is an error, and nothing is made.
    pub is_source: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            transfer_timeout: Duration::from_mins(1),
            attempts: 3,
            pause: Duration::from_millis(200),
            longest_pause: Duration::from_secs(10),
            part: 8 << 20,
            parallel_parts: 2,
            compression: 3,
            document_limit: 1 << 30,
            spool: None,
            is_source: false,
        }
    }
}
