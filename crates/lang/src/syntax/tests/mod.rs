//! Tests of the syntax room.

mod corpus;
mod dump;
mod errors;
mod trees;
