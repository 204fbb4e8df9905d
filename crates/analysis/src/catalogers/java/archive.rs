//! Walks an archive and the archives in it, within budgets.

use std::io::{self, Read, Seek, SeekFrom};

use sha1::{Digest as _, Sha1};
use windlass_image::Spool;
use windlass_sbom::{
    FileDigest, PackageType,
    metadata::{JavaArchive, PomProject, PomProperties},
};
use zip::ZipArchive;

use super::{ArchiveBudgets, JavaFact, JavaPackage, is_archive_name, manifest, naming::Documents, pom};
use crate::Unreadable;

/// A manifest or pom larger than this is no such document.
const DOCUMENT_LIMIT: u64 = 4 << 20;

/// Reads an archive that lies at `path`, and all that is nested in it.
pub(super) fn read<R: Read + Seek>(path: &str, stream: R, budgets: ArchiveBudgets) -> Result<JavaFact, Unreadable> {
    let mut walk = Walk { budgets, bytes: 0, fact: JavaFact { packages: Vec::new(), troubles: Vec::new() } };
    walk.archive(path, stream, 0, None).map_err(Unreadable::new)?;
    Ok(walk.fact)
}

struct Walk {
    budgets: ArchiveBudgets,
    /// Read so far out of the outermost archive.
    bytes: u64,
    fact: JavaFact,
}

#[derive(Debug, thiserror::Error)]
enum ArchiveError {
    #[error("it is not a readable zip archive: {0}")]
    Zip(#[from] zip::result::ZipError),
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error("it unfolds to more than {0} bytes (raise the archive budget to read it)")]
    Bytes(u64),
    #[error("it has {0} entries, more than the {1} that are read (raise the archive budget to read it)")]
    Entries(usize, usize),
}

impl Walk {
    fn archive<R: Read + Seek>(
        &mut self,
        path: &str,
        mut stream: R,
        depth: usize,
        parent: Option<usize>,
    ) -> Result<(), ArchiveError> {
        let sha1 = sha1_of(&mut stream)?;
        let mut zip = ZipArchive::new(stream)?;
        if zip.len() > self.budgets.entries {
            return Err(ArchiveError::Entries(zip.len(), self.budgets.entries));
        }
        let names: Vec<String> = zip.file_names().map(str::to_owned).collect();
        let own = self.describe(path, &mut zip, &names, sha1, parent)?;
        let mut nested: Vec<&String> = names.iter().filter(|name| is_archive_name(name.as_bytes())).collect();
        nested.sort_unstable();
        for name in nested {
            let inner_path = format!("{path}:{name}");
            if depth + 1 > self.budgets.depth {
                let reason = format!(
                    "archives are nested more than {} deep; what is further in was not read",
                    self.budgets.depth
                );
                self.fact.troubles.push((inner_path, reason));
                continue;
            }
            let spool = self.entry(&mut zip, name, u64::MAX)?;
            match self.archive(&inner_path, spool, depth + 1, own.or(parent)) {
                // The budget is the outermost archive's: when it is spent there is nothing more to read.
                Err(spent @ ArchiveError::Bytes(_)) => return Err(spent),
                Err(trouble) => self.fact.troubles.push((inner_path, trouble.to_string())),
                Ok(()) => {}
            }
        }
        Ok(())
    }

    /// Adds the archive itself and what its pom.properties files name; answers with the archive's place in the list.
    fn describe<R: Read + Seek>(
        &mut self,
        path: &str,
        zip: &mut ZipArchive<R>,
        names: &[String],
        sha1: String,
        parent: Option<usize>,
    ) -> Result<Option<usize>, ArchiveError> {
        let mut manifests = names.iter().filter(|name| name.eq_ignore_ascii_case("META-INF/MANIFEST.MF"));
        // Several manifests contradict each other; then none is believed.
        let manifest = match (manifests.next(), manifests.next()) {
            (Some(name), None) => Some(manifest::parse(&self.text(zip, name)?)),
            _ => None,
        };
        let maven = |file: &str| {
            let mut found: Vec<&String> = names
                .iter()
                .filter(|name| name.starts_with("META-INF/maven/") && name.rsplit('/').next() == Some(file))
                .collect();
            found.sort_unstable();
            found
        };
        let mut properties: Vec<PomProperties> = Vec::new();
        for name in maven("pom.properties") {
            properties.extend(pom::properties(name, &self.text(zip, name)?));
        }
        let mut projects: Vec<(PomProject, Vec<String>)> = Vec::new();
        for name in maven("pom.xml") {
            projects.extend(pom::project(name, &self.text(zip, name)?));
        }
        let project_list: Vec<PomProject> = projects.iter().map(|(project, _)| project.clone()).collect();
        let documents =
            Documents { path, manifest: manifest.as_ref(), properties: &properties, projects: &project_list };
        let suppressed = manifest.as_ref().is_some_and(|manifest| manifest::value(manifest, "Weave-Classes").is_some());
        let own_properties = documents.own_properties();
        let own_project = documents.own_project();
        let mut own = None;
        if let (false, Some(identity)) = (suppressed, documents.identity()) {
            own = Some(self.fact.packages.len());
            let licenses = match own_project {
                Some(own) if !projects[own].1.is_empty() => projects[own].1.clone(),
                _ => manifest.as_ref().map(manifest_licenses).unwrap_or_default(),
            };
            self.fact.packages.push(JavaPackage {
                kind: kind_of(path, &identity.group),
                licenses,
                metadata: JavaArchive {
                    virtual_path: path.to_owned(),
                    manifest: manifest.clone(),
                    pom_properties: own_properties.map(|own| properties[own].clone()),
                    pom_project: own_project.map(|own| project_list[own].clone()),
                    digests: vec![FileDigest { algorithm: "sha1".into(), value: sha1 }],
                },
                parent,
                group: identity.group,
                name: identity.name,
                version: identity.version,
            });
        }
        let main = own.map(|own| {
            let package = &self.fact.packages[own];
            (package.name.clone(), package.version.clone())
        });
        for (index, pom) in properties.into_iter().enumerate() {
            let same = main.as_ref().is_some_and(|(name, version)| *name == pom.artifact_id && *version == pom.version);
            if pom.version.is_empty() || same || own.is_some() && own_properties == Some(index) {
                continue;
            }
            let project = projects.iter().find(|(project, _)| {
                project.artifact_id == pom.artifact_id
                    && (project.group_id.is_empty() || project.group_id == pom.group_id)
            });
            self.fact.packages.push(JavaPackage {
                group: pom.group_id.clone(),
                name: pom.artifact_id.clone(),
                version: pom.version.clone(),
                kind: kind_of("", &pom.group_id),
                licenses: project.map(|(_, licenses)| licenses.clone()).unwrap_or_default(),
                metadata: JavaArchive {
                    virtual_path: format!("{path}:{}:{}", pom.group_id, pom.artifact_id),
                    pom_project: project.map(|(project, _)| project.clone()),
                    pom_properties: Some(pom),
                    ..JavaArchive::default()
                },
                parent: own.or(parent),
            });
        }
        Ok(own)
    }

    fn text<R: Read + Seek>(&mut self, zip: &mut ZipArchive<R>, name: &str) -> Result<String, ArchiveError> {
        let mut spool = self.entry(zip, name, DOCUMENT_LIMIT)?;
        let mut bytes = Vec::new();
        spool.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// An entry's content up to `limit` bytes, counted against the budget as it is inflated: what the archive claims
    /// its size to be is not believed.
    fn entry<R: Read + Seek>(
        &mut self,
        zip: &mut ZipArchive<R>,
        name: &str,
        limit: u64,
    ) -> Result<Spool, ArchiveError> {
        let left = self.budgets.bytes - self.bytes;
        let entry = zip.by_name(name)?;
        let spool = Spool::copy(&mut entry.take(limit.min(left.saturating_add(1))), 0)?;
        self.bytes += spool.len();
        if self.bytes > self.budgets.bytes {
            return Err(ArchiveError::Bytes(self.budgets.bytes));
        }
        Ok(spool)
    }
}

fn kind_of(path: &str, group: &str) -> PackageType {
    let extension = path.rsplit('.').next().unwrap_or_default();
    let plugin = extension.eq_ignore_ascii_case("hpi") || extension.eq_ignore_ascii_case("jpi");
    if plugin || group == "io.jenkins.plugins" || group == "org.jenkins-ci.plugins" {
        PackageType::JenkinsPlugin
    } else {
        PackageType::JavaArchive
    }
}

fn manifest_licenses(manifest: &windlass_sbom::metadata::JavaManifest) -> Vec<String> {
    ["Bundle-License", "Plugin-License-Name"]
        .iter()
        .filter_map(|key| manifest::value(manifest, key))
        .flat_map(|value| value.split(','))
        .map(|value| value.split(';').next().unwrap_or_default().trim().trim_matches('"').to_owned())
        .filter(|value| !value.is_empty())
        .collect()
}

fn sha1_of<R: Read + Seek>(stream: &mut R) -> io::Result<String> {
    stream.seek(SeekFrom::Start(0))?;
    let mut hash = Sha1::new();
    io::copy(stream, &mut hash)?;
    stream.seek(SeekFrom::Start(0))?;
    Ok(hex::encode(hash.finalize()))
}
