//! Answers are compressed where it pays: long JSON and the web pages' files, for clients that ask for it.

use axum::{
    body::HttpBody,
    http::{Response, header},
};
use tower_http::{
    CompressionLevel,
    compression::{CompressionLayer, Predicate, predicate::SizeAbove},
};

use crate::web;

/// Bytes from which it pays: what takes few packets arrives as soon.
const LEAST: u16 = 16 << 10;
/// The same for the files of a page, which a browser asks for all at once.
const LEAST_OF_PAGES: u16 = 1 << 10;

/// Lists of this API shrink to less than a tenth at the fastest level; slower ones gain little.
pub(crate) fn layer() -> CompressionLayer<impl Predicate> {
    CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(WhereItPays)
}

#[derive(Clone, Copy)]
struct WhereItPays;

impl Predicate for WhereItPays {
    fn should_compress<B: HttpBody>(&self, response: &Response<B>) -> bool {
        let least = match response.headers().get(header::CONTENT_TYPE) {
            Some(kind) if kind == "application/json" => LEAST,
            Some(kind) if web::is_text(kind) => LEAST_OF_PAGES,
            _ => return false,
        };
        SizeAbove::new(least).should_compress(response)
    }
}
