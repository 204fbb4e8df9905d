//! A folder of this machine, walked as if it were an image of one layer.
//!
//! Folders and files are opened by name in the folder that holds them and never through a symbolic link, so whoever
//! changes the folder while it is read cannot lead the walk out of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{self, Read},
    os::{
        fd::{AsFd, OwnedFd},
        unix::ffi::OsStrExt,
    },
    path::Path,
    sync::Arc,
    thread,
};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat, fstat, openat, readlinkat, statat};

use crate::{
    DigestSet, Entry, EntryKind, Reader, WalkError, WalkOptions, WalkedLayer,
    budgets::{Budget, BudgetExceeded, Meter},
    digests::{Hashers, Hashing},
    entry_log::EntryLog,
    mounts::pseudo_mounts,
    path::names,
    walk::joined,
};

/// Asked of every path (relative to the folder) and whether it is a folder; what it names is left out.
pub type Exclude = Arc<dyn Fn(&[u8], bool) -> bool + Send + Sync>;

/// How to walk a folder.
#[derive(Clone, Default)]
pub struct DirectoryOptions {
    /// Of the budgets only those of entries, paths and metadata apply: a folder's bytes are not compressed.
    pub walk: WalkOptions,
    /// The text of `/proc/self/mountinfo`, to leave out pseudo filesystems; empty to leave out none.
    pub mountinfo: Vec<u8>,
    pub exclude: Option<Exclude>,
}

/// A folder after it was walked.
#[derive(Debug)]
pub struct WalkedDirectory<F> {
    /// To be squashed alone.
    pub layer: WalkedLayer<F>,
    /// In the order in which the paths were met.
    pub unreadable: Vec<Unreadable>,
}

/// Something whose content could not be looked at; it is an entry all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    pub path: Vec<u8>,
    pub reason: String,
}

/// Walks all that is below `root`, several files at a time.
///
/// Symbolic links are entries, not ways; sockets are left out. A file that cannot be read does not end the walk.
pub fn walk_directory<R: Reader>(
    root: &Path,
    reader: &R,
    options: &DirectoryOptions,
) -> Result<WalkedDirectory<R::Facts>, WalkError> {
    let failed = |source| WalkError::Folder { path: root.display().to_string(), source };
    let absolute = fs::canonicalize(root).map_err(failed)?;
    let handle: OwnedFd = File::open(&absolute).map_err(failed)?.into();
    // The root must be a folder that can be listed; anything below it need not be.
    Dir::read_from(&handle).map_err(|error| failed(error.into()))?;
    let budgets = &options.walk.budgets;
    let traversal = Traversal {
        root: handle,
        skipped: skipped(&absolute, &options.mountinfo),
        options,
        meter: Meter::new(budgets),
    };
    thread::scope(|scope| {
        let threads = options.walk.threads.get();
        let (job_in, job_out) = bounded::<Job>(threads * 2);
        let (read_in, read_out) = unbounded();
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                let (jobs, done) = (job_out.clone(), read_in.clone());
                scope.spawn(move || read_files(&jobs, &done, reader, options.walk.file_digests))
            })
            .collect();
        drop((job_out, read_in));
        let mut collected = Collected::new(options.walk.file_digests);
        let outcome = traversal.run(&job_in, |wait| collected.take(&read_out, wait));
        drop(job_in);
        workers.into_iter().for_each(joined);
        outcome?;
        collected.take(&read_out, true);
        Ok(collected.finish())
    })
}

/// The mount points below the folder that are not to be looked at, relative to it.
fn skipped(root: &Path, mountinfo: &[u8]) -> BTreeSet<Vec<u8>> {
    let root = root.as_os_str().as_bytes();
    let root = root.strip_suffix(b"/").unwrap_or(root);
    let below = |point: Vec<u8>| point.strip_prefix(root)?.strip_prefix(b"/").map(<[u8]>::to_vec);
    pseudo_mounts(mountinfo).into_iter().filter_map(below).filter(|path| !path.is_empty()).collect()
}

/// Some of the entries of one folder.
struct Job {
    number: usize,
    folder: Arc<OwnedFd>,
    entries: Vec<Entry>,
    /// Why the folder's content is not known, if it is not.
    unreadable: Option<Unreadable>,
}

/// Its entries with what was read of them.
struct Done<F> {
    number: usize,
    entries: Vec<(Entry, Option<Vec<u8>>, Option<F>)>,
    unreadable: Vec<Unreadable>,
}

const ENTRIES_PER_JOB: usize = 128;

struct Traversal<'o> {
    root: OwnedFd,
    skipped: BTreeSet<Vec<u8>>,
    options: &'o DirectoryOptions,
    meter: Meter<'o>,
}

impl Traversal<'_> {
    /// Sends the entries of all folders to be read, each folder before what is in it.
    fn run(&self, jobs: &Sender<Job>, mut collect: impl FnMut(bool)) -> Result<(), WalkError> {
        let budget = |exceeded| WalkError::Budget { layer: None, exceeded };
        let mut number = 0;
        let mut folders = vec![Vec::new()];
        while let Some(path) = folders.pop() {
            let (folder, mut entries, unreadable) = match self.list(&path) {
                Ok((folder, entries)) => (Arc::new(folder), entries, None),
                Err(error) => {
                    let folder = self.root.try_clone().map_err(|source| WalkError::Folder {
                        path: String::from_utf8_lossy(&path).into_owned(),
                        source,
                    })?;
                    let unreadable = Unreadable { path: path.clone(), reason: error.to_string() };
                    (Arc::new(folder), Vec::new(), Some(unreadable))
                }
            };
            for entry in &entries {
                self.charge(entry).map_err(budget)?;
            }
            let below = entries.iter().filter(|entry| entry.kind == EntryKind::Directory);
            folders.extend(below.rev().map(|entry| entry.path.clone()));
            let mut unreadable = unreadable;
            while !entries.is_empty() || unreadable.is_some() {
                if self.options.walk.is_cancelled() {
                    return Err(WalkError::Cancelled);
                }
                let rest = entries.split_off(entries.len().min(ENTRIES_PER_JOB));
                let job = Job { number, folder: Arc::clone(&folder), entries, unreadable: unreadable.take() };
                if jobs.send(job).is_err() {
                    // The workers are gone because one panicked; joining them tells.
                    return Err(WalkError::Cancelled);
                }
                number += 1;
                entries = rest;
                collect(false);
            }
        }
        Ok(())
    }

    fn charge(&self, entry: &Entry) -> Result<(), BudgetExceeded> {
        let budgets = self.meter.budgets;
        let link = match &entry.kind {
            EntryKind::Symlink(target) => target.len(),
            _ => 0,
        };
        budgets.check(Budget::PathBytes, entry.path.len() as u64)?;
        budgets.check(Budget::PathDepth, names(&entry.path).count() as u64)?;
        self.meter.charge_entries(1)?;
        self.meter.charge_metadata((entry.path.len() + link) as u64)
    }

    /// Opens a folder and describes what is in it, by name.
    fn list(&self, path: &[u8]) -> io::Result<(OwnedFd, Vec<Entry>)> {
        let folder = self.open(path)?;
        let mut entries = Vec::new();
        for item in Dir::read_from(&folder)? {
            let item = item?;
            let name = item.file_name().to_bytes();
            if matches!(name, b"." | b"..") {
                continue;
            }
            let stat = match statat(&folder, item.file_name(), AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => stat,
                // Removed since the folder was read.
                Err(rustix::io::Errno::NOENT) => continue,
                Err(error) => return Err(error.into()),
            };
            let mut full = path.to_vec();
            if !full.is_empty() {
                full.push(b'/');
            }
            full.extend_from_slice(name);
            let kind = match FileType::from_raw_mode(stat.st_mode) {
                FileType::RegularFile => EntryKind::File,
                FileType::Directory => EntryKind::Directory,
                FileType::Symlink => {
                    EntryKind::Symlink(readlinkat(&folder, item.file_name(), Vec::new())?.into_bytes())
                }
                FileType::CharacterDevice => EntryKind::CharacterDevice,
                FileType::BlockDevice => EntryKind::BlockDevice,
                FileType::Fifo => EntryKind::Fifo,
                FileType::Socket | FileType::Unknown => continue,
            };
            if !self.is_left_out(&full, kind == EntryKind::Directory) {
                entries.push(describe(full, kind, &stat));
            }
        }
        entries.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Ok((folder, entries))
    }

    fn is_left_out(&self, path: &[u8], is_folder: bool) -> bool {
        self.skipped.contains(path) || self.options.exclude.as_ref().is_some_and(|exclude| exclude(path, is_folder))
    }

    /// Opens a folder name by name, so that no link on the way is followed.
    fn open(&self, path: &[u8]) -> io::Result<OwnedFd> {
        let mut at = self.root.try_clone()?;
        for name in names(path) {
            at = openat(&at, name, OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
        }
        Ok(at)
    }
}

#[allow(
    clippy::unnecessary_cast,
    clippy::useless_conversion,
    reason = "the types of these fields differ between systems"
)]
fn describe(path: Vec<u8>, kind: EntryKind, stat: &Stat) -> Entry {
    let size = if kind == EntryKind::File { u64::try_from(stat.st_size).unwrap_or(0) } else { 0 };
    Entry {
        path,
        kind,
        mode: stat.st_mode as u32 & 0o7777,
        uid: stat.st_uid.into(),
        gid: stat.st_gid.into(),
        size,
        modified: stat.st_mtime as i64,
    }
}

fn read_files<R: Reader>(jobs: &Receiver<Job>, done: &Sender<Done<R::Facts>>, reader: &R, wanted: DigestSet) {
    for job in jobs {
        let mut unreadable: Vec<_> = job.unreadable.into_iter().collect();
        let mut entries = Vec::with_capacity(job.entries.len());
        for mut entry in job.entries {
            if entry.kind != EntryKind::File {
                entries.push((entry, None, None));
                continue;
            }
            match read_file(&*job.folder, &mut entry, reader, wanted) {
                Ok((digests, facts)) => entries.push((entry, digests, facts)),
                Err(error) => {
                    unreadable.push(Unreadable { path: entry.path.clone(), reason: error.to_string() });
                    entries.push((entry, None, None));
                }
            }
        }
        if done.send(Done { number: job.number, entries, unreadable }).is_err() {
            return;
        }
    }
}

type FileRead<F> = (Option<Vec<u8>>, Option<F>);

fn read_file<R: Reader>(
    folder: impl AsFd,
    entry: &mut Entry,
    reader: &R,
    wanted: DigestSet,
) -> io::Result<FileRead<R::Facts>> {
    let (_, name) = crate::path::split(&entry.path);
    // Not to wait for the other end, should it have become a pipe.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = openat(folder, name, flags, Mode::empty())?;
    let stat = fstat(&file)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(io::Error::other("it was replaced by something else while the folder was read"));
    }
    entry.size = u64::try_from(stat.st_size).unwrap_or(0);
    // A file that grows meanwhile is read as far as it was.
    let mut content = Hashing::new(File::from(file).take(entry.size), wanted);
    let facts = reader.read(entry, &mut content)?;
    if content.hashers.is_some() {
        io::copy(&mut content, &mut io::sink())?;
    }
    Ok((content.hashers.map(Hashers::finish), facts))
}

/// Puts what was read back into the order in which it was met.
struct Collected<F> {
    waiting: BTreeMap<usize, Done<F>>,
    next: usize,
    log: EntryLog,
    facts: Vec<F>,
    bytes: u64,
    entries: u64,
    unreadable: Vec<Unreadable>,
}

impl<F> Collected<F> {
    fn new(digests: DigestSet) -> Self {
        Self {
            waiting: BTreeMap::new(),
            next: 0,
            log: EntryLog::new(digests),
            facts: Vec::new(),
            bytes: 0,
            entries: 0,
            unreadable: Vec::new(),
        }
    }

    /// Takes what has been read by now or, to `wait`, all of it.
    fn take(&mut self, done: &Receiver<Done<F>>, wait: bool) {
        while let Some(read) = if wait { done.recv().ok() } else { done.try_recv().ok() } {
            self.waiting.insert(read.number, read);
            while let Some(read) = self.waiting.remove(&self.next) {
                self.next += 1;
                self.unreadable.extend(read.unreadable);
                for (entry, digests, facts) in read.entries {
                    self.entries += 1;
                    self.bytes += entry.size;
                    self.log.push(&entry, digests.as_deref(), facts.is_some());
                    self.facts.extend(facts);
                }
            }
        }
    }

    fn finish(mut self) -> WalkedDirectory<F> {
        self.log.finish();
        let layer = WalkedLayer {
            diff_id: None,
            digest: None,
            stored_bytes: self.bytes,
            bytes: self.bytes,
            entries: self.entries,
            metadata_bytes: 0,
            log: self.log,
            facts: self.facts,
        };
        WalkedDirectory { layer, unreadable: self.unreadable }
    }
}
