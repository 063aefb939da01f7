//! The Streamform language: everything between a configuration file and a value.
//!
//! Rooms, from the bottom up (each may use only those above it in this list):
//!
//! * [`diag`] – source files, spans, diagnostics as data;
//! * [`value`] – types, values with null, unknown and marks, numbers, conversion, JSON;
//! * [`addrs`] – names of resources, modules, instances, providers;
//! * [`syntax`] – text to tree: scanner, parser (hcl-edit inside), lowering to our own tree;
//! * [`functions`] – the built-in functions;
//! * [`eval`] – a tree and a [`eval::Scope`] to a value;
//! * [`fmt`] – the canonical layout of a file.

pub mod addrs;
pub mod diag;
pub mod eval;
pub mod fmt;
pub mod functions;
pub mod syntax;
pub mod value;
