//! What holds wherever a state is kept: the same laws over folders, PostgreSQL, an object store and an HTTP address, on real servers.

mod copies;
mod kills;
mod laws;
mod places;
#[allow(dead_code, reason = "the end-to-end tests use the rest")]
mod servers;
