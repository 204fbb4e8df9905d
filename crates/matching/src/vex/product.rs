//! Whether a statement's product is what was scanned, or a package in it.
//!
//! The same image has many names: tags, digests, package URLs with and without qualifiers. A statement may use any of
//! them, so identity is a set, and one name in common is enough.

use packageurl::PackageUrl;
use windlass_sbom::{Evidence, ImageSource, Package, Sbom, Source};

use super::Product;

/// The names of what was scanned.
#[derive(Debug, Default)]
pub(super) struct Artifact {
    /// Names compared as they are.
    plain: Vec<String>,
    /// `index.docker.io/library/debian`
    repositories: Vec<String>,
    tags: Vec<String>,
    /// `sha256:…`
    digests: Vec<String>,
    architecture: String,
    /// Lower-case name and version of a source that is no image.
    generic: Option<(String, String)>,
}

impl Artifact {
    pub(super) fn of(source: &Source) -> Self {
        match source {
            Source::Image(image) => Self::of_image(image),
            Source::Directory { path } => Self {
                plain: vec![path.clone()],
                generic: Some((path.trim_matches('/').to_ascii_lowercase(), String::new())),
                ..Self::default()
            },
            Source::Other { name, version, .. } => Self {
                plain: vec![name.clone()],
                generic: Some((name.to_ascii_lowercase(), version.clone())),
                ..Self::default()
            },
        }
    }

    fn of_image(image: &ImageSource) -> Self {
        let mut artifact = Self { architecture: image.architecture.clone(), ..Self::default() };
        let digests = [&image.manifest_digest, &image.image_id];
        artifact.digests.extend(digests.into_iter().filter(|digest| !digest.is_empty()).cloned());
        let references = std::iter::once(&image.user_input).chain(&image.tags).chain(&image.repo_digests);
        for reference in references.filter(|reference| !reference.is_empty()) {
            artifact.plain.push(reference.clone());
            let (rest, digest) = reference.split_once('@').unwrap_or((reference, ""));
            let (name, tag) = match rest.rsplit_once(':') {
                Some((name, tag)) if !tag.contains('/') => (name, tag),
                _ => (rest, ""),
            };
            artifact.repositories.push(repository(name));
            artifact.tags.extend((!tag.is_empty()).then(|| tag.to_owned()));
            artifact.digests.extend((!digest.is_empty()).then(|| digest.to_owned()));
        }
        let bare = artifact.digests.iter().filter_map(|digest| Some(digest.split_once(':')?.1.to_owned()));
        let bare: Vec<String> = bare.collect();
        artifact.plain.extend(artifact.digests.iter().cloned());
        artifact.plain.extend(bare);
        for list in [&mut artifact.plain, &mut artifact.repositories, &mut artifact.tags, &mut artifact.digests] {
            list.sort();
            list.dedup();
        }
        artifact
    }

    /// Names a reader would recognise, for messages.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.plain.iter().map(String::as_str)
    }

    fn is(&self, id: &str) -> bool {
        if self.plain.iter().any(|name| name == id) {
            return true;
        }
        let Ok(purl) = id.parse::<PackageUrl<'_>>() else { return false };
        match purl.ty() {
            "oci" | "docker" => self.is_image(&purl),
            "generic" => self.generic.as_ref().is_some_and(|(name, version)| {
                purl.name().eq_ignore_ascii_case(name) && purl.version().is_none_or(|wanted| wanted == version)
            }),
            _ => false,
        }
    }

    fn is_image(&self, purl: &PackageUrl<'_>) -> bool {
        let full = purl.namespace().map_or(purl.name().to_owned(), |namespace| format!("{namespace}/{}", purl.name()));
        let ends = |own: &String| *own == full || own.ends_with(&format!("/{full}"));
        let by_digest = purl.version().filter(|version| version.contains(':'));
        let version_fits = match (by_digest, purl.version()) {
            (Some(digest), _) => self.digests.iter().any(|own| own == digest),
            (None, Some(tag)) => self.tags.iter().any(|own| own == tag),
            (None, None) => true,
        };
        // A digest names the content, whatever the repository it was loaded from is called.
        let name_fits = by_digest.is_some() || self.repositories.iter().any(ends);
        let qualifiers_fit = purl.qualifiers().iter().all(|(key, value)| match key.as_ref() {
            "repository_url" => {
                let url = repository(value.trim_start_matches("https://").trim_end_matches('/'));
                let with_name = format!("{url}/{}", purl.name());
                self.repositories.is_empty() || self.repositories.iter().any(|own| *own == url || *own == with_name)
            }
            "tag" => self.tags.is_empty() || self.tags.iter().any(|own| own == value),
            "arch" => self.architecture.is_empty() || self.architecture == value.as_ref(),
            _ => true,
        });
        version_fits && name_fits && qualifiers_fit
    }
}

/// Host and path, with Docker Hub's spelled out.
fn repository(name: &str) -> String {
    let (first, rest) = name.split_once('/').unwrap_or(("", name));
    let is_host = first.contains(['.', ':']) || first == "localhost";
    match (is_host, first) {
        (true, "docker.io" | "index.docker.io" | "registry-1.docker.io") if rest.contains('/') => {
            format!("index.docker.io/{rest}")
        }
        (true, "docker.io" | "index.docker.io" | "registry-1.docker.io") => format!("index.docker.io/library/{rest}"),
        (true, _) => name.to_owned(),
        (false, "") => format!("index.docker.io/library/{name}"),
        (false, _) => format!("index.docker.io/{name}"),
    }
}

/// Whether a statement about `product` speaks of this package of the artifact.
pub(super) fn concerns(product: &Product, artifact: &Artifact, package: &Package, sbom: &Sbom) -> bool {
    let is_package = |id: &String| package.purl.as_deref().is_some_and(|own| covers(id, own));
    let is_limited = !product.subcomponents.is_empty();
    let part_fits = !is_limited || product.subcomponents.iter().any(is_package);
    let whole_fits = || product.ids.iter().any(|id| artifact.is(id));
    // A program and the libraries linked into it are found in one file.
    let holder_fits = || is_limited && holders(package, sbom).any(|own| product.ids.iter().any(|id| covers(id, own)));
    (part_fits && (whole_fits() || holder_fits())) || (!is_limited && product.ids.iter().any(is_package))
}

/// Package URLs of the other packages proven by the file that proves this one.
fn holders<'s>(package: &'s Package, sbom: &'s Sbom) -> impl Iterator<Item = &'s str> {
    let together = |other: &&Package| proofs(other).any(|at| proofs(package).any(|own| own == at));
    sbom.packages.iter().filter(together).filter_map(|other| other.purl.as_deref())
}

fn proofs(package: &Package) -> impl Iterator<Item = &str> {
    package.locations.iter().filter(|at| at.evidence == Evidence::Primary).map(|at| at.path.as_str())
}

/// Whether a package URL names `own`: equal type, namespace and name, and whatever else it gives.
pub(super) fn covers(pattern: &str, own: &str) -> bool {
    if pattern == own {
        return true;
    }
    let (Ok(wanted), Ok(own)) = (pattern.parse::<PackageUrl<'_>>(), own.parse::<PackageUrl<'_>>()) else {
        return false;
    };
    // Go versions are written with and without their letters.
    let plain = |version: &str| version.trim_start_matches("go").trim_start_matches('v').to_owned();
    let version_fits = match (wanted.version(), own.version()) {
        (None, _) => true,
        (Some(wanted), Some(own_version)) if own.ty() == "golang" => plain(wanted) == plain(own_version),
        (Some(wanted), own_version) => Some(wanted) == own_version,
    };
    wanted.ty() == own.ty()
        && wanted.namespace().unwrap_or_default().eq_ignore_ascii_case(own.namespace().unwrap_or_default())
        && wanted.name().eq_ignore_ascii_case(own.name())
        && version_fits
        && wanted.qualifiers().iter().all(|(key, value)| own.qualifiers().get(key) == Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image() -> Artifact {
        Artifact::of(&Source::Image(Box::new(ImageSource {
            user_input: "registry.example.com/team/app:1.2".into(),
            tags: vec!["registry.example.com/team/app:1.2".into()],
            repo_digests: vec!["registry.example.com/team/app@sha256:aaaa".into()],
            manifest_digest: "sha256:aaaa".into(),
            image_id: "sha256:bbbb".into(),
            architecture: "amd64".into(),
            ..ImageSource::default()
        })))
    }

    #[test]
    fn an_image_is_known_by_all_its_names() {
        let image = image();
        for id in [
            "registry.example.com/team/app:1.2",
            "registry.example.com/team/app@sha256:aaaa",
            "sha256:aaaa",
            "aaaa",
            "bbbb",
            "pkg:oci/app",
            "pkg:oci/app?tag=1.2",
            "pkg:oci/team%2Fapp",
            "pkg:oci/app@sha256%3Aaaaa?repository_url=registry.example.com/team/app",
            "pkg:oci/app@sha256%3Aaaaa?repository_url=registry.example.com/team&arch=amd64",
            "pkg:oci/renamed@sha256%3Aaaaa",
            "pkg:docker/team/app@1.2",
        ] {
            assert!(image.is(id), "{id}");
        }
        for id in [
            "registry.example.com/team/app:1.3",
            "pkg:oci/app?tag=1.3",
            "pkg:oci/app@sha256%3Acccc",
            "pkg:oci/app?repository_url=registry.example.org/team/app",
            "pkg:oci/app?arch=arm64",
            "pkg:oci/pp",
            "pkg:npm/app",
        ] {
            assert!(!image.is(id), "{id}");
        }
    }

    #[test]
    fn docker_hub_has_several_spellings() {
        for name in ["debian", "library/debian", "docker.io/debian", "docker.io/library/debian"] {
            assert_eq!(repository(name), "index.docker.io/library/debian", "{name}");
        }
        assert_eq!(repository("team/app"), "index.docker.io/team/app");
        assert_eq!(repository("localhost:5000/app"), "localhost:5000/app");
    }

    #[test]
    fn a_purl_covers_what_it_does_not_mention() {
        let own = "pkg:deb/debian/openssl@3.0.11-1?arch=amd64&distro=debian-12";
        for (pattern, covered) in [
            ("pkg:deb/debian/openssl", true),
            ("pkg:deb/debian/openssl@3.0.11-1", true),
            ("pkg:deb/debian/openssl@3.0.11-1?arch=amd64", true),
            ("pkg:deb/debian/openssl@3.0.11-1?arch=arm64", false),
            ("pkg:deb/debian/openssl@3.0.12-1", false),
            ("pkg:deb/ubuntu/openssl", false),
            ("openssl", false),
        ] {
            assert_eq!(covers(pattern, own), covered, "{pattern}");
        }
        assert!(covers("pkg:golang/k8s.io/kubernetes@1.31.0", "pkg:golang/k8s.io/kubernetes@v1.31.0"));
        assert!(covers("pkg:golang/stdlib@v1.20.3", "pkg:golang/stdlib@go1.20.3"));
    }
}
