//! Files of a source, opened whatever they are wrapped in.
//!
//! A path may be a file or a directory. Compression and archives are told by their first bytes, never by their names:
//! gzip and Zstandard are undone, members of zip and tar archives become documents of their own. Everything is read in
//! the order of names, except tar members, which come in the archive's order.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::FeedError;
use crate::time;

/// Directories below a given path; a cycle of links ends here too.
const MAX_DEPTH: usize = 16;
/// Files below the given paths, and members of one archive.
const MAX_FILES: usize = 4_000_000;
/// Bytes of one document after decompression: the whole NVD in one file is about 2 GB.
const MAX_DOCUMENT: u64 = 8 << 30;
/// Bytes of one record; the longest known ones (kernel advisories) take less than 2 MB.
pub(crate) const MAX_RECORD: u64 = 32 << 20;

/// The files that a source was given.
pub(crate) struct Input {
    source_name: &'static str,
    files: Vec<InputFile>,
}

struct InputFile {
    path: PathBuf,
    /// From the given path's last component on, with `/`: what reports show and the digest covers.
    name: String,
    /// Given itself, rather than found in a directory.
    explicit: bool,
}

/// Something to read, with the name that reports use.
pub(crate) struct Document<'a> {
    /// `npm/all.zip/GHSA-….json`
    pub(crate) name: &'a str,
    /// Part of an archive, or found in a directory: one among many.
    pub(crate) member: bool,
    pub(crate) reader: &'a mut dyn BufRead,
}

impl Document<'_> {
    /// The last component of the name, without a compression's suffix.
    pub(crate) fn file_name(&self) -> &str {
        let name = self.name.rsplit('/').next().unwrap_or(self.name);
        [".gz", ".zst"].iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name)
    }

    /// Whether it calls itself JSON; a file that was named by the user is taken at their word.
    pub(crate) fn is_json(&self) -> bool {
        !self.member || self.has_extension("json")
    }

    pub(crate) fn has_extension(&self, extension: &str) -> bool {
        Path::new(self.file_name()).extension().is_some_and(|own| own.eq_ignore_ascii_case(extension))
    }

    /// All of it, if it is no longer than a record may be.
    pub(crate) fn record(&mut self) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        let read = self.reader.take(MAX_RECORD + 1).read_to_end(&mut bytes);
        match read {
            Ok(length) if length as u64 > MAX_RECORD => Err(format!("is longer than {MAX_RECORD} bytes")),
            Ok(_) => Ok(bytes),
            Err(error) => Err(format!("cannot be unpacked: {error}")),
        }
    }
}

impl Input {
    /// Lists the files of all paths.
    pub(crate) fn gather(source_name: &'static str, accepts: &'static str, paths: &[&Path]) -> Result<Self, FeedError> {
        let mut files = Vec::new();
        for path in paths {
            let before = files.len();
            let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            list(path, name, 0, &mut files).map_err(|error| FeedError::unreadable(source_name, path, error))?;
            if files.len() == before {
                return Err(FeedError::Empty { source_name, path: path.to_path_buf(), accepts });
            }
        }
        Ok(Self { source_name, files })
    }

    /// The SHA-256 of the names and contents of all files, as they lie on disk.
    pub(crate) fn digest(&self) -> Result<String, FeedError> {
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 1 << 16];
        for file in &self.files {
            let failed = |error| FeedError::unreadable(self.source_name, &file.path, error);
            let mut content = File::open(&file.path).map_err(failed)?;
            hash.update((file.name.len() as u64).to_le_bytes());
            hash.update(&file.name);
            let mut of_content = Sha256::new();
            loop {
                match content.read(&mut buffer) {
                    Ok(0) => break,
                    Ok(length) => of_content.update(&buffer[..length]),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(failed(error)),
                }
            }
            hash.update(of_content.finalize());
        }
        Ok(format!("sha256:{}", hex::encode(hash.finalize())))
    }

    /// The newest date in the names of the files.
    pub(crate) fn date_in_names(&self) -> Option<String> {
        self.files.iter().filter_map(|file| time::day_in_name(&file.name)).max()
    }

    /// Opens every document in order.
    pub(crate) fn documents(
        &self,
        visit: &mut dyn FnMut(Document<'_>) -> Result<(), FeedError>,
    ) -> Result<(), FeedError> {
        self.files.iter().try_for_each(|file| self.open(file, visit))
    }

    /// Opens the members of tar archives (`true`) or everything else (`false`), for a source that must have read the one
    /// before the other.
    pub(crate) fn documents_in_tar(
        &self,
        in_tar: bool,
        visit: &mut dyn FnMut(Document<'_>) -> Result<(), FeedError>,
    ) -> Result<(), FeedError> {
        for file in &self.files {
            if self.is_tar(file)? == in_tar {
                self.open(file, visit)?;
            }
        }
        Ok(())
    }

    fn is_tar(&self, file: &InputFile) -> Result<bool, FeedError> {
        let failed = |error| FeedError::unreadable(self.source_name, &file.path, error);
        let mut content = File::open(&file.path).map_err(failed)?;
        if Wrapping::of(&mut content).map_err(failed)? == Wrapping::Zip {
            return Ok(false);
        }
        let mut content = unwrapped(content).map_err(failed)?;
        let head = head(&mut content).map_err(|error| FeedError::damaged(self.source_name, &file.name, &error))?;
        Ok(is_tar(&head))
    }

    fn open(
        &self,
        file: &InputFile,
        visit: &mut dyn FnMut(Document<'_>) -> Result<(), FeedError>,
    ) -> Result<(), FeedError> {
        let failed = |error| FeedError::unreadable(self.source_name, &file.path, error);
        let damaged = |error: &dyn std::fmt::Display| FeedError::damaged(self.source_name, &file.name, error);
        let mut content = File::open(&file.path).map_err(failed)?;
        if Wrapping::of(&mut content).map_err(failed)? == Wrapping::Zip {
            return self.open_zip(content, file, visit);
        }
        let mut content = unwrapped(content).map_err(failed)?;
        let head = head(&mut content).map_err(|error| damaged(&error))?;
        let tar = is_tar(&head);
        let mut whole = io::Cursor::new(head).chain(content);
        if !tar {
            let mut reader = BufReader::with_capacity(1 << 16, Capped { inner: &mut whole, left: MAX_DOCUMENT });
            return visit(Document { name: &file.name, member: !file.explicit, reader: &mut reader });
        }
        let mut archive = tar::Archive::new(whole);
        let entries = archive.entries().map_err(|error| damaged(&error))?;
        for (number, entry) in entries.enumerate() {
            let entry = entry.map_err(|error| damaged(&error))?;
            if number >= MAX_FILES {
                return Err(damaged(&format!("it has more than {MAX_FILES} members")));
            }
            if !entry.header().entry_type().is_file() {
                continue;
            }
            let name = format!("{}/{}", file.name, String::from_utf8_lossy(&entry.path_bytes()));
            let mut reader = BufReader::new(Capped { inner: entry, left: MAX_DOCUMENT });
            visit(Document { name: &name, member: true, reader: &mut reader })?;
        }
        Ok(())
    }

    fn open_zip(
        &self,
        content: File,
        file: &InputFile,
        visit: &mut dyn FnMut(Document<'_>) -> Result<(), FeedError>,
    ) -> Result<(), FeedError> {
        let damaged = |error: &dyn std::fmt::Display| FeedError::damaged(self.source_name, &file.name, error);
        let mut archive = zip::ZipArchive::new(BufReader::new(content)).map_err(|error| damaged(&error))?;
        if archive.len() > MAX_FILES {
            return Err(damaged(&format!("it has more than {MAX_FILES} members")));
        }
        let mut members: Vec<(String, usize)> = (0..archive.len())
            .filter_map(|index| archive.name_for_index(index).map(|name| (name.to_owned(), index)))
            .filter(|(name, _)| !name.ends_with('/'))
            .collect();
        members.sort_unstable();
        for (name, index) in members {
            let name = format!("{}/{name}", file.name);
            match archive.by_index(index) {
                Ok(entry) => {
                    let mut reader = BufReader::new(Capped { inner: entry, left: MAX_DOCUMENT });
                    visit(Document { name: &name, member: true, reader: &mut reader })?;
                }
                // One member costs one record; let the reader fail on it, so that it is counted where the others are.
                Err(error) => {
                    let mut reader = BufReader::new(Broken(error.to_string()));
                    visit(Document { name: &name, member: true, reader: &mut reader })?;
                }
            }
        }
        Ok(())
    }
}

fn list(path: &Path, name: String, depth: usize, files: &mut Vec<InputFile>) -> io::Result<()> {
    let metadata = fs::metadata(path)?;
    if metadata.is_dir() {
        if depth == MAX_DEPTH {
            return Err(io::Error::other(format!("directories nest more than {MAX_DEPTH} deep")));
        }
        let mut entries = fs::read_dir(path)?.collect::<io::Result<Vec<_>>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            list(&entry.path(), format!("{name}/{}", entry.file_name().to_string_lossy()), depth + 1, files)?;
        }
    } else if metadata.is_file() {
        if files.len() == MAX_FILES {
            return Err(io::Error::other(format!("there are more than {MAX_FILES} files")));
        }
        files.push(InputFile { path: path.to_path_buf(), name, explicit: depth == 0 });
    }
    Ok(())
}

/// What the first bytes say of a file.
#[derive(PartialEq)]
enum Wrapping {
    Zip,
    Gzip,
    Zstandard,
    None,
}

impl Wrapping {
    /// Looks and rewinds.
    fn of(file: &mut File) -> io::Result<Self> {
        let mut magic = Vec::new();
        file.by_ref().take(4).read_to_end(&mut magic)?;
        file.seek(SeekFrom::Start(0))?;
        Ok(match magic.as_slice() {
            // The second is the end record of an archive without members.
            b"PK\x03\x04" | b"PK\x05\x06" => Self::Zip,
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd] => Self::Zstandard,
            _ => Self::None,
        })
    }
}

fn unwrapped(mut file: File) -> io::Result<Box<dyn Read>> {
    Ok(match Wrapping::of(&mut file)? {
        Wrapping::Gzip => Box::new(flate2::read::MultiGzDecoder::new(BufReader::new(file))),
        Wrapping::Zstandard => Box::new(zstd::stream::read::Decoder::new(file)?),
        Wrapping::Zip | Wrapping::None => Box::new(file),
    })
}

/// As much of the start as a tar header takes.
fn head(content: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(512);
    content.take(512).read_to_end(&mut head)?;
    Ok(head)
}

fn is_tar(head: &[u8]) -> bool {
    head.get(257..262) == Some(b"ustar")
}

/// Fails where the inner reader goes on for too long, rather than ending as if it were complete.
struct Capped<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Capped<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.left = self
            .left
            .checked_sub(length as u64)
            .ok_or_else(|| io::Error::other(format!("it unpacks to more than {MAX_DOCUMENT} bytes")))?;
        Ok(length)
    }
}

struct Broken(String);

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other(self.0.clone()))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn documents(paths: &[&Path]) -> Result<Vec<(String, String)>, FeedError> {
        let input = Input::gather("test", "anything", paths)?;
        let mut found = Vec::new();
        input.documents(&mut |mut document| {
            let text = document.record().map_or_else(|reason| reason, |bytes| String::from_utf8(bytes).unwrap());
            found.push((document.name.to_owned(), text));
            Ok(())
        })?;
        Ok(found)
    }

    fn zip(members: &[(&str, &str)]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
        for (name, text) in members {
            writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            writer.write_all(text.as_bytes()).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn tar(members: &[(&str, &str)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, text) in members {
            let mut header = tar::Header::new_ustar();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, name, text.as_bytes()).unwrap();
        }
        builder.into_inner().unwrap()
    }

    #[test]
    fn wrappings_are_undone_whatever_the_name_says() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("data");
        fs::create_dir(&root).unwrap();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(b"gzip").unwrap();
        fs::write(root.join("a.json"), gzip.finish().unwrap()).unwrap();
        fs::write(root.join("b"), zstd::encode_all(&b"zstd"[..], 1).unwrap()).unwrap();
        fs::write(root.join("c.json"), zip(&[("z.json", "last"), ("a.json", "first")])).unwrap();
        fs::write(root.join("d"), zstd::encode_all(&tar(&[("x/y.json", "tarred")])[..], 1).unwrap()).unwrap();
        fs::write(root.join("e.txt"), "plain").unwrap();
        fs::write(root.join("f"), "").unwrap();
        let found = documents(&[&root]).unwrap();
        let found: Vec<_> = found.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        assert_eq!(
            found,
            [
                ("data/a.json", "gzip"),
                ("data/b", "zstd"),
                ("data/c.json/a.json", "first"),
                ("data/c.json/z.json", "last"),
                ("data/d/x/y.json", "tarred"),
                ("data/e.txt", "plain"),
                ("data/f", ""),
            ]
        );
    }

    #[test]
    fn a_damaged_archive_is_an_error_and_a_damaged_member_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let whole = zip(&[("a.json", &"some text ".repeat(100)), ("b.json", "more")]);
        let cut = directory.path().join("cut.zip");
        fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
        let error = documents(&[&cut]).unwrap_err().to_string();
        assert!(error.starts_with("cut.zip of the test source breaks off or is damaged"), "{error}");

        let mut flipped = whole;
        let data = flipped.windows(6).position(|window| window == b"a.json").unwrap() + 10;
        flipped[data] ^= 0xff;
        let path = directory.path().join("flipped.zip");
        fs::write(&path, flipped).unwrap();
        let found = documents(&[&path]).unwrap();
        assert!(found[0].1.starts_with("cannot be unpacked"), "{found:?}");
        assert_eq!(found[1].1, "more");
    }

    #[test]
    fn a_path_without_files_and_a_missing_path_are_errors() {
        let directory = tempfile::tempdir().unwrap();
        assert!(matches!(documents(&[directory.path()]), Err(FeedError::Empty { .. })));
        assert!(matches!(documents(&[&directory.path().join("none")]), Err(FeedError::Unreadable { .. })));
    }

    #[test]
    fn the_digest_depends_on_names_and_contents_only() {
        let digest = |files: &[(&str, &str)]| {
            let directory = tempfile::tempdir().unwrap();
            let root = directory.path().join("data");
            fs::create_dir(&root).unwrap();
            for (name, text) in files {
                fs::write(root.join(name), text).unwrap();
            }
            Input::gather("test", "anything", &[&root]).unwrap().digest().unwrap()
        };
        let one = digest(&[("a", "1"), ("b", "2")]);
        assert_eq!(one, digest(&[("b", "2"), ("a", "1")]));
        assert_ne!(one, digest(&[("a", "2"), ("b", "1")]));
        assert!(one.starts_with("sha256:") && one.len() == 7 + 64);
    }
}
