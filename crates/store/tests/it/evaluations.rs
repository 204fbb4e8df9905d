use sea_orm::{ConnectionTrait as _, DatabaseTransaction};
use windlass_store::{
    Account, AccountName, Moment, Store,
    accounts::{self, Kind},
    evaluations::{self, Answer, Basis, Model, Question},
    images,
    testing::on_every_engine,
};

const QUESTION: Question<'static> = Question { digest: "sha256:ab", fulltag: "docker.io/a:1", policy_id: "p" };

async fn account(store: &Store, name: &str) -> Account {
    let name = AccountName::parse(name).unwrap();
    let tx = store.begin().await.unwrap();
    accounts::insert(&tx, &name, Kind::User, None, Moment(1)).await.unwrap();
    insert_image(&tx, name.as_str()).await;
    tx.commit().await.unwrap();
    store.account(&name)
}

async fn insert_image(tx: &DatabaseTransaction, account: &str) {
    tx.execute_unprepared(&format!(
        "INSERT INTO images (account, digest, parent_digest, image_id, status, analysis_status, annotations, manifest, \
         created_at, last_updated) VALUES ('{account}', 'sha256:ab', 'sha256:ab', 'id', 'active', 'analyzed', '{{}}', \
         'sha256:00', 1, 1)"
    ))
    .await
    .unwrap();
}

fn basis(policy_digest: &str) -> Basis {
    Basis { policy_digest: policy_digest.into(), analysis: 1, data: Some(1), inputs: "i".into() }
}

fn answer(final_action: &str) -> Answer {
    Answer { final_action: final_action.into(), valid_until: Some(Moment(100)), object: "o".into() }
}

async fn record(account: &Account, question: Question<'_>, final_action: &str, now: i64) -> Model {
    let tx = account.begin().await.unwrap();
    images::lock(&tx, account.name(), question.digest).await.unwrap().unwrap();
    let last = evaluations::last(&tx, account.name(), question).await.unwrap();
    let (basis, answer) = (basis("d"), answer(final_action));
    let row = evaluations::record(&tx, account.name(), question, last.as_ref(), basis, answer, Moment(now)).await;
    tx.commit().await.unwrap();
    row.unwrap()
}

async fn history(account: &Account, policy_id: Option<&str>) -> Vec<(String, i64, i64)> {
    let rows = account.evaluation_history(QUESTION.digest, QUESTION.fulltag, policy_id, 0, 10).await.unwrap();
    rows.into_iter().map(|row| (row.final_action, row.created_at.0, row.last_evaluated.0)).collect()
}

#[test]
fn history_has_a_row_for_each_stretch_of_the_same_action() {
    on_every_engine(|store| async move {
        let ours = account(&store, "ours").await;
        for (action, now) in [("go", 2), ("go", 3), ("stop", 4), ("stop", 5), ("go", 6)] {
            record(&ours, QUESTION, action, now).await;
        }
        let rows = |rows: &[(&str, i64, i64)]| -> Vec<_> {
            rows.iter().map(|(action, from, to)| ((*action).to_owned(), *from, *to)).collect()
        };
        assert_eq!(history(&ours, None).await, rows(&[("go", 6, 6), ("stop", 4, 5), ("go", 2, 3)]));

        record(&ours, Question { policy_id: "q", ..QUESTION }, "go", 7).await;
        assert_eq!(history(&ours, Some("q")).await, rows(&[("go", 7, 7)]));
        assert_eq!(history(&ours, None).await.len(), 4);
        let theirs = account(&store, "theirs").await;
        assert_eq!(history(&theirs, None).await, []);

        let tx = ours.begin().await.unwrap();
        assert_eq!(evaluations::delete_of_policy(&tx, ours.name(), "p").await.unwrap(), ["o"]);
        tx.commit().await.unwrap();
        assert_eq!(history(&ours, None).await, rows(&[("go", 7, 7)]));
    });
}

#[test]
fn a_verdict_holds_while_nothing_it_depends_on_changes_and_its_time_has_not_come() {
    on_every_engine(|store| async move {
        let ours = account(&store, "ours").await;
        record(&ours, QUESTION, "go", 2).await;
        let last = ours.last_evaluation(QUESTION).await.unwrap().unwrap();
        let now = Moment(99);
        assert!(last.holds(&basis("d"), now));
        assert!(!last.holds(&basis("d"), Moment(100)), "its time has come");
        assert!(!last.holds(&basis("e"), now), "the bundle is another one");
        assert!(!last.holds(&Basis { analysis: 2, ..basis("d") }, now));
        assert!(!last.holds(&Basis { data: None, ..basis("d") }, now));
        assert!(!last.holds(&Basis { data: Some(2), ..basis("d") }, now));
        assert!(!last.holds(&Basis { inputs: "j".into(), ..basis("d") }, now));
        assert!(Model { valid_until: None, ..last }.holds(&basis("d"), Moment(i64::MAX)));
    });
}

#[test]
fn verdicts_of_the_same_moment_are_one_row() {
    on_every_engine(|store| async move {
        let ours = account(&store, "ours").await;
        let tasks: Vec<_> = (0..16)
            .map(|_| {
                let ours = ours.clone();
                tokio::spawn(async move { record(&ours, QUESTION, "stop", 2).await })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(history(&ours, None).await.len(), 1);
    });
}
