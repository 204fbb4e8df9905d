use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use windlass_operations::{
    Error, Tenant,
    analysis::{ArtifactType, BillFormat},
};
use windlass_store::{images::AnalysisStatus, jobs, testing::on_every_engine};
use windlass_v1::{
    error::ErrorEnvelope,
    images::ImageRecord,
    imports::{ImportPart, ImportStatus},
};

use crate::{
    place::{Place, bytes, json_of},
    registry::Sample,
};

const TAG: &str = "r.example/team/app:1";

/// What Syft finds in the sample.
fn syft(sample: &Sample) -> Value {
    json!({
        "artifacts": [{"id": "1", "name": "bash", "version": "1.2-3", "type": "deb", "locations": [{"path": "/var/lib/dpkg/status"}],
            "licenses": [], "language": "", "cpes": [], "purl": "pkg:deb/debian/bash@1.2-3?arch=amd64&distro=debian-12",
            "metadataType": "DpkgMetadata", "metadata": {"package": "bash", "version": "1.2-3", "source": "", "architecture": "amd64"}}],
        "source": {"type": "image", "target": {"userInput": "elsewhere:1", "imageSize": 77, "layers": [{"size": 77, "digest": "x"}]}},
        "distro": {"name": "debian", "version": "12", "idLike": ""},
        "descriptor": {"name": "syft", "version": sample.digest},
    })
}

async fn upload(tenant: &Tenant, id: &str, part: ImportPart, bytes: &[u8]) -> String {
    tenant.upload_import_content(id, part, bytes).await.unwrap().digest
}

/// The body of a request that adds the sample from a new import with these packages.
async fn import(tenant: &Tenant, sample: &Sample, packages: &[u8]) -> Value {
    let id = tenant.begin_import().await.unwrap().uuid;
    json!({"source": {"import": {
        "operation_uuid": id, "digest": sample.digest, "tags": [TAG],
        "contents": {
            "packages": upload(tenant, &id, ImportPart::Packages, packages).await,
            "manifest": upload(tenant, &id, ImportPart::Manifest, &sample.manifest).await,
            "image_config": upload(tenant, &id, ImportPart::ImageConfig, &sample.config).await,
            "dockerfile": null,
        },
    }}, "annotations": {"team": "a"}})
}

fn id(body: &Value) -> String {
    body["source"]["import"]["operation_uuid"].as_str().unwrap().to_owned()
}

async fn add(tenant: &Tenant, body: &Value, force: bool) -> Result<ImageRecord, ErrorEnvelope> {
    match tenant.add_image(&serde_json::from_value(body.clone()).unwrap(), force, false).await {
        Ok(mut images) => Ok(images.swap_remove(0)),
        Err(Error::Refused(envelope)) => Err(*envelope),
        Err(other) => panic!("{other}"),
    }
}

async fn status(tenant: &Tenant, body: &Value) -> ImportStatus {
    tenant.import(&id(body)).await.unwrap().status
}

#[test]
fn what_was_found_elsewhere_is_an_analysis_like_any() {
    on_every_engine(|store| async move {
        let sample = Sample::new("bash");
        let place = Place::new(store).await;
        let tenant = &place.alpha;
        let mut body = import(tenant, &sample, syft(&sample).to_string().as_bytes()).await;
        let dockerfile = upload(tenant, &id(&body), ImportPart::Dockerfile, b"FROM scratch\n").await;
        body["source"]["import"]["contents"]["dockerfile"] = dockerfile.into();
        let added = add(tenant, &body, false).await.unwrap();
        assert_eq!(json!(added.annotations), json!({"team": "a", "anchore.system/import_operation_id": id(&body)}));
        assert_eq!(added.image_detail[0].image_id, sample.image_id, "no other was stated");
        assert_eq!(status(tenant, &body).await, ImportStatus::Processing);
        place.later(5);
        assert!(place.work().await);
        assert_eq!(status(tenant, &body).await, ImportStatus::Complete);

        let image = tenant.image(&sample.digest).await.unwrap();
        assert_eq!(
            json!(image.image_content),
            json!({"metadata": {"arch": "amd64", "distro": "debian", "distro_version": "12", "dockerfile_mode": "Actual",
                "image_size": 77, "layer_count": 1}})
        );
        let digest = sample.digest.as_str();
        let os = json_of(tenant.image_content(digest, "os").await.unwrap()).await;
        assert_eq!((&os["content"][0]["package"], &os["content"][0]["version"]), (&json!("bash"), &json!("1.2-3")));
        let manifest = json_of(tenant.image_metadata(digest, "manifest").await.unwrap()).await;
        let text = manifest["metadata"].as_str().unwrap().replace('\n', "");
        assert_eq!(STANDARD.decode(text).unwrap(), sample.manifest);
        let secrets = json_of(tenant.image_artifact(digest, ArtifactType::SecretSearch).await.unwrap()).await;
        assert_eq!(secrets, json!([]), "nobody looked");
        let (_, bill) = tenant.sbom_as(digest, BillFormat::CycloneDxJson).await.unwrap();
        let bill = String::from_utf8(bytes(bill).await).unwrap();
        assert!(bill.contains("\"bash\"") && !bill.contains("elsewhere"), "how it is called elsewhere is not told");
        let events = place.events().await;
        assert_eq!((events[0].0.as_str(), events[0].1.as_str()), ("user.image.analysis.completed", TAG));
        assert!(add(tenant, &body, true).await.unwrap_err().message.contains("complete"), "an import is used once");
    });
}

#[test]
fn bills_of_materials_of_other_formats_are_taken_too() {
    on_every_engine(|store| async move {
        let sample = Sample::new("bash");
        let place = Place::new(store).await;
        let cyclonedx = json!({"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [
            {"type": "library", "name": "left-pad", "version": "1.3.0", "purl": "pkg:npm/left-pad@1.3.0"}]});
        let spdx = json!({"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "name": "x", "packages": [
            {"SPDXID": "SPDXRef-1", "name": "left-pad", "versionInfo": "1.3.0", "externalRefs": [{
                "referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": "pkg:npm/left-pad@1.3.0"}]}]});
        for (tenant, document) in [(&place.alpha, cyclonedx), (&place.beta, spdx)] {
            let body = import(tenant, &sample, document.to_string().as_bytes()).await;
            add(tenant, &body, false).await.unwrap();
            assert!(place.work().await);
            assert_eq!(status(tenant, &body).await, ImportStatus::Complete);
            let npm = json_of(tenant.image_content(&sample.digest, "npm").await.unwrap()).await;
            assert_eq!(npm["content"][0]["package"], "left-pad", "{document}");
        }
    });
}

#[test]
fn nobody_else_gets_what_one_account_imported() {
    on_every_engine(|store| async move {
        let sample = Sample::new("bash");
        let place = Place::new(store).await;
        let theirs = import(&place.alpha, &sample, syft(&sample).to_string().as_bytes()).await;
        add(&place.alpha, &theirs, false).await.unwrap();
        assert!(place.work().await);
        let none =
            json!({"artifacts": [], "source": {"type": "image", "target": {}}, "distro": {"name": "", "version": ""}});
        let own = import(&place.beta, &sample, none.to_string().as_bytes()).await;
        add(&place.beta, &own, false).await.unwrap();
        assert!(place.work().await);
        let os = json_of(place.beta.image_content(&sample.digest, "os").await.unwrap()).await;
        assert_eq!(os["content"], json!([]));
        let refused = add(&place.beta, &theirs, true).await.unwrap_err();
        assert_eq!((refused.httpcode, refused.message), (404, format!("Resource {} not found", id(&theirs))));
    });
}

/// D-19: the original's import of a known image never ends.
#[test]
fn of_an_import_of_a_known_image_only_names_and_annotations_are_taken_unless_it_is_forced() {
    on_every_engine(|store| async move {
        let sample = Sample::new("bash");
        let place = Place::new(store).await;
        let tenant = &place.alpha;
        let packages = syft(&sample).to_string().into_bytes();
        add(tenant, &import(tenant, &sample, &packages).await, false).await.unwrap();
        assert!(place.work().await);

        let mut again = import(tenant, &sample, &packages).await;
        let dockerfile = upload(tenant, &id(&again), ImportPart::Dockerfile, b"FROM other\n").await;
        again["source"]["import"]["contents"]["dockerfile"] = dockerfile.into();
        again["source"]["import"]["tags"] = json!(["r.example/team/app:2", "r.example/team/app:3"]);
        again["annotations"] = json!({"more": "yes"});
        let image = add(tenant, &again, false).await.unwrap();
        assert_eq!(status(tenant, &again).await, ImportStatus::Complete, "nothing is left to do");
        assert_eq!(image.image_detail.len(), 3);
        assert_eq!(
            json!(image.annotations),
            json!({"team": "a", "more": "yes", "anchore.system/import_operation_id": id(&again)})
        );
        let guessed = STANDARD.encode("FROM scratch\nADD file:1 in /\n");
        assert_eq!(image.image_detail[0].dockerfile, Some(guessed), "that of the import is not taken");
        assert!(!place.work().await);

        let forced = import(tenant, &sample, br#"{"artifacts": [], "source": {"type": "image"}, "distro": {}}"#).await;
        add(tenant, &forced, true).await.unwrap();
        assert_eq!(status(tenant, &forced).await, ImportStatus::Processing);
        assert!(place.work().await);
        let os = json_of(tenant.image_content(&sample.digest, "os").await.unwrap()).await;
        assert_eq!(os["content"], json!([]), "it is what was imported last");
    });
}

#[test]
fn an_import_whose_image_is_added_anew_or_deleted_ends_with_the_reason() {
    on_every_engine(|store| async move {
        let sample = Sample::new("bash");
        let place = Place::new(store).await;
        let tenant = &place.alpha;
        let first = import(tenant, &sample, syft(&sample).to_string().as_bytes()).await;
        add(tenant, &first, false).await.unwrap();
        let second = import(tenant, &sample, syft(&sample).to_string().as_bytes()).await;
        add(tenant, &second, true).await.unwrap();
        let ended = tenant.import(&id(&first)).await.unwrap();
        assert_eq!(ended.status, ImportStatus::Failed);
        assert_eq!(ended.failure.as_deref(), Some("the image was added anew before the import was read"));
        assert_eq!(status(tenant, &second).await, ImportStatus::Processing);
        tenant.delete_image(&sample.digest, true).await.unwrap();
        let ended = tenant.import(&id(&second)).await.unwrap();
        assert_eq!(ended.failure.as_deref(), Some("the image was deleted before the import was read"));
        assert!(!place.work().await, "nothing is left to do");
    });
}

#[test]
fn parts_that_are_missing_or_do_not_belong_together_are_refused_and_the_import_waits_still() {
    on_every_engine(|store| async move {
        let sample = Sample::new("bash");
        let other = Sample::new("zsh");
        let place = Place::new(store).await;
        let tenant = &place.alpha;
        let body = import(tenant, &sample, syft(&sample).to_string().as_bytes()).await;
        let (import_id, nowhere) = (id(&body), "0".repeat(64));
        let manifest = upload(tenant, &import_id, ImportPart::Manifest, &other.manifest).await;
        let config = upload(tenant, &import_id, ImportPart::ImageConfig, &other.config).await;
        let junk = upload(tenant, &import_id, ImportPart::Manifest, b"no manifest").await;
        let list = upload(tenant, &import_id, ImportPart::ParentManifest, b"{}").await;
        let changes: [(&[(&str, Value)], &str); 8] = [
            (&[("/digest", json!("sha256:short"))], "sha256:short"),
            (&[("/digest", json!(other.digest))], "the uploaded manifest has the digest"),
            (&[("/contents/packages", json!(nowhere))], "no packages with the digest"),
            (&[("/contents/packages", json!(manifest))], "no packages with the digest"),
            (&[("/contents/image_config", json!(config))], "the manifest names the config"),
            (
                &[("/contents/manifest", json!(junk)), ("/digest", json!(format!("sha256:{junk}")))],
                "manifest: expected",
            ),
            (
                &[("/contents/parent_manifest", json!(list)), ("/parent_digest", json!(sample.digest))],
                "the uploaded parent manifest has the digest",
            ),
            (&[("/local_image_id", json!("latest"))], "local_image_id"),
        ];
        for (change, reason) in changes {
            let mut body = body.clone();
            let source = &mut body["source"]["import"];
            (source["parent_digest"], source["local_image_id"]) = (Value::Null, Value::Null);
            source["contents"]["parent_manifest"] = Value::Null;
            for (place, value) in change {
                *source.pointer_mut(place).unwrap() = value.clone();
            }
            let refused = add(tenant, &body, false).await.unwrap_err();
            let told = json!(refused).to_string();
            assert!(refused.httpcode == 400 && told.contains(reason), "{reason}: {told}");
            assert!(tenant.image(&sample.digest).await.is_err());
        }
        add(tenant, &body, false).await.unwrap();
    });
}

#[test]
fn documents_that_contradict_each_other_fail_the_image_and_the_import_with_the_reason() {
    on_every_engine(|store| async move {
        let sample = Sample::contradicting("bash");
        let place = Place::new(store).await;
        let tenant = &place.alpha;
        let body = import(tenant, &sample, syft(&sample).to_string().as_bytes()).await;
        add(tenant, &body, false).await.unwrap();
        assert!(place.work().await);
        let image = place.image(tenant, &sample.digest).await;
        assert_eq!(image.analysis_status, AnalysisStatus::AnalysisFailed);
        assert_eq!(image.failure_code.as_deref(), Some("IMPORT_INVALID"));
        let ended = tenant.import(&id(&body)).await.unwrap();
        assert_eq!((ended.status, ended.failure), (ImportStatus::Failed, image.failure_reason));
        assert_eq!(place.events().await.len(), 2);
        let given_up = place.store().jobs(Some(jobs::State::Dead), 10).await.unwrap().swap_remove(0);
        let refused = place.service().retry_job(&given_up.id.to_string()).await.unwrap_err().to_string();
        assert!(refused.contains("import the image again"), "{refused}");
        let deleted = tenant.delete_import(&id(&body)).await.unwrap();
        assert_eq!(deleted.status, ImportStatus::Invalidated);
    });
}

#[test]
fn an_import_whose_image_is_deleted_or_whose_time_is_over_comes_to_nothing() {
    on_every_engine(|store| async move {
        let (sample, other) = (Sample::new("bash"), Sample::new("zsh"));
        let place = Place::new(store).await;
        let tenant = &place.alpha;
        let late = import(tenant, &sample, syft(&sample).to_string().as_bytes()).await;
        add(tenant, &late, false).await.unwrap();
        let forgotten = import(tenant, &other, syft(&other).to_string().as_bytes()).await;
        place.later(86_400);
        place.collect().await;
        for body in [&late, &forgotten] {
            assert_eq!(status(tenant, body).await, ImportStatus::Expired);
        }
        let refused = add(tenant, &forgotten, false).await.unwrap_err();
        assert_eq!((refused.httpcode, json!(refused)["detail"]["status"].clone()), (409, json!("expired")));
        assert!(place.work().await);
        let image = place.image(tenant, &sample.digest).await;
        assert_eq!(image.failure_code.as_deref(), Some("IMPORT_EXPIRED"));
        assert_eq!(place.store().jobs(Some(jobs::State::Waiting), 10).await.unwrap(), []);
        place.collect().await;
        assert!(tenant.imports().await.unwrap().is_empty(), "they are collected a round later");

        let again = import(tenant, &sample, syft(&sample).to_string().as_bytes()).await;
        add(tenant, &again, false).await.unwrap();
        assert!(place.work().await);
        assert_eq!(place.status(tenant, &sample.digest).await, AnalysisStatus::Analyzed);
    });
}

#[test]
fn parts_go_with_the_import_and_what_others_refer_to_stays() {
    on_every_engine(|store| async move {
        let sample = Sample::new("bash");
        let place = Place::new(store).await;
        let (alpha, beta) = (&place.alpha, &place.beta);
        let packages = syft(&sample).to_string().into_bytes();
        let (done, waits) = (import(alpha, &sample, &packages).await, import(beta, &sample, &packages).await);
        add(alpha, &done, false).await.unwrap();
        assert!(place.work().await);
        place.collect().await;
        assert_eq!(status(alpha, &done).await, ImportStatus::Complete, "how it ended can be read for a day");
        assert!(alpha.import_contents(&id(&done), ImportPart::Packages).await.unwrap().is_empty());
        json_of(alpha.image_metadata(&sample.digest, "manifest").await.unwrap()).await;
        add(beta, &waits, false).await.unwrap();
        assert!(place.work().await);
        assert_eq!(status(beta, &waits).await, ImportStatus::Complete, "its parts are there though they are the same");

        let mut known_to_nobody_else = syft(&sample);
        known_to_nobody_else["artifacts"] = json!([]);
        let given_up = import(beta, &sample, known_to_nobody_else.to_string().as_bytes()).await;
        let before = place.objects();
        beta.delete_import(&id(&given_up)).await.unwrap();
        place.collect().await;
        assert!(beta.import(&id(&given_up)).await.is_err());
        let gone = id(&given_up);
        assert!(place.objects() < before, "nobody has the parts of {gone}");
    });
}
