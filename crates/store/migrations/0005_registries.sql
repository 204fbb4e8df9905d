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
    created_at   BIGINT NOT NULL,
    last_updated BIGINT NOT NULL,
    UNIQUE (account, kind, key)
);
CREATE INDEX subscriptions_by_key ON subscriptions (account, key);
CREATE INDEX subscriptions_active ON subscriptions (kind, active);

-- Tags that a repository's watch has seen.
CREATE TABLE repository_tags (
    subscription TEXT NOT NULL REFERENCES subscriptions (id) ON DELETE CASCADE,
    tag          TEXT NOT NULL,
    seen_at      BIGINT NOT NULL,
    PRIMARY KEY (subscription, tag)
);
