-- Vulnerability databases that were published to this service; one of them is in force.
CREATE TABLE vulnerability_data (
    id          {{id}},
    -- sha256 of the file, as object storage has it.
    checksum    TEXT NOT NULL,
    -- The file in object storage; null once it is no longer kept. The row stays: findings say by which data they came.
    object      TEXT,
    schema      TEXT NOT NULL,
    built_at    BIGINT NOT NULL,
    imported_at BIGINT NOT NULL,
    -- Groups of records with their numbers, as JSON.
    groups      TEXT NOT NULL,
    active      BOOLEAN NOT NULL,
    -- The data that was in force before, and when all packages had been compared with this one.
    previous    BIGINT REFERENCES vulnerability_data (id),
    matched_at  BIGINT,
    -- What was found by the data with this id, or any since, is what this one would find; null: nobody has compared them.
    holds_since BIGINT
);
CREATE UNIQUE INDEX vulnerability_data_in_force ON vulnerability_data (active) WHERE active;

-- A package as matching sees it, interned: equal inputs of all images are one row.
CREATE TABLE package_versions (
    id          {{id}},
    key         {{bytes}} NOT NULL UNIQUE,
    name        TEXT NOT NULL,
    -- In lower case: names of libraries are looked for without regard to it.
    search_name TEXT NOT NULL,
    version     TEXT NOT NULL,
    kind        TEXT NOT NULL,
    -- What matching reads, as JSON.
    input       TEXT NOT NULL,
    -- What matching said beside findings, as JSON; null before it is matched for the first time.
    rest        TEXT,
    -- The data that its findings were found by; 0 where they must be found anew.
    matched_by  BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX package_versions_by_name ON package_versions (search_name);
CREATE INDEX package_versions_by_data ON package_versions (matched_by, id);

-- What the findings of a package depend on: the first eight bytes of the digest of each look-up. That two look-ups may
-- share them costs a comparison and nothing else.
CREATE TABLE package_version_lookups (
    lookup          BIGINT NOT NULL,
    package_version BIGINT NOT NULL REFERENCES package_versions (id) ON DELETE CASCADE,
    PRIMARY KEY (lookup, package_version)
){{clustered}};
CREATE INDEX package_version_lookups_by_version ON package_version_lookups (package_version);

-- Records of vulnerabilities that findings are made of, by the key of their content.
CREATE TABLE vulnerability_records (
    key    {{bytes}} PRIMARY KEY,
    record TEXT NOT NULL
){{clustered}};

CREATE TABLE findings (
    id              {{id}},
    package_version BIGINT NOT NULL REFERENCES package_versions (id),
    vulnerability   TEXT NOT NULL,
    namespace       TEXT NOT NULL,
    -- Tells those apart that the package has of one vulnerability in one namespace.
    ordinal         BIGINT NOT NULL,
    -- The namespace as the API calls it.
    feed_group      TEXT NOT NULL,
    severity        TEXT NOT NULL,
    will_not_fix    BOOLEAN NOT NULL,
    -- Everything that matching says of it, as JSON.
    detail          TEXT NOT NULL,
    opened_at       BIGINT NOT NULL,
    opened_by       BIGINT NOT NULL REFERENCES vulnerability_data (id),
    altered_at      BIGINT,
    altered_by      BIGINT REFERENCES vulnerability_data (id),
    closed_at       BIGINT,
    closed_by       BIGINT REFERENCES vulnerability_data (id)
);
CREATE UNIQUE INDEX findings_open ON findings (package_version, vulnerability, namespace, ordinal) WHERE closed_at IS NULL;
CREATE INDEX findings_opened ON findings (opened_by);
CREATE INDEX findings_altered ON findings (altered_by) WHERE altered_by IS NOT NULL;
CREATE INDEX findings_closed ON findings (closed_by) WHERE closed_by IS NOT NULL;

-- Every name that an open finding goes by, in upper case.
CREATE TABLE finding_names (
    name    TEXT NOT NULL,
    finding BIGINT NOT NULL REFERENCES findings (id) ON DELETE CASCADE,
    PRIMARY KEY (name, finding)
){{clustered}};
CREATE INDEX finding_names_by_finding ON finding_names (finding);

-- What an image holds: each package once, wherever it lies and however often.
CREATE TABLE analysis_packages (
    package_version BIGINT NOT NULL REFERENCES package_versions (id),
    analysis        BIGINT NOT NULL REFERENCES analyses (id) ON DELETE CASCADE,
    -- How many of these are compared themselves; 0: the packages that own them answer for all of them.
    compared        BIGINT NOT NULL,
    PRIMARY KEY (package_version, analysis)
){{clustered}};
CREATE INDEX analysis_packages_by_analysis ON analysis_packages (analysis);

-- Packages that are compared themselves and are files of others, which may have fixed what is found in them.
CREATE TABLE analysis_owners (
    analysis        BIGINT NOT NULL REFERENCES analyses (id) ON DELETE CASCADE,
    -- The owned package's place in the bill of materials.
    place           BIGINT NOT NULL,
    package_version BIGINT NOT NULL REFERENCES package_versions (id),
    owner           BIGINT NOT NULL REFERENCES package_versions (id),
    PRIMARY KEY (analysis, place, owner)
){{clustered}};
CREATE INDEX analysis_owners_by_version ON analysis_owners (package_version);
CREATE INDEX analysis_owners_by_owner ON analysis_owners (owner);

-- Findings that are none in an image, because the owners of all packages that have them have fixed the flaw.
CREATE TABLE cleared_findings (
    analysis BIGINT NOT NULL REFERENCES analyses (id) ON DELETE CASCADE,
    finding  BIGINT NOT NULL REFERENCES findings (id) ON DELETE CASCADE,
    PRIMARY KEY (analysis, finding)
){{clustered}};
CREATE INDEX cleared_findings_by_finding ON cleared_findings (finding);
