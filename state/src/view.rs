//! A consistent look at the whole state.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use rpds::RedBlackTreeMapSync;

use crate::OutputValue;
use crate::Record;

/// The state as it was at one commit. Cloning costs a few counters; a view never changes, and commits after it share
/// everything with it that they did not touch.
#[derive(Debug, Clone)]
pub struct StateView {
    pub(crate) lineage: Arc<str>,
    pub(crate) serial: u64,
    pub(crate) records: RedBlackTreeMapSync<String, Slot>,
    pub(crate) outputs: Arc<BTreeMap<String, OutputValue>>,
    pub(crate) checks: Arc<serde_json::Value>,
}

/// A record and the digest of its stored form.
#[derive(Debug, Clone)]
pub(crate) struct Slot {
    pub(crate) record: Arc<Record>,
    pub(crate) digest: u128,
}

impl StateView {
    /// A state without anything in it, as of a new store.
    pub fn empty(lineage: impl Into<Arc<str>>) -> Self {
        Self {
            lineage: lineage.into(),
            serial: 0,
            records: RedBlackTreeMapSync::default(),
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
        self.records.insert_mut(
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
        self.records.get(address).map(|slot| &slot.record)
    }

    /// All records, ordered by the text of their address.
    pub fn records(&self) -> impl Iterator<Item = &Arc<Record>> {
        self.records.values().map(|slot| &slot.record)
    }

    /// The records of all instances of one resource of one module instance, such as `module.a["x"].type.name`, with and without key.
    pub fn instances_of<'a>(&'a self, resource: &'a str) -> impl Iterator<Item = &'a Arc<Record>> {
        let first = (Bound::Included(resource), Bound::Unbounded);
        self.records
            .range::<str, _>(first)
            .take_while(move |(address, _)| address.starts_with(resource))
            .filter(move |(address, _)| {
                let rest = &address[resource.len()..];
                rest.is_empty() || rest.starts_with('[')
            })
            .map(|(_, slot)| &slot.record)
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.records.size()
    }

    /// Whether there is neither a record nor an output.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && self.outputs.is_empty()
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
