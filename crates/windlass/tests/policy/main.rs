//! `windlass policy` and `windlass scan --policy` as a user runs them.

mod bundles;
mod checks;
mod packs;
mod place;
mod scans;
mod simulations;
mod tests_of_bundles;
