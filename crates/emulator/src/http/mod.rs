//! What all planes share of HTTP: errors, bodies, pages, authentication, prefixes, faults.

pub(crate) mod auth;
pub(crate) mod body;
pub(crate) mod error;
pub(crate) mod faults;
pub(crate) mod gateway;
pub(crate) mod line;
pub(crate) mod page;
