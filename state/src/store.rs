//! The store: opened, read, written and finished by one process at a time.

use std::path::Path;
use std::sync::Arc;

use crate::Backend;
use crate::Entry;
use crate::HolderInfo;
use crate::Intent;
use crate::LockWait;
use crate::RawJson;
use crate::Record;
use crate::SealKey;
use crate::StateError;
use crate::StateView;
use crate::backend::Medium;
use crate::backend::Opened;
use crate::backend::Refused;
use crate::contents::Commit;
use crate::contents::Contents;
use crate::contents::Payload;
use crate::item::Codec;
use crate::item::Item;
use crate::item::Kind;
use crate::item::digest;

/// A state that this process may write. See the crate's documentation for how it is kept.
#[derive(Debug)]
pub struct Store {
    codec: Codec,
    run: String,
    contents: Contents,
    /// Items that the view has and the medium does not: empty but for a commit that failed.
    unsaved: Vec<Item>,
    /// Lineage or serial were set, and the medium does not know.
    unsaved_identity: bool,
    next_intent: u64,
    serial_raised: bool,
    taken_over: Option<HolderInfo>,
    repaired: Option<StateError>,
    medium: Box<dyn Medium>,
}

/// What [`Store::finish`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// The serial that the state has now.
    pub serial: u64,
    /// Whether this run changed the state.
    pub changed: bool,
}

impl Store {
    /// Opens the state in the folder `dir` for writing, and makes it when it is not there. Blocks while it waits for the lock.
    /// Writes in clear: see [`Store::open_sealed`].
    ///
    /// # Errors
    /// As [`Backend::open`].
    pub fn open(dir: &Path, holder: HolderInfo, wait: LockWait) -> Result<Self, StateError> {
        Backend::folder(dir).open("", holder, wait)
    }

    /// Like [`Store::open`]; what holds secrets is sealed with `key` when it is written, and opened with it when it is read. What
    /// was written in clear before stays so until it is written again.
    ///
    /// # Errors
    /// As there, and when something is sealed with another key.
    pub fn open_sealed(
        dir: &Path,
        holder: HolderInfo,
        wait: LockWait,
        key: SealKey,
    ) -> Result<Self, StateError> {
        Backend::folder(dir).sealed(Some(key)).open("", holder, wait)
    }

    /// A store over a state that was opened.
    pub(crate) fn over(opened: Opened, codec: Codec, run: String) -> Self {
        let Opened {
            contents,
            medium,
            taken_over,
            repaired,
        } = opened;
        // Numbers of earlier runs stay below: none of them took a million numbers for one commit.
        let next_intent = (contents.seq + 1) << 20;
        let next_intent = contents
            .intents()
            .map(|intent| intent.id + 1)
            .fold(next_intent, u64::max);
        Self {
            codec,
            run,
            contents,
            unsaved: Vec::new(),
            unsaved_identity: false,
            next_intent,
            serial_raised: false,
            taken_over,
            repaired,
            medium,
        }
    }

    /// The state after the last commit. Costs a few counters; the view does not change with later commits.
    pub fn view(&self) -> StateView {
        self.contents.view.clone()
    }

    /// One record, without taking a view.
    pub fn get(&self, address: &str) -> Option<&Arc<Record>> {
        self.contents.view.get(address)
    }

    /// Intents without an outcome: of a run that was killed, of one that could not learn the outcome, and those of this run
    /// that are under way. Ordered by number.
    pub fn open_intents(&self) -> Vec<Intent> {
        self.contents.intents().cloned().collect()
    }

    /// A number for a new [`Intent`], never used before in this store.
    pub fn next_intent_id(&mut self) -> u64 {
        let id = self.next_intent;
        self.next_intent += 1;
        id
    }

    /// Whether this run has changed the state so far: then its serial is one higher than before, or another one altogether.
    pub fn changed(&self) -> bool {
        self.serial_raised
    }

    /// The dead process whose lock this one took over, if there was one.
    pub fn taken_over(&self) -> Option<&HolderInfo> {
        self.taken_over.as_ref()
    }

    /// Why a part of the state was found unusable and is made anew from the rest, if that happened: worth a warning, for a disk
    /// or a copy went wrong.
    pub fn repaired(&self) -> Option<&StateError> {
        self.repaired.as_ref()
    }

    /// Makes entries durable: all of them, with one append and one sync of the log, or none.
    ///
    /// The serial rises with the first commit of a run that changes a record, an output or a check.
    ///
    /// # Errors
    /// [`StateError::KeyFile`] when there is something to seal and no key can be had: then nothing was taken in.
    /// [`StateError::AppendLog`] when the disk refuses. The entries are in the view nevertheless, and are written again with
    /// the next commit (which may be empty): start nothing new, but keep committing the results of what is under way.
    pub fn commit(&mut self, entries: Vec<Entry>) -> Result<(), StateError> {
        // Before anything is taken in: of a result and the end of its intent, one must not come through without the other.
        if entries.iter().any(Entry::holds_secrets) {
            self.codec.ready()?;
        }
        for entry in entries {
            self.take(entry)?;
        }
        self.write()
    }

    /// Writes everything that holds secrets anew, sealed with the codec's own key, in one commit. Serial and content stay. The
    /// result is how many items there were.
    pub(crate) fn reseal(&mut self) -> Result<usize, StateError> {
        self.codec.ready()?;
        let view = self.view();
        let records = view.records().filter(|record| record.holds_secrets());
        let mut all: Vec<(Kind, String, Payload)> = records
            .map(|r| {
                (
                    Kind::Resource,
                    r.address.clone(),
                    Payload::Resource(Arc::clone(r)),
                )
            })
            .collect();
        let outputs = view.outputs().iter().filter(|(_, output)| output.sensitive);
        all.extend(outputs.map(|(n, o)| (Kind::Output, n.clone(), Payload::Output(o.clone()))));
        let intents = self.contents.intents();
        all.extend(intents.map(|i| (Kind::Intent, i.id.to_string(), Payload::Intent(i.clone()))));
        let count = all.len();
        for (kind, id, payload) in all {
            let text = self.encode(&id, &payload)?;
            self.contents.put(&id, payload, digest(kind, &id, &text));
            self.unsaved.push(Item(kind, id, Some(text)));
        }
        self.medium.copy_whole();
        self.write()?;
        Ok(count)
    }

    /// The end of a run: tidies up where the state is kept, and releases the lock. A store that is dropped instead loses
    /// nothing: the next opening does this work.
    ///
    /// # Errors
    /// When one of these fails. Nothing committed is lost: the next opening takes up what was committed.
    pub fn finish(mut self) -> Result<Finished, StateError> {
        self.write()?;
        self.medium.finish(&self.contents.standing())?;
        Ok(Finished {
            serial: self.contents.view.serial,
            changed: self.serial_raised,
        })
    }

    /// Brings one entry into the view, and what the medium must learn of it into `unsaved`.
    fn take(&mut self, entry: Entry) -> Result<(), StateError> {
        match entry {
            Entry::Intent(intent) => {
                self.next_intent = self.next_intent.max(intent.id.saturating_add(1));
                let id = intent.id.to_string();
                self.put(&id, Payload::Intent(intent))?;
            }
            Entry::Settled { intent } => {
                if self.contents.has_intent(intent) {
                    self.remove(Kind::Intent, &intent.to_string());
                }
            }
            Entry::Put(record) if record.is_empty() => self.remove_record(&record.address),
            Entry::Put(mut record) => {
                let same = self
                    .contents
                    .view
                    .get(&record.address)
                    .is_some_and(|before| before.same_content(&record));
                if !same {
                    record.version = self.contents.seq + 1;
                    let address = record.address.clone();
                    self.put(&address, Payload::Resource(Arc::new(record)))?;
                }
            }
            Entry::Remove { address } => self.remove_record(&address),
            Entry::Outputs(outputs) => {
                let before = Arc::clone(&self.contents.view.outputs);
                for name in before.keys().filter(|name| !outputs.contains_key(*name)) {
                    self.remove(Kind::Output, name);
                }
                for (name, value) in outputs {
                    if before.get(&name) != Some(&value) {
                        self.put(&name, Payload::Output(value))?;
                    }
                }
            }
            Entry::Checks(checks) => {
                if *self.contents.view.checks != checks {
                    if checks.is_null() {
                        self.remove(Kind::Checks, "");
                    } else {
                        self.put("", Payload::Checks(checks))?;
                    }
                }
            }
            Entry::Identity { lineage, serial } => {
                if *self.contents.view.lineage != *lineage || self.contents.view.serial != serial {
                    self.contents.view.lineage = lineage.into();
                    self.contents.view.serial = serial;
                    self.unsaved_identity = true;
                }
                self.serial_raised = true;
            }
        }
        Ok(())
    }

    fn remove_record(&mut self, address: &str) {
        if self.contents.view.get(address).is_some() {
            self.remove(Kind::Resource, address);
        }
    }

    fn put(&mut self, id: &str, payload: Payload) -> Result<(), StateError> {
        let kind = payload.kind();
        let text = self.encode(id, &payload)?;
        self.raise_serial(kind);
        self.contents.put(id, payload, digest(kind, id, &text));
        self.unsaved.push(Item(kind, id.to_owned(), Some(text)));
        Ok(())
    }

    fn encode(&self, id: &str, payload: &Payload) -> Result<RawJson, StateError> {
        let codec = &self.codec;
        let kind = payload.kind();
        match payload {
            Payload::Resource(record) => codec.encode(kind, id, record, record.holds_secrets()),
            Payload::Output(value) => codec.encode(kind, id, value, value.sensitive),
            Payload::Intent(intent) => codec.encode(kind, id, intent, true),
            Payload::Checks(value) => codec.encode(kind, id, value, false),
        }
    }

    fn remove(&mut self, kind: Kind, id: &str) {
        self.raise_serial(kind);
        self.contents.remove(kind, id);
        self.unsaved.push(Item(kind, id.to_owned(), None));
    }

    fn raise_serial(&mut self, kind: Kind) {
        if kind != Kind::Intent && !self.serial_raised {
            self.contents.view.serial += 1;
            self.serial_raised = true;
        }
    }

    /// Hands what is unsaved to the medium.
    fn write(&mut self) -> Result<(), StateError> {
        if self.unsaved.is_empty() && !self.unsaved_identity {
            return Ok(());
        }
        let mut standing = self.contents.standing();
        standing.seq += 1;
        let commit = Commit {
            run: self.run.clone(),
            standing,
            items: std::mem::take(&mut self.unsaved),
        };
        match self.medium.append(commit) {
            Ok(standing) => {
                self.unsaved_identity = false;
                self.contents.seq = standing.seq;
                self.contents.view.serial = standing.serial;
                Ok(())
            }
            Err(Refused { error, items }) => {
                self.unsaved = items;
                Err(error)
            }
        }
    }
}

mod rescue;

pub use rescue::Newer;
pub use rescue::Rescued;
pub use rescue::TakenIn;

#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod rescue_tests;
#[cfg(test)]
pub(crate) mod tests;
