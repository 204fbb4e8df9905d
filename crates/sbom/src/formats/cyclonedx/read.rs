//! CycloneDX JSON of any version and producer: what names a package is read, everything else is passed over.

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;

use super::{
    super::{
        json::{Layers, or_default},
        purl, words,
    },
    properties,
};
use crate::{
    Cpe, CpeSource, Distro, Evidence, File, FileDigest, FileKind, ImageSource, License, LicenseKind, Location, Package,
    PackageId, PackageType, Relationship, RelationshipKind, Sbom, Source, Unknown,
};

#[derive(Deserialize)]
pub(in super::super) struct Input {
    #[serde(default, deserialize_with = "or_default")]
    metadata: MetadataInput,
    #[serde(default, deserialize_with = "or_default")]
    components: Vec<ComponentInput>,
    #[serde(default, deserialize_with = "or_default")]
    dependencies: Vec<DependencyInput>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct MetadataInput {
    component: Option<ComponentInput>,
    #[serde(deserialize_with = "or_default")]
    properties: PropertyList,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ComponentInput {
    #[serde(rename = "bom-ref", deserialize_with = "or_default")]
    bom_ref: String,
    #[serde(rename = "type", deserialize_with = "or_default")]
    kind: String,
    #[serde(deserialize_with = "or_default")]
    group: String,
    #[serde(deserialize_with = "or_default")]
    name: String,
    #[serde(deserialize_with = "or_default")]
    version: String,
    #[serde(deserialize_with = "or_default")]
    purl: String,
    #[serde(deserialize_with = "or_default")]
    cpe: String,
    #[serde(deserialize_with = "or_default")]
    hashes: Vec<HashInput>,
    #[serde(deserialize_with = "or_default")]
    licenses: Vec<LicenseInput>,
    #[serde(deserialize_with = "or_default")]
    properties: PropertyList,
    #[serde(deserialize_with = "or_default")]
    components: Vec<ComponentInput>,
}

#[derive(Deserialize)]
struct HashInput {
    alg: String,
    content: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LicenseInput {
    expression: Option<String>,
    acknowledgement: Option<String>,
    license: Option<NamedLicense>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct NamedLicense {
    id: Option<String>,
    name: Option<String>,
    url: Option<String>,
    acknowledgement: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(transparent)]
struct PropertyList(Vec<PropertyInput>);

#[derive(Deserialize)]
struct PropertyInput {
    #[serde(default)]
    name: String,
    #[serde(default, deserialize_with = "or_default")]
    value: String,
}

#[derive(Deserialize)]
struct DependencyInput {
    #[serde(rename = "ref")]
    dependent: String,
    #[serde(rename = "dependsOn", default, deserialize_with = "or_default")]
    depends_on: Vec<String>,
}

impl PropertyList {
    fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|property| (property.name.as_str(), property.value.as_str()))
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs().filter(move |(known, _)| *known == name).map(|(_, value)| value)
    }

    /// The first value, or an empty text.
    fn get(&self, name: &str) -> String {
        self.all(name).next().unwrap_or_default().to_owned()
    }

    /// Values of `PREFIX:NUMBER:SUFFIX` with their numbers.
    fn numbered(&self, prefix: &str, suffix: &str) -> BTreeMap<usize, &str> {
        let number = |name: &str| -> Option<usize> {
            let number = name.strip_prefix(prefix)?.strip_prefix(':')?.strip_suffix(suffix)?;
            number.strip_suffix(':').unwrap_or(number).parse().ok()
        };
        self.pairs().filter_map(|(name, value)| Some((number(name)?, value))).collect()
    }
}

pub(in super::super) fn read(document: &[u8]) -> Result<Sbom, serde_json::Error> {
    let input: Input = serde_json::from_slice(document)?;
    let mut layers = Layers::default();
    let mut sbom = Sbom { unknowns: unknowns(&input.metadata.properties), ..Sbom::default() };
    let mut pending = input.components;
    if let Some(mut root) = input.metadata.component {
        pending.append(&mut root.components);
        sbom.source = source(&root);
    }
    pending.reverse();
    while let Some(mut component) = pending.pop() {
        pending.extend(std::mem::take(&mut component.components).into_iter().rev());
        match component.kind.as_str() {
            "operating-system" if sbom.distro.is_none() => sbom.distro = Some(distro(&component)),
            "file" if !component.hashes.is_empty() => sbom.files.push(file(component, &mut layers)),
            "application" | "framework" | "library" | "machine-learning-model" if names_a_package(&component) => {
                sbom.packages.push(package(component, &mut layers));
            }
            _ => {}
        }
    }
    sbom.distro = sbom.distro.filter(|distro| !distro.id.is_empty()).or_else(|| purl::distro(&sbom.packages));
    sbom.relationships = relationships(input.dependencies, &sbom.packages);
    Ok(sbom)
}

/// A lock file or a binary is listed as an application by some programs; it is a package only if something names it.
fn names_a_package(component: &ComponentInput) -> bool {
    let named = !component.purl.is_empty() || !component.cpe.is_empty() || !component.version.is_empty();
    !component.name.is_empty() && (component.kind != "application" || named)
}

fn package(component: ComponentInput, layers: &mut Layers) -> Package {
    let list = &component.properties;
    let name = match component.group.as_str() {
        scope if scope.starts_with('@') => format!("{scope}/{}", component.name),
        _ => component.name,
    };
    let kind = PackageType::parse(&list.get("syft:package:type"));
    let metadata = properties::restore(&list.get("syft:package:metadataType"), list.pairs()).unwrap_or_default();
    let cpes = std::iter::once(component.cpe.as_str()).chain(list.all("syft:cpe23"));
    let generated = list.0.iter().any(|property| property.name == "syft:package:foundBy");
    let cpes = cpes.filter_map(|text| {
        let cpe: Cpe = text.parse().ok()?;
        let source = if generated { CpeSource::Generated } else { CpeSource::Declared };
        Some(Cpe { source, ..cpe })
    });
    let mut package = Package {
        id: PackageId(id(&component.bom_ref).into()),
        name,
        version: component.version,
        kind: PackageType::Unknown,
        found_by: list.get("syft:package:foundBy"),
        locations: locations(list, layers),
        introduced_by: layers.share(&list.get("windlass:package:introducedBy")),
        licenses: component.licenses.into_iter().filter_map(license).collect(),
        cpes: cpes.collect(),
        purl: Some(component.purl).filter(|purl| !purl.is_empty()),
        metadata,
    };
    purl::interpret(&mut package);
    // A URL cannot tell a PEAR package from a PECL one, or a binary from a kernel: there the property is finer.
    if kind != PackageType::Unknown && (package.purl.is_none() || kind.purl_type() == package.kind.purl_type()) {
        package.kind = kind;
    }
    package.licenses.sort();
    if package.id.0.is_empty() {
        package.assign_id();
    }
    package
}

/// The id that a reference carries in its `package-id`, or the reference itself.
fn id(bom_ref: &str) -> &str {
    let qualifiers = bom_ref.split_once('?').map_or("", |(_, qualifiers)| qualifiers);
    let qualifiers = qualifiers.split_once('#').map_or(qualifiers, |(qualifiers, _)| qualifiers);
    qualifiers.split('&').find_map(|qualifier| qualifier.strip_prefix("package-id=")).unwrap_or(bom_ref)
}

fn locations(list: &PropertyList, layers: &mut Layers) -> Vec<Location> {
    let digests = list.numbered("syft:location", "layerID");
    let evidence = list.numbered("windlass:location", "evidence");
    let location = |(number, path): (usize, &str)| {
        let layer = digests.get(&number).and_then(|digest| layers.share(digest));
        Location::new(path, layer, words::evidence(evidence.get(&number).unwrap_or(&"")))
    };
    list.numbered("syft:location", "path").into_iter().map(location).collect()
}

fn license(input: LicenseInput) -> Option<License> {
    let named = input.license.unwrap_or_default();
    let acknowledgement = input.acknowledgement.or(named.acknowledgement).unwrap_or_default();
    let value = input.expression.or(named.id).or(named.name).or_else(|| named.url.clone())?;
    let mut license = match words::license_kind(&acknowledgement) {
        LicenseKind::Declared => License::declared(&value),
        LicenseKind::Concluded => License::concluded(&value),
    };
    license.urls.extend(named.url);
    license.urls.dedup();
    Some(license)
}

fn file(component: ComponentInput, layers: &mut Layers) -> File {
    let digest = |hash: HashInput| FileDigest {
        algorithm: hash.alg.to_ascii_lowercase().replace("sha-", "sha"),
        value: hash.content.to_ascii_lowercase(),
    };
    let layer = layers.share(&component.properties.get("syft:location:0:layerID"));
    File {
        location: Location::new(component.name, layer, Evidence::Primary),
        kind: FileKind::RegularFile,
        mode: 0,
        uid: 0,
        gid: 0,
        size: 0,
        link_target: String::new(),
        digests: component.hashes.into_iter().map(digest).collect(),
    }
}

fn source(component: &ComponentInput) -> Source {
    let list = &component.properties;
    let ComponentInput { kind, name, version, .. } = component;
    match kind.as_str() {
        "container" => Source::Image(Box::new(ImageSource {
            user_input: name.clone(),
            manifest_digest: if version.contains(':') { version.clone() } else { String::new() },
            image_id: list.get("windlass:image:id"),
            media_type: list.get("windlass:image:mediaType"),
            os: list.get("windlass:image:os"),
            architecture: list.get("windlass:image:architecture"),
            variant: list.get("windlass:image:variant"),
            tags: list.all("windlass:image:tag").map(str::to_owned).collect(),
            repo_digests: list.all("windlass:image:repoDigest").map(str::to_owned).collect(),
            labels: list
                .pairs()
                .filter_map(|(name, value)| {
                    Some((name.strip_prefix("syft:image:labels:")?.to_owned(), value.to_owned()))
                })
                .collect(),
            ..ImageSource::default()
        })),
        "file" if version.is_empty() => Source::Directory { path: name.clone() },
        _ => {
            let stated = list.get("windlass:source:type");
            let kind = if stated.is_empty() { kind.clone() } else { stated };
            Source::Other { kind, name: name.clone(), version: version.clone() }
        }
    }
}

fn distro(component: &ComponentInput) -> Distro {
    let list = &component.properties;
    let get = |name: &str| list.get(&format!("syft:distro:{name}"));
    let or = |value: String, otherwise: &str| if value.is_empty() { otherwise.to_owned() } else { value };
    Distro {
        pretty_name: get("prettyName"),
        name: get("name"),
        id: or(get("id"), &component.name.to_ascii_lowercase()),
        id_like: list.numbered("syft:distro:idLike", "").into_values().map(str::to_owned).collect(),
        version: get("version"),
        version_id: or(get("versionID"), &component.version),
        version_codename: get("versionCodename"),
        build_id: get("buildID"),
        image_id: get("imageID"),
        image_version: get("imageVersion"),
        variant: get("variant"),
        variant_id: get("variantID"),
        home_url: get("homeURL"),
        support_url: get("supportURL"),
        bug_report_url: get("bugReportURL"),
        privacy_policy_url: get("privacyPolicyURL"),
        cpe_name: or(get("cpeName"), &component.cpe),
        support_end: get("supportEnd"),
        extended_support: get("extendedSupport") == "true",
    }
}

fn relationships(dependencies: Vec<DependencyInput>, packages: &[Package]) -> Vec<Relationship> {
    let known: HashSet<&str> = packages.iter().map(|package| &*package.id.0).collect();
    let mut stated = Vec::new();
    for dependency in dependencies {
        let child = id(&dependency.dependent);
        let needed = dependency.depends_on.iter().map(|needed| id(needed));
        for parent in needed.filter(|parent| known.contains(parent) && known.contains(child)) {
            stated.push(Relationship {
                kind: RelationshipKind::DependencyOf,
                parent: PackageId(parent.into()),
                child: PackageId(child.into()),
                files: Vec::new(),
            });
        }
    }
    stated
}

fn unknowns(list: &PropertyList) -> Vec<Unknown> {
    let part = |suffix: &str| list.numbered("windlass:unknown", suffix);
    let (found_by, reasons) = (part("foundBy"), part("reason"));
    let unknown = |(number, path): (usize, &str)| Unknown {
        path: path.to_owned(),
        found_by: found_by.get(&number).copied().unwrap_or_default().to_owned(),
        reason: reasons.get(&number).copied().unwrap_or_default().to_owned(),
    };
    part("path").into_iter().map(unknown).collect()
}
