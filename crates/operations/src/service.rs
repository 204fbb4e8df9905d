use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex},
};

use tokio::sync::Notify;
use windlass_objects::Objects;
use windlass_sources::registry::ecr::{Ecr, EcrOptions};
use windlass_store::{AccountName, Moment, Store, object_references::Storage};

use crate::{
    Cipher, Clock, Settings, Tenant, analysis::Bills, cipher::random_id, evaluations::Judges, identity::Identity,
    keeping::ObjectClaims, measures::Measures, notifications::Senders, vulnerabilities,
};

/// Everything that one process of the service works with. It may touch what belongs to anyone: only what acts for the
/// installation itself is given one.
pub struct Service {
    pub(crate) store: Store,
    pub(crate) objects: Objects,
    /// Where the bundles of the archive are.
    pub(crate) archive_objects: Objects,
    pub(crate) cipher: Cipher,
    pub(crate) clock: Clock,
    pub(crate) settings: Settings,
    /// Which process this is, whatever it is called.
    pub(crate) process: String,
    /// Where the service was last known to be reached.
    pub(crate) known_address: Mutex<String>,
    pub(crate) identity: Identity,
    /// Tokens of Amazon's registries.
    pub(crate) ecr: Ecr,
    pub(crate) judges: Judges,
    /// Bills of materials that were asked for lately.
    pub(crate) bills: Bills,
    /// The vulnerability data in force.
    pub(crate) data: vulnerabilities::Local,
    /// What is known of packages that were asked about lately.
    pub(crate) remembered: vulnerabilities::Remembered,
    /// What was told of images lately.
    pub(crate) rendered: vulnerabilities::Rendered,
    /// What speaks to receivers of notices.
    pub(crate) senders: Senders,
    /// Hooks of registries whose senders were refused lately, and when that was told.
    pub(crate) refused_hooks: Mutex<BTreeMap<String, Moment>>,
    /// What metrics were told lately.
    pub(crate) measures: Measures,
    /// Wakes this process's workers when there is a job.
    pub(crate) work: Notify,
}

impl Service {
    pub fn new(
        store: Store,
        objects: Objects,
        archive_objects: Objects,
        cipher: Cipher,
        clock: Clock,
        settings: Settings,
    ) -> Arc<Self> {
        let claims = |storage| Arc::new(ObjectClaims::new(store.clone(), clock.clone(), storage));
        let objects = objects.claiming(claims(Storage::Documents));
        let archive_objects = archive_objects.claiming(claims(Storage::Bundles));
        let identity = Identity::new(&settings);
        let ecr = Ecr::new(EcrOptions {
            allow_ambient: settings.allow_ambient_credentials,
            ecr_endpoint: settings.ecr_endpoint.clone(),
            sts_endpoint: settings.sts_endpoint.clone(),
            ..EcrOptions::from_environment()
        });
        let (judges, bills, data, remembered) = Default::default();
        let senders = Senders::default();
        let work = Notify::new();
        Arc::new(Self {
            store,
            objects,
            archive_objects,
            cipher,
            clock,
            settings,
            process: random_id(),
            known_address: Mutex::default(),
            identity,
            ecr,
            judges,
            bills,
            data,
            remembered,
            rendered: vulnerabilities::rendered(),
            senders,
            refused_hooks: Mutex::default(),
            measures: Measures::default(),
            work,
        })
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The service as an account sees it.
    pub fn tenant(self: &Arc<Self>, account: &AccountName) -> Tenant {
        Tenant::new(Arc::clone(self), self.store.account(account))
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("settings", &self.settings).finish_non_exhaustive()
    }
}
