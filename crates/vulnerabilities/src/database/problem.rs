/// Why a look-up has no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error("document {id} is not what its kind of record has: {source}")]
    Blob { id: i64, source: serde_json::Error },
    #[error("document {0} is referred to but not there")]
    NoBlob(i64),
    #[error("record {0} is referred to but not there")]
    NoVulnerability(i64),
    #[error("a CPE must name its product")]
    ProductWildcard,
}
