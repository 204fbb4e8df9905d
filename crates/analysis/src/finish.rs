//! What all packages get once every cataloger has spoken: ids, CPEs, relationships, the list of files.

use std::sync::Arc;

use windlass_image::{Digests, NodeKind, Tree};
use windlass_sbom::{
    Distro, Evidence, File, FileDigest, FileKind, Location, Relationship, RelationshipKind, Sbom, Source, Unknown,
};

use crate::{
    Catalog,
    analyse::{FileFacts, FileSelection, Options},
    cpes, ownership,
};

pub(crate) fn finish(
    catalog: Catalog,
    tree: &Tree<FileFacts>,
    layers: &[Arc<str>],
    distro: Option<Distro>,
    source: Source,
    options: &Options,
) -> Sbom {
    let Catalog { mut packages, dependencies, mut unknowns, mut inspection } = catalog;
    for package in &mut packages {
        package.locations.sort_by(|a, b| a.evidence.cmp(&b.evidence).then_with(|| a.cmp(b)));
        package.licenses.sort();
        package.licenses.dedup();
        cpes::complete(package);
        package.assign_id();
    }
    let ids: Vec<_> = packages.iter().map(|package| package.id.clone()).collect();
    let mut relationships: Vec<_> = dependencies
        .iter()
        .map(|dependency| Relationship {
            kind: RelationshipKind::DependencyOf,
            parent: ids[dependency.needed].clone(),
            child: ids[dependency.by].clone(),
            files: Vec::new(),
        })
        .filter(|relationship| relationship.parent != relationship.child)
        .collect();
    for package in packages.iter().filter(|package| package.name.is_empty()) {
        unknowns.push(Unknown {
            path: package.locations.first().map(|location| location.path.clone()).unwrap_or_default(),
            found_by: package.found_by.clone(),
            reason: "a package without a name".into(),
        });
    }
    packages.retain(|package| !package.name.is_empty());
    ownership::resolve(&mut packages, &mut relationships, tree);
    let files = list_files(&packages, tree, layers, options.files);
    inspection.all_files = options.files == FileSelection::All;
    let mut sbom = Sbom { source, distro, packages, files, relationships, unknowns, inspection };
    sbom.sort();
    sbom.packages.dedup_by(|a, b| a.id == b.id);
    sbom
}

fn list_files(
    packages: &[windlass_sbom::Package],
    tree: &Tree<FileFacts>,
    layers: &[Arc<str>],
    selection: FileSelection,
) -> Vec<File> {
    let mut wanted: Vec<Vec<u8>> = match selection {
        FileSelection::None => return Vec::new(),
        FileSelection::All => tree.iter().map(|(path, _)| path).collect(),
        FileSelection::OwnedByPackage => packages
            .iter()
            .flat_map(|package| {
                let evidence = package.locations.iter().map(|location| location.path.as_str());
                evidence.chain(package.metadata.owned_files())
            })
            .map(|path| path.trim_start_matches('/').as_bytes().to_vec())
            .collect(),
    };
    wanted.sort_unstable();
    wanted.dedup();
    wanted.iter().filter_map(|path| describe(path, tree, layers)).collect()
}

fn describe(path: &[u8], tree: &Tree<FileFacts>, layers: &[Arc<str>]) -> Option<File> {
    let node = tree.get(path)?;
    let (kind, link) = match node.kind {
        NodeKind::File => (FileKind::RegularFile, &[][..]),
        NodeKind::Directory => (FileKind::Directory, &[][..]),
        NodeKind::Symlink(target) => (FileKind::SymbolicLink, target),
        NodeKind::HardLink(target) => (FileKind::HardLink, target),
        NodeKind::CharacterDevice => (FileKind::CharacterDevice, &[][..]),
        NodeKind::BlockDevice => (FileKind::BlockDevice, &[][..]),
        NodeKind::Fifo => (FileKind::Fifo, &[][..]),
    };
    let location = Location::new(
        format!("/{}", String::from_utf8_lossy(path)),
        layers.get(node.layer).cloned(),
        Evidence::Primary,
    );
    let digests = node.digests.into_iter().flat_map(Digests::iter);
    let digests =
        digests.map(|(algorithm, raw)| FileDigest { algorithm: algorithm.name().into(), value: hex::encode(raw) });
    Some(File {
        location,
        kind,
        mode: node.mode,
        uid: node.uid.into(),
        gid: node.gid.into(),
        size: node.size,
        link_target: String::from_utf8_lossy(link).into_owned(),
        digests: digests.collect(),
    })
}
