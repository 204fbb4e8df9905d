//! What Java projects declare: the dependencies of a `pom.xml`, the locks of Gradle (`spec/analysis.md` §6.4).

use std::collections::BTreeMap;

use quick_xml::{Reader, events::Event};
use windlass_sbom::{
    Metadata, Package, PackageType,
    metadata::{JavaArchive, PomProperties},
    package_url,
};

use super::super::listing::Listing;
use crate::{Evidence, Unreadable, catalogers::listing::not_a};

pub(crate) const POM: Listing = Listing {
    name: "java-pom-cataloger",
    evidence: Evidence::Declared,
    selects: |file| file.name_ends_with("pom.xml") && !file.path().starts_with(b"META-INF/"),
    parse: pom,
};

pub(crate) const GRADLE: Listing = Listing {
    name: "java-gradle-lockfile-cataloger",
    evidence: Evidence::Declared,
    selects: |file| file.name().starts_with(b"gradle.lockfile"),
    parse: gradle,
};

#[derive(Default)]
struct Dependency {
    group: String,
    artifact: String,
    version: String,
    scope: String,
}

/// Elements nested deeper than this are in no project file.
const DEPTH: usize = 64;

/// Direct dependencies that are part of the product (not test scope) and whose version the file itself determines.
fn pom(text: &str) -> Result<Vec<Package>, Unreadable> {
    let mut reader = Reader::from_str(text);
    let mut place: Vec<Vec<u8>> = Vec::new();
    let mut properties: BTreeMap<String, String> = BTreeMap::new();
    let mut managed: BTreeMap<(String, String), String> = BTreeMap::new();
    let mut dependencies: Vec<Dependency> = Vec::new();
    let mut current = Dependency::default();
    loop {
        match reader.read_event().map_err(|error| not_a("pom.xml", error))? {
            Event::Start(element) => {
                if place.len() == DEPTH {
                    return Err(not_a("pom.xml", format!("elements are nested more than {DEPTH} deep")));
                }
                place.push(element.local_name().as_ref().to_vec());
            }
            Event::Text(value) => {
                let value = value.decode().map_err(|error| not_a("pom.xml", error))?.trim().to_owned();
                let names: Vec<&[u8]> = place.iter().map(Vec::as_slice).collect();
                match names.as_slice() {
                    [b"project", b"properties", name] => {
                        properties.insert(String::from_utf8_lossy(name).into_owned(), value);
                    }
                    [b"project", b"version"] | [b"project", b"parent", b"version"] => {
                        properties.entry("project.version".into()).or_insert(value);
                    }
                    [b"project", b"groupId"] | [b"project", b"parent", b"groupId"] => {
                        properties.entry("project.groupId".into()).or_insert(value);
                    }
                    [b"project", .., b"dependencies", b"dependency", field] => match *field {
                        b"groupId" => current.group = value,
                        b"artifactId" => current.artifact = value,
                        b"version" => current.version = value,
                        b"scope" => current.scope = value,
                        _ => {}
                    },
                    _ => {}
                }
            }
            Event::End(_) => {
                let ended = place.pop();
                if ended.as_deref() == Some(b"dependency") {
                    let dependency = std::mem::take(&mut current);
                    let above: Vec<&[u8]> = place.iter().map(Vec::as_slice).collect();
                    match above.as_slice() {
                        [b"project", b"dependencies"] => dependencies.push(dependency),
                        [b"project", b"dependencyManagement", b"dependencies"] => {
                            managed.insert((dependency.group, dependency.artifact), dependency.version);
                        }
                        _ => {}
                    }
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    Ok(dependencies
        .into_iter()
        .filter(|dependency| dependency.scope != "test")
        .filter_map(|dependency| {
            let stated = if dependency.version.is_empty() {
                managed.get(&(dependency.group.clone(), dependency.artifact.clone())).cloned().unwrap_or_default()
            } else {
                dependency.version
            };
            let version = resolve(&stated, &properties)?;
            let group = resolve(&dependency.group, &properties)?;
            describe(&group, &dependency.artifact, &version)
        })
        .collect())
}

/// The value with `${name}` replaced by the file's own properties; `None` where one is not defined here.
fn resolve(value: &str, properties: &BTreeMap<String, String>) -> Option<String> {
    let mut resolved = value.to_owned();
    // A property may refer to another; a chain longer than this refers to itself.
    for _ in 0..8 {
        let Some(start) = resolved.find("${") else { break };
        let end = start + resolved[start..].find('}')?;
        let name = resolved[start + 2..end].to_owned();
        let replacement = properties.get(&name).or_else(|| properties.get(&name.replace("pom.", "project.")))?;
        resolved.replace_range(start..=end, replacement);
        if resolved.len() > 256 {
            return None;
        }
    }
    (!resolved.is_empty() && !resolved.contains("${")).then_some(resolved)
}

/// `group:artifact:version=configurations` lines.
#[expect(clippy::unnecessary_wraps, reason = "a listing's parser may fail; this format has no invalid text")]
fn gradle(text: &str) -> Result<Vec<Package>, Unreadable> {
    Ok(text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let mut parts = line.split('=').next()?.split(':');
            let (group, artifact, version) = (parts.next()?, parts.next()?, parts.next()?);
            describe(group, artifact, version.trim())
        })
        .collect())
}

fn describe(group: &str, artifact: &str, version: &str) -> Option<Package> {
    (!artifact.is_empty() && !version.is_empty()).then(|| Package {
        purl: package_url(PackageType::JavaArchive, group, artifact, version, &[]),
        metadata: Metadata::JavaArchive(Box::new(JavaArchive {
            pom_properties: Some(PomProperties {
                group_id: group.to_owned(),
                artifact_id: artifact.to_owned(),
                version: version.to_owned(),
                ..PomProperties::default()
            }),
            ..JavaArchive::default()
        })),
        ..Package::new(PackageType::JavaArchive, artifact, version)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(packages: Result<Vec<Package>, Unreadable>) -> Vec<String> {
        packages.expect("a listing").into_iter().filter_map(|package| package.purl).collect()
    }

    #[test]
    fn versions_come_from_properties_and_dependency_management() {
        let text = "<project><properties><log4j>2.14.1</log4j></properties><version>1.0</version>\
            <dependencyManagement><dependencies><dependency><groupId>g</groupId><artifactId>managed</artifactId><version>3</version>\
            </dependency></dependencies></dependencyManagement><dependencies>\
            <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-core</artifactId><version>${log4j}</version></dependency>\
            <dependency><groupId>g</groupId><artifactId>managed</artifactId></dependency>\
            <dependency><groupId>g</groupId><artifactId>unknown</artifactId><version>${elsewhere}</version></dependency>\
            <dependency><groupId>g</groupId><artifactId>tested</artifactId><version>1</version><scope>test</scope></dependency>\
            </dependencies></project>";
        assert_eq!(
            listed(pom(text)),
            ["pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1", "pkg:maven/g/managed@3"]
        );
    }

    #[test]
    fn a_property_that_refers_to_itself_resolves_to_nothing() {
        let properties = BTreeMap::from([("a".to_owned(), "${a}x".to_owned())]);
        assert_eq!(resolve("${a}", &properties), None);
    }

    #[test]
    fn damaged_xml_is_an_unknown_and_gradle_locks_are_lines() {
        assert!(pom("<project><a></b>").is_err());
        let text = "# locked\norg.example:a:1.0=compileClasspath,runtimeClasspath\nempty=annotationProcessor\n";
        assert_eq!(listed(gradle(text)), ["pkg:maven/org.example/a@1.0"]);
    }
}
