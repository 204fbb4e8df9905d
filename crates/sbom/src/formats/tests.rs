//! Every format over the same example: its bytes, its way back, and what strangers may send.

use std::{env, error::Error, fs, path::Path};

use proptest::prelude::*;

use super::{
    Document, Format, ReadError, Saved, Wanted, cyclonedx, example, read, read_from, read_part_from, read_saved_from,
    write,
};
use crate::{
    Cpe, CpeSource, Evidence, FileTable, LicenseKind, Location, Metadata, Package, PackageType, Relationship,
    RelationshipKind, Sbom, Source, Unknown,
};

fn written(sbom: &Sbom, format: Format) -> String {
    String::from_utf8(bytes(sbom, format)).expect("text")
}

fn bytes(sbom: &Sbom, format: Format) -> Vec<u8> {
    let mut out = Vec::new();
    write(sbom, format, &example::document(), &mut out).expect("memory takes everything");
    out
}

fn texts() -> impl Iterator<Item = Format> {
    Format::all().filter(|format| *format != Format::Compact)
}

fn there_and_back(format: Format) -> Sbom {
    let document = bytes(&example::sbom(), format);
    assert_eq!(Format::detect(&document), Some(format));
    read(&document).unwrap_or_else(|error| panic!("{format}: {error}"))
}

#[test]
fn every_format_writes_the_example_like_this() {
    for format in texts() {
        insta::assert_snapshot!(format.name(), written(&example::sbom(), format));
    }
}

#[test]
fn an_empty_document_is_written_by_every_format_and_read_back() {
    for format in Format::all() {
        let document = bytes(&Sbom::default(), format);
        if format != Format::Table {
            assert_eq!(read(&document).expect("readable").packages, []);
        }
    }
}

#[test]
fn the_own_documents_carry_everything() {
    for format in OWN {
        assert_eq!(there_and_back(format), example::sbom());
        assert_eq!(read(&bytes(&example::inspected(), format)).expect("own output"), example::inspected());
    }
}

const OWN: [Format; 2] = [Format::Json, Format::Compact];

#[test]
fn of_the_own_documents_only_what_is_wanted_is_read() {
    let whole = example::sbom();
    let manifests = |sbom: &Sbom| {
        let files = |package: &Package| match &package.metadata {
            Metadata::Dpkg(entry) => entry.files.len(),
            Metadata::Rpm(entry) => entry.files.len(),
            Metadata::Apk(entry) => entry.files.len(),
            _ => 0,
        };
        sbom.packages.iter().map(files).sum::<usize>()
    };
    let without_files = Sbom { files: Vec::new(), ..whole.clone() };
    assert!(!whole.files.is_empty() && manifests(&whole) > 0);
    for format in OWN {
        let document = bytes(&whole, format);
        let part = |wanted| read_part_from(&*document, u64::MAX, wanted).expect("own output");
        let saved = |wanted| read_saved_from(&*document, u64::MAX, wanted).expect("own output");
        assert_eq!(part(Wanted { files: true, manifests: true }), whole);
        let all = Saved { sbom: without_files.clone(), files: FileTable::of(&whole.files) };
        assert_eq!(saved(Wanted { files: true, manifests: true }), all);
        assert_eq!(part(Wanted { files: false, manifests: true }), without_files);
        let least = Wanted { files: false, manifests: false };
        assert_eq!(manifests(&part(least)), 0);
        assert_eq!(saved(least), Saved { sbom: part(least), files: FileTable::default() });
    }

    // Without a word of who owns whom, it must be seen from the manifests.
    let mut sbom = without_files;
    sbom.relationships.retain(|relationship| relationship.kind != RelationshipKind::OwnershipByFileOverlap);
    for format in OWN {
        let least = read_part_from(&*bytes(&sbom, format), u64::MAX, Wanted { files: false, manifests: false });
        assert_eq!(least.expect("own output"), sbom);
    }
}

#[test]
fn a_damaged_compact_document_says_where_it_is() {
    let document = bytes(&example::sbom(), Format::Compact);
    let told = |document: &[u8]| read(document).expect_err("damaged").to_string();
    assert_eq!(
        told(&document[..document.len() - 1]),
        "this compact document does not have the shape of one at its sections"
    );
    let place = |text: &[u8]| document.windows(text.len()).position(|found| found == text).expect("it is there");
    let with = |place: usize, byte: u8| {
        let mut damaged = document.clone();
        damaged[place] = byte;
        told(&damaged)
    };
    let shape = "this compact document does not have the shape of one at";
    assert_eq!(with(place(b"\"packages\""), b'x'), format!("{shape} ?"));
    assert_eq!(with(place(b"\"RegularFile\"") + 1, b'x'), format!("{shape} its files"));
    assert_eq!(with(place(b"[{\"package\":") + 2, b'x'), format!("{shape} the files of its packages"));
    let newer = read(b"\x89windlass-sbom 2\n").expect_err("another version").to_string();
    assert_eq!(newer, "a newer Windlass wrote this document; convert it to CycloneDX, SPDX or Syft JSON first");
}

#[test]
fn an_inspection_says_what_was_looked_for_and_nothing_else() {
    let text = written(&example::inspected(), Format::Json);
    let document: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let expected = serde_json::json!({
        "allFiles": true,
            "dockerfile": "FROM debian:12\nUSER app\n",
        "contentMatches": [],
        "secretMatches": [{ "path": "/app/.env", "matches": [
            { "regex": ".*password.*", "lines": [3] },
            { "name": "PRIV_KEY", "regex": "(?i)-+BEGIN(.*)PRIVATE KEY-+", "lines": [0, 7] },
        ] }],
        "retrievedFiles": { "/etc/passwd": "cm9vdDp4OjA6MDr/Oi9yb290Oi9iaW4vc2gK" },
        "malwareScans": [{
            "scanner": "clamav",
            "findings": [{ "path": "/app/eicar", "signature": "Eicar-Test-Signature" }],
            "metadata": { "db_version": "27500" },
        }],
    });
    assert_eq!(document["inspection"], expected);
    assert!(!written(&example::sbom(), Format::Json).contains("inspection"), "nobody looked");
}

#[test]
fn the_own_document_follows_its_published_schema() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schemas/sbom-1.json");
    let schema = serde_json::from_str(&fs::read_to_string(path).expect("the schema is in the repository"));
    let schema = jsonschema::validator_for(&schema.expect("JSON")).expect("a schema");
    for sbom in [example::sbom(), example::inspected(), Sbom::default(), directory()] {
        let document = serde_json::from_str(&written(&sbom, Format::Json)).expect("JSON");
        let errors: Vec<String> =
            schema.iter_errors(&document).map(|error| format!("{error} at {}", error.instance_path())).collect();
        assert_eq!(errors, [""; 0]);
    }
    let mut broken: serde_json::Value = serde_json::from_str(&written(&example::sbom(), Format::Json)).expect("JSON");
    broken["packages"][0]["nmae"] = "x".into();
    assert!(!schema.is_valid(&broken), "a member that is not in the schema is noticed");
}

fn directory() -> Sbom {
    Sbom { source: Source::Directory { path: "./app".into() }, ..Sbom::default() }
}

#[test]
fn syft_json_carries_all_but_the_history_of_layers() {
    let mut expected = example::sbom();
    expected.packages.iter_mut().for_each(|package| package.introduced_by = None);
    for location in expected.packages.iter_mut().flat_map(|package| &mut package.licenses) {
        location.paths.sort();
    }
    if let Source::Image(image) = &mut expected.source {
        image.layers.iter_mut().for_each(|layer| layer.created_by.clear());
    }
    assert_eq!(there_and_back(Format::SyftJson), expected);
}

#[test]
fn cyclonedx_carries_packages_with_what_matching_needs() {
    let (expected, found) = (example::sbom(), there_and_back(Format::CycloneDxJson));
    assert_eq!(found.distro, expected.distro);
    assert_eq!(found.unknowns, expected.unknowns);
    assert_eq!(found.source.name(), expected.source.name());
    let dependencies = |sbom: &Sbom| -> Vec<Relationship> {
        sbom.relationships.iter().filter(|stated| stated.files.is_empty()).cloned().collect()
    };
    assert_eq!(dependencies(&found), dependencies(&expected));
    assert_eq!(found.packages.len(), expected.packages.len());
    for (found, expected) in found.packages.iter().zip(&expected.packages) {
        assert_eq!((&found.id, &found.name, &found.version), (&expected.id, &expected.name, &expected.version));
        assert_eq!((found.kind, &found.purl, &found.found_by), (expected.kind, &expected.purl, &expected.found_by));
        assert_eq!(found.introduced_by, expected.introduced_by);
        let place = |location: &Location| (location.path.clone(), location.layer.clone(), location.evidence);
        assert!(found.locations.iter().map(place).eq(expected.locations.iter().map(place)));
        assert!(found.cpes.iter().map(Cpe::to_string).eq(expected.cpes.iter().map(Cpe::to_string)));
        assert_eq!(found.upstreams(), expected.upstreams());
        assert_eq!(found.metadata.kind(), expected.metadata.kind());
    }
    let rpm = found.packages.iter().find(|package| package.kind == PackageType::Rpm).expect("an rpm");
    let Metadata::Rpm(rpm) = &rpm.metadata else { panic!("{:?}", rpm.metadata) };
    assert_eq!((rpm.epoch, rpm.modularity_label.as_deref()), (Some(32), Some("")));
}

#[test]
fn what_could_not_be_read_is_kept_although_nobody_knows_where_it_lies() {
    let nowhere = Unknown { path: String::new(), found_by: String::new(), reason: "damaged".to_owned() };
    let sbom = Sbom { unknowns: vec![nowhere], ..example::sbom() };
    for format in [Format::CycloneDxJson, Format::SpdxJson, Format::Json] {
        let again = read(&bytes(&sbom, format)).unwrap_or_else(|error| panic!("{format}: {error}"));
        assert_eq!(again.unknowns, sbom.unknowns, "{format}");
    }
}

#[test]
fn spdx_carries_packages_by_their_urls() {
    let (expected, found) = (example::sbom(), there_and_back(Format::SpdxJson));
    let summary = |sbom: &Sbom| -> Vec<_> {
        let known = sbom.packages.iter().filter(|package| package.kind != PackageType::Unknown);
        known
            .map(|package| {
                let licenses: Vec<LicenseKind> = package.licenses.iter().map(|license| license.kind).collect();
                (
                    package.id.clone(),
                    package.name.clone(),
                    package.version.clone(),
                    package.upstreams(),
                    licenses.is_empty(),
                )
            })
            .collect()
    };
    assert_eq!(summary(&found), summary(&expected));
    assert_eq!(found.unknowns, expected.unknowns);
    let distro = found.distro.expect("a distribution");
    assert_eq!((distro.id.as_str(), distro.version_id.as_str()), ("debian", "12.5"));
    assert_eq!(found.files.len(), 2);
    assert_eq!(found.relationships.len(), 2);
}

#[test]
fn equal_documents_have_equal_bytes_and_other_documents_other_names() {
    let serial = |sbom: &Sbom| {
        let document: serde_json::Value = serde_json::from_str(&written(sbom, Format::CycloneDxJson)).expect("JSON");
        document["serialNumber"].to_string()
    };
    let mut other = example::sbom();
    other.packages[0].licenses.clear();
    assert_eq!(serial(&example::sbom()), serial(&example::sbom()));
    assert_ne!(serial(&example::sbom()), serial(&other));
}

#[test]
fn the_time_is_the_callers_or_the_images() {
    let sbom = example::sbom();
    let timestamp = |created: Option<&str>| {
        let created = created.map(|time| time.parse().expect("a time"));
        Document { created, ..example::document() }.timestamp(&sbom)
    };
    assert_eq!(timestamp(None).as_deref(), Some("2024-02-29T12:34:56Z"));
    assert_eq!(timestamp(Some("2020-01-01T00:00:00.5Z")).as_deref(), Some("2020-01-01T00:00:00Z"));
    assert_eq!(example::document().timestamp(&directory()), None);
}

#[test]
fn a_report_can_add_vulnerabilities_that_point_at_packages() {
    let (sbom, document) = (example::sbom(), example::document());
    let affects = cyclonedx::bom_ref(&sbom.packages[1]);
    let vulnerability = serde_json::json!({ "id": "CVE-2021-44228", "affects": [{ "ref": affects }] });
    let mut out = Vec::new();
    cyclonedx::Bom::new(&sbom, &document).with_vulnerabilities([vulnerability]).write(&mut out).expect("memory");
    let bom: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
    let references: Vec<_> = bom["components"].as_array().expect("a list").iter().map(|c| &c["bom-ref"]).collect();
    assert!(references.contains(&&bom["vulnerabilities"][0]["affects"][0]["ref"]));
}

#[test]
fn names_from_an_image_cannot_steer_a_terminal() {
    let mut sbom = example::sbom();
    sbom.packages[0].name = "evil\u{1b}[2J".into();
    assert!(!written(&sbom, Format::Table).contains('\u{1b}'));
}

#[test]
fn equal_rows_are_counted() {
    let mut sbom = example::sbom();
    sbom.packages.push(sbom.packages[1].clone());
    assert!(written(&sbom, Format::Table).contains("bind-libs    32:9.11.36-3.el8  rpm  (×2)"));
}

#[test]
fn a_format_is_found_by_its_names_and_a_misspelt_one_is_corrected() {
    assert_eq!(Format::parse("CycloneDX"), Ok(Format::CycloneDxJson));
    assert_eq!(Format::parse("spdx-json"), Ok(Format::SpdxJson));
    let message = |name| Format::parse(name).expect_err(name).to_string();
    assert_eq!(
        message("cyclondx-json"),
        "\"cyclondx-json\" is not a format of a bill of materials; did you mean \"cyclonedx-json\"?"
    );
    assert_eq!(
        message("protobuf-text"),
        "\"protobuf-text\" is not a format of a bill of materials; \
         there are table, json, compact, syft-json, cyclonedx-json, spdx-json"
    );
}

#[test]
fn what_cannot_be_read_is_refused_with_the_reason_and_the_place() {
    for (text, expected) in [
        (
            r#"{"bomFormat":"CycloneDX","components":[{"name":"a"},{"name":7}]}"#,
            "this cyclonedx-json document does not have the shape of one at components[1].name: \
             invalid type: integer `7`, expected a string at line 1 column 61",
        ),
        (
            r#"{"artifacts":[{"version":"1"}],"source":{}}"#,
            "this syft-json document does not have the shape of one at artifacts[0]: \
             missing field `name` at line 1 column 29",
        ),
        (r#"{"artifacts":[}"#, "the bill of materials is not valid JSON: expected value at line 1 column 15"),
        (
            "<?xml version=\"1.0\"?><bom/>",
            "XML documents are not read yet; convert it to CycloneDX, SPDX or Syft JSON first",
        ),
        (
            "SPDXVersion: SPDX-2.3",
            "SPDX tag-value documents are not read yet; convert it to CycloneDX, SPDX or Syft JSON first",
        ),
        (
            r#"{"spdxVersion":"SPDX-3.0"}"#,
            "SPDX 3 documents are not read yet; convert it to CycloneDX, SPDX or Syft JSON first",
        ),
        (
            r#"{"hello":"world"}"#,
            "this is no bill of materials that can be read: expected syft-json, CycloneDX JSON (\"bomFormat\"), \
             SPDX 2 JSON (\"spdxVersion\") or Windlass JSON (\"format\")",
        ),
    ] {
        let error = read(text.as_bytes()).expect_err(text);
        let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
        assert_eq!(format!("{error}{cause}"), expected);
    }
    let error = read_from(&b"{\"artifacts\":[]}"[..], 10).expect_err("too large");
    assert!(matches!(error, ReadError::TooLarge { limit: 10 }));
}

#[test]
fn deeply_nested_input_is_refused_and_not_followed() {
    let deep = format!(r#"{{"bomFormat":"CycloneDX","components":{}"#, r#"[{"components":"#.repeat(100_000));
    assert!(matches!(read(deep.as_bytes()), Err(ReadError::NotJson(_) | ReadError::Shape { .. })));
}

#[test]
fn nested_components_of_other_programs_are_flattened_and_their_lock_files_passed_over() {
    let sbom = read(
        br#"{"bomFormat":"CycloneDX","specVersion":"1.5",
            "metadata":{"component":{"type":"container","name":"app:1","components":[
                {"type":"library","name":"hidden","purl":"pkg:pypi/hidden@1"}]}},
            "components":[
                {"type":"operating-system","name":"alpine","version":"3.19.1"},
                {"type":"application","name":"app/package-lock.json"},
                {"type":"device","name":"board","version":"1"},
                {"type":"library","group":"org.acme","name":"outer","version":"1","purl":"pkg:maven/org.acme/outer@1",
                 "components":[{"type":"library","group":"@s","name":"inner","version":"2","purl":"pkg:npm/%40s/inner@2",
                    "licenses":[{"license":{"name":"The MIT License"}}]}]},
                {"bom-ref":"b","type":"library","name":"bind-libs","version":"9.11-3","cpe":null,
                 "purl":"pkg:rpm/redhat/bind-libs@9.11-3?epoch=32"}],
            "dependencies":[{"ref":"b"}]}"#,
    )
    .expect("readable");
    let names: Vec<_> = sbom.packages.iter().map(|p| [p.name.as_str(), &p.version, p.kind.as_str()]).collect();
    assert_eq!(
        names,
        [
            ["@s/inner", "2", "npm"],
            ["bind-libs", "32:9.11-3", "rpm"],
            ["hidden", "1", "python"],
            ["outer", "1", "java-archive"],
        ]
    );
    assert_eq!(sbom.distro.expect("a distribution").version_id, "3.19.1");
    assert_eq!(sbom.packages[0].licenses[0].spdx_expression, "MIT");
}

#[test]
fn a_binary_keeps_the_place_its_classifier_matched_in_the_shape_syft_gives_it() {
    let text = r#"{"artifacts":[{"id":"1","name":"busybox","version":"1.36","type":"binary","metadataType":"binary-signature",
        "locations":[{"path":"/bin/busybox","layerID":"sha256:aa","annotations":{"evidence":"primary"}},{"path":"/bin/sh"}],
        "metadata":{"matches":[{"classifier":"busybox-binary","location":{"path":"/bin/busybox","layerID":"sha256:aa"}}]}}],
        "source":{},"schema":{}}"#;
    let sbom = read(text.as_bytes()).expect("readable");
    let Metadata::Binary(binary) = &sbom.packages[0].metadata else { panic!("{:?}", sbom.packages) };
    assert_eq!(binary.matches[0].path, "/bin/busybox");
    assert_eq!(sbom.packages[0].locations[1].evidence, Evidence::Supporting, "only marked evidence proves a package");
    let document: serde_json::Value = serde_json::from_str(&written(&sbom, Format::SyftJson)).expect("JSON");
    assert_eq!(document["artifacts"][0]["metadata"]["matches"][0]["location"]["layerID"], "sha256:aa");
    assert_eq!(read(written(&sbom, Format::SyftJson).as_bytes()).expect("own output").packages, sbom.packages);
}

#[test]
fn a_record_of_a_kind_that_is_not_modelled_travels_as_it_is() {
    let text = r#"{"artifacts":[
        {"id":"1","name":"a","type":"conan","metadataType":"c-conan-lock-entry","metadata":{"ref":"a/1","x":[1,null]}},
        {"id":"2","name":"b","type":"conan","metadataType":"c-conan-lock-entry"}],"source":{},"schema":{}}"#;
    let sbom = read(text.as_bytes()).expect("readable");
    assert_eq!(sbom.packages[0].metadata.kind(), "c-conan-lock-entry");
    for format in [Format::Json, Format::SyftJson] {
        let again = read(written(&sbom, format).as_bytes()).expect("own output");
        assert_eq!(again.packages, sbom.packages, "{format}");
    }
}

#[test]
fn the_shapes_of_early_syft_documents_are_understood() {
    let sbom = read(
        br#"{"artifacts":[
                {"name":"dash","version":"0.5.11","type":"deb","licenses":["GPL-2","BSD"],"cpes":["cpe:2.3:a:dash:dash:0.5.11:*:*:*:*:*:*:*"],
                 "locations":[{"path":"/var/lib/dpkg/status","layerID":"sha256:aa"}],"purl":"pkg:deb/debian/dash@0.5.11?arch=amd64",
                 "metadataType":"DpkgMetadata","metadata":{"package":"dash","source":"","installedSize":7,
                    "files":[{"path":"/bin/dash","md5":"00112233445566778899aabbccddeeff"}]}},
                {"name":"app","version":"1","type":"java-archive","locations":null,"licenses":null,"metadataType":"JavaMetadata",
                 "metadata":{"virtualPath":"/app.jar","manifest":{"main":{"Main-Class":"a.B"},"namedSections":{"s":{"k":"v"}}}}},
                {"name":"strange","version":"1","type":"apk","metadataType":"ApkMetadata","metadata":{"size":"large"},
                 "locations":[{"path":"/lib/apk/db/installed"}]}],
            "source":{"type":"directory","target":"/srv/app"},
            "distro":{"name":"debian","version":"10","idLike":""},"descriptor":{"name":"syft","version":"0.9.2"}}"#,
    )
    .expect("readable");
    assert_eq!(sbom.source, Source::Directory { path: "/srv/app".into() });
    let distro = sbom.distro.expect("a distribution");
    assert_eq!((distro.id.as_str(), distro.version_id.as_str()), ("debian", "10"));
    let [app, dash, strange] = sbom.packages.as_slice() else { panic!("{:?}", sbom.packages) };
    let Metadata::Dpkg(dpkg) = &dash.metadata else { panic!("{:?}", dash.metadata) };
    assert_eq!(dpkg.files[0].digest.as_ref().expect("a digest").algorithm, "md5");
    assert_eq!(
        (dash.licenses[0].spdx_expression.as_str(), dash.cpes[0].source),
        ("GPL-2.0-only", CpeSource::Generated)
    );
    assert_eq!(dash.locations[0].evidence, Evidence::Primary);
    let Metadata::JavaArchive(java) = &app.metadata else { panic!("{:?}", app.metadata) };
    assert_eq!(java.manifest.as_ref().expect("a manifest").sections[0][0].value, "v");
    assert_eq!(strange.kind, PackageType::Apk);
    assert_eq!(sbom.unknowns.len(), 1, "a record that cannot be read is said, and the package kept");
    assert!(sbom.unknowns[0].reason.starts_with("metadata of strange 1 is not a apk-db-entry"));
}

#[test]
fn a_published_syft_document_is_read_whole() {
    let shared = env::var_os("WINDLASS_SHARED").map(Into::into);
    let shared = shared.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"));
    let path = shared.join("reference/import/nginx_latest_packages.json");
    let Ok(document) = fs::read(&path) else {
        eprintln!("SKIPPED: {} is not there; set WINDLASS_SHARED", path.display());
        return;
    };
    let sbom = read(&document).expect("readable");
    assert_eq!(sbom.packages.len(), 136);
    assert_eq!(sbom.unknowns, []);
    assert!(
        sbom.packages.iter().all(|package| package.kind != PackageType::Unknown && package.metadata != Metadata::None)
    );
    let Source::Image(image) = &sbom.source else { panic!("{:?}", sbom.source) };
    assert_eq!((image.user_input.as_str(), image.layers.len()), ("docker.io/nginx:latest", 5));
    assert_eq!(sbom.distro.expect("a distribution").qualifier().as_deref(), Some("debian-10"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn damaged_documents_are_read_or_refused_but_never_break_the_reader(
        format in 1..5_usize, at in any::<prop::sample::Index>(), cut in 0..40_usize, with in "[\\PC{}\\[\\]\":,0-9]{0,6}",
    ) {
        let format = texts().nth(format).expect("four formats of text are read");
        let mut text = written(&example::sbom(), format);
        let mut start = at.index(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        let mut end = (start + cut).min(text.len());
        while !text.is_char_boundary(end) {
            end += 1;
        }
        text.replace_range(start..end, &with);
        if let Ok(sbom) = read(text.as_bytes()) {
            for format in Format::all() {
                bytes(&sbom, format);
            }
        }
    }

    #[test]
    fn damaged_compact_documents_are_read_or_refused(
        at in any::<prop::sample::Index>(), cut in 0..40_usize, with in proptest::collection::vec(any::<u8>(), 0..6),
    ) {
        let mut document = bytes(&example::sbom(), Format::Compact);
        let start = at.index(document.len());
        document.splice(start..document.len().min(start + cut), with);
        if let Ok(sbom) = read(&document) {
            bytes(&sbom, Format::Compact);
        }
    }
}
