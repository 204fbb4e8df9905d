-- Documents of the `db` object driver, in pieces.
CREATE TABLE object_chunks (
    key        TEXT NOT NULL,
    ordinal    BIGINT NOT NULL,
    content    {{bytes}} NOT NULL,
    written_at BIGINT NOT NULL,
    PRIMARY KEY (key, ordinal)
);
