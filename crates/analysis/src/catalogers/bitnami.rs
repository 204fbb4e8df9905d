//! Packages that Bitnami builds into its images (`spec/analysis.md` §5.4): an SPDX document in each package's folder, or
//! one list of components in images from before 2023.

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;
use serde_json::json;
use windlass_sbom::{License, Metadata, Package, PackageType, package_url};

use super::listing::not_a;
use crate::{Candidate, Catalog, Cataloger, Content, Evidence, Found, Unreadable, View};

pub(crate) struct Bitnami;

/// What one file says.
#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) enum BitnamiFact {
    /// An SPDX document; its packages of other kinds are found by other evidence.
    Document(Vec<Component>),
    /// The list of components.
    Components(Vec<Component>),
}

/// A package as Bitnami describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Component {
    name: String,
    /// Upstream's version and Bitnami's revision: `1.25.3-2`.
    version: String,
    architecture: String,
    distro: String,
    license: String,
}

impl Cataloger for Bitnami {
    type Facts = BitnamiFact;

    fn name(&self) -> &'static str {
        "bitnami-cataloger"
    }

    fn evidence(&self) -> Evidence {
        Evidence::InstalledInImage
    }

    fn selects(&self, file: &Candidate<'_>) -> bool {
        let name = file.name();
        file.path().starts_with(b"opt/bitnami/")
            && (name == b".bitnami_components.json" || (name.starts_with(b".spdx-") && name.ends_with(b".spdx")))
    }

    fn read(&self, file: &Candidate<'_>, content: &mut Content) -> Result<Option<BitnamiFact>, Unreadable> {
        let text = content.text()?;
        Ok(Some(if file.name() == b".bitnami_components.json" {
            BitnamiFact::Components(components(&text).map_err(|error| not_a("list of components", error))?)
        } else {
            BitnamiFact::Document(document(&text).map_err(|error| not_a("SPDX document", error))?)
        }))
    }

    fn assemble(&self, view: &View<'_, BitnamiFact>, catalog: &mut Catalog) {
        let mut described = HashSet::new();
        for found in view.files() {
            let BitnamiFact::Document(components) = found.facts else { continue };
            for component in components {
                described.insert(component.name.as_str());
                catalog.add(package(view, &found, component));
            }
        }
        for found in view.files() {
            let BitnamiFact::Components(components) = found.facts else { continue };
            for component in components.iter().filter(|component| !described.contains(component.name.as_str())) {
                catalog.add(package(view, &found, component));
            }
        }
    }
}

fn package(view: &View<'_, BitnamiFact>, found: &Found<'_, BitnamiFact>, component: &Component) -> Package {
    let Component { name, version, architecture, distro, license } = component;
    let (upstream_version, revision) = version.rsplit_once('-').unwrap_or((version, ""));
    let folder = found.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    Package {
        found_by: Bitnami.name().to_owned(),
        locations: vec![view.location(found)],
        introduced_by: view.layer(found.layer),
        licenses: Some(license.as_str())
            .filter(|license| !license.is_empty())
            .map(License::declared)
            .into_iter()
            .collect(),
        purl: package_url(PackageType::Bitnami, "", name, version, &[("arch", architecture), ("distro", distro)]),
        metadata: Metadata::Other {
            kind: "bitnami-sbom-entry".into(),
            value: json!({
                "name": name,
                "arch": architecture,
                "distro": distro,
                "revision": revision,
                "version": upstream_version,
                "path": folder,
            }),
        },
        ..Package::new(PackageType::Bitnami, name, version)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    #[serde(default)]
    packages: Vec<Described>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Described {
    #[serde(default)]
    license_declared: String,
    #[serde(default)]
    external_refs: Vec<Reference>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reference {
    #[serde(default)]
    reference_locator: String,
}

fn document(text: &str) -> Result<Vec<Component>, serde_json::Error> {
    let document: Document = serde_json::from_str(text)?;
    let component = |package: Described| {
        let mut component = package.external_refs.iter().find_map(|reference| purl(&reference.reference_locator))?;
        let is_stated = !matches!(package.license_declared.as_str(), "NOASSERTION" | "NONE");
        component.license = if is_stated { package.license_declared } else { String::new() };
        Some(component)
    };
    Ok(document.packages.into_iter().filter_map(component).collect())
}

/// Reads `pkg:bitnami/nginx@1.25.3-2?arch=amd64&distro=debian-12`. Bitnami's names need no escapes.
fn purl(text: &str) -> Option<Component> {
    let rest = text.strip_prefix("pkg:bitnami/")?;
    let (coordinates, qualifiers) = rest.split_once('?').unwrap_or((rest, ""));
    let (name, version) = coordinates.split_once('@')?;
    let qualifier = |key: &str| {
        let mut pairs = qualifiers.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(name, _)| *name == key).map(|(_, value)| value.to_owned()).unwrap_or_default()
    };
    (!name.is_empty() && !version.is_empty()).then(|| Component {
        name: name.to_owned(),
        version: version.to_owned(),
        architecture: qualifier("arch"),
        distro: qualifier("distro"),
        license: String::new(),
    })
}

fn components(text: &str) -> Result<Vec<Component>, serde_json::Error> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Listed {
        arch: String,
        distro: String,
        version: String,
    }
    let listed: BTreeMap<String, Listed> = serde_json::from_str(text)?;
    let component = |(name, Listed { arch, distro, version })| Component {
        name,
        version,
        architecture: arch,
        distro,
        license: String::new(),
    };
    Ok(listed.into_iter().map(component).filter(|component| !component.version.is_empty()).collect())
}

#[cfg(test)]
mod tests {
    use windlass_image::testing::Tar;

    use super::*;
    use crate::testing::{names, package, scan};

    #[test]
    fn documents_describe_packages_and_the_list_names_the_others() {
        let document = r#"{"spdxVersion":"SPDX-2.3","packages":[
            {"name":"nginx","licenseDeclared":"BSD-2-Clause","externalRefs":[
                {"referenceType":"cpe23Type","referenceLocator":"cpe:2.3:*"},
                {"referenceType":"purl","referenceLocator":"pkg:bitnami/nginx@1.25.3-2?arch=amd64&distro=debian-12"}]},
            {"name":"other","externalRefs":[{"referenceLocator":"pkg:golang/x@1"}]}]}"#;
        let components = r#"{"nginx":{"arch":"amd64","distro":"debian-12","version":"1.25.3-2"},
            "render-template":{"arch":"amd64","distro":"debian-12","type":"NAMI","version":"1.0.6-0"}}"#;
        let sbom = scan([Tar::new()
            .file("opt/bitnami/nginx/.spdx-nginx.spdx", document)
            .file("opt/bitnami/.bitnami_components.json", components)
            .file("opt/bitnami/x/.spdx-x.spdx", "{")]);
        assert_eq!(names(&sbom), [("nginx", "1.25.3-2"), ("render-template", "1.0.6-0")]);
        let nginx = package(&sbom, "nginx");
        assert_eq!(nginx.purl.as_deref(), Some("pkg:bitnami/nginx@1.25.3-2?arch=amd64&distro=debian-12"));
        assert_eq!(nginx.licenses[0].spdx_expression, "BSD-2-Clause");
        let Metadata::Other { value, .. } = &nginx.metadata else { panic!("no metadata of Bitnami") };
        assert_eq!(
            (&value["version"], &value["revision"], &value["path"]),
            (&"1.25.3".into(), &"2".into(), &"/opt/bitnami/nginx".into())
        );
        assert_eq!(sbom.unknowns[0].path, "/opt/bitnami/x/.spdx-x.spdx");
    }
}
