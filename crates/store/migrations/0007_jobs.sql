-- Work to be done by whichever process claims it first.
CREATE TABLE jobs (
    id            {{id}},
    kind          TEXT NOT NULL,
    account       TEXT NOT NULL,
    -- What it is about; one waiting job for each kind, account and key.
    key           TEXT NOT NULL,
    payload       TEXT NOT NULL,
    state         TEXT NOT NULL,
    priority      BIGINT NOT NULL,
    attempts      BIGINT NOT NULL,
    max_attempts  BIGINT NOT NULL,
    not_before    BIGINT NOT NULL,
    lease_until   BIGINT,
    worker        TEXT,
    last_error    TEXT,
    created_at    BIGINT NOT NULL,
    last_updated  BIGINT NOT NULL
);
CREATE UNIQUE INDEX jobs_waiting ON jobs (kind, account, key) WHERE state = 'waiting';
CREATE INDEX jobs_by_state ON jobs (state, kind, not_before);
CREATE INDEX jobs_by_account ON jobs (account, state);

-- What recurs: whichever process finds it due first does it.
CREATE TABLE schedules (
    name        TEXT PRIMARY KEY,
    next_run_at BIGINT NOT NULL,
    -- How often it was begun.
    runs        BIGINT NOT NULL,
    lease_until BIGINT,
    worker      TEXT,
    last_run_at BIGINT,
    last_error  TEXT
);

CREATE TABLE services (
    host_id    TEXT NOT NULL,
    name       TEXT NOT NULL,
    base_url   TEXT NOT NULL,
    up         BOOLEAN NOT NULL,
    message    TEXT NOT NULL,
    status     TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    heartbeat  BIGINT NOT NULL,
    -- Which process said so, and where it keeps objects.
    process    TEXT,
    places     TEXT,
    PRIMARY KEY (host_id, name)
);

-- Facts about this installation: the schema of documents, keys that sign tokens (encrypted), …
CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
