//! CycloneDX: written as 1.6 JSON, read from any 1.x JSON (`spec/analysis.md` §13.2).
//!
//! The structures are our own and cover what a bill of materials of an image says: they borrow from the model and are
//! made while they are written. [`Bom`] is public so that a report can add `vulnerabilities` to the same document, which
//! name a package by its [`bom_ref`].

mod component;
mod properties;
mod read;

use std::io::{self, Write};

use serde::Serialize;

use self::component::{Component, Properties, dependencies, files, operating_system, root};
use super::{
    Document,
    json::{self, Each},
};
use crate::{Package, Sbom};

pub(super) use read::{Input, read};

/// A document that is about to be written.
pub struct Bom<'a, V = ()> {
    sbom: &'a Sbom,
    document: &'a Document,
    vulnerabilities: Option<V>,
    /// Of the document as a whole: name and value.
    properties: Vec<(&'static str, String)>,
}

impl<'a> Bom<'a> {
    pub fn new(sbom: &'a Sbom, document: &'a Document) -> Self {
        Self { sbom, document, vulnerabilities: None, properties: Vec::new() }
    }

    /// The same document with these members of `vulnerabilities`, in the shape the CycloneDX schema gives them.
    pub fn with_vulnerabilities<V: Serialize>(self, vulnerabilities: V) -> Bom<'a, V> {
        Bom {
            sbom: self.sbom,
            document: self.document,
            vulnerabilities: Some(vulnerabilities),
            properties: self.properties,
        }
    }
}

impl<V: Serialize> Bom<'_, V> {
    /// The same document with these properties of the whole, by name and value.
    #[must_use]
    pub fn with_properties(self, properties: Vec<(&'static str, String)>) -> Self {
        Self { properties, ..self }
    }

    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let (sbom, document) = (self.sbom, self.document);
        let output = Output {
            schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
            bom_format: "CycloneDX",
            spec_version: "1.6",
            serial_number: format!("urn:uuid:{}", document.uuid(sbom)?),
            version: 1,
            metadata: Metadata {
                timestamp: document.timestamp(sbom),
                tools: Tools { components: [Component::tool(&document.tool_version)] },
                component: root(&sbom.source),
                properties: self.properties(),
            },
            components: Each(|| {
                let packages = sbom.packages.iter().map(Component::package);
                packages.chain(sbom.distro.as_ref().map(operating_system)).chain(files(sbom))
            }),
            dependencies: dependencies(sbom),
            vulnerabilities: self.vulnerabilities.as_ref(),
        };
        json::write(&output, out)
    }

    fn properties(&self) -> Properties {
        let mut properties = unknowns(self.sbom);
        for (name, value) in &self.properties {
            properties.add(*name, value);
        }
        properties
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Output<'a, C, V> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    bom_format: &'static str,
    spec_version: &'static str,
    serial_number: String,
    version: u32,
    metadata: Metadata<'a>,
    components: C,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dependencies: Vec<component::Dependency>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vulnerabilities: Option<V>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
    tools: Tools<'a>,
    component: Component<'a>,
    #[serde(skip_serializing_if = "Properties::is_empty")]
    properties: Properties,
}

#[derive(Serialize)]
struct Tools<'a> {
    components: [Component<'a>; 1],
}

pub(super) fn write(sbom: &Sbom, document: &Document, out: &mut dyn Write) -> io::Result<()> {
    Bom::new(sbom, document).write(out)
}

/// The `bom-ref` of a package: its URL with the qualifier `package-id`, because two packages may have the same URL, or
/// its id alone.
pub fn bom_ref(package: &Package) -> String {
    let Some(purl) = &package.purl else { return package.id.to_string() };
    let (purl, subpath) = purl.split_once('#').map_or((purl.as_str(), None), |(purl, subpath)| (purl, Some(subpath)));
    let (purl, qualifiers) = purl.split_once('?').unwrap_or((purl, ""));
    let id = format!("package-id={}", package.id);
    let mut qualifiers: Vec<&str> = qualifiers.split('&').filter(|text| !text.is_empty()).collect();
    qualifiers.push(&id);
    qualifiers.sort_unstable();
    let subpath = subpath.map(|subpath| format!("#{subpath}")).unwrap_or_default();
    format!("{purl}?{}{subpath}", qualifiers.join("&"))
}

fn unknowns(sbom: &Sbom) -> Properties {
    let mut properties = Properties::default();
    for (number, unknown) in sbom.unknowns.iter().enumerate() {
        // Written even when it is empty: it is what says that there is one.
        properties.keep(format!("windlass:unknown:{number}:path"), &unknown.path);
        properties.add(format!("windlass:unknown:{number}:foundBy"), &unknown.found_by);
        properties.add(format!("windlass:unknown:{number}:reason"), &unknown.reason);
    }
    properties
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{PackageId, PackageType};

    #[test]
    fn a_reference_is_the_url_with_the_id_among_its_qualifiers() {
        let mut package = Package::new(PackageType::GoModule, "m", "v1");
        package.id = PackageId("0123456789abcdef".into());
        assert_eq!(bom_ref(&package), "0123456789abcdef");
        package.purl = Some("pkg:golang/m@v1#sub".into());
        assert_eq!(bom_ref(&package), "pkg:golang/m@v1?package-id=0123456789abcdef#sub");
        package.purl = Some("pkg:deb/debian/m@v1?arch=all&upstream=x".into());
        assert_eq!(bom_ref(&package), "pkg:deb/debian/m@v1?arch=all&package-id=0123456789abcdef&upstream=x");
    }
}
