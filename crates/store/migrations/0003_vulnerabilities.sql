-- Vulnerability databases that were published to this service; one of them is in force.
CREATE TABLE vulnerability_data (
    id          {{id}},
    checksum    TEXT NOT NULL UNIQUE,
    object      TEXT NOT NULL,
    schema      TEXT NOT NULL,
    built_at    BIGINT NOT NULL,
    imported_at BIGINT NOT NULL,
    -- Providers with their record counts, as JSON.
    providers   TEXT NOT NULL,
    active      BOOLEAN NOT NULL
);
CREATE UNIQUE INDEX vulnerability_data_in_force ON vulnerability_data (active) WHERE active;

-- A package as matching sees it, interned: equal inputs of all images are one row.
CREATE TABLE package_versions (
    id         {{id}},
    key        TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    version    TEXT NOT NULL,
    kind       TEXT NOT NULL,
    input      TEXT NOT NULL,
    -- What matching said beside findings: compared with what, or why not.
    standing   TEXT,
    -- The data it was last matched with.
    matched_by BIGINT REFERENCES vulnerability_data (id)
);
CREATE INDEX package_versions_by_name ON package_versions (name, version, kind);

CREATE TABLE analysis_packages (
    analysis        BIGINT NOT NULL REFERENCES analyses (id) ON DELETE CASCADE,
    -- The package's place in the bill of materials.
    ordinal         BIGINT NOT NULL,
    package_version BIGINT NOT NULL REFERENCES package_versions (id),
    location        TEXT NOT NULL,
    -- The package that owns this one's files: a distribution's word counts more than a language's.
    owner           BIGINT REFERENCES package_versions (id),
    PRIMARY KEY (analysis, ordinal)
);
CREATE INDEX analysis_packages_by_version ON analysis_packages (package_version);

CREATE TABLE findings (
    id              {{id}},
    package_version BIGINT NOT NULL REFERENCES package_versions (id),
    vulnerability   TEXT NOT NULL,
    namespace       TEXT NOT NULL,
    severity        TEXT NOT NULL,
    will_not_fix    BOOLEAN NOT NULL,
    -- Everything matching says of it, as JSON, and that text's digest.
    detail          TEXT NOT NULL,
    detail_digest   TEXT NOT NULL,
    opened_at       BIGINT NOT NULL,
    opened_by       BIGINT NOT NULL REFERENCES vulnerability_data (id),
    closed_at       BIGINT,
    closed_by       BIGINT REFERENCES vulnerability_data (id)
);
CREATE UNIQUE INDEX findings_open ON findings (package_version, vulnerability, namespace) WHERE closed_at IS NULL;
CREATE INDEX findings_by_vulnerability ON findings (vulnerability, package_version);
