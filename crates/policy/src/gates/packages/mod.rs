//! Gate `packages` (`spec/policy.md` §4.5): what must, and what must not be installed, and whether it is as it was.

mod blacklist;
mod manifest;
mod required_package;
mod verify;

use crate::{
    Gate,
    gate::{Origin, State},
};

pub(super) const GATE: Gate = Gate {
    name: "packages",
    description: "Packages of every kind: which must be installed, which must not, and whether their files are those \
                  that the package manager installed.",
    state: State::Active,
    origin: Origin::Original,
    triggers: &[required_package::TRIGGER, verify::TRIGGER, blacklist::TRIGGER],
};
