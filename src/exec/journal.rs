//! The state store during an apply: shared between the walk and the operations that report checkpoints.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Instant;

use streamform_lang::addrs::AbsInstance;
use streamform_lang::value::Marks;
use streamform_lang::value::Path;
use streamform_lang::value::Value;
use streamform_provider::protocol::Private;
use streamform_provider::protocol::Progress;
use streamform_provider::schema;
use streamform_provider::schema::Schema;
use streamform_state::Entry;
use streamform_state::Intent;
use streamform_state::ObjectStatus;
use streamform_state::Record;
use streamform_state::Rescued;
use streamform_state::StateError;
use streamform_state::StateView;
use streamform_state::Store;

use super::records;
use super::run::Stop;
use crate::plan::Event;
use crate::plan::InstanceChange;
use crate::plan::Observer;

/// The store and what waits to be committed.
pub(super) struct Journal {
    store: Store,
    pending: Vec<Entry>,
    /// Records as they are with what waits.
    touched: HashMap<String, Option<Arc<Record>>>,
    /// The first error: from then on nothing more is begun.
    pub(super) broken: Option<StateError>,
}

/// A journal that operations can reach.
pub(super) type SharedJournal = Arc<Mutex<Journal>>;

impl Journal {
    pub(super) fn new(store: Store) -> Self {
        Journal {
            store,
            pending: Vec::new(),
            touched: HashMap::new(),
            broken: None,
        }
    }

    /// The store, when everything is committed.
    pub(super) fn into_store(self) -> Store {
        self.store
    }

    /// A record as it is with everything that waits to be committed.
    pub(super) fn record(&self, address: &str) -> Option<Arc<Record>> {
        match self.touched.get(address) {
            Some(r) => r.clone(),
            None => self.store.get(address).cloned(),
        }
    }

    /// Adds a record (or takes it out, when nothing is left in it) to what waits.
    pub(super) fn put(&mut self, record: Record) {
        let left = (!record.is_empty()).then(|| Arc::new(record.clone()));
        self.touched.insert(record.address.clone(), left.clone());
        self.pending.push(match left {
            Some(_) => Entry::Put(record),
            None => Entry::Remove {
                address: record.address,
            },
        });
    }

    /// Adds the moves of records to what waits.
    pub(super) fn relocate(&mut self, moves: &[(AbsInstance, AbsInstance)]) {
        if moves.is_empty() {
            return;
        }
        for entry in self.store.view().moving(moves) {
            match entry {
                Entry::Put(record) => self.put(record),
                Entry::Remove { address } => {
                    self.touched.insert(address.clone(), None);
                    self.pending.push(Entry::Remove { address });
                }
                other => self.pending.push(other),
            }
        }
    }

    /// Adds another entry to what waits.
    pub(super) fn add(&mut self, entry: Entry) {
        self.pending.push(entry);
    }

    pub(super) fn pending(&self) -> usize {
        self.pending.len()
    }

    /// The state as it is committed.
    pub(super) fn view(&self) -> StateView {
        self.store.view()
    }

    /// Ids of all objects of a type that belong to records: all but the current object of one instance, which may be what an
    /// interrupted create of it has told so far.
    pub(super) fn ids_of(&self, type_name: &str, but: &str) -> Vec<String> {
        let view = self.store.view();
        let mut ids = Vec::new();
        for record in view.records().filter(|r| r.type_name == type_name) {
            for (key, object) in record.objects() {
                if key.is_none() && record.address == but {
                    continue;
                }
                let attributes: Option<serde_json::Value> = object.attributes.parse().ok();
                ids.extend(attributes.and_then(|a| a.get("id")?.as_str().map(str::to_owned)));
            }
        }
        ids
    }

    /// What a create that has not ended has told of its object.
    pub(super) fn checkpoint(&self, address: &str, schema: &Schema) -> Option<Value> {
        let record = self.record(address)?;
        let object = record.current.as_ref()?;
        let told = object.status == ObjectStatus::Tainted;
        told.then(|| schema::from_state_json(object.attributes.as_str(), &schema.block).ok())?
    }

    /// Changes of earlier runs whose outcome is not known.
    pub(super) fn open_intents(&self) -> Vec<Intent> {
        self.store.open_intents()
    }

    pub(super) fn next_intent_id(&mut self) -> u64 {
        self.store.next_intent_id()
    }

    /// What the store does not take although it is asked once more.
    pub(super) fn unsaved(&mut self) -> Option<Result<Rescued, StateError>> {
        self.broken.as_ref()?;
        self.store.commit(Vec::new()).err()?;
        self.store.rescue().transpose()
    }

    /// Makes everything durable that waits.
    pub(super) fn commit(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let entries = std::mem::take(&mut self.pending);
        self.touched.clear();
        if let Err(e) = self.store.commit(entries)
            && self.broken.is_none()
        {
            self.broken = Some(e);
        }
    }
}

/// Locks the journal; a panic elsewhere does not make it unusable: entries are added one by one.
pub(super) fn lock(journal: &SharedJournal) -> std::sync::MutexGuard<'_, Journal> {
    journal.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes in what is known of an object before its operation ends.
pub(super) type Sink = Arc<dyn Fn(&Value, &Private) + Send + Sync>;

/// What an operation reports to.
pub(super) struct StepProgress {
    pub(super) sink: Sink,
    pub(super) observer: Arc<dyn Observer>,
    pub(super) address: String,
    pub(super) began: Instant,
    pub(super) stop: Stop,
}

impl Progress for StepProgress {
    fn checkpoint(&self, state: &Value, private: &Private) {
        (self.sink)(state, private);
    }

    fn phase(&self, text: &str) {
        self.observer.event(Event::Phase {
            address: self.address.clone(),
            text: text.to_owned(),
            elapsed: self.began.elapsed(),
        });
    }

    fn stopping(&self) -> bool {
        self.stop.is_set()
    }
}

/// Writes what is known of a half-made object: it will be replaced unless the operation ends well.
pub(super) fn checkpoint(
    journal: &SharedJournal,
    change: &InstanceChange,
    state: &Value,
    private: &Private,
    marks: &[(Path, Marks)],
) {
    let value = records::marked(change, state.clone(), marks);
    let Ok(object) = records::object(change, &value, private, ObjectStatus::Tainted) else {
        return;
    };
    let mut journal = lock(journal);
    let mut record = records::record_of(journal.record(&change.address.to_string()).as_ref(), change);
    record.current = Some(object);
    journal.put(record);
    journal.commit();
}
