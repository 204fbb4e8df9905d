//! Java archives and Jenkins plugins, known by their Maven coordinates.

use packageurl::PackageUrl;
use windlass_sbom::{Metadata, Package, PackageType};

use super::{Matcher, by_ecosystem};
use crate::qualifiers;

pub(super) const MATCHER: Matcher = Matcher {
    name: "java-matcher",
    kinds: &[PackageType::JavaArchive, PackageType::JenkinsPlugin],
    find: |search, candidate| by_ecosystem(search, candidate, search.options.cpes.java),
};

/// The `group:artifact` names it may be published under, most trusted first; none where no group is known.
pub(super) fn coordinates(package: &Package, purl: Option<&PackageUrl<'_>>) -> Vec<String> {
    let mut names = Vec::new();
    if let Metadata::JavaArchive(archive) = &package.metadata {
        let properties = archive.pom_properties.as_ref().map(|pom| (&pom.group_id, &pom.artifact_id));
        let project = archive.pom_project.as_ref().map(|pom| (&pom.group_id, &pom.artifact_id));
        let manifest = archive
            .manifest
            .as_ref()
            .and_then(|manifest| manifest.main.iter().find(|entry| entry.key == "Name").map(|entry| &entry.value));
        for (group, artifact) in [properties, project].into_iter().flatten() {
            for artifact in std::iter::once(artifact).chain(manifest) {
                names.push((group.as_str(), artifact.as_str()));
            }
        }
    }
    if let Some(purl) = purl {
        names.push((purl.namespace().unwrap_or_default(), purl.name()));
    }
    if let Some((group, artifact)) = package.name.split_once(':') {
        names.push((group, artifact));
    }
    let mut names: Vec<String> = names
        .into_iter()
        .filter(|(group, artifact)| !group.is_empty() && !artifact.is_empty())
        .map(|(group, artifact)| format!("{group}:{artifact}"))
        .collect();
    names.extend(qualifiers::upstream_name(package.kind, &package.name));
    let rebuilt: Vec<String> =
        names.iter().filter_map(|name| name.strip_prefix("io.root.").map(str::to_owned)).collect();
    names.extend(rebuilt);
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| seen.insert(name.to_ascii_lowercase()));
    names
}
