//! An image of alpha's that was analysed, in which everything that an analysis may hold tells of alpha.
//!
//! It came as an archive of the original, which can hold all kinds of findings; and vulnerability data that came after it
//! found a flaw in its package.

use std::path::{Path, PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;
use windlass_matching::testing::{AdvisoryBuilder, advisory};
use windlass_vulnerabilities::{Builder, Finish};

use super::{alpha::SECONDS, calls::Call, house::House};

/// In the names of all that is in the image.
pub(super) const MARK: &str = "alphas-";
pub(super) const TAG: &str = "r.example/team/alphas-app:1";
pub(super) const PACKAGE: &str = "alphas-package";
pub(super) const VULNERABILITY: &str = "CVE-2999-0001";
pub(super) const IMAGE_ID: &str = "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc";
const FILE: &str = "/srv/alphas-file";

fn manifest() -> String {
    json!({
        "schemaVersion": 2, "config": {"digest": format!("sha256:{IMAGE_ID}"), "size": 7},
        "layers": [{"digest": "sha256:l1", "size": 3}], "annotations": {"owner": "alphas-manifest"},
    })
    .to_string()
}

pub(super) fn digest() -> String {
    format!("sha256:{:x}", Sha256::digest(manifest()))
}

/// Has the image analysed, archived as well, and known to be vulnerable, by whoever `username` is.
pub(super) async fn move_in(house: &House, username: &str) {
    publish(house, 1, advisory("CVE-2999-0002", "debian").in_release("debian:12", "nothing", "< 1")).await;
    let form = ["--x\r\nContent-Disposition: form-data; name=\"archive_file\"; filename=\"file\"\r\n\r\n", &archive()];
    let body = form.concat() + "\r\n--x--\r\n";
    send(house, username, "/v1/import/images", "multipart/form-data; boundary=x", body).await;
    send(house, username, "/v1/archives/images", "application/json", json!([digest()]).to_string()).await;
    let flaw = advisory(VULNERABILITY, "debian").severity("high").in_release("debian:12", PACKAGE, "< 2.0");
    publish(house, 2, flaw.fixed("2.0")).await;
}

/// Has a user post something, which must be taken.
pub(super) async fn send(house: &House, username: &str, address: &str, media_type: &'static str, body: String) {
    let call = Call { method: "POST".into(), address: address.into(), media_type: Some(media_type), body };
    let answered = house.ask(username, &call, None).await;
    assert_eq!(answered.status, 200, "{address}: {}", answered.text);
}

/// Puts data with one record in force, and lets workers do what follows.
async fn publish(house: &House, day: i8, record: AdvisoryBuilder) {
    let path = database(house.folder(), day, record);
    assert!(house.service().publish_vulnerability_data(&path).await.unwrap());
    while house.service().work_once("w", &CancellationToken::new()).await.unwrap() {}
}

/// A database of that day with one record.
pub(crate) fn database(folder: &Path, day: i8, record: AdvisoryBuilder) -> PathBuf {
    let path = folder.join(format!("day-{day}.db"));
    let built: Timestamp = format!("2026-01-{day:02}T00:00:00Z").parse().unwrap();
    let mut builder = Builder::create(&path, built).unwrap();
    let (provider, record) = record.record();
    builder.add(&provider, record).unwrap();
    builder.finish(Finish::Ready, &mut |_| ()).unwrap();
    path
}

/// A tar file, all of whose members are text.
fn archive() -> String {
    let table = |value: &str| json!({"base": {FILE: value}});
    // A pattern in base64, and the lines that it matched.
    let matched = json!({STANDARD.encode("OWNER=alphas-.*\n"): [0]}).to_string();
    let file = json!({"name": FILE, "size": 3, "mode": 33188, "uid": 1, "gid": 2, "type": "file", "linkdst": null});
    let virus = json!({"scanner": "clamav", "findings": [{"path": FILE, "signature": "Eicar"}], "metadata": {}});
    let report = json!({
        "analyzer_meta": {"analyzer_meta": {"base": {"DISTRO": "debian", "DISTROVERS": "12", "LIKEDISTRO": "debian"}}},
        "file_list": {"files.allinfo": table(&file.to_string())},
        "secret_search": {"regexp_matches.all": table(&matched)},
        "content_search": {"regexp_matches.all": table(&matched)},
        "retrieve_files": {"file_content.all": table(&STANDARD.encode("alphas-content"))},
        "malware": {"malware": {"base": {"clamav": virus.to_string()}}},
    });
    let step = json!({"Id": "sha256:l1", "Created": "2024-01-15T10:00:00Z", "Comment": "",
        "CreatedBy": "RUN alphas-step", "Size": 3, "Tags": []});
    let analysis = json!([{"image": {"imageId": IMAGE_ID, "imagedata": {
        "analysis_report": report,
        "image_report": {"dockerfile_mode": "Actual", "docker_data": {"Architecture": "amd64"}, "docker_history": [step]},
    }}}]);
    let os = json!({"package": PACKAGE, "version": "1.0", "type": "dpkg", "size": "1000", "origin": "M", "license": "MIT",
        "licenses": ["MIT"], "sourcepkg": PACKAGE, "cpes": []});
    let java = json!({"package": "alphas-archive", "version": "1.0", "type": "JAVA-JAR", "location": "/srv/alphas.jar",
        "specification-version": "N/A", "implementation-version": "1.0", "maven-version": "1.0", "origin": "N/A",
        "cpes": [], "metadata": {"pom.properties": ""}});
    let content = json!({"os": [os], "java": [java], "files": []});
    let (registry, repository) = TAG.split_once('/').unwrap();
    let (repository, tag) = repository.rsplit_once(':').unwrap();
    let dockerfile = STANDARD.encode("FROM scratch\nLABEL owner=alphas-dockerfile\n");
    let row = json!({"imageDigest": digest(), "analyzed_at": SECONDS, "created_at": SECONDS, "last_updated": SECONDS,
        "annotations": {"owner": "alphas-annotation"}, "dockerfile_mode": "Actual", "arch": "amd64",
        "image_detail": [{"registry": registry, "repo": repository, "tag": tag, "imageId": IMAGE_ID,
            "dockerfile": dockerfile, "tag_detected_at": SECONDS, "created_at": SECONDS, "last_updated": SECONDS}]});
    let names = ["analysis", "image_content", "image_manifest"];
    let artifacts: Vec<Value> =
        names.iter().map(|name| json!({"name": name, "source": null, "dest": {"tarfile_path": name}})).collect();
    let record = json!({"account": "elsewhere", "image_digest": digest(), "archived_at": "", "artifacts": artifacts,
        "metadata": {"image_id": IMAGE_ID, "image_record": row.to_string()}});
    let mut tar = tar::Builder::new(Vec::new());
    for (name, content) in
        names.into_iter().chain(["archive_manifest"]).zip([analysis, content, json!(manifest()), record])
    {
        let content = content.to_string();
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        tar.append_data(&mut header, name, content.as_bytes()).unwrap();
    }
    String::from_utf8(tar.into_inner().unwrap()).unwrap()
}
