//! Words a package may go by as a product, and those its vendor may go by; the likeliest first.

use windlass_sbom::{Metadata, Package, PackageType, metadata::JavaArchive};

use super::renames;

/// Bytes; names come from outside, and each is written many times.
const LONGEST_WORD: usize = 128;
const MOST_WORDS: usize = 24;

/// Distinct words in the order they were thought of.
#[derive(Default)]
struct Words(Vec<String>);

impl Words {
    fn add(&mut self, word: &str) {
        let word = word.trim().replace(' ', "_");
        let is_writable = word.len() <= LONGEST_WORD && !word.contains(|c: char| c.is_control() || c.is_whitespace());
        let says_something = !matches!(word.as_str(), "" | "*" | "-");
        if is_writable && says_something && self.0.len() < MOST_WORDS && !self.0.contains(&word) {
            self.0.push(word);
        }
    }

    /// The NVD writes `_` where packages write `-`, and the other way round.
    fn vary_separators(&mut self) {
        for at in 0..self.0.len() {
            let word = self.0[at].clone();
            self.add(&word.replace('-', "_"));
            self.add(&word.replace('_', "-"));
        }
    }

    /// `jenkins-ci-tools` may be of `jenkins` or of `jenkins-ci`.
    fn add_beginnings(&mut self) {
        for at in 0..self.0.len() {
            let word = self.0[at].clone();
            for (end, _) in word.match_indices(['-', '_']) {
                self.add(&word[..end]);
            }
        }
    }
}

pub(super) fn products(package: &Package) -> Vec<String> {
    let mut words = Words::default();
    let name = package.name.as_str();
    if let Some((_, product)) = renames::known(package.kind, name) {
        words.add(product);
    }
    match package.kind {
        PackageType::GoModule => words.add(go_owner_and_product(name).map_or("", |(_, product)| product)),
        PackageType::Apk => words.add(apk_upstream(name)),
        PackageType::Npm | PackageType::Composer => words.add(name.rsplit('/').next().unwrap_or(name)),
        PackageType::WordpressPlugin => {
            if let Metadata::Other { value, .. } = &package.metadata {
                words.add(value["pluginInstallDirectory"].as_str().unwrap_or_default());
            }
        }
        _ => {}
    }
    if package.kind != PackageType::GoModule {
        words.add(name);
    }
    if package.kind == PackageType::Python && !name.starts_with("python") {
        words.add(&format!("python-{name}"));
    }
    if let Metadata::JavaArchive(java) = &package.metadata {
        let (group, artifact) = java_coordinates(java);
        words.add(artifact);
        words.add(group.rsplit('.').next().unwrap_or_default());
    }
    words.vary_separators();
    words.0
}

pub(super) fn vendors(package: &Package, products: &[String]) -> Vec<String> {
    let mut words = Words::default();
    let name = package.name.as_str();
    if let Some((vendor, _)) = renames::known(package.kind, name) {
        words.add(vendor);
    }
    if package.kind == PackageType::GoModule {
        words.add(go_owner_and_product(name).map_or("", |(owner, _)| owner));
        words.vary_separators();
        return words.0;
    }
    add_stated_vendors(&mut words, package);
    match package.kind {
        PackageType::Python => {
            words.add("python");
            words.add(&format!("{name}_project"));
            words.add(&format!("{name}project"));
        }
        PackageType::RustCrate => words.add(&format!("{name}_project")),
        PackageType::Gem => words.add("ruby-lang"),
        PackageType::Npm | PackageType::Composer => {
            words.add(name.split_once('/').map_or("", |(owner, _)| owner.trim_start_matches('@')));
        }
        _ => {}
    }
    for product in products {
        words.add(product);
    }
    if words.0.iter().any(|word| word == "apache") {
        return vec!["apache".into()];
    }
    words.vary_separators();
    words.add_beginnings();
    words.0
}

/// What the package's own metadata says about who made it.
fn add_stated_vendors(words: &mut Words, package: &Package) {
    let mut add_owner = |url: &str| words.add(renames::vendor_of_url(url).unwrap_or_default());
    match &package.metadata {
        Metadata::Apk(apk) => add_owner(&apk.url),
        Metadata::Npm(npm) => {
            add_owner(&npm.url);
            add_owner(&npm.homepage);
            words.add(&person(&npm.author));
        }
        Metadata::Gem(gem) => {
            add_owner(&gem.homepage);
            gem.authors.iter().take(4).for_each(|author| words.add(&person(author)));
        }
        Metadata::Rpm(rpm) => words.add(&person(&rpm.vendor)),
        Metadata::Python(python) => {
            words.add(&person(&python.author));
            if let Some((user, domain)) = address(&python.author_email).split_once('@') {
                words.add(user);
                words.add(domain.split('.').next().unwrap_or_default());
            }
        }
        Metadata::JavaArchive(java) => {
            let (group, _) = java_coordinates(java);
            let says_who = |part: &&str| !matches!(*part, "com" | "org" | "io" | "net" | "dev" | "github" | "java");
            group.split('.').filter(says_who).for_each(|part| words.add(part));
            let fields = java.manifest.iter().flat_map(|manifest| &manifest.main);
            for field in fields.filter(|field| field.key.ends_with("-Vendor-Id")) {
                field.value.split('.').filter(says_who).for_each(|part| words.add(part));
            }
        }
        Metadata::Other { value, .. } if package.kind == PackageType::WordpressPlugin => {
            words.add(&person(value["author"].as_str().unwrap_or_default()));
        }
        _ => {}
    }
}

/// `sebastian_mckenzie` of `Sebastian McKenzie <sebmck@gmail.com>`.
fn person(text: &str) -> String {
    let name = text.split(['<', '(', ',']).next().unwrap_or_default();
    name.trim().trim_matches(['"', '\'']).to_lowercase()
}

/// `sebmck@gmail.com` of `Sebastian McKenzie <sebmck@gmail.com>`.
fn address(text: &str) -> &str {
    let inner = text.split_once('<').map_or(text, |(_, rest)| rest);
    inner.split(['>', ',']).next().unwrap_or_default().trim()
}

fn java_coordinates(java: &JavaArchive) -> (&str, &str) {
    let properties = java.pom_properties.as_ref().map(|pom| (pom.group_id.as_str(), pom.artifact_id.as_str()));
    let project = || java.pom_project.as_ref().map(|pom| (pom.group_id.as_str(), pom.artifact_id.as_str()));
    properties.or_else(project).unwrap_or_default()
}

/// Owner and product of a module path; nothing where the path has no owner.
fn go_owner_and_product(module: &str) -> Option<(&str, &str)> {
    let (host, path) = module.split_once('/')?;
    match host {
        "golang.org" => Some(("golang", path)),
        "google.golang.org" => Some(("google", path.split('/').next().unwrap_or(path))),
        "gopkg.in" => None,
        _ => path.split_once('/'),
    }
}

/// `numpy` of `py3-numpy`, `rake` of `ruby-rake`, `postgresql` of `postgresql15`.
fn apk_upstream(name: &str) -> &str {
    for prefix in ["py3-", "py-", "ruby-"] {
        if let Some(rest) = name.strip_prefix(prefix) {
            return rest;
        }
    }
    name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.').trim_end_matches('-')
}
