//! Hands a layer's uncompressed bytes from the thread that decompresses them to the one that looks at them.
//!
//! Decompressing takes about two thirds of the time of a walk, hashing and looking the rest. In two threads even an
//! image with a single large layer uses two processors. A few buffers go round, so memory stays small however far one
//! side is ahead of the other.

use std::io::{self, BufRead, Read};

use crossbeam_channel::{Receiver, Sender, bounded};
use sha2::{Digest as _, Sha256};

const BUFFERS: usize = 6;
const BUFFER_BYTES: usize = 256 << 10;

/// The two ends of a pipe.
pub(crate) fn pipe() -> (Filler, Chunks) {
    let (filled_in, filled_out) = bounded(BUFFERS);
    let (empty_in, empty_out) = bounded(BUFFERS);
    let filler = Filler { filled: filled_in, empty: empty_out, made: 0 };
    let chunks = Chunks {
        filled: filled_out,
        empty: empty_in,
        buffer: Vec::new(),
        position: 0,
        hasher: Sha256::new(),
        bytes: 0,
    };
    (filler, chunks)
}

/// Where filled buffers go in.
pub(crate) struct Filler {
    filled: Sender<Vec<u8>>,
    empty: Receiver<Vec<u8>>,
    made: usize,
}

impl Filler {
    /// A buffer to fill; `None` if the other side has gone.
    pub(crate) fn buffer(&mut self) -> Option<Vec<u8>> {
        if self.made < BUFFERS && self.empty.is_empty() {
            self.made += 1;
            return Some(vec![0; BUFFER_BYTES]);
        }
        let mut buffer = self.empty.recv().ok()?;
        buffer.resize(BUFFER_BYTES, 0);
        Some(buffer)
    }

    /// Hands a buffer over; `false` if the other side has gone.
    pub(crate) fn send(&self, buffer: Vec<u8>) -> bool {
        self.filled.send(buffer).is_ok()
    }
}

/// Where the bytes come out, counted and hashed; they end where the filler hangs up.
pub(crate) struct Chunks {
    filled: Receiver<Vec<u8>>,
    empty: Sender<Vec<u8>>,
    buffer: Vec<u8>,
    position: usize,
    hasher: Sha256,
    bytes: u64,
}

impl Chunks {
    /// Takes whatever is left.
    pub(crate) fn drain(&mut self) {
        while self.next() {}
    }

    /// How many bytes there were, and their digest.
    pub(crate) fn finish(self) -> (u64, [u8; 32]) {
        (self.bytes, self.hasher.finalize().into())
    }

    fn next(&mut self) -> bool {
        let Ok(buffer) = self.filled.recv() else {
            self.position = self.buffer.len();
            return false;
        };
        self.hasher.update(&buffer);
        self.bytes += buffer.len() as u64;
        let used = std::mem::replace(&mut self.buffer, buffer);
        self.position = 0;
        if used.capacity() > 0 {
            // The other side may have ended already; then nobody needs the buffer.
            let _ = self.empty.try_send(used);
        }
        true
    }
}

impl BufRead for Chunks {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.position == self.buffer.len() && self.next() {}
        Ok(&self.buffer[self.position..])
    }

    fn consume(&mut self, bytes: usize) {
        self.position += bytes;
    }
}

impl Read for Chunks {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let taken = available.len().min(out.len());
        out[..taken].copy_from_slice(&available[..taken]);
        self.consume(taken);
        Ok(taken)
    }
}
