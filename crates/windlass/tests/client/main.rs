//! The commands that speak to a service, as a user runs them, against a stand-in that answers what it is told to.

mod administration;
mod archive;
mod connection;
mod images;
mod imports;
mod notifications;
mod place;
mod policies;
mod recorded;
mod work;
