//! Looks for a newer database and installs it.

use std::fs::File;
use std::io::Read;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::location::{DEFAULT_SOURCE, Location};
use super::{Body, Fetch, FetchError, Listing};
use crate::cache::{Cache, ImportMetadata, spool};
use crate::{Budget, Error, Result, SCHEMA, Watch};

const LISTING_LIMIT: Duration = Duration::from_secs(30);
const ARCHIVE_LIMIT: Duration = Duration::from_mins(5);
/// The document has five short members.
const LONGEST_LISTING: u64 = 1 << 20;
const ATTEMPTS: u32 = 3;

/// How to look for a newer database.
#[derive(Clone, Debug)]
pub struct UpdateOptions {
    /// An `http(s)` address, a `file://` one or a path: of a listing (`….json`), or of the folder above `v6/latest.json`.
    pub source: String,
    /// Use nothing but the disk.
    pub offline: bool,
    /// Look again only after this time. A database that is missing or unreadable is looked for at once.
    pub every: SignedDuration,
    pub budget: Budget,
}

impl Default for UpdateOptions {
    fn default() -> Self {
        Self {
            source: DEFAULT_SOURCE.to_owned(),
            offline: false,
            every: SignedDuration::from_hours(2),
            budget: Budget::default(),
        }
    }
}

/// What an update came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The listed database was installed in place of the one built at `previous`, if there was a readable one.
    Updated { listing: Listing, previous: Option<Timestamp>, metadata: ImportMetadata },
    /// What is installed is as new as what is listed.
    Current { listing: Listing, built: Timestamp },
    /// It was looked for recently.
    NotDue { built: Timestamp, last_check: Timestamp },
    /// The network may not be used, and there is a database.
    Offline { built: Timestamp },
}

/// Reads the listing of a source.
///
/// # Errors
/// It cannot be fetched or used; offline, when it is on the network.
pub fn check(fetch: &dyn Fetch, source: &str) -> Result<Listing> {
    read_listing(fetch, &Location::of_listing(source))
}

/// Installs the database that the source lists if it is newer than what `cache` has. The old database stays until the
/// new one is complete, verified and indexed; it stays for good if anything fails before.
///
/// # Errors
/// The listing or the archive cannot be fetched, is not what it claims, or announces another model; offline, when there
/// is no database.
pub fn update(
    cache: &Cache,
    fetch: &dyn Fetch,
    options: &UpdateOptions,
    now: Timestamp,
    watch: Watch<'_>,
) -> Result<Outcome> {
    let location = Location::of_listing(&options.source);
    if let Some(outcome) = nothing_to_do(cache, options, &location, now)? {
        return Ok(outcome);
    }
    let _lock = cache.lock()?;
    // Whoever had the lock may have brought what we want.
    if let Some(outcome) = nothing_to_do(cache, options, &location, now)? {
        return Ok(outcome);
    }
    let installed = installed(cache);
    let listing = read_listing(fetch, &location)?;
    if !SCHEMA.can_read(listing.schema) {
        return Err(Error::Listing {
            location: location.to_string(),
            reason: format!("it offers schema {}, and v{}.x is read", listing.schema, SCHEMA.model),
        });
    }
    if let Some(built) = installed
        && listing.built.as_second() <= built.as_second()
    {
        cache.note_update_check(now)?;
        return Ok(Outcome::Current { listing, built });
    }
    let archive = location.beside(&listing.path);
    let source = archive.to_string();
    let incoming = cache.incoming()?;
    let file = match &archive {
        Location::Disk(path) => path.clone(),
        Location::Url(url) => {
            let file = incoming.path().join("download");
            receiving(fetch, url, ARCHIVE_LIMIT, |mut body| {
                spool(&mut *body.reader, url, &file, options.budget, body.length, watch)
            })?;
            file
        }
    };
    let checksum = Some(listing.checksum.as_str());
    let metadata = cache.install(&file, &source, checksum, options.budget, &incoming, watch)?;
    cache.note_update_check(now)?;
    Ok(Outcome::Updated { listing, previous: installed, metadata })
}

/// When the installed database was built, if there is one and it can be read.
fn installed(cache: &Cache) -> Option<Timestamp> {
    cache.open().ok().map(|database| database.built_at())
}

fn nothing_to_do(
    cache: &Cache,
    options: &UpdateOptions,
    location: &Location,
    now: Timestamp,
) -> Result<Option<Outcome>> {
    let installed = installed(cache);
    if let (true, Location::Url(_)) = (options.offline, location) {
        return match installed {
            Some(built) => Ok(Some(Outcome::Offline { built })),
            None => Err(Error::Offline { path: cache.database_path() }),
        };
    }
    if let (Some(built), Some(last_check)) = (installed, cache.last_update_check()) {
        let since = now.duration_since(last_check);
        // A check in the future is a clock set back: look again.
        if !since.is_negative() && since < options.every {
            return Ok(Some(Outcome::NotDue { built, last_check }));
        }
    }
    Ok(None)
}

fn read_listing(fetch: &dyn Fetch, location: &Location) -> Result<Listing> {
    let shown = location.to_string();
    let json = match location {
        Location::Disk(path) => {
            let file = File::open(path).map_err(Error::file("open the listing", path))?;
            read_limited(file).map_err(Error::file("read the listing", path))?
        }
        Location::Url(url) => receiving(fetch, url, LISTING_LIMIT, |body| {
            read_limited(body.reader).map_err(|source| Error::UnreadableArchive { name: url.clone(), source })
        })?,
    };
    if json.len() as u64 > LONGEST_LISTING {
        return Err(Error::Listing { location: shown, reason: "it is longer than a listing can be".to_owned() });
    }
    Listing::parse(&json, &shown)
}

fn read_limited(reader: impl Read) -> std::io::Result<Vec<u8>> {
    let mut json = Vec::new();
    reader.take(LONGEST_LISTING + 1).read_to_end(&mut json)?;
    Ok(json)
}

/// Opens `url` and lets `receive` read the answer, again if either fails in a way that may pass.
fn receiving<T>(
    fetch: &dyn Fetch,
    url: &str,
    limit: Duration,
    mut receive: impl FnMut(Body) -> Result<T>,
) -> Result<T> {
    for attempt in 1.. {
        let failure = match fetch.open(url, limit) {
            Ok(body) => match receive(body) {
                // The connection broke under way.
                Err(Error::UnreadableArchive { source, .. }) => {
                    FetchError { reason: source.to_string(), transient: true, retry_after: None }
                }
                done_or_hopeless => return done_or_hopeless,
            },
            Err(failure) => failure,
        };
        if attempt == ATTEMPTS || !failure.transient {
            return Err(Error::Fetch { location: url.to_owned(), source: Box::new(failure) });
        }
        fetch.wait(attempt, &failure);
    }
    unreachable!("the last attempt returns")
}
