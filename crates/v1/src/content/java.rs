//! Java archives.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use windlass_policy::PackageFact;
use windlass_sbom::{
    Metadata,
    metadata::{JavaArchive, PomProperties},
};

use super::{cpes, or};

/// A jar or one of its relatives, or what is shaded into one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct JavaPackage {
    pub package: String,
    /// Maven's, where there is one.
    pub version: String,
    /// By the suffix of the file: `JAVA-JAR`, `JAVA-WAR`
    #[serde(rename = "type")]
    pub kind: String,
    /// The archive within its archives: `outer.war:inner.jar`
    pub location: String,
    /// Of the manifest; `N/A` where it is not there.
    pub specification_version: String,
    /// Of the manifest; `N/A` where it is not there.
    pub implementation_version: String,
    /// Of `pom.properties`; `N/A` where it is not there.
    pub maven_version: String,
    /// Maven's group, or the vendor that the manifest names; `N/A` where neither is there.
    pub origin: String,
    pub cpes: Vec<String>,
    pub metadata: JavaMetadata,
}

/// Documents of a Java archive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JavaMetadata {
    /// The identifying lines; empty where it is not there.
    #[serde(rename = "pom.properties")]
    pub pom_properties: String,
}

const ABSENT: &str = "N/A";

impl JavaPackage {
    pub(super) fn new(fact: &PackageFact<'_>) -> Self {
        let nothing = JavaArchive::default();
        let archive = match &fact.package.metadata {
            Metadata::JavaArchive(archive) => archive.as_ref(),
            _ => &nothing,
        };
        let attribute = |name: &str| {
            let mut attributes = archive.manifest.iter().flat_map(|manifest| &manifest.main);
            attributes.find(|attribute| attribute.key.eq_ignore_ascii_case(name)).map_or("", |found| &found.value)
        };
        let pom = archive.pom_properties.as_ref();
        let maven_version = pom.map_or("", |pom| &pom.version);
        let origins = [
            pom.map_or("", |pom| pom.group_id.as_str()),
            attribute("Specification-Vendor"),
            attribute("Implementation-Vendor"),
        ];
        let version = if maven_version.is_empty() { fact.full_version } else { maven_version };
        Self {
            package: fact.name().to_owned(),
            version: or(version, ABSENT),
            kind: format!("JAVA-{}", suffix(&fact.path)),
            location: fact.path.to_string(),
            specification_version: or(attribute("Specification-Version"), ABSENT),
            implementation_version: or(attribute("Implementation-Version"), ABSENT),
            maven_version: or(maven_version, ABSENT),
            origin: or(origins.into_iter().find(|origin| !origin.is_empty()).unwrap_or_default(), ABSENT),
            cpes: cpes(fact.package),
            metadata: JavaMetadata { pom_properties: pom.map(lines).unwrap_or_default() },
        }
    }
}

/// The suffix of the innermost archive, in upper case; the coordinates of what is shaded into it may follow.
fn suffix(path: &str) -> String {
    const ARCHIVES: [&str; 9] = ["jar", "war", "ear", "par", "sar", "nar", "jpi", "hpi", "lpkg"];
    let archives = path.split(':').rev().filter_map(|segment| segment.rsplit_once('.').map(|(_, suffix)| suffix));
    let mut suffixes = archives.map(str::to_ascii_lowercase);
    suffixes.find(|suffix| ARCHIVES.contains(&suffix.as_str())).unwrap_or_else(|| "jar".into()).to_uppercase()
}

/// The lines of `pom.properties` that identify the archive, as the original wrote them.
fn lines(pom: &PomProperties) -> String {
    format!("\ngroupId={}\nartifactId={}\nversion={}\n", pom.group_id, pom.artifact_id, pom.version)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use windlass_sbom::{
        Package, PackageType, Sbom,
        metadata::{JavaManifest, KeyValue},
    };

    use super::*;
    use crate::content::{Content, ContentType};

    #[test]
    fn an_archive_is_told_by_its_pom_and_its_manifest() {
        let attribute = |key: &str, value: &str| KeyValue { key: key.into(), value: value.into() };
        let mut jar = Package::new(PackageType::JavaArchive, "hello", "1.2.3");
        jar.metadata = Metadata::JavaArchive(Box::new(JavaArchive {
            virtual_path: "/opt/app/hello-1.2.3.jar".into(),
            manifest: Some(JavaManifest {
                main: vec![attribute("Implementation-Version", "1.2.3"), attribute("Implementation-Vendor", "V")],
                sections: vec![],
            }),
            pom_properties: Some(PomProperties {
                group_id: "com.example".into(),
                artifact_id: "hello".into(),
                version: "1.2.3".into(),
                ..PomProperties::default()
            }),
            ..JavaArchive::default()
        }));
        let mut bare = Package::new(PackageType::JenkinsPlugin, "plugin", "");
        let archive = JavaArchive { virtual_path: "/a.hpi:org.x:y".into(), ..JavaArchive::default() };
        bare.metadata = Metadata::JavaArchive(Box::new(archive));
        let sbom = Sbom { packages: vec![jar, bare], ..Sbom::default() };
        assert_eq!(
            json!(Content::of(&sbom, ContentType::Packages("java"))),
            json!([
                {"package": "hello", "version": "1.2.3", "type": "JAVA-JAR", "location": "/opt/app/hello-1.2.3.jar",
                    "specification-version": "N/A", "implementation-version": "1.2.3", "maven-version": "1.2.3",
                    "origin": "com.example", "cpes": [],
                    "metadata": {"pom.properties": "\ngroupId=com.example\nartifactId=hello\nversion=1.2.3\n"}},
                {"package": "plugin", "version": "N/A", "type": "JAVA-HPI", "location": "/a.hpi:org.x:y",
                    "specification-version": "N/A", "implementation-version": "N/A", "maven-version": "N/A",
                    "origin": "N/A", "cpes": [], "metadata": {"pom.properties": ""}},
            ])
        );
    }

    #[test]
    fn the_innermost_archive_gives_the_type() {
        for (path, expected) in [
            ("/a.war", "WAR"),
            ("/a.war:WEB-INF/lib/b.JAR", "JAR"),
            ("/a.ear:b.jar:org.apache:commons.io", "JAR"),
            ("", "JAR"),
        ] {
            assert_eq!(suffix(path), expected, "{path}");
        }
    }
}
