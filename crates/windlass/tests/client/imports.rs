//! Analyses made here and handed over.

use serde_json::{Value, json};
use windlass_client::testing::StandIn;
use windlass_image::{
    Digest,
    testing::{Tar, image},
};

use crate::place::{Done, Place};

fn service() -> StandIn {
    let service = StandIn::start().answers("POST /v1/imports/images", 200, r#"{"uuid": "op"}"#).answers(
        "POST /v1/images",
        200,
        r#"[{"imageDigest": "sha256:aa", "analysis_status": "not_analyzed"}]"#,
    );
    ["packages", "manifest", "image_config", "dockerfile", "parent_manifest"].into_iter().fold(
        service,
        |service, kind| {
            service.answers(&format!("POST /v1/imports/images/op/{kind}"), 200, format!(r#"{{"digest": "of-{kind}"}}"#))
        },
    )
}

/// Writes `app.tar` as `docker save` does, and returns its configuration.
fn save(place: &Place) -> Vec<u8> {
    let layer = Tar::new()
        .file("etc/os-release", "ID=alpine\nVERSION_ID=3.19.1\n")
        .file("lib/apk/db/installed", "P:busybox\nV:1.36.1-r5\nA:x86_64\nL:GPL-2.0-only\n\n");
    let image = image(vec![layer.clone().plain()]);
    let listing = r#"[{"Config": "config.json", "RepoTags": ["reg.example/app:1"], "Layers": ["0/layer.tar"]}]"#;
    let saved = Tar::new().file("0/layer.tar", layer.into_bytes()).file("config.json", &image.config);
    place.write("app.tar", saved.file("manifest.json", listing).into_bytes());
    image.config
}

fn body(service: &StandIn, line: &str) -> Vec<u8> {
    service.asked().into_iter().find(|asked| asked.line.starts_with(line)).expect("it was asked").body
}

fn fine(done: &Done) {
    assert_eq!(done.exit, 0, "{}{}", done.out, done.err);
    assert!(done.out.contains("Image Digest: sha256:aa"), "{}", done.out);
}

#[test]
fn an_image_is_analysed_here_and_handed_over_with_its_documents() {
    let service = service();
    let place = Place::before(&service);
    let config = save(&place);
    place.write("Dockerfile", "FROM alpine\n");
    fine(&place.run("image import app.tar --dockerfile Dockerfile --annotation pipeline=7"));
    let packages: Value = serde_json::from_slice(&body(&service, "POST /v1/imports/images/op/packages")).expect("JSON");
    assert_eq!(packages["artifacts"][0]["name"], "busybox");
    let manifest = body(&service, "POST /v1/imports/images/op/manifest");
    assert_eq!(body(&service, "POST /v1/imports/images/op/image_config"), config);
    assert_eq!(body(&service, "POST /v1/imports/images/op/dockerfile"), b"FROM alpine\n");
    let added: Value = serde_json::from_slice(&body(&service, "POST /v1/images")).expect("JSON");
    let source = &added["source"]["import"];
    assert_eq!(source["digest"], Digest::of(&manifest).as_str());
    assert_eq!(source["local_image_id"], Digest::of(&config).hex());
    assert_eq!(source["tags"], json!(["reg.example/app:1"]), "the name within the archive");
    assert_eq!(source["contents"]["dockerfile"], "of-dockerfile");
    assert_eq!(added["annotations"], json!({"pipeline": "7"}));
}

#[test]
fn a_bill_of_materials_takes_the_place_of_an_analysis() {
    for format in ["syft-json", "json"] {
        let service = service();
        let place = Place::before(&service);
        let config = save(&place);
        place.ok(&format!("sbom app.tar -o {format}=bill.json"));
        fine(&place.run("image import reg.example/app:2 --from-sbom bill.json"));
        let packages = body(&service, "POST /v1/imports/images/op/packages");
        if format == "syft-json" {
            assert_eq!(packages, std::fs::read(place.path("bill.json")).expect("a file"), "Syft's is sent as it is");
        }
        let document: Value = serde_json::from_slice(&packages).expect("JSON");
        assert_eq!(document["artifacts"][0]["name"], "busybox");
        assert_eq!(body(&service, "POST /v1/imports/images/op/image_config"), config);
        let added: Value = serde_json::from_slice(&body(&service, "POST /v1/images")).expect("JSON");
        assert_eq!(added["source"]["import"]["tags"], json!(["reg.example/app:2"]));
    }
}

#[test]
fn what_a_bill_of_materials_does_not_hold_is_asked_for_and_can_be_given() {
    let service = service();
    let place = Place::before(&service);
    save(&place);
    place.ok("sbom app.tar -o cyclonedx-json=bill.json");
    let lacking = place.run("image import reg.example/app:1 --from-sbom bill.json");
    assert_eq!(lacking.exit, 2);
    assert!(lacking.err.contains("--manifest FILE"), "{}", lacking.err);
    assert!(service.asked().is_empty(), "nothing is begun that cannot be finished");
    let (manifest, index) = (r#"{"mediaType": "application/vnd.oci.image.manifest.v1+json"}"#, "{}");
    place.write("manifest.json", manifest);
    place.write("config.json", "{}");
    place.write("index.json", index);
    let words = "image import reg.example/app:1 --from-sbom bill.json --manifest manifest.json --image-config config.json --parent-manifest index.json";
    fine(&place.run(words));
    let added: Value = serde_json::from_slice(&body(&service, "POST /v1/images")).expect("JSON");
    assert_eq!(added["source"]["import"]["digest"], Digest::of(manifest.as_bytes()).as_str());
    assert_eq!(added["source"]["import"]["parent_digest"], Digest::of(index.as_bytes()).as_str());
    let sent = service.asked().into_iter().find(|asked| asked.line.ends_with("op/manifest")).expect("asked");
    assert_eq!(sent.header("content-type"), Some("application/vnd.oci.image.manifest.v1+json"));
}

#[test]
fn an_image_needs_a_name_to_be_recorded_under() {
    let service = service();
    let place = Place::before(&service);
    place.write("project/package-lock.json", r#"{"lockfileVersion": 3, "packages": {"": {"name": "shop"}}}"#);
    let no_image = place.run("image import dir:project");
    assert_eq!(no_image.exit, 2, "{}", no_image.err);
    save(&place);
    fine(&place.run("image import app.tar --tag a.example/app:1 --tag b.example/app:1"));
    let added: Value = serde_json::from_slice(&body(&service, "POST /v1/images")).expect("JSON");
    assert_eq!(added["source"]["import"]["tags"], json!(["a.example/app:1", "b.example/app:1"]));
}
