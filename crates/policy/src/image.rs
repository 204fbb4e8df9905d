//! The facts about an image that rules look at, in the terms of `spec/policy.md` §4.0.

use std::{
    borrow::Cow,
    cell::OnceCell,
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use jiff::Timestamp;
use windlass_matching::Outcome;
use windlass_patterns::TextList;
use windlass_sbom::{FileEntry, FileKind, FileTable, ImageSource, PackageId, Sbom, Source};

use crate::{
    Profile, by_text::ByText, dockerfile::Dockerfile, finding::FindingFact, license_words::LicenseWords,
    package::PackageFact,
};

/// An analysed image with what is known about it today. What several rules need is derived once, when the first asks.
#[derive(Debug)]
pub struct Image<'a> {
    pub sbom: &'a Sbom,
    /// What matching says of that bill of materials.
    pub outcome: &'a Outcome,
    pub knowledge: Knowledge<'a>,
    packages: OnceCell<Vec<PackageFact<'a>>>,
    packages_by_name: OnceCell<ByText<'a>>,
    license_words: OnceCell<LicenseWords<'a>>,
    findings: OnceCell<Vec<FindingFact<'a>>>,
    findings_by_id: OnceCell<ByText<'a>>,
    files: OnceCell<Cow<'a, FileTable>>,
    /// As each profile reads it.
    dockerfiles: [OnceCell<Dockerfile>; 2],
}

/// What neither the analysis nor matching knows.
#[derive(Clone, Debug, Default)]
pub struct Knowledge<'a> {
    /// When the vulnerability database was built; `None`: never.
    pub database_built: Option<Timestamp>,
    /// When findings were first seen in this image; those it does not name are seen now for the first time.
    pub first_seen: Option<&'a FirstSeen>,
    /// When the image was first known: no finding is older in it, whatever is known of its packages.
    pub since: Option<Timestamp>,
    /// What the npm registry publishes; `None`: not known here.
    pub npm_packages: Option<&'a PublishedPackages>,
    /// What rubygems.org publishes.
    pub gem_packages: Option<&'a PublishedPackages>,
    /// The image that had the tag before.
    pub previous: Option<&'a Sbom>,
    /// Images that this one is built on, as far as they are known: their layers are the lowest of this one's.
    pub ancestors: &'a [Ancestor],
}

/// Times by package and, of each, by vulnerability: package versions have theirs, whatever image they are in.
pub type FirstSeen = HashMap<PackageId, Arc<BTreeMap<String, Timestamp>>>;

/// What is published, by name of package.
pub type PublishedPackages = BTreeMap<String, PublishedPackage>;

/// The versions of a package that its registry offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublishedPackage {
    pub latest: String,
    pub versions: Vec<String>,
}

/// An image whose layers are the lowest of another one's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ancestor {
    /// Of the manifest: `sha256:…`
    pub digest: String,
    /// Full tags it is known by.
    pub tags: Vec<String>,
    pub layers: usize,
}

impl<'a> Image<'a> {
    pub fn new(sbom: &'a Sbom, outcome: &'a Outcome, knowledge: Knowledge<'a>) -> Self {
        Self {
            sbom,
            outcome,
            knowledge,
            packages: OnceCell::new(),
            packages_by_name: OnceCell::new(),
            license_words: OnceCell::new(),
            findings: OnceCell::new(),
            findings_by_id: OnceCell::new(),
            files: OnceCell::new(),
            dockerfiles: Default::default(),
        }
    }

    /// The same image with the files of this table, in place of those of its bill of materials.
    #[must_use]
    pub fn with_files(self, files: &'a FileTable) -> Self {
        Self { files: OnceCell::from(Cow::Borrowed(files)), ..self }
    }

    /// Identity and documents, where it is an image.
    pub fn source(&self) -> Option<&'a ImageSource> {
        match &self.sbom.source {
            Source::Image(image) => Some(image),
            Source::Directory { .. } | Source::Other { .. } => None,
        }
    }

    /// 64 hexadecimal digits, or what stands for them where the artifact is no image.
    pub fn id(&self) -> &'a str {
        match self.source() {
            Some(image) => image.image_id.strip_prefix("sha256:").unwrap_or(&image.image_id),
            None => self.sbom.source.name(),
        }
    }

    /// `sha256:…`: the first digest it is known by in a registry, else that of its manifest.
    pub fn digest(&self) -> &'a str {
        let Some(image) = self.source() else { return "" };
        let named = image.repo_digests.first().and_then(|name| name.rsplit_once('@'));
        named.map_or(&image.manifest_digest, |(_, digest)| digest)
    }

    /// Every package, sorted by type, name, version and path.
    pub fn packages(&self) -> &[PackageFact<'a>] {
        self.packages.get_or_init(|| PackageFact::all(self.sbom))
    }

    /// The packages of exactly this name, in the order of all.
    pub(crate) fn packages_named(&self, name: &str) -> impl Iterator<Item = &PackageFact<'a>> + use<'_, 'a> {
        let packages = self.packages();
        let by_name = self.packages_by_name.get_or_init(|| packages.iter().map(PackageFact::name).collect());
        by_name.positions(name).map(|position| &packages[position])
    }

    /// What packages say of their licences.
    pub(crate) fn license_words(&self) -> &LicenseWords<'a> {
        self.license_words.get_or_init(|| LicenseWords::of(self.packages()))
    }

    /// Every finding, in the order of the outcome.
    pub fn findings(&self) -> &[FindingFact<'a>] {
        self.findings.get_or_init(|| FindingFact::all(self))
    }

    /// The findings of exactly this id, in the order of all.
    pub(crate) fn findings_named(&self, id: &str) -> impl Iterator<Item = &FindingFact<'a>> + use<'_, 'a> {
        let findings = self.findings();
        let by_id = self.findings_by_id.get_or_init(|| findings.iter().map(FindingFact::id).collect());
        by_id.positions(id).map(|position| &findings[position])
    }

    /// The Dockerfile, or what is told of it, as the profile reads it.
    pub(crate) fn dockerfile(&self, profile: Profile) -> &Dockerfile {
        self.dockerfiles[profile as usize].get_or_init(|| Dockerfile::of(self.sbom, profile))
    }

    /// Every file, sorted by path; empty where the analysis did not list them.
    pub fn files(&self) -> &FileTable {
        self.files.get_or_init(|| Cow::Owned(FileTable::of(&self.sbom.files)))
    }

    /// The paths of [`Image::files`], to be searched.
    pub(crate) fn paths(&self) -> TextList<'_> {
        let (shared, ends, tails) = self.files().paths().columns();
        TextList::front_coded(shared, ends, tails)
    }

    /// The file at exactly this path.
    pub fn file(&self, path: &str) -> Option<FileEntry<'_>> {
        self.files().find(path)
    }

    /// Content of a file that the analysis was told to keep.
    pub fn retrieved(&self, path: &str) -> Option<&'a [u8]> {
        self.sbom.inspection.retrieved_files.as_ref()?.get(path).map(Vec::as_slice)
    }

    /// When a finding was first seen; `None` where nobody noted it.
    pub(crate) fn first_seen(&self, vulnerability: &str, package: &PackageId) -> Option<Timestamp> {
        let seen = self.knowledge.first_seen?.get(package)?.get(vulnerability).copied()?;
        Some(self.knowledge.since.map_or(seen, |since| seen.max(since)))
    }
}

/// The mode as the original recorded it, with the bits that say what kind of file it is.
pub(crate) fn full_mode(file: FileEntry<'_>) -> u32 {
    let kind = match file.kind() {
        FileKind::RegularFile | FileKind::HardLink => 0o100_000,
        FileKind::Directory => 0o040_000,
        FileKind::SymbolicLink => 0o120_000,
        FileKind::CharacterDevice => 0o020_000,
        FileKind::BlockDevice => 0o060_000,
        FileKind::Fifo => 0o010_000,
    };
    kind | (file.mode() & 0o7777)
}
