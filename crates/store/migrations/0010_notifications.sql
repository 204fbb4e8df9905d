-- Where notices go.
CREATE TABLE endpoints (
    id               TEXT PRIMARY KEY,
    account          TEXT NOT NULL REFERENCES accounts (name) ON DELETE CASCADE,
    name             TEXT NOT NULL,
    -- The kind of its channel.
    kind             TEXT NOT NULL,
    -- How it is spoken to: encrypted with the service's key.
    settings         TEXT NOT NULL,
    -- What it is told of, and when: JSON.
    routing          TEXT NOT NULL,
    -- Counted up when what it is sent is divided into requests otherwise.
    revision         BIGINT NOT NULL,
    -- Whether it is told what happens in every account.
    system_global    BOOLEAN NOT NULL,
    -- Whether it comes from the configuration, which alone changes it.
    configured       BOOLEAN NOT NULL,
    enabled          BOOLEAN NOT NULL,
    disabled_because TEXT,
    -- Deliveries at once, and in a minute.
    concurrency      BIGINT NOT NULL,
    per_minute       BIGINT NOT NULL,
    -- Attempts that failed in a row, since when, and deliveries given up since it last took one.
    failures         BIGINT NOT NULL,
    failing_since    BIGINT,
    dead             BIGINT NOT NULL,
    -- Nothing is sent before that.
    not_before       BIGINT NOT NULL,
    -- When it would be even with its limit per minute.
    paced_until      BIGINT NOT NULL,
    created_at       BIGINT NOT NULL,
    last_updated     BIGINT NOT NULL,
    UNIQUE (account, name)
);
CREATE INDEX endpoints_listening ON endpoints (system_global, enabled);

-- What there is to tell, written with the change that it tells of. One that nobody is told of is removed.
CREATE TABLE notices (
    number      {{id}},
    id          TEXT NOT NULL UNIQUE,
    account     TEXT NOT NULL REFERENCES accounts (name) ON DELETE CASCADE,
    kind        TEXT NOT NULL,
    subject     TEXT NOT NULL,
    message     TEXT NOT NULL,
    -- What it is filtered by, and what its payload is made of: JSON.
    facts       TEXT NOT NULL,
    details     TEXT NOT NULL,
    -- Whether it is decided who is told.
    routed      BOOLEAN NOT NULL,
    occurred_at BIGINT NOT NULL
);
CREATE INDEX notices_to_route ON notices (routed, number);
CREATE INDEX notices_by_account ON notices (account);

-- Notices on their way to an endpoint.
CREATE TABLE deliveries (
    number       {{id}},
    id           TEXT NOT NULL UNIQUE,
    account      TEXT NOT NULL REFERENCES accounts (name) ON DELETE CASCADE,
    endpoint     TEXT NOT NULL REFERENCES endpoints (id) ON DELETE CASCADE,
    -- The account that has the endpoint.
    owner        TEXT NOT NULL,
    -- What goes to an endpoint about one subject goes in order.
    subject      TEXT NOT NULL,
    state        TEXT NOT NULL,
    -- Whether it takes more notices until it is due.
    gathers      BOOLEAN NOT NULL,
    due_at       BIGINT NOT NULL,
    give_up_at   BIGINT NOT NULL,
    -- All there were, and those before it was put off or asked for again.
    attempts     BIGINT NOT NULL,
    earlier      BIGINT NOT NULL,
    -- Requests of it that the receiver has taken, at which revision of the endpoint.
    accepted     BIGINT NOT NULL,
    revision     BIGINT NOT NULL,
    lease_until  BIGINT,
    worker       TEXT,
    last_status  BIGINT,
    last_error   TEXT,
    created_at   BIGINT NOT NULL,
    ended_at     BIGINT
);
CREATE INDEX deliveries_due ON deliveries (state, due_at);
CREATE INDEX deliveries_at_once ON deliveries (state, endpoint);
CREATE INDEX deliveries_in_order ON deliveries (endpoint, account, subject, state, number);
CREATE INDEX deliveries_by_account ON deliveries (account, number);
CREATE INDEX deliveries_by_owner ON deliveries (owner, number);
CREATE INDEX deliveries_by_end ON deliveries (ended_at);

CREATE TABLE delivery_notices (
    delivery BIGINT NOT NULL REFERENCES deliveries (number) ON DELETE CASCADE,
    notice   BIGINT NOT NULL REFERENCES notices (number) ON DELETE CASCADE,
    PRIMARY KEY (delivery, notice)
){{clustered}};
CREATE INDEX delivery_notices_by_notice ON delivery_notices (notice);

CREATE TABLE delivery_attempts (
    delivery     BIGINT NOT NULL REFERENCES deliveries (number) ON DELETE CASCADE,
    number       BIGINT NOT NULL,
    begun_at     BIGINT NOT NULL,
    milliseconds BIGINT NOT NULL,
    -- Of HTTP.
    status       BIGINT,
    -- Why it failed; none: it did not.
    reason       TEXT,
    -- Of the receiver's answer.
    excerpt      TEXT NOT NULL,
    PRIMARY KEY (delivery, number)
){{clustered}};
