//! Reading an object: decompressed piece by piece, and not believed before its checksum holds.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use async_compression::{tokio::bufread::ZstdDecoder, zstd::DParameter};
use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use tokio::{
    io::{AsyncRead, ReadBuf},
    task::coop,
};
use tokio_util::io::StreamReader;

use crate::{Content, Error, Fault, ObjectKey};

/// Content of an object as it is read. The end of the content is only told when all of it had the checksum of the key; else
/// the last read fails. Whoever acts on content before its end acts on what may be damaged.
///
/// Errors are [`io::Error`]s around an [`Error`]. Memory is bounded by a part of the storage and zstd's window.
pub struct Reading {
    decoder: ZstdDecoder<StreamReader<Content<'static>, Bytes>>,
    /// Taken when the end has been verified.
    hash: Option<Sha256>,
    object: ObjectKey,
    place: String,
}

/// Largest window a decoder makes room for, as a power of two: what zstd writes at every level up to 19.
const WINDOW: u32 = 27;

impl Reading {
    pub(crate) fn new(content: Content<'static>, object: ObjectKey, place: String) -> Self {
        let stored = StreamReader::new(content);
        let decoder = ZstdDecoder::with_params(stored, &[DParameter::window_log_max(WINDOW)]);
        Self { decoder, hash: Some(Sha256::new()), object, place }
    }

    /// A fault of the storage is told apart from content that cannot be decompressed.
    fn explain(&self, error: io::Error) -> io::Error {
        let kind = error.kind();
        let explained = match error.downcast::<Fault>() {
            Ok(fault) => Error::reading(self.object, self.place.clone(), fault),
            Err(error) => {
                let truncated = error.kind() == io::ErrorKind::UnexpectedEof;
                self.damaged(if truncated {
                    "it is truncated".into()
                } else {
                    format!("it is no zstd stream: {error}")
                })
            }
        };
        io::Error::new(kind, explained)
    }

    fn damaged(&self, reason: String) -> Error {
        Error::Damaged { object: self.object, place: self.place.clone(), reason }
    }
}

impl AsyncRead for Reading {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        // Everything may be at hand, and decompressing it all at once would keep the thread from other tasks.
        let turn = ready!(coop::poll_proceed(cx));
        let start = buffer.filled().len();
        let read = ready!(Pin::new(&mut self.decoder).poll_read(cx, buffer));
        turn.made_progress();
        read.map_err(|error| self.explain(error))?;
        match &buffer.filled()[start..] {
            [] if buffer.remaining() == 0 => {}
            [] => {
                if let Some(found) = self.hash.take().map(ObjectKey::finished)
                    && found != self.object
                {
                    let error = self.damaged(format!("its content has the checksum {found}"));
                    return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, error)));
                }
            }
            piece => {
                if let Some(hash) = &mut self.hash {
                    hash.update(piece);
                }
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// The error that a [`Reading`] wrapped.
pub(crate) fn unwrapped(error: io::Error) -> Error {
    error.downcast::<Error>().unwrap_or_else(|source| Error::Input { source })
}
