//! What an engine for statements has to offer. The built-in one ([`super::catalog::Catalog`]) moves no data: it keeps
//! the catalog, topics and schemas true. One that runs real Flink can take its place.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::clock::Moment;
use crate::records::{ComputePool, Outcome, Statement};
use crate::store::{Op, World};

/// A statement that somebody sends.
#[derive(Debug)]
pub(crate) struct Submission<'a> {
    /// The environment that it is sent to: its catalog, unless a property names another.
    pub(crate) environment: &'a str,
    pub(crate) pool: &'a ComputePool,
    pub(crate) sql: &'a str,
    pub(crate) properties: &'a BTreeMap<String, String>,
    pub(crate) now: Moment,
}

/// What a statement comes to.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) outcome: Outcome,
    /// What it changes, together with its own record.
    pub(crate) effects: Vec<Op>,
    /// `status.traits`.
    pub(crate) traits: Value,
}

/// Gives statements their effect.
pub(crate) trait StatementEngine: Send + Sync + std::fmt::Debug {
    /// Takes a statement.
    fn submit(&self, world: &World, submission: &Submission<'_>) -> Verdict;

    /// How far a statement has read, by topic: `partition:0,offset:12;partition:1,offset:7`.
    fn offsets(&self, world: &World, statement: &Statement) -> BTreeMap<String, String>;
}
