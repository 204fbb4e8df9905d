-- Objects that nothing refers to, or did not when somebody looked. They are removed once that is so for long enough.
CREATE TABLE object_candidates (
    -- `documents` or `bundles`
    storage        TEXT NOT NULL,
    key            TEXT NOT NULL,
    -- When it was last let go of, or put again.
    since          BIGINT NOT NULL,
    -- While it is being removed: how long whoever wants to put it again waits for that.
    removing_until BIGINT,
    PRIMARY KEY (storage, key)
){{clustered}};
CREATE INDEX object_candidates_by_age ON object_candidates (storage, since);

-- Whether anything refers to an object must be found out quickly.
CREATE INDEX images_by_manifest ON images (manifest);
CREATE INDEX images_by_parent_manifest ON images (parent_manifest);

-- Moves of all objects from one place to another.
CREATE TABLE object_moves (
    origin       TEXT NOT NULL,
    destination  TEXT NOT NULL,
    -- `running`, `complete`, `incomplete`
    state        TEXT NOT NULL,
    -- Objects up to and including this key are verified in the destination.
    through      TEXT,
    copied       BIGINT NOT NULL,
    present      BIGINT NOT NULL,
    failed       BIGINT NOT NULL,
    removed      BIGINT NOT NULL,
    started_at   BIGINT NOT NULL,
    last_updated BIGINT NOT NULL,
    PRIMARY KEY (origin, destination)
);

-- How much was kept, once a day: of an account, or of all (an empty name).
CREATE TABLE storage_samples (
    measured_at BIGINT NOT NULL,
    account     TEXT NOT NULL,
    -- `table`, `documents`, `bundles`
    kind        TEXT NOT NULL,
    -- The table, or what the objects are.
    name        TEXT NOT NULL,
    count       BIGINT NOT NULL,
    bytes       BIGINT NOT NULL
);
CREATE INDEX storage_samples_by_account ON storage_samples (account, measured_at);
CREATE INDEX storage_samples_by_age ON storage_samples (measured_at);

-- What an account may have at most; nothing: as much as the settings say.
CREATE TABLE quotas (
    account TEXT PRIMARY KEY REFERENCES accounts (name) ON DELETE CASCADE,
    images  BIGINT,
    bytes   BIGINT
);

-- For retention, which looks at the oldest first.
CREATE INDEX evaluations_by_age ON evaluations (last_evaluated);
CREATE INDEX findings_by_closing ON findings (closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX archive_transitions_by_age ON archive_transitions (created_at);

-- Since when no image holds a package, and no finding a record: removed once that is so for long enough.
ALTER TABLE package_versions ADD COLUMN unused_since BIGINT;
CREATE INDEX package_versions_unused ON package_versions (unused_since) WHERE unused_since IS NOT NULL;
ALTER TABLE vulnerability_records ADD COLUMN unused_since BIGINT;

-- Everything that was ever found in a package: for its history, and to remove it.
CREATE INDEX findings_by_version ON findings (package_version);
