//! What expressions can look at.

use std::{collections::BTreeMap, sync::Arc};

use cel::{Context, Value};
use serde::{Deserialize, Serialize};

use crate::{Failure, FindingFact, Image, PackageFact};

/// What an expression is asked of, one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Image,
    Package,
    Finding,
}

/// What is known of a value before there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Image,
    Package,
    Finding,
    Packages,
    Findings,
    /// A text, a number, or a list or map of them.
    Plain,
}

impl Scope {
    /// As rules write it.
    pub(crate) const WORDS: &[&str] = &["image", "package", "finding"];

    pub(crate) fn parse(word: &str) -> Self {
        match word {
            "package" => Self::Package,
            "finding" => Self::Finding,
            _ => Self::Image,
        }
    }

    /// Members of all variables, for the test of their documentation.
    #[cfg(test)]
    pub(crate) fn members() -> impl Iterator<Item = &'static str> {
        [IMAGE, PACKAGE, FINDING].into_iter().flatten().copied()
    }

    pub(super) fn variables(self) -> &'static [(&'static str, Shape)] {
        match self {
            Self::Image => &[("image", Shape::Image), ("packages", Shape::Packages), ("findings", Shape::Findings)],
            Self::Package => &[("image", Shape::Image), ("pkg", Shape::Package)],
            Self::Finding => &[("image", Shape::Image), ("pkg", Shape::Package), ("finding", Shape::Finding)],
        }
    }
}

impl Shape {
    /// The shape of a member; the names there are where it has no such member.
    pub(super) fn member(self, name: &str) -> Result<Self, &'static [&'static str]> {
        let known = match self {
            Self::Image => IMAGE,
            Self::Package => PACKAGE,
            Self::Finding => FINDING,
            Self::Packages | Self::Findings | Self::Plain => return Ok(Self::Plain),
        };
        match (self, name) {
            (Self::Finding, "package") => Ok(Self::Package),
            _ if known.contains(&name) => Ok(Self::Plain),
            _ => Err(known),
        }
    }

    pub(super) fn item(self) -> Self {
        match self {
            Self::Packages => Self::Package,
            Self::Findings => Self::Finding,
            _ => Self::Plain,
        }
    }
}

/// Variables with their values.
#[derive(Default)]
pub(crate) struct Variables {
    /// With the bytes of what operations can look at as a whole: the value, or the largest item of a list of them.
    values: BTreeMap<&'static str, (Value, usize)>,
}

impl Variables {
    pub(crate) fn set_image(&mut self, image: &Image<'_>) -> Result<(), Failure> {
        self.set("image", &ImageView::new(image))
    }

    pub(crate) fn set_package(&mut self, package: &PackageFact<'_>) -> Result<(), Failure> {
        self.set("pkg", &PackageView::new(package))
    }

    pub(crate) fn set_finding(&mut self, finding: &FindingFact<'_>) -> Result<(), Failure> {
        self.set("finding", &FindingView::new(finding))
    }

    pub(crate) fn set_packages(&mut self, packages: &[PackageFact<'_>]) -> Result<(), Failure> {
        self.set_list("packages", packages.iter().map(PackageView::new))
    }

    pub(crate) fn set_findings(&mut self, findings: &[FindingFact<'_>]) -> Result<(), Failure> {
        self.set_list("findings", findings.iter().map(FindingView::new))
    }

    pub(super) fn declare_in(&self, context: &mut Context<'_, '_>) {
        for (name, (value, _)) in &self.values {
            context.add_variable_from_value(*name, value.clone());
        }
    }

    /// Bytes of the largest value that operations on these variables can look at as a whole.
    pub(super) fn longest(&self, names: &[String]) -> usize {
        names.iter().filter_map(|name| self.values.get(name.as_str())).map(|(_, bytes)| *bytes).max().unwrap_or(0)
    }

    fn set(&mut self, name: &'static str, view: &impl Serialize) -> Result<(), Failure> {
        let value = value(view)?;
        let bytes = bytes(&value);
        self.values.insert(name, (value, bytes));
        Ok(())
    }

    fn set_list(&mut self, name: &'static str, views: impl Iterator<Item = impl Serialize>) -> Result<(), Failure> {
        let values = views.map(|view| value(&view)).collect::<Result<Vec<_>, _>>()?;
        let bytes = values.iter().map(bytes).max().unwrap_or(0);
        self.values.insert(name, (Value::List(Arc::new(values)), bytes));
        Ok(())
    }
}

fn value(view: &impl Serialize) -> Result<Value, Failure> {
    cel::to_value(view).map_err(|error| Failure::new(error.to_string()))
}

fn bytes(value: &Value) -> usize {
    const SCALAR: usize = 8;
    match value {
        Value::String(text) => text.len() + SCALAR,
        Value::List(items) => items.iter().map(bytes).sum(),
        Value::Map(map) => map.map.values().map(bytes).sum(),
        _ => SCALAR,
    }
}

/// The members of `image`; those of its config that are absent are empty.
const IMAGE: &[&str] = &[
    "id",
    "digest",
    "name",
    "tags",
    "size",
    "os",
    "architecture",
    "variant",
    "distro",
    "distro_version",
    "created",
    "layers",
    "labels",
    "user",
    "ports",
    "volumes",
    "env",
    "entrypoint",
    "command",
    "has_healthcheck",
];

#[derive(Serialize)]
struct ImageView<'a> {
    id: &'a str,
    digest: &'a str,
    name: &'a str,
    tags: &'a [String],
    size: i64,
    os: &'a str,
    architecture: &'a str,
    variant: &'a str,
    distro: &'a str,
    distro_version: &'a str,
    created: String,
    layers: Vec<&'a str>,
    labels: BTreeMap<&'a str, &'a str>,
    user: String,
    ports: Vec<String>,
    volumes: Vec<String>,
    env: BTreeMap<String, String>,
    entrypoint: Vec<String>,
    command: Vec<String>,
    has_healthcheck: bool,
}

/// The members of an image's config that are looked at.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Document {
    created: Option<String>,
    config: Option<Config>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Config {
    user: Option<String>,
    exposed_ports: Option<Names>,
    volumes: Option<Names>,
    env: Option<Vec<String>>,
    entrypoint: Option<Vec<String>>,
    cmd: Option<Vec<String>>,
    healthcheck: Option<serde::de::IgnoredAny>,
}

/// The members of an object count, not what they hold.
type Names = BTreeMap<String, serde_json::Value>;

impl<'a> ImageView<'a> {
    fn new(image: &Image<'a>) -> Self {
        let source = image.source();
        let document: Document =
            source.and_then(|source| serde_json::from_slice(&source.config).ok()).unwrap_or_default();
        let config = document.config.unwrap_or_default();
        let distro = image.sbom.distro.as_ref();
        let names = |map: Option<Names>| map.unwrap_or_default().into_keys().collect();
        let variables = config.env.unwrap_or_default();
        Self {
            id: image.id(),
            digest: image.digest(),
            name: image.sbom.source.name(),
            tags: source.map_or(&[], |source| &source.tags),
            size: source.map_or(0, |source| source.size.try_into().unwrap_or(i64::MAX)),
            os: source.map_or("", |source| &source.os),
            architecture: source.map_or("", |source| &source.architecture),
            variant: source.map_or("", |source| &source.variant),
            distro: distro.map_or("", |distro| &distro.id),
            distro_version: distro.map_or("", |distro| &distro.version_id),
            created: document.created.unwrap_or_default(),
            layers: source.map(|s| s.layers.iter().map(|layer| layer.digest.as_str()).collect()).unwrap_or_default(),
            labels: source
                .map(|s| s.labels.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect())
                .unwrap_or_default(),
            user: config.user.unwrap_or_default(),
            ports: names(config.exposed_ports),
            volumes: names(config.volumes),
            env: variables.iter().filter_map(|text| text.split_once('=')).map(|(k, v)| (k.into(), v.into())).collect(),
            entrypoint: config.entrypoint.unwrap_or_default(),
            command: config.cmd.unwrap_or_default(),
            has_healthcheck: config.healthcheck.is_some(),
        }
    }
}

/// The members of `pkg`: `package` is a reserved word of the language.
const PACKAGE: &[&str] = &["name", "version", "type", "path", "licenses", "spdx", "purl", "is_os", "layer"];

#[derive(Serialize)]
struct PackageView<'a> {
    name: &'a str,
    version: &'a str,
    r#type: &'static str,
    path: &'a str,
    licenses: Vec<&'a str>,
    spdx: Vec<&'a str>,
    purl: &'a str,
    is_os: bool,
    layer: &'a str,
}

impl<'a> PackageView<'a> {
    fn new(fact: &'a PackageFact<'_>) -> Self {
        let expressions = fact.package.licenses.iter().map(|license| license.spdx_expression.as_str());
        Self {
            name: fact.name(),
            version: fact.full_version,
            r#type: fact.kind,
            path: &fact.path,
            licenses: fact.package.licenses.iter().map(|license| license.value.as_str()).collect(),
            spdx: expressions.filter(|expression| !expression.is_empty()).collect(),
            purl: fact.package.purl.as_deref().unwrap_or_default(),
            is_os: fact.is_os_package(),
            layer: fact.package.introduced_by.as_deref().unwrap_or_default(),
        }
    }
}

/// The members of `finding`.
const FINDING: &[&str] = &[
    "id",
    "aliases",
    "severity",
    "cvss",
    "epss",
    "epss_percentile",
    "kev",
    "fix_available",
    "fix_versions",
    "will_not_fix",
    "published",
    "namespace",
    "package",
];

#[derive(Serialize)]
struct FindingView<'a> {
    id: &'a str,
    aliases: Vec<&'a str>,
    severity: &'static str,
    cvss: f64,
    epss: f64,
    epss_percentile: f64,
    kev: bool,
    fix_available: bool,
    fix_versions: Vec<&'a str>,
    will_not_fix: bool,
    published: &'a str,
    namespace: &'a str,
    package: PackageView<'a>,
}

impl<'a> FindingView<'a> {
    fn new(fact: &'a FindingFact<'_>) -> Self {
        let record = &fact.finding.vulnerability;
        let fix_versions: Vec<&str> = fact.fix_versions().collect();
        let records = || std::iter::once(record).chain(&fact.finding.related);
        Self {
            id: fact.id(),
            aliases: fact.finding.names().filter(|name| *name != fact.id()).collect(),
            severity: fact.severity().as_str(),
            cvss: fact.nvd_scores().base.max(fact.vendor_scores().base),
            epss: records().flat_map(|record| &record.epss).map(|epss| epss.epss).fold(0.0, f64::max),
            epss_percentile: records().flat_map(|record| &record.epss).map(|epss| epss.percentile).fold(0.0, f64::max),
            kev: records().any(|record| !record.known_exploited.is_empty()),
            fix_available: !fix_versions.is_empty(),
            fix_versions,
            will_not_fix: fact.will_not_fix(),
            published: record.published.as_deref().unwrap_or_default(),
            namespace: &record.namespace,
            package: PackageView::new(&fact.package),
        }
    }
}

#[cfg(test)]
mod tests {
    use windlass_matching::Outcome;
    use windlass_sbom::{ImageSource, Package, PackageType, Sbom, Source};

    use super::*;
    use crate::Knowledge;

    fn members(value: &Value) -> Vec<String> {
        let Value::Map(map) = value else { panic!("{value:?} is no map") };
        let mut names: Vec<String> = map.map.keys().map(ToString::to_string).collect();
        names.sort();
        names
    }

    fn sorted(names: &[&str]) -> Vec<String> {
        let mut names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn the_members_that_are_known_are_those_that_there_are() {
        let image = ImageSource { config: br#"{"config":{"Env":["A=b=c"]}}"#.to_vec(), ..ImageSource::default() };
        let sbom = Sbom {
            source: Source::Image(Box::new(image)),
            packages: vec![Package::new(PackageType::Npm, "left", "1")],
            ..Sbom::default()
        };
        let outcome = Outcome::default();
        let image = Image::new(&sbom, &outcome, Knowledge::default());
        let mut variables = Variables::default();
        variables.set_image(&image).unwrap();
        variables.set_package(&image.packages()[0]).unwrap();
        assert_eq!(members(&variables.values["image"].0), sorted(IMAGE));
        assert_eq!(members(&variables.values["pkg"].0), sorted(PACKAGE));
        assert!(variables.longest(&["pkg".to_owned()]) >= "left".len());
    }
}
