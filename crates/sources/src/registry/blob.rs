//! A layer as it streams from a registry, taken up again where a connection broke.

use std::{
    io::{self, Read},
    sync::Arc,
    thread,
};

use reqwest::{Method, StatusCode, blocking::Response, header::CONTENT_RANGE};
use windlass_image::LayerSource;

use super::client::{Client, Question};
use crate::{documents::Descriptor, error::Error};

/// Broken connections of one layer, however much each of them brought.
const MOST_BREAKS: u32 = 64;

#[derive(Clone)]
pub(super) struct RemoteLayer {
    client: Arc<Client>,
    repository: Arc<str>,
    name: String,
    path: String,
    size: u64,
    /// Where layers that must not be pushed can be had (Windows base layers).
    elsewhere: Vec<String>,
}

impl RemoteLayer {
    pub(super) fn new(client: Arc<Client>, repository: Arc<str>, descriptor: &Descriptor) -> Self {
        let foreign = descriptor.media_type.contains("foreign") || descriptor.media_type.contains("nondistributable");
        // The address comes with the image, so nothing but an encrypted one is asked.
        let secure = |url: &&String| foreign && url.starts_with("https://");
        Self {
            client,
            repository,
            name: format!("layer {}", descriptor.digest),
            path: format!("blobs/{}", descriptor.digest),
            size: descriptor.size,
            elsewhere: descriptor.urls.iter().filter(secure).take(4).cloned().collect(),
        }
    }

    fn request(&self, from: u64) -> Result<Response, Error> {
        let range = (from > 0).then(|| format!("bytes={from}-"));
        let mut question = Question::new(&self.repository, &self.path, &self.name);
        question.headers.extend(range.as_deref().map(|range| ("range", range)));
        let mut result = self.client.ask(&Method::GET, &question);
        for url in &self.elsewhere {
            if !matches!(result, Err(Error::NotInRegistry { .. })) {
                break;
            }
            result = self.client.get_elsewhere(url, range.as_deref(), &self.name);
        }
        result
    }
}

impl LayerSource for RemoteLayer {
    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        let response = self.request(0).map_err(io::Error::other)?;
        Ok(Box::new(Stream { layer: self.clone(), response, position: 0, fruitless: 0, breaks: 0 }))
    }
}

struct Stream {
    layer: RemoteLayer,
    response: Response,
    position: u64,
    /// Attempts since the last byte arrived.
    fruitless: u32,
    breaks: u32,
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            let broken = match self.response.read(buffer) {
                Ok(0) if self.position >= self.layer.size => return Ok(0),
                Ok(0) => io::Error::new(io::ErrorKind::UnexpectedEof, "the connection ended early"),
                Ok(count) => {
                    self.position += count as u64;
                    self.fruitless = 0;
                    if self.position > self.layer.size {
                        let text =
                            format!("{} is longer than the {} bytes announced", self.layer.name, self.layer.size);
                        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
                    }
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => error,
            };
            if self.fruitless >= self.layer.client.retries() || self.breaks >= MOST_BREAKS {
                let (kind, what) = (broken.kind(), self.layer.name.clone());
                return Err(io::Error::new(kind, Error::BrokeOff { what, position: self.position, source: broken }));
            }
            thread::sleep(self.layer.client.pause(self.fruitless));
            self.fruitless += 1;
            self.breaks += 1;
            self.resume()?;
        }
    }
}

impl Stream {
    /// Continues at the position; a server that knows no ranges sends everything again, and the known part is skipped.
    fn resume(&mut self) -> io::Result<()> {
        let mut response = self.layer.request(self.position).map_err(io::Error::other)?;
        let start = match response.status() {
            StatusCode::PARTIAL_CONTENT => range_start(&response),
            _ => Some(0),
        };
        match start {
            Some(start) if start <= self.position => {
                let known = self.position - start;
                if io::copy(&mut response.by_ref().take(known), &mut io::sink()).is_ok_and(|skipped| skipped == known) {
                    self.response = response;
                }
                // Otherwise the old, broken answer is read again, which counts as one more failure.
                Ok(())
            }
            _ => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("the registry continued {} at another byte than was asked for", self.layer.name),
            )),
        }
    }
}

/// The first byte of `Content-Range: bytes 100-199/200`.
fn range_start(response: &Response) -> Option<u64> {
    let value = response.headers().get(CONTENT_RANGE)?.to_str().ok()?;
    value.trim().strip_prefix("bytes")?.trim_start().split('-').next()?.parse().ok()
}
