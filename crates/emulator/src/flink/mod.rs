//! The Flink SQL gateway.

pub(crate) mod phase;
