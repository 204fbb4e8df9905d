//! Archives that are uploaded: Anchore Engine's, and those of another Windlass.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use windlass_image::Digest;
use windlass_matching::testing::{deb, sbom};
use windlass_operations::{
    Error, Tenant,
    analysis::ArtifactType,
    testing::{Bench, on_every_service},
};
use windlass_sbom::{
    ImageSource, Sbom, Source,
    formats::{self, Document, Format},
};
use windlass_v1::{events::EventType, images::ImageRecord};

use crate::house::{archive, files, refused, team, told};

const WINDLASS: &str = "archive.json";

/// What the original's archive of an image holds, to be changed before it is packed.
struct Exported {
    digest: String,
    record: Value,
    row: Value,
    members: Vec<(&'static str, Value)>,
}

fn config() -> Vec<u8> {
    json!({
        "os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": ["sha256:d1"]},
        "history": [{"created": "2024-01-15T10:00:00Z", "created_by": "/bin/sh -c #(nop) ADD file:abc in / "}],
        "config": {"Labels": {"team": "shop"}},
    })
    .to_string()
    .into_bytes()
}

fn bill() -> Value {
    let image = ImageSource { config: config(), manifest: b"another".to_vec(), size: 9000, ..ImageSource::default() };
    let bill = Sbom { source: Source::Image(Box::new(image)), ..sbom("debian:12", [deb("bash", "5.0")]) };
    let mut bytes = Vec::new();
    let document = Document { created: None, tool_version: "1".into() };
    formats::write(&bill, Format::SyftJson, &document, &mut bytes).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

fn table(pairs: &Value) -> Value {
    json!({ "base": pairs })
}

impl Exported {
    fn new() -> Self {
        let image_id = Digest::of(&config()).hex().to_owned();
        let manifest = json!({"schemaVersion": 2, "config": {"digest": format!("sha256:{image_id}"), "size": 7},
            "layers": [{"digest": "sha256:l1", "size": 3}]})
        .to_string();
        let digest = Digest::of(manifest.as_bytes()).to_string();
        // As Python writes it.
        let rewritten = manifest.replace("\":", "\": ").replace(",\"", ", \"");
        let detail = json!({"registry": "localbuild", "repo": "shop/web", "tag": "1", "imageId": image_id,
            "digest": digest, "dockerfile": "RlJPTSBzY3JhdGNoCg==", "userId": "elsewhere",
            "created_at": 1_700_000_000, "last_updated": 1_700_000_100, "tag_detected_at": 1_700_000_050});
        let row = json!({"imageDigest": digest, "userId": "elsewhere", "annotations": "{\"team\": \"a\"}",
            "created_at": 1_700_000_000, "last_updated": 1_700_000_100, "analyzed_at": 1_700_000_200,
            "arch": "amd64", "distro": "debian", "distro_version": "12", "dockerfile_mode": "Actual",
            "image_size": 9000, "layer_count": 1, "analysis_status": "analyzed", "image_status": "active",
            "image_detail": [detail]});
        let info =
            json!({"name": "id_rsa", "size": 3, "mode": 33188, "uid": 1, "gid": 2, "type": "file", "linkdst": null});
        let analysis = json!([{"image": {"imageId": image_id, "imagedata": {
            "analysis_report": {
                "analyzer_meta": {"analyzer_meta": table(&json!({"DISTRO": "debian", "DISTROVERS": "12", "LIKEDISTRO": "debian"}))},
                "file_list": {"files.allinfo": table(&json!({"/root/id_rsa": info.to_string()}))},
                "file_checksums": {"files.sha256sums": table(&json!({"/root/id_rsa": "ab"}))},
                "secret_search": {"regexp_matches.all": table(&json!({"/root/id_rsa": "{\"UFJJVj14Cg==\": [0]}"}))},
                "retrieve_files": {"file_content.all": table(&json!({"/etc/passwd": "cm9v\ndA==\n"}))},
                "package_list": {"pkgs.all": table(&json!({"bash": "5.0"}))},
            },
            "image_report": {"dockerfile_mode": "Actual", "docker_data": {"Architecture": "amd64"},
                "docker_history": [{"Id": "sha256:l1", "Created": "2024-01-15T10:00:00Z", "Comment": "",
                    "CreatedBy": "/bin/sh -c #(nop) ADD file:abc in / ", "Size": 3, "Tags": []}]},
        }}}]);
        let os = json!({"package": "bash", "version": "5.0", "type": "dpkg", "size": "1000", "origin": "M (maintainer)",
            "license": "GPL-3", "licenses": ["GPL-3"], "sourcepkg": "bash-src", "cpes": []});
        let npm = json!({"package": "left-pad", "version": "1.0", "type": "NPM", "location": "/app/package.json",
            "origin": "Unknown", "license": "MIT", "licenses": ["MIT"], "cpes": []});
        let members = vec![
            ("analysis", json!({ "document": analysis })),
            ("image_content", json!({"document": {"os": [os], "npm": [npm], "files": []}})),
            ("image_manifest", json!({ "document": rewritten })),
            ("syft_sbom", json!({ "document": bill() })),
            ("vulnerabilities", json!({"document": []})),
        ];
        let artifact = |(name, _): &(&str, Value)| {
            // Where it was kept there is nobody's business here.
            let source = json!({"bucket": "policy_bundles", "key": "somebody's"});
            json!({"name": name, "source": source, "dest": {"tarfile_path": name}, "metadata": {}})
        };
        let record = json!({"account": "elsewhere", "image_digest": digest, "archived_at": "2024-01-16T10:00:00Z",
            "metadata": {"versions": {}, "image_id": image_id}, "artifacts": members.iter().map(artifact).collect::<Vec<_>>()});
        Self { digest, record, row, members }
    }

    fn without(mut self, name: &str) -> Self {
        self.members.retain(|(member, _)| *member != name);
        self.record["artifacts"].as_array_mut().unwrap().retain(|artifact| artifact["name"] != name);
        self
    }

    fn packed(&self) -> Vec<u8> {
        let mut record = self.record.clone();
        record["metadata"]["image_record"] = self.row.to_string().into();
        let members = self.members.iter().map(|(name, value)| (*name, value.to_string()));
        gzip(&tar(members.chain([("archive_manifest", record.to_string())])))
    }
}

fn tar(members: impl IntoIterator<Item = (&'static str, String)>) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, content) in members {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, content.as_bytes()).unwrap();
    }
    tar.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

async fn upload(tenant: &Tenant, bytes: &[u8]) -> Result<ImageRecord, Error> {
    tenant.import_archive(bytes).await
}

async fn content(tenant: &Tenant, digest: &str, kind: &str) -> Value {
    let mut document = tenant.image_content(digest, kind).await.unwrap();
    let mut bytes = Vec::new();
    document.content.read_to_end(&mut bytes).await.unwrap();
    serde_json::from_slice::<Value>(&bytes).unwrap()["content"].take()
}

async fn artifact(tenant: &Tenant, digest: &str, kind: ArtifactType) -> Value {
    let mut document = tenant.image_artifact(digest, kind).await.unwrap();
    let mut bytes = Vec::new();
    document.content.read_to_end(&mut bytes).await.unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

async fn documents(bench: &Bench, tenant: &Tenant, digest: &str) -> Vec<(String, String)> {
    let store = bench.service.store();
    let analysis = store.account(tenant.name()).image(digest).await.unwrap().unwrap().analysis.unwrap();
    store.analysis_documents(analysis).await.unwrap().into_iter().map(|row| (row.kind, row.object)).collect()
}

#[test]
fn an_archive_of_the_original_is_taken_into_the_account_of_whoever_sends_it() {
    on_every_service(|bench| async move {
        let alpha = team(&bench, "alpha").await;
        let exported = Exported::new();
        let digest = &exported.digest;
        let shown = serde_json::to_value(upload(&alpha, &exported.packed()).await.unwrap()).unwrap();
        assert_eq!(
            json!([
                shown["imageDigest"],
                shown["userId"],
                shown["analysis_status"],
                shown["annotations"],
                shown["analyzed_at"]
            ]),
            json!([digest, "alpha", "analyzed", {"team": "a"}, "2023-11-14T22:16:40Z"])
        );
        assert_eq!(
            shown["image_content"]["metadata"],
            json!({"arch": "amd64", "distro": "debian", "distro_version": "12", "dockerfile_mode": "Actual",
                "image_size": 9000, "layer_count": 1})
        );
        let detail = &shown["image_detail"][0];
        assert_eq!(
            json!([detail["fulltag"], detail["userId"], detail["dockerfile"], detail["tag_detected_at"]]),
            json!(["localbuild/shop/web:1", "alpha", "RlJPTSBzY3JhdGNoCg==", "2023-11-14T22:14:10Z"])
        );
        assert_eq!(content(&alpha, digest, "os").await[0]["package"], "bash");
        let file = &content(&alpha, digest, "files").await[0];
        assert_eq!(
            json!([file["filename"], file["mode"], file["sha256"], file["uid"]]),
            json!(["/root/id_rsa", "00644", "ab", 1])
        );
        assert_eq!(
            artifact(&alpha, digest, ArtifactType::SecretSearch).await,
            json!([{"path": "/root/id_rsa", "matches": [{"name": "PRIV", "regex": "x", "lines": [0]}]}])
        );
        assert_eq!(artifact(&alpha, digest, ArtifactType::RetrievedFiles).await[0]["b64_content"], "cm9vdA==\n");
        let sbom = alpha.sbom(&bench.service.store().account(alpha.name()).image(digest).await.unwrap().unwrap()).await;
        let Source::Image(image) = sbom.unwrap().source else { panic!("it is no image") };
        assert_eq!((image.config, image.labels), (config(), vec![("team".to_owned(), "shop".to_owned())]));
        let kind = EventType::RestoredFromArchive.as_str().to_owned();
        assert_eq!(told(&bench).await, [(kind, digest.clone(), json!({"msg": "Restored by API request"}))]);

        let again = refused(upload(&alpha, &exported.packed()).await);
        assert_eq!(again.httpcode, 409);
        let beta = team(&bench, "beta").await;
        assert!(beta.image(digest).await.is_err(), "it is alpha's alone");
        upload(&beta, &exported.packed()).await.unwrap();
        let analysis = async |tenant: &Tenant| {
            bench.service.store().account(tenant.name()).image(digest).await.unwrap().unwrap().analysis
        };
        assert_ne!(analysis(&alpha).await, analysis(&beta).await, "what a stranger says is not shared");
    });
}

#[test]
fn an_older_archive_has_its_packages_from_the_lists_of_content() {
    on_every_service(|bench| async move {
        let alpha = team(&bench, "alpha").await;
        let mut exported = Exported::new().without("syft_sbom");
        exported.row["dockerfile_mode"] = json!("Guessed");
        let shown = upload(&alpha, &exported.packed()).await.unwrap();
        assert_eq!(shown.image_content.metadata.distro.as_deref(), Some("debian"));
        let os = content(&alpha, &exported.digest, "os").await;
        assert_eq!(
            json!([
                os[0]["package"],
                os[0]["version"],
                os[0]["sourcepkg"],
                os[0]["origin"],
                os[0]["license"],
                os[0]["size"]
            ]),
            json!(["bash", "5.0", "bash-src", "M (maintainer)", "GPL-3", "1000"])
        );
        let npm = content(&alpha, &exported.digest, "npm").await;
        assert_eq!(
            json!([npm[0]["package"], npm[0]["location"], npm[0]["license"]]),
            json!(["left-pad", "/app/package.json", "MIT"])
        );
        let sbom = alpha
            .sbom(&bench.service.store().account(alpha.name()).image(&exported.digest).await.unwrap().unwrap())
            .await
            .unwrap();
        let Source::Image(image) = &sbom.source else { panic!("it is no image") };
        assert_eq!(
            windlass_sbom::dockerfile::guessed(image).as_deref(),
            Some("FROM scratch\nADD file:abc in / \n"),
            "policies judge what its history told"
        );
        assert_eq!(sbom.inspection.dockerfile, None, "a guess is nobody's Dockerfile");
    });
}

#[test]
fn an_archive_of_another_windlass_says_the_same_here() {
    on_every_service(|bench| async move {
        let alpha = team(&bench, "alpha").await;
        let exported = Exported::new();
        let digest = &exported.digest;
        upload(&alpha, &exported.packed()).await.unwrap();
        assert_eq!(archive(&alpha, digest).await.0, "archived");
        let bundle = files(&bench.folder.path().join("archive")).pop().unwrap();
        let bundle = std::fs::read(bundle).unwrap();
        let plain = zstd::decode_all(&bundle[..]).unwrap();
        assert!(plain.starts_with(WINDLASS.as_bytes()));
        for (account, bytes) in [("beta", bundle), ("gamma", plain.clone()), ("delta", gzip(&plain))] {
            let tenant = team(&bench, account).await;
            let shown = upload(&tenant, &bytes).await.unwrap();
            assert_eq!((shown.user_id.as_str(), shown.image_detail.len()), (account, 1));
            assert_eq!(documents(&bench, &tenant, digest).await, documents(&bench, &alpha, digest).await);
        }
        let epsilon = team(&bench, "epsilon").await;
        let version = b"\"schemaVersion\":2";
        let position = plain.windows(version.len()).position(|bytes| bytes == version).unwrap();
        let mut forged = plain;
        forged[position + version.len() - 1] = b'3';
        let refusal = refused(upload(&epsilon, &forged).await);
        assert!(refusal.httpcode == 409 && refusal.message.contains("not what its name says"), "{}", refusal.message);
        assert!(epsilon.image(digest).await.is_err());
    });
}

#[test]
fn what_is_no_archive_or_contradicts_itself_is_refused_and_nothing_is_kept() {
    type Change = fn(&mut Exported);
    const CHANGES: &[(&str, Change)] = &[
        ("is about", |sent| sent.row["imageDigest"] = json!(format!("sha256:{:0>64}", 1))),
        ("not that of", |sent| {
            sent.members[2].1 = json!({"document": "{\"config\": {\"digest\": \"sha256:ab\"}, \"layers\": []}"});
        }),
        ("image id", |sent| sent.row["image_detail"][0]["imageId"] = json!("ab")),
        ("was not analysed", |sent| sent.row["analyzed_at"] = json!(null)),
        ("0 tags", |sent| sent.row["image_detail"] = json!([])),
        ("is no tag", |sent| sent.row["image_detail"][0]["repo"] = json!("a b")),
        ("is no tag", |sent| sent.row["image_detail"][0]["registry"] = json!("r.example/x")),
        ("is there twice", |sent| {
            let detail = sent.row["image_detail"][0].clone();
            sent.row["image_detail"].as_array_mut().unwrap().push(detail);
        }),
        ("annotations", |sent| sent.row["annotations"] = json!("[]")),
        ("the Dockerfile", |sent| sent.row["image_detail"][0]["dockerfile"] = json!("/w==")),
        ("index's digest", |sent| sent.row["parentDigest"] = json!("latest")),
        ("it lacks elsewhere", |sent| sent.record["artifacts"][0]["dest"]["tarfile_path"] = json!("elsewhere")),
        ("names no image_content", |sent| sent.record["artifacts"][1]["name"] = json!("policy_bundle")),
        ("it is of no image", |sent| sent.members[0].1 = json!({"document": []})),
        ("analysis: ", |sent| sent.members[0].1 = json!({"document": 7})),
        ("syft_sbom: ", |sent| sent.members[3].1 = json!({"document": {}})),
        ("/root/id_rsa", |sent| {
            sent.members[0].1["document"][0]["image"]["imagedata"]["analysis_report"]["file_list"]["files.allinfo"]["base"]
                ["/root/id_rsa"] = json!("no JSON");
        }),
        ("archive_manifest: ", |sent| sent.record["image_digest"] = json!(7)),
    ];
    on_every_service(|bench| async move {
        let alpha = team(&bench, "alpha").await;
        let before = files(&bench.folder.path().join("objects"));
        let refuse = async |what: &str, bytes: &[u8]| {
            let refusal = refused(upload(&alpha, bytes).await);
            assert!(refusal.httpcode == 409 && refusal.message.contains(what), "{what}: {}", refusal.message);
        };
        for (reason, change) in CHANGES {
            let mut exported = Exported::new();
            change(&mut exported);
            refuse(reason, &exported.packed()).await;
        }
        let whole = Exported::new().packed();
        refuse("neither archive_manifest nor archive.json", b"").await;
        refuse("no tar file", b"nothing at all").await;
        refuse("damaged", &whole[..whole.len() - 40]).await;
        refuse("damaged", &zstd::encode_all(&[1_u8; 5000][..], 1).unwrap()).await;
        refuse("is there twice", &tar([("archive_manifest", "{}".into()), ("archive_manifest", "{}".into())])).await;
        refuse("archive.json: ", &tar([("archive.json", json!({"format": "x"}).to_string())])).await;
        assert_eq!(files(&bench.folder.path().join("objects")), before, "nothing is left of it");
        assert_eq!(told(&bench).await, []);
        assert_eq!(alpha.images(&windlass_operations::images::ImageFilter::default()).await.unwrap().len(), 0);
    });
}

#[test]
fn a_transfer_that_breaks_off_is_the_senders_to_repeat() {
    struct Broken;
    impl tokio::io::AsyncRead for Broken {
        fn poll_read(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
            _: &mut tokio::io::ReadBuf<'_>,
        ) -> std::task::Poll<std::io::Result<()>> {
            std::task::Poll::Ready(Err(std::io::Error::other("gone")))
        }
    }
    on_every_service(|bench| async move {
        let alpha = team(&bench, "alpha").await;
        let refusal = refused(alpha.import_archive(Broken).await);
        assert!(refusal.httpcode == 400 && refusal.message.contains("breaks off"), "{}", refusal.message);
    });
}
