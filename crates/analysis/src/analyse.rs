//! The whole of an analysis: walk, squash, assemble, finish.

use std::{any::Any, io, marker::PhantomData, path::Path, sync::Arc};

use windlass_image::{DirectoryOptions, Entry, Image, Reader, Spool, Tree, WalkError, WalkOptions, WalkedLayer};
use windlass_sbom::{Distro, Sbom, Source, Unknown};

use crate::{
    Candidate, Catalog, Content, LayerFacts, View,
    analysers::{self, Analysers},
    cataloger::{AnyFacts, AnyWatch, Evidence, Registered, Unreadable},
    catalogers,
    catalogers::distro,
    finish,
    kept::Kept,
    source,
};

/// What an analysis may use and what it should list.
#[derive(Clone, Default)]
pub struct Options {
    /// Budgets and threads of the walk.
    pub walk: WalkOptions,
    /// Which files the bill of materials lists.
    pub files: FileSelection,
    /// Budgets on what a single archive may unfold to.
    pub archives: catalogers::ArchiveBudgets,
    /// What is looked for beside packages.
    pub analysers: Analysers,
    /// Where facts of layers are kept that other images have, too. Default: nowhere.
    pub layers: Option<Arc<dyn LayerFacts>>,
}

/// Which files are listed beside the packages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FileSelection {
    #[default]
    None,
    /// Files that a package owns or is proved by.
    OwnedByPackage,
    All,
}

/// What was learned of an artifact.
pub struct Analysis {
    pub sbom: Sbom,
}

/// Why an artifact could not be analysed at all.
#[derive(Debug, thiserror::Error)]
pub enum AnalysisError {
    #[error(transparent)]
    Walk(#[from] WalkError),
    #[error("the image's config cannot be read: {0}")]
    Config(#[source] serde_json::Error),
    #[error("the malware scan of {path} failed: {reason}")]
    Malware { path: String, reason: String },
}

/// Analyses an image: every layer once, what is installed in it.
///
/// # Errors
/// Where a layer cannot be read, is not what its digest says, or exceeds a budget.
pub fn analyse_image(image: &Image, options: &Options) -> Result<Analysis, AnalysisError> {
    let catalogers = registered(options);
    let reader = CatalogReader::new(&catalogers, Origin::Image);
    let kept = Kept::of(options, &catalogers);
    let known = image.layers.iter().map(|layer| kept.as_ref()?.find(layer)).collect::<Vec<_>>();
    let is_known: Vec<bool> = known.iter().map(Option::is_some).collect();
    let layers = windlass_image::walk_unknown(&image.layers, known, &reader, &options.walk)?;
    if let Some(kept) = kept {
        let new = image.layers.iter().zip(&layers).zip(is_known).filter(|(_, is_known)| !is_known);
        new.for_each(|((layer, walked), _)| kept.keep(layer, walked));
    }
    let source = source::describe(image, &layers).map_err(AnalysisError::Config)?;
    let diff_ids: Vec<Arc<str>> = image.layers.iter().map(|layer| layer.diff_id.as_str().into()).collect();
    Ok(Analysis { sbom: assemble(layers, &diff_ids, &reader, source, options)? })
}

/// Analyses a directory tree: what is installed in it and what it declares. `mountinfo` is the text of
/// `/proc/self/mountinfo`, by which pseudo filesystems are left out.
///
/// # Errors
/// Where the directory cannot be listed or exceeds a budget.
pub fn analyse_directory(root: &Path, mountinfo: Vec<u8>, options: &Options) -> Result<Analysis, AnalysisError> {
    let catalogers = registered(options);
    let reader = CatalogReader::new(&catalogers, Origin::Directory);
    let walk = DirectoryOptions { walk: options.walk.clone(), mountinfo, exclude: None };
    let walked = windlass_image::walk_directory(root, &reader, &walk)?;
    let source = Source::Directory { path: root.display().to_string() };
    let mut sbom = assemble(vec![walked.layer], &[], &reader, source, options)?;
    sbom.unknowns.extend(walked.unreadable.into_iter().map(|unreadable| Unknown {
        path: absolute(&unreadable.path),
        found_by: "directory-walk".into(),
        reason: unreadable.reason,
    }));
    sbom.sort();
    Ok(Analysis { sbom })
}

/// Every cataloger, and the analysers that were chosen.
fn registered(options: &Options) -> Vec<Registered> {
    let mut registered = catalogers::all(&options.archives);
    registered.extend(analysers::chosen(&options.analysers));
    registered
}

/// What catalogers know of one file.
pub(crate) struct FileFacts {
    /// By cataloger, in the order of the list.
    pub(crate) known: Vec<(usize, AnyFacts)>,
    pub(crate) troubles: Vec<(usize, Unreadable)>,
}

impl FileFacts {
    fn add(&mut self, cataloger: usize, learned: Result<Option<AnyFacts>, Unreadable>) {
        match learned {
            Ok(Some(known)) => self.known.push((cataloger, known)),
            Ok(None) => {}
            Err(trouble) => self.troubles.push((cataloger, trouble)),
        }
    }

    pub(crate) fn by(&self, cataloger: usize) -> Option<&(dyn Any + Send + Sync)> {
        self.known.iter().find(|(by, _)| *by == cataloger).map(|(_, facts)| facts.as_ref())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Image,
    Directory,
}

/// Offers each file to the catalogers that select it and shows it to the analysers.
struct CatalogReader<'a> {
    catalogers: &'a [Registered],
    /// Which of them look at this kind of source and select files.
    selecting: Vec<usize>,
    /// Which of them are analysers.
    watching: Vec<usize>,
}

impl<'a> CatalogReader<'a> {
    fn new(catalogers: &'a [Registered], origin: Origin) -> Self {
        let (watching, selecting) = (0..catalogers.len())
            .filter(|&index| match catalogers[index].get().evidence() {
                Evidence::Installed => true,
                Evidence::InstalledInImage => origin == Origin::Image,
                Evidence::Declared => origin == Origin::Directory,
            })
            .partition(|&index| catalogers[index].get().is_analyser());
        Self { catalogers, selecting, watching }
    }
}

impl Reader for CatalogReader<'_> {
    type Facts = FileFacts;

    fn read(&self, entry: &Entry, content: &mut dyn io::Read) -> io::Result<Option<FileFacts>> {
        let mut head = [0; Candidate::HEAD];
        let length = read_up_to(content, &mut head)?;
        let head = &head[..length];
        let candidate = Candidate { entry, head };
        let mut selected =
            self.selecting.iter().filter(|&&index| self.catalogers[index].get().selects(&candidate)).peekable();
        let watches =
            self.watching.iter().filter_map(|&index| Some((index, self.catalogers[index].get().watch(&candidate)?)));
        let mut watched = Watched { content: io::Read::chain(head, content), watches: watches.collect() };
        if selected.peek().is_none() && watched.watches.is_empty() {
            return Ok(None);
        }
        let mut facts = FileFacts { known: Vec::new(), troubles: Vec::new() };
        if selected.peek().is_some() {
            let mut content = Content::new(Spool::copy(&mut watched, entry.size)?, entry.size);
            for &index in selected {
                facts.add(index, self.catalogers[index].get().read(&candidate, &mut content));
            }
        }
        if !watched.watches.is_empty() {
            io::copy(&mut watched, &mut io::sink())?;
        }
        for (index, watch) in watched.watches {
            facts.add(index, watch.finish());
        }
        let nothing = facts.known.is_empty() && facts.troubles.is_empty();
        Ok(if nothing { None } else { Some(facts) })
    }
}

/// Content that is shown to everyone who watches as it is read.
struct Watched<'w, R> {
    content: R,
    /// With the place of the analyser in the list.
    watches: Vec<(usize, Box<dyn AnyWatch + 'w>)>,
}

impl<R: io::Read> io::Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.content.read(buffer)?;
        for (_, watch) in &mut self.watches {
            watch.see(&buffer[..read]);
        }
        Ok(read)
    }
}

fn assemble(
    layers: Vec<WalkedLayer<FileFacts>>,
    diff_ids: &[Arc<str>],
    reader: &CatalogReader<'_>,
    source: Source,
    options: &Options,
) -> Result<Sbom, AnalysisError> {
    let tree = Tree::squash(layers, &options.walk.budgets)?;
    let mut found = vec![Vec::new(); reader.catalogers.len()];
    let mut catalog = Catalog::default();
    tree.for_each(|path, node| {
        let Some(facts) = tree.facts(node.id) else { return };
        for (cataloger, _) in &facts.known {
            found[*cataloger].push((path.to_vec(), node.id));
        }
        for (cataloger, trouble) in &facts.troubles {
            catalog.unknown(&absolute(path), reader.catalogers[*cataloger].get().name(), trouble);
        }
    });
    let view = |cataloger: usize, distro| View {
        tree: &tree,
        layers: diff_ids,
        distro,
        cataloger,
        found: &found[cataloger],
        facts: PhantomData::<()>,
    };
    let distro: Option<Distro> = distro::identify(&view(catalogers::DISTRO, None).typed());
    for &index in reader.selecting.iter().chain(&reader.watching) {
        reader.catalogers[index].get().assemble(&view(index, distro.as_ref()), &mut catalog)?;
    }
    Ok(finish::finish(catalog, &tree, diff_ids, distro, source, options))
}

/// Reads until the buffer is full or the content ends.
fn read_up_to(content: &mut dyn io::Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match content.read(&mut buffer[filled..])? {
            0 => break,
            n => filled += n,
        }
    }
    Ok(filled)
}

fn absolute(path: &[u8]) -> String {
    format!("/{}", String::from_utf8_lossy(path))
}
