//! The packages of an image: interned, matched, and written as what an analysis holds.

use std::collections::{BTreeMap, HashMap};

use windlass_matching::{Inventory, PackageInput};
use windlass_sbom::Sbom;
use windlass_store::{
    Transaction,
    package_versions::{
        self, NewPackageVersion,
        instances::{self, owners},
    },
    vulnerability_data,
};

use super::{
    broken,
    clearances::{self, Scope},
    options,
};
use crate::{Result, Service};

/// The packages of a bill of materials, interned and matched: to be written with the analysis that it is of.
#[derive(Clone, Debug)]
pub struct KnownPackages {
    /// By package of the bill of materials: its row, and whether it is compared itself.
    places: Vec<(i64, bool)>,
    /// Places of packages that are compared, each with the place of one that owns it.
    owners: Vec<(usize, usize)>,
    /// The data that all of them were matched with.
    matched_by: Option<i64>,
}

impl Service {
    /// Interns the packages of a bill of materials, and matches those that are new. To be called before the transaction that
    /// writes the analysis; whatever becomes of that, what is known of the packages stays true.
    ///
    /// # Errors
    /// When the store or the vulnerability database fails.
    pub async fn know_packages(&self, sbom: &Sbom) -> Result<KnownPackages> {
        let inventory = Inventory::of(sbom, &options());
        let mut inputs: Vec<PackageInput> = inventory.inputs().to_vec();
        let mut known: HashMap<PackageInput, usize> = HashMap::new();
        let mut places = Vec::with_capacity(sbom.packages.len());
        for (place, package) in sbom.packages.iter().enumerate() {
            if let Some(input) = inventory.input(place) {
                places.push((input, true));
                continue;
            }
            // Its owner answers for it; that the image holds it can be asked all the same.
            let input = PackageInput::of(package, None, false);
            let at = *known.entry(input).or_insert_with_key(|input| {
                inputs.push(input.clone());
                inputs.len() - 1
            });
            places.push((at, false));
        }
        let ids = self.intern(&inputs).await?;
        let matched_by = self.match_package_versions(&ids).await?.map(|matched| matched.data);
        let is_compared: Vec<bool> = places.iter().map(|(_, is_compared)| *is_compared).collect();
        let compared = |place: &usize| is_compared[*place];
        let owners = (0..places.len())
            .filter(compared)
            .flat_map(|owner| inventory.owned_by(owner).filter(compared).map(move |owned| (owned, owner)));
        let owners = owners.collect();
        let places = places.into_iter().map(|(at, is_compared)| (ids[at], is_compared)).collect();
        Ok(KnownPackages { places, owners, matched_by })
    }

    /// The rows of these inputs, in their order.
    pub(super) async fn intern(&self, inputs: &[PackageInput]) -> Result<Vec<i64>> {
        let keys: Vec<[u8; 16]> = inputs.iter().map(|input| input.key().0).collect();
        let there = loop {
            let there = self.store.package_versions_by_key(&keys).await?;
            let unused: Vec<i64> = there.iter().filter(|row| row.unused_since.is_some()).map(|row| row.id).collect();
            // One that is about to be removed stays, or is gone already: then it is interned anew.
            if unused.is_empty() || self.store.use_package_versions(&unused).await? == unused.len() as u64 {
                break there;
            }
        };
        let mut ids: HashMap<Vec<u8>, i64> = there.into_iter().map(|row| (row.key, row.id)).collect();
        let is_new = |(_, key): &(&PackageInput, &[u8; 16])| !ids.contains_key(key.as_slice());
        let new: Vec<(&PackageInput, &[u8; 16])> = inputs.iter().zip(&keys).filter(is_new).collect();
        if !new.is_empty() {
            let rows = new.iter().map(|(input, key)| {
                let text = serde_json::to_string(input).map_err(|error| broken(&error))?;
                Ok(NewPackageVersion {
                    key: **key,
                    name: input.name.clone(),
                    version: input.version.clone(),
                    kind: input.kind.as_str().to_owned(),
                    input: text,
                })
            });
            let rows: Vec<NewPackageVersion> = rows.collect::<Result<_>>()?;
            let tx = self.store.begin().await?;
            let written = package_versions::intern(&tx, rows).await?;
            tx.commit().await.map_err(windlass_store::Error::from)?;
            ids.extend(new.iter().map(|(_, key)| key.to_vec()).zip(written));
        }
        Ok(keys.iter().map(|key| ids[key.as_slice()]).collect())
    }
}

impl KnownPackages {
    /// Writes what an analysis holds, in the transaction that writes the analysis. Done again, it changes nothing.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn record(&self, service: &Service, tx: &Transaction, analysis: i64) -> Result<()> {
        let mut compared: BTreeMap<i64, i64> = BTreeMap::new();
        for (id, is_compared) in &self.places {
            *compared.entry(*id).or_default() += i64::from(*is_compared);
        }
        let instances: Vec<instances::Model> = compared
            .into_iter()
            .map(|(package_version, compared)| instances::Model { package_version, analysis, compared })
            .collect();
        let owned: Vec<owners::Model> = self
            .owners
            .iter()
            .map(|(owned, owner)| owners::Model {
                analysis,
                place: i64::try_from(*owned).expect("no bill of materials is that long"),
                package_version: self.places[*owned].0,
                owner: self.places[*owner].0,
            })
            .collect();
        instances::insert(tx, &instances, &owned).await?;
        clearances::write(tx, Scope::Analysis(analysis), owned.iter().map(|row| row.package_version)).await?;
        // New data may have come since they were matched; it stays in force until this is written.
        let in_force = vulnerability_data::in_force(tx).await?.map(|row| row.id);
        if in_force != self.matched_by {
            service.ask_for_rematch(tx).await?;
        }
        Ok(())
    }
}
