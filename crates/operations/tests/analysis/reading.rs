use std::io::Read as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use windlass_operations::{
    Error, Result, Tenant,
    analysis::{ArtifactType, BillFormat, StoredDocument},
};
use windlass_store::{
    image_tags::{self, TagName},
    testing::on_every_engine,
};
use windlass_v1::images::DockerfileMode;

use crate::{
    place::{Place, add, add_with, bytes, json_of, registry_with},
    registry::Sample,
};

/// Status, message and detail of a refusal.
fn refusal(outcome: Result<StoredDocument>) -> (u16, String, Value) {
    match outcome {
        Err(Error::Refused(envelope)) => (envelope.httpcode, envelope.message, json!(envelope.detail)),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was answered"),
    }
}

fn decoded(base64: &Value) -> Vec<u8> {
    let text = base64.as_str().unwrap();
    assert!(text.ends_with('\n') && text.lines().all(|line| line.len() <= 76), "{text}");
    STANDARD.decode(text.replace('\n', "")).unwrap()
}

#[test]
fn what_is_in_an_image_is_read_as_it_was_kept() {
    on_every_engine(|store| async move {
        let sample = Sample::new("bash");
        let Some(registry) = registry_with(&sample).await else { return };
        let place = Place::new(store).await;
        let tenant = &place.alpha;
        let dockerfile = STANDARD.encode("FROM scratch\n");
        add_with(tenant, &registry.address, json!({ "dockerfile": dockerfile }), false).await;
        assert!(place.work().await);
        let digest = sample.digest.as_str();

        let os = json_of(tenant.image_content(digest, "os").await.unwrap()).await;
        assert_eq!((&os["imageDigest"], &os["content_type"]), (&json!(digest), &json!("os")));
        assert_eq!((&os["content"][0]["package"], &os["content"][0]["version"]), (&json!("bash"), &json!("1.2-3")));
        let by_id = json_of(tenant.image_content_by_id(&sample.image_id, "os").await.unwrap()).await;
        assert_eq!(by_id, os);
        let files = json_of(tenant.image_content(digest, "files").await.unwrap()).await;
        let names: Vec<_> = files["content"].as_array().unwrap().iter().map(|file| &file["filename"]).collect();
        assert!(names.contains(&&json!("/etc/passwd")), "{names:?}");
        for absent in ["npm", "malware", "nuget"] {
            let content = json_of(tenant.image_content(digest, absent).await.unwrap()).await;
            assert_eq!(content, json!({"imageDigest": digest, "content_type": absent, "content": []}));
        }

        let manifest = json_of(tenant.image_metadata(digest, "manifest").await.unwrap()).await;
        assert_eq!(manifest["metadata_type"], "manifest");
        assert_eq!(decoded(&manifest["metadata"]), sample.manifest);
        let given = json_of(tenant.image_metadata(digest, "dockerfile").await.unwrap()).await;
        assert_eq!(decoded(&given["metadata"]), b"FROM scratch\n");
        let crossed = json_of(tenant.image_content(digest, "docker_history").await.unwrap()).await;
        assert!(String::from_utf8(decoded(&crossed["content"])).unwrap().contains("ADD file:1"));

        let kept = json_of(tenant.image_artifact(digest, ArtifactType::RetrievedFiles).await.unwrap()).await;
        assert_eq!(kept[0]["path"], "/etc/passwd");
        assert!(decoded(&kept[0]["b64_content"]).starts_with(b"root:"));
        let secrets = json_of(tenant.image_artifact(digest, ArtifactType::SecretSearch).await.unwrap()).await;
        assert_eq!(
            (&secrets[0]["path"], &secrets[0]["matches"][0]["name"]),
            (&json!("/etc/server.key"), &json!("PRIV_KEY"))
        );
        let searched = json_of(tenant.image_artifact(digest, ArtifactType::FileContentSearch).await.unwrap()).await;
        assert_eq!(searched, json!([]));

        let (_, native) = tenant.native_sbom(digest).await.unwrap();
        let mut text = String::new();
        flate2::read::GzDecoder::new(&bytes(native).await[..]).read_to_string(&mut text).unwrap();
        assert!(text.contains("\"bash\""));
        for (format, key) in [(BillFormat::CycloneDxJson, "bomFormat"), (BillFormat::SpdxJson, "spdxVersion")] {
            let (_, bill) = tenant.sbom_as(digest, format).await.unwrap();
            let bill = json_of(bill).await;
            assert!(bill[key].is_string() && bill.to_string().contains("\"bash\""), "{bill}");
        }
        let image = place.image(tenant, digest).await;
        let sbom = tenant.sbom(&image).await.unwrap();
        assert_eq!(sbom.inspection.dockerfile.as_deref(), Some("FROM scratch\n"));
    });
}

#[test]
fn a_dockerfile_is_told_to_whom_gave_it() {
    on_every_engine(|store| async move {
        let sample = Sample::new("bash");
        let Some(registry) = registry_with(&sample).await else { return };
        let place = Place::new(store).await;
        let (alpha, beta) = (&place.alpha, &place.beta);
        add_with(alpha, &registry.address, json!({"dockerfile": "RlJPTSBhCg=="}), false).await;
        add(beta, &registry.address, "1").await;
        assert!(place.work().await && place.work().await);
        let told = json_of(beta.image_metadata(&sample.digest, "dockerfile").await.unwrap()).await;
        assert_eq!(told["metadata"], json!([]));
        let told = json_of(alpha.image_metadata(&sample.digest, "dockerfile").await.unwrap()).await;
        assert_eq!(decoded(&told["metadata"]), b"FROM a\n");
        let shown = async |tenant: &Tenant| {
            let image = tenant.image(&sample.digest).await.unwrap();
            (image.image_content.metadata.dockerfile_mode, image.image_detail[0].dockerfile.clone().unwrap())
        };
        assert_eq!(shown(alpha).await, (Some(DockerfileMode::Actual), "RlJPTSBhCg==".to_owned()));
        let guessed = STANDARD.encode("FROM scratch\nADD file:1 in /\n");
        assert_eq!(shown(beta).await, (Some(DockerfileMode::Guessed), guessed));
    });
}

#[test]
fn a_bill_of_materials_says_what_the_account_says_of_its_image_by_now() {
    on_every_engine(|store| async move {
        let Some((place, registry, sample)) = Place::asked_for_one(store).await else { return };
        add(&place.beta, &registry.address, "1").await;
        assert!(place.work().await && place.work().await);
        let told = async |tenant: &Tenant| {
            let (_, bill) = tenant.sbom_as(&sample.digest, BillFormat::CycloneDxJson).await.unwrap();
            bytes(bill).await
        };
        let before = told(&place.alpha).await;
        assert!(before == told(&place.alpha).await && before == told(&place.beta).await);

        let (image, now) = (place.image(&place.alpha, &sample.digest).await, place.now());
        let tx = place.store().begin().await.unwrap();
        let tag = TagName { registry: "r.example", repository: "team/other", tag: "2" };
        image_tags::insert(&tx, place.alpha.name(), image.id, tag, now, now).await.unwrap();
        tx.commit().await.unwrap();
        let after = String::from_utf8(told(&place.alpha).await).unwrap();
        assert!(after.contains("r.example/team/other:2"), "{after}");
        assert_eq!(told(&place.beta).await, before, "another account has another tag");
    });
}

#[test]
fn what_is_not_known_or_not_analysed_is_not_found() {
    on_every_engine(|store| async move {
        let sample = Sample::new("bash");
        let Some(registry) = registry_with(&sample).await else { return };
        let place = Place::new(store).await;
        let (alpha, beta) = (&place.alpha, &place.beta);
        add_with(alpha, &registry.address, json!({"dockerfile": "RlJPTSBhCg=="}), false).await;
        let digest = sample.digest.as_str();
        for kind in ["bogus", "OS"] {
            let (status, message, _) = refusal(alpha.image_content(digest, kind).await);
            assert_eq!((status, message), (404, format!("content type ({kind}) not available")));
        }
        let waiting = "image is not analyzed - analysis_status: not_analyzed";
        for outcome in [
            alpha.image_content(digest, "os").await,
            alpha.image_metadata(digest, "dockerfile").await,
            alpha.image_artifact(digest, ArtifactType::SecretSearch).await,
            alpha.native_sbom(digest).await.map(|(_, document)| document),
            alpha.sbom_as(digest, BillFormat::SpdxJson).await.map(|(_, document)| document),
        ] {
            let (status, message, detail) = refusal(outcome);
            assert_eq!((status, message.as_str(), &detail["details"]), (404, waiting, &json!(waiting)));
        }
        for outcome in
            [beta.image_content(digest, "os").await, beta.image_artifact(digest, ArtifactType::SecretSearch).await]
        {
            let (status, message, _) = refusal(outcome);
            assert_eq!((status, message.as_str()), (404, "image not found in DB"), "it is another account's");
        }
    });
}
