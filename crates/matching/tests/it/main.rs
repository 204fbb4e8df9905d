//! Stories of what matching finds, and of what it does not.

mod distributions;
mod ecosystems;
