//! The store as its users see it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::*;
use crate::IntentAction;
use crate::Mode;
use crate::Object;
use crate::OutputValue;
use crate::RawJson;
use crate::read_view;

pub(crate) fn holder() -> HolderInfo {
    HolderInfo::new(
        "OperationTypeApply",
        "ada@engine",
        "run-1",
        "2026-11-21T10:00:00Z",
    )
}

pub(crate) fn open(dir: &Path) -> Store {
    Store::open(dir, holder(), LockWait::No).unwrap()
}

pub(crate) fn record(address: &str, attributes: &str) -> Record {
    Record {
        address: address.into(),
        mode: Mode::Managed,
        type_name: "thing".into(),
        provider: "provider[\"registry.terraform.io/acme/thing\"]".into(),
        current: Some(Object {
            attributes: RawJson::from_text(attributes.into()).unwrap(),
            ..Object::default()
        }),
        deposed: BTreeMap::new(),
        version: 0,
    }
}

pub(crate) fn intent(id: u64, address: &str) -> Intent {
    Intent {
        id,
        run: "run-1".into(),
        address: address.into(),
        deposed: None,
        action: IntentAction::Create,
        type_name: "thing".into(),
        provider: "provider[\"registry.terraform.io/acme/thing\"]".into(),
        planned: RawJson::from_text(r#"{"password":"hunter2"}"#.into()).unwrap(),
        prior: None,
        token: "token".into(),
        started_at: "2026-11-21T10:00:00Z".into(),
        dependencies: Vec::new(),
        create_before_destroy: false,
        prevent_destroy: false,
        skip_destroy: false,
        private: Some(vec![0, 255, 7]),
    }
}

pub(crate) fn output(value: &str) -> OutputValue {
    OutputValue {
        value: RawJson::from_text(value.into()).unwrap(),
        value_type: RawJson::from_text("\"string\"".into()).unwrap(),
        sensitive: false,
    }
}

/// What a view holds, for comparing.
pub(crate) type Summary = (u64, Vec<Record>, BTreeMap<String, OutputValue>, serde_json::Value);

pub(crate) fn summary(view: &StateView) -> Summary {
    let records = view.records().map(|record| Record::clone(record)).collect();
    (
        view.serial(),
        records,
        view.outputs().clone(),
        view.checks().clone(),
    )
}

#[test]
fn what_is_committed_is_there_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let lineage = store.view().lineage().to_owned();
    let id = store.next_intent_id();
    store.commit(vec![Entry::Intent(intent(id, "thing.a"))]).unwrap();
    assert_eq!(store.view().serial(), 0, "an intent is no change of the state");
    store
        .commit(vec![
            Entry::Settled { intent: id },
            Entry::Put(record("thing.a", "{\"x\":1.0}")),
            Entry::Outputs([("o".to_owned(), output("\"v\""))].into()),
            Entry::Checks(serde_json::json!([{"status": "pass"}])),
        ])
        .unwrap();
    let before = store.view();
    assert_eq!(before.serial(), 1);
    assert_eq!(
        summary(&read_view(dir.path()).unwrap()),
        summary(&before),
        "readers see it while the lock is held"
    );
    assert_eq!(
        store.finish().unwrap(),
        Finished {
            serial: 1,
            changed: true
        }
    );

    assert_eq!(summary(&read_view(dir.path()).unwrap()), summary(&before));
    let store = open(dir.path());
    assert_eq!(summary(&store.view()), summary(&before));
    assert_eq!(store.view().lineage(), lineage);
    assert!(store.open_intents().is_empty());
    assert!(store.taken_over().is_none());
    let attributes = &store.get("thing.a").unwrap().current.as_ref().unwrap().attributes;
    assert_eq!(attributes.as_str(), "{\"x\":1.0}", "attributes keep their text");
}

#[test]
fn a_dropped_store_is_taken_up_from_its_log() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let id = store.next_intent_id();
    store
        .commit(vec![
            Entry::Put(record("thing.a", "1")),
            Entry::Intent(intent(id, "thing.b")),
        ])
        .unwrap();
    drop(store);
    for _ in 0..2 {
        let mut store = open(dir.path());
        assert!(store.view().get("thing.a").is_some());
        assert_eq!(store.open_intents(), vec![intent(id, "thing.b")]);
        assert!(store.next_intent_id() > id);
        store.finish().unwrap();
    }
    let mut store = open(dir.path());
    store.commit(vec![Entry::Settled { intent: id }]).unwrap();
    store.finish().unwrap();
    assert!(open(dir.path()).open_intents().is_empty());
}

#[test]
fn the_serial_rises_once_a_run_and_only_for_changes() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    store.commit(vec![Entry::Put(record("thing.a", "1"))]).unwrap();
    store.commit(vec![Entry::Put(record("thing.b", "1"))]).unwrap();
    assert_eq!(store.view().serial(), 1);
    let version = store.get("thing.a").unwrap().version;
    store.finish().unwrap();

    let mut store = open(dir.path());
    store
        .commit(vec![
            Entry::Put(record("thing.a", "1")),
            Entry::Remove {
                address: "thing.none".into(),
            },
        ])
        .unwrap();
    store
        .commit(vec![
            Entry::Outputs(BTreeMap::new()),
            Entry::Checks(serde_json::Value::Null),
        ])
        .unwrap();
    assert_eq!(store.get("thing.a").unwrap().version, version);
    assert_eq!(
        store.finish().unwrap(),
        Finished {
            serial: 1,
            changed: false
        }
    );

    let mut store = open(dir.path());
    store
        .commit(vec![Entry::Remove {
            address: "thing.a".into(),
        }])
        .unwrap();
    store.commit(vec![Entry::Put(record("thing.a", "1"))]).unwrap();
    assert!(
        store.get("thing.a").unwrap().version > version,
        "a record that came back is not taken for the old one"
    );
    assert_eq!(
        store.finish().unwrap(),
        Finished {
            serial: 2,
            changed: true
        }
    );
}

#[test]
fn a_view_does_not_change() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    store
        .commit(vec![
            Entry::Put(record("thing.a[0]", "1")),
            Entry::Put(record("thing.a[1]", "1")),
        ])
        .unwrap();
    store
        .commit(vec![
            Entry::Put(record("thing.ab", "1")),
            Entry::Put(record("thing.a", "1")),
        ])
        .unwrap();
    let view = store.view();
    store
        .commit(vec![Entry::Remove {
            address: "thing.a[0]".into(),
        }])
        .unwrap();
    let instances: Vec<&str> = view
        .instances_of("thing.a")
        .map(|record| record.address.as_str())
        .collect();
    assert_eq!(instances, ["thing.a", "thing.a[0]", "thing.a[1]"]);
    assert_eq!(store.view().len(), 3);
}

#[test]
fn a_record_without_objects_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    store.commit(vec![Entry::Put(record("thing.a", "1"))]).unwrap();
    store
        .commit(vec![Entry::Put(Record {
            current: None,
            ..record("thing.a", "1")
        })])
        .unwrap();
    assert!(store.view().is_empty());
}

#[test]
fn opening_and_finishing_without_a_change_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).finish().unwrap();
    let names: Vec<_> = fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, [".lock"]);
    assert!(read_view(dir.path()).unwrap().is_empty());
    assert!(read_view(&dir.path().join("absent")).unwrap().is_empty());
}

#[test]
fn a_state_takes_the_identity_of_another() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    store
        .commit(vec![
            Entry::Identity {
                lineage: "theirs".into(),
                serial: 41,
            },
            Entry::Put(record("thing.a", "1")),
        ])
        .unwrap();
    assert_eq!(store.finish().unwrap().serial, 41);
    let store = open(dir.path());
    assert_eq!((store.view().lineage(), store.view().serial()), ("theirs", 41));
}
