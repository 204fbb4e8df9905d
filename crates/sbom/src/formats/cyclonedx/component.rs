//! Components and what hangs on them, made from the model while they are written.

use std::{borrow::Cow, collections::BTreeMap};

use serde::Serialize;

use super::{
    super::{graph::file_id, party},
    bom_ref, properties,
};
use crate::{Distro, Evidence, FileDigest, License, Package, PackageType, RelationshipKind, Sbom, Source};

type Text<'a> = Cow<'a, str>;

#[derive(Default, Serialize)]
pub(super) struct Component<'a> {
    #[serde(rename = "bom-ref", skip_serializing_if = "str::is_empty")]
    bom_ref: Text<'a>,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    publisher: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    author: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    group: Text<'a>,
    name: Text<'a>,
    #[serde(skip_serializing_if = "str::is_empty")]
    version: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<Hash<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    licenses: Vec<LicenseChoice<'a>>,
    #[serde(skip_serializing_if = "str::is_empty")]
    cpe: Text<'a>,
    #[serde(skip_serializing_if = "str::is_empty")]
    purl: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    swid: Option<Swid<'a>>,
    #[serde(rename = "externalReferences", skip_serializing_if = "Vec::is_empty")]
    external_references: Vec<ExternalReference<'a>>,
    #[serde(skip_serializing_if = "Properties::is_empty")]
    properties: Properties,
}

#[derive(Serialize)]
struct Hash<'a> {
    alg: &'static str,
    content: &'a str,
}

#[derive(Serialize)]
struct Swid<'a> {
    #[serde(rename = "tagId")]
    tag_id: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    version: &'a str,
}

#[derive(Serialize)]
struct ExternalReference<'a> {
    url: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
}

/// Either some licences or exactly one expression: the schema takes nothing else.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum LicenseChoice<'a> {
    License(NamedLicense<'a>),
    #[serde(untagged)]
    Expression {
        expression: &'a str,
        acknowledgement: &'static str,
    },
}

#[derive(Serialize)]
struct NamedLicense<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    acknowledgement: &'static str,
}

/// Names and values, in the order they were added.
#[derive(Default, Serialize)]
#[serde(transparent)]
pub(super) struct Properties(Vec<Property>);

#[derive(Serialize)]
struct Property {
    name: Text<'static>,
    value: String,
}

impl Properties {
    /// Adds a value, unless it is empty.
    pub(super) fn add(&mut self, name: impl Into<Text<'static>>, value: &str) {
        if !value.is_empty() {
            self.keep(name, value);
        }
    }

    /// Adds the property although its value may be empty.
    pub(super) fn keep(&mut self, name: impl Into<Text<'static>>, value: &str) {
        self.0.push(Property { name: name.into(), value: value.to_owned() });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> Component<'a> {
    /// The program that writes the document.
    pub(super) fn tool(version: &'a str) -> Self {
        Self { kind: "application", name: "windlass".into(), version, ..Self::default() }
    }

    pub(super) fn package(package: &'a Package) -> Self {
        let (group, name) = group_and_name(package);
        let mut cpes = package.cpes.iter();
        let homepage = party::homepage(package);
        Self {
            bom_ref: bom_ref(package).into(),
            kind: if package.kind == PackageType::Binary { "application" } else { "library" },
            publisher: party::supplier(package).map(|party| party.text()).unwrap_or_default(),
            author: party::author(package).map(|party| party.text()).unwrap_or_default(),
            group,
            name,
            version: &package.version,
            description: party::description(package).unwrap_or_default(),
            licenses: licenses(&package.licenses),
            cpe: cpes.next().map(|cpe| cpe.to_string().into()).unwrap_or_default(),
            purl: package.purl.as_deref().unwrap_or_default(),
            external_references: homepage.map(|url| ExternalReference { url, kind: "website" }).into_iter().collect(),
            properties: package_properties(package),
            ..Self::default()
        }
    }
}

fn package_properties(package: &Package) -> Properties {
    let mut list = Properties::default();
    list.add("syft:package:foundBy", &package.found_by);
    list.add("syft:package:language", package.kind.language().map_or("", crate::Language::as_str));
    list.add("syft:package:type", package.kind.as_str());
    list.add("syft:package:metadataType", package.metadata.kind());
    list.add("windlass:package:introducedBy", package.introduced_by.as_deref().unwrap_or_default());
    for cpe in package.cpes.iter().skip(1) {
        list.add("syft:cpe23", &cpe.to_string());
    }
    for (number, location) in package.locations.iter().enumerate() {
        list.add(format!("syft:location:{number}:path"), &location.path);
        list.add(format!("syft:location:{number}:layerID"), location.layer.as_deref().unwrap_or_default());
        if location.evidence != Evidence::Primary {
            list.add(format!("windlass:location:{number}:evidence"), location.evidence.as_str());
        }
    }
    for (name, value) in properties::flatten(&package.metadata) {
        list.keep(name, &value);
    }
    list
}

/// Maven group and npm scope are members of their own.
fn group_and_name(package: &Package) -> (Text<'_>, Text<'_>) {
    if package.kind == PackageType::Npm
        && let Some((scope, name)) = package.name.split_once('/')
        && scope.starts_with('@')
    {
        return (scope.into(), name.into());
    }
    if let crate::Metadata::JavaArchive(java) = &package.metadata
        && let Some(pom) = &java.pom_properties
    {
        return (pom.group_id.as_str().into(), package.name.as_str().into());
    }
    ("".into(), package.name.as_str().into())
}

fn licenses<'a>(licenses: &'a [License]) -> Vec<LicenseChoice<'a>> {
    if let [license] = licenses
        && !license.spdx_expression.is_empty()
        && !is_identifier(&license.spdx_expression)
    {
        let expression =
            LicenseChoice::Expression { expression: &license.spdx_expression, acknowledgement: license.kind.as_str() };
        return vec![expression];
    }
    let named = |license: &'a License| {
        let License { value, spdx_expression, urls, kind, .. } = license;
        let id = Some(spdx_expression.as_str()).filter(|id| is_identifier(id));
        let name = if spdx_expression.is_empty() { value } else { spdx_expression };
        LicenseChoice::License(NamedLicense {
            id,
            name: id.is_none().then_some(name),
            url: urls.iter().map(String::as_str).find(|url| party::is_address(url)),
            acknowledgement: kind.as_str(),
        })
    };
    licenses.iter().map(named).collect()
}

fn is_identifier(expression: &str) -> bool {
    spdx::license_id(expression).is_some_and(|id| id.name == expression)
}

/// The artifact as a whole.
pub(super) fn root(source: &Source) -> Component<'_> {
    let mut properties = Properties::default();
    match source {
        Source::Image(image) => {
            properties.add("windlass:image:id", &image.image_id);
            properties.add("windlass:image:mediaType", &image.media_type);
            properties.add("windlass:image:os", &image.os);
            properties.add("windlass:image:architecture", &image.architecture);
            properties.add("windlass:image:variant", &image.variant);
            for tag in &image.tags {
                properties.add("windlass:image:tag", tag);
            }
            for digest in &image.repo_digests {
                properties.add("windlass:image:repoDigest", digest);
            }
            for (name, value) in &image.labels {
                properties.keep(format!("syft:image:labels:{name}"), value);
            }
            Component {
                bom_ref: image.manifest_digest.as_str().into(),
                kind: "container",
                name: image.user_input.as_str().into(),
                version: &image.manifest_digest,
                properties,
                ..Component::default()
            }
        }
        Source::Directory { path } => Component { kind: "file", name: path.into(), ..Component::default() },
        Source::Other { kind, name, version } => {
            properties.add("windlass:source:type", kind);
            Component { kind: "application", name: name.into(), version, properties, ..Component::default() }
        }
    }
}

/// The distribution, with everything of its os-release as properties.
pub(super) fn operating_system(distro: &Distro) -> Component<'_> {
    let mut properties = Properties::default();
    for (name, value) in [
        ("syft:distro:id", &distro.id),
        ("syft:distro:name", &distro.name),
        ("syft:distro:prettyName", &distro.pretty_name),
        ("syft:distro:version", &distro.version),
        ("syft:distro:versionID", &distro.version_id),
        ("syft:distro:versionCodename", &distro.version_codename),
        ("syft:distro:buildID", &distro.build_id),
        ("syft:distro:imageID", &distro.image_id),
        ("syft:distro:imageVersion", &distro.image_version),
        ("syft:distro:variant", &distro.variant),
        ("syft:distro:variantID", &distro.variant_id),
        ("syft:distro:homeURL", &distro.home_url),
        ("syft:distro:supportURL", &distro.support_url),
        ("syft:distro:bugReportURL", &distro.bug_report_url),
        ("syft:distro:privacyPolicyURL", &distro.privacy_policy_url),
        ("syft:distro:cpeName", &distro.cpe_name),
        ("syft:distro:supportEnd", &distro.support_end),
    ] {
        properties.add(name, value);
    }
    for (number, id) in distro.id_like.iter().enumerate() {
        properties.add(format!("syft:distro:idLike:{number}"), id);
    }
    if distro.extended_support {
        properties.add("syft:distro:extendedSupport", "true");
    }
    Component {
        bom_ref: format!("os:{}@{}", distro.id, distro.version_id).into(),
        kind: "operating-system",
        name: distro.id.as_str().into(),
        version: &distro.version_id,
        description: &distro.pretty_name,
        cpe: if distro.cpe_name.starts_with("cpe:2.3:") { distro.cpe_name.as_str().into() } else { "".into() },
        swid: Some(Swid { tag_id: &distro.id, name: &distro.id, version: &distro.version_id }),
        properties,
        ..Component::default()
    }
}

/// Files of which there is a digest.
pub(super) fn files<'a>(sbom: &'a Sbom) -> impl Iterator<Item = Component<'a>> {
    sbom.files.iter().filter(|file| !file.digests.is_empty()).map(|file| {
        let mut properties = Properties::default();
        properties.add("syft:location:0:layerID", file.location.layer.as_deref().unwrap_or_default());
        let hash = |digest: &'a FileDigest| Some(Hash { alg: algorithm(&digest.algorithm)?, content: &digest.value });
        Component {
            bom_ref: file_id(file).into(),
            kind: "file",
            name: file.location.path.as_str().into(),
            hashes: file.digests.iter().filter_map(hash).collect(),
            properties,
            ..Component::default()
        }
    })
}

/// CycloneDX's name of a digest algorithm.
fn algorithm(name: &str) -> Option<&'static str> {
    match name {
        "md5" => Some("MD5"),
        "sha1" => Some("SHA-1"),
        "sha256" => Some("SHA-256"),
        "sha384" => Some("SHA-384"),
        "sha512" => Some("SHA-512"),
        _ => None,
    }
}

/// One package and the packages it needs.
#[derive(Serialize)]
pub(super) struct Dependency {
    #[serde(rename = "ref")]
    dependent: String,
    #[serde(rename = "dependsOn")]
    depends_on: Vec<String>,
}

/// Every dependent once, sorted; relations to packages that are not there are left out.
pub(super) fn dependencies(sbom: &Sbom) -> Vec<Dependency> {
    let refs: BTreeMap<_, _> = sbom.packages.iter().map(|package| (&package.id, package)).collect();
    let mut edges: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for relationship in sbom.relationships.iter().filter(|stated| stated.kind == RelationshipKind::DependencyOf) {
        if let (Some(needed), Some(dependent)) = (refs.get(&relationship.parent), refs.get(&relationship.child)) {
            edges.entry(bom_ref(dependent)).or_default().push(bom_ref(needed));
        }
    }
    let dependency = |(dependent, mut depends_on): (String, Vec<String>)| {
        depends_on.sort();
        depends_on.dedup();
        Dependency { dependent, depends_on }
    };
    edges.into_iter().map(dependency).collect()
}
