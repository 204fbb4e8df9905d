//! What a cataloger is, and how many with different facts stand in one list.

use std::any::Any;

use crate::{Candidate, Catalog, Content, View};

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
    type Facts: Send + Sync + 'static;

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

/// A cataloger with its type of facts hidden, so that all stand in one list.
pub struct Registered(Box<dyn Erased>);

/// Facts of one cataloger about one file.
pub(crate) type AnyFacts = Box<dyn Any + Send + Sync>;

impl Registered {
    /// Puts a cataloger in the list.
    pub fn new<C: Cataloger>(cataloger: C) -> Self {
        Self(Box::new(cataloger))
    }

    pub(crate) fn get(&self) -> &dyn Erased {
        self.0.as_ref()
    }
}

pub(crate) trait Erased: Sync + Send {
    fn name(&self) -> &'static str;
    fn evidence(&self) -> Evidence;
    fn selects(&self, file: &Candidate<'_>) -> bool;
    fn read(&self, file: &Candidate<'_>, content: &mut Content) -> Result<Option<AnyFacts>, Unreadable>;
    fn assemble(&self, view: &View<'_, ()>, catalog: &mut Catalog);
}

impl<C: Cataloger> Erased for C {
    fn name(&self) -> &'static str {
        Cataloger::name(self)
    }

    fn evidence(&self) -> Evidence {
        Cataloger::evidence(self)
    }

    fn selects(&self, file: &Candidate<'_>) -> bool {
        Cataloger::selects(self, file)
    }

    fn read(&self, file: &Candidate<'_>, content: &mut Content) -> Result<Option<AnyFacts>, Unreadable> {
        Ok(Cataloger::read(self, file, content)?.map(|facts| Box::new(facts) as AnyFacts))
    }

    fn assemble(&self, view: &View<'_, ()>, catalog: &mut Catalog) {
        Cataloger::assemble(self, &view.typed::<C::Facts>(), catalog);
    }
}
