//! Packages as this document has them, for JSON documents that hold some: `#[serde(with = "formats::packages")]`.

use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

use super::{Layers, parts::PackagePart};
use crate::Package;

pub fn serialize<S: Serializer>(packages: &[Package], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(packages.iter().map(PackagePart::from))
}

pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Package>, D::Error> {
    let mut layers = Layers::default();
    let parts = Vec::<PackagePart<'de>>::deserialize(deserializer)?;
    parts.into_iter().map(|part| part.into_package(&mut layers, true).map_err(D::Error::custom)).collect()
}
