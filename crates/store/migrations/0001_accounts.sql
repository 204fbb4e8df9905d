-- Who may ask for what. Moments are microseconds since 1970 everywhere.
CREATE TABLE accounts (
    name         TEXT PRIMARY KEY,
    kind         TEXT NOT NULL,
    state        TEXT NOT NULL,
    email        TEXT,
    settings     TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    last_updated BIGINT NOT NULL
);

CREATE TABLE users (
    username     TEXT PRIMARY KEY,
    -- The subject of tokens; never shown.
    id           TEXT NOT NULL UNIQUE,
    account      TEXT NOT NULL REFERENCES accounts (name) ON DELETE CASCADE,
    kind         TEXT NOT NULL,
    source       TEXT,
    created_at   BIGINT NOT NULL,
    last_updated BIGINT NOT NULL
);
CREATE INDEX users_by_account ON users (account);

CREATE TABLE credentials (
    username      TEXT PRIMARY KEY REFERENCES users (username) ON DELETE CASCADE,
    -- argon2id, as a PHC string.
    password_hash TEXT NOT NULL,
    created_at    BIGINT NOT NULL
);

CREATE TABLE api_keys (
    id           TEXT PRIMARY KEY,
    username     TEXT NOT NULL REFERENCES users (username) ON DELETE CASCADE,
    name         TEXT NOT NULL,
    -- sha256 of the secret: it is random and long, so that no slow hash is needed.
    secret_hash  TEXT NOT NULL,
    -- A role that the key is restricted to; without one it may do what its user may.
    role         TEXT,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT,
    last_used_at BIGINT,
    UNIQUE (username, name)
);

-- A user without any binding has full control over the own account, as users have always had.
CREATE TABLE role_bindings (
    username   TEXT NOT NULL REFERENCES users (username) ON DELETE CASCADE,
    account    TEXT NOT NULL REFERENCES accounts (name) ON DELETE CASCADE,
    role       TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (username, account, role)
);
CREATE INDEX role_bindings_by_account ON role_bindings (account);

CREATE TABLE audit_records (
    id         {{id}},
    created_at BIGINT NOT NULL,
    -- Who; nothing where nobody proved to be anybody.
    username   TEXT,
    account    TEXT NOT NULL,
    action     TEXT NOT NULL,
    target     TEXT NOT NULL,
    outcome    TEXT NOT NULL,
    -- The status of the response.
    status     BIGINT NOT NULL,
    address    TEXT,
    request_id TEXT
);
CREATE INDEX audit_records_by_account ON audit_records (account, id);
CREATE INDEX audit_records_by_age ON audit_records (created_at);
