//! The tables of secrets.

mod compatible;
mod modern;

use super::patterns::Patterns;

/// Which table of secrets is searched for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SecretRules {
    /// The five patterns of Anchore Engine, by whose names policies were written.
    #[default]
    Compatible,
    /// Keys and tokens of today's services, private keys in every wrapping, and assignments of random values.
    Modern,
}

impl SecretRules {
    /// The compiled table.
    pub fn patterns(self) -> Patterns {
        match self {
            Self::Compatible => compatible::patterns(),
            Self::Modern => modern::patterns(),
        }
    }
}
