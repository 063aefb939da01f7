//! Everything that a state holds, in memory, with its digest.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use crate::Intent;
use crate::OutputValue;
use crate::RawJson;
use crate::Record;
use crate::StateView;
use crate::item::BadItem;
use crate::item::Codec;
use crate::item::Item;
use crate::item::Kind;
use crate::item::digest;
use crate::records::Records;
use crate::records::Slot;

/// Where a state stands, and a summary of what is in it. The same facts are in every frame of the log, in the working
/// store, in the manifest and in every snapshot, so that each can be held against the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Standing {
    /// Number of the last commit.
    pub(crate) seq: u64,
    pub(crate) lineage: String,
    pub(crate) serial: u64,
    /// How many items there are.
    pub(crate) count: u64,
    /// Sum of their digests, as 32 hexadecimal digits.
    pub(crate) digest: String,
}

/// One commit, as it goes to where the state is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Commit {
    /// The run that made it.
    pub(crate) run: String,
    /// The state after it.
    pub(crate) standing: Standing,
    /// What it changed.
    pub(crate) items: Vec<Item>,
}

/// A decoded item.
#[derive(Debug, Clone)]
pub(crate) enum Payload {
    Resource(Arc<Record>),
    Output(OutputValue),
    Intent(Intent),
    Checks(serde_json::Value),
}

impl Payload {
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Resource(_) => Kind::Resource,
            Self::Output(_) => Kind::Output,
            Self::Intent(_) => Kind::Intent,
            Self::Checks(_) => Kind::Checks,
        }
    }
}

/// The state in memory.
#[derive(Debug, Clone)]
pub(crate) struct Contents {
    pub(crate) view: StateView,
    pub(crate) seq: u64,
    intents: BTreeMap<u64, (Intent, u128)>,
    output_digests: BTreeMap<String, u128>,
    checks_digest: Option<u128>,
    count: u64,
    sum: u128,
}

impl Contents {
    pub(crate) fn empty(lineage: &str) -> Self {
        Self {
            view: StateView::empty(lineage),
            seq: 0,
            intents: BTreeMap::new(),
            output_digests: BTreeMap::new(),
            checks_digest: None,
            count: 0,
            sum: 0,
        }
    }

    pub(crate) fn intents(&self) -> impl Iterator<Item = &Intent> {
        self.intents.values().map(|(intent, _)| intent)
    }

    pub(crate) fn has_intent(&self, id: u64) -> bool {
        self.intents.contains_key(&id)
    }

    pub(crate) fn standing(&self) -> Standing {
        Standing {
            seq: self.seq,
            lineage: self.view.lineage.to_string(),
            serial: self.view.serial,
            count: self.count,
            digest: format!("{:032x}", self.sum),
        }
    }

    /// Takes lineage, serial and number of the last commit from outside, once the items that belong to them are in.
    pub(crate) fn stand_at(&mut self, standing: &Standing) {
        self.seq = standing.seq;
        self.view.serial = standing.serial;
        if *self.view.lineage != *standing.lineage {
            self.view.lineage = standing.lineage.as_str().into();
        }
    }

    /// Begins with these records: `count` of them, whose digests add up to `sum`. There are none yet.
    pub(crate) fn begin_with(&mut self, records: Records, count: u64, sum: u128) {
        self.view.records = records;
        self.count += count;
        self.sum = self.sum.wrapping_add(sum);
    }

    /// Takes in a stored item.
    pub(crate) fn load(&mut self, codec: &Codec, Item(kind, id, stored): &Item) -> Result<(), BadItem> {
        match stored {
            None => self.remove(*kind, id),
            Some(text) => {
                let payload = decode(codec, *kind, id, text)?;
                self.put(id, payload, digest(*kind, id, text));
            }
        }
        Ok(())
    }

    /// Takes in an item whose stored form has the digest `digest`.
    pub(crate) fn put(&mut self, id: &str, payload: Payload, digest: u128) {
        let before = match payload {
            Payload::Resource(record) => {
                let before = self.view.records.digest(id);
                self.view.records.insert(id.to_owned(), Slot { record, digest });
                before
            }
            Payload::Output(value) => {
                Arc::make_mut(&mut self.view.outputs).insert(id.to_owned(), value);
                self.output_digests.insert(id.to_owned(), digest)
            }
            Payload::Intent(intent) => self
                .intents
                .insert(intent.id, (intent, digest))
                .map(|(_, before)| before),
            Payload::Checks(value) => {
                self.view.checks = Arc::new(value);
                self.checks_digest.replace(digest)
            }
        };
        self.account(before, Some(digest));
    }

    /// Drops an item, if it is there.
    pub(crate) fn remove(&mut self, kind: Kind, id: &str) {
        let before = match kind {
            Kind::Resource => {
                let before = self.view.records.digest(id);
                self.view.records.remove(id);
                before
            }
            Kind::Output => {
                if self.view.outputs.contains_key(id) {
                    Arc::make_mut(&mut self.view.outputs).remove(id);
                }
                self.output_digests.remove(id)
            }
            Kind::Intent => id
                .parse()
                .ok()
                .and_then(|id: u64| self.intents.remove(&id))
                .map(|(_, before)| before),
            Kind::Checks => {
                self.view.checks = Arc::new(serde_json::Value::Null);
                self.checks_digest.take()
            }
        };
        self.account(before, None);
    }

    fn account(&mut self, before: Option<u128>, after: Option<u128>) {
        if let Some(before) = before {
            self.sum = self.sum.wrapping_sub(before);
            self.count -= 1;
        }
        if let Some(after) = after {
            self.sum = self.sum.wrapping_add(after);
            self.count += 1;
        }
    }
}

/// What a stored item holds.
pub(crate) fn decode(codec: &Codec, kind: Kind, id: &str, text: &RawJson) -> Result<Payload, BadItem> {
    match kind {
        Kind::Resource => decode_record(codec, id, text).map(|record| Payload::Resource(Arc::new(record))),
        Kind::Output => codec.decode(kind, id, text).map(Payload::Output),
        Kind::Intent => {
            let intent: Intent = codec.decode(kind, id, text)?;
            if intent.id.to_string() != id {
                return Err(stray(kind, id));
            }
            Ok(Payload::Intent(intent))
        }
        Kind::Checks => codec.decode(kind, id, text).map(Payload::Checks),
    }
}

/// The record in a stored item.
pub(crate) fn decode_record(codec: &Codec, address: &str, text: &RawJson) -> Result<Record, BadItem> {
    let record: Record = codec.decode(Kind::Resource, address, text)?;
    if record.address == address {
        Ok(record)
    } else {
        Err(stray(Kind::Resource, address))
    }
}

fn stray(kind: Kind, id: &str) -> BadItem {
    BadItem::Damaged {
        kind,
        id: id.to_owned(),
        detail: "it stands under the name of another".into(),
    }
}
