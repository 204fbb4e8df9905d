//! `dir`: a folder taken for the root of a file system.

use crate::{
    error::Error,
    location::Location,
    source::{Finds, Input, Options, Source},
};

pub(crate) const SOURCE: Source = Source {
    scheme: "dir",
    summary: "a folder, taken for the root of a file system",
    finds: Finds::Path { recognises, open },
};

fn recognises(location: &Location) -> bool {
    location.path().is_some_and(std::path::Path::is_dir)
}

fn open(location: &Location, options: &Options) -> Result<Input, Error> {
    let path = location.require_path()?;
    if !recognises(location) {
        let reason = "it is a file".into();
        return Err(Error::NotA { path: path.display().to_string(), expected: "a folder", reason });
    }
    options.refuse_platform(&format!("the folder {}", path.display()))?;
    Ok(Input::Directory(path.to_owned()))
}
