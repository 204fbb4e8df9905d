//! Layers and images built in memory, for tests.
//!
//! ```
//! use windlass_image::{Tree, WalkOptions, testing::{Contents, Tar}, walk};
//!
//! let lower = Tar::new().file("etc/motd", "old").file("etc/passwd", "root").gzip();
//! let upper = Tar::new().file("etc/motd", "new").whiteout("etc/passwd").zstd();
//! let options = WalkOptions::default();
//! let layers = walk(&[lower, upper], &Contents, &options).unwrap();
//! let tree = Tree::squash(layers, &options.budgets).unwrap();
//! let motd = tree.get(b"etc/motd").unwrap();
//! assert_eq!(tree.facts(motd.id).unwrap(), b"new");
//! assert!(tree.get(b"etc/passwd").is_none());
//! ```

use std::{
    io::{self, Cursor, Read, Write as _},
    sync::Arc,
};

use crate::{
    Digest, DigestAlgorithm, DigestSet, Entry, Image, Layer, LayerSource, Node, Platform, Reader, Tree, WalkOptions,
    walk,
};

/// A tar archive being written; each method adds an entry.
#[derive(Clone, Debug, Default)]
pub struct Tar {
    bytes: Vec<u8>,
}

/// One entry, for tests about more than its path and content.
#[derive(Clone, Debug)]
pub struct TarEntry {
    pub path: Vec<u8>,
    pub typeflag: u8,
    pub link: Vec<u8>,
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    pub modified: u32,
    pub content: Vec<u8>,
    /// Written instead of the content's length.
    pub stated_size: Option<u64>,
    /// Pax records; a path or link of more than 100 bytes adds one by itself.
    pub records: Vec<(String, Vec<u8>)>,
}

impl TarEntry {
    /// A regular file of mode 0644, owned by root, of the year 2023.
    pub fn file(path: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Self {
        Self {
            path: path.as_ref().to_vec(),
            typeflag: b'0',
            link: Vec::new(),
            mode: 0o644,
            uid: 0,
            gid: 0,
            modified: 1_700_000_000,
            content: content.as_ref().to_vec(),
            stated_size: None,
            records: Vec::new(),
        }
    }

    /// Its type and link target instead of those of a file.
    #[must_use]
    pub fn of_type(mut self, typeflag: u8, link: impl AsRef<[u8]>) -> Self {
        (self.typeflag, self.link) = (typeflag, link.as_ref().to_vec());
        self
    }

    #[must_use]
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = mode;
        self
    }

    #[must_use]
    pub fn owner(mut self, uid: u32, gid: u32) -> Self {
        (self.uid, self.gid) = (uid, gid);
        self
    }

    #[must_use]
    pub fn record(mut self, key: &str, value: impl AsRef<[u8]>) -> Self {
        self.records.push((key.to_owned(), value.as_ref().to_vec()));
        self
    }
}

impl Tar {
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn file(self, path: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Self {
        self.entry(&TarEntry::file(path, content))
    }

    #[must_use]
    pub fn executable(self, path: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Self {
        self.entry(&TarEntry::file(path, content).mode(0o755))
    }

    #[must_use]
    pub fn directory(self, path: impl AsRef<[u8]>) -> Self {
        self.entry(&TarEntry::file(path, "").of_type(b'5', "").mode(0o755))
    }

    #[must_use]
    pub fn symlink(self, path: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Self {
        self.entry(&TarEntry::file(path, "").of_type(b'2', target).mode(0o777))
    }

    #[must_use]
    pub fn hard_link(self, path: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Self {
        self.entry(&TarEntry::file(path, "").of_type(b'1', target))
    }

    /// Hides `path` in lower layers.
    #[must_use]
    pub fn whiteout(self, path: &str) -> Self {
        match path.rsplit_once('/') {
            Some((folder, name)) => self.file(format!("{folder}/.wh.{name}"), ""),
            None => self.file(format!(".wh.{path}"), ""),
        }
    }

    /// Hides the children of `folder` in lower layers.
    #[must_use]
    pub fn opaque(self, folder: &str) -> Self {
        self.file(format!("{folder}/.wh..wh..opq"), "")
    }

    #[must_use]
    pub fn entry(mut self, entry: &TarEntry) -> Self {
        let mut records = entry.records.clone();
        for (key, value) in [("path", &entry.path), ("linkpath", &entry.link)] {
            if value.len() > 100 {
                records.push((key.to_owned(), value.clone()));
            }
        }
        if !records.is_empty() {
            let records: Vec<u8> = records.iter().flat_map(|(key, value)| pax_record(key, value)).collect();
            self.bytes.extend(header(b"pax", b'x', b"", records.len() as u64, entry));
            self.push_content(&records);
        }
        let size = entry.stated_size.unwrap_or(entry.content.len() as u64);
        self.bytes.extend(header(&entry.path, entry.typeflag, &entry.link, size, entry));
        self.push_content(&entry.content);
        self
    }

    /// Bytes as they are, for archives that no builder would write.
    #[must_use]
    pub fn raw(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend(bytes);
        self
    }

    /// The archive with its end: two blocks of zeros.
    pub fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.extend([0; 1024]);
        self.bytes
    }

    /// An uncompressed layer.
    pub fn plain(self) -> Layer {
        let tar = self.into_bytes();
        layer("application/vnd.oci.image.layer.v1.tar", &tar, tar.clone())
    }

    pub fn gzip(self) -> Layer {
        let tar = self.into_bytes();
        layer("application/vnd.oci.image.layer.v1.tar+gzip", &tar, gzip(&tar))
    }

    pub fn zstd(self) -> Layer {
        let tar = self.into_bytes();
        layer("application/vnd.oci.image.layer.v1.tar+zstd", &tar, zstd(&tar))
    }

    fn push_content(&mut self, content: &[u8]) {
        self.bytes.extend(content);
        self.bytes.resize(self.bytes.len().next_multiple_of(512), 0);
    }
}

/// A layer whose documents describe these stored bytes truly.
pub fn layer(media_type: &str, tar: &[u8], stored: Vec<u8>) -> Layer {
    Layer {
        digest: Some(Digest::of(&stored)),
        diff_id: Digest::of(tar),
        media_type: media_type.to_owned(),
        size: stored.len() as u64,
        source: Arc::new(Stored(stored.into())),
    }
}

/// One gzip member.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory takes all bytes");
    encoder.finish().expect("memory takes all bytes")
}

/// One zstd frame.
pub fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::stream::encode_all(bytes, 1).expect("memory takes all bytes")
}

/// An image of these layers, with the smallest documents that describe it.
pub fn image(layers: Vec<Layer>) -> Image {
    let diff_ids: Vec<_> = layers.iter().map(|layer| format!("\"{}\"", layer.diff_id)).collect();
    let config = format!(
        r#"{{"architecture":"amd64","os":"linux","config":{{}},"rootfs":{{"type":"layers","diff_ids":[{}]}}}}"#,
        diff_ids.join(",")
    );
    let described: Vec<_> = layers
        .iter()
        .map(|layer| {
            let digest = layer.digest.as_ref().unwrap_or(&layer.diff_id);
            format!(r#"{{"mediaType":"{}","digest":"{digest}","size":{}}}"#, layer.media_type, layer.size)
        })
        .collect();
    let id = Digest::of(config.as_bytes());
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{id}","size":{}}},"layers":[{}]}}"#,
        config.len(),
        described.join(",")
    );
    Image {
        user_input: "test:latest".to_owned(),
        id,
        manifest_digest: Digest::of(manifest.as_bytes()),
        media_type: "application/vnd.oci.image.manifest.v1+json".to_owned(),
        manifest: manifest.into_bytes(),
        config: config.into_bytes(),
        platform: Platform { os: "linux".to_owned(), architecture: "amd64".to_owned(), variant: String::new() },
        tags: Vec::new(),
        repo_digests: Vec::new(),
        layers,
    }
}

/// Walks layers that are in order and squashes them; facts are the files' contents.
pub fn squash(layers: &[Layer]) -> Tree<Vec<u8>> {
    let options = WalkOptions { file_digests: DigestSet::SHA256, ..WalkOptions::default() };
    let walked = walk(layers, &Contents, &options).expect("the layers of this test are in order");
    Tree::squash(walked, &options.budgets).expect("the layers of this test are small")
}

/// The SHA-256 of a file's content, if the walk computed it.
pub fn sha256(node: &Node<'_>) -> Option<Digest> {
    node.digest(DigestAlgorithm::Sha256)?.first_chunk().map(Digest::from_sha256)
}

/// Keeps every file's content.
#[derive(Clone, Copy, Debug)]
pub struct Contents;

impl Reader for Contents {
    type Facts = Vec<u8>;

    fn read(&self, _entry: &Entry, content: &mut dyn Read) -> io::Result<Option<Vec<u8>>> {
        let mut bytes = Vec::new();
        content.take(64 << 20).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }
}

/// Looks at nothing.
#[derive(Clone, Copy, Debug)]
pub struct Blind;

impl Reader for Blind {
    type Facts = ();

    fn read(&self, _entry: &Entry, _content: &mut dyn Read) -> io::Result<Option<()>> {
        Ok(None)
    }
}

struct Stored(Arc<[u8]>);

impl LayerSource for Stored {
    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(Cursor::new(self.0.clone())))
    }
}

/// A ustar header with its checksum; names are cut at 100 bytes.
fn header(name: &[u8], typeflag: u8, link: &[u8], size: u64, entry: &TarEntry) -> [u8; 512] {
    let mut block = [0; 512];
    let mut put = |at: usize, field: &[u8]| block[at..at + field.len()].copy_from_slice(field);
    put(0, &name[..name.len().min(100)]);
    put(100, format!("{:07o}\0", entry.mode).as_bytes());
    put_owner(&mut put, 108, entry.uid);
    put_owner(&mut put, 116, entry.gid);
    if size < 1 << 33 {
        put(124, format!("{size:011o}\0").as_bytes());
    } else {
        put(124, &[0x80, 0, 0, 0]);
        put(128, &size.to_be_bytes());
    }
    put(136, format!("{:011o}\0", entry.modified).as_bytes());
    put(148, b"        ");
    put(156, &[typeflag]);
    put(157, &link[..link.len().min(100)]);
    put(257, b"ustar\x0000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

fn put_owner(put: &mut impl FnMut(usize, &[u8]), at: usize, id: u32) {
    if id < 1 << 21 {
        put(at, format!("{id:07o}\0").as_bytes());
    } else {
        put(at, &[0x80, 0, 0, 0]);
        put(at + 4, &id.to_be_bytes());
    }
}

fn pax_record(key: &str, value: &[u8]) -> Vec<u8> {
    let body = [b" ", key.as_bytes(), b"=", value, b"\n"].concat();
    let mut length = body.len();
    while length != body.len() + length.to_string().len() {
        length = body.len() + length.to_string().len();
    }
    [length.to_string().as_bytes(), &body].concat()
}
