//! The service as its clients meet it: the program serving, a registry beside it, and unmodified clients.

mod anchore_cli;
mod away;
mod description;
mod hub;
mod images;
mod importing;
mod killing;
mod logs;
mod monitoring;
mod moving;
mod notices;
mod place;
mod process;
mod receivers;
mod recorded;
mod registry;
mod roles;
#[allow(clippy::unwrap_used, dead_code, reason = "it is the object storages' as well")]
#[path = "../../../objects/tests/support/servers.rs"]
mod servers;
mod starting;
mod stopping;
mod storage;
mod tls;
mod tour;
mod traces;
mod windlass_cli;
