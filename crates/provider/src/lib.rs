//! The contract between the engine and its providers.
//!
//! Rooms, from the bottom up:
//!
//! * [`schema`] – what attributes and blocks a type has; decoding a body by it, coercing, locating;
//! * [`protocol`] – the [`Provider`] trait with its requests and answers, shaped like Terraform's plugin protocol;
//! * [`declared`] – a resource type as a table of fields and a few calls, from which schema, validation and planning follow;
//! * [`rest`] – HTTP with retries, waits and pagination for types that stand on a REST API;
//! * [`builtin`] – the built-in provider with `terraform_data`.

pub mod builtin;
pub mod declared;
pub mod protocol;
pub mod registry;
pub mod rest;
pub mod schema;

pub use protocol::Provider;
pub use registry::Registry;
