//! What an analysis looks for beside packages: what the user asks for, and what a policy bundle reads.

use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use windlass_analysis::{
    Analysers, FileSelection, MalwareScanner, Options, Patterns, RetrieveFiles, Search, SecretRules,
};
use windlass_clamd::{Address, Clamd};
use windlass_image::DigestAlgorithm;
use windlass_policy::{Inputs, Profile};
use windlass_sbom::Sbom;

/// A Dockerfile longer than this is not read.
const DOCKERFILE_LIMIT: u64 = 1 << 20;

#[derive(Args)]
#[command(next_help_heading = "Inspection")]
pub(crate) struct InspectionArguments {
    /// Which files to list in the bill of materials.
    #[arg(long, value_enum, default_value_t, value_name = "WHICH")]
    files: Files,
    /// Digests of listed files, separated by commas.
    #[arg(long, value_enum, value_name = "ALGORITHMS", value_delimiter = ',', default_value = "sha256")]
    digests: Vec<Algorithm>,
    /// Search files for secrets: as Anchore Engine did, or for keys and tokens of today's services [default when given
    /// without a value: compatible].
    #[arg(
        long,
        value_enum,
        value_name = "RULES",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "compatible"
    )]
    secrets: Option<Secrets>,
    /// Search the lines of files for a pattern, which may have a name (repeatable).
    #[arg(long, value_name = "[NAME=]REGEX")]
    search: Vec<String>,
    /// Keep the content of a file, such as /etc/passwd (repeatable).
    #[arg(long, value_name = "PATH")]
    retrieve: Vec<String>,
    /// Have ClamAV's daemon scan every file: unix:/run/clamav/clamd.ctl, tcp:HOST:PORT.
    #[arg(long, value_name = "ADDRESS", env = "WINDLASS_CLAMD")]
    clamd: Option<Address>,
    /// Believe the packages that an image lists in /anchore_hints.json.
    #[arg(long)]
    hints: bool,
    /// The Dockerfile that the image was built with [default: what its history tells].
    #[arg(long, value_name = "FILE")]
    dockerfile: Option<PathBuf>,
}

/// Which files are listed.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum Files {
    #[default]
    None,
    /// Files that a package owns or is proved by.
    Owned,
    All,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Algorithm {
    Md5,
    Sha1,
    Sha256,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Secrets {
    Compatible,
    Modern,
}

/// What an analysis must look for so that somebody's rules can be evaluated.
#[derive(Default)]
pub(crate) struct Needs {
    pub(crate) inputs: Inputs,
    pub(crate) profile: Profile,
    /// Files whose content rules read.
    pub(crate) paths: BTreeSet<String>,
}

impl InspectionArguments {
    /// Adds to the options what was asked for and what is needed.
    pub(crate) fn apply(&self, needs: &Needs, options: &mut Options) -> anyhow::Result<()> {
        let reads = |input| needs.inputs.intersects(input);
        let files = if reads(Inputs::FILES.with(Inputs::FILE_DIGESTS)) { Files::All } else { self.files };
        options.files = match files {
            Files::None => FileSelection::None,
            Files::Owned => FileSelection::OwnedByPackage,
            Files::All => FileSelection::All,
        };
        if files != Files::None {
            let every = reads(Inputs::FILE_DIGESTS).then_some(DigestAlgorithm::ALL);
            let asked = self.digests.iter().map(|algorithm| algorithm.digest());
            options.walk.file_digests = asked.chain(every.into_iter().flatten()).collect();
        }
        options.analysers = Analysers {
            content_search: self.content_search()?,
            secret_search: self.secret_rules(needs).map(Search::secrets),
            retrieve_files: self.retrieve_files(needs),
            malware: self.malware_scanner()?,
            hints: self.hints,
        };
        Ok(())
    }

    /// Adds what the image itself does not tell.
    pub(crate) fn complete(&self, sbom: &mut Sbom) -> anyhow::Result<()> {
        let Some(path) = &self.dockerfile else { return Ok(()) };
        let failed = || format!("the Dockerfile {} cannot be read", path.display());
        let length = std::fs::metadata(path).with_context(failed)?.len();
        anyhow::ensure!(length <= DOCKERFILE_LIMIT, "{}: it is longer than {DOCKERFILE_LIMIT} bytes", failed());
        sbom.inspection.dockerfile = Some(std::fs::read_to_string(path).with_context(failed)?);
        Ok(())
    }

    fn content_search(&self) -> anyhow::Result<Option<Search>> {
        if self.search.is_empty() {
            return Ok(None);
        }
        Ok(Some(Search::new(Patterns::parse(&self.search)?)))
    }

    fn malware_scanner(&self) -> anyhow::Result<Option<Arc<dyn MalwareScanner>>> {
        let Some(address) = &self.clamd else { return Ok(None) };
        Ok(Some(Arc::new(Clamd::connect(address.clone(), windlass_clamd::Options::default())?)))
    }

    /// Without a choice of the user, the table that goes with the profile.
    fn secret_rules(&self, needs: &Needs) -> Option<SecretRules> {
        match (self.secrets, needs.profile) {
            (None, _) if !needs.inputs.intersects(Inputs::SECRET_SEARCH) => None,
            (Some(Secrets::Compatible), _) | (None, Profile::Compat) => Some(SecretRules::Compatible),
            (Some(Secrets::Modern), _) | (None, Profile::Native) => Some(SecretRules::Modern),
        }
    }

    fn retrieve_files(&self, needs: &Needs) -> Option<RetrieveFiles> {
        let is_needed = needs.inputs.intersects(Inputs::RETRIEVED_FILES);
        let paths: BTreeSet<String> = self.retrieve.iter().chain(&needs.paths).cloned().collect();
        (is_needed || !paths.is_empty())
            .then(|| RetrieveFiles { paths: paths.into_iter().collect(), ..RetrieveFiles::default() })
    }
}

impl Algorithm {
    fn digest(self) -> DigestAlgorithm {
        match self {
            Self::Md5 => DigestAlgorithm::Md5,
            Self::Sha1 => DigestAlgorithm::Sha1,
            Self::Sha256 => DigestAlgorithm::Sha256,
        }
    }
}
