//! Names of accounts and users.

use std::{fmt, sync::Arc};

/// A name that is none.
#[derive(Debug, thiserror::Error)]
#[error(
    "{name:?} is no name of an account or user: it takes 3 to 128 letters, digits and @.!#$+-=^_`~;,/:<, of which the first \
     and the last are letters or digits"
)]
pub struct InvalidName {
    pub name: String,
}

/// Whether it is a name that accounts and users may have (`spec/api.md` A2.4).
fn is_name(name: &str) -> bool {
    // The original's class `+-=` is a range, which lets all of these in.
    let inner = |c: u8| c.is_ascii_alphanumeric() || b"@.!#$^_`~;".contains(&c) || (b'+'..=b'=').contains(&c);
    let bytes = name.as_bytes();
    let ends = |c: Option<&u8>| c.is_some_and(u8::is_ascii_alphanumeric);
    (3..=128).contains(&bytes.len()) && ends(bytes.first()) && ends(bytes.last()) && bytes.iter().all(|c| inner(*c))
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type(Arc<str>);

        impl $type {
            /// # Errors
            /// When it is too short, too long, or holds what a name may not hold.
            pub fn parse(name: &str) -> Result<Self, InvalidName> {
                if is_name(name) { Ok(Self(name.into())) } else { Err(InvalidName { name: name.to_owned() }) }
            }

            /// A name that was kept, or that this program knows.
            pub(crate) fn known(name: &str) -> Self {
                Self(name.into())
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// The name of an account, which other documents call `userId`.
    AccountName
}

name! {
    /// What a user logs in with; no two users of all accounts share one.
    Username
}

impl AccountName {
    /// The account that owns what belongs to the installation, and may act for every other.
    pub fn admin() -> Self {
        Self::known("admin")
    }
}

impl Username {
    pub fn admin() -> Self {
        Self::known("admin")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_the_original_lets_in() {
        for good in ["abc", "team-1", "a.b@c.example", "a/b", "x:y", "9_9"] {
            assert!(AccountName::parse(good).is_ok(), "{good}");
        }
        let long = "a".repeat(129);
        for bad in ["", "ab", "-ab", "ab-", "a b", "añb", "a\nb", long.as_str()] {
            assert!(AccountName::parse(bad).is_err(), "{bad}");
        }
    }
}
