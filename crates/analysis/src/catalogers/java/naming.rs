//! Which of an archive's documents names the archive itself, and by what group, name and version
//! (`spec/analysis.md` §6.4).

use windlass_sbom::metadata::{JavaManifest, PomProject, PomProperties};

use super::{file_name, manifest};

/// Group, name and version; the group and the version may be empty.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) group: String,
    pub(super) name: String,
    pub(super) version: String,
}

/// What an archive says about itself.
pub(super) struct Documents<'a> {
    pub(super) path: &'a str,
    pub(super) manifest: Option<&'a JavaManifest>,
    pub(super) properties: &'a [PomProperties],
    pub(super) projects: &'a [PomProject],
}

impl Documents<'_> {
    /// The pom.properties that describes this archive rather than something packed into it: the one that fits the
    /// file's name. If the file was renamed it is the only one, provided that the manifest names the same bundle.
    pub(super) fn own_properties(&self) -> Option<usize> {
        let (name, _) = file_name::parse(self.path);
        pick(&name, self.properties.iter().map(|pom| pom.artifact_id.as_str())).or_else(|| {
            let [only] = self.properties else { return None };
            let bundle = manifest::value(self.manifest?, "Bundle-SymbolicName")?.split(';').next()?.trim();
            let artifact = bundle.strip_prefix(&only.group_id)?.trim_start_matches('.');
            (!only.group_id.is_empty() && (artifact.is_empty() || artifact == only.artifact_id)).then_some(0)
        })
    }

    /// The pom.xml that describes this archive.
    pub(super) fn own_project(&self) -> Option<usize> {
        let (name, _) = file_name::parse(self.path);
        pick(&name, self.projects.iter().map(|pom| pom.artifact_id.as_str()))
    }

    /// What the archive is. `None` where nothing tells: no manifest, no pom, no version in its name.
    pub(super) fn identity(&self) -> Option<Identity> {
        let (file_artifact, file_version) = file_name::parse(self.path);
        let properties = self.own_properties().map(|own| &self.properties[own]);
        let project = self.own_project().map(|own| &self.projects[own]);
        let stated = self.manifest.is_some() || properties.is_some() || project.is_some();
        if !stated && (file_artifact.is_empty() || file_version.is_empty()) {
            return None;
        }
        // A shaded archive carries the manifest of whatever was packed into it last.
        let is_shaded = properties.is_none() && self.properties.len() > 1;
        let manifest_of_its_own = self.manifest.filter(|_| !is_shaded);
        let name = first([
            properties.map(|pom| pom.artifact_id.clone()),
            project.map(|pom| pom.artifact_id.clone()),
            self.manifest.and_then(bundle_name).filter(|name| is_like(&file_artifact, name)),
            Some(file_artifact),
            self.manifest.and_then(manifest_name),
        ])?;
        let version = first([
            properties.map(|pom| pom.version.clone()),
            project.map(|pom| pom.version.clone()),
            Some(file_version),
            self.manifest.and_then(manifest_version),
        ])
        .unwrap_or_default();
        let group = first([
            properties.map(|pom| pom.group_id.clone()),
            properties.filter(|pom| pom.artifact_id.contains('.')).map(|pom| pom.artifact_id.clone()),
            project.map(|pom| pom.group_id.clone()),
            manifest_of_its_own.and_then(|manifest| manifest_group(manifest, &name)),
        ])
        .unwrap_or_default();
        Some(Identity { group, name, version })
    }
}

fn first<const N: usize>(candidates: [Option<String>; N]) -> Option<String> {
    candidates.into_iter().flatten().find(|candidate| !candidate.is_empty())
}

/// The one whose artifact is the file's; else the first of which one name begins or ends with the other.
fn pick<'a>(file: &str, mut artifacts: impl Iterator<Item = &'a str> + Clone) -> Option<usize> {
    artifacts
        .clone()
        .position(|artifact| artifact == file)
        .or_else(|| artifacts.position(|artifact| is_like(file, artifact)))
}

/// Whether one name begins or ends with the other.
fn is_like(file: &str, artifact: &str) -> bool {
    !artifact.is_empty()
        && !file.is_empty()
        && (artifact.starts_with(file) || file.ends_with(artifact) || file.starts_with(artifact))
}

/// OSGi bundles made by Maven carry their artifact as the last part of their symbolic name.
fn bundle_name(manifest: &JavaManifest) -> Option<String> {
    let maker = manifest::value(manifest, "Created-By").or_else(|| manifest::value(manifest, "Build"))?;
    if !maker.contains("Apache Maven Bundle Plugin") {
        return None;
    }
    let symbolic = manifest::value(manifest, "Bundle-SymbolicName")?.split(';').next()?.trim();
    if manifest::value(manifest, "Implementation-Vendor-Id") == Some(symbolic) {
        return None;
    }
    symbolic.rsplit('.').next().map(str::to_owned)
}

fn manifest_name(manifest: &JavaManifest) -> Option<String> {
    ["Name", "Bundle-Name", "Short-Name", "Extension-Name", "Implementation-Title"]
        .iter()
        .find_map(|key| manifest::value(manifest, key))
        .map(str::to_owned)
}

fn manifest_version(manifest: &JavaManifest) -> Option<String> {
    ["Implementation-Version", "Specification-Version", "Plugin-Version", "Bundle-Version"]
        .iter()
        .find_map(|key| manifest::value(manifest, key))
        .map(str::to_owned)
}

/// Fields that often hold a group id, in the order they are trusted; a value counts if it looks like a domain reversed.
fn manifest_group(manifest: &JavaManifest, name: &str) -> Option<String> {
    const PRIMARY: [&str; 8] = [
        "Group-Id",
        "Bundle-SymbolicName",
        "Extension-Name",
        "Specification-Vendor",
        "Implementation-Vendor",
        "Implementation-Vendor-Id",
        "Implementation-Title",
        "Bundle-Activator",
    ];
    const SECONDARY: [&str; 3] = ["Automatic-Module-Name", "Main-Class", "Package"];
    let looks_like_group =
        |value: &&str| ["com.", "org.", "net.", "io.", "be."].iter().any(|top| value.starts_with(top));
    let fields = PRIMARY.iter().chain(&SECONDARY);
    let value = fields
        .filter_map(|key| manifest::value(manifest, key))
        .map(|value| value.split([';', ',', ' ']).next().unwrap_or_default().trim())
        .find(looks_like_group)?;
    // `org.apache.commons.text` of the artifact `text` belongs to the group `org.apache.commons`.
    let group = value.strip_suffix(name).and_then(|rest| rest.strip_suffix('.')).filter(|rest| rest.contains('.'));
    Some(group.unwrap_or(value).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn properties(group: &str, artifact: &str, version: &str) -> PomProperties {
        PomProperties {
            group_id: group.into(),
            artifact_id: artifact.into(),
            version: version.into(),
            ..PomProperties::default()
        }
    }

    fn identity(path: &str, manifest: &str, properties: &[PomProperties]) -> Option<(String, String, String)> {
        let manifest = (!manifest.is_empty()).then(|| manifest::parse(manifest));
        let documents = Documents { path, manifest: manifest.as_ref(), properties, projects: &[] };
        documents.identity().map(|found| (found.group, found.name, found.version))
    }

    #[test]
    fn the_pom_that_fits_the_file_name_wins_over_what_is_shaded_in() {
        let poms = [properties("g.shaded", "guava", "31.1"), properties("g.app", "app", "1.2")];
        let expected = Some(("g.app".into(), "app".into(), "1.2".into()));
        assert_eq!(identity("/opt/app-1.2.jar", "Manifest-Version: 1.0\n", &poms), expected);
    }

    #[test]
    fn a_renamed_archive_is_known_by_the_bundle_that_its_only_pom_and_its_manifest_name() {
        let poms = [properties("com.google.guava", "guava", "31.1-jre")];
        let bundle =
            |name: &str| format!("Manifest-Version: 1.0\nBundle-SymbolicName: {name}\nBundle-Version: 31.1.0.jre\n");
        let guava = Some(("com.google.guava".into(), "guava".into(), "31.1-jre".into()));
        assert_eq!(identity("/opt/renamed.jar", &bundle("com.google.guava"), &poms), guava);
        assert_eq!(identity("/opt/renamed.jar", &bundle("com.google.guava.guava"), &poms), guava);
        let app = Some(("org.example".into(), "app".into(), "2.0".into()));
        assert_eq!(identity("/opt/app-2.0.jar", &bundle("org.example.app"), &poms), app, "guava is shaded in");
    }

    #[test]
    fn a_shaded_archive_takes_no_group_from_a_manifest_of_what_is_in_it() {
        let poms = [properties("org.yaml", "snakeyaml", "1.19"), properties("com.squareup.okio", "okio", "1.13.0")];
        let manifest = "Manifest-Version: 1.0\nBundle-SymbolicName: org.yaml.snakeyaml\n";
        let expected = Some((String::new(), "selenium-server-standalone".into(), "3.141.59".into()));
        assert_eq!(identity("/opt/selenium-server-standalone-3.141.59.jar", manifest, &poms), expected);
    }

    #[test]
    fn without_a_pom_the_file_name_and_the_manifest_tell() {
        let manifest = "Manifest-Version: 1.0\nImplementation-Version: 9\nBundle-SymbolicName: org.example.tool\n";
        let expected = Some(("org.example".into(), "tool".into(), "9".into()));
        assert_eq!(identity("/opt/tool.jar", manifest, &[]), expected);
        let expected = Some(("org.example".into(), "tool".into(), "1.0".into()));
        assert_eq!(identity("/opt/tool-1.0.jar", manifest, &[]), expected);
    }

    #[test]
    fn an_archive_that_says_nothing_is_no_package_unless_its_name_has_a_version() {
        assert_eq!(identity("/opt/data.jar", "", &[]), None);
        assert_eq!(identity("/opt/data-1.0.jar", "", &[]), Some((String::new(), "data".into(), "1.0".into())));
    }
}
