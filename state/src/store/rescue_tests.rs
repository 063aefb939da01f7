//! Results that a store could not write, taken in by the next one.

use std::path::Path;

use super::tests::intent;
use super::tests::output;
use super::tests::record;
use super::tests::summary;
use super::*;
use crate::local::log;

const FILE: &str = "errored.streamform-state";

fn holder() -> HolderInfo {
    super::tests::holder()
}

fn key(dir: &Path) -> SealKey {
    SealKey::at(dir.join("state.key"))
}

fn open(dir: &Path) -> Store {
    Store::open_sealed(&dir.join("state"), holder(), LockWait::No, key(dir)).unwrap()
}

/// Commits what the disk does not take.
fn commit_in_vain(store: &mut Store, entries: Vec<Entry>) {
    log::DISK_IS_FULL.set(true);
    store.commit(entries).unwrap_err();
}

fn rescued(store: &Store) -> Option<Rescued> {
    let found = store.rescue().unwrap()?.of_place("here");
    let text = found.to_text().unwrap();
    assert!(!text.contains("hunter2"), "{text}");
    Some(Rescued::parse(Path::new(FILE), text.as_bytes()).unwrap())
}

fn take_in(store: &mut Store, found: &Rescued) -> TakenIn {
    store.take_in(found, Path::new(FILE)).unwrap()
}

/// A state with `thing.a`, an open intent for `thing.b`, and the result of that, which is not written.
fn interrupted(dir: &Path) -> Rescued {
    let mut store = open(dir);
    let id = store.next_intent_id();
    let a = Entry::Put(record("thing.a", "1"));
    store
        .commit(vec![a, Entry::Intent(intent(id, "thing.b"))])
        .unwrap();
    let later = store.next_intent_id();
    commit_in_vain(
        &mut store,
        vec![
            Entry::Put(record("thing.b", "{\"id\":\"b-1\",\"password\":\"hunter2\"}")),
            Entry::Settled { intent: id },
            Entry::Intent(intent(later, "thing.c")),
            Entry::Outputs([("o".to_owned(), output("\"v\""))].into()),
        ],
    );
    rescued(&store).unwrap()
}

#[test]
fn what_could_not_be_written_is_taken_in_once() {
    let dir = tempfile::tempdir().unwrap();
    let found = interrupted(dir.path());
    let mut store = open(dir.path());
    assert!(found.is_of(store.view().lineage(), Some("elsewhere")));
    assert!(!found.is_of("another", Some("here")));
    assert_eq!(store.open_intents().len(), 1);
    let records = vec!["thing.b".to_owned()];
    assert_eq!(take_in(&mut store, &found), TakenIn::Done { records });
    assert!(store.open_intents().is_empty(), "thing.c was never begun");
    assert_eq!(store.view().len(), 2);
    assert_eq!(store.view().outputs().len(), 1);
    let good = summary(&store.view());
    assert_eq!(
        take_in(&mut store, &found),
        TakenIn::Done { records: Vec::new() },
        "a kill between the commit and the end of the file"
    );
    store.finish().unwrap();
    assert_eq!(summary(&open(dir.path()).view()), good);
}

#[test]
fn nothing_is_rescued_where_no_call_was_made() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    assert!(rescued(&store).is_none());
    let id = store.next_intent_id();
    commit_in_vain(&mut store, vec![Entry::Intent(intent(id, "thing.a"))]);
    assert!(rescued(&store).is_none());
}

#[test]
fn a_first_run_of_which_nothing_came_through_gives_its_lineage() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    commit_in_vain(&mut store, vec![Entry::Put(record("thing.a", "1"))]);
    let found = rescued(&store).unwrap();
    let before = summary(&store.view());
    let lineage = store.view().lineage().to_owned();
    drop(store);
    std::fs::remove_dir_all(dir.path().join("state")).unwrap();
    let mut store = open(dir.path());
    assert!(found.is_of(store.view().lineage(), Some("here")));
    take_in(&mut store, &found);
    assert_eq!(store.view().lineage(), lineage);
    let after = summary(&store.view());
    assert_eq!((after.0, after.1.len()), (before.0, before.1.len()));
}

#[test]
fn what_contradicts_later_runs_is_refused() {
    // Somebody else has settled the intent, has written the record itself, something else, or knows more of the same object.
    for (case, refused) in [(0, true), (1, true), (2, false), (3, false)] {
        let dir = tempfile::tempdir().unwrap();
        let found = interrupted(dir.path());
        let mut store = open(dir.path());
        let id = store.open_intents()[0].id;
        let entries = match case {
            0 => vec![Entry::Settled { intent: id }],
            1 => vec![Entry::Put(record("thing.b", "2"))],
            3 => vec![Entry::Put(record("thing.b", "{\"id\":\"b-1\",\"size\":2}"))],
            _ => vec![Entry::Put(record("thing.z", "1"))],
        };
        store.commit(entries).unwrap();
        store.finish().unwrap();
        let mut store = open(dir.path());
        let before = summary(&store.view());
        let done = take_in(&mut store, &found);
        assert_eq!(
            matches!(done, TakenIn::MovedOn { .. }),
            refused,
            "{case}: {done:?}"
        );
        let wrote = summary(&store.view()) != before;
        assert_eq!(wrote, case == 2, "{case}");
    }
    // A state that was brought back from before.
    let dir = tempfile::tempdir().unwrap();
    let found = interrupted(dir.path());
    std::fs::remove_dir_all(dir.path().join("state")).unwrap();
    let done = take_in(&mut open(dir.path()), &found);
    assert_eq!(done, TakenIn::MovedOn { records: Vec::new() });
}

#[test]
fn a_damaged_file_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let found = interrupted(dir.path());
    let text = found.to_text().unwrap();
    let error = Rescued::parse(Path::new(FILE), &text.as_bytes()[..100]).unwrap_err();
    assert!(error.to_string().contains(FILE), "{error}");
    let newer = text.replacen("\"streamform_rescued\":1", "\"streamform_rescued\":2", 1);
    let error = Rescued::parse(Path::new(FILE), newer.as_bytes()).unwrap_err();
    assert!(error.to_string().contains("upgrade"), "{error}");
}
