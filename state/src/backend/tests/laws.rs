//! Random histories against a plain map.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::Entry;
use crate::LockWait;
use crate::RawJson;
use crate::Store;
use crate::store::tests::intent;
use crate::store::tests::output;

use super::places::Medium;
use super::places::Place;
use super::places::open;
use super::places::over_every_medium;
use super::places::put;
use super::places::value_of;

#[derive(Debug, Clone)]
enum Step {
    Commit(Vec<Change>),
    Finish,
    Drop,
    Reconnect,
}

#[derive(Debug, Clone)]
enum Change {
    Put(u8, u16),
    PutLarge(u8),
    Remove(u8),
    Begin(u8),
    Settle,
    Outputs(Vec<u8>),
    Checks(u8),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => (0..12_u8, any::<u16>()).prop_map(|(name, value)| Change::Put(name, value)),
        1 => (0..12_u8).prop_map(Change::PutLarge),
        2 => (0..12_u8).prop_map(Change::Remove),
        2 => (0..12_u8).prop_map(Change::Begin),
        2 => Just(Change::Settle),
        1 => prop::collection::vec(any::<u8>(), 0..4).prop_map(Change::Outputs),
        1 => any::<u8>().prop_map(Change::Checks),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => prop::collection::vec(change(), 0..6).prop_map(Step::Commit),
        2 => Just(Step::Finish),
        1 => Just(Step::Drop),
        1 => Just(Step::Reconnect),
    ]
}

#[derive(Debug, Default, PartialEq)]
struct Model {
    records: BTreeMap<String, String>,
    outputs: BTreeMap<String, String>,
    intents: BTreeMap<u64, String>,
    checks: serde_json::Value,
}

impl Model {
    fn of(store: &Store) -> Self {
        let view = store.view();
        let text = |raw: &RawJson| raw.as_str().to_owned();
        Self {
            records: view
                .records()
                .map(|record| (record.address.clone(), value_of(record)))
                .collect(),
            outputs: view
                .outputs()
                .iter()
                .map(|(name, output)| (name.clone(), text(&output.value)))
                .collect(),
            intents: store
                .open_intents()
                .into_iter()
                .map(|intent| (intent.id, intent.address))
                .collect(),
            checks: view.checks().clone(),
        }
    }

    fn change(&mut self, store: &mut Store, change: Change) -> Entry {
        let address = |name: u8| format!("thing.a[\"{name}\"]");
        match change {
            Change::Put(name, value) => {
                self.records.insert(address(name), value.to_string());
                put(&address(name), &value.to_string())
            }
            Change::PutLarge(name) => {
                let value = format!("\"{}\"", "x".repeat(700 + usize::from(name) * 300));
                self.records.insert(address(name), value.clone());
                put(&address(name), &value)
            }
            Change::Remove(name) => {
                self.records.remove(&address(name));
                Entry::Remove {
                    address: address(name),
                }
            }
            Change::Begin(name) => {
                let id = store.next_intent_id();
                self.intents.insert(id, address(name));
                Entry::Intent(intent(id, &address(name)))
            }
            Change::Settle => {
                let id = self.intents.pop_first().map_or(7, |(id, _)| id);
                Entry::Settled { intent: id }
            }
            Change::Outputs(names) => {
                self.outputs = names
                    .iter()
                    .map(|name| (name.to_string(), format!("\"{name}\"")))
                    .collect();
                let outputs = self.outputs.iter();
                Entry::Outputs(
                    outputs
                        .map(|(name, value)| (name.clone(), output(value)))
                        .collect(),
                )
            }
            Change::Checks(value) => {
                self.checks = if value % 4 == 0 {
                    serde_json::Value::Null
                } else {
                    serde_json::json!([value])
                };
                Entry::Checks(self.checks.clone())
            }
        }
    }
}

/// What is there is what was committed, for the writer, for whoever opens it next and for readers.
fn any_history_equals_a_plain_map(medium: Medium) {
    // (The object store of the tests takes its time.)
    let cases = match medium {
        Medium::Local => 48,
        Medium::Postgres | Medium::Http => 6,
        Medium::S3 => 3,
    };
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        max_shrink_iters: 64,
        ..ProptestConfig::default()
    };
    let steps = prop::collection::vec(step(), 1..24);
    let done = TestRunner::new(config).run(&steps, |steps| {
        let Some(place) = Place::new(medium) else {
            return Ok(());
        };
        let mut backend = place.backend();
        let mut store = open(&backend, LockWait::No);
        let mut model = Model::default();
        for step in steps {
            match step {
                Step::Commit(changes) => {
                    let entries = changes
                        .into_iter()
                        .map(|change| model.change(&mut store, change))
                        .collect();
                    store.commit(entries).unwrap();
                }
                Step::Finish => {
                    store.finish().unwrap();
                    store = open(&backend, LockWait::No);
                }
                Step::Drop => {
                    drop(store);
                    store = open(&backend, LockWait::No);
                }
                Step::Reconnect => {
                    store.finish().unwrap();
                    backend = place.backend();
                    store = open(&backend, LockWait::No);
                }
            }
            prop_assert_eq!(&Model::of(&store), &model);
            let seen = backend.read("default").unwrap();
            prop_assert_eq!(seen.serial(), store.view().serial());
            prop_assert_eq!(seen.len(), model.records.len());
        }
        store.finish().unwrap();
        let check = place
            .backend()
            .check("default", &super::places::holder(), LockWait::No)
            .unwrap();
        prop_assert_eq!(check.wrong(), 0, "{:?}", check.findings);
        Ok(())
    });
    done.unwrap();
}

over_every_medium!(any_history_equals_a_plain_map);
