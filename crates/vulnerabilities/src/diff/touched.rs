//! Which questions get another answer from another database.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use rusqlite::{Connection, params};
use windlass_advisories::{LookupKey, OperatingSystem, OperatingSystemOverride, SHARED_ECOSYSTEMS};

use super::{
    Change, both,
    contents::{Contents, KNOWN_EXPLOITED, cve_key, each, text},
};
use crate::database::{Database, tables};
use crate::{Error, Result};

/// What differs between two databases, as look-ups: a package version whose keys are none of these has the same
/// findings in both, except for exploit predictions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// The tables that say who reads whose data differ, or there are none to tell: compare everything again.
    pub everything: bool,
    pub keys: BTreeSet<LookupKey>,
    /// CVEs whose exploit prediction differs, sorted, as the databases spell them. Nothing needs comparing again for
    /// these; risk does follow from them.
    pub predictions: Vec<String>,
    /// How many records were added, altered or removed, entries of the known-exploited catalogue included.
    pub records: usize,
}

impl Touched {
    /// Whether nothing differs, predictions included.
    pub fn is_empty(&self) -> bool {
        !self.everything && self.keys.is_empty() && self.predictions.is_empty()
    }

    /// Whether what depends on these keys must be compared again.
    pub fn touches<'k>(&self, keys: impl IntoIterator<Item = &'k LookupKey>) -> bool {
        self.everything || keys.into_iter().any(|key| self.keys.contains(key))
    }
}

/// What differs from `old` to `new`, record by record of each provider. A record that was altered touches all packages
/// and products that it speaks of, before or after.
///
/// The rows of both are read once, at the same time, and kept as digests of sixteen bytes, so that memory grows with the
/// number of rows and not with what they say; only what differs is read again.
pub fn changes(old: &Database, new: &Database) -> Result<Touched> {
    let (before, after) = both(old, new)?;
    let change = Change::between(&before, &after);
    let mut touched =
        Touched { records: change.added.len() + change.changed.len() + change.removed.len(), ..Touched::default() };
    let rules = [of_rules(old)?, of_rules(new)?];
    touched.everything = rules[0] != rules[1];

    let (removed, added) = (union(&change.removed, &change.changed), union(&change.added, &change.changed));
    for (database, contents, keys) in [(old, &before, &removed), (new, &after, &added)] {
        add_records(&mut touched.keys, database, contents, keys, &rules)?;
    }
    for (database, own, other) in [(old, &before, &after), (new, &after, &before)] {
        let failed = Error::sqlite("compare", database.path());
        add_decorations(&mut touched, database, own, other).map_err(failed)?;
    }
    let releases = [of_releases(old)?, of_releases(new)?];
    for release in releases[0].symmetric_difference(&releases[1]) {
        touched.keys.extend(rules[1].readers_of(release).iter().map(|name| LookupKey::releases(name)));
    }
    let links = [of_links(old)?, of_links(new)?];
    touched.keys.extend(links[0].symmetric_difference(&links[1]).map(|(_, product)| product.clone()));

    touched.predictions.sort();
    touched.predictions.dedup();
    // Without rules in the database a reader has its own, which are not known here.
    touched.everything |= rules[1].releases.is_empty() && !touched.keys.is_empty();
    Ok(touched)
}

fn union(one: &HashSet<u128>, other: &HashSet<u128>) -> HashSet<u128> {
    one.union(other).copied().collect()
}

/// Who reads whose records.
#[derive(PartialEq)]
struct Rules {
    releases: Vec<OperatingSystemOverride>,
    ecosystems: BTreeMap<String, String>,
}

fn of_rules(database: &Database) -> Result<Rules> {
    let read = |connection: &Connection| {
        Ok(Rules {
            releases: tables::overrides(connection, database.layout())?,
            ecosystems: tables::ecosystems(connection, database.layout())?.into_iter().collect(),
        })
    };
    database.connections().with(read).map_err(Error::sqlite("compare", database.path()))
}

impl Rules {
    /// Every name of a distribution that may read records of that release.
    fn readers_of(&self, release: &OperatingSystem) -> BTreeSet<String> {
        let own = [&release.name, &release.release_id];
        let is_own = |name: &str| own.iter().any(|own| own.eq_ignore_ascii_case(name));
        let aliases = self.releases.iter().filter(|rule| rule.replacement.as_deref().is_some_and(is_own));
        let names = own.into_iter().chain(aliases.map(|rule| &rule.alias));
        names.filter(|name| !name.is_empty()).map(|name| name.to_ascii_lowercase()).collect()
    }

    /// Every package type whose records may be kept under that ecosystem.
    fn types_of(&self, ecosystem: &str) -> BTreeSet<String> {
        let own = self.ecosystems.iter().map(|(name, canonical)| (name.as_str(), canonical.as_str()));
        let shared = own.chain(SHARED_ECOSYSTEMS.iter().copied());
        let aliases = shared.filter(|(_, canonical)| canonical.eq_ignore_ascii_case(ecosystem));
        aliases.map(|(name, _)| name).chain([ecosystem]).map(str::to_ascii_lowercase).collect()
    }
}

fn of_releases(database: &Database) -> Result<BTreeSet<OperatingSystem>> {
    let rows = database.connections().with(|connection| tables::operating_systems(connection, database.layout()));
    let rows = rows.map_err(Error::sqlite("compare", database.path()))?;
    Ok(rows.into_iter().map(|(_, release)| release).collect())
}

/// Products that stand for packages: the package, and the key of the product.
fn of_links(database: &Database) -> Result<BTreeSet<((String, String), LookupKey)>> {
    let mut links = BTreeSet::new();
    let read = |connection: &Connection| {
        if !database.layout().has_table("package_cpes") {
            return Ok(());
        }
        let sql = "select p.ecosystem, p.name, c.vendor, c.product from package_cpes l \
                   join packages p on p.id = l.package_id join cpes c on c.id = l.cpe_id";
        each(connection, sql, |row| {
            let package = (text(row, 0)?, text(row, 1)?);
            let products = products(&text(row, 2)?, &text(row, 3)?);
            links.extend(products.into_iter().map(|product| (package.clone(), product)));
            Ok(())
        })
    };
    database.connections().with(read).map_err(Error::sqlite("compare", database.path()))?;
    Ok(links)
}

/// A product is found by its vendor, and by those who name none.
fn products(vendor: &str, product: &str) -> [LookupKey; 2] {
    [LookupKey::product(vendor, product), LookupKey::product("", product)]
}

/// The keys of records: their names, and all that they speak of.
fn add_records(
    keys: &mut BTreeSet<LookupKey>,
    database: &Database,
    contents: &Contents,
    records: &HashSet<u128>,
    rules: &[Rules; 2],
) -> Result<()> {
    let failed = || Error::sqlite("compare", database.path());
    for (provider, name) in contents.names(database, records).map_err(failed())? {
        keys.insert(if provider == KNOWN_EXPLOITED {
            LookupKey::cve(&name)
        } else {
            LookupKey::record(&provider, &name)
        });
    }
    let rows = contents.rows(records);
    if rows.is_empty() {
        return Ok(());
    }
    let releases = database
        .connections()
        .with(|connection| tables::operating_systems(connection, database.layout()))
        .map_err(failed())?;
    let releases: HashMap<i64, OperatingSystem> = releases.into_iter().map(|(id, release)| (id.0, release)).collect();
    let subjects = database.connections().with(|connection| Subjects::of(connection, database, &rows));
    let Subjects { packages, products: stated } = subjects.map_err(failed())?;
    for (ecosystem, name, release) in packages {
        for rules in rules {
            if let Some(id) = release {
                let readers = releases.get(&id).map(|release| rules.readers_of(release)).unwrap_or_default();
                keys.extend(readers.iter().map(|distribution| LookupKey::in_distribution(distribution, &name)));
            } else {
                let types = rules.types_of(&ecosystem);
                keys.extend(types.iter().map(|ecosystem| LookupKey::in_ecosystem(ecosystem, &name)));
            }
        }
    }
    keys.extend(stated.iter().flat_map(|(vendor, product)| products(vendor, product)));
    Ok(())
}

/// What records speak of.
#[derive(Default)]
struct Subjects {
    /// Ecosystem, name, and row id of the release.
    packages: BTreeSet<(String, String, Option<i64>)>,
    /// Vendor and product.
    products: BTreeSet<(String, String)>,
}

impl Subjects {
    fn of(connection: &Connection, database: &Database, records: &HashSet<i64>) -> rusqlite::Result<Self> {
        let mut subjects = Self::default();
        let mut packages: BTreeSet<(i64, Option<i64>)> = BTreeSet::new();
        let mut cpes: BTreeSet<i64> = BTreeSet::new();
        for table in ["affected_package_handles", "unaffected_package_handles"] {
            if database.layout().has_table(table) {
                let sql = format!("select vulnerability_id, package_id, operating_system_id from {table}");
                each(connection, &sql, |row| {
                    if records.contains(&row.get(0)?)
                        && let Some(package) = row.get(1)?
                    {
                        packages.insert((package, row.get(2)?));
                    }
                    Ok(())
                })?;
            }
        }
        for table in ["affected_cpe_handles", "unaffected_cpe_handles"] {
            if database.layout().has_table(table) {
                each(connection, &format!("select vulnerability_id, cpe_id from {table}"), |row| {
                    if records.contains(&row.get(0)?) {
                        cpes.extend(row.get::<_, Option<i64>>(1)?);
                    }
                    Ok(())
                })?;
            }
        }
        if database.layout().has_table("package_cpes") {
            // A search for a product also finds what is said of the packages it stands for.
            each(connection, "select package_id, cpe_id from package_cpes", |row| {
                if packages.contains(&(row.get(0)?, None)) {
                    cpes.insert(row.get(1)?);
                }
                Ok(())
            })?;
        }
        let mut package = connection.prepare("select ecosystem, name from packages where id = ?1")?;
        for (id, release) in packages {
            let mut rows = package.query(params![id])?;
            while let Some(row) = rows.next()? {
                subjects.packages.insert((text(row, 0)?, text(row, 1)?, release));
            }
        }
        let mut cpe = connection.prepare("select vendor, product from cpes where id = ?1")?;
        for id in cpes {
            let mut rows = cpe.query(params![id])?;
            while let Some(row) = rows.next()? {
                subjects.products.insert((text(row, 0)?, text(row, 1)?));
            }
        }
        Ok(subjects)
    }
}

/// CVEs of `own` whose weaknesses or predictions `other` does not have alike.
fn add_decorations(
    touched: &mut Touched,
    database: &Database,
    own: &Contents,
    other: &Contents,
) -> rusqlite::Result<()> {
    let differing = |own: &HashMap<u128, u128>, other: &HashMap<u128, u128>| -> HashSet<u128> {
        own.iter().filter(|(key, content)| other.get(key) != Some(content)).map(|(key, _)| *key).collect()
    };
    let weaknesses = differing(&own.weaknesses, &other.weaknesses);
    let predictions = differing(&own.predictions, &other.predictions);
    database.connections().with(|connection| {
        let named = |table: &str, keys: &HashSet<u128>, take: &mut dyn FnMut(String)| {
            if keys.is_empty() {
                return Ok(());
            }
            each(connection, &format!("select cve from {table}"), |row| {
                let cve = text(row, 0)?;
                if keys.contains(&cve_key(&cve)) {
                    take(cve);
                }
                Ok(())
            })
        };
        named("cwe_handles", &weaknesses, &mut |cve| {
            touched.keys.insert(LookupKey::cve(&cve));
        })?;
        named("epss_handles", &predictions, &mut |cve| touched.predictions.push(cve))
    })
}
