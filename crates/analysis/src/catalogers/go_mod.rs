//! Go modules that a `go.mod` requires (`spec/analysis.md` §6.5).

use std::collections::BTreeMap;

use windlass_sbom::{Package, PackageType};

use super::{go_binary::module_url, listing::Listing};
use crate::{Evidence, Unreadable};

pub(crate) const MODULE_FILE: Listing = Listing {
    name: "go-module-file-cataloger",
    evidence: Evidence::Declared,
    selects: |file| file.name() == b"go.mod",
    parse,
};

#[expect(
    clippy::unnecessary_wraps,
    reason = "a listing's parser may fail; lines that are no directive are passed over"
)]
fn parse(text: &str) -> Result<Vec<Package>, Unreadable> {
    let mut required: BTreeMap<String, String> = BTreeMap::new();
    let mut replaced = Vec::new();
    let mut excluded = Vec::new();
    let mut block = None;
    for line in text.lines() {
        let line = line.split("//").next().unwrap_or_default().trim();
        let words: Vec<&str> = line.split_whitespace().map(|word| word.trim_matches(['"', '`'])).collect();
        let (directive, words) = match (block, words.as_slice()) {
            (_, []) => continue,
            (Some(_), [")"]) => {
                block = None;
                continue;
            }
            (None, [directive, "("]) => {
                block = Some(*directive);
                continue;
            }
            (Some(directive), words) => (directive, words),
            (None, [directive, words @ ..]) => (*directive, words),
        };
        match (directive, words) {
            ("require", [path, version, ..]) => {
                required.insert((*path).to_owned(), (*version).to_owned());
            }
            ("exclude", [path, version, ..]) => excluded.push(((*path).to_owned(), (*version).to_owned())),
            ("replace", [old, "=>", new @ ..] | [old, _, "=>", new @ ..]) => {
                replaced.push(((*old).to_owned(), new.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()));
            }
            _ => {}
        }
    }
    for (path, version) in excluded {
        if required.get(&path) == Some(&version) {
            required.remove(&path);
        }
    }
    for (old, new) in replaced {
        // A directory replaces the code, not the name that advisories know.
        if let (true, [path, version]) = (required.contains_key(&old), new.as_slice()) {
            required.remove(&old);
            required.insert(path.clone(), version.clone());
        }
    }
    Ok(required
        .into_iter()
        .map(|(path, version)| Package {
            purl: module_url(&path, &version),
            ..Package::new(PackageType::GoModule, path, version)
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_are_listed_after_replacement_and_exclusion() {
        let text = "module example.com/app\n\ngo 1.22\n\nrequire golang.org/x/net v0.1.0 // indirect\nrequire (\n\
                    \texample.com/a v1.0.0\n\texample.com/b v1.0.0\n\texample.com/c v1.0.0\n)\n\
                    replace example.com/a => example.com/fork v1.1.0\nreplace example.com/b v1.0.0 => ../b\n\
                    exclude example.com/c v1.0.0\n";
        let listed: Vec<_> = parse(text).expect("a module").into_iter().map(|p| (p.name, p.version)).collect();
        let expected = [("example.com/b", "v1.0.0"), ("example.com/fork", "v1.1.0"), ("golang.org/x/net", "v0.1.0")];
        assert_eq!(listed, expected.map(|(n, v)| (n.to_owned(), v.to_owned())));
    }
}
