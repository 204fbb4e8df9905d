//! Our own archives: the bundle that the archive keeps of an image. Verdicts in it are left out: who sends them may have
//! written them.

use std::collections::BTreeSet;

use windlass_image::Digest;
use windlass_sbom::formats;

use super::{Archived, Unfit, documents, tarball::Tarball};
use crate::archive::bundle::{FOLDER, Record};

pub(super) use crate::archive::bundle::RECORD;

pub(super) fn read(record: &[u8], tarball: &mut Tarball) -> Result<Archived, Unfit> {
    let record = Record::parse(record).map_err(|reason| Unfit::document(RECORD, reason))?;
    let image = record.image_row(0);
    let sbom = record.analysis.documents.iter().find(|document| document.kind == "sbom");
    let sbom = sbom.ok_or_else(|| Unfit::document(RECORD, "it names no bill of materials"))?.object.clone();
    let index = image.parent_manifest.clone();
    let named = |object: &String| format!("{FOLDER}{}", object.trim_start_matches("sha256:"));
    let members: Vec<String> = [&image.manifest, &sbom].into_iter().chain(&index).map(named).collect();
    let found = tarball.take(&members.iter().map(String::as_str).collect::<BTreeSet<_>>())?;
    // The same document may be two of them.
    let mut document = |object: &String| {
        let name = named(object);
        let content = found.get(&name).ok_or_else(|| Unfit::new(format!("it lacks {name}")))?;
        if Digest::of(content).as_str() != object {
            return Err(Unfit::document(&name, "it is not what its name says"));
        }
        Ok(content.clone())
    };
    let (manifest, index) = (document(&image.manifest)?, index.as_ref().map(&mut document).transpose()?);
    let bill = document(&sbom)?;
    drop(found);
    let sbom = formats::read(&bill).map_err(|error| Unfit::document("the bill of materials", error))?;
    let sbom = documents::about(sbom, &image.digest, &manifest, None)?;
    Ok(Archived {
        image: windlass_store::images::Model { analysis: None, ..image },
        tags: record.tag_rows(),
        manifest,
        index,
        sbom,
    })
}
