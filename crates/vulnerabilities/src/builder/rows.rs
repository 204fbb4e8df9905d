//! Rows with the ids they get. Anything that may be referred to twice is found again by its lower-cased identity,
//! because the unique indexes compare without regard to case.

use std::collections::{BTreeSet, HashMap};

use rusqlite::{Connection, params};
use sha2::{Digest, Sha256};
use windlass_advisories::{Advisory, CpeAttributes, CpeStatement, OperatingSystem, PackageStatement, Standing};

use super::codenames;
use crate::time;

/// Half a SHA-256: no one can make two documents of different content share it.
type Fingerprint = [u8; 16];

#[derive(Default)]
pub(super) struct Rows {
    blobs: HashMap<Fingerprint, i64>,
    last_blob: i64,
    vulnerabilities: HashMap<Fingerprint, i64>,
    packages: HashMap<String, i64>,
    operating_systems: HashMap<String, i64>,
    cpes: HashMap<String, i64>,
    last_package_handle: [i64; 2],
    last_cpe_handle: [i64; 2],
}

impl Rows {
    pub(super) fn vulnerabilities_written(&self) -> u64 {
        self.vulnerabilities.len() as u64
    }

    /// The id of a document, written unless an equal one was.
    pub(super) fn blob(&mut self, connection: &Connection, document: &str) -> rusqlite::Result<i64> {
        let fingerprint = fingerprint(&[document]);
        if let Some(id) = self.blobs.get(&fingerprint) {
            return Ok(*id);
        }
        let id = self.new_blob(connection, document)?;
        self.blobs.insert(fingerprint, id);
        Ok(id)
    }

    /// The id of a record. Two records share a row only if provider, name and document are equal, and no two rows share
    /// a document: readers may index that column as unique.
    pub(super) fn vulnerability(
        &mut self,
        connection: &Connection,
        provider: &str,
        advisory: &Advisory,
        document: &str,
    ) -> rusqlite::Result<i64> {
        let identity = fingerprint(&[provider, &advisory.name.to_ascii_lowercase(), document]);
        if let Some(id) = self.vulnerabilities.get(&identity) {
            return Ok(*id);
        }
        let blob = self.new_blob(connection, document)?;
        let id = next_id(self.vulnerabilities.len());
        self.vulnerabilities.insert(identity, id);
        let published = advisory.published.as_deref().and_then(time::to_column);
        // A record that was never changed counts as changed when it appeared, so that one date orders all.
        let modified = advisory.modified.as_deref().and_then(time::to_column).or_else(|| published.clone());
        let withdrawn = advisory.withdrawn.as_deref().and_then(time::to_column);
        connection
            .prepare_cached(
                "insert into vulnerability_handles (id, name, status, published_date, modified_date, withdrawn_date, \
                 provider_id, blob_id) values (?, ?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                id,
                advisory.name,
                advisory.status.as_str(),
                published,
                modified,
                withdrawn,
                provider,
                blob
            ])?;
        let aliases: BTreeSet<&str> = advisory.blob.aliases.iter().map(String::as_str).collect();
        for alias in aliases.into_iter().filter(|alias| *alias != advisory.name) {
            connection
                .prepare_cached("insert or ignore into vulnerability_aliases (name, alias) values (?, ?)")?
                .execute(params![advisory.name, alias])?;
        }
        Ok(id)
    }

    /// Writes what a vulnerability means for a package of a release; false if `seen` has it already.
    pub(super) fn package_handle(
        &mut self,
        connection: &Connection,
        vulnerability: i64,
        statement: &PackageStatement,
        release: Option<&OperatingSystem>,
        blob: i64,
        seen: &mut BTreeSet<(Standing, Option<i64>, i64, i64)>,
    ) -> rusqlite::Result<bool> {
        let release = release.map(|release| self.operating_system(connection, release)).transpose()?;
        let package = self.package(connection, &statement.ecosystem, &statement.name)?;
        if !seen.insert((statement.standing, release, package, blob)) {
            return Ok(false);
        }
        let (table, sql) = match statement.standing {
            Standing::Affected => (
                0,
                "insert into affected_package_handles (id, vulnerability_id, operating_system_id, package_id, blob_id) \
                 values (?, ?, ?, ?, ?)",
            ),
            Standing::Unaffected => (
                1,
                "insert into unaffected_package_handles (id, vulnerability_id, operating_system_id, package_id, blob_id) \
                 values (?, ?, ?, ?, ?)",
            ),
        };
        self.last_package_handle[table] += 1;
        connection.prepare_cached(sql)?.execute(params![
            self.last_package_handle[table],
            vulnerability,
            release,
            package,
            blob
        ])?;
        Ok(true)
    }

    /// Writes what a vulnerability means for a product; false if `seen` has it already.
    pub(super) fn cpe_handle(
        &mut self,
        connection: &Connection,
        vulnerability: i64,
        statement: &CpeStatement,
        blob: i64,
        seen: &mut BTreeSet<(Standing, i64, i64)>,
    ) -> rusqlite::Result<bool> {
        let cpe = self.cpe(connection, &statement.cpe)?;
        if !seen.insert((statement.standing, cpe, blob)) {
            return Ok(false);
        }
        let (table, sql) = match statement.standing {
            Standing::Affected => {
                (0, "insert into affected_cpe_handles (id, vulnerability_id, cpe_id, blob_id) values (?, ?, ?, ?)")
            }
            Standing::Unaffected => {
                (1, "insert into unaffected_cpe_handles (id, vulnerability_id, cpe_id, blob_id) values (?, ?, ?, ?)")
            }
        };
        self.last_cpe_handle[table] += 1;
        connection.prepare_cached(sql)?.execute(params![self.last_cpe_handle[table], vulnerability, cpe, blob])?;
        Ok(true)
    }

    fn new_blob(&mut self, connection: &Connection, document: &str) -> rusqlite::Result<i64> {
        self.last_blob += 1;
        connection
            .prepare_cached("insert into blobs (id, value) values (?, ?)")?
            .execute(params![self.last_blob, document])?;
        Ok(self.last_blob)
    }

    fn package(&mut self, connection: &Connection, ecosystem: &str, name: &str) -> rusqlite::Result<i64> {
        let identity = identity(&[ecosystem, name]);
        if let Some(id) = self.packages.get(&identity) {
            return Ok(*id);
        }
        let id = next_id(self.packages.len());
        self.packages.insert(identity, id);
        connection
            .prepare_cached("insert into packages (id, ecosystem, name) values (?, ?, ?)")?
            .execute(params![id, ecosystem, name])?;
        Ok(id)
    }

    fn operating_system(&mut self, connection: &Connection, release: &OperatingSystem) -> rusqlite::Result<i64> {
        let major = without_leading_zeros(&release.major_version);
        let minor = without_leading_zeros(&release.minor_version);
        let identity =
            identity(&[&release.name, &release.release_id, major, minor, &release.label_version, &release.channel]);
        if let Some(id) = self.operating_systems.get(&identity) {
            return Ok(*id);
        }
        let id = next_id(self.operating_systems.len());
        self.operating_systems.insert(identity, id);
        let codename = if release.codename.is_empty() {
            codenames::of(&release.name, major, minor).unwrap_or_default()
        } else {
            &release.codename
        };
        connection
            .prepare_cached(
                "insert into operating_systems (id, name, release_id, major_version, minor_version, label_version, \
                 codename, channel, eol_date, eoas_date) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                id,
                release.name,
                release.release_id,
                major,
                minor,
                release.label_version,
                codename,
                release.channel,
                time::to_column(&release.eol_date),
                time::to_column(&release.eoas_date),
            ])?;
        Ok(id)
    }

    fn cpe(&mut self, connection: &Connection, cpe: &CpeAttributes) -> rusqlite::Result<i64> {
        let identity = identity(&[
            &cpe.part,
            &cpe.vendor,
            &cpe.product,
            &cpe.edition,
            &cpe.language,
            &cpe.software_edition,
            &cpe.target_hardware,
            &cpe.target_software,
            &cpe.other,
        ]);
        if let Some(id) = self.cpes.get(&identity) {
            return Ok(*id);
        }
        let id = next_id(self.cpes.len());
        self.cpes.insert(identity, id);
        connection
            .prepare_cached(
                "insert into cpes (id, part, vendor, product, edition, language, software_edition, target_hardware, \
                 target_software, other) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                id,
                cpe.part,
                cpe.vendor,
                cpe.product,
                cpe.edition,
                cpe.language,
                cpe.software_edition,
                cpe.target_hardware,
                cpe.target_software,
                cpe.other
            ])?;
        Ok(id)
    }
}

fn next_id(rows: usize) -> i64 {
    i64::try_from(rows).expect("there are fewer rows than a file can hold") + 1
}

/// `04` → `4`, `0` stays: releases are looked up by numbers.
pub(super) fn without_leading_zeros(version: &str) -> &str {
    match version.trim_start_matches('0') {
        "" if version.is_empty() => "",
        "" => "0",
        trimmed => trimmed,
    }
}

fn identity(parts: &[&str]) -> String {
    let mut identity = parts.join("\0");
    identity.make_ascii_lowercase();
    identity
}

fn fingerprint(parts: &[&str]) -> Fingerprint {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let digest = hasher.finalize();
    std::array::from_fn(|at| digest[at])
}
