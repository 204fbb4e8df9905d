//! What the original answered.
