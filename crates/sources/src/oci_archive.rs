//! `oci-archive`: an OCI image layout in a tar, read in place.

use std::sync::Arc;

use windlass_image::LayerSource;

use crate::{
    archive::Archive,
    documents::{Descriptor, json},
    error::Error,
    limits,
    location::Location,
    selection::{Store, select},
    slice::Slice,
    source::{Finds, Input, Options, Source},
};

pub(crate) const SOURCE: Source = Source {
    scheme: "oci-archive",
    summary: "a tar of an OCI image layout, optionally FILE:NAME; - reads standard input",
    finds: Finds::Path { recognises, open },
};

fn recognises(location: &Location) -> bool {
    location.archive().is_some_and(|archive| archive.contains("oci-layout") && archive.contains("index.json"))
}

fn open(location: &Location, options: &Options) -> Result<Input, Error> {
    let archive = location.require_archive()?;
    let Some(index) = archive.read("index.json", limits::INDEX_BYTES)? else {
        let reason = "it has no index.json".into();
        return Err(Error::NotA { path: archive.name().into(), expected: "an OCI archive", reason });
    };
    let index = json(&index, &format!("index.json of {}", archive.name()))?;
    Ok(Input::Image(Box::new(select(archive, index, location.wanted(options))?)))
}

fn blob(archive: &Archive, descriptor: &Descriptor, kind: &str) -> Result<Slice, Error> {
    let what = format!("{kind} {}", descriptor.digest);
    let slice = archive
        .find(&format!("blobs/sha256/{}", descriptor.digest.hex()))
        .ok_or_else(|| Error::MissingBlob { what: what.clone(), container: archive.name().into() })?;
    if slice.len() != descriptor.size {
        let what = format!("{what} of {}", archive.name());
        return Err(Error::WrongSize { what, expected: descriptor.size, actual: slice.len() });
    }
    Ok(slice)
}

fn document(archive: &Archive, descriptor: &Descriptor, limit: u64, kind: &str) -> Result<Vec<u8>, Error> {
    blob(archive, descriptor, kind)?;
    let bytes = archive
        .read(&format!("blobs/sha256/{}", descriptor.digest.hex()), limit)?
        .expect("the blob was found a moment ago");
    descriptor.verify(&bytes, &format!("{kind} {} of {}", descriptor.digest, archive.name()))?;
    Ok(bytes)
}

impl Store for Archive {
    fn name(&self) -> &str {
        Archive::name(self)
    }

    fn manifest(&self, descriptor: &Descriptor) -> Result<Vec<u8>, Error> {
        document(self, descriptor, limits::MANIFEST_BYTES, "manifest")
    }

    fn config(&self, descriptor: &Descriptor) -> Result<Vec<u8>, Error> {
        document(self, descriptor, limits::CONFIG_BYTES, "config")
    }

    fn layer(&self, descriptor: &Descriptor) -> Result<Arc<dyn LayerSource>, Error> {
        Ok(Arc::new(blob(self, descriptor, "layer")?))
    }
}
