//! Operations: what is forgotten, what the relay holds back, probes, documents, heads, backups.

mod drill;
mod heads;
mod migrating;
mod probes;
mod process;
mod relay;
mod retention;
mod watch;
