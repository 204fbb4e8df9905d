//! Which packages own the files that prove others (`spec/analysis.md` §10.2, §10.3).
//!
//! A Python distribution that Debian packaged is found twice: by its metadata, and as the Debian package that owns that
//! metadata. The overlap is stated as a relationship, by which matching knows that Debian's data speaks for both. What an
//! executable that a package owns says of itself, or a classifier recognised in it, is only a weaker statement of the same
//! and is removed.

use std::collections::{BTreeMap, HashMap, HashSet};

use windlass_image::Tree;
use windlass_sbom::{Evidence, Metadata, Package, PackageId, PackageType, Relationship, RelationshipKind};

use crate::analyse::FileFacts;

/// Adds an overlap for every package whose evidence another package owns, and removes packages that only repeat what
/// their owner says.
pub(crate) fn resolve(packages: &mut Vec<Package>, relationships: &mut Vec<Relationship>, tree: &Tree<FileFacts>) {
    let overlaps = overlaps(packages, tree);
    let mut covered: HashMap<usize, HashSet<&str>> = HashMap::new();
    for ((_, child), files) in
        overlaps.iter().filter(|((owner, child), _)| repeats(&packages[*child], &packages[*owner]))
    {
        covered.entry(*child).or_default().extend(files.iter().map(String::as_str));
    }
    // A copy elsewhere that nobody owns is a package of its own.
    let repeated: HashSet<PackageId> = covered
        .iter()
        .filter(|(child, files)| primary_files(&packages[**child]).all(|file| files.contains(file)))
        .map(|(child, _)| packages[*child].id.clone())
        .chain(recognised_in_noted(packages))
        .collect();
    for ((owner, child), files) in overlaps {
        let (parent, child) = (packages[owner].id.clone(), packages[child].id.clone());
        relationships.push(Relationship { kind: RelationshipKind::OwnershipByFileOverlap, parent, child, files });
    }
    packages.retain(|package| !repeated.contains(&package.id));
    relationships.retain(|stated| !repeated.contains(&stated.parent) && !repeated.contains(&stated.child));
}

/// Kinds of metadata that an installation of Java and a package note in an executable have.
const JAVA_RUNTIME: &str = "java-jvm-installation";
const ELF_NOTE: &str = "elf-binary-package-note-json-payload";

/// The files that prove a package.
fn primary_files(package: &Package) -> impl Iterator<Item = &str> {
    let primary = package.locations.iter().filter(|location| location.evidence == Evidence::Primary);
    primary.map(|location| location.path.as_str())
}

/// Whether a package was read from an executable and not from a package manager's records.
fn is_of_executable(package: &Package) -> bool {
    package.kind == PackageType::Binary || package.metadata.kind() == ELF_NOTE
}

/// Whether `child` is only another statement of what its owner says better.
fn repeats(child: &Package, owner: &Package) -> bool {
    let installed = owner.kind.is_os_package() && owner.metadata.kind() != ELF_NOTE;
    let speaks = installed || owner.kind == PackageType::Bitnami || owner.metadata.kind() == JAVA_RUNTIME;
    speaks && is_of_executable(child)
}

/// What a classifier recognised in executables that say themselves which package they are of.
fn recognised_in_noted(packages: &[Package]) -> Vec<PackageId> {
    let noted = packages.iter().filter(|package| package.metadata.kind() == ELF_NOTE);
    let noted: HashSet<&str> = noted.flat_map(primary_files).collect();
    let is_noted = |package: &&Package| {
        matches!(package.metadata, Metadata::Binary(_)) && primary_files(package).all(|file| noted.contains(file))
    };
    packages.iter().filter(is_noted).map(|package| package.id.clone()).collect()
}

/// By owner and child: the files that the owner lists and that prove the child.
fn overlaps(packages: &[Package], tree: &Tree<FileFacts>) -> BTreeMap<(usize, usize), Vec<String>> {
    let mut proved: HashMap<&str, Vec<usize>> = HashMap::new();
    for (number, package) in
        packages.iter().enumerate().filter(|(_, package)| !package.kind.is_os_package() || is_of_executable(package))
    {
        for file in primary_files(package) {
            proved.entry(file).or_default().push(number);
        }
    }
    // Most owned files prove nothing; their last names tell that before any path is resolved.
    let names: HashSet<&str> = proved.keys().map(|path| last_name(path)).collect();
    let mut found: BTreeMap<(usize, usize), Vec<String>> = BTreeMap::new();
    for (owner, package) in packages.iter().enumerate() {
        for file in package.metadata.owned_files().into_iter().filter(|file| names.contains(last_name(file))) {
            // Packages list paths as they were before /lib became a link to /usr/lib.
            let real = match proved.get_key_value(file) {
                Some((path, _)) => (*path).to_owned(),
                None => match tree.resolve(file.trim_start_matches('/').as_bytes()) {
                    Some(resolved) => format!("/{}", String::from_utf8_lossy(&resolved.path)),
                    None => continue,
                },
            };
            for &child in proved.get(real.as_str()).into_iter().flatten().filter(|child| **child != owner) {
                found.entry((owner, child)).or_default().push(real.clone());
            }
        }
    }
    for files in found.values_mut() {
        files.sort_unstable();
        files.dedup();
    }
    found
}

fn last_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use windlass_image::{Budgets, Tree};
    use windlass_sbom::{
        Location,
        metadata::{DpkgEntry, DpkgFile},
    };

    use super::*;

    fn owner(name: &str, files: &[&str]) -> Package {
        let files = files.iter().map(|path| DpkgFile { path: (*path).into(), ..DpkgFile::default() }).collect();
        let metadata = Metadata::Dpkg(Box::new(DpkgEntry { files, ..DpkgEntry::default() }));
        identified(Package { metadata, ..Package::new(PackageType::Deb, name, "1") })
    }

    fn proved(kind: PackageType, name: &str, path: &str) -> Package {
        let locations = vec![Location::new(path, None, Evidence::Primary)];
        identified(Package { locations, ..Package::new(kind, name, "1") })
    }

    fn identified(mut package: Package) -> Package {
        package.assign_id();
        package
    }

    fn resolved(mut packages: Vec<Package>) -> (Vec<String>, Vec<(String, String)>) {
        let tree = Tree::squash(Vec::new(), &Budgets::default()).expect("an empty tree");
        let names: HashMap<_, _> = packages.iter().map(|package| (package.id.clone(), package.name.clone())).collect();
        let mut relationships = Vec::new();
        resolve(&mut packages, &mut relationships, &tree);
        let stated =
            relationships.iter().map(|stated| (names[&stated.parent].clone(), names[&stated.child].clone())).collect();
        (packages.into_iter().map(|package| package.name).collect(), stated)
    }

    #[test]
    fn a_distribution_package_owns_the_language_package_it_ships() {
        let metadata = "/usr/lib/python3/dist-packages/six.dist-info/METADATA";
        let (names, stated) =
            resolved(vec![owner("python3-six", &[metadata]), proved(PackageType::Python, "six", metadata)]);
        assert_eq!(names, ["python3-six", "six"]);
        assert_eq!(stated, [("python3-six".into(), "six".into())]);
    }

    #[test]
    fn a_recognised_binary_that_a_package_owns_is_not_listed_twice() {
        let path = "/usr/bin/perl";
        let mine = proved(PackageType::Binary, "mine", "/opt/perl");
        let mut copied = proved(PackageType::Binary, "copied", path);
        copied.locations.push(Location::new("/opt/perl", None, Evidence::Primary));
        let perl = proved(PackageType::Binary, "perl", path);
        let (names, stated) = resolved(vec![owner("perl-base", &[path]), perl, mine, copied]);
        assert_eq!(names, ["perl-base", "mine", "copied"]);
        assert_eq!(stated, [("perl-base".into(), "copied".into())]);
    }
}
