//! Advisory sources: raw files on disk read into records.
