//! Packages of Nix (`spec/analysis.md` §5.4): the valid paths of its database, or what is in the store where there is no
//! database, as in images that Nix builds itself.

use std::collections::HashMap;

use serde_json::json;
use windlass_sbom::{Location, Metadata, Package, PackageType, package_url};

use super::sqlite::{Table, Value, Wal, column};
use crate::{Candidate, Catalog, Cataloger, Content, Evidence, Found, Unreadable, View};

pub(crate) struct Nix;

/// What a file of the database says.
#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) enum NixFact {
    Database { paths: Option<Table<ValidPath>>, references: Option<Table<Reference>> },
    Log(Wal),
}

/// A path in the store that was built or fetched completely.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub(crate) struct ValidPath {
    id: i64,
    path: String,
    /// The derivation it was built from; empty where that is not known.
    deriver: String,
}

/// Ids of a path and of one that it refers to.
#[derive(Clone, Copy, serde::Serialize, serde::Deserialize)]
pub(crate) struct Reference {
    from: i64,
    to: i64,
}

const PATHS: &str = "ValidPaths";
const REFERENCES: &str = "Refs";
const STORE: &str = "/nix/store";

impl Cataloger for Nix {
    type Facts = NixFact;

    fn name(&self) -> &'static str {
        "nix-cataloger"
    }

    fn evidence(&self) -> Evidence {
        Evidence::Installed
    }

    fn selects(&self, file: &Candidate<'_>) -> bool {
        file.directory_ends_with("nix/var/nix/db") && matches!(file.name(), b"db.sqlite" | b"db.sqlite-wal")
    }

    fn read(&self, file: &Candidate<'_>, content: &mut Content) -> Result<Option<NixFact>, Unreadable> {
        if file.name() == b"db.sqlite-wal" {
            let log = Wal::read(&content.bytes()?).map_err(Unreadable::new)?;
            return Ok((!log.is_empty()).then_some(NixFact::Log(log)));
        }
        let paths = Table::read(content.stream()?, PATHS, valid_path).map_err(Unreadable::new)?;
        let references = Table::read(content.stream()?, REFERENCES, reference).map_err(Unreadable::new)?;
        Ok(Some(NixFact::Database { paths, references }))
    }

    fn assemble(&self, view: &View<'_, NixFact>, catalog: &mut Catalog) {
        let mut has_database = false;
        for found in view.files().filter(|found| matches!(found.facts, NixFact::Database { .. })) {
            has_database = true;
            add_database(view, &found, catalog);
        }
        if has_database {
            return;
        }
        for name in view.children(STORE) {
            let path = format!("{STORE}/{name}");
            let Some(place) = view.supporting(&path) else { continue };
            let layer = place.layer.clone();
            if let Some(mut package) = package(&path, "") {
                package.locations.push(Location { evidence: windlass_sbom::Evidence::Primary, ..place });
                package.introduced_by = layer;
                catalog.add(package);
            }
        }
    }
}

fn valid_path(id: i64, record: &[u8]) -> ValidPath {
    let text = |index| match column(record, index) {
        Some(Value::Text(text)) => String::from_utf8_lossy(text).into_owned(),
        _ => String::new(),
    };
    ValidPath { id, path: text(1), deriver: text(4) }
}

fn reference(_: i64, record: &[u8]) -> Reference {
    let number = |index| match column(record, index) {
        Some(Value::Integer(number)) => number,
        _ => 0,
    };
    Reference { from: number(0), to: number(1) }
}

fn add_database(view: &View<'_, NixFact>, found: &Found<'_, NixFact>, catalog: &mut Catalog) {
    let NixFact::Database { paths, references } = found.facts else { return };
    let log = view.file(&format!("{}-wal", found.path)).and_then(|log| match log.facts {
        NixFact::Log(log) => Some(log),
        NixFact::Database { .. } => None,
    });
    let paths = rows(paths.as_ref(), log, valid_path);
    let references = rows(references.as_ref(), log, reference);
    let (Ok(paths), Ok(references)) = (paths, references) else {
        catalog.unknown(&found.path, Nix.name(), "its write-ahead log does not belong to it");
        return;
    };
    let mut numbers = HashMap::new();
    for valid in &paths {
        // What a later layer removed from the store is not there, whatever the database says.
        let Some(place) = view.supporting(&valid.path) else { continue };
        let Some(mut package) = package(&valid.path, &valid.deriver) else { continue };
        package.introduced_by.clone_from(&place.layer);
        package.locations.extend([view.location(found), place]);
        numbers.insert(valid.id, catalog.add(package));
    }
    for Reference { from, to } in references {
        if let (Some(&from), Some(&to)) = (numbers.get(&from), numbers.get(&to)) {
            catalog.depends(from, to);
        }
    }
}

fn rows<T: Clone>(
    table: Option<&Table<T>>,
    log: Option<&Wal>,
    content: impl Fn(i64, &[u8]) -> T,
) -> Result<Vec<T>, super::sqlite::SqliteError> {
    let overlaid = match (table, log) {
        (Some(table), Some(log)) => Some(table.overlaid(log, content)?),
        _ => None,
    };
    Ok(overlaid.as_ref().or(table).map(|table| table.rows().into_iter().cloned().collect()).unwrap_or_default())
}

fn package(path: &str, deriver: &str) -> Option<Package> {
    let StorePath { hash, name, version, output } = StorePath::parse(path.rsplit_once('/')?.1)?;
    let deriver = deriver.rsplit('/').next().unwrap_or_default();
    Some(Package {
        found_by: Nix.name().to_owned(),
        purl: package_url(
            PackageType::Nix,
            "",
            name,
            version,
            &[("drvpath", deriver), ("output", output), ("outputhash", hash)],
        ),
        metadata: Metadata::Other {
            kind: "nix-store-entry".into(),
            value: json!({ "path": path, "outputHash": hash, "output": output, "derivation": { "path": deriver } }),
        },
        ..Package::new(PackageType::Nix, name, version)
    })
}

/// A name in the store: `<hash>-<name>-<version>[-<output>]`.
#[derive(Debug, PartialEq, Eq)]
struct StorePath<'a> {
    hash: &'a str,
    name: &'a str,
    version: &'a str,
    output: &'a str,
}

/// Outputs that packages are split into beside the main one, which has no suffix.
const OUTPUTS: [&str; 14] =
    ["bin", "data", "debug", "dev", "devdoc", "dist", "doc", "info", "lib", "man", "out", "py", "static", "terminfo"];

impl<'a> StorePath<'a> {
    /// `None` for what has no version, as scripts and configuration have none, and for derivations.
    fn parse(text: &'a str) -> Option<Self> {
        let (hash, rest) = text.split_at_checked(32)?;
        let rest = rest.strip_prefix('-')?;
        let is_hash = hash.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase());
        let is_derivation = rest.rsplit_once('.').is_some_and(|(_, extension)| extension == "drv");
        if !is_hash || is_derivation {
            return None;
        }
        let dash = rest
            .match_indices('-')
            .map(|(at, _)| at)
            .find(|&at| rest[at + 1..].starts_with(|c: char| c.is_ascii_digit()))?;
        let (name, version) = (&rest[..dash], &rest[dash + 1..]);
        let (version, output) = match version.rsplit_once('-') {
            Some((version, output)) if OUTPUTS.contains(&output) => (version, output),
            _ => (version, ""),
        };
        (!name.is_empty()).then_some(Self { hash, name, version, output })
    }
}

#[cfg(test)]
mod tests {
    use windlass_image::testing::Tar;

    use super::*;
    use crate::testing::{names, package, scan};

    const HASH: &str = "h0cnbmfcn93xm5dg2x27ixhag1cwndga";

    #[test]
    fn names_in_the_store_split_where_the_version_begins() {
        let parse = |name: &str| {
            StorePath::parse(&format!("{HASH}-{name}")).map(|p| [p.name, p.version, p.output].map(str::to_owned))
        };
        for (name, expected) in [
            ("glibc-2.34-210-bin", Some(["glibc", "2.34-210", "bin"])),
            ("python3.9-requests-2.28", Some(["python3.9-requests", "2.28", ""])),
            ("bash-5.1-p16", Some(["bash", "5.1-p16", ""])),
            ("builder.sh", None),
            ("bash-5.1.drv", None),
        ] {
            assert_eq!(parse(name), expected.map(|parts| parts.map(str::to_owned)), "{name}");
        }
        assert_eq!(StorePath::parse(".links"), None);
    }

    #[test]
    fn the_store_is_listed_where_there_is_no_database() {
        let sbom = scan([Tar::new().file(format!("nix/store/{HASH}-glibc-2.34-bin/bin/ldd"), "x")]);
        assert_eq!(names(&sbom), [("glibc", "2.34")]);
        let glibc = package(&sbom, "glibc");
        assert_eq!(glibc.purl.as_deref(), Some(format!("pkg:nix/glibc@2.34?output=bin&outputhash={HASH}").as_str()));
        assert_eq!(glibc.locations[0].path, format!("/nix/store/{HASH}-glibc-2.34-bin"));
    }

    #[test]
    fn the_database_names_valid_paths_and_what_they_refer_to() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("db.sqlite");
        let bash = format!("/nix/store/{HASH}-bash-5.2");
        let glibc = format!("/nix/store/{HASH}-glibc-2.38");
        let gone = format!("/nix/store/{HASH}-gone-1");
        rusqlite::Connection::open(&file)
            .unwrap()
            .execute_batch(&format!(
                "CREATE TABLE ValidPaths (id integer primary key autoincrement not null, path text unique not null,
                    hash text not null, registrationTime integer not null, deriver text, narSize integer);
                 CREATE TABLE Refs (referrer integer not null, reference integer not null, primary key (referrer, reference));
                 INSERT INTO ValidPaths VALUES (1, '{bash}', 'x', 1, '/nix/store/d-bash-5.2.drv', 9);
                 INSERT INTO ValidPaths VALUES (7, '{glibc}', 'x', 1, NULL, 9), (8, '{gone}', 'x', 1, NULL, 9);
                 INSERT INTO Refs VALUES (1, 7), (1, 1), (1, 8);"
            ))
            .unwrap();
        let sbom = scan([Tar::new()
            .file("nix/var/nix/db/db.sqlite", std::fs::read(&file).unwrap())
            .directory(&bash[1..])
            .directory(&glibc[1..])]);
        assert_eq!(names(&sbom), [("bash", "5.2"), ("glibc", "2.38")]);
        let bash = package(&sbom, "bash");
        assert_eq!(
            bash.purl.as_deref(),
            Some(format!("pkg:nix/bash@5.2?drvpath=d-bash-5.2.drv&outputhash={HASH}").as_str())
        );
        let edges: Vec<_> = sbom.relationships.iter().map(|edge| (&edge.parent, &edge.child)).collect();
        assert_eq!(edges, [(&package(&sbom, "glibc").id, &bash.id)]);
    }
}
