//! The vulnerability database: built, read, updated and imported.
