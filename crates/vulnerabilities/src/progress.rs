/// How far a long operation is, for a line on a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// Bytes received; the total is what the server announced.
    Downloading { received: u64, total: Option<u64> },
    /// Bytes written of the unpacked database.
    Unpacking { written: u64 },
    /// Every page of the database is being looked at.
    Checking,
    /// An index is being made.
    Indexing { done: usize, of: usize },
    /// Statistics for the query planner are being gathered.
    Analysing,
    /// The file is being rewritten without gaps.
    Compacting,
    /// The file's digest is being computed.
    Hashing,
    /// The new database takes the place of the old.
    Installing,
}

/// Told of progress; called often, so it should be quick.
pub type Watch<'a> = &'a mut dyn FnMut(Progress);
