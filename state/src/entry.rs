//! What one commit is made of.

use std::collections::BTreeMap;

use crate::Intent;
use crate::OutputValue;
use crate::Record;

/// One change of the store. A commit takes many and makes them durable together, or none of them.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// A call is about to be made.
    Intent(Intent),
    /// The outcome of a call is known; its results, if any, stand in the same commit. An unknown number is no error.
    Settled {
        /// [`Intent::id`].
        intent: u64,
    },
    /// Writes a record. One without any object is removed instead; one that says what is stored already is not written.
    Put(Record),
    /// Removes a record. An unknown address is no error.
    Remove {
        /// [`Record::address`].
        address: String,
    },
    /// Replaces all output values.
    Outputs(BTreeMap<String, OutputValue>),
    /// Replaces the results of checks, which the store does not look into.
    Checks(serde_json::Value),
    /// Gives the state another lineage and serial, as `state push` does. The serial counts as this run's.
    Identity {
        /// Unique name of the chain of states.
        lineage: String,
        /// The serial from now on.
        serial: u64,
    },
}

impl Entry {
    /// Whether it holds what must not be readable on disk.
    pub(crate) fn holds_secrets(&self) -> bool {
        match self {
            Self::Intent(_) => true,
            Self::Put(record) => record.holds_secrets(),
            Self::Outputs(outputs) => outputs.values().any(|output| output.sensitive),
            Self::Settled { .. } | Self::Remove { .. } | Self::Checks(_) | Self::Identity { .. } => false,
        }
    }
}
