//! What a cataloger is, and how many with different facts stand in one list, analysers among them.

use std::any::Any;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::{RawValue, to_raw_value};

use crate::{Analyser, AnalysisError, Candidate, Catalog, Content, View, Watch};

/// Which files prove that something is *there*: the two kinds of sources look for different things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// What is installed: databases, archives, executables. Wanted in images and in directories.
    Installed,
    /// What is installed, in a form that only an image can be trusted to hold (a package.json deep in a source tree
    /// installs nothing).
    InstalledInImage,
    /// What is declared: lock files. Wanted in directories only.
    Declared,
}

/// Knows one kind of package: which files hold evidence of it, and what they say.
pub trait Cataloger: Sync + Send + 'static {
    /// What is kept of one file: owned, small, and a function of that file alone.
    type Facts: Serialize + DeserializeOwned + Send + Sync + 'static;

    /// The name that packages carry as `found_by`: `dpkg-db-cataloger`.
    fn name(&self) -> &'static str;

    /// Where its evidence counts.
    fn evidence(&self) -> Evidence;

    /// Whether this regular file is to be read. Called for every file of every layer: look at the path and the first
    /// bytes, allocate nothing.
    fn selects(&self, file: &Candidate<'_>) -> bool;

    /// Reads one selected file. `Ok(None)` means that it holds nothing of this kind after all.
    ///
    /// # Errors
    /// Where it should hold packages but cannot be understood; the reason becomes an unknown of the bill of materials
    /// if the file is part of the final image.
    fn read(&self, file: &Candidate<'_>, content: &mut Content) -> Result<Option<Self::Facts>, Unreadable>;

    /// Adds the packages that the surviving files prove.
    fn assemble(&self, view: &View<'_, Self::Facts>, catalog: &mut Catalog);
}

/// Why a file that should hold packages could not be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(String);

impl Unreadable {
    /// The reason as a clause that can follow "could not be read:".
    #[expect(clippy::needless_pass_by_value, reason = "made to be given to map_err")]
    pub fn new(reason: impl ToString) -> Self {
        Self(reason.to_string())
    }
}

/// A cataloger or analyser with its type of facts hidden, so that all stand in one list.
pub struct Registered(Box<dyn Erased>);

/// Facts of one cataloger about one file.
pub(crate) type AnyFacts = Box<dyn Any + Send + Sync>;

impl Registered {
    /// Puts a cataloger in the list.
    pub fn new<C: Cataloger>(cataloger: C) -> Self {
        Self(Box::new(cataloger))
    }

    /// Puts an analyser in the list.
    pub fn analyser<A: Analyser>(analyser: A) -> Self {
        Self(Box::new(Watching(analyser)))
    }

    pub(crate) fn get(&self) -> &dyn Erased {
        self.0.as_ref()
    }
}

pub(crate) trait Erased: Sync + Send {
    fn name(&self) -> &'static str;
    fn evidence(&self) -> Evidence;
    /// Whether it is an analyser: one that watches and never selects.
    fn is_analyser(&self) -> bool;
    fn selects(&self, file: &Candidate<'_>) -> bool;
    fn read(&self, file: &Candidate<'_>, content: &mut Content) -> Result<Option<AnyFacts>, Unreadable>;
    fn watch(&self, file: &Candidate<'_>) -> Option<Box<dyn AnyWatch + '_>>;
    fn assemble(&self, view: &View<'_, ()>, catalog: &mut Catalog) -> Result<(), AnalysisError>;
    /// Writes facts of its own, for [`Erased::parse`] to read.
    fn write(&self, facts: &(dyn Any + Send + Sync)) -> serde_json::Result<Box<RawValue>>;
    fn parse(&self, facts: &RawValue) -> serde_json::Result<AnyFacts>;
}

fn write<F: Serialize + 'static>(facts: &(dyn Any + Send + Sync)) -> serde_json::Result<Box<RawValue>> {
    to_raw_value(facts.downcast_ref::<F>().expect("facts are written by who has them"))
}

fn parse<F: DeserializeOwned + Send + Sync + 'static>(facts: &RawValue) -> serde_json::Result<AnyFacts> {
    Ok(Box::new(serde_json::from_str::<F>(facts.get())?))
}

/// A watch with its type of facts hidden.
pub(crate) trait AnyWatch {
    fn see(&mut self, bytes: &[u8]);
    fn finish(self: Box<Self>) -> Result<Option<AnyFacts>, Unreadable>;
}

impl<C: Cataloger> Erased for C {
    fn name(&self) -> &'static str {
        Cataloger::name(self)
    }

    fn evidence(&self) -> Evidence {
        Cataloger::evidence(self)
    }

    fn is_analyser(&self) -> bool {
        false
    }

    fn selects(&self, file: &Candidate<'_>) -> bool {
        Cataloger::selects(self, file)
    }

    fn read(&self, file: &Candidate<'_>, content: &mut Content) -> Result<Option<AnyFacts>, Unreadable> {
        Ok(Cataloger::read(self, file, content)?.map(|facts| Box::new(facts) as AnyFacts))
    }

    fn watch(&self, _file: &Candidate<'_>) -> Option<Box<dyn AnyWatch + '_>> {
        None
    }

    fn assemble(&self, view: &View<'_, ()>, catalog: &mut Catalog) -> Result<(), AnalysisError> {
        Cataloger::assemble(self, &view.typed::<C::Facts>(), catalog);
        Ok(())
    }

    fn write(&self, facts: &(dyn Any + Send + Sync)) -> serde_json::Result<Box<RawValue>> {
        write::<C::Facts>(facts)
    }

    fn parse(&self, facts: &RawValue) -> serde_json::Result<AnyFacts> {
        parse::<C::Facts>(facts)
    }
}

/// An analyser in a list of catalogers: it selects nothing, it watches.
struct Watching<A>(A);

impl<A: Analyser> Erased for Watching<A> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn evidence(&self) -> Evidence {
        Evidence::Installed
    }

    fn is_analyser(&self) -> bool {
        true
    }

    fn selects(&self, _file: &Candidate<'_>) -> bool {
        false
    }

    fn read(&self, _file: &Candidate<'_>, _content: &mut Content) -> Result<Option<AnyFacts>, Unreadable> {
        Ok(None)
    }

    fn watch(&self, file: &Candidate<'_>) -> Option<Box<dyn AnyWatch + '_>> {
        Some(Box::new(Hidden(self.0.watch(file)?)))
    }

    fn assemble(&self, view: &View<'_, ()>, catalog: &mut Catalog) -> Result<(), AnalysisError> {
        self.0.conclude(&view.typed::<A::Facts>(), catalog)
    }

    fn write(&self, facts: &(dyn Any + Send + Sync)) -> serde_json::Result<Box<RawValue>> {
        write::<A::Facts>(facts)
    }

    fn parse(&self, facts: &RawValue) -> serde_json::Result<AnyFacts> {
        parse::<A::Facts>(facts)
    }
}

struct Hidden<'a, F>(Box<dyn Watch<Facts = F> + 'a>);

impl<F: Send + Sync + 'static> AnyWatch for Hidden<'_, F> {
    fn see(&mut self, bytes: &[u8]) {
        self.0.see(bytes);
    }

    fn finish(self: Box<Self>) -> Result<Option<AnyFacts>, Unreadable> {
        Ok(self.0.finish()?.map(|facts| Box::new(facts) as AnyFacts))
    }
}
