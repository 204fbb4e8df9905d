CREATE TABLE registries (
    account      TEXT NOT NULL REFERENCES accounts (name) ON DELETE CASCADE,
    registry     TEXT NOT NULL,
    name         TEXT NOT NULL,
    kind         TEXT NOT NULL,
    username     TEXT NOT NULL,
    -- Encrypted with the service's key, like the token made from it.
    secret       TEXT NOT NULL,
    verify       BOOLEAN NOT NULL,
    token        TEXT,
    token_expiry BIGINT,
    created_at   BIGINT NOT NULL,
    last_updated BIGINT NOT NULL,
    PRIMARY KEY (account, registry)
);

CREATE TABLE subscriptions (
    id           TEXT PRIMARY KEY,
    account      TEXT NOT NULL REFERENCES accounts (name) ON DELETE CASCADE,
    kind         TEXT NOT NULL,
    key          TEXT NOT NULL,
    value        TEXT,
    active       BOOLEAN NOT NULL,
    -- Who decided that it is active or not: `tag` (it was made with its tag), `pattern`, `user`.
    set_by       TEXT NOT NULL,
    -- It is of all tags whose names the key fits: `*` in it stands for anything.
    is_pattern   BOOLEAN NOT NULL,
    created_at   BIGINT NOT NULL,
    last_updated BIGINT NOT NULL,
    UNIQUE (account, kind, key)
);
CREATE INDEX subscriptions_by_key ON subscriptions (account, key, kind);
CREATE INDEX subscriptions_active ON subscriptions (kind, active);

-- Tags that a repository's watch has seen. One that could not be added is tried again at `retry_at`.
CREATE TABLE repository_tags (
    subscription TEXT NOT NULL REFERENCES subscriptions (id) ON DELETE CASCADE,
    tag          TEXT NOT NULL,
    seen_at      BIGINT NOT NULL,
    failures     BIGINT NOT NULL,
    retry_at     BIGINT,
    PRIMARY KEY (subscription, tag)
);

-- What the watch of a tag or repository knows from the last time it asked the registry.
CREATE TABLE watches (
    subscription TEXT PRIMARY KEY REFERENCES subscriptions (id) ON DELETE CASCADE,
    -- What the tag stood for, and the image that was added for it.
    digest       TEXT,
    image        TEXT,
    -- How often in a row the registry did not answer, and why it did not the last time.
    failures     BIGINT NOT NULL,
    failure      TEXT,
    checked_at   BIGINT NOT NULL,
    -- Not asked before that.
    not_before   BIGINT NOT NULL
);

-- Registries that have asked for a pause.
CREATE TABLE registry_pauses (
    registry   TEXT PRIMARY KEY,
    not_before BIGINT NOT NULL
);
