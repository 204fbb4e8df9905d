//! The policy language through the crate's public face, as stories.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod allow_lists;
mod beyond;
mod catalogue;
mod describe;
mod lint;
mod outcomes;
mod pages;
mod properties;
mod recorded;
mod reference;
mod schema;
mod successor;
mod support;
