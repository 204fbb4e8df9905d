//! What a rule's check found.

use std::sync::Arc;

use jiff::Timestamp;
use md5::{Digest as _, Md5};

/// Collects the firings of one rule.
#[derive(Debug)]
pub struct Firings {
    now: Timestamp,
    pub(crate) fired: Vec<Firing>,
    /// The earliest time at which the same check may fire differently on the same facts.
    pub(crate) valid_until: Option<Timestamp>,
}

/// One time that a check held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Firing {
    pub message: String,
    /// Set where the id is not derived from the message.
    pub id: Option<Arc<str>>,
    /// What it is about.
    pub about: About,
}

/// What a firing is about, as far as it is one thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum About {
    #[default]
    Image,
    /// Index into [`Image::findings`](crate::Image::findings).
    Finding(usize),
    /// Index into the packages of the bill of materials.
    Package(usize),
}

impl Firings {
    /// Nothing yet, at the time of the evaluation.
    pub(crate) fn new(now: Timestamp) -> Self {
        Self { now, fired: Vec::new(), valid_until: None }
    }

    /// Fires with a message, from which the id is derived.
    pub(crate) fn fire(&mut self, message: impl Into<String>) -> &mut Firing {
        self.fired.push(Firing { message: message.into(), ..Firing::default() });
        self.fired.last_mut().expect("one was just added")
    }

    /// Notes that time alone changes the result at that moment, if it is still to come.
    pub(crate) fn changes_at(&mut self, moment: Timestamp) {
        if moment <= self.now {
            return;
        }
        self.valid_until = Some(self.valid_until.map_or(moment, |until| until.min(moment)));
    }
}

impl Firing {
    pub(crate) fn id(&mut self, id: impl Into<Arc<str>>) -> &mut Self {
        self.id = Some(id.into());
        self
    }

    pub(crate) fn about(&mut self, about: About) -> &mut Self {
        self.about = about;
        self
    }

    /// The id that allow-lists match: the given one, else the MD5 of gate, trigger and message (`spec/policy.md` §3.6).
    pub(crate) fn trigger_id(&self, gate: &str, trigger: &str) -> Arc<str> {
        self.id.clone().unwrap_or_else(|| md5_hex(&[gate, trigger, &self.message]).into())
    }
}

/// Lower-case hexadecimal MD5 of the texts in a row; it names things and protects nothing.
pub(crate) fn md5_hex(parts: &[&str]) -> String {
    let mut hash = Md5::new();
    for part in parts {
        hash.update(part.as_bytes());
    }
    format!("{:032x}", u128::from_be_bytes(hash.finalize().into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_the_original() {
        // spec/policy.md §10.1
        for (gate, trigger, message, id) in [
            (
                "dockerfile",
                "no_dockerfile_provided",
                "Image was not analyzed with an actual Dockerfile",
                "b00b22232c1902075263067d2d2b8eea",
            ),
            (
                "retrieved_files",
                "content_not_available",
                "Cannot locate file in the image analysis",
                "013ff87ce9b12826800438355925acd3",
            ),
        ] {
            let firing = Firing { message: message.into(), ..Firing::default() };
            assert_eq!(&*firing.trigger_id(gate, trigger), id);
        }
        assert_eq!(md5_hex(&["/elf"]), "305c88b97bea4feeaf6e8263efd34e26");
    }
}
