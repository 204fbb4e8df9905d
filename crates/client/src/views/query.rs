//! Images by what they hold.

use serde::Deserialize;

use crate::{
    Text,
    lenient::{list, or_default},
};

/// One page.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct QueriedImages {
    #[serde(deserialize_with = "list")]
    pub images: Vec<QueriedImage>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct QueriedImage {
    #[serde(deserialize_with = "or_default")]
    image: Reference,
    /// Those that were asked for, or those that have the vulnerability.
    #[serde(alias = "vulnerable_packages", deserialize_with = "list")]
    pub packages: Vec<PackageInImage>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Reference {
    #[serde(rename = "imageDigest")]
    image_digest: Text,
    #[serde(deserialize_with = "list")]
    tag_history: Vec<TagHistory>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct TagHistory {
    pub fulltag: Text,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct PackageInImage {
    pub name: Text,
    pub version: Text,
    #[serde(rename = "type")]
    pub kind: Text,
    pub namespace: Text,
    pub severity: Text,
}

impl QueriedImage {
    pub fn image_digest(&self) -> &str {
        self.image.image_digest.or("N/A")
    }

    /// Each tag with each package.
    pub fn occurrences(&self) -> impl Iterator<Item = (&str, &PackageInImage)> {
        let tags = self.image.tag_history.iter().map(|tag| tag.fulltag.or("N/A"));
        tags.flat_map(|tag| self.packages.iter().map(move |package| (tag, package)))
    }
}
