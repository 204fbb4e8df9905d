//! `oci-dir`: an OCI image layout in a folder.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use windlass_image::LayerSource;

use crate::{
    documents::{Descriptor, json},
    error::Error,
    limits,
    location::Location,
    selection::{Store, select},
    source::{Finds, Input, Options, Source},
};

pub(crate) const SOURCE: Source = Source {
    scheme: "oci-dir",
    summary: "a folder with an OCI image layout, optionally FOLDER:NAME",
    finds: Finds::Path { recognises, open },
};

fn recognises(location: &Location) -> bool {
    location.path().is_some_and(|path| path.join("oci-layout").is_file() && path.join("index.json").is_file())
}

fn open(location: &Location, options: &Options) -> Result<Input, Error> {
    let path = location.require_path()?;
    if !recognises(location) {
        let missing = if path.join("oci-layout").is_file() { "index.json" } else { "oci-layout" };
        let reason = format!("it has no file {missing}");
        return Err(Error::NotA { path: path.display().to_string(), expected: "an OCI layout", reason });
    }
    let layout = Layout { name: path.display().to_string(), root: path.to_owned() };
    let index = layout.read(&path.join("index.json"), limits::INDEX_BYTES, "index.json")?;
    let index = json(&index, &format!("index.json of {}", layout.name))?;
    Ok(Input::Image(Box::new(select(&layout, index, location.wanted(options))?)))
}

struct Layout {
    name: String,
    root: PathBuf,
}

impl Layout {
    /// A digest is hexadecimal by its type, so the path stays within the layout.
    fn blob(&self, descriptor: &Descriptor) -> PathBuf {
        self.root.join("blobs/sha256").join(descriptor.digest.hex())
    }

    fn document(&self, descriptor: &Descriptor, limit: u64, kind: &str) -> Result<Vec<u8>, Error> {
        let what = format!("{kind} {}", descriptor.digest);
        let bytes = self.read(&self.blob(descriptor), limit, &what)?;
        descriptor.verify(&bytes, &format!("{what} of {}", self.name))?;
        Ok(bytes)
    }

    fn read(&self, path: &Path, limit: u64, what: &str) -> Result<Vec<u8>, Error> {
        let length = self.length(path, what)?;
        let what = || format!("{what} of {}", self.name);
        if length > limit {
            return Err(Error::TooLarge { what: what(), limit });
        }
        let mut bytes = Vec::with_capacity(length as usize);
        let file = File::open(path).map_err(Error::read(what()))?;
        file.take(limit + 1).read_to_end(&mut bytes).map_err(Error::read(what()))?;
        if bytes.len() as u64 > limit {
            return Err(Error::TooLarge { what: what(), limit });
        }
        Ok(bytes)
    }

    /// Also refuses pipes and devices, which would never end.
    fn length(&self, path: &Path, what: &str) -> Result<u64, Error> {
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_file() => Ok(metadata.len()),
            Ok(_) => Err(Error::malformed(format!("{what} of {}", self.name), "it is not a regular file")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(Error::MissingBlob { what: what.into(), container: self.name.clone() })
            }
            Err(source) => Err(Error::Read { what: format!("{what} of {}", self.name), source }),
        }
    }
}

impl Store for Layout {
    fn name(&self) -> &str {
        &self.name
    }

    fn manifest(&self, descriptor: &Descriptor) -> Result<Vec<u8>, Error> {
        self.document(descriptor, limits::MANIFEST_BYTES, "manifest")
    }

    fn config(&self, descriptor: &Descriptor) -> Result<Vec<u8>, Error> {
        self.document(descriptor, limits::CONFIG_BYTES, "config")
    }

    fn layer(&self, descriptor: &Descriptor) -> Result<Arc<dyn LayerSource>, Error> {
        let what = format!("layer {}", descriptor.digest);
        let path = self.blob(descriptor);
        let actual = self.length(&path, &what)?;
        if actual != descriptor.size {
            let what = format!("{what} of {}", self.name);
            return Err(Error::WrongSize { what, expected: descriptor.size, actual });
        }
        Ok(Arc::new(BlobFile(path)))
    }
}

struct BlobFile(PathBuf);

impl LayerSource for BlobFile {
    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(File::open(&self.0)?))
    }
}
