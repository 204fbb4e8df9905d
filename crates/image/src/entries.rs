//! A layer's archive, entry by entry: names cleaned, whiteouts recognised, files offered to the reader.

use std::io::{self, BufRead};

use crate::{
    Digest, DigestSet, Entry, EntryKind, Reader, WalkedLayer,
    budgets::{Budget, BudgetExceeded, Meter},
    digests::Hashing,
    entry_log::{EntryLog, blank},
    path,
    tar::{Archive, Content, Member, MemberKind, TarFailure},
};

/// Why entries could not be read to the end.
#[derive(Debug)]
pub(crate) enum EntryFailure {
    Tar(TarFailure),
    Reader { path: Vec<u8>, source: io::Error },
    Cancelled,
}

impl From<TarFailure> for EntryFailure {
    fn from(failure: TarFailure) -> Self {
        Self::Tar(failure)
    }
}

impl From<BudgetExceeded> for EntryFailure {
    fn from(exceeded: BudgetExceeded) -> Self {
        Self::Tar(TarFailure::Budget(exceeded))
    }
}

/// What is kept of the entries.
#[derive(Debug)]
pub(crate) struct Walked<F> {
    log: EntryLog,
    facts: Vec<F>,
    entries: u64,
    metadata_bytes: u64,
}

impl<F> Walked<F> {
    pub(crate) fn new(digests: DigestSet) -> Self {
        Self { log: EntryLog::new(digests), facts: Vec::new(), entries: 0, metadata_bytes: 0 }
    }

    pub(crate) fn finish(mut self, diff_id: Digest, digest: [u8; 32], stored_bytes: u64, bytes: u64) -> WalkedLayer<F> {
        self.log.finish();
        self.facts.shrink_to_fit();
        WalkedLayer {
            diff_id: Some(diff_id),
            digest: Some(Digest::from_sha256(&digest)),
            stored_bytes,
            bytes,
            entries: self.entries,
            metadata_bytes: self.metadata_bytes,
            log: self.log,
            facts: self.facts,
        }
    }
}

pub(crate) struct EntryWalk<'w> {
    pub(crate) meter: &'w Meter<'w>,
    pub(crate) file_digests: DigestSet,
    pub(crate) stop: &'w (dyn Fn() -> bool + Sync),
}

impl EntryWalk<'_> {
    /// Reads the archive to its end.
    pub(crate) fn read<S: BufRead, R: Reader>(
        &self,
        archive: &mut Archive<S>,
        reader: &R,
        walked: &mut Walked<R::Facts>,
    ) -> Result<(), EntryFailure> {
        let mut entry = blank();
        while archive.advance()? {
            walked.entries += 1;
            walked.metadata_bytes += self.charge(walked.entries, archive.member())?;
            if walked.entries % 4096 == 0 && (self.stop)() {
                return Err(EntryFailure::Cancelled);
            }
            self.describe(archive.member(), &mut entry)?;
            if entry.path.is_empty() {
                continue;
            }
            match Whiteout::of(&entry.path) {
                Some(Whiteout::Path(path)) => walked.log.push_whiteout(&path),
                Some(Whiteout::Children(folder)) => walked.log.push_opaque(folder),
                Some(Whiteout::Leftover) => {}
                None if entry.kind == EntryKind::File => self.read_file(archive, &entry, reader, walked)?,
                None => walked.log.push(&entry, None, false),
            }
        }
        Ok(())
    }

    /// Charges for an entry; answers with the bytes of what it says of itself.
    fn charge(&self, entries: u64, member: &Member) -> Result<u64, BudgetExceeded> {
        let names = (member.name.len() + member.link.len()) as u64;
        self.meter.budgets.check(Budget::LayerEntries, entries)?;
        self.meter.charge_entries(1)?;
        let bytes = names + member.extended_bytes;
        self.meter.charge_metadata(bytes)?;
        Ok(bytes)
    }

    /// Fills in `entry`, whose memory is used again for every member.
    fn describe(&self, member: &Member, entry: &mut Entry) -> Result<(), BudgetExceeded> {
        let budgets = self.meter.budgets;
        entry.path.clear();
        let depth = path::clean_into(&member.name, &mut entry.path);
        budgets.check(Budget::PathBytes, entry.path.len().max(member.link.len()) as u64)?;
        budgets.check(Budget::PathDepth, depth as u64)?;
        entry.kind = match member.kind {
            MemberKind::File => EntryKind::File,
            MemberKind::Directory => EntryKind::Directory,
            MemberKind::Symlink => EntryKind::Symlink(member.link.clone()),
            MemberKind::HardLink => {
                let mut target = Vec::with_capacity(member.link.len());
                path::clean_into(&member.link, &mut target);
                EntryKind::HardLink(target)
            }
            MemberKind::CharacterDevice => EntryKind::CharacterDevice,
            MemberKind::BlockDevice => EntryKind::BlockDevice,
            MemberKind::Fifo => EntryKind::Fifo,
        };
        entry.mode = member.mode;
        entry.uid = member.uid;
        entry.gid = member.gid;
        entry.size = member.size;
        entry.modified = member.modified;
        Ok(())
    }

    fn read_file<S: BufRead, R: Reader>(
        &self,
        archive: &mut Archive<S>,
        entry: &Entry,
        reader: &R,
        walked: &mut Walked<R::Facts>,
    ) -> Result<(), EntryFailure> {
        let mut content = Hashing::new(archive.content(), self.file_digests);
        let facts = reader.read(entry, &mut content);
        let digests = finish(content);
        // Whatever the reader made of it: content that cannot be read means that the layer is broken.
        if let Some(failure) = archive.take_failure() {
            return Err(failure.into());
        }
        let facts = facts.map_err(|source| EntryFailure::Reader { path: entry.path.clone(), source })?;
        walked.log.push(entry, digests?.as_deref(), facts.is_some());
        walked.facts.extend(facts);
        Ok(())
    }
}

/// The digests of content of which the reader has read some.
fn finish<S: BufRead>(hashing: Hashing<Content<'_, S>>) -> Result<Option<Vec<u8>>, TarFailure> {
    let Hashing { mut content, hashers: Some(mut hashers) } = hashing else { return Ok(None) };
    content.drain(|piece| hashers.update(piece))?;
    Ok(Some(hashers.finish()))
}

/// The names by which a layer hides what is in lower layers. Source: OCI image specification, layer filesystem changeset.
#[derive(Debug, PartialEq, Eq)]
enum Whiteout<'p> {
    Path(Vec<u8>),
    Children(&'p [u8]),
    /// Neither hides anything nor belongs to the image, such as the book-keeping of AUFS.
    Leftover,
}

impl<'p> Whiteout<'p> {
    /// `None` for the path of something that is part of the image.
    fn of(path: &'p [u8]) -> Option<Self> {
        const PREFIX: &[u8] = b".wh.";
        let (folder, name) = path::split(path);
        if path::names(folder).any(|name| name.starts_with(PREFIX)) {
            return Some(Self::Leftover);
        }
        Some(match name.strip_prefix(PREFIX)? {
            b".wh..opq" => Self::Children(folder),
            b"" | b"." | b".." => Self::Leftover,
            hidden if hidden.starts_with(PREFIX) => Self::Leftover,
            hidden if folder.is_empty() => Self::Path(hidden.to_vec()),
            hidden => Self::Path([folder, b"/", hidden].concat()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Whiteout;

    #[test]
    fn whiteouts_are_told_by_their_names() {
        assert_eq!(Whiteout::of(b"etc/passwd"), None);
        assert_eq!(Whiteout::of(b"a/.wh"), None, "a file of that name");
        assert_eq!(Whiteout::of(b"awh.name"), None);
        assert_eq!(Whiteout::of(b"etc/.wh.passwd"), Some(Whiteout::Path(b"etc/passwd".to_vec())));
        assert_eq!(Whiteout::of(b".wh.etc"), Some(Whiteout::Path(b"etc".to_vec())));
        assert_eq!(Whiteout::of(b"opt/.wh..wh..opq"), Some(Whiteout::Children(b"opt")));
        assert_eq!(Whiteout::of(b".wh..wh..opq"), Some(Whiteout::Children(b"")));
        for leftover in [".wh..wh.plnk", ".wh..wh.aufs/x", ".wh.", "d/.wh..", ".wh...", "etc/.wh..wh..opq/file"] {
            assert_eq!(Whiteout::of(leftover.as_bytes()), Some(Whiteout::Leftover), "{leftover}");
        }
    }
}
