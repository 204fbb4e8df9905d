//! `-o FORMAT[=FILE]`: what is written where.

use std::{
    collections::BTreeSet,
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use serde::Serialize;
use serde_json::ser::PrettyFormatter;

use crate::diagnostics::Hinted;

/// A format, and the file it goes to; standard output without one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target<F> {
    pub(crate) format: F,
    pub(crate) file: Option<PathBuf>,
}

impl<F> Target<F> {
    /// Reads `FORMAT[=FILE]`, where `format` knows the formats.
    pub(crate) fn parse(text: &str, format: impl FnOnce(&str) -> Result<F, String>) -> Result<Self, String> {
        let (name, file) = match text.split_once('=') {
            Some((_, "")) => return Err(format!("{text:?} names no file after the equals sign")),
            Some((name, file)) => (name, Some(PathBuf::from(file))),
            None => (text, None),
        };
        Ok(Self { format: format(name)?, file })
    }

    /// Writes a document: a file appears under its name only once it is whole.
    pub(crate) fn write(&self, document: impl FnOnce(&F, &mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
        let Some(file) = &self.file else {
            let mut out = io::BufWriter::new(io::stdout().lock());
            let written = document(&self.format, &mut out).and_then(|()| out.flush());
            return match written {
                // A reader that has seen enough (head, less) closes the pipe.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
                written => written.context("standard output cannot be written to"),
            };
        };
        let failed = || format!("{} cannot be written", file.display());
        // Behind a link is what is meant, and a device or a pipe must stay one.
        let file = meant(file);
        if std::fs::metadata(&file).is_ok_and(|there| !there.is_file()) {
            let special = std::fs::OpenOptions::new().write(true).open(&file).with_context(failed)?;
            let mut out = io::BufWriter::new(special);
            return document(&self.format, &mut out).and_then(|()| out.flush()).with_context(failed);
        }
        let temporary = tempfile::Builder::new()
            .prefix(".windlass-")
            .permissions(permissions())
            .tempfile_in(demand_folder(&file)?)
            // Of what its name would have been nobody but this program knows.
            .map_err(|error| io::Error::from(error.kind()))
            .with_context(failed)?;
        let mut out = io::BufWriter::new(temporary);
        document(&self.format, &mut out).with_context(failed)?;
        let temporary = out.into_inner().map_err(io::IntoInnerError::into_error).with_context(failed)?;
        temporary.persist(&file).map_err(|error| error.error).with_context(failed)?;
        Ok(())
    }
}

/// What a file made by a shell redirection would have; the umask still applies.
fn permissions() -> std::fs::Permissions {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::Permissions::from_mode(0o666)
}

/// Writes JSON as services' clients print it: indented by four.
pub(crate) fn indented_by_four(document: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, PrettyFormatter::with_indent(b"    "));
    document.serialize(&mut serializer)?;
    writeln!(out)
}

/// The text with its lines, all else that is not printable replaced.
pub(crate) fn printable_lines(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() && !matches!(c, '\n' | '\t') { char::REPLACEMENT_CHARACTER } else { c })
        .collect()
}

/// The folder that a file is to be made in.
fn demand_folder(file: &Path) -> anyhow::Result<&Path> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| ".".as_ref());
    if folder.is_dir() {
        return Ok(folder);
    }
    let (file, folder) = (file.display(), folder.display());
    let reason = format!("{file} cannot be written: there is no folder {folder}");
    Err(Hinted::error(reason, format!("make it first: mkdir -p {folder}")))
}

/// At most one document can go to standard output, and one to each file, whose folder must be there.
pub(crate) fn check<F>(targets: &[Target<F>]) -> anyhow::Result<()> {
    let mut taken = BTreeSet::new();
    for target in targets {
        target.file.as_deref().map(demand_folder).transpose()?;
        if !taken.insert(target.file.as_deref().map(meant)) {
            let place = target.file.as_ref().map_or("standard output".to_owned(), |file| file.display().to_string());
            return Err(Hinted::error(
                format!("two documents cannot both go to {place}"),
                "name another file for all but one: -o json=result.json",
            ));
        }
    }
    Ok(())
}

/// The file behind links, or the one to be made.
fn meant(file: &Path) -> PathBuf {
    std::fs::canonicalize(file).or_else(|_| std::path::absolute(file)).unwrap_or_else(|_| file.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_format_with_an_optional_file() {
        let parse = |text| Target::parse(text, |name| if name == "json" { Ok(()) } else { Err(format!("no {name}")) });
        assert_eq!(parse("json"), Ok(Target { format: (), file: None }));
        assert_eq!(parse("json=a=b.json"), Ok(Target { format: (), file: Some("a=b.json".into()) }));
        assert_eq!(parse("json="), Err("\"json=\" names no file after the equals sign".into()));
        assert_eq!(parse("xml"), Err("no xml".into()));
    }

    #[test]
    fn a_file_that_could_not_be_written_whole_is_not_left_behind() {
        let folder = tempfile::tempdir().expect("a folder");
        let target = Target { format: (), file: Some(folder.path().join("out.json")) };
        let failed = target.write(|(), out| {
            out.write_all(b"half")?;
            Err(io::Error::other("the disk is full"))
        });
        assert!(failed.is_err());
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
        target.write(|(), out| out.write_all(b"whole")).expect("written");
        assert_eq!(std::fs::read(folder.path().join("out.json")).expect("a file"), b"whole");
    }

    #[test]
    fn what_is_no_file_is_written_to_and_stays_what_it_is() {
        use std::os::unix::fs::FileTypeExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs").success());
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || std::fs::read(pipe)
        });
        Target { format: (), file: Some(pipe.clone()) }.write(|(), out| out.write_all(b"whole")).expect("written");
        assert_eq!(reader.join().expect("no panic").expect("a text"), b"whole");
        assert!(std::fs::metadata(&pipe).expect("it is there").file_type().is_fifo());
    }

    #[test]
    fn a_link_stays_a_link_to_the_new_document() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, link) = (folder.path().join("out.json"), folder.path().join("link"));
        std::fs::write(&file, "old").expect("written");
        std::os::unix::fs::symlink(&file, &link).expect("linked");
        Target { format: (), file: Some(link.clone()) }.write(|(), out| out.write_all(b"new")).expect("written");
        assert_eq!(std::fs::read(&file).expect("a file"), b"new");
        assert!(std::fs::symlink_metadata(&link).expect("it is there").is_symlink());
    }
}
