//! What a row of the table says, and which files it is about.

use windlass_sbom::PackageType;

use crate::Candidate;

/// One way to recognise one program. Rows of one class are alternatives: the first that matches decides.
pub(super) struct Classifier {
    pub(super) class: &'static str,
    pub(super) file: FileName,
    pub(super) form: Form,
    /// What the path must have in it, if anything.
    pub(super) within: &'static str,
    /// Files of which one must lie there, by their paths from the file's folder; none means that nothing must.
    pub(super) beside: &'static [&'static str],
    /// What the content must also have in it somewhere, if anything.
    pub(super) also: &'static str,
    pub(super) pattern: &'static str,
    pub(super) package: &'static str,
    pub(super) kind: PackageType,
    /// Namespace and name of the package URL.
    pub(super) url: (&'static str, &'static str),
    /// Vendor and product.
    pub(super) cpes: &'static [(&'static str, &'static str)],
}

/// A row about an executable whose package URL is `pkg:generic/PACKAGE`.
pub(super) const fn row(
    class: &'static str,
    file: FileName,
    pattern: &'static str,
    package: &'static str,
    cpes: &'static [(&'static str, &'static str)],
) -> Classifier {
    Classifier {
        class,
        file,
        form: Form::Executable,
        within: "",
        beside: &[],
        also: "",
        pattern,
        package,
        kind: PackageType::Binary,
        url: ("", package),
        cpes,
    }
}

impl Classifier {
    /// The same with another package URL; a type that is not generic decides the kind of the package.
    pub(super) const fn known_as(mut self, kind: PackageType, namespace: &'static str, name: &'static str) -> Self {
        self.kind = kind;
        self.url = (namespace, name);
        self
    }

    /// The same about files of another form.
    pub(super) const fn of(mut self, form: Form) -> Self {
        self.form = form;
        self
    }

    /// The same where the path has this in it.
    pub(super) const fn within(mut self, part: &'static str) -> Self {
        self.within = part;
        self
    }

    /// The same where one of these files is there.
    pub(super) const fn beside(mut self, files: &'static [&'static str]) -> Self {
        self.beside = files;
        self
    }

    /// The same where the content has this in it as well.
    pub(super) const fn with(mut self, text: &'static str) -> Self {
        self.also = text;
        self
    }

    /// Whether the row is about this file.
    pub(super) fn selects(&self, file: &Candidate<'_>) -> bool {
        self.file.matches(file.name())
            && self.form.is_of(file)
            && (self.within.is_empty() || contains(file.path(), self.within.as_bytes()))
    }
}

/// How a file must begin.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// ELF, PE or Mach-O.
    Executable,
    /// `#!`
    Script,
    /// The `ar` archive of a static library.
    Library,
    /// Anything that is not large.
    Text,
}

/// No text that states the version of a program is longer.
const TEXT_LIMIT: u64 = 64 << 10;

impl Form {
    fn is_of(self, file: &Candidate<'_>) -> bool {
        match self {
            Self::Executable => file.is_executable(),
            Self::Script => file.head.starts_with(b"#!"),
            Self::Library => file.head.starts_with(b"!<arch>\n"),
            Self::Text => file.entry.size <= TEXT_LIMIT,
        }
    }
}

/// What the last component of a path looks like.
#[derive(Clone, Copy)]
pub(super) enum FileName {
    Is(&'static str),
    StartsWith(&'static str),
    /// Starts with the first, and has the second somewhere behind it.
    Around(&'static str, &'static str),
    /// As `StartsWith`, and the version must start with the numbers in the file's name: `python3.11` is no Python 3.12,
    /// however many versions of libraries it holds.
    Numbered(&'static str),
}
use FileName::{Around, Is, Numbered, StartsWith};

impl FileName {
    /// What every matching name begins with.
    pub(super) fn first_byte(self) -> u8 {
        let (Is(start) | StartsWith(start) | Numbered(start) | Around(start, _)) = self;
        start.as_bytes()[0]
    }

    fn matches(self, name: &[u8]) -> bool {
        match self {
            Is(expected) => name == expected.as_bytes(),
            StartsWith(start) | Numbered(start) => name.starts_with(start.as_bytes()),
            Around(start, within) => {
                name.strip_prefix(start.as_bytes()).is_some_and(|rest| contains(rest, within.as_bytes()))
            }
        }
    }

    /// Whether a file of this name may hold this version.
    pub(super) fn admits(self, name: &[u8], version: &str) -> bool {
        let Numbered(start) = self else { return true };
        let rest = &name[start.len().min(name.len())..];
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
        let number = String::from_utf8_lossy(&rest[..length]);
        let number = number.trim_end_matches('.');
        number.is_empty()
            || version.strip_prefix(number).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
