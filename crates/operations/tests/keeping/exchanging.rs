//! Bundles between systems, and what somebody may have written into them (`spec/operations.md` D-11).

use std::{
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use futures::TryStreamExt as _;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use tokio_util::sync::CancellationToken;
use windlass_matching::testing::advisory;
use windlass_objects::{ObjectKey, Objects, Options};
use windlass_operations::{
    Cipher, ObjectChunks, Part, Service, Tenant, analysis::StoredDocument, evaluations::CheckRequest,
    testing::on_every_service,
};
use windlass_store::testing::rows;

use crate::{
    house::{archive, files, forget, refused, restore, team},
    registry::{Registry, Sample},
    scene::publish,
};

async fn bytes(mut document: StoredDocument) -> Vec<u8> {
    let mut bytes = Vec::new();
    document.content.read_to_end(&mut bytes).await.unwrap();
    bytes
}

/// A registry that has an image.
fn served() -> Option<(Registry, Sample)> {
    let (registry, sample) = (Registry::start()?, Sample::new("bash"));
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap().block_on(registry.push(&sample, "1"));
    Some((registry, sample))
}

/// Everything that is kept of an image, as bytes.
async fn seen(tenant: &Tenant, digest: &str) -> Vec<Vec<u8>> {
    let mut seen = Vec::new();
    for kind in ["os", "files", "npm", "java", "python", "go", "gem", "binary", "malware"] {
        seen.push(bytes(tenant.image_content(digest, kind).await.unwrap()).await);
    }
    for kind in ["manifest", "docker_history", "dockerfile"] {
        seen.push(bytes(tenant.image_metadata(digest, kind).await.unwrap()).await);
    }
    seen.push(bytes(tenant.native_sbom(digest).await.unwrap().1).await);
    seen
}

/// Adds the image, has it analysed and judged.
async fn analyse(service: &Arc<Service>, tenant: &Tenant, fulltag: &str) -> String {
    let request = json!({"source": {"tag": {"pullstring": fulltag}}, "annotations": {"team": "a"}});
    let added = tenant.add_image(&serde_json::from_value(request).unwrap(), false, false).await.unwrap().swap_remove(0);
    while service.work_once("w", &CancellationToken::new()).await.unwrap() {}
    added.image_digest
}

async fn exported(tenant: &Tenant, digest: &str) -> Vec<u8> {
    let bundle = tenant.export_bundle(digest).await.unwrap();
    let pieces: Vec<_> = bundle.content.try_collect().await.unwrap();
    let bytes = pieces.concat();
    assert_eq!((bundle.size, bundle.digest.as_str()), (bytes.len() as u64, digest));
    bytes
}

/// The members of a bundle.
async fn members(bundle: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut tar = Vec::new();
    async_compression::tokio::bufread::ZstdDecoder::new(bundle).read_to_end(&mut tar).await.unwrap();
    let mut archive = tar::Archive::new(&tar[..]);
    let read = |entry: std::io::Result<tar::Entry<'_, &[u8]>>| {
        let mut entry = entry.unwrap();
        let (mut content, name) = (Vec::new(), entry.path().unwrap().display().to_string());
        entry.read_to_end(&mut content).unwrap();
        (name, content)
    };
    archive.entries().unwrap().map(read).collect()
}

fn packed(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in members {
        let mut header = tar::Header::new_ustar();
        // As it is, whatever it says.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append(&header, &content[..]).unwrap();
    }
    builder.into_inner().unwrap()
}

/// A bundle whose record was changed.
fn forged(members: &[(String, Vec<u8>)], change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut members = members.to_vec();
    let mut record: Value = serde_json::from_slice(&members[0].1).unwrap();
    change(&mut record);
    members[0].1 = record.to_string().into_bytes();
    packed(&members)
}

#[test]
fn a_bundle_goes_to_another_system_and_comes_back_to_life_there_on_another_driver() {
    let Some((registry, _)) = served() else { return };
    on_every_service(|bench| {
        let registry = &registry;
        async move {
            let alpha = team(&bench, "alpha").await;
            let digest = analyse(&bench.service, &alpha, &format!("{}/team/app:1", registry.address)).await;
            archive(&alpha, &digest).await;
            let before = seen(&alpha, &digest).await;
            let bundle = exported(&alpha, &digest).await;

            // Another system: its documents are rows of its database.
            let folder = tempfile::tempdir().unwrap();
            let address = windlass_store::Address::Sqlite(folder.path().join("other.db"));
            let store = windlass_store::Store::open(&address).await.unwrap();
            let clock = bench.service.clock().clone();
            let chunks = |name| {
                Objects::over(Arc::new(ObjectChunks::new(store.clone(), clock.clone(), name)), Options::default())
            };
            let cipher = Cipher::parse(&Cipher::generate_key()).unwrap();
            let settings = bench.service.settings().clone();
            let other = Service::new(store.clone(), chunks(""), chunks("archive"), cipher, clock.clone(), settings);
            other.bootstrap(None, || "foobar".into()).await.unwrap();
            let theirs = other.tenant(&windlass_store::AccountName::admin());
            let imported = theirs.import_bundle(&bundle[..]).await.unwrap();
            let shown = json!(imported);
            assert_eq!((&shown["imageDigest"], &shown["status"]), (&json!(digest), &json!("archived")));
            assert_eq!(shown["annotations"], json!({"team": "a"}));
            restore(&theirs, &digest).await.unwrap();
            assert_eq!(seen(&theirs, &digest).await, before, "identical, without image or registry");
            assert_eq!(exported(&theirs, &digest).await.len(), exported(&theirs, &digest).await.len());
            let again = refused(theirs.import_bundle(&bundle[..]).await);
            assert!(again.httpcode == 409 && again.message.contains("already"), "{}", again.message);
            let uncompressed = packed(&members(&bundle).await);
            theirs.delete_archived_image(&digest, false).await.unwrap();
            theirs.import_bundle(&uncompressed[..]).await.unwrap();
        }
    });
}

#[test]
fn what_is_imported_is_the_caller_s_alone_and_answers_nobody_s_question() {
    let Some((registry, sample)) = served() else { return };
    on_every_service(|bench| {
        let (registry, sample) = (&registry, &sample);
        async move {
            let (alpha, beta, gamma) =
                (team(&bench, "alpha").await, team(&bench, "beta").await, team(&bench, "gamma").await);
            let tag = format!("{}/team/app:1", registry.address);
            let digest = analyse(&bench.service, &alpha, &tag).await;
            archive(&alpha, &digest).await;
            let before = seen(&alpha, &digest).await;
            let members = members(&exported(&alpha, &digest).await).await;
            forget(&bench, &alpha, &digest).await;

            // The list of packages says that there are none, and its digest is right.
            let lie = br#"[{"package":"nothing to see"}]"#.to_vec();
            let key = ObjectKey::of(&lie);
            let mut altered = members.clone();
            altered.push((format!("objects/{}", key.hex()), lie.clone()));
            let mut old = String::new();
            let bundle = forged(&altered, |record| {
                for document in record["analysis"]["documents"].as_array_mut().unwrap() {
                    if document["kind"] == "content/os" {
                        old = document["object"].as_str().unwrap().trim_start_matches("sha256:").to_owned();
                        *document = json!({"kind": "content/os", "object": key.to_string(), "size": lie.len()});
                    }
                }
                record["account"] = json!("alpha");
                record["tags"][0]["detected_at"] = json!(i64::MAX);
                record["evaluations"][0]["final_action"] = json!("go");
            });
            let refusal = refused(beta.import_bundle(&bundle[..]).await);
            assert!(refusal.message.contains("is not of it"), "the document it had before: {}", refusal.message);
            let kept: Vec<_> = altered.iter().filter(|(name, _)| !name.ends_with(&old)).cloned().collect();
            let bundle = forged(&kept, |record| {
                for document in record["analysis"]["documents"].as_array_mut().unwrap() {
                    if document["kind"] == "content/os" {
                        *document = json!({"kind": "content/os", "object": key.to_string(), "size": lie.len()});
                    }
                }
                record["account"] = json!("alpha");
                record["tags"][0]["detected_at"] = json!(i64::MAX);
                record["evaluations"][0]["final_action"] = json!("go");
            });
            beta.import_bundle(&bundle[..]).await.unwrap();
            assert_eq!(beta.archived_images(Part::default()).all().await.unwrap().len(), 1);
            assert_eq!(alpha.archived_images(Part::default()).all().await.unwrap().len(), 1);
            restore(&beta, &digest).await.unwrap();
            let told = String::from_utf8(bytes(beta.image_content(&digest, "os").await.unwrap()).await).unwrap();
            assert!(told.contains("nothing to see"), "whoever wrote it reads it: {told}");

            // Nobody else does: not who adds the same image, nor who brings it back.
            analyse(&bench.service, &gamma, &tag).await;
            assert_eq!(seen(&gamma, &digest).await[..9], before[..9]);
            restore(&alpha, &digest).await.unwrap();
            assert_eq!(seen(&alpha, &digest).await, before);
            // Its verdict is history; the question is judged anew.
            let store = bench.service.store();
            let evaluations = store.account(beta.name()).evaluations_of_image(&digest).await.unwrap();
            assert!(evaluations.iter().all(|row| row.inputs == "imported" && row.data.is_none()), "{evaluations:?}");
            let tags = rows(store, "image_tags", "account", "beta").await;
            assert!(tags[0]["detected_at"].as_i64().unwrap() <= bench.now().micros(), "nothing lies in the future");
            assert_eq!(sample.digest, digest);
        }
    });
}

type Members = Vec<(String, Vec<u8>)>;
type Case = (&'static str, Vec<u8>, &'static str);

fn hostile(members: &[(String, Vec<u8>)]) -> Vec<Case> {
    let record = |change: fn(&mut Value)| forged(members, change);
    let with = |change: &dyn Fn(&mut Members)| {
        let mut members = members.to_vec();
        change(&mut members);
        packed(&members)
    };
    let mut cut = packed(members);
    cut.truncate(cut.len() - 3000);
    let mut link = packed(members);
    link[156] = b'2';
    let mut huge = packed(members);
    let mut header = tar::Header::new_ustar();
    header.set_path("archive.json").unwrap();
    header.set_size(u64::MAX / 2);
    header.set_cksum();
    huge[..512].copy_from_slice(header.as_bytes());
    vec![
        ("nothing", Vec::new(), "breaks off"),
        ("a text", b"no bundle".repeat(100), "cannot be imported"),
        ("a frame of zstd that is none", [&[0x28, 0xb5, 0x2f, 0xfd][..], &[0xff; 100]].concat(), "cannot be"),
        ("cut off", cut, "breaks off"),
        ("a link", link, "is no file"),
        ("a member without end", huge, "may have"),
        ("no record", with(&|members| drop(members.remove(0))), "does not begin with archive.json"),
        ("a document too few", with(&|members| drop(members.pop())), "it lacks sha256:"),
        ("a document too many", with(&|members| members.push(("objects/00".into(), vec![]))), "is not of it"),
        ("a document twice", with(&|members| members.push(members[2].clone())), "is not of it"),
        ("a path outside", with(&|members| members[2].0 = "../../etc/passwd".into()), "is not of it"),
        ("another content", with(&|members| members[2].1.push(b' ')), "is not what its name says"),
        ("another format", record(|record| record["version"] = json!(2)), "version 2"),
        ("a member missing", record(|record| drop(record["image"].take())), "archive.json"),
        (
            "another image's manifest",
            record(|record| record["image"]["digest"] = json!(format!("sha256:{:064}", 1))),
            "another image",
        ),
        (
            "a manifest that is not the image's",
            record(|record| record["image"]["manifest"] = record["analysis"]["documents"][0]["object"].clone()),
            "its manifest is not that of the image",
        ),
        (
            "a key that is a path",
            record(|record| record["analysis"]["documents"][0]["object"] = json!("../policies/active")),
            "is no SHA-256 digest",
        ),
        (
            "a document of a policy",
            record(|record| record["analysis"]["documents"][0]["kind"] = json!("policy_bundles/active")),
            "is no kind of document",
        ),
        (
            "a kind twice",
            record(|record| {
                record["analysis"]["documents"][0]["kind"] = record["analysis"]["documents"][1]["kind"].clone();
            }),
            "is there twice",
        ),
        (
            "another size",
            record(|record| record["analysis"]["documents"][0]["size"] = json!(-5)),
            "has another size than it says",
        ),
        ("annotations that are none", record(|record| record["image"]["annotations"] = json!("[1]")), "annotations"),
        ("a Dockerfile that is none", record(|record| record["image"]["dockerfile"] = json!("%%%")), "Dockerfile"),
        ("a tag that is none", record(|record| record["tags"][0]["tag"] = json!("a b\u{7}")), "is no tag"),
        ("NUL in a text", record(|record| record["tags"][0]["registry"] = json!("a\0b")), "character NUL"),
        ("a long text", record(|record| record["image"]["image_id"] = json!("x".repeat(5000))), "longer than 4096"),
        (
            "an image id of its own",
            record(|record| record["image"]["image_id"] = json!("evil id <b>")),
            "the image id is",
        ),
        ("a bill of materials that is none", bill(members, b"not an sbom"), "its bill of materials sha256:"),
        ("a manifest that is none", manifest(members), "its manifest sha256:"),
        (
            "many rows",
            record(|record| {
                let tag = record["tags"][0].clone();
                record["tags"] = std::iter::repeat_n(tag, 20_001).collect();
            }),
            "more than 20000 rows",
        ),
        (
            "a verdict that is none",
            record(|record| record["evaluations"][0]["final_action"] = json!("ship it")),
            "no action that is known",
        ),
    ]
}

/// A bundle in which an object is another one, whose digest is right wherever it is named.
fn replaced(members: &[(String, Vec<u8>)], key: &str, content: &[u8]) -> Vec<u8> {
    let other = ObjectKey::of(content).to_string();
    let text = String::from_utf8(members[0].1.clone()).unwrap().replace(key, &other);
    let mut record: Value = serde_json::from_str(&text).unwrap();
    for document in record["analysis"]["documents"].as_array_mut().unwrap() {
        if document["object"] == json!(other) {
            document["size"] = json!(content.len());
        }
    }
    let file = |key: &str| format!("objects/{}", key.trim_start_matches("sha256:"));
    let mut members = members.to_vec();
    members[0].1 = record.to_string().into_bytes();
    let member = members.iter_mut().find(|(name, _)| *name == file(key)).unwrap();
    *member = (file(&other), content.to_vec());
    packed(&members)
}

fn bill(members: &[(String, Vec<u8>)], content: &[u8]) -> Vec<u8> {
    let record: Value = serde_json::from_slice(&members[0].1).unwrap();
    let documents = record["analysis"]["documents"].as_array().unwrap();
    let sbom = documents.iter().find(|document| document["kind"] == "sbom").unwrap();
    replaced(members, sbom["object"].as_str().unwrap(), content)
}

fn manifest(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let record: Value = serde_json::from_slice(&members[0].1).unwrap();
    replaced(members, record["image"]["manifest"].as_str().unwrap(), b"{}")
}

#[test]
fn what_is_archived_is_not_given_up_for_what_a_stranger_says_is_newer() {
    let Some((registry, _)) = served() else { return };
    on_every_service(|bench| {
        let registry = &registry;
        async move {
            let alpha = team(&bench, "alpha").await;
            let digest = analyse(&bench.service, &alpha, &format!("{}/team/app:1", registry.address)).await;
            archive(&alpha, &digest).await;
            let bundle = exported(&alpha, &digest).await;
            bench.pass(3600);
            let newer = forged(&members(&bundle).await, |record| {
                record["image"]["analyzed_at"] = json!(i64::MAX);
            });
            let refusal = refused(alpha.import_bundle(&newer[..]).await);
            assert!(
                refusal.httpcode == 409 && refusal.message.contains("delete it there first"),
                "{}",
                refusal.message
            );
            assert_eq!(exported(&alpha, &digest).await, bundle);
        }
    });
}

#[test]
fn moments_of_strangers_lie_between_1970_and_now() {
    let Some((registry, _)) = served() else { return };
    on_every_service(|bench| {
        let registry = &registry;
        async move {
            let (alpha, beta) = (team(&bench, "alpha").await, team(&bench, "beta").await);
            let digest = analyse(&bench.service, &alpha, &format!("{}/team/app:1", registry.address)).await;
            archive(&alpha, &digest).await;
            let bundle = forged(&members(&exported(&alpha, &digest).await).await, |record| {
                for name in ["created_at", "last_updated", "analyzed_at"] {
                    record["image"][name] = json!(i64::MIN);
                }
                record["tags"][0]["detected_at"] = json!(i64::MIN);
            });
            beta.import_bundle(&bundle[..]).await.unwrap();
            restore(&beta, &digest).await.unwrap();
            let shown = json!(beta.image(&digest).await.unwrap());
            for moment in [&shown["created_at"], &shown["analyzed_at"], &shown["image_detail"][0]["tag_detected_at"]] {
                assert_eq!(moment, &json!("1970-01-01T00:00:00Z"), "{shown}");
            }
        }
    });
}

#[test]
fn what_is_no_bundle_is_refused_with_the_reason_and_leaves_nothing_behind() {
    let Some((registry, _)) = served() else { return };
    on_every_service(|bench| {
        let registry = &registry;
        async move {
            let (alpha, beta) = (team(&bench, "alpha").await, team(&bench, "beta").await);
            let digest = analyse(&bench.service, &alpha, &format!("{}/team/app:1", registry.address)).await;
            archive(&alpha, &digest).await;
            let bundle = exported(&alpha, &digest).await;
            let members = members(&bundle).await;
            let archived = || files(&bench.folder.path().join("archive"));
            let before = archived();
            for (what, bytes, reason) in hostile(&members) {
                let refusal = refused(beta.import_bundle(&bytes[..]).await);
                assert!(refusal.httpcode == 400 && refusal.message.contains(reason), "{what}: {}", refusal.message);
                assert!(beta.archived_images(Part::default()).all().await.unwrap().is_empty(), "{what}");
                assert_eq!(archived(), before, "{what}");
            }
            // A frame that unfolds to more than there is room for is told by the size of its member, not by the memory it took.
            let zeroes = vec![0; 64 << 20];
            let mut bomb = Vec::new();
            async_compression::tokio::bufread::ZstdEncoder::new(&zeroes[..]).read_to_end(&mut bomb).await.unwrap();
            assert!(bomb.len() < 100_000);
            assert_eq!(refused(beta.import_bundle(&bomb[..]).await).httpcode, 400);
            beta.import_bundle(&bundle[..]).await.unwrap();
        }
    });
}

/// The bundle of a pack, as the repository has it.
fn pack(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies").join(name).join("bundle.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// The verdicts on an image by the active bundle and by another, with all that led to them; but not when they were made.
async fn verdicts(tenant: &Tenant, digest: &str, tag: &str, other: &str) -> Vec<Value> {
    let mut verdicts = Vec::new();
    for policy_id in [None, Some(other.to_owned())] {
        let request = CheckRequest { tag: tag.to_owned(), policy_id, detail: true, ..CheckRequest::default() };
        let mut verdict = json!(tenant.check(digest, &request).await.unwrap());
        forget_moments(&mut verdict);
        verdicts.push(verdict);
    }
    verdicts
}

fn forget_moments(document: &mut Value) {
    match document {
        Value::Object(members) => {
            members.retain(|name, _| !["last_evaluation", "created_at", "last_modified"].contains(&name.as_str()));
            members.values_mut().for_each(forget_moments);
        }
        Value::Array(elements) => elements.iter_mut().for_each(forget_moments),
        _ => {}
    }
}

/// Needs the folder `WINDLASS_CORPUS` with OCI layouts in `images`, or the latter.
#[test]
fn real_images_come_back_as_they_were_on_another_driver_and_are_judged_as_before() {
    let Some(corpus) = windlass_testing::shared("WINDLASS_CORPUS") else { return };
    let images = Some(corpus.join("images")).filter(|images| images.is_dir()).unwrap_or(corpus);
    let paths = std::fs::read_dir(&images).unwrap().map(|entry| entry.unwrap().path());
    let mut layouts: Vec<PathBuf> = paths.filter(|path| path.is_dir()).collect();
    layouts.sort();
    assert!(!layouts.is_empty(), "there are no images in {}", images.display());
    let Some(registry) = Registry::start() else { return };
    on_every_service(|bench| {
        let (registry, layouts) = (&registry, &layouts);
        async move {
            let alpha = team(&bench, "alpha").await;
            let flaw = || advisory("CVE-2999-0001", "debian").severity("critical");
            publish(&bench, 1, ["debian:12", "debian:13"].map(|release| flaw().in_release(release, "libc6", "< 99")))
                .await;
            let bundle = alpha.add_policy(pack("pci-dss")).await.unwrap().policy_id;
            let mut told = 0;
            for layout in layouts {
                let name = layout.file_name().unwrap().to_string_lossy().to_lowercase();
                registry.push_layout(layout, &name).await;
                let tag = format!("{}/team/app:{name}", registry.address);
                let digest = analyse(&bench.service, &alpha, &tag).await;
                let (before, judged) = (seen(&alpha, &digest).await, verdicts(&alpha, &digest, &tag, &bundle).await);
                told += usize::from(judged.iter().all(|verdict| verdict.to_string().contains("CVE-2999-0001")));
                assert_eq!(archive(&alpha, &digest).await.0, "archived", "{name}");
                forget(&bench, &alpha, &digest).await;
                // The documents come back into the database, from a bundle in a folder.
                let (store, clock) = (bench.service.store().clone(), bench.service.clock().clone());
                let chunks =
                    Objects::over(Arc::new(ObjectChunks::new(store.clone(), clock.clone(), "")), Options::default());
                let cipher = Cipher::parse(&Cipher::generate_key()).unwrap();
                let settings = bench.service.settings().clone();
                let other = Service::new(store, chunks, bench.archive_objects().clone(), cipher, clock, settings);
                let theirs = other.tenant(alpha.name());
                restore(&theirs, &digest).await.unwrap();
                assert_eq!(seen(&theirs, &digest).await, before, "{name}");
                assert_eq!(verdicts(&theirs, &digest, &tag, &bundle).await, judged, "{name}");
                forget(&bench, &alpha, &digest).await;
                eprintln!("{name} was archived, deleted and restored");
            }
            assert!(told > 0, "no verdict was about a vulnerability");
            eprintln!("so were {} images in all, {told} of them vulnerable", layouts.len());
        }
    });
}
