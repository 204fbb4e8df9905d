CREATE TABLE archived_images (
    id            {{id}},
    account       TEXT NOT NULL REFERENCES accounts (name) ON DELETE CASCADE,
    digest        TEXT NOT NULL,
    parent_digest TEXT NOT NULL,
    image_id      TEXT NOT NULL,
    status        TEXT NOT NULL,
    annotations   TEXT NOT NULL,
    -- The bundle in the archive's object storage.
    object        TEXT,
    size          BIGINT,
    analyzed_at   BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    last_updated  BIGINT NOT NULL,
    UNIQUE (account, digest)
);

CREATE TABLE archived_tags (
    image       BIGINT NOT NULL REFERENCES archived_images (id) ON DELETE CASCADE,
    account     TEXT NOT NULL,
    registry    TEXT NOT NULL,
    repository  TEXT NOT NULL,
    tag         TEXT NOT NULL,
    detected_at BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (image, registry, repository, tag)
);
CREATE INDEX archived_images_by_age ON archived_images (account, created_at, id);
CREATE INDEX archived_images_sizes ON archived_images (account, size, last_updated);
CREATE INDEX archived_images_by_object ON archived_images (object);
CREATE INDEX archived_tags_by_name ON archived_tags (account, registry, repository, tag, detected_at);

CREATE TABLE archive_rules (
    id                     TEXT PRIMARY KEY,
    account                TEXT NOT NULL REFERENCES accounts (name) ON DELETE CASCADE,
    transition             TEXT NOT NULL,
    registry               TEXT NOT NULL,
    repository             TEXT NOT NULL,
    tag                    TEXT NOT NULL,
    analysis_age_days      BIGINT NOT NULL,
    tag_versions_newer     BIGINT NOT NULL,
    exclude_registry       TEXT NOT NULL,
    exclude_repository     TEXT NOT NULL,
    exclude_tag            TEXT NOT NULL,
    exclude_expiration_days BIGINT NOT NULL,
    max_images_per_account BIGINT,
    system_global          BOOLEAN NOT NULL,
    created_at             BIGINT NOT NULL,
    last_updated           BIGINT NOT NULL
);
CREATE INDEX archive_rules_by_account ON archive_rules (account);
-- Two limits for the same images would only be the lower of them.
CREATE UNIQUE INDEX archive_rules_limit ON archive_rules (system_global) WHERE max_images_per_account IS NOT NULL;

-- What rules did, one row for each image.
CREATE TABLE archive_transitions (
    id         {{id}},
    account    TEXT NOT NULL REFERENCES accounts (name) ON DELETE CASCADE,
    -- The run that it was part of.
    task       TEXT NOT NULL,
    digest     TEXT NOT NULL,
    -- Ids of the rules that led to it, and the tags that the image had then: lists, as JSON.
    rules      TEXT NOT NULL,
    tags       TEXT NOT NULL,
    transition TEXT NOT NULL,
    -- Why it was not done; none: it was.
    failure    TEXT,
    created_at BIGINT NOT NULL
);
CREATE INDEX archive_transitions_by_account ON archive_transitions (account, id);
