//! The members of the document, one struct an object.

use std::{borrow::Cow, fmt, ops::Deref};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error as _, Visitor},
};
use serde_json::{Value, value::RawValue};

use super::super::{
    json::Layers,
    metadata::{self, Record},
    words,
};
use crate::{
    Cpe, Distro, File, FileDigest, FileKind, ImageSource, LayerDescription, License, Location, Metadata, Package,
    PackageId, PackageType, Relationship, RelationshipKind, Source, Unknown,
};

/// A text of the model while it is written, and one of the document while it is read, where it has no escapes.
#[derive(Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub(super) struct Text<'a>(Cow<'a, str>);

fn text(value: &str) -> Text<'_> {
    Text(Cow::Borrowed(value))
}

fn texts(values: &[String]) -> Vec<Text<'_>> {
    values.iter().map(|value| text(value)).collect()
}

fn owned(values: Vec<Text<'_>>) -> Vec<String> {
    values.into_iter().map(Text::into_owned).collect()
}

impl Text<'_> {
    pub(super) fn into_owned(self) -> String {
        self.0.into_owned()
    }
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Self(Cow::Owned(text))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(text.into())
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(text.to_owned().into())
            }

            fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
                Ok(text.into())
            }
        }

        deserializer.deserialize_str(TextVisitor)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum SourcePart<'a> {
    Image(Box<ImagePart<'a>>),
    Directory {
        path: Text<'a>,
    },
    Other {
        kind: Text<'a>,
        name: Text<'a>,
        #[serde(default, skip_serializing_if = "str::is_empty")]
        version: Text<'a>,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
#[serde(rename_all = "camelCase")]
pub(super) struct ImagePart<'a> {
    user_input: Text<'a>,
    image_id: Text<'a>,
    manifest_digest: Text<'a>,
    media_type: Text<'a>,
    tags: Vec<Text<'a>>,
    repo_digests: Vec<Text<'a>>,
    size: u64,
    layers: Vec<LayerPart<'a>>,
    os: Text<'a>,
    architecture: Text<'a>,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    variant: Text<'a>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    labels: Vec<LabelPart<'a>>,
    #[serde(default, skip_serializing_if = "Bytes::is_empty")]
    manifest: Bytes<'a>,
    #[serde(default, skip_serializing_if = "Bytes::is_empty")]
    config: Bytes<'a>,
}

#[derive(Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
struct LabelPart<'a> {
    name: Text<'a>,
    value: Text<'a>,
}

#[derive(Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
#[serde(rename_all = "camelCase")]
struct LayerPart<'a> {
    media_type: Text<'a>,
    digest: Text<'a>,
    size: u64,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    created_by: Text<'a>,
}

/// Bytes as Base64.
#[derive(Default)]
pub(super) struct Bytes<'a>(pub(super) Cow<'a, [u8]>);

impl Bytes<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&base64::display::Base64Display::new(&self.0, &BASE64))
    }
}

impl<'de> Deserialize<'de> for Bytes<'_> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let encoded = String::deserialize(deserializer)?;
        BASE64.decode(encoded).map(|bytes| Self(bytes.into())).map_err(D::Error::custom)
    }
}

impl<'a> From<&'a Source> for SourcePart<'a> {
    fn from(source: &'a Source) -> Self {
        match source {
            Source::Image(image) => Self::Image(Box::new(image.as_ref().into())),
            Source::Directory { path } => Self::Directory { path: text(path) },
            Source::Other { kind, name, version } => {
                Self::Other { kind: text(kind), name: text(name), version: text(version) }
            }
        }
    }
}

impl From<SourcePart<'_>> for Source {
    fn from(part: SourcePart<'_>) -> Self {
        match part {
            SourcePart::Image(image) => Self::Image(Box::new((*image).into())),
            SourcePart::Directory { path } => Self::Directory { path: path.into_owned() },
            SourcePart::Other { kind, name, version } => {
                Self::Other { kind: kind.into_owned(), name: name.into_owned(), version: version.into_owned() }
            }
        }
    }
}

impl<'a> From<&'a ImageSource> for ImagePart<'a> {
    fn from(image: &'a ImageSource) -> Self {
        let layer = |layer: &'a LayerDescription| LayerPart {
            media_type: text(&layer.media_type),
            digest: text(&layer.digest),
            size: layer.size,
            created_by: text(&layer.created_by),
        };
        Self {
            user_input: text(&image.user_input),
            image_id: text(&image.image_id),
            manifest_digest: text(&image.manifest_digest),
            media_type: text(&image.media_type),
            tags: texts(&image.tags),
            repo_digests: texts(&image.repo_digests),
            size: image.size,
            layers: image.layers.iter().map(layer).collect(),
            os: text(&image.os),
            architecture: text(&image.architecture),
            variant: text(&image.variant),
            labels: image
                .labels
                .iter()
                .map(|(name, value)| LabelPart { name: text(name), value: text(value) })
                .collect(),
            manifest: Bytes(image.manifest.as_slice().into()),
            config: Bytes(image.config.as_slice().into()),
        }
    }
}

impl From<ImagePart<'_>> for ImageSource {
    fn from(part: ImagePart<'_>) -> Self {
        let layer = |layer: LayerPart<'_>| LayerDescription {
            media_type: layer.media_type.into_owned(),
            digest: layer.digest.into_owned(),
            size: layer.size,
            created_by: layer.created_by.into_owned(),
        };
        let label = |label: LabelPart<'_>| (label.name.into_owned(), label.value.into_owned());
        Self {
            user_input: part.user_input.into_owned(),
            image_id: part.image_id.into_owned(),
            manifest_digest: part.manifest_digest.into_owned(),
            media_type: part.media_type.into_owned(),
            tags: owned(part.tags),
            repo_digests: owned(part.repo_digests),
            size: part.size,
            layers: part.layers.into_iter().map(layer).collect(),
            manifest: part.manifest.0.into_owned(),
            config: part.config.0.into_owned(),
            os: part.os.into_owned(),
            architecture: part.architecture.into_owned(),
            variant: part.variant.into_owned(),
            labels: part.labels.into_iter().map(label).collect(),
        }
    }
}

/// Declares the distribution's member from the model's fields, which are all texts but two.
macro_rules! distro_part {
    ($($field:ident)*) => {
        #[derive(Serialize, Deserialize)]
        #[serde(bound(deserialize = "'de: 'a"))]
        #[serde(rename_all = "camelCase")]
        pub(super) struct DistroPart<'a> {
            $(#[serde(default, skip_serializing_if = "str::is_empty")] $field: Text<'a>,)*
            #[serde(default, skip_serializing_if = "Vec::is_empty")]
            id_like: Vec<Text<'a>>,
            #[serde(default, skip_serializing_if = "std::ops::Not::not")]
            extended_support: bool,
        }

        impl<'a> From<&'a Distro> for DistroPart<'a> {
            fn from(distro: &'a Distro) -> Self {
                Self {
                    $($field: text(&distro.$field),)*
                    id_like: texts(&distro.id_like),
                    extended_support: distro.extended_support,
                }
            }
        }

        impl From<DistroPart<'_>> for Distro {
            fn from(part: DistroPart<'_>) -> Self {
                Self {
                    $($field: part.$field.into_owned(),)*
                    id_like: owned(part.id_like),
                    extended_support: part.extended_support,
                }
            }
        }
    };
}

distro_part! {
    id name version version_id version_codename pretty_name build_id image_id image_version variant variant_id home_url
    support_url bug_report_url privacy_policy_url cpe_name support_end
}

#[derive(Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
#[serde(rename_all = "camelCase")]
pub(super) struct PackagePart<'a> {
    id: Text<'a>,
    name: Text<'a>,
    version: Text<'a>,
    #[serde(rename = "type")]
    kind: Text<'a>,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    language: Text<'a>,
    found_by: Text<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    purl: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    introduced_by: Option<Text<'a>>,
    locations: Vec<LocationPart<'a>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    licenses: Vec<LicensePart<'a>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    cpes: Vec<CpePart<'a>>,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    metadata_type: Text<'a>,
    #[serde(default, skip_serializing_if = "RecordPart::is_none")]
    metadata: RecordPart<'a>,
}

/// A record while it is written, the text of any object while it is read: what it should be is told beside it.
enum RecordPart<'a> {
    Known(&'a Metadata),
    Read(&'a RawValue),
}

impl RecordPart<'_> {
    fn is_none(&self) -> bool {
        matches!(self, Self::Known(Metadata::None | Metadata::Other { value: Value::Null, .. }))
    }
}

impl Default for RecordPart<'_> {
    fn default() -> Self {
        Self::Read(RawValue::NULL)
    }
}

impl Serialize for RecordPart<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Known(metadata) => Record(metadata).serialize(serializer),
            Self::Read(text) => text.serialize(serializer),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for RecordPart<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(deserializer).map(Self::Read)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
#[serde(rename_all = "camelCase")]
struct LocationPart<'a> {
    path: Text<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    access_path: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    layer: Option<Text<'a>>,
    evidence: Text<'a>,
}

impl<'a> From<&'a Location> for LocationPart<'a> {
    fn from(location: &'a Location) -> Self {
        Self {
            path: text(&location.path),
            access_path: (location.access_path != location.path).then(|| text(&location.access_path)),
            layer: location.layer.as_deref().map(text),
            evidence: text(location.evidence.as_str()),
        }
    }
}

impl LocationPart<'_> {
    fn into_location(self, layers: &mut Layers) -> Location {
        let path = self.path.into_owned();
        Location {
            access_path: self.access_path.map_or_else(|| path.clone(), Text::into_owned),
            path,
            layer: self.layer.and_then(|layer| layers.share(&layer)),
            evidence: words::evidence(&self.evidence),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
#[serde(rename_all = "camelCase")]
struct LicensePart<'a> {
    value: Text<'a>,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    spdx_expression: Text<'a>,
    #[serde(rename = "type")]
    kind: Text<'a>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    urls: Vec<Text<'a>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    paths: Vec<Text<'a>>,
}

impl<'a> From<&'a License> for LicensePart<'a> {
    fn from(license: &'a License) -> Self {
        Self {
            value: text(&license.value),
            spdx_expression: text(&license.spdx_expression),
            kind: text(license.kind.as_str()),
            urls: texts(&license.urls),
            paths: texts(&license.paths),
        }
    }
}

impl From<LicensePart<'_>> for License {
    fn from(part: LicensePart<'_>) -> Self {
        Self {
            value: part.value.into_owned(),
            spdx_expression: part.spdx_expression.into_owned(),
            kind: words::license_kind(&part.kind),
            urls: owned(part.urls),
            paths: owned(part.paths),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
struct CpePart<'a> {
    cpe: Text<'a>,
    source: Text<'a>,
}

impl<'a> From<&'a Package> for PackagePart<'a> {
    fn from(package: &'a Package) -> Self {
        let cpe = |cpe: &Cpe| CpePart { cpe: cpe.to_string().into(), source: cpe.source.as_str().into() };
        Self {
            id: text(&package.id.0),
            name: text(&package.name),
            version: text(&package.version),
            kind: text(package.kind.as_str()),
            language: package.kind.language().map(|language| text(language.as_str())).unwrap_or_default(),
            found_by: text(&package.found_by),
            purl: package.purl.as_deref().map(text),
            introduced_by: package.introduced_by.as_deref().map(text),
            locations: package.locations.iter().map(Into::into).collect(),
            licenses: package.licenses.iter().map(Into::into).collect(),
            cpes: package.cpes.iter().map(cpe).collect(),
            metadata_type: text(package.metadata.kind()),
            metadata: RecordPart::Known(&package.metadata),
        }
    }
}

impl PackagePart<'_> {
    /// `with_manifest`: with the files that its package manager lists.
    pub(super) fn into_package(self, layers: &mut Layers, with_manifest: bool) -> Result<Package, serde_json::Error> {
        let name_of = |error| serde_json::Error::custom(format!("package {:?}: {error}", &*self.name));
        let cpe = |part: CpePart<'_>| -> Result<Cpe, serde_json::Error> {
            let mut cpe: Cpe = part.cpe.parse().map_err(serde_json::Error::custom)?;
            cpe.source = words::cpe_source(&part.source);
            Ok(cpe)
        };
        let metadata = match self.metadata {
            RecordPart::Known(metadata) => metadata.clone(),
            RecordPart::Read(text) if with_manifest => metadata::parse(&self.metadata_type, text).map_err(name_of)?,
            RecordPart::Read(text) => metadata::parse_without_files(&self.metadata_type, text).map_err(name_of)?,
        };
        Ok(Package {
            id: PackageId((*self.id).into()),
            name: self.name.into_owned(),
            version: self.version.into_owned(),
            kind: PackageType::parse(&self.kind),
            found_by: self.found_by.into_owned(),
            locations: self.locations.into_iter().map(|location| location.into_location(layers)).collect(),
            introduced_by: self.introduced_by.and_then(|layer| layers.share(&layer)),
            licenses: self.licenses.into_iter().map(Into::into).collect(),
            cpes: self.cpes.into_iter().map(cpe).collect::<Result<_, _>>()?,
            purl: self.purl.map(Text::into_owned),
            metadata,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
#[serde(rename_all = "camelCase")]
pub(super) struct FilePart<'a> {
    path: Text<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    layer: Option<Text<'a>>,
    #[serde(rename = "type")]
    kind: Text<'a>,
    /// Octal digits: `"0755"`.
    mode: Text<'a>,
    uid: u64,
    gid: u64,
    size: u64,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    link_target: Text<'a>,
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    digests: Cow<'a, [FileDigest]>,
}

impl<'a> From<&'a File> for FilePart<'a> {
    fn from(file: &'a File) -> Self {
        Self {
            path: text(&file.location.path),
            layer: file.location.layer.as_deref().map(text),
            kind: text(file.kind.as_str()),
            mode: format!("{:04o}", file.mode).into(),
            uid: file.uid,
            gid: file.gid,
            size: file.size,
            link_target: text(&file.link_target),
            digests: Cow::Borrowed(&file.digests),
        }
    }
}

impl FilePart<'_> {
    pub(super) fn into_file(self, layers: &mut Layers) -> File {
        let layer = self.layer.and_then(|layer| layers.share(&layer));
        File {
            location: Location::new(self.path.into_owned(), layer, crate::Evidence::Primary),
            kind: words::file_kind(&self.kind).unwrap_or(FileKind::RegularFile),
            mode: u32::from_str_radix(&self.mode, 8).unwrap_or_default(),
            uid: self.uid,
            gid: self.gid,
            size: self.size,
            link_target: self.link_target.into_owned(),
            digests: self.digests.into_owned(),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(super) struct RelationshipPart<'a> {
    #[serde(rename = "type")]
    kind: Text<'a>,
    parent: Text<'a>,
    child: Text<'a>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    files: Vec<Text<'a>>,
}

impl<'a> From<&'a Relationship> for RelationshipPart<'a> {
    fn from(relationship: &'a Relationship) -> Self {
        Self {
            kind: text(relationship.kind.as_str()),
            parent: text(&relationship.parent.0),
            child: text(&relationship.child.0),
            files: texts(&relationship.files),
        }
    }
}

impl RelationshipPart<'_> {
    /// Whether it says which package owns files of another.
    pub(super) fn is_ownership(&self) -> bool {
        words::relationship_kind(&self.kind) == Some(RelationshipKind::OwnershipByFileOverlap)
    }

    pub(super) fn into_relationship(self) -> Option<Relationship> {
        Some(Relationship {
            kind: words::relationship_kind(&self.kind)?,
            parent: PackageId((*self.parent).into()),
            child: PackageId((*self.child).into()),
            files: owned(self.files),
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
#[serde(rename_all = "camelCase")]
pub(super) struct UnknownPart<'a> {
    path: Text<'a>,
    found_by: Text<'a>,
    reason: Text<'a>,
}

impl<'a> From<&'a Unknown> for UnknownPart<'a> {
    fn from(unknown: &'a Unknown) -> Self {
        Self { path: text(&unknown.path), found_by: text(&unknown.found_by), reason: text(&unknown.reason) }
    }
}

impl From<UnknownPart<'_>> for Unknown {
    fn from(part: UnknownPart<'_>) -> Self {
        Self { path: part.path.into_owned(), found_by: part.found_by.into_owned(), reason: part.reason.into_owned() }
    }
}
