//! Version orders of every package ecosystem, and the constraints written over them.
//!
//! A vulnerability record says *which versions* of a package it concerns, as a constraint such as
//! `>= 1.2, < 1.4.7 || = 2.0`. What `<` means there depends on who made the package: Debian, RPM, Maven,
//! Python… each have their own order, and comparing with the wrong one reports false findings or misses
//! real ones. This crate holds those orders and nothing else: no I/O, no clock, no global state.
//!
//! ```
//! use windlass_versions::{Format, Options, satisfies};
//!
//! let options = Options::default();
//! assert!(satisfies("2.36-9+deb12u3", Format::Deb, "< 2.36-9+deb12u4", Format::Deb, &options)?);
//! // A record of unknown type is read in the package's own format.
//! assert!(satisfies("4.2rc1", Format::Python, "< 4.2", Format::Fuzzy, &options)?);
//! # Ok::<(), windlass_versions::EvaluationError>(())
//! ```
//!
//! Three things are worth knowing before a change:
//!
//! * **Orders work on text.** Each file under `orders/` validates a text and compares two texts without building
//!   a parsed form first; matching evaluates about a hundred thousand constraints per image, and almost all are
//!   decided within the first few bytes. Nothing in that path uses a regular expression, and only Maven (and Go for
//!   its release candidates) allocates. `cargo bench -p windlass-versions` measures it.
//! * **An order and a constraint are different questions.** `compare` is a total order, as far as the ecosystem has
//!   one. `against` asks how an installed version stands to the version named in a constraint, and may ignore what the
//!   constraint does not mention: a Python local segment, an RPM epoch.
//! * **A new order is one file**, named in the `mod` lines and in the list of `orders/mod.rs`.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

mod constraint;
mod digits;
mod fix;
mod format;
mod grammar;
mod options;
mod orders;
mod version;

pub use constraint::{Constraint, EvaluationError, Incomparable, InvalidConstraint, satisfies};
pub use fix::suggested_fix;
pub use format::Format;
pub use options::{MissingEpoch, Options};
pub use version::{FormatMismatch, InvalidVersion, Version};
