-- What was found in one image by one set of analysers: shared by every account that holds the image.
CREATE TABLE analyses (
    id              {{id}},
    -- The manifest's digest and what was looked for with which version of the analysers.
    key             TEXT NOT NULL UNIQUE,
    digest          TEXT NOT NULL,
    arch            TEXT,
    distro          TEXT,
    distro_version  TEXT,
    dockerfile_mode TEXT NOT NULL,
    -- As the history of the image tells it, base64: what was given is of whoever gave it.
    dockerfile      TEXT,
    image_size      BIGINT NOT NULL,
    layer_count     BIGINT NOT NULL,
    -- Chain ids of the stacks of its layers, lowest first, separated by blanks; and the last, that of all layers, by which
    -- images find what they are built on.
    chains          TEXT NOT NULL DEFAULT '',
    chain           TEXT,
    created_at      BIGINT NOT NULL
);
CREATE INDEX analyses_by_chain ON analyses (chain);

-- Documents in object storage: `sbom`, `native`, `content/os`, `metadata/manifest`, …
CREATE TABLE analysis_documents (
    analysis BIGINT NOT NULL REFERENCES analyses (id) ON DELETE CASCADE,
    kind     TEXT NOT NULL,
    object   TEXT NOT NULL,
    size     BIGINT NOT NULL,
    PRIMARY KEY (analysis, kind)
);
CREATE INDEX analysis_documents_by_object ON analysis_documents (object);

-- Facts of the layers that images of an account had, for its other images: a cache. Of each account apart, because who knows
-- a layer's digest need not have it.
CREATE TABLE layer_facts (
    account TEXT NOT NULL REFERENCES accounts (name) ON DELETE CASCADE,
    -- The layer's diff id, and what was looked for with which version of the analysers.
    layer   TEXT NOT NULL,
    -- In object storage.
    object  TEXT NOT NULL,
    used_at BIGINT NOT NULL,
    PRIMARY KEY (account, layer)
);
CREATE INDEX layer_facts_by_object ON layer_facts (object);
CREATE INDEX layer_facts_by_use ON layer_facts (used_at);

CREATE TABLE images (
    id              {{id}},
    account         TEXT NOT NULL REFERENCES accounts (name),
    digest          TEXT NOT NULL,
    parent_digest   TEXT NOT NULL,
    image_id        TEXT NOT NULL,
    status          TEXT NOT NULL,
    analysis_status TEXT NOT NULL,
    annotations     TEXT NOT NULL,
    -- As given, base64; not part of the shared analysis.
    dockerfile      TEXT,
    analysis        BIGINT REFERENCES analyses (id),
    -- Documents in object storage.
    manifest        TEXT NOT NULL,
    parent_manifest TEXT,
    -- Why the last analysis failed: a code for programs, a text for people.
    failure_code    TEXT,
    failure_reason  TEXT,
    created_at      BIGINT NOT NULL,
    last_updated    BIGINT NOT NULL,
    analyzed_at     BIGINT,
    UNIQUE (account, digest)
);
CREATE INDEX images_by_creation ON images (account, created_at, id);
CREATE INDEX images_by_image_id ON images (account, image_id);
CREATE INDEX images_by_parent ON images (account, parent_digest);
CREATE INDEX images_shown_by_digest ON images (account, digest, analysis) WHERE status = 'active';
CREATE INDEX images_by_age ON images (account, analyzed_at) WHERE status = 'active';
CREATE INDEX images_by_analysis ON images (analysis, account, status);

CREATE TABLE image_tags (
    image        BIGINT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    account      TEXT NOT NULL,
    registry     TEXT NOT NULL,
    repository   TEXT NOT NULL,
    tag          TEXT NOT NULL,
    detected_at  BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    last_updated BIGINT NOT NULL,
    PRIMARY KEY (image, registry, repository, tag)
);
CREATE INDEX image_tags_by_name ON image_tags (account, registry, repository, tag, detected_at);

CREATE TABLE imports (
    id           TEXT PRIMARY KEY,
    account      TEXT NOT NULL REFERENCES accounts (name) ON DELETE CASCADE,
    status       TEXT NOT NULL,
    failure      TEXT,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    last_updated BIGINT NOT NULL
);
CREATE INDEX imports_by_account ON imports (account, created_at);

CREATE TABLE import_contents (
    import     TEXT NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
    kind       TEXT NOT NULL,
    -- sha256 of the bytes, bare hex, which is the object's key as well.
    digest     TEXT NOT NULL,
    size       BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (import, kind, digest)
);
CREATE INDEX import_contents_by_digest ON import_contents (digest);
