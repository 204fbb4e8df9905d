CREATE TABLE policies (
    account      TEXT NOT NULL REFERENCES accounts (name) ON DELETE CASCADE,
    id           TEXT NOT NULL,
    active       BOOLEAN NOT NULL,
    source       TEXT NOT NULL,
    -- Copied from the bundle, for lists.
    name         TEXT,
    description  TEXT,
    -- As it was given.
    bundle       TEXT NOT NULL,
    -- sha256 of the bundle with its members in order.
    digest       TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    last_updated BIGINT NOT NULL,
    PRIMARY KEY (account, id)
);
CREATE UNIQUE INDEX policies_active ON policies (account) WHERE active;

CREATE TABLE evaluations (
    id               {{id}},
    account          TEXT NOT NULL REFERENCES accounts (name) ON DELETE CASCADE,
    digest           TEXT NOT NULL,
    fulltag          TEXT NOT NULL,
    policy_id        TEXT NOT NULL,
    final_action     TEXT NOT NULL,
    -- What went in: a later question with the same answer to these is answered from here.
    policy_digest    TEXT NOT NULL,
    analysis         BIGINT NOT NULL,
    data             BIGINT,
    -- sha256 of what else went in: choices of the account, the Dockerfile, the program's version.
    inputs           TEXT NOT NULL,
    -- A moment at which time alone changes the verdict.
    valid_until      BIGINT,
    -- The result in object storage.
    object           TEXT NOT NULL,
    created_at       BIGINT NOT NULL,
    last_evaluated   BIGINT NOT NULL
);
CREATE INDEX evaluations_by_image ON evaluations (account, digest, fulltag, policy_id, last_evaluated);
CREATE INDEX evaluations_by_policy ON evaluations (account, policy_id);
CREATE INDEX evaluations_by_object ON evaluations (object);
