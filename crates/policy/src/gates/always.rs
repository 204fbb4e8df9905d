//! Gate `always` (`spec/policy.md` §4.1).

use crate::{
    Check, Gate, Trigger,
    gate::{Inputs, Origin, State},
};

pub(super) const GATE: Gate = Gate {
    name: "always",
    description: "Fires for every image: for rules that stop or pass everything they are mapped to, and for tests.",
    state: State::Active,
    origin: Origin::Original,
    triggers: &[Trigger {
        name: "always",
        description: "Fires once, whatever the image.",
        parameters: &[],
        reads: Inputs::NONE,
        origin: Origin::Original,
        compile: |_| {
            Ok(Check::new(|_, firings| {
                firings.fire("Unconditional trigger match").id("always");
                Ok(())
            }))
        },
    }],
};
