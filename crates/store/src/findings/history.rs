//! What was ever found in an image, and when: for people to read.

use sea_orm::{FromQueryResult, Statement};
use serde::Serialize;

use crate::{Moment, Result, Store};

/// A finding of a package of an image. Moments are microseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult, Serialize)]
pub struct PastFinding {
    pub vulnerability: String,
    pub namespace: String,
    pub severity: String,
    pub will_not_fix: bool,
    pub package: String,
    pub version: String,
    /// `deb`, `npm`, …
    pub kind: String,
    pub opened_at: Moment,
    pub altered_at: Option<Moment>,
    /// `None`: it is found still.
    pub closed_at: Option<Moment>,
}

impl Store {
    /// What is found in an image, and what was and is no more, but for what its owners have fixed.
    pub async fn findings_of_analysis(&self, analysis: i64) -> Result<Vec<PastFinding>> {
        let sql = "SELECT f.vulnerability, f.namespace, f.severity, f.will_not_fix, v.name AS package, v.version, v.kind, \
                   f.opened_at, f.altered_at, f.closed_at FROM analysis_packages p \
                   JOIN package_versions v ON v.id = p.package_version JOIN findings f ON f.package_version = v.id \
                   WHERE p.analysis = $1 AND p.compared > 0 AND NOT EXISTS (SELECT 1 FROM cleared_findings c \
                   WHERE c.analysis = p.analysis AND c.finding = f.id) \
                   ORDER BY v.name, v.version, v.kind, f.vulnerability, f.namespace, f.id";
        let statement = Statement::from_sql_and_values(self.engine(), sql, [analysis.into()]);
        Ok(PastFinding::find_by_statement(statement).all(self.reader()).await?)
    }
}
