//! Object storage: bulk documents that the service keeps outside its database.
//!
//! Documents are content-addressed and never change: [`Objects::put`] answers with the [`ObjectKey`] of the content, and
//! [`Objects::get`] gives the content back, verified, or says which object is damaged where and what to do. They are stored as
//! zstd frames under `ab/cd/<sha256>.zst`, so that anybody with `zstd` and `sha256sum` can read and check them.
//!
//! Where they lie is a [`Driver`] behind [`Objects`]: what OpenDAL speaks to (folders, S3, Swift, Google Cloud Storage, Azure
//! Blob), opened from a [`Location`], or another that implements the trait, such as the service's own database.
//!
//! ```
//! # async fn example() -> Result<(), windlass_objects::Error> {
//! # let folder = tempfile::tempdir().unwrap();
//! # let location = windlass_objects::Location::folder(folder.path())?;
//! use windlass_objects::{Objects, Options};
//!
//! let objects = Objects::open(&location, Options::default()).await?;
//! let key = objects.put("a document").await?;
//! assert_eq!(objects.get(&key).await?, "a document");
//! # Ok(()) }
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(example()).unwrap();
//! ```

mod anchore;
mod bucket;
mod check;
mod driver;
mod error;
mod http;
mod key;
mod later;
mod location;
mod migrate;
mod objects;
mod options;
mod reading;
mod scheme;
mod swift;
mod uploads;

pub use self::{
    check::{Checking, Comparison, Repair, Report, check, compare, repair},
    driver::{ABANDONED, Claims, Content, Driver, Entry, Fault, FaultKind},
    error::Error,
    key::{InvalidKey, ObjectKey},
    location::Location,
    migrate::{Migration, Outcome, Progress, Prospect, foresee, migrate},
    objects::{Objects, Stored, StoredObject},
    options::Options,
    reading::Reading,
    scheme::Scheme,
};
