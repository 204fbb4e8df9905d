//! Policy bundles (`spec/api.md` A4.7, `spec/policy.md` §1.5).

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use windlass_channels::Facts;
use windlass_policy::{Bundle, packs};
use windlass_store::{
    AccountName, Error as StoreError, Transaction, evaluations,
    events::Level,
    object_candidates::{self, Storage},
    policies::{self, Model, Summary, Written},
};
use windlass_v1::{
    error::Problem,
    events::EventType,
    policies::{self as v1, GateSpec, PolicyRecord, PolicyUpdate},
};

use crate::{Error, Happening, Result, Service, Tenant, threads};

/// Longest id of a bundle, in bytes: databases index it.
const ID_LIMIT: usize = 1024;

/// Gates, triggers and parameters, as bundles may use them.
pub fn policy_spec() -> Vec<GateSpec> {
    serde_json::from_value(windlass_policy::describe()).expect("the description has the shape that clients know")
}

impl Tenant {
    /// Every policy, oldest first.
    pub async fn policies(&self, detail: bool) -> Result<Vec<PolicyRecord>> {
        if detail {
            let models = self.account.policies().await?;
            return models.into_iter().map(|model| self.policy_record(model)).collect();
        }
        let summaries = self.account.policy_summaries().await?;
        Ok(summaries.into_iter().map(|summary| record(self.name(), summary, Value::Null).without_bundle()).collect())
    }

    /// # Errors
    /// 404 for an unknown one.
    pub async fn policy(&self, id: &str, detail: bool) -> Result<PolicyRecord> {
        let model = self.account.find_policy(id).await?.ok_or_else(|| not_found(id))?;
        let record = self.policy_record(model)?;
        Ok(if detail { record } else { record.without_bundle() })
    }

    /// Adds a bundle, inactive, or replaces the one with its id, which stays active if it was (F14). Without an id, it gets
    /// one made of account and name.
    ///
    /// # Errors
    /// [`Error::Problem`] for what has not the shape of a bundle, 400 for one that makes no sense.
    pub async fn add_policy(&self, mut document: Value) -> Result<PolicyRecord> {
        if document["id"].as_str() == Some("") {
            let name = document["name"].as_str().unwrap_or_default();
            document["id"] = v1::nameless_id(self.name().as_str(), name).into();
        }
        let bundle = CheckedBundle::new(document, &[]).await?;
        let id = bundle.document["id"].as_str().unwrap_or_default();
        let now = self.service.clock.moment();
        let tx = self.account.begin().await?;
        policies::lock(&tx, self.name()).await?;
        let model = match policies::find(&tx, self.name(), id).await? {
            None => policies::insert(&tx, self.name(), bundle.written(id), v1::LOCAL, now).await?,
            Some(old) => self.replace_policy(&tx, &old, &bundle).await?,
        };
        tx.commit().await.map_err(StoreError::from)?;
        self.service.work.notify_waiters();
        self.policy_record(model)
    }

    /// Replaces a bundle, and makes it the active one if `activate` or the record itself says so.
    ///
    /// # Errors
    /// 404 for an unknown id, 400 for a record that lacks members or has another id and for bundles as
    /// [`Tenant::add_policy`], 409 where the active bundle would become inactive (F2).
    pub async fn update_policy(&self, id: &str, update: PolicyUpdate, activate: bool) -> Result<PolicyRecord> {
        let unknown = || not_found(id);
        self.account.find_policy(id).await?.ok_or_else(unknown)?;
        let lacks = |member| Error::invalid(format!("the payload has no {member}; send the record as it was got"));
        let payload_id = update.policy_id.ok_or_else(|| lacks("policyId"))?;
        if payload_id != id {
            return Err(Error::invalid(v1::other_policy(id, &payload_id)));
        }
        let document = update.policybundle.ok_or_else(|| lacks("policybundle"))?;
        let bundle = CheckedBundle::new(document, &["policybundle"]).await?;
        let activate = activate || update.active == Some(true);
        let tx = self.account.begin().await?;
        policies::lock(&tx, self.name()).await?;
        let old = policies::find(&tx, self.name(), id).await?.ok_or_else(unknown)?;
        if old.active && !activate {
            return Err(Error::conflict(v1::DEACTIVATE_ACTIVE));
        }
        let model = self.replace_policy(&tx, &old, &bundle).await?;
        if !old.active && activate {
            self.activate_policy(&tx, id).await?;
        }
        tx.commit().await.map_err(StoreError::from)?;
        self.service.work.notify_waiters();
        self.policy_record(Model { active: activate, ..model })
    }

    /// Removes a bundle with the evaluations of it.
    ///
    /// # Errors
    /// 404 for an unknown one, 409 for the active one (F2).
    pub async fn delete_policy(&self, id: &str) -> Result<()> {
        let tx = self.account.begin().await?;
        policies::lock(&tx, self.name()).await?;
        let policy = policies::find(&tx, self.name(), id).await?.ok_or_else(|| not_found(id))?;
        if policy.active {
            return Err(Error::conflict(v1::DELETE_ACTIVE));
        }
        let results = evaluations::delete_of_policy(&tx, self.name(), id).await?;
        policies::delete(&tx, self.name(), id).await?;
        object_candidates::let_go(&tx, Storage::Documents, &results, self.service.clock.moment()).await?;
        Ok(tx.commit().await.map_err(StoreError::from)?)
    }

    /// Gives a new account the bundle that every account begins with, active, in the transaction that makes the account.
    pub(crate) async fn install_default_policy(&self, tx: &Transaction) -> Result<()> {
        let document = serde_json::from_str(packs::DEFAULT.bundle)
            .map_err(|error| Error::Broken(format!("the default bundle is no JSON: {error}")))?;
        let bundle = CheckedBundle::new(document, &[]).await?;
        let id = bundle.document["id"].as_str().unwrap_or_default();
        let now = self.service.clock.moment();
        policies::insert(tx, self.name(), bundle.written(id), v1::LOCAL, now).await?;
        Ok(policies::activate(tx, self.name(), id, now).await?)
    }

    async fn replace_policy(&self, tx: &Transaction, old: &Model, bundle: &CheckedBundle) -> Result<Model> {
        let now = self.service.clock.moment();
        let model = policies::replace(tx, self.name(), bundle.written(&old.id), now).await?;
        let model = model.ok_or_else(|| not_found(&old.id))?;
        if old.active && old.digest != model.digest {
            let details = json!({
                "policy_id": model.id,
                "last_policy_bundle_digest": old.digest,
                "current_policy_bundle_digest": model.digest,
            });
            self.tell_policy(tx, EventType::ActivePolicyContentChange, details).await?;
            self.service.look_again_at_all(tx, self.name()).await?;
        }
        Ok(model)
    }

    async fn activate_policy(&self, tx: &Transaction, id: &str) -> Result<()> {
        let last = policies::find_active(tx, self.name()).await?;
        policies::activate(tx, self.name(), id, self.service.clock.moment()).await?;
        self.service.look_again_at_all(tx, self.name()).await?;
        let details = json!({
            "last_policy_bundle_id": last.map(|policy| policy.id),
            "current_policy_bundle_id": id,
        });
        self.tell_policy(tx, EventType::ActivePolicyUpdated, details).await
    }

    /// Which policy it is stands in the details, as in the original.
    async fn tell_policy(&self, tx: &Transaction, kind: EventType, details: Value) -> Result<()> {
        let happening = Happening {
            kind: kind.as_str(),
            level: Level::Info,
            message: kind.message().to_owned(),
            details,
            resource: (kind.resource_type().as_str(), None),
            source: "catalog",
            facts: Facts::default(),
        };
        self.service.tell(tx, self.name(), happening).await
    }

    fn policy_record(&self, model: Model) -> Result<PolicyRecord> {
        let document = document(&model)?;
        let Model { id, active, source, name, description, digest, created_at, last_updated, .. } = model;
        let summary = Summary { id, active, source, name, description, digest, created_at, last_updated };
        Ok(record(self.name(), summary, document))
    }
}

impl Service {
    /// Removes results of evaluations that no row refers to any more. That one stays is no harm: it is an orphan that the
    /// next check of the storage finds.
    pub(crate) async fn drop_results(&self, objects: &[String]) {
        if let Err(error) = self.remove_unreferenced(objects).await {
            tracing::warn!(%error, "results of evaluations that nobody needs any more could not be removed");
        }
    }
}

/// The bundle of a policy, as it was given.
pub(crate) fn document(model: &Model) -> Result<Value> {
    serde_json::from_str(&model.bundle).map_err(|error| {
        Error::Broken(format!("the policy bundle {} of {} is no JSON: {error}", model.id, model.account))
    })
}

pub(crate) fn not_found(id: &str) -> Error {
    Error::not_found(v1::not_found(id))
}

fn record(account: &AccountName, policy: Summary, document: Value) -> PolicyRecord {
    PolicyRecord {
        policy_id: policy.id,
        active: policy.active,
        user_id: account.to_string(),
        policy_source: policy.source,
        created_at: jiff::Timestamp::from(policy.created_at).into(),
        last_updated: jiff::Timestamp::from(policy.last_updated).into(),
        policybundle: document,
        policybundlemeta: Some(json!({})),
        name: policy.name,
        description: policy.description,
    }
}

/// A bundle that is fit to be kept.
struct CheckedBundle {
    document: Value,
    text: String,
    digest: String,
}

impl CheckedBundle {
    /// Checks a bundle that stands at `place` in the body of a request.
    async fn new(document: Value, place: &'static [&'static str]) -> Result<Self> {
        // Large bundles take seconds.
        let checked = threads::spawn_blocking(move || Self::check(document, place));
        checked.await.map_err(|error| Error::Broken(format!("a policy bundle cannot be checked: {error}")))?
    }

    fn check(document: Value, place: &[&str]) -> Result<Self> {
        let bundle = Bundle::from_value(document).map_err(|mut violation| {
            violation.path.splice(..0, place.iter().map(|&step| step.to_owned()));
            Error::from(Problem::bad_request(violation.to_string()))
        })?;
        if bundle.id().len() > ID_LIMIT || bundle.id().contains('\0') {
            let problem = "the id of a bundle is text of at most 1024 bytes without the character NUL - 'id'";
            return Err(Problem::bad_request(problem).into());
        }
        let problems = bundle.validate();
        if !problems.is_empty() {
            return Err(v1::invalid_bundle(&problems).into());
        }
        let document = bundle.document().clone();
        Ok(Self { text: document.to_string(), digest: digest(document.clone()), document })
    }

    fn written<'a>(&'a self, id: &'a str) -> Written<'a> {
        // A database's text cannot hold it.
        let text = |member: &str| self.document[member].as_str().filter(|text| !text.contains('\0'));
        Written { id, name: text("name"), description: text("description"), bundle: &self.text, digest: &self.digest }
    }
}

/// sha256, in hexadecimal digits, of a document with the members of its objects in order: equal content has equal digests.
fn digest(mut document: Value) -> String {
    document.sort_all_objects();
    hex::encode(Sha256::digest(document.to_string()))
}
