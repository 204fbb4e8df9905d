//! Conda packages as their environments record them (`spec/analysis.md` §5.4): one `conda-meta/*.json` each.

use serde::Deserialize;
use serde_json::{Map, Value};
use windlass_sbom::{License, Metadata, Package, PackageType, package_url};

use super::listing::{Listing, not_a};
use crate::{Evidence, Unreadable};

pub(crate) const META: Listing = Listing {
    name: "conda-meta-cataloger",
    evidence: Evidence::Installed,
    selects: |file| file.directory_ends_with("conda-meta") && file.name_ends_with(".json"),
    parse,
};

#[derive(Deserialize)]
struct Record {
    name: String,
    version: String,
    #[serde(default)]
    license: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// The members that describe the package; the others are the solver's.
const KEPT: [&str; 15] = [
    "arch",
    "build",
    "build_number",
    "channel",
    "subdir",
    "noarch",
    "license_family",
    "md5",
    "sha256",
    "size",
    "timestamp",
    "fn",
    "url",
    "extracted_package_dir",
    "files",
];

fn parse(text: &str) -> Result<Vec<Package>, Unreadable> {
    let Record { name, version, license, mut rest } =
        serde_json::from_str(text).map_err(|error| not_a("record of a conda package", error))?;
    let mut value = Map::new();
    value.insert("name".into(), name.clone().into());
    value.insert("version".into(), version.clone().into());
    value.extend(KEPT.iter().filter_map(|&key| Some((key.to_owned(), rest.remove(key)?))));
    Ok(vec![Package {
        licenses: license
            .iter()
            .filter(|license| !license.is_empty())
            .map(|license| License::declared(license))
            .collect(),
        purl: package_url(PackageType::Conda, "", &name, &version, &[]),
        metadata: Metadata::Other { kind: "conda-metadata-entry".into(), value: value.into() },
        ..Package::new(PackageType::Conda, name, version)
    }])
}

#[cfg(test)]
mod tests {
    use windlass_image::testing::Tar;

    use super::*;
    use crate::testing::{package, scan};

    #[test]
    fn a_record_is_a_package() {
        let record = r#"{"name":"zlib","version":"1.2.13","build":"h5eee18b_0","license":"Zlib","files":["lib/libz.so"],"depends":["x"]}"#;
        let sbom = scan([Tar::new()
            .file("opt/conda/conda-meta/zlib-1.2.13.json", record)
            .file("opt/conda/conda-meta/history", "==>")
            .file("opt/conda/conda-meta/broken.json", "{")]);
        let zlib = package(&sbom, "zlib");
        assert_eq!((zlib.version.as_str(), zlib.licenses[0].spdx_expression.as_str()), ("1.2.13", "Zlib"));
        let Metadata::Other { value, .. } = &zlib.metadata else { panic!("no metadata of conda") };
        assert_eq!((&value["build"], &value["depends"]), (&"h5eee18b_0".into(), &Value::Null));
        assert_eq!(sbom.unknowns[0].path, "/opt/conda/conda-meta/broken.json");
    }
}
