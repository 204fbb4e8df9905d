/// The tables, parents before children.
pub(crate) const TABLES: &[&str] = &[
    "create table blobs (id integer primary key, value text not null)",
    "create table db_metadata (build_timestamp datetime not null, model integer not null, revision integer not null, \
     addition integer not null)",
    "create table providers (id text, version text, processor text, date_captured datetime, input_digest text, \
     primary key (id))",
    "create table vulnerability_handles (id integer primary key, name text not null, status text not null, \
     published_date datetime, modified_date datetime, withdrawn_date datetime, provider_id text not null, \
     blob_id integer, constraint fk_vulnerability_handles_provider foreign key (provider_id) references providers(id))",
    "create table vulnerability_aliases (name text, alias text not null, primary key (name, alias))",
    "create table packages (id integer primary key, ecosystem text, name text)",
    "create table cpes (id integer primary key, part text not null, vendor text, product text not null, edition text, \
     language text, software_edition text, target_hardware text, target_software text, other text)",
    "create table package_cpes (package_id integer, cpe_id integer, primary key (package_id, cpe_id), \
     constraint fk_package_cpes_package foreign key (package_id) references packages(id), \
     constraint fk_package_cpes_cpe foreign key (cpe_id) references cpes(id))",
    "create table operating_systems (id integer primary key, name text, release_id text, major_version text, \
     minor_version text, label_version text, codename text, channel text, eol_date datetime, eoas_date datetime)",
    "create table operating_system_specifier_overrides (alias text, version text, version_pattern text, codename text, \
     channel text, replacement text, replacement_major_version text, replacement_minor_version text, \
     replacement_label_version text, replacement_channel text, rolling numeric, applicable_client_db_schemas text, \
     primary key (alias, version, version_pattern, replacement, replacement_major_version, replacement_minor_version, \
     replacement_label_version, replacement_channel, rolling))",
    "create table package_specifier_overrides (ecosystem text, replacement_ecosystem text, \
     primary key (ecosystem, replacement_ecosystem))",
    "create table architecture_aliases (alias text, canonical text not null, primary key (alias))",
    "create table affected_package_handles (id integer primary key, vulnerability_id integer not null, \
     operating_system_id integer, package_id integer, blob_id integer, \
     constraint fk_affected_package_handles_vulnerability foreign key (vulnerability_id) \
     references vulnerability_handles(id), \
     constraint fk_affected_package_handles_operating_system foreign key (operating_system_id) \
     references operating_systems(id), \
     constraint fk_affected_package_handles_package foreign key (package_id) references packages(id))",
    "create table unaffected_package_handles (id integer primary key, vulnerability_id integer not null, \
     operating_system_id integer, package_id integer, blob_id integer, \
     constraint fk_unaffected_package_handles_vulnerability foreign key (vulnerability_id) \
     references vulnerability_handles(id), \
     constraint fk_unaffected_package_handles_operating_system foreign key (operating_system_id) \
     references operating_systems(id), \
     constraint fk_unaffected_package_handles_package foreign key (package_id) references packages(id))",
    "create table affected_cpe_handles (id integer primary key, vulnerability_id integer not null, cpe_id integer, \
     blob_id integer, constraint fk_affected_cpe_handles_vulnerability foreign key (vulnerability_id) \
     references vulnerability_handles(id), \
     constraint fk_affected_cpe_handles_cpe foreign key (cpe_id) references cpes(id))",
    "create table unaffected_cpe_handles (id integer primary key, vulnerability_id integer not null, cpe_id integer, \
     blob_id integer, constraint fk_unaffected_cpe_handles_vulnerability foreign key (vulnerability_id) \
     references vulnerability_handles(id), \
     constraint fk_unaffected_cpe_handles_cpe foreign key (cpe_id) references cpes(id))",
    "create table known_exploited_vulnerability_handles (id integer primary key, cve text not null, blob_id integer)",
    "create table epss_handles (id integer primary key, cve text not null, epss real not null, \
     percentile real not null)",
    "create table epss_metadata (date datetime not null)",
    "create table cwe_handles (id integer primary key, cve text not null, cwe text not null, source text, type text)",
];

/// What every 6.x database has had since 6.0.0; a file without one of these is something else.
pub(crate) const REQUIRED_COLUMNS: &[(&str, &[&str])] = &[
    ("blobs", &["id", "value"]),
    ("db_metadata", &["build_timestamp", "model", "revision", "addition"]),
    ("providers", &["id", "version", "processor", "date_captured", "input_digest"]),
    (
        "vulnerability_handles",
        &["id", "name", "status", "published_date", "modified_date", "withdrawn_date", "provider_id", "blob_id"],
    ),
    ("packages", &["id", "ecosystem", "name"]),
    (
        "cpes",
        &[
            "id",
            "part",
            "vendor",
            "product",
            "edition",
            "language",
            "software_edition",
            "target_hardware",
            "target_software",
            "other",
        ],
    ),
    ("operating_systems", &["id", "name", "release_id", "major_version", "minor_version", "label_version", "codename"]),
    ("affected_package_handles", &["id", "vulnerability_id", "operating_system_id", "package_id", "blob_id"]),
    ("affected_cpe_handles", &["id", "vulnerability_id", "cpe_id", "blob_id"]),
];
