//! Stories of an image that is judged again and again.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use serde_json::{Value, json};
use windlass_sbom::{
    ImageSource, Sbom, Source,
    formats::{self, Document, Format},
};
use windlass_store::{
    analyses::{self, DockerfileMode, NewAnalysis, NewDocument, progress},
    images::{self, Change, NewImage},
};
use windlass_v1::policies::PolicyUpdate;

use super::{findings::Known, *};
use crate::testing::{Bench, on_every_service};

const DIGEST: &str = "sha256:4dbb9075bdf4dd25e5a8f2ca1e6386403841707c5ea7447f67cb7f31abd4be6c";
const ID: &str = "ba88c1775192a660f4cfd31ddcfab9e5f610dcc6f4ca645a098ea6d0672495eb";
const TAG: &str = "registry.example/team/app:1";

/// Data that finds nothing, and whose number is told.
struct Data(AtomicI64);

impl Findings for Data {
    async fn in_force(&self) -> Result<Option<i64>> {
        Ok(Some(self.0.load(Ordering::SeqCst)))
    }

    async fn of(&self, _: &Arc<Sbom>) -> Result<Known> {
        Ok(Known { data: self.in_force().await?, ..Known::default() })
    }
}

struct Story {
    bench: Bench,
    tenant: Tenant,
    data: Data,
}

impl Story {
    /// An account that holds an analysed image, and whose active bundle stops every image once an exception has expired.
    async fn of(bench: Bench) -> Self {
        let tenant = bench.account("team").await;
        let story = Self { bench, tenant, data: Data(AtomicI64::new(1)) };
        story.add_image().await;
        story.tenant.add_policy(bundle("b", "2026-01-02T00:00:00Z")).await.unwrap();
        story.activate(bundle("b", "2026-01-02T00:00:00Z")).await;
        story
    }

    async fn add_image(&self) {
        self.add(DIGEST, "sha256:index", "k", "amd64").await;
    }

    /// Adds an image that is analysed now, under the tag from now on.
    async fn add(&self, digest: &str, index: &str, key: &str, arch: &str) {
        let (service, now) = (&self.bench.service, self.bench.now());
        let source = ImageSource { image_id: ID.into(), manifest_digest: DIGEST.into(), ..ImageSource::default() };
        let sbom = Sbom { source: Source::Image(Box::new(source)), ..Sbom::default() };
        let mut bytes = Vec::new();
        formats::write(&sbom, Format::Json, &Document::default(), &mut bytes).unwrap();
        let size = bytes.len() as u64;
        let object = service.objects.put(bytes).await.unwrap().to_string();
        let tx = service.store.begin().await.unwrap();
        let image = NewImage {
            digest: digest.into(),
            parent_digest: index.into(),
            image_id: ID.into(),
            manifest: "sha256:manifest".into(),
            parent_manifest: None,
            annotations: r#"{"team": "shop"}"#.into(),
            dockerfile: None,
            created_at: now,
        };
        let (image, _) = images::ensure(&tx, self.tenant.name(), image, now).await.unwrap();
        let analysis = NewAnalysis {
            key: key.into(),
            digest: digest.into(),
            arch: Some(arch.into()),
            distro: None,
            distro_version: None,
            dockerfile_mode: DockerfileMode::Guessed,
            dockerfile: None,
            image_size: 1,
            layer_count: 1,
            chains: Vec::new(),
            documents: vec![NewDocument { kind: "sbom".into(), object, size }],
        };
        let analysis = analyses::insert(&tx, analysis, now).await.unwrap();
        progress::finish(&tx, image.id, analysis, now).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn activate(&self, document: Value) {
        let id = document["id"].as_str().unwrap().to_owned();
        let update = PolicyUpdate { policy_id: Some(id.clone()), active: Some(true), policybundle: Some(document) };
        self.tenant.update_policy(&id, update, false).await.unwrap();
    }

    /// The image as the store has it.
    async fn image(&self) -> Result<Analysed> {
        let found = self.tenant.account.find_image(DIGEST, Filter::active()).await?;
        analysed(found.map(|(image, _)| image))
    }

    async fn ask(&self, request: &CheckRequest) -> Result<Check> {
        self.tenant.check_image(self.image().await?, request, &self.data).await
    }

    /// The entries of the answer.
    async fn answers(&self, request: &CheckRequest) -> Vec<Value> {
        let check = json!(self.ask(request).await.unwrap());
        check[0][DIGEST][TAG].as_array().unwrap().clone()
    }

    async fn answer(&self) -> Value {
        let answers = self.answers(&question()).await;
        assert_eq!(answers.len(), 1);
        answers[0].clone()
    }

    /// Status and time of each entry, newest first.
    async fn history(&self) -> Vec<(String, String)> {
        let request = CheckRequest { history: true, detail: false, ..question() };
        let answers = self.answers(&request).await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        answers.iter().map(|answer| (text(&answer["status"]), text(&answer["last_evaluation"]))).collect()
    }

    async fn kept(&self) -> usize {
        self.tenant.account.evaluation_history(DIGEST, TAG, None, 0, 100).await.unwrap().len()
    }

    /// Details of the events of a type, oldest first.
    async fn told(&self, kind: EventKind) -> Vec<Value> {
        let EventKind(kind) = kind;
        let rows = windlass_store::testing::rows(&self.bench.service.store, "events", "kind", kind).await;
        rows.iter().map(|row| serde_json::from_str(row["details"].as_str().unwrap()).unwrap()).collect()
    }
}

struct EventKind(&'static str);

fn question() -> CheckRequest {
    CheckRequest { tag: TAG.into(), detail: true, ..CheckRequest::default() }
}

/// A bundle that stops every image, but for an exception until then.
fn bundle(id: &str, expires_on: &str) -> Value {
    json!({
        "id": id, "version": "1_0", "name": "Stop all",
        "policies": [{"id": "p", "version": "1_0", "rules": [
            {"id": "r", "gate": "always", "trigger": "always", "action": "STOP", "params": []},
        ]}],
        "whitelists": [{"id": "w", "version": "1_0", "name": "w", "items": [
            {"id": "i", "gate": "always", "trigger_id": "always", "expires_on": expires_on},
        ]}],
        "mappings": [{
            "name": "all", "registry": "*", "repository": "*", "image": {"type": "tag", "value": "*"},
            "policy_id": "p", "whitelist_ids": ["w"],
        }],
    })
}

fn on_every_story<F: Future<Output = ()>>(test: impl Fn(Story) -> F) {
    on_every_service(|bench| {
        let test = &test;
        async move { test(Story::of(bench).await).await }
    });
}

#[test]
fn the_same_question_has_the_same_answer_byte_for_byte() {
    on_every_story(|story| async move {
        let first = story.ask(&question()).await.unwrap();
        story.bench.pass(3600);
        let second = story.ask(&question()).await.unwrap();
        assert_eq!(serde_json::to_vec(&first).unwrap(), serde_json::to_vec(&second).unwrap());
        let answer = &json!(first)[0][DIGEST][TAG][0];
        assert_eq!(answer["status"], "pass");
        assert_eq!(answer["last_evaluation"], "2026-01-01T12:00:00Z");
        assert_eq!(answer["policyId"], "b");
        assert_eq!(answer["detail"]["policy"]["id"], "b");
        let result = &answer["detail"]["result"];
        assert_eq!((&result["user_id"], &result["image_id"]), (&json!("team"), &json!(ID)));
        assert_eq!(result["result"][ID]["result"]["rows"][0][2], "always");
        assert_eq!(story.kept().await, 1);
    });
}

#[test]
fn a_verdict_changes_at_the_moment_at_which_time_alone_changes_it() {
    on_every_story(|story| async move {
        assert_eq!(story.answer().await["status"], "pass");
        story.bench.pass(12 * 3600 - 1);
        assert_eq!(story.answer().await["last_evaluation"], "2026-01-01T12:00:00Z", "the exception holds");
        story.bench.pass(1);
        let answer = story.answer().await;
        assert_eq!((&answer["status"], &answer["last_evaluation"]), (&json!("fail"), &json!("2026-01-02T00:00:00Z")));
        let history = [("fail", "2026-01-02T00:00:00Z"), ("pass", "2026-01-01T12:00:00Z")];
        assert_eq!(story.history().await, history.map(|(status, time)| (status.to_owned(), time.to_owned())));

        // D-24: whoever asks takes the news from nobody.
        let told = story.told(EventKind("user.checks.tag.policy_evaluation.update")).await;
        assert_eq!(told.len(), 0);
    });
}

#[test]
fn what_goes_in_is_judged_anew_when_it_is_another() {
    on_every_story(|story| async move {
        let mut last = story.answer().await;
        let mut judged_anew = async |story: &Story| {
            story.bench.pass(60);
            let answer = story.answer().await;
            let is_new = answer["last_evaluation"] != last["last_evaluation"];
            last = answer;
            is_new
        };
        assert!(!judged_anew(&story).await);

        story.data.0.store(2, Ordering::SeqCst);
        assert!(judged_anew(&story).await, "the data are others");
        assert!(!judged_anew(&story).await);

        story.activate(bundle("b", "2026-01-03T00:00:00Z")).await;
        assert!(judged_anew(&story).await, "the bundle is another");

        let image = story.image().await.unwrap().image;
        let tx = story.tenant.account.begin().await.unwrap();
        let dockerfile = Change { dockerfile: Some("RlJPTSBzY3JhdGNoCg==".into()), ..Change::default() };
        images::change(&tx, image.id, dockerfile, story.bench.now()).await.unwrap();
        tx.commit().await.unwrap();
        assert!(judged_anew(&story).await, "the Dockerfile is another");
        assert!(!judged_anew(&story).await);
        assert_eq!(story.kept().await, 1, "the action was the same all the time");
        assert_eq!(story.told(EventKind("user.checks.tag.policy_evaluation.update")).await.len(), 0);
    });
}

#[test]
fn another_bundle_judges_before_and_after_it_is_activated() {
    on_every_story(|story| async move {
        assert_eq!(story.answer().await["status"], "pass");
        story.tenant.add_policy(bundle("strict", "2020-01-01T00:00:00Z")).await.unwrap();
        let by_it = CheckRequest { policy_id: Some("strict".into()), ..question() };
        assert_eq!(story.answers(&by_it).await[0]["status"], "fail");
        assert_eq!(story.answer().await["status"], "pass", "it is not the active one");
        story.activate(bundle("strict", "2020-01-01T00:00:00Z")).await;
        let answer = story.answer().await;
        assert_eq!((&answer["status"], &answer["policyId"]), (&json!("fail"), &json!("strict")));
        // The verdicts of two policies are two stories (B8).
        assert_eq!(story.told(EventKind("user.checks.tag.policy_evaluation.update")).await.len(), 0);
        assert_eq!(story.told(EventKind("user.policy.active.updated")).await.len(), 2);

        story.tenant.delete_policy("b").await.unwrap();
        assert_eq!(story.history().await.len(), 1, "the evaluations of a bundle go with it");
    });
}

#[test]
fn what_is_asked_interactively_or_by_other_choices_is_not_kept() {
    on_every_story(|story| async move {
        let interactive = CheckRequest { interactive: true, ..question() };
        assert_eq!(story.answers(&interactive).await[0]["status"], "pass");
        let native = CheckRequest { profile: Some(Profile::Native), ..question() };
        assert_eq!(story.answers(&native).await[0]["status"], "pass");
        assert_eq!(story.kept().await, 0);

        let mut elsewhere = bundle("elsewhere", "2026-01-02T00:00:00Z");
        elsewhere["mappings"][0]["registry"] = "docker.io".into();
        story.tenant.add_policy(elsewhere).await.unwrap();
        let unmapped = CheckRequest { policy_id: Some("elsewhere".into()), ..question() };
        assert_eq!(story.answers(&unmapped).await[0]["status"], "pass", "K15");
        let strict = CheckRequest { unmapped: Some(Action::Stop), ..unmapped };
        assert_eq!(story.answers(&strict).await[0]["status"], "fail");
        assert_eq!(story.kept().await, 1);
    });
}

#[test]
fn a_deleted_image_has_its_verdicts_as_long_as_it_is_there_and_gets_no_more() {
    on_every_story(|story| async move {
        let ask = async |request: &CheckRequest| story.tenant.check(DIGEST, request).await;
        let kept = ask(&question()).await.unwrap();
        story.tenant.delete_image(DIGEST, true).await.unwrap();
        assert_eq!(ask(&question()).await.unwrap(), kept, "by its digest");
        story.activate(bundle("b", "2026-03-01T00:00:00Z")).await;
        ask(&question()).await.expect("it is judged by what goes now");
        let history = CheckRequest { history: true, ..question() };
        let told = json!(ask(&history).await.unwrap());
        assert_eq!(told[0][DIGEST][TAG].as_array().map(Vec::len), Some(1), "what was judged before it was deleted");
        assert_eq!(story.kept().await, 1, "what it is judged from then on is not kept");
        let by_id = story.tenant.check_by_id(ID, &question()).await;
        assert!(by_id.is_err(), "an id stands for an image that is in use");
    });
}

#[test]
fn refusals_say_what_is_missing() {
    on_every_story(|story| async move {
        let refused = |result: Result<Check>| match result {
            Err(Error::Refused(envelope)) => (envelope.httpcode, envelope.message),
            other => panic!("{other:?}"),
        };
        let unknown = story.tenant.check("sha256:00", &question()).await;
        assert_eq!(refused(unknown), (404, "image not found in DB".into()));
        let unknown = CheckRequest { policy_id: Some("nope".into()), ..question() };
        assert_eq!(refused(story.ask(&unknown).await), (404, "Policy bundle nope not found in DB".into()));
        let none = CheckRequest { history: true, ..unknown };
        assert_eq!(refused(story.ask(&none).await), (404, "could not find any evaluations for input images".into()));
        let nul = CheckRequest { tag: "a\0".into(), ..question() };
        assert!(matches!(story.ask(&nul).await, Err(Error::Problem(_))));

        let other = story.bench.account("other").await;
        let stranger = other.check(DIGEST, &question()).await;
        assert_eq!(refused(stranger), (404, "image not found in DB".into()));
        let without_policy = other.check_image(story.image().await.unwrap(), &question(), &story.data).await;
        let message = "user has no active policy to evaluate: other";
        assert_eq!(refused(without_policy), (404, message.into()));

        let image = story.image().await.unwrap().image;
        let tx = story.tenant.account.begin().await.unwrap();
        images::reset(&tx, image.id, story.bench.now()).await.unwrap();
        tx.commit().await.unwrap();
        let waiting = story.tenant.check(DIGEST, &question()).await;
        assert_eq!(refused(waiting), (404, "image is not analyzed - analysis_status: not_analyzed".into()));
    });
}

#[test]
fn a_result_that_storage_lost_is_made_anew_and_who_asks_at_once_is_answered_the_same() {
    on_every_story(|story| async move {
        story.answer().await;
        let rows = story.tenant.account.evaluation_history(DIGEST, TAG, None, 0, 1).await.unwrap();
        story.bench.service.objects.delete(&key(&rows[0]).unwrap()).await.unwrap();
        story.bench.pass(60);
        let questions: Vec<_> = (0..8).map(|_| question()).collect();
        let mut answers = Vec::new();
        for asked in futures_of(&story, &questions).await {
            answers.push(serde_json::to_vec(&asked).unwrap());
        }
        answers.dedup();
        assert_eq!(answers.len(), 1);
        assert_eq!(story.kept().await, 1);
    });
}

/// Asks all of them at once.
async fn futures_of(story: &Story, questions: &[CheckRequest]) -> Vec<Check> {
    let mut tasks = tokio::task::JoinSet::new();
    for question in questions {
        let (tenant, question) = (story.tenant.clone(), question.clone());
        let image = story.image().await.unwrap();
        tasks.spawn(async move { tenant.check_image(image, &question, &Data(AtomicI64::new(1))).await.unwrap() });
    }
    tasks.join_all().await
}

#[test]
fn an_image_gets_no_younger_by_another_analysis() {
    on_every_story(|story| async move {
        let added = Timestamp::from(story.bench.now());
        assert_eq!(since(&story.image().await.unwrap().image), added);
        story.bench.pass(30 * 86_400);
        let image = story.image().await.unwrap();
        let tx = story.tenant.account.begin().await.unwrap();
        progress::finish(&tx, image.image.id, image.analysis, story.bench.now()).await.unwrap();
        tx.commit().await.unwrap();
        let again = story.image().await.unwrap().image;
        assert_eq!(since(&again), added, "no time is won by having it analysed again");
        let to_come = images::Model { created_at: story.bench.now().plus_seconds(86_400), ..again };
        assert_eq!(since(&to_come), story.bench.now().into());
    });
}

#[test]
fn images_of_the_same_index_and_for_other_processors_were_not_before_it() {
    on_every_story(|story| async move {
        let mut drift = bundle("d", "2026-01-02T00:00:00Z");
        drift["policies"][0]["rules"][0] =
            json!({"id": "r", "gate": "tag_drift", "trigger": "packages_modified", "action": "STOP", "params": []});
        let bundle = CompiledBundle::new(Arc::new(windlass_policy::Bundle::unchecked(drift)), Profile::Compat);
        let tag = TagName { registry: "registry.example", repository: "team/app", tag: "1" };
        let name = async |digest: &str| {
            let tx = story.tenant.account.begin().await.unwrap();
            let image = images::lock(&tx, story.tenant.name(), digest).await.unwrap().unwrap();
            image_tags::insert(&tx, story.tenant.name(), image.id, tag, story.bench.now(), story.bench.now())
                .await
                .unwrap();
            tx.commit().await.unwrap();
        };
        let before = async |digest: &str| {
            let image = analysed(story.tenant.account.image(digest).await.unwrap()).unwrap();
            let before = story.tenant.predecessor(&image, TAG, &bundle).await.unwrap();
            before.map(|before| before.image.digest)
        };
        name(DIGEST).await;
        story.bench.pass(60);
        for (digest, index, arch) in [
            ("sha256:arm", "sha256:new", "arm64"),
            ("sha256:amd", "sha256:new", "amd64"),
            ("sha256:s390", "sha256:newest", "s390x"),
            ("sha256:last", "sha256:newest", "amd64"),
        ] {
            story.bench.pass(60);
            story.add(digest, index, digest, arch).await;
            name(digest).await;
        }
        assert_eq!(before("sha256:last").await.as_deref(), Some("sha256:amd"));
        assert_eq!(before("sha256:amd").await.as_deref(), Some(DIGEST));
        assert_eq!(before("sha256:arm").await, None);
        assert_eq!(before(DIGEST).await, None);
    });
}
