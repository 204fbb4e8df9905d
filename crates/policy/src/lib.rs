//! Policy bundles: what an organisation allows in an image, and the verdict on one.
//!
//! Evaluation is a function: a [`CompiledBundle`], an [`Image`] (bill of materials, what analysers saw, findings) and the
//! time go in, an [`Evaluation`] comes out. No clock, no network, no database. The language is that of Anchore Engine's
//! bundles, version `1_0`, texts and ids included (`spec/policy.md`), and what goes beyond it is marked as ours.
//!
//! 1. A [`Bundle`] is the document. Its shape is checked when it is read; [`Bundle::validate`] says what else is wrong.
//! 2. [`CompiledBundle::new`] prepares it once: parameters typed, patterns compiled. Each [`Rule`] knows what it
//!    [reads](Rule::reads).
//! 3. [`CompiledBundle::evaluate`] finds the mapping for a tag, runs its policies' rules gate by gate, applies allow-lists,
//!    and always comes to a verdict: what cannot be evaluated stops the image and is told.
//!
//! Gates stand in [`gates::ALL`], one file each; a trigger is an entry in its gate's file with the function that
//! prepares its check. That one table drives reading, validation, [`describe`] and the documentation.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

mod action;
mod allow_list;
mod alone;
mod arguments;
mod bundle;
mod by_text;
mod clearance;
mod comparison;
mod compile;
mod describe;
mod differences;
mod dockerfile;
mod evaluate;
mod evaluation;
mod expression;
mod finding;
mod firings;
mod gate;
pub mod gates;
mod image;
mod license_category;
mod license_words;
mod lint;
mod mapping;
mod missing;
mod needs;
mod package;
pub mod packs;
mod page;
mod parameter;
mod path_patterns;
mod problem;
mod profile;
pub mod pyrepr;
mod pytext;
mod quirk;
mod rule;
mod rule_pattern;
mod search_hit;
mod selector;
mod tag;
#[cfg(test)]
mod testing;
mod text_check;
mod void_if;
mod warning;

pub use action::Action;
pub use allow_list::{AllowList, AllowListItem};
pub use alone::Alone;
pub use arguments::Arguments;
pub use bundle::{Bundle, InvalidBundle, LENGTH_LIMIT, Place, SchemaViolation, locate};
pub use clearance::{Clearance, Upgrade};
pub use compile::{CompiledBundle, Policy};
pub use describe::describe;
pub use differences::{Changed, Differences};
pub use evaluate::Request;
pub use evaluation::{Allowed, Evaluation, PolicyResult, Reason, Row};
pub use finding::{FindingFact, Scores};
pub use firings::{About, Firing, Firings};
pub use gate::{Check, Context, Failure, Gate, Inputs, Origin, State, Trigger};
pub use image::{Ancestor, FirstSeen, Image, Knowledge, PublishedPackage, PublishedPackages};
pub use missing::missing_inputs;
pub use package::{PackageFact, kind as package_kind};
pub use page::{contents, example_rule, page, section};
pub use parameter::{Kind, Parameter};
pub use problem::{Problem, ProblemSeverity};
pub use profile::Profile;
pub use rule::Rule;
pub use tag::Tag;
pub use void_if::VoidIf;
pub use warning::Warning;
