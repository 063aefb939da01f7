//! Random histories against a plain map, and the cost of long ones.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use proptest::prelude::*;

use super::tests::intent;
use super::tests::open;
use super::tests::output;
use super::tests::record;
use super::*;
use crate::RawJson;
use crate::local::layout::Layout;
use crate::local::log;
use crate::read_view;

#[derive(Debug, Clone)]
enum Step {
    Commit(Vec<Change>),
    Finish,
    Drop,
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
        6 => prop::collection::vec(change(), 0..6).prop_map(Step::Commit),
        1 => Just(Step::Finish),
        1 => Just(Step::Drop),
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
                .map(|record| {
                    (
                        record.address.clone(),
                        text(&record.current.as_ref().unwrap().attributes),
                    )
                })
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
                Entry::Put(record(&address(name), &value.to_string()))
            }
            Change::PutLarge(name) => {
                let value = format!("\"{}\"", "x".repeat(700 + usize::from(name) * 300));
                self.records.insert(address(name), value.clone());
                Entry::Put(record(&address(name), &value))
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
                Entry::Outputs(
                    self.outputs
                        .iter()
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_history_equals_a_plain_map(steps in prop::collection::vec(step(), 1..24)) {
        let dir = tempfile::tempdir().unwrap();
        let mut store = open(dir.path());
        let mut model = Model::default();
        for step in steps {
            match step {
                Step::Commit(changes) => {
                    let entries = changes.into_iter().map(|change| model.change(&mut store, change)).collect();
                    store.commit(entries).unwrap();
                }
                Step::Finish => {
                    store.finish().unwrap();
                    store = open(dir.path());
                }
                Step::Drop => {
                    drop(store);
                    store = open(dir.path());
                }
            }
            prop_assert_eq!(&Model::of(&store), &model);
            let seen = read_view(dir.path()).unwrap();
            prop_assert_eq!(seen.serial(), store.view().serial());
            prop_assert_eq!(seen.len(), model.records.len());
        }
    }
}

#[test]
fn ten_thousand_commits_cost_ten_thousand_small_writes() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let attributes = format!("{{\"name\":\"{}\"}}", "x".repeat(200));
    let mut views = Vec::new();
    for i in 0..10_000 {
        store
            .commit(vec![Entry::Put(record(&format!("thing.a[{i}]"), &attributes))])
            .unwrap();
        if i % 1000 == 0 {
            views.push(store.view());
        }
    }
    let layout = Layout::new(dir.path());
    let per_commit = log::bytes(&log::segments(&layout).unwrap()).unwrap() / 10_000;
    assert!(
        per_commit < 3 * attributes.len() as u64,
        "{per_commit} bytes a commit"
    );
    let lengths: Vec<usize> = views.iter().map(StateView::len).collect();
    assert_eq!(
        lengths,
        (0..10).map(|i| i * 1000 + 1).collect::<Vec<_>>(),
        "views are of their time"
    );
    store.finish().unwrap();

    // A large state is not copied for one more record: its log stays beside the snapshot.
    let mut store = open(dir.path());
    assert_eq!(store.view().len(), 10_000);
    store.commit(vec![Entry::Put(record("thing.b", "1"))]).unwrap();
    store.finish().unwrap();
    assert_eq!(crate::snapshots(dir.path()).unwrap().len(), 1);
    assert_eq!(log::segments(&layout).unwrap().len(), 1);
    assert_eq!(read_view(dir.path()).unwrap().len(), 10_001);
    assert_eq!(open(dir.path()).view().len(), 10_001);
}

#[test]
fn readers_never_fail_while_somebody_writes() {
    let dir = tempfile::tempdir().unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let (mut last, mut reads) = (0, 0);
            while !done.load(Ordering::Relaxed) {
                let view = read_view(dir.path()).unwrap();
                assert!(view.len() >= last, "{} after {last}", view.len());
                last = view.len();
                reads += 1;
            }
            reads
        });
        for run in 0..8 {
            let mut store = open(dir.path());
            for i in 0..20 {
                store
                    .commit(vec![Entry::Put(record(&format!("thing.a[\"{run}-{i}\"]"), "1"))])
                    .unwrap();
            }
            store.finish().unwrap();
        }
        done.store(true, Ordering::Relaxed);
        assert!(reader.join().unwrap() > 0);
    });
}
