//! The commands that speak to a service, as a user runs them, against a stand-in that answers what it is told to.

mod administration;
mod images;
mod imports;
mod notifications;
mod place;
mod recorded;
mod work;
