//! The original's analysis of an image: tables of texts, JSON in some of them (`spec/analysis.md` §11, §12).

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use windlass_sbom::{
    Distro, Evidence, File, FileDigest, FileKind, FileMatches, Location, MalwareFinding, MalwareScan, PatternMatch,
    Sbom,
};

use super::Unfit;

/// One image of an export.
#[derive(Deserialize)]
pub(super) struct Export {
    image: Image,
}

#[derive(Deserialize)]
struct Image {
    imagedata: ImageData,
}

#[derive(Deserialize)]
struct ImageData {
    #[serde(default)]
    analysis_report: Report,
    #[serde(default)]
    image_report: ImageReport,
}

impl Export {
    pub(super) fn into_parts(self) -> (Report, ImageReport) {
        let ImageData { analysis_report, image_report } = self.image.imagedata;
        (analysis_report, image_report)
    }
}

/// What Docker said of the image.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ImageReport {
    pub(super) docker_history: Vec<Step>,
    pub(super) dockerfile_mode: Option<String>,
    pub(super) dockerfile_contents: Option<String>,
    pub(super) docker_data: DockerData,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct DockerData {
    pub(super) architecture: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Step {
    pub(super) id: String,
    pub(super) created: String,
    pub(super) created_by: String,
    pub(super) comment: String,
}

/// What its analysers found, of that what has a place with us. Packages are told better elsewhere.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Report {
    analyzer_meta: Meta,
    file_list: FileList,
    file_checksums: Checksums,
    retrieve_files: Option<Retrieved>,
    secret_search: Option<Searched>,
    content_search: Option<Searched>,
    malware: Option<Malware>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Table {
    base: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Meta {
    analyzer_meta: Table,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct FileList {
    #[serde(rename = "files.allinfo")]
    all: Table,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Checksums {
    #[serde(rename = "files.sha256sums")]
    sha256: Table,
    #[serde(rename = "files.sha1sums")]
    sha1: Table,
    #[serde(rename = "files.md5sums")]
    md5: Table,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Retrieved {
    #[serde(rename = "file_content.all")]
    all: Table,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Searched {
    #[serde(rename = "regexp_matches.all")]
    all: Table,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Malware {
    malware: Table,
}

/// A record of `files.allinfo`.
#[derive(Deserialize)]
struct Info {
    #[serde(default)]
    size: u64,
    #[serde(default)]
    mode: u32,
    #[serde(default)]
    uid: u64,
    #[serde(default)]
    gid: u64,
    #[serde(default)]
    linkdst: Option<String>,
    #[serde(rename = "type", default)]
    kind: String,
}

impl Report {
    /// Adds what it tells to a bill of materials.
    pub(super) fn tell(self, sbom: &mut Sbom) -> Result<(), Unfit> {
        if sbom.distro.is_none() {
            sbom.distro = self.distro();
        }
        let files = self.files()?;
        if !files.is_empty() {
            (sbom.files, sbom.inspection.all_files) = (files, true);
        }
        let inspection = &mut sbom.inspection;
        inspection.secret_matches = self.secret_search.as_ref().map(matches).transpose()?;
        inspection.content_matches = self.content_search.as_ref().map(matches).transpose()?;
        if let Some(retrieved) = &self.retrieve_files {
            let content = |(path, text): (&String, &String)| {
                Ok((path.clone(), decoded(text).ok_or_else(|| Unfit::document(path, "its content is no base64"))?))
            };
            inspection.retrieved_files = Some(retrieved.all.base.iter().map(content).collect::<Result<_, Unfit>>()?);
        }
        for text in self.malware.iter().flat_map(|found| found.malware.base.values()) {
            inspection.malware_scans.push(scan(text)?);
        }
        Ok(())
    }

    fn distro(&self) -> Option<Distro> {
        let said = |key: &str| self.analyzer_meta.analyzer_meta.base.get(key).cloned().unwrap_or_default();
        let id = match said("DISTRO").to_lowercase().as_str() {
            "" | "unknown" => return None,
            // As it is called where it says so itself.
            "redhat" => "rhel".to_owned(),
            id => id.to_owned(),
        };
        let version_id = said("DISTROVERS");
        let like = said("LIKEDISTRO");
        let id_like =
            like.split([',', ' ']).filter(|like| !like.is_empty() && *like != id).map(str::to_owned).collect();
        Some(Distro { name: id.clone(), version: version_id.clone(), id, version_id, id_like, ..Distro::default() })
    }

    fn files(&self) -> Result<Vec<File>, Unfit> {
        let file = |(path, text): (&String, &String)| {
            let info: Info = json(path, text)?;
            let kind = match info.kind.as_str() {
                "dir" => FileKind::Directory,
                "slink" => FileKind::SymbolicLink,
                "dev" => FileKind::CharacterDevice,
                _ => FileKind::RegularFile,
            };
            let sums = [
                ("md5", &self.file_checksums.md5),
                ("sha1", &self.file_checksums.sha1),
                ("sha256", &self.file_checksums.sha256),
            ];
            let digest = |(algorithm, table): (&str, &Table)| {
                let value = table.base.get(path).filter(|value| value.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
                Some(FileDigest { algorithm: algorithm.to_owned(), value: value.clone() })
            };
            let digests =
                if kind == FileKind::RegularFile { sums.into_iter().filter_map(digest).collect() } else { Vec::new() };
            Ok(File {
                location: Location::new(path.clone(), None, Evidence::Primary),
                kind,
                mode: info.mode & 0o7777,
                uid: info.uid,
                gid: info.gid,
                size: info.size,
                link_target: info.linkdst.filter(|_| kind == FileKind::SymbolicLink).unwrap_or_default(),
                digests,
            })
        };
        self.file_list.all.base.iter().map(file).collect()
    }
}

/// Files with the patterns that matched in them: names and expressions in base64, lines beside them.
fn matches(found: &Searched) -> Result<Vec<FileMatches>, Unfit> {
    let file = |(path, text): (&String, &String)| {
        let by_pattern: BTreeMap<String, Vec<u32>> = json(path, text)?;
        let pattern = |(encoded, lines): (String, Vec<u32>)| {
            let bytes = decoded(&encoded).ok_or_else(|| Unfit::document(path, "a pattern is no base64"))?;
            let text = String::from_utf8_lossy(&bytes);
            let (name, regex) = text.trim_end_matches('\n').split_once('=').unwrap_or(("", text.trim_end()));
            Ok(PatternMatch { name: name.to_owned(), regex: regex.to_owned(), lines })
        };
        let mut matches: Vec<PatternMatch> = by_pattern.into_iter().map(pattern).collect::<Result<_, Unfit>>()?;
        matches.sort();
        Ok(FileMatches { path: path.clone(), matches })
    };
    found.all.base.iter().map(file).collect()
}

fn scan(text: &str) -> Result<MalwareScan, Unfit> {
    #[derive(Deserialize)]
    struct Scan {
        #[serde(default)]
        scanner: String,
        #[serde(default)]
        findings: Vec<Finding>,
        #[serde(default)]
        metadata: BTreeMap<String, Value>,
    }
    #[derive(Deserialize)]
    struct Finding {
        #[serde(default)]
        path: String,
        #[serde(default)]
        signature: String,
    }
    let Scan { scanner, findings, metadata } = json("malware", text)?;
    let mut findings: Vec<_> =
        findings.into_iter().map(|Finding { path, signature }| MalwareFinding { path, signature }).collect();
    findings.sort();
    let said = |(key, value): (String, Value)| match value {
        Value::String(text) => (key, text),
        other => (key, other.to_string()),
    };
    Ok(MalwareScan { scanner, findings, metadata: metadata.into_iter().map(said).collect() })
}

fn json<T: DeserializeOwned>(name: &str, text: &str) -> Result<T, Unfit> {
    serde_json::from_str(text).map_err(|error| Unfit::document(name, error))
}

/// Base64 with or without newlines.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let text: String = text.split_ascii_whitespace().collect();
    STANDARD.decode(text).ok()
}
