//! How much of a hostile document or container is read before it is refused.

/// Bytes of a manifest; what registries themselves accept.
pub const MANIFEST_BYTES: u64 = 4 << 20;
/// Bytes of an index, and of a docker archive's `manifest.json`.
pub const INDEX_BYTES: u64 = 4 << 20;
/// Bytes of an image's config; long build histories make real ones of some hundred KiB.
pub const CONFIG_BYTES: u64 = 8 << 20;
/// Layers of one image. Docker stops at 127, containerd at none.
pub const LAYERS: usize = 1024;
/// Indexes inside indexes. Real layouts need two: `index.json`, then a multi-platform index.
pub const INDEX_DEPTH: usize = 8;
/// Bytes of one page of a list of tags; some registries send all tags at once.
pub const TAG_PAGE_BYTES: u64 = 16 << 20;
/// Pages of a list of tags.
pub const TAG_PAGES: usize = 4096;
/// Images and indexes one selection looks at.
pub const INDEX_ENTRIES: usize = 1024;
/// Images of one index that are taken at once.
pub const PLATFORMS: usize = 64;
/// Documents one selection reads.
pub const INDEX_READS: usize = 256;
/// Members of an image archive (not of its layers).
pub const ARCHIVE_MEMBERS: usize = 1 << 16;
/// Bytes of one extended tar header of an image archive.
pub const ARCHIVE_HEADER_BYTES: u64 = 1 << 20;
/// Links followed from one archive member to another.
pub const ARCHIVE_LINKS: usize = 16;
/// Bytes copied to a temporary file from standard input, a daemon or a compressed archive.
pub const SPOOL_BYTES: u64 = 64 << 30;
