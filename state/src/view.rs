//! A consistent look at the whole state.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::OutputValue;
use crate::Record;
use crate::records::Records;
use crate::records::Slot;

/// The state as it was at one commit. Cloning costs a few counters; a view never changes, and commits after it share
/// everything with it that they did not touch.
#[derive(Debug, Clone)]
pub struct StateView {
    pub(crate) lineage: Arc<str>,
    pub(crate) serial: u64,
    pub(crate) records: Records,
    pub(crate) outputs: Arc<BTreeMap<String, OutputValue>>,
    pub(crate) checks: Arc<serde_json::Value>,
}

impl StateView {
    /// A state without anything in it, as of a new store.
    pub fn empty(lineage: impl Into<Arc<str>>) -> Self {
        Self {
            lineage: lineage.into(),
            serial: 0,
            records: Records::default(),
            outputs: Arc::default(),
            checks: Arc::new(serde_json::Value::Null),
        }
    }

    /// A state from its parts, without a store.
    pub fn from_parts(
        lineage: &str,
        serial: u64,
        records: impl IntoIterator<Item = Record>,
        outputs: BTreeMap<String, OutputValue>,
        checks: serde_json::Value,
    ) -> Self {
        let mut view = Self::empty(lineage);
        view.serial = serial;
        for record in records {
            view.insert(record);
        }
        view.outputs = Arc::new(outputs);
        view.checks = Arc::new(checks);
        view
    }

    pub(crate) fn insert(&mut self, record: Record) {
        // The digest is of the stored form, which such a record does not have.
        self.records.insert(
            record.address.clone(),
            Slot {
                record: Arc::new(record),
                digest: 0,
            },
        );
    }

    /// Unique name of the chain of states that this one belongs to (a UUID).
    pub fn lineage(&self) -> &str {
        &self.lineage
    }

    /// Grows once in every run that changes something. 0: never written.
    pub fn serial(&self) -> u64 {
        self.serial
    }

    /// The record of an instance. O(log n).
    pub fn get(&self, address: &str) -> Option<&Arc<Record>> {
        self.records.get(address)
    }

    /// All records, ordered by the text of their address.
    pub fn records(&self) -> impl Iterator<Item = &Arc<Record>> {
        self.records.iter()
    }

    /// The addresses of all records, in order of their text. Reads no record.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        self.records.addresses()
    }

    /// The records of all instances of one resource of one module instance, such as `module.a["x"].type.name`, with and without key.
    pub fn instances_of<'a>(&'a self, resource: &'a str) -> impl Iterator<Item = &'a Arc<Record>> {
        self.records
            .from(resource)
            .take_while(move |(address, _)| address.starts_with(resource))
            .filter(move |(address, _)| {
                let rest = &address[resource.len()..];
                rest.is_empty() || rest.starts_with('[')
            })
            .map(|(_, found)| found.record())
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there is neither a record nor an output.
    pub fn is_empty(&self) -> bool {
        self.records.len() == 0 && self.outputs.is_empty()
    }

    /// The output values of the root module.
    pub fn outputs(&self) -> &BTreeMap<String, OutputValue> {
        &self.outputs
    }

    /// The results of checks; `null` when there never were any.
    pub fn checks(&self) -> &serde_json::Value {
        &self.checks
    }
}
