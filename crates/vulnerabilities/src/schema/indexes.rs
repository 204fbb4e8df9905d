/// Why an index exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A look-up of the matcher uses it: always made.
    Lookup,
    /// Another reader of the format expects it: made for a database that is handed on complete.
    Exchange,
}

/// One secondary index. Names are those other readers of the format look for; ours begin with `windlass`.
#[derive(Clone, Copy)]
pub(crate) struct Index {
    pub(crate) name: &'static str,
    pub(crate) table: &'static str,
    pub(crate) columns: &'static str,
    pub(crate) unique: bool,
    pub(crate) purpose: Purpose,
}

impl Index {
    pub(crate) fn create_statement(&self) -> String {
        let unique = if self.unique { "unique " } else { "" };
        format!("create {unique}index if not exists \"{}\" on \"{}\" ({})", self.name, self.table, self.columns)
    }
}

const fn lookup(name: &'static str, table: &'static str, columns: &'static str) -> Index {
    Index { name, table, columns, unique: false, purpose: Purpose::Lookup }
}

const fn exchange(name: &'static str, table: &'static str, columns: &'static str) -> Index {
    Index { name, table, columns, unique: false, purpose: Purpose::Exchange }
}

const fn unique(index: Index) -> Index {
    Index { unique: true, ..index }
}

/// Covers a package search: the rows of one package lie scattered over the table, their index entries side by side.
pub(crate) const AFFECTED_BY_PACKAGE: &str = "windlass_affected_by_package";
pub(crate) const UNAFFECTED_BY_PACKAGE: &str = "windlass_unaffected_by_package";
const PACKAGE_SEARCH: &str = "package_id, operating_system_id, vulnerability_id, blob_id";

/// All of them, in the order of their making.
pub(crate) const INDEXES: &[Index] = &[
    unique(lookup("idx_package", "packages", "ecosystem collate nocase, name collate nocase")),
    lookup("idx_package_name", "packages", "name collate nocase"),
    lookup(AFFECTED_BY_PACKAGE, "affected_package_handles", PACKAGE_SEARCH),
    lookup(UNAFFECTED_BY_PACKAGE, "unaffected_package_handles", PACKAGE_SEARCH),
    unique(lookup(
        "idx_cpe",
        "cpes",
        "part collate nocase, vendor collate nocase, product collate nocase, edition collate nocase, language collate \
         nocase, software_edition collate nocase, target_hardware collate nocase, target_software collate nocase, \
         other collate nocase",
    )),
    lookup("idx_cpe_product", "cpes", "product collate nocase"),
    lookup("idx_affected_cpe_handles_cpe_id", "affected_cpe_handles", "cpe_id"),
    lookup("idx_vuln_provider_id", "vulnerability_handles", "name collate nocase, provider_id collate nocase"),
    lookup("kev_cve_idx", "known_exploited_vulnerability_handles", "cve collate nocase"),
    lookup("epss_cve_idx", "epss_handles", "cve collate nocase"),
    lookup("cwes_cve_idx", "cwe_handles", "cve collate nocase"),
    exchange("idx_affected_package_handles_vulnerability_id", "affected_package_handles", "vulnerability_id"),
    exchange("idx_affected_package_handles_operating_system_id", "affected_package_handles", "operating_system_id"),
    exchange("idx_affected_package_handles_package_id", "affected_package_handles", "package_id"),
    exchange("idx_unaffected_package_handles_vulnerability_id", "unaffected_package_handles", "vulnerability_id"),
    exchange("idx_unaffected_package_handles_operating_system_id", "unaffected_package_handles", "operating_system_id"),
    exchange("idx_unaffected_package_handles_package_id", "unaffected_package_handles", "package_id"),
    exchange("idx_unaffected_cpe_handles_cpe_id", "unaffected_cpe_handles", "cpe_id"),
    exchange("idx_cpe_vendor", "cpes", "vendor collate nocase"),
    exchange("idx_vulnerability_handles_published_date", "vulnerability_handles", "published_date"),
    exchange("idx_vulnerability_handles_modified_date", "vulnerability_handles", "modified_date"),
    exchange("idx_vulnerability_handles_withdrawn_date", "vulnerability_handles", "withdrawn_date"),
    exchange("idx_vulnerability_handles_provider_id", "vulnerability_handles", "provider_id"),
    unique(exchange(
        "os_idx",
        "operating_systems",
        "name, release_id, major_version, minor_version, label_version, channel",
    )),
    exchange("idx_operating_systems_major_version", "operating_systems", "major_version"),
    exchange("idx_operating_systems_minor_version", "operating_systems", "minor_version"),
    exchange("idx_operating_systems_eol_date", "operating_systems", "eol_date"),
    exchange("os_alias_idx", "operating_system_specifier_overrides", "alias collate nocase"),
    exchange("pkg_ecosystem_idx", "package_specifier_overrides", "ecosystem collate nocase"),
];
