//! Answers are compressed where it pays: long JSON, for clients that ask for it.

use axum::http::{Extensions, HeaderMap, StatusCode, Version, header};
use tower_http::{
    CompressionLevel,
    compression::{CompressionLayer, Predicate, predicate::SizeAbove},
};

/// Bytes from which it pays: what takes few packets arrives as soon.
const LEAST: u16 = 16 << 10;

/// Lists of this API shrink to less than a tenth at the fastest level; slower ones gain little.
pub(crate) fn layer() -> CompressionLayer<impl Predicate> {
    let is_json = |_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions| {
        headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json")
    };
    CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(SizeAbove::new(LEAST).and(is_json))
}
