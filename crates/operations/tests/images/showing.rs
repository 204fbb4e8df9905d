use serde_json::json;
use windlass_operations::{Error, Part, images::ImageFilter, testing::on_every_service};
use windlass_store::images::AnalysisStatus as Stored;
use windlass_v1::images::{AnalysisStatus, ImageStatus};

use crate::{add, leave, registry::Registry};

fn named(fulltag: &str) -> ImageFilter {
    ImageFilter { fulltag: Some(fulltag.to_owned()), ..ImageFilter::default() }
}

#[test]
fn an_image_is_found_by_whatever_names_it() {
    let Some(registry) = Registry::start() else { return };
    on_every_service(|bench| {
        let registry = &registry;
        async move {
            let team = bench.account("team").await;
            let pushed = registry.push("shop/web", "1", "one").await;
            let repository = format!("{}/shop/web", registry.address);
            add(&team, json!({"tag": format!("{repository}:1")})).await;
            let by_digest = format!("{repository}@{}", pushed.digest);
            for name in [&format!("{repository}:1"), &pushed.id, &pushed.digest, &by_digest] {
                let found = team.images(&named(name)).await.unwrap();
                assert_eq!(found.len(), 1, "{name}");
                assert_eq!(found[0].image_digest, pushed.digest);
            }
            for id in [&pushed.id, &pushed.digest] {
                assert_eq!(team.image_by_id(id).await.unwrap().image_digest, pushed.digest);
            }
            let elsewhere = format!("other.example/shop/web@{}", pushed.digest);
            for name in [&format!("{repository}:2"), "web:1", &elsewhere, &"0".repeat(64)] {
                let Err(Error::Refused(envelope)) = team.images(&named(name)).await else { panic!("{name} is found") };
                assert_eq!((envelope.httpcode, envelope.message.as_str()), (404, "image not found in DB"));
            }
            for filter in [named("a b"), ImageFilter { history: true, ..named(&pushed.id) }] {
                let Err(Error::Refused(envelope)) = team.images(&filter).await else { panic!("it is found") };
                assert_eq!(envelope.httpcode, 400);
            }
        }
    });
}

#[test]
fn lists_are_filtered_by_state_and_come_in_pages() {
    let Some(registry) = Registry::start() else { return };
    on_every_service(|bench| {
        let registry = &registry;
        async move {
            let team = bench.account("team").await;
            let mut digests = Vec::new();
            for text in ["one", "two", "three"] {
                digests.insert(0, registry.push("shop/web", text, text).await.digest);
                add(&team, json!({"tag": format!("{}/shop/web:{text}", registry.address)})).await;
                bench.pass(10);
            }
            let listed = async |filter: &ImageFilter| {
                let found = team.images(filter).await.unwrap();
                found.into_iter().map(|image| image.image_digest).collect::<Vec<_>>()
            };
            assert_eq!(listed(&ImageFilter::default()).await, digests);
            let page = ImageFilter { limit: Some(2), ..ImageFilter::default() };
            assert_eq!(listed(&page).await, digests[..2]);
            let rest = ImageFilter { after: Some(digests[1].clone()), ..ImageFilter::default() };
            assert_eq!(listed(&rest).await, digests[2..]);
            let lost = ImageFilter { after: Some("sha256:gone".into()), ..ImageFilter::default() };
            assert!(matches!(team.images(&lost).await, Err(Error::Refused(_))));

            leave(&bench, &team, &digests[0], Stored::Analyzed).await;
            team.delete_image(&digests[1], true).await.unwrap();
            let analysed = ImageFilter { analysis_status: Some(AnalysisStatus::Analyzed), ..ImageFilter::default() };
            assert_eq!(listed(&analysed).await, digests[..1]);
            let deleting = ImageFilter { status: Some(ImageStatus::Deleting), ..ImageFilter::default() };
            assert_eq!(listed(&deleting).await, digests[1..2]);
            let hidden = ImageFilter {
                status: Some(ImageStatus::Active),
                ..named(&format!("{}/shop/web:two", registry.address))
            };
            assert!(team.images(&hidden).await.is_err());

            let tags = team.image_tags(&[ImageStatus::Active], Part::default()).all().await.unwrap();
            let names: Vec<_> = tags.iter().map(|tag| tag.fulltag.rsplit(':').next().unwrap()).collect();
            assert_eq!(names, ["one", "three"]);
            assert_eq!(team.image_tags(&[], Part::default()).all().await.unwrap().len(), 3);
            assert_eq!(json!(tags[0])["created_at"], 1_767_268_800);
        }
    });
}
