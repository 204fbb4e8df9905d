//! The service as its clients meet it: the program serving, a registry beside it, and unmodified clients.

mod anchore_cli;
mod hub;
mod images;
mod importing;
mod notices;
mod place;
mod receivers;
mod recorded;
mod registry;
mod storage;
mod tour;
mod traces;
mod windlass_cli;
