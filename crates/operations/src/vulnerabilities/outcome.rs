//! What is found in an image, composed of what its packages have.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use jiff::Timestamp;
use windlass_matching::{
    Answer, ContentKey, Decoration, Inventory, Options, Outcome, PackageInput, StoredOutcome, Surroundings,
    Vulnerability, compose,
};
use windlass_policy::FirstSeen;
use windlass_sbom::Sbom;
use windlass_store::{findings, images, package_versions};
use windlass_v1::{
    content,
    vulnerabilities::{self as told, VulnerabilityResponse, VulnerabilityType},
};

use super::{blocking, broken, local::Data, no_data, options, remembered::KnownPackage};
use crate::{Error, Result, Service, Tenant, analysis, recent::Recent};

/// What was found in an image.
#[derive(Clone, Debug)]
pub struct Found {
    pub outcome: Outcome,
    /// The data it was found by: with the same data, the same is found in the same image.
    pub data: i64,
    /// When that data was built.
    pub built_at: Timestamp,
    /// When each finding was first known of its package.
    pub first_seen: FirstSeen,
}

impl Tenant {
    /// What is found in an image by the data in force; `None` where there is no data, which is not the same as nothing found.
    ///
    /// # Errors
    /// When the store or the data fails.
    pub async fn outcome(&self, sbom: &Arc<Sbom>) -> Result<Option<Found>> {
        let service = &self.service;
        let inventory = Arc::new(Inventory::of(sbom, &options()));
        loop {
            let Some(data) = service.vulnerability_data().await? else { return Ok(None) };
            // Other data may come meanwhile.
            let Some(known) = service.known_packages(inventory.inputs(), &data).await? else { continue };
            let (sbom, inventory) = (Arc::clone(sbom), Arc::clone(&inventory));
            let today = service.clock.now().strftime("%Y-%m-%d").to_string();
            return blocking(move || composed(&sbom, &inventory, &known, &data, today)).await?.map(Some);
        }
    }

    /// What is found in an image, as the API tells it. `kind` is one of `os`, `non-os` and `all`; `vendor_only` leaves out
    /// what vendors will not fix; `force_refresh` matches everything anew.
    ///
    /// # Errors
    /// 404 for another kind, an unknown image, one that is not analysed, and where there is no data.
    pub async fn vulnerabilities(
        &self,
        digest: &str,
        kind: &str,
        vendor_only: bool,
        force_refresh: bool,
    ) -> Result<VulnerabilityResponse> {
        let kind = known(kind)?;
        let image = self.image_row(digest).await?;
        self.vulnerabilities_of(&image, kind, vendor_only, force_refresh).await
    }

    /// As [`Tenant::vulnerabilities`], of the image with this id.
    ///
    /// # Errors
    /// As there.
    pub async fn vulnerabilities_by_id(
        &self,
        image_id: &str,
        kind: &str,
        vendor_only: bool,
        force_refresh: bool,
    ) -> Result<VulnerabilityResponse> {
        let kind = known(kind)?;
        let image = self.image_row_by_id(image_id).await?;
        self.vulnerabilities_of(&image, kind, vendor_only, force_refresh).await
    }

    /// The kinds of vulnerabilities that an image can be asked for.
    ///
    /// # Errors
    /// 404 for an unknown image.
    pub async fn vulnerability_types(&self, digest: &str) -> Result<Vec<VulnerabilityType>> {
        self.image_row(digest).await?;
        Ok(VulnerabilityType::ALL.to_vec())
    }

    /// As [`Tenant::vulnerability_types`], of the image with this id.
    ///
    /// # Errors
    /// As there.
    pub async fn vulnerability_types_by_id(&self, image_id: &str) -> Result<Vec<VulnerabilityType>> {
        self.image_row_by_id(image_id).await?;
        Ok(VulnerabilityType::ALL.to_vec())
    }

    async fn vulnerabilities_of(
        &self,
        image: &images::Model,
        kind: VulnerabilityType,
        vendor_only: bool,
        force_refresh: bool,
    ) -> Result<VulnerabilityResponse> {
        let analysis = analysis::analysis_of(image)?;
        let all = self.rendered(image, analysis, force_refresh).await?;
        let selected = all.iter().filter(|one| one.is_selected(kind, vendor_only));
        Ok(VulnerabilityResponse {
            image_digest: image.digest.clone(),
            vulnerability_type: kind,
            vulnerabilities: selected.cloned().collect(),
        })
    }

    async fn rendered(&self, image: &images::Model, analysis: i64, force: bool) -> Result<Arc<[told::Vulnerability]>> {
        let service = &self.service;
        let in_force = service.store.vulnerability_data_in_force().await?.ok_or_else(no_data)?;
        if force {
            let ids = service.store.package_versions_of(analysis).await?;
            let tx = service.store.begin().await?;
            package_versions::forget_matches(&tx, &ids).await?;
            tx.commit().await.map_err(windlass_store::Error::from)?;
            service.remembered.forget();
        } else if let Some(known) = service.rendered.get(&(analysis, in_force.id)) {
            return Ok(known);
        }
        let sbom = Arc::new(self.sbom(image).await?);
        let found = self.outcome(&sbom).await?.ok_or_else(no_data)?;
        let all = blocking(move || told::Vulnerability::all(&sbom, &found.outcome)).await?;
        let all: Arc<[told::Vulnerability]> = all.into();
        // An image without any takes room as well.
        service.rendered.put((analysis, found.data), Arc::clone(&all), all.len() + 1);
        Ok(all)
    }
}

impl Service {
    /// What is known of these packages by this data, in their order; `None` where other data has come into force.
    async fn known_packages(
        &self,
        inputs: &[PackageInput],
        data: &Arc<Data>,
    ) -> Result<Option<Vec<Arc<KnownPackage>>>> {
        let remembered = self.remembered.by(data.id);
        let mut known: Vec<Option<Arc<KnownPackage>>> = inputs.iter().map(|input| remembered.get(input)).collect();
        let new: Vec<usize> = (0..inputs.len()).filter(|place| known[*place].is_none()).collect();
        if !new.is_empty() {
            let asked: Vec<PackageInput> = new.iter().map(|place| inputs[*place].clone()).collect();
            let Some(answers) = self.stored_packages(asked, data).await? else { return Ok(None) };
            for (place, answer) in new.into_iter().zip(answers) {
                let answer = Arc::new(answer);
                remembered.put(inputs[place].clone(), Arc::clone(&answer), answer.weight());
                known[place] = Some(answer);
            }
        }
        Ok(known.into_iter().collect())
    }

    /// As [`Service::known_packages`], as the store has it; what it does not have is matched.
    async fn stored_packages(&self, inputs: Vec<PackageInput>, data: &Arc<Data>) -> Result<Option<Vec<KnownPackage>>> {
        let ids = self.intern(&inputs).await?;
        let matched = self.match_package_versions(&ids).await?.filter(|matched| matched.data == data.id);
        let Some(matched) = matched else { return Ok(None) };
        let rows = self.store.package_versions(&ids).await?;
        if rows.iter().any(|row| row.matched_by < matched.since) {
            return Ok(None);
        }
        let findings = self.store.open_findings(&ids).await?;
        let stored = stored(&ids, rows, findings)?;
        let keys: BTreeSet<ContentKey> = stored.iter().flat_map(|(outcome, _)| outcome.records()).collect();
        let keys: Vec<Vec<u8>> = keys.into_iter().map(|key| key.0.to_vec()).collect();
        let records = self.store.vulnerability_records(&keys).await?;
        let records = records.into_iter().map(|row| (row.key, row.record)).collect();
        let data = Arc::clone(data);
        blocking(move || known_packages(&inputs, &stored, records, &data)).await?.map(Some)
    }
}

fn known(kind: &str) -> Result<VulnerabilityType> {
    VulnerabilityType::parse(kind).ok_or_else(|| Error::not_found(content::not_available(kind)))
}

/// The outcome of each package as it is stored, in the order of `ids`, and when its findings were opened.
fn stored(
    ids: &[i64],
    rows: Vec<package_versions::Model>,
    findings: Vec<findings::Model>,
) -> Result<Vec<(StoredOutcome, Vec<Timestamp>)>> {
    let mut by_id: HashMap<i64, (StoredOutcome, Vec<Timestamp>)> = HashMap::with_capacity(rows.len());
    for row in rows {
        let mut outcome = StoredOutcome::default();
        if let Some(rest) = &row.rest {
            outcome.rest = serde_json::from_str(rest).map_err(|error| broken(&error))?;
        }
        by_id.insert(row.id, (outcome, Vec::new()));
    }
    for row in findings {
        let Some((outcome, opened)) = by_id.get_mut(&row.package_version) else { continue };
        outcome.findings.push(serde_json::from_str(&row.detail).map_err(|error| broken(&error))?);
        opened.push(row.opened_at.into());
    }
    ids.iter()
        .map(|id| by_id.get(id).cloned().ok_or_else(|| Error::Broken(format!("package version {id} is gone"))))
        .collect()
}

/// Records as they are kept, with what is known today of exploitation and its likelihood, whenever they were stored.
pub(super) fn decorated(
    records: HashMap<Vec<u8>, String>,
    data: &Data,
) -> Result<HashMap<ContentKey, Arc<Vulnerability>>> {
    let mut decorated: HashMap<ContentKey, Arc<Vulnerability>> = HashMap::with_capacity(records.len());
    let mut decorations: HashMap<String, Decoration> = HashMap::new();
    for (key, text) in records {
        let key: [u8; 16] = key.try_into().map_err(|_| Error::Broken("a record has no key".into()))?;
        let record: Vulnerability = serde_json::from_str(&text).map_err(|error| broken(&error))?;
        let record = record.decorated(|cve| {
            if let Some(known) = decorations.get(cve) {
                return Ok(known.clone());
            }
            let known = Decoration::look_up(cve, &data.database)?;
            decorations.insert(cve.to_owned(), known.clone());
            Ok::<_, windlass_advisories::LookupError>(known)
        });
        decorated.insert(ContentKey(key), Arc::new(record.map_err(|error| broken(&error))?));
    }
    Ok(decorated)
}

fn known_packages(
    inputs: &[PackageInput],
    stored: &[(StoredOutcome, Vec<Timestamp>)],
    records: HashMap<Vec<u8>, String>,
    data: &Data,
) -> Result<Vec<KnownPackage>> {
    let decorated = decorated(records, data)?;
    let options = options();
    let known = |(input, (stored, opened)): (&PackageInput, &(StoredOutcome, Vec<Timestamp>))| {
        let outcome = stored.load(|key| decorated.get(key).cloned()).map_err(|error| broken(&error))?;
        let mut first_seen: BTreeMap<String, Timestamp> = BTreeMap::new();
        for (finding, opened) in stored.findings.iter().zip(opened) {
            let seen = first_seen.entry(finding.vulnerability.clone()).or_insert(*opened);
            *seen = (*seen).min(*opened);
        }
        Ok(KnownPackage { answer: Answer::new(outcome, input, &options), first_seen: Arc::new(first_seen) })
    };
    inputs.iter().zip(stored).map(known).collect()
}

fn composed(
    sbom: &Sbom,
    inventory: &Inventory,
    known: &[Arc<KnownPackage>],
    data: &Data,
    today: String,
) -> Result<Found> {
    let options = Options { today: Some(today), ..options() };
    let surroundings = Surroundings::look_up(inventory.distributions(), &data.database, &options);
    let surroundings = surroundings.map_err(|error| broken(&error))?;
    let answers: Vec<&Answer> = known.iter().map(|known| &known.answer).collect();
    let outcome = compose(sbom, inventory, &answers, &surroundings, &options).map_err(|error| broken(&error))?;
    let mut first_seen = FirstSeen::new();
    for (place, package) in sbom.packages.iter().enumerate() {
        let Some(known) = inventory.input(place).map(|input| &known[input]) else { continue };
        let seen = first_seen.entry(package.id.clone()).or_insert_with(|| Arc::clone(&known.first_seen));
        // Strangers may give different packages one id.
        if !Arc::ptr_eq(seen, &known.first_seen) {
            let seen = Arc::make_mut(seen);
            for (vulnerability, opened) in &*known.first_seen {
                let earliest = seen.entry(vulnerability.clone()).or_insert(*opened);
                *earliest = (*earliest).min(*opened);
            }
        }
    }
    Ok(Found { outcome, data: data.id, built_at: data.database.built_at(), first_seen })
}

/// What was told of images lately, by analysis and data.
pub(crate) type Rendered = Recent<(i64, i64), [told::Vulnerability]>;

/// Vulnerabilities that are remembered, some hundred megabytes at most.
const REMEMBERED: usize = 100_000;

/// Nothing yet.
pub(crate) fn rendered() -> Rendered {
    Recent::new(REMEMBERED)
}
