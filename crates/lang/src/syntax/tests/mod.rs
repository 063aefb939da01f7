//! Tests of the syntax room.

pub(crate) mod corpus;
mod dump;
mod errors;
mod trees;
