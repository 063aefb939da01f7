//! States that are read where they are looked into, and have no working store yet.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use super::layout::Layout;
use super::log;
use super::recovery;
use super::snapshot;
use crate::Entry;
use crate::Store;
use crate::read_view;
use crate::store::tests::Summary;
use crate::store::tests::open;
use crate::store::tests::output;
use crate::store::tests::record;
use crate::store::tests::summary;

fn put(address: &str, bytes: u64) -> Entry {
    Entry::Put(record(address, &format!("\"{}\"", "x".repeat(bytes as usize))))
}

fn run(dir: &Path, entries: Vec<Entry>) -> Summary {
    let mut store: Store = open(dir);
    store.commit(entries).unwrap();
    let after = summary(&store.view());
    store.finish().unwrap();
    after
}

fn newest(dir: &Path) -> PathBuf {
    snapshot::snapshots(dir).unwrap().remove(0).path
}

fn files(dir: &Path) -> (usize, usize, bool) {
    let layout = Layout::new(dir);
    (
        snapshot::snapshots(dir).unwrap().len(),
        log::segments(&layout).unwrap().len(),
        layout.working().exists(),
    )
}

/// A state with an index and without a working store.
fn indexed(dir: &Path) {
    run(
        dir,
        vec![
            put("thing.b", recovery::INDEXED),
            put("thing.d", recovery::INDEXED),
            put("thing.f", 10),
            Entry::Outputs([("o".to_owned(), output("1"))].into()),
        ],
    );
    assert!(
        fs::read(newest(dir))
            .unwrap()
            .windows(8)
            .any(|bytes| bytes == b"SFINDEX2")
    );
    assert_eq!(files(dir), (1, 0, false));
}

#[test]
fn the_log_is_enough_until_it_has_grown_and_then_both_are_put_together() {
    let dir = tempfile::tempdir().unwrap();
    indexed(dir.path());
    // Before, between and after what the snapshot has; one goes, one is another, and one comes and goes.
    let small = run(
        dir.path(),
        vec![put("thing.a", 1), put("thing.f", 3), put("thing.h", 5)],
    );
    assert_eq!(files(dir.path()), (1, 1, false));
    assert_eq!(summary(&read_view(dir.path()).unwrap()), small);
    let removed = |address: &str| Entry::Remove {
        address: address.into(),
    };
    let grown = run(
        dir.path(),
        vec![
            removed("thing.b"),
            removed("thing.h"),
            put("thing.e", recovery::INDEXED / 2),
        ],
    );
    assert_eq!(files(dir.path()), (2, 0, false));
    let seen = read_view(dir.path()).unwrap();
    assert_eq!(summary(&seen), grown);
    let addresses: Vec<&str> = seen.addresses().collect();
    assert_eq!(addresses, ["thing.a", "thing.d", "thing.e", "thing.f"]);
    assert_eq!(summary(&open(dir.path()).view()), grown);
}

#[test]
fn a_damaged_snapshot_is_made_anew_from_the_one_before_and_the_log_between() {
    let dir = tempfile::tempdir().unwrap();
    indexed(dir.path());
    run(dir.path(), vec![put("thing.c", recovery::INDEXED)]);
    let state = run(dir.path(), vec![put("thing.a", 1)]);
    assert_eq!(files(dir.path()), (2, 1, false));
    let path = newest(dir.path());
    let whole = fs::read(&path).unwrap();
    for at in (0..whole.len()).step_by(97) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x04;
        fs::write(&path, bytes).unwrap();
        let store = open(dir.path());
        assert!(store.repaired().is_some(), "byte {at}");
        assert_eq!(summary(&store.view()), state, "byte {at}");
    }
    let store = open(dir.path());
    store.finish().unwrap();
    assert_eq!(files(dir.path()), (3, 0, false));
    assert_eq!(summary(&read_view(dir.path()).unwrap()), state);
    assert!(open(dir.path()).repaired().is_none());
}

#[test]
fn it_gets_a_working_store_when_it_has_grown_and_loses_it_when_it_has_shrunk() {
    let dir = tempfile::tempdir().unwrap();
    indexed(dir.path());
    let grown = run(dir.path(), vec![put("thing.c", recovery::WORKING)]);
    assert_eq!(files(dir.path()), (2, 0, true));
    assert_eq!(summary(&open(dir.path()).view()), grown);
    // Copies go by way of it until a run finds the state small.
    run(dir.path(), vec![put("thing.c", recovery::WORKING / 2)]);
    assert_eq!(files(dir.path()), (3, 0, true));
    let removed = |address: &str| Entry::Remove {
        address: address.into(),
    };
    run(
        dir.path(),
        vec![
            removed("thing.b"),
            removed("thing.d"),
            put("thing.c", recovery::INDEXED / 4 * 5),
        ],
    );
    assert_eq!(files(dir.path()), (4, 0, true));
    let shrunk = run(dir.path(), vec![put("thing.c", recovery::INDEXED / 2)]);
    assert_eq!(files(dir.path()), (5, 0, false));
    assert_eq!(summary(&open(dir.path()).view()), shrunk);
}
