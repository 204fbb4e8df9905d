//! Stories of what matching finds, and of what it does not.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod coverage;
mod determinism;
mod distributions;
mod ecosystems;
mod explain;
mod folding;
mod interning;
mod rules;
mod vex;
