//! Keeping what is kept and letting go of the rest: objects that nobody refers to, what retention ends, how much there is
//! and how much there may be (`spec/operations.md` §5, §3.3).

mod check;
mod claims;
mod collect;
mod measure;
mod moves;
mod quotas;
mod retention;
mod settings;

pub use check::{Checked, Mended, Orphan, State, Trouble, check_objects};
pub(crate) use claims::ObjectClaims;
pub use collect::CollectedObjects;
pub use moves::{Move, move_objects};
pub use settings::{KeepingSettings, Quota, Retention};
