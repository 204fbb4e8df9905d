//! Where the service answers otherwise than the original, and why; for users in `docs/compatibility.md`.

/// Something that may differ.
pub(super) struct Difference {
    /// Numbers of exchanges, separated by blanks, or `*`.
    pub(super) exchanges: &'static str,
    /// Part of what is found to differ.
    pub(super) what: &'static str,
    /// For who reads this list.
    #[allow(dead_code, reason = "it is read here")]
    pub(super) why: &'static str,
}

impl Difference {
    pub(super) fn is_about(&self, number: &str) -> bool {
        self.exchanges == "*" || self.exchanges.split(' ').any(|listed| listed == number)
    }
}

const fn difference(exchanges: &'static str, what: &'static str, why: &'static str) -> Difference {
    Difference { exchanges, what, why }
}

pub(super) const DIFFERENCES: &[Difference] = &[
    difference("186", "status 404 for 200", "F4: an account that does not exist is not found"),
];
