-- What vulnerability data changed of findings that were known of packages before. The first findings of a package are no
-- change: nobody had an image with it that was free of them.
CREATE TABLE finding_changes (
    id              {{id}},
    package_version BIGINT NOT NULL REFERENCES package_versions (id) ON DELETE CASCADE,
    finding         BIGINT NOT NULL REFERENCES findings (id) ON DELETE CASCADE,
    data            BIGINT NOT NULL REFERENCES vulnerability_data (id),
    -- The finding's detail until then and from then on; one that was opened has none before, one that was closed none after.
    before          TEXT,
    after           TEXT,
    -- It is the same, but owners of the package have fixed it now, or have no longer: in the images of clearance_changes alone.
    by_owner        BOOLEAN NOT NULL,
    changed_at      BIGINT NOT NULL
);
CREATE INDEX finding_changes_by_version ON finding_changes (package_version, changed_at);
CREATE INDEX finding_changes_by_finding ON finding_changes (finding, id);
CREATE INDEX finding_changes_by_age ON finding_changes (changed_at, id);

-- The images in which what owners have fixed made findings none, or findings again.
CREATE TABLE clearance_changes (
    change   BIGINT NOT NULL REFERENCES finding_changes (id) ON DELETE CASCADE,
    analysis BIGINT NOT NULL REFERENCES analyses (id) ON DELETE CASCADE,
    PRIMARY KEY (change, analysis)
){{clustered}};
CREATE INDEX clearance_changes_by_analysis ON clearance_changes (analysis);

-- What was last told, or first seen, of a tag whose vulnerabilities or verdict somebody subscribes to.
CREATE TABLE tag_states (
    id            {{id}},
    account       TEXT NOT NULL REFERENCES accounts (name) ON DELETE CASCADE,
    fulltag       TEXT NOT NULL,
    -- An image that the subscription names by its digest; empty: the one that the tag stands for.
    pinned        TEXT NOT NULL,
    -- The image that it was told of; nothing before the first.
    digest        TEXT,
    analysis      BIGINT,
    -- The verdict that was told, and what went into it; nothing where verdicts are not subscribed to.
    action        TEXT,
    evaluation    BIGINT,
    policy_digest TEXT,
    inputs        TEXT,
    data          BIGINT,
    -- When time alone may change it.
    valid_until   BIGINT,
    -- When it is to be looked at again; nothing: when something happens.
    due_at        BIGINT,
    -- How often that was asked for: who looks meanwhile must not forget a wish that came later.
    wishes        BIGINT NOT NULL,
    UNIQUE (account, fulltag, pinned)
);
CREATE INDEX tag_states_due ON tag_states (account, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX tag_states_by_analysis ON tag_states (analysis);

-- Changes that are to be told of a tag.
CREATE TABLE tag_changes (
    state  BIGINT NOT NULL REFERENCES tag_states (id) ON DELETE CASCADE,
    change BIGINT NOT NULL REFERENCES finding_changes (id) ON DELETE CASCADE,
    PRIMARY KEY (state, change)
){{clustered}};
CREATE INDEX tag_changes_by_change ON tag_changes (change);

-- Whom registries tell of pushes, and how they prove that they are who they say.
CREATE TABLE registry_hooks (
    -- Random: it is part of what the registry sends.
    id             TEXT PRIMARY KEY,
    account        TEXT NOT NULL REFERENCES accounts (name) ON DELETE CASCADE,
    name           TEXT NOT NULL,
    -- How images call the registry, where what is sent has another name for it.
    registry       TEXT,
    -- Encrypted with the service's key, like the one before it, which is taken for a while after a rotation.
    secret         TEXT NOT NULL,
    former_secret  TEXT,
    former_until   BIGINT,
    created_at     BIGINT NOT NULL,
    last_updated   BIGINT NOT NULL,
    last_used_at   BIGINT,
    UNIQUE (account, name)
);
