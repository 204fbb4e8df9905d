//! What is read of analyses, over the API.

use axum::http::StatusCode;
use serde_json::json;
use windlass_operations::testing::on_every_service;
use windlass_sbom::{ImageSource, Package, PackageType, Sbom, Source};
use windlass_store::AccountName;

use crate::{
    client::Client,
    images::{ID, digest, seed},
};

fn sbom() -> Sbom {
    let image = ImageSource { manifest: b"{\"schemaVersion\":2}".to_vec(), ..ImageSource::default() };
    Sbom {
        packages: vec![Package::new(PackageType::Deb, "bash", "5.2")],
        source: Source::Image(Box::new(image)),
        ..Sbom::default()
    }
}

#[test]
fn what_is_in_an_image_is_listed_by_kind() {
    on_every_service(|bench| async move {
        let admin = Client::admin(&bench);
        let (account, one) = (AccountName::admin(), digest('1'));
        seed(&bench, &account, &one, "1").await;
        let image = bench.service.store().account(&account).image(&one).await.unwrap().unwrap();
        bench.analyse(&image, sbom()).await;

        let kinds = json!(["os", "files", "npm", "gem", "python", "java", "binary", "go", "malware"]);
        let documents = json!(["manifest", "docker_history", "dockerfile"]);
        for (path, list) in [
            (format!("/images/{one}/content"), &kinds),
            (format!("/images/by_id/{ID}/content"), &kinds),
            (format!("/images/{one}/metadata"), &documents),
        ] {
            assert_eq!(&admin.get(&path).await.ok(), list, "{path}");
        }

        let answer = admin.get(&format!("/v1/images/{one}/content/os")).await;
        assert_eq!(answer.headers["content-type"], "application/json");
        assert_eq!(answer.headers["content-length"], answer.bytes.len().to_string().as_str());
        let content = answer.ok();
        assert_eq!((&content["imageDigest"], &content["content_type"]), (&json!(one), &json!("os")));
        assert_eq!(content["content"][0]["package"], "bash");
        assert_eq!(admin.get(&format!("/images/by_id/{ID}/content/os")).await.ok(), content);
        for kind in ["files", "java", "malware", "npm", "dockerfile"] {
            let nothing = json!({"imageDigest": one, "content_type": kind, "content": []});
            assert_eq!(admin.get(&format!("/images/{one}/content/{kind}")).await.ok(), nothing);
        }
        let manifest = admin.get(&format!("/images/{one}/metadata/manifest")).await.ok();
        assert_eq!(manifest["metadata"], "eyJzY2hlbWFWZXJzaW9uIjoyfQ==\n");
        for artifact in ["retrieved_files", "file_content_search", "secret_search"] {
            assert_eq!(admin.get(&format!("/images/{one}/artifacts/{artifact}")).await.ok(), json!([]));
        }
    });
}

#[test]
fn bills_of_materials_are_files_to_keep() {
    on_every_service(|bench| async move {
        let admin = Client::admin(&bench);
        let (account, one) = (AccountName::admin(), digest('1'));
        seed(&bench, &account, &one, "1").await;
        let image = bench.service.store().account(&account).image(&one).await.unwrap().unwrap();
        bench.analyse(&image, sbom()).await;

        for (kind, media_type, suffix) in [
            ("native", "application/gzip", "_native.json.gzip"),
            ("cyclonedx-json", "application/vnd.cyclonedx+json", ".cdx.json"),
            ("spdx-json", "application/spdx+json", ".spdx.json"),
        ] {
            let answer = admin.get(&format!("/images/{one}/sboms/{kind}")).await;
            assert_eq!(answer.status, StatusCode::OK);
            assert_eq!(answer.headers["content-type"], media_type);
            let disposition = format!("attachment; filename=\"{one}{suffix}\"");
            assert_eq!(answer.headers["content-disposition"], disposition.as_str());
            match kind {
                "native" => assert_eq!(answer.bytes[..2], [0x1f, 0x8b], "it is gzip"),
                _ => assert!(answer.text().contains("\"bash\"")),
            }
        }
    });
}

#[test]
fn what_is_not_known_or_not_analysed_is_not_found() {
    on_every_service(|bench| async move {
        let admin = Client::admin(&bench);
        let (one, none) = (digest('1'), digest('0'));
        seed(&bench, &AccountName::admin(), &one, "1").await;
        let waits = "image is not analyzed - analysis_status: not_analyzed";
        for path in ["content/os", "metadata/manifest", "artifacts/secret_search", "sboms/native", "sboms/spdx-json"] {
            assert_eq!(admin.get(&format!("/images/{one}/{path}")).await.refusal(), (404, waits.to_owned()), "{path}");
            let unknown = (404, "image not found in DB".to_owned());
            assert_eq!(admin.get(&format!("/images/{none}/{path}")).await.refusal(), unknown, "{path}");
        }
        for path in ["content/bogus", "metadata/bogus"] {
            let answer = admin.get(&format!("/images/{one}/{path}")).await;
            assert_eq!(answer.refusal(), (404, "content type (bogus) not available".to_owned()));
        }
        let answer = admin.get(&format!("/images/{one}/artifacts/secret_search")).await;
        assert_eq!(answer.json()["detail"]["details"], waits);
    });
}
