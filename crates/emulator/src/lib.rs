//! The Confluent Cloud APIs on this machine, over real HTTP.
//!
//! One address serves all planes. Base addresses that the control plane hands out lead back to it, with a path prefix
//! in place of a host name (`http` > `gateway`).
//!
//! ```text
//! server      starting and stopping; the router
//! instance    the data directory: who serves it, what it remembers
//! log, store  objects in memory, behind an append-only log
//! records     what is remembered of each object
//! cloud       the control plane
//! kafka       Kafka REST v3
//! registry    the Schema Registry
//! flink       the Flink SQL gateway, and the engine that gives statements their effect
//! http        errors, bodies, pages, authentication, faults
//! admin       what only the emulator has
//! credentials what opens it, and asking a running one for that
//! ```
//!
//! Phases such as `PROVISIONING` are worked out from an object's age when it is asked for; nothing runs in the
//! background.

mod admin;
mod app;
mod clock;
mod cloud;
mod config;
mod credentials;
mod crn;
mod flink;
mod http;
mod ids;
mod instance;
mod kafka;
mod log;
mod records;
mod registry;
mod server;
mod store;

pub use config::{EmulatorConfig, EmulatorError};
pub use credentials::{Credentials, CredentialsError, credentials};
pub use server::Emulator;
