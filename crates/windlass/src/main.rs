//! `windlass`: tells an organisation whether a container image may ship.

fn main() {}
