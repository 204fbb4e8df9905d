use std::sync::Arc;

use serde_json::json;
use windlass_objects::{Objects, Options};
use windlass_operations::{
    Cipher, ObjectChunks, Service, Settings,
    keeping::{KeepingSettings, Quota},
    testing::{Bench, on_every_service},
};
use windlass_store::{object_references::Storage, testing::on_every_engine};
use windlass_v1::storage::QuotaRequest;

use crate::house::{archive, files, forget, refused, restore, seed, team};

const DAY: i64 = 86_400;

#[test]
fn what_is_kept_is_measured_to_the_byte_by_account_table_and_kind() {
    on_every_service(|bench| async move {
        let (alpha, beta) = (team(&bench, "alpha").await, team(&bench, "beta").await);
        let image = seed(&bench, &alpha, "a", &["r.example/a:1"]).await;
        seed(&bench, &beta, "a", &["r.example/a:1"]).await;
        archive(&alpha, &image).await;
        bench.objects().put("nobody's").await.unwrap();
        let told = bench.service.storage(true).await.unwrap();
        let on_disk = |folder: &str| -> u64 {
            files(&bench.folder.path().join(folder)).iter().map(|file| file.metadata().unwrap().len()).sum()
        };
        let sum = |kept: &[windlass_v1::storage::Kept]| kept.iter().map(|kept| kept.bytes).sum::<u64>();
        assert_eq!(sum(&told.usage.documents), on_disk("objects"));
        assert_eq!(sum(&told.usage.bundles), on_disk("archive"));
        let count = |name: &str| told.usage.documents.iter().find(|kept| kept.name == name).map(|kept| kept.count);
        assert_eq!((count("manifests"), count("analyses"), count("unreferenced")), (Some(2), Some(2), Some(1)));
        let tables = &told.usage.tables;
        assert!(tables.iter().any(|table| table.name == "images" && table.count == 2 && table.bytes > 0), "{tables:?}");
        let share = |name: &str| &told.accounts.iter().find(|share| share.account == name).unwrap().usage;
        assert_eq!(share("alpha").documents, share("beta").documents, "what is shared counts for each");
        assert!(share("alpha").bundles[0].count == 1 && share("beta").bundles.is_empty());
        assert!(share("alpha").tables.iter().any(|table| table.name == "image_tags" && table.count == 1));

        let own = beta.storage().await.unwrap();
        assert_eq!((&own.account, &own.usage), (&"beta".to_owned(), share("beta")));
        assert_eq!((own.of_quota.images, own.forecast), (1, None));
    });
}

#[test]
fn what_is_kept_in_the_database_itself_counts_once() {
    on_every_service(|bench| async move {
        let store = bench.service.store().clone();
        let chunks = |name| {
            let chunks = ObjectChunks::new(store.clone(), bench.service.clock().clone(), name);
            Objects::over(Arc::new(chunks), Options::default())
        };
        let cipher = Cipher::parse(&Cipher::generate_key()).unwrap();
        let (clock, settings) = (bench.service.clock().clone(), bench.service.settings().clone());
        let service = Service::new(store.clone(), chunks(""), chunks("archive"), cipher, clock, settings);
        let of_tables = async || {
            let told = service.storage(true).await.unwrap();
            let chunks = told.usage.tables.iter().find(|table| table.name == "object_chunks").unwrap().bytes;
            (told.usage.documents.iter().map(|kept| kept.bytes).sum::<u64>(), chunks)
        };
        let (none, before) = of_tables().await;
        assert_eq!(none, 0);
        let mut bytes = vec![0; 4 << 20];
        getrandom::fill(&mut bytes).unwrap();
        service.objects_of(Storage::Documents).put(bytes).await.unwrap();
        let (documents, after) = of_tables().await;
        assert!(documents >= 4 << 20, "{documents}");
        assert!(after - before < 1 << 20, "what the table takes beside its content: {before} and {after} bytes");
    });
}

#[test]
fn growth_is_told_from_what_was_measured_day_by_day() {
    on_every_service(|bench| async move {
        let alpha = team(&bench, "alpha").await;
        for day in 0..10 {
            seed(&bench, &alpha, &format!("{day}"), &["r.example/a:1"]).await;
            bench.service.measure_storage().await.unwrap();
            bench.pass(DAY);
        }
        let told = alpha.storage().await.unwrap();
        let forecast = told.forecast.unwrap();
        assert_eq!(forecast.days, 9);
        assert!(forecast.bytes_per_day > 100, "{forecast:?}");
        assert!(
            forecast.bytes_in_30_days > told.usage.bytes + 29 * forecast.bytes_per_day.unsigned_abs(),
            "{forecast:?}"
        );
    });
}

#[test]
fn nothing_is_added_beyond_the_quota_and_the_refusal_says_what_to_do() {
    on_every_engine(|store| async move {
        let keeping = KeepingSettings { quota: Quota { images: Some(1), bytes: None }, ..KeepingSettings::default() };
        let bench = Bench::with(store, Settings { keeping, ..Settings::default() }).await;
        let alpha = team(&bench, "alpha").await;
        let one = seed(&bench, &alpha, "1", &["r.example/a:1"]).await;
        archive(&alpha, &one).await;
        forget(&bench, &alpha, &one).await;
        let two = seed(&bench, &alpha, "2", &["r.example/a:2"]).await;
        let refusal = refused(restore(&alpha, &one).await);
        assert_eq!((refusal.httpcode, json!(refusal)["detail"]["quota"].clone()), (403, json!(1)));
        assert!(refusal.message.contains("account alpha may have 1 images"), "{}", refusal.message);
        assert!(refusal.message.contains("delete images"), "{}", refusal.message);
        assert!(alpha.image(&one).await.is_err() && alpha.image(&two).await.is_ok());

        let set = async |images, bytes| {
            bench.service.set_quota("alpha", &QuotaRequest { images: Some(images), bytes: Some(bytes) }).await.unwrap()
        };
        assert_eq!(set(Some(0), None).await.images, None, "as many as wanted, in spite of the settings");
        assert_eq!(set(Some(2), Some(10)).await.bytes, Some(10));
        let refusal = refused(restore(&alpha, &one).await);
        assert!(refusal.message.contains("may have 10 bytes of documents"), "{}", refusal.message);
        set(Some(2), None).await;
        restore(&alpha, &one).await.unwrap();
        assert_eq!(alpha.storage().await.unwrap().of_quota.images, 2);
        assert_eq!(refused(bench.service.set_quota("nobody", &QuotaRequest::default()).await).httpcode, 404);
    });
}
