//! Streamform: an infrastructure-as-code engine for Confluent Cloud and Apache Flink.
//!
//! The rooms, in rank order: each imports only those above it in this list.
//!
//! * [`config`] – the module tree as written
//! * [`eval`] – the module tree come alive
//! * [`plan`] – planned changes and the execution graph
//! * [`exec`] – carries a plan out

pub mod cli;
pub mod config;
pub mod deps;
pub mod engine;
pub mod eval;
pub mod exec;
pub mod plan;
pub mod report;
