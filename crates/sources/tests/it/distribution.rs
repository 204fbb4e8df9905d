//! The registry source against the real thing: the `docker-registry` of Debian, started on a free port of this machine.

use std::{fmt::Write as _, path::Path, time::Duration};

use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use reqwest::blocking::{Body, Client, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;
use windlass_image::{Digest, WalkOptions, testing::Contents, walk};
use windlass_sources::{
    Credential, Error, Options, Reference, RegistryOptions, Secret,
    registry::{self as service, PlatformChoice},
    testing::DockerRegistry,
};

use crate::support::{
    OCI_INDEX, OCI_MANIFEST, Sample, bytes, chain, failure_with, folder, for_platform, image, image_with,
};

/// A registry of its own for one test; ends with it.
struct Registry {
    _process: DockerRegistry,
    address: String,
    client: Client,
    scheme: &'static str,
    password: Option<&'static str>,
}

impl Registry {
    /// Nothing, and a loud line, if the program is not installed. `auth` is the password it asks for.
    fn start(
        auth: Option<&'static str>,
        tls: Option<&CertifiedKey<KeyPair>>,
        demands_certificate: bool,
    ) -> Option<Self> {
        let mut client = Client::builder().no_proxy().timeout(Duration::from_mins(5));
        if let Some(tls) = tls {
            client = client.danger_accept_invalid_certs(true);
            if demands_certificate {
                let pem = tls.cert.pem() + &tls.signing_key.serialize_pem();
                client = client.identity(reqwest::Identity::from_pem(pem.as_bytes()).unwrap());
            }
        }
        let process = DockerRegistry::with(auth.is_some(), |config, folder| {
            let Some(tls) = tls else { return };
            let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
            std::fs::write(&certificate, tls.cert.pem()).unwrap();
            std::fs::write(&key, tls.signing_key.serialize_pem()).unwrap();
            config["http"]["tls"] = json!({"certificate": certificate, "key": key});
            if demands_certificate {
                // The same certificate serves both sides; it is its own authority.
                config["http"]["tls"]["clientcas"] = json!([certificate]);
            }
        })?;
        let address = process.address().to_owned();
        let scheme = if tls.is_some() { "https" } else { "http" };
        Some(Self { _process: process, address, client: client.build().unwrap(), scheme, password: auth })
    }

    fn push(&self, sample: &Sample, tag: &str) {
        for blob in [&sample.config].into_iter().chain(&sample.layers) {
            self.push_blob(Digest::of(blob).as_str(), blob.clone());
        }
        self.push_manifest(OCI_MANIFEST, &sample.manifest, tag);
    }

    fn push_blob(&self, digest: &str, blob: impl Into<Body>) {
        let upload = self.send(self.client.post(self.url("team/app/blobs/uploads/")));
        let location = upload.headers()["location"].to_str().unwrap().to_owned();
        let location = if location.starts_with('/') { self.origin() + &location } else { location };
        let mark = if location.contains('?') { '&' } else { '?' };
        let url = format!("{location}{mark}digest={digest}");
        self.send(self.client.put(url).header("content-type", "application/octet-stream").body(blob));
    }

    fn push_manifest(&self, media_type: &str, manifest: &[u8], tag: &str) {
        let url = self.url(&format!("team/app/manifests/{tag}"));
        self.send(self.client.put(url).header("content-type", media_type).body(manifest.to_vec()));
    }

    fn send(&self, request: RequestBuilder) -> reqwest::blocking::Response {
        let request = match self.password {
            Some(password) => request.basic_auth("windlass", Some(password)),
            None => request,
        };
        let response = request.send().unwrap();
        assert!(response.status().is_success(), "{response:?}");
        response
    }

    fn origin(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    fn url(&self, path: &str) -> String {
        format!("{}/v2/{path}", self.origin())
    }
}

fn quick() -> Options {
    let mut options = Options::default();
    (options.registry.retries, options.registry.pause) = (1, Duration::from_millis(10));
    options
}

#[test]
fn what_was_pushed_is_pulled_by_tag_by_digest_and_by_platform() {
    let Some(registry) = Registry::start(None, None, false) else { return };
    let mut long = String::new();
    (0..50_000).for_each(|line| writeln!(long, "{line}").unwrap());
    let amd = Sample::new("linux/amd64", &["one", &long, "three"]);
    let arm = Sample::new("linux/arm64", &["arm"]);
    registry.push(&amd, "amd");
    registry.push(&arm, "arm");
    let entries: Vec<Value> = vec![amd.described(), arm.described()];
    let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries});
    registry.push_manifest(OCI_INDEX, index.to_string().as_bytes(), "both");

    let input = format!("{}/team/app", registry.address);
    let digest = Digest::of(&amd.manifest);
    for suffix in [":amd".to_owned(), format!("@{digest}"), format!(":amd@{digest}"), ":both".to_owned()] {
        let options = Options { platform: for_platform("amd64").platform, ..quick() };
        let found = image_with(&format!("{input}{suffix}"), &options);
        assert_eq!(found.manifest_digest, digest, "{suffix}");
        assert_eq!(found.repo_digests, [format!("{input}@{digest}")]);
        assert_eq!(found.layers.iter().map(bytes).collect::<Vec<_>>(), amd.layers);
        assert_eq!(walk(&found.layers, &Contents, &WalkOptions::default()).unwrap().len(), 3);
    }
    let options = Options { platform: for_platform("arm64").platform, ..quick() };
    assert_eq!(image_with(&format!("{input}:both"), &options).manifest, arm.manifest);
    let error = failure_with(&format!("{input}:none"), &quick());
    assert!(matches!(error, Error::NotInRegistry { .. }), "{}", chain(&error));
}

#[test]
fn a_real_registry_lets_in_who_has_the_password() {
    let Some(registry) = Registry::start(Some("right-password"), None, false) else { return };
    let sample = Sample::new("linux/amd64", &["one"]);
    registry.push(&sample, "1");
    let input = format!("registry:{}/team/app:1", registry.address);
    let with = |password: &str| {
        let secret = Secret::Password { username: "windlass".into(), password: password.into() };
        let mut options = quick();
        options.registry.credentials = vec![Credential { registry: Some(registry.address.clone()), secret }];
        options
    };
    let found = image_with(&input, &with("right-password"));
    assert_eq!(found.layers.iter().map(bytes).collect::<Vec<_>>(), sample.layers);
    assert!(matches!(failure_with(&input, &with("wrong")), Error::Denied { anonymous: false, .. }));
    assert!(matches!(failure_with(&input, &quick()), Error::Denied { anonymous: true, .. }));
}

/// As a service speaks to it, with a stored secret or none.
fn stored(registry: &Registry, secret: Option<Secret>) -> (service::Registry, Reference) {
    let RegistryOptions { retries, pause, .. } = quick().registry;
    let options = RegistryOptions { retries, pause, ..RegistryOptions::stored(secret, true) };
    let connected = service::Registry::connect(&registry.address, &options).unwrap();
    (connected, Reference::as_given(&registry.address, "team/app", Some("1"), None).unwrap())
}

#[test]
fn a_service_describes_watches_and_lists_what_was_pushed() {
    let Some(registry) = Registry::start(None, None, false) else { return };
    let (amd, arm) = (Sample::new("linux/amd64", &["amd", "two"]), Sample::new("linux/arm64", &["arm"]));
    registry.push(&arm, "1-arm");
    registry.push(&amd, "1-amd");
    let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [arm.described(), amd.described()]});
    let index = index.to_string().into_bytes();
    registry.push_manifest(OCI_INDEX, &index, "1");

    let (connected, reference) = stored(&registry, None);
    connected.ping().unwrap();
    let found = connected.describe(&reference, &PlatformChoice::FirstAmd64).unwrap();
    assert_eq!(found.image.manifest, amd.manifest);
    assert_eq!(found.parent_digest(), &Digest::of(&index));
    assert_eq!(found.compressed_bytes(), amd.layers.iter().map(|layer| layer.len() as u64).sum::<u64>());
    let parent = found.index.unwrap();
    assert_eq!((&parent.bytes, parent.images.len()), (&index, 2));

    let by_digest = |digest: &Digest| Reference { digest: Some(digest.clone()), ..reference.clone() };
    for entry in &parent.images {
        let child = connected.describe(&by_digest(&entry.digest), &PlatformChoice::FirstAmd64).unwrap();
        assert_eq!(
            (&child.image.manifest_digest, &child.image.platform),
            (&entry.digest, entry.platform.as_ref().unwrap())
        );
    }
    let opened = connected.open(&by_digest(&Digest::of(&amd.manifest)), &PlatformChoice::FirstAmd64).unwrap();
    assert_eq!(opened.layers.iter().map(bytes).collect::<Vec<_>>(), amd.layers);

    assert_eq!(connected.head_digest(&reference).unwrap(), Digest::of(&index));
    registry.push_manifest(OCI_MANIFEST, &amd.manifest, "1");
    assert_eq!(connected.head_digest(&reference).unwrap(), Digest::of(&amd.manifest));

    let mut tags = connected.tags(&reference, 100).unwrap();
    tags.names.sort_unstable();
    assert_eq!((tags.names, tags.complete), (["1", "1-amd", "1-arm"].map(str::to_owned).to_vec(), true));
    let some = connected.tags(&reference, 2).unwrap();
    assert_eq!((some.names.len(), some.complete), (2, false));

    let absent = Reference::as_given(&registry.address, "team/absent", Some("1"), None).unwrap();
    for error in [
        connected.head_digest(&absent).unwrap_err(),
        connected.tags(&absent, 10).unwrap_err(),
        connected.describe(&absent, &PlatformChoice::FirstAmd64).map(drop).unwrap_err(),
    ] {
        assert_eq!(error.failure().code(), "REGISTRY_IMAGE_NOT_FOUND", "{}", chain(&error));
    }
}

#[test]
fn a_real_registry_tells_a_service_whether_its_credentials_are_good() {
    let Some(registry) = Registry::start(Some("right-password"), None, false) else { return };
    registry.push(&Sample::new("linux/amd64", &["one"]), "1");
    let with = |password: &str| {
        stored(&registry, Some(Secret::Password { username: "windlass".into(), password: password.into() }))
    };
    let (good, reference) = with("right-password");
    good.ping().unwrap();
    assert_eq!(good.tags(&reference, 10).unwrap().names, ["1"]);
    let (wrong, _) = with("wrong");
    let (nobody, _) = stored(&registry, None);
    // To be asked who one is is all that a ping without a secret can find out.
    nobody.ping().unwrap();
    for error in [
        wrong.ping().unwrap_err(),
        wrong.head_digest(&reference).unwrap_err(),
        nobody.head_digest(&reference).unwrap_err(),
    ] {
        assert_eq!(error.failure().code(), "REGISTRY_PERMISSION_DENIED", "{}", chain(&error));
    }
}

#[test]
fn a_certificate_is_believed_only_if_its_authority_is_given_or_none_is_asked_for() {
    let tls = generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let Some(registry) = Registry::start(None, Some(&tls), false) else { return };
    let sample = Sample::new("linux/amd64", &["one"]);
    registry.push(&sample, "1");
    let input = format!("registry:{}/team/app:1", registry.address);
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("ours.crt"), tls.cert.pem()).unwrap();
    std::fs::write(folder.path().join("README"), "not a certificate").unwrap();

    let error = failure_with(&input, &quick());
    assert!(chain(&error).contains("hint: name the certificate authority of"), "{}", chain(&error));
    let trusting = |path: &Path| {
        let mut options = quick();
        options.registry.certificate_authority = Some(path.to_owned());
        options
    };
    for path in [folder.path().to_owned(), folder.path().join("ours.crt")] {
        assert_eq!(bytes(&image_with(&input, &trusting(&path)).layers[0]), sample.layers[0]);
    }
    let mut careless = quick();
    careless.registry.skip_tls_verify = true;
    assert_eq!(image_with(&input, &careless).manifest, sample.manifest);
    let error = failure_with(&input, &trusting(&folder.path().join("README")));
    assert!(matches!(error, Error::Certificate { .. }), "{}", chain(&error));
}

#[test]
fn a_registry_that_demands_a_certificate_is_shown_ours() {
    let tls = generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let Some(registry) = Registry::start(None, Some(&tls), true) else { return };
    let sample = Sample::new("linux/amd64", &["one"]);
    registry.push(&sample, "1");
    let input = format!("registry:{}/team/app:1", registry.address);
    let folder = TempDir::new().unwrap();
    let (certificate, key) = (folder.path().join("ours.pem"), folder.path().join("ours.key"));
    std::fs::write(&certificate, tls.cert.pem()).unwrap();
    std::fs::write(&key, tls.signing_key.serialize_pem()).unwrap();
    let mut options = quick();
    options.registry.certificate_authority = Some(certificate.clone());
    assert!(matches!(failure_with(&input, &options), Error::Unreachable { .. }));
    options.registry.client_certificate = Some((certificate, key));
    assert_eq!(image_with(&input, &options).manifest, sample.manifest);
}

#[test]
fn real_images_come_out_of_a_registry_as_they_went_in() {
    let Some(corpus) = folder("WINDLASS_CORPUS") else { return };
    let Some(registry) = Registry::start(None, None, false) else { return };
    let mut compared = 0;
    for entry in std::fs::read_dir(corpus.join("images")).unwrap() {
        let path = entry.unwrap().path();
        if !path.join("index.json").is_file() || path.ends_with("multiarch") {
            continue;
        }
        let local = image(path.to_str().unwrap());
        // Hundreds of MiB would only make the test slow.
        if local.layers.iter().map(|layer| layer.size).sum::<u64>() > 32 << 20 {
            continue;
        }
        for digest in local.layers.iter().filter_map(|layer| layer.digest.as_ref()).chain([&local.id]) {
            let blob = std::fs::File::open(path.join("blobs/sha256").join(digest.hex())).unwrap();
            registry.push_blob(digest.as_str(), blob);
        }
        let tag = path.file_name().unwrap().to_str().unwrap();
        registry.push_manifest(&local.media_type, &local.manifest, tag);
        let pulled = image_with(&format!("{}/team/app:{tag}", registry.address), &quick());
        assert_eq!((pulled.manifest_digest, &pulled.config), (local.manifest_digest, &local.config), "{tag}");
        let walked = walk(&pulled.layers, &Contents, &WalkOptions::default()).unwrap();
        assert_eq!(walked.len(), local.layers.len(), "{tag}");
        compared += 1;
    }
    assert!(compared > 0, "the corpus holds no layout");
}
