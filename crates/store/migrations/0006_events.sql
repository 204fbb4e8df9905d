CREATE TABLE events (
    id                 TEXT PRIMARY KEY,
    account            TEXT NOT NULL,
    kind               TEXT NOT NULL,
    level              TEXT NOT NULL,
    message            TEXT NOT NULL,
    details            TEXT NOT NULL,
    resource_kind      TEXT,
    resource_id        TEXT,
    source_service     TEXT,
    source_host        TEXT,
    source_base_url    TEXT,
    request_id         TEXT,
    occurred_at        BIGINT NOT NULL,
    created_at         BIGINT NOT NULL
);
CREATE INDEX events_by_time ON events (account, occurred_at, id);
CREATE INDEX events_by_resource ON events (account, resource_id, occurred_at);
CREATE INDEX events_by_age ON events (created_at);
-- Of verdicts and policies that changed, which whoever looks back asks for among many others.
CREATE INDEX events_of_changes ON events (account, occurred_at, id) WHERE kind IN ('user.checks.tag.policy_evaluation.update',
    'user.policy.active.updated', 'user.policy.active.content_change');
