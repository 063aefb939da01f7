//! Streamform: an infrastructure-as-code engine for Confluent Cloud and Apache Flink.
//!
//! The rooms, in rank order: each imports only those above it in this list.
//!
//! * [`config`] – the module tree as written, checked statically
//! * [`plan`] – planned changes and the execution graph
//! * [`exec`] – carries a plan out

pub mod config;
pub mod exec;
pub mod plan;
