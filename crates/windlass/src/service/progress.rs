//! How far something is that is waited for.

use std::{
    io::{self, IsTerminal as _, Write as _},
    time::{Duration, Instant},
};

/// A pipeline that is silent for longer may be taken for dead.
const LONGEST_SILENCE: Duration = Duration::from_mins(1);

/// On a terminal one line that is written over; elsewhere a line whenever something changes, and once a minute. With
/// `--quiet`, nothing.
pub(crate) struct Progress {
    begin: Instant,
    spoke: Instant,
    terminal: bool,
    quiet: bool,
    last: String,
}

impl Progress {
    pub(crate) fn start() -> Self {
        let quiet = !tracing::enabled!(tracing::Level::WARN);
        let now = Instant::now();
        Self { begin: now, spoke: now, terminal: io::stderr().is_terminal(), quiet, last: String::new() }
    }

    pub(crate) fn show(&mut self, standing: &str) {
        let standing = windlass_sbom::printable(standing);
        let is_news = self.last != standing || self.spoke.elapsed() >= LONGEST_SILENCE;
        if self.quiet || !(self.terminal || is_news) {
            return;
        }
        self.spoke = Instant::now();
        let seconds = self.begin.elapsed().as_secs();
        // Nobody is there to be told that nobody can be told.
        let _ = if self.terminal {
            write!(io::stderr(), "\r\x1b[K{standing} ({seconds} s)").and_then(|()| io::stderr().flush())
        } else {
            writeln!(io::stderr(), "{standing}")
        };
        self.last = standing.into_owned();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.terminal && !self.last.is_empty() {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
