//! What a kill, a full disk or a bad disk leaves behind.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use super::layout::Layout;
use super::log;
use super::recovery;
use super::snapshot;
use super::working::Pending;
use super::working::Working;
use crate::Entry;
use crate::LockWait;
use crate::StateError;
use crate::Store;
use crate::item::Codec;
use crate::item::Item;
use crate::read_view;
use crate::store::tests::Summary;
use crate::store::tests::holder;
use crate::store::tests::intent;
use crate::store::tests::open;
use crate::store::tests::output;
use crate::store::tests::record;
use crate::store::tests::summary;

/// A copy of the folder: what is on disk if the process were killed now. The copy's lock is nobody's.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn only_file(folder: &Path) -> PathBuf {
    let files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files.into_iter().next().unwrap()
}

/// The only segment that no snapshot covers.
fn only_segment(dir: &Path) -> PathBuf {
    let mut segments = log::segments(&Layout::new(dir)).unwrap();
    assert_eq!(segments.len(), 1, "{segments:?}");
    segments.remove(0).path
}

/// Makes the state too large for snapshots alone, so that it has a working store.
fn make_large(store: &mut Store) {
    let bulk = format!("\"{}\"", "x".repeat(recovery::WORKING as usize));
    store
        .commit(vec![Entry::Put(record("thing.bulk", &bulk))])
        .unwrap();
}

fn try_open(dir: &Path) -> Result<Store, StateError> {
    Store::open(dir, holder(), LockWait::No)
}

/// Commits of all sorts; the state after each, beginning with the state before.
fn commits(store: &mut Store) -> Vec<Summary> {
    let mut states = vec![summary(&store.view())];
    let id = store.next_intent_id();
    let batches = vec![
        vec![
            Entry::Put(record("thing.a", "{\"n\":1}")),
            Entry::Put(record("thing.b", "{\"n\":1}")),
        ],
        vec![
            Entry::Intent(intent(id, "thing.c")),
            Entry::Remove {
                address: "thing.a".into(),
            },
        ],
        vec![
            Entry::Settled { intent: id },
            Entry::Put(record("thing.c", "{\"n\":2}")),
        ],
        vec![
            Entry::Outputs([("o".to_owned(), output("\"é\""))].into()),
            Entry::Checks(serde_json::json!(["pass"])),
        ],
    ];
    for batch in batches {
        store.commit(batch).unwrap();
        states.push(summary(&store.view()));
    }
    states
}

/// Ends of the whole frames in a segment, found by growing the file.
fn check_every_prefix(image: &Path, log: &Path, states: &[Summary], open_every: usize) {
    let whole = fs::read(log).unwrap();
    let mut reached = 0;
    for length in 0..=whole.len() {
        fs::write(log, &whole[..length]).unwrap();
        let seen = summary(&read_view(image).unwrap());
        let at = states.iter().position(|state| *state == seen).unwrap();
        assert!(
            at == reached || at == reached + 1,
            "a longer log never shows an older state"
        );
        reached = at;
        if length % open_every == 0 || length == whole.len() {
            assert_eq!(summary(&open(image).view()), seen);
        }
    }
    assert_eq!(reached, states.len() - 1);
}

#[test]
fn every_prefix_of_a_first_log_opens_to_some_commit() {
    let (dir, killed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut store = open(dir.path());
    let states = commits(&mut store);
    copy(dir.path(), killed.path());
    check_every_prefix(killed.path(), &only_segment(killed.path()), &states, 1);
}

#[test]
fn every_prefix_of_a_later_log_opens_to_some_commit() {
    let (dir, killed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut store = open(dir.path());
    store
        .commit(vec![Entry::Put(record("thing.a", "{\"n\":0}"))])
        .unwrap();
    store.finish().unwrap();
    let mut store = open(dir.path());
    let states = commits(&mut store);
    copy(dir.path(), killed.path());
    check_every_prefix(killed.path(), &only_segment(killed.path()), &states, 97);
}

#[test]
fn a_write_that_lost_its_sectors_is_cut_off() {
    let (dir, killed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut store = open(dir.path());
    store.commit(vec![Entry::Put(record("thing.a", "1"))]).unwrap();
    let before = summary(&store.view());
    let good = fs::metadata(only_segment(dir.path())).unwrap().len() as usize;
    store
        .commit(vec![Entry::Put(record(
            "thing.b",
            &format!("\"{}\"", "x".repeat(4000)),
        ))])
        .unwrap();
    copy(dir.path(), killed.path());
    let log = only_segment(killed.path());
    let whole = fs::read(&log).unwrap();
    for sector in good.div_ceil(512)..whole.len().div_ceil(512) {
        let mut torn = whole.clone();
        let end = (sector * 512 + 512).min(torn.len());
        torn[sector * 512..end].fill(0);
        fs::write(&log, torn).unwrap();
        assert_eq!(summary(&read_view(killed.path()).unwrap()), before);
    }
    // The size of the file came to disk, nothing of the content did.
    let mut torn = whole;
    torn[good..].fill(0);
    fs::write(&log, &torn).unwrap();
    let mut store = open(killed.path());
    assert_eq!(summary(&store.view()), before);
    store.commit(vec![Entry::Put(record("thing.c", "1"))]).unwrap();
    drop(store);
    assert_eq!(open(killed.path()).view().len(), 2);
}

#[test]
fn every_flipped_byte_of_a_log_is_noticed() {
    let (dir, killed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut store = open(dir.path());
    commits(&mut store);
    copy(dir.path(), killed.path());
    let log = only_segment(killed.path());
    let layout = Layout::new(killed.path());
    let whole = fs::read(&log).unwrap();
    for at in 0..whole.len() {
        for mask in [0x01, 0x20, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] ^= mask;
            fs::write(&log, bytes).unwrap();
            let error = recovery::read(&layout, &Codec::default()).unwrap_err();
            assert!(
                matches!(
                    error,
                    StateError::CorruptLog { .. } | StateError::NewerFormat { .. }
                ),
                "byte {at} ^ {mask:#x}: {error}"
            );
        }
    }
}

#[test]
fn every_flipped_byte_of_snapshot_and_manifest_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    commits(&mut store);
    store.finish().unwrap();
    let layout = Layout::new(dir.path());
    for path in [only_file(&layout.snapshots()), layout.manifest()] {
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x04;
            fs::write(&path, bytes).unwrap();
            assert!(
                recovery::read(&layout, &Codec::default()).is_err(),
                "{} byte {at}",
                path.display()
            );
            fs::write(&path, &whole[..at]).unwrap();
            assert!(
                recovery::read(&layout, &Codec::default()).is_err(),
                "{} cut to {at}",
                path.display()
            );
        }
        fs::write(&path, whole).unwrap();
    }
    assert!(recovery::read(&layout, &Codec::default()).is_ok());
}

/// A large state that ended in order; its snapshot has an index.
fn large(dir: &Path) -> Summary {
    let mut store = open(dir);
    make_large(&mut store);
    let states = commits(&mut store);
    store.finish().unwrap();
    states.into_iter().next_back().unwrap()
}

#[test]
fn every_flipped_byte_of_a_large_snapshot_is_noticed_when_it_is_opened() {
    let dir = tempfile::tempdir().unwrap();
    let whole_state = large(dir.path());
    let layout = Layout::new(dir.path());
    let path = only_file(&layout.snapshots());
    let whole = fs::read(&path).unwrap();
    assert!(whole.windows(8).any(|bytes| bytes == b"SFINDEX2"));
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x04;
        fs::write(&path, bytes).unwrap();
        assert!(recovery::read(&layout, &Codec::default()).is_err(), "byte {at}");
        if at % 7 == 0 || at + 200 > whole.len() {
            fs::write(&path, &whole[..at]).unwrap();
            assert!(recovery::read(&layout, &Codec::default()).is_err(), "cut to {at}");
        }
    }
    // The working store has all of it, and a good snapshot is written again.
    let store = open(dir.path());
    assert!(store.repaired().is_some());
    assert_eq!(summary(&store.view()), whole_state);
    store.finish().unwrap();
    assert_eq!(fs::read(&path).unwrap(), whole);
}

#[test]
fn a_large_state_is_read_where_it_is_looked_into() {
    let dir = tempfile::tempdir().unwrap();
    let whole_state = large(dir.path());
    let before = read_view(dir.path()).unwrap();
    // A run over it: one record is changed, one goes, one comes; the log is enough for that.
    let mut store = open(dir.path());
    store
        .commit(vec![
            Entry::Put(record("thing.b", "{\"n\":9}")),
            Entry::Remove {
                address: "thing.c".into(),
            },
            Entry::Put(record("thing.d", "{\"n\":4}")),
        ])
        .unwrap();
    let changed = summary(&store.view());
    store.finish().unwrap();
    assert_eq!(snapshot::snapshots(dir.path()).unwrap().len(), 1);
    assert_eq!(summary(&read_view(dir.path()).unwrap()), changed);
    assert_eq!(summary(&open(dir.path()).view()), changed);
    // A view outlives the files that it was read from.
    fs::remove_dir_all(dir.path()).unwrap();
    assert_eq!(summary(&before), whole_state);
}

#[test]
fn a_working_store_that_lost_items_is_made_anew_before_it_is_copied() {
    let dir = tempfile::tempdir().unwrap();
    large(dir.path());
    let path = dir.path().join("working");
    let working = Working::open(&path).unwrap();
    let lost = Pending::from([((crate::item::Kind::Resource, "thing.b".to_owned()), None)]);
    let standing = working.standing().unwrap().unwrap();
    working.fold(&lost, &standing).unwrap();
    drop(working);
    let mut store = open(dir.path());
    make_large(&mut store);
    let bulk = format!("\"{}\"", "y".repeat(recovery::WORKING as usize));
    store
        .commit(vec![Entry::Put(record("thing.more", &bulk))])
        .unwrap();
    let good = summary(&store.view());
    store.finish().unwrap();
    assert_eq!(snapshot::snapshots(dir.path()).unwrap().len(), 2);
    assert_eq!(summary(&read_view(dir.path()).unwrap()), good);
    let working = Working::open(&path).unwrap();
    assert_eq!(
        working.load(&Codec::default()).unwrap().standing(),
        working.standing().unwrap().unwrap()
    );
}

#[test]
fn a_damaged_working_store_is_refused_or_whole() {
    let (dir, bad) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut store = open(dir.path());
    for i in 0..50 {
        store
            .commit(vec![Entry::Put(record(&format!("thing.a[{i}]"), "{\"n\":1}"))])
            .unwrap();
    }
    let good = summary(&store.view());
    store.finish().unwrap();
    let db = fs::read(dir.path().join("working/db")).unwrap();
    let used = db.iter().rposition(|byte| *byte != 0).unwrap();
    for step in 0..24 {
        let _ = fs::remove_dir_all(bad.path());
        copy(dir.path(), bad.path());
        let mut bytes = db.clone();
        if step % 4 == 3 {
            bytes.truncate(used * step / 24);
        } else {
            bytes[used * step / 24] ^= 0x10;
        }
        fs::write(bad.path().join("working/db"), bytes).unwrap();
        if let Ok(store) = try_open(bad.path()) {
            assert_eq!(summary(&store.view()), good);
        }
        assert_eq!(
            summary(&read_view(bad.path()).unwrap()),
            good,
            "readers do not need the working store"
        );
    }
}

#[test]
fn a_lost_working_store_is_built_anew() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    make_large(&mut store);
    let states = commits(&mut store);
    store.finish().unwrap();
    for lost in ["working", "working/db"] {
        let path = dir.path().join(lost);
        if path.is_dir() {
            fs::remove_dir_all(&path).unwrap();
        } else {
            fs::remove_file(&path).unwrap();
        }
        let store = open(dir.path());
        assert_eq!(Some(&summary(&store.view())), states.last());
        assert!(store.repaired().is_none(), "it is the second copy");
        store.finish().unwrap();
        assert!(dir.path().join("working/db").is_file());
        assert_eq!(Some(&summary(&open(dir.path()).view())), states.last());
    }
}

#[test]
fn lost_snapshots_are_written_again_and_lost_commits_are_refused() {
    for large in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let mut store = open(dir.path());
        if large {
            make_large(&mut store);
        }
        let states = commits(&mut store);
        store.finish().unwrap();
        assert_eq!(dir.path().join("working").is_dir(), large);
        fs::remove_dir_all(dir.path().join("snapshots")).unwrap();
        assert!(matches!(
            read_view(dir.path()),
            Err(StateError::Contradiction { .. })
        ));
        open(dir.path()).finish().unwrap();
        assert_eq!(Some(&summary(&read_view(dir.path()).unwrap())), states.last());

        let newest = only_file(&dir.path().join("snapshots"));
        fs::remove_file(newest).unwrap();
        for second_copy in ["working", "log"] {
            let _ = fs::remove_dir_all(dir.path().join(second_copy));
        }
        let text = try_open(dir.path()).unwrap_err().to_string();
        let last = if large { 5 } else { 4 };
        assert!(
            text.contains(&format!("commit {last} (serial 1)")) && text.contains("no snapshot"),
            "{text}"
        );
    }
}

#[test]
fn a_damaged_snapshot_of_a_small_state_is_made_up_for() {
    let (dir, bad) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for run in 0..3 {
        let mut store = open(dir.path());
        store
            .commit(vec![Entry::Put(record("thing.z", &run.to_string()))])
            .unwrap();
        commits(&mut store);
        let good = summary(&store.view());
        store.finish().unwrap();
        let newest = snapshot::snapshots(dir.path()).unwrap().swap_remove(0).path;
        let whole = fs::read(&newest).unwrap();
        for damage in 0..5 {
            let _ = fs::remove_dir_all(bad.path());
            copy(dir.path(), bad.path());
            let copied = bad.path().join("snapshots").join(newest.file_name().unwrap());
            match damage {
                0 => fs::remove_file(&copied).unwrap(),
                1 => fs::write(&copied, "").unwrap(),
                2 => fs::write(&copied, &whole[..whole.len() / 2]).unwrap(),
                _ => {
                    let mut bytes = whole.clone();
                    bytes[whole.len() * (damage - 2) / 3] ^= 1;
                    fs::write(&copied, bytes).unwrap();
                }
            }
            assert!(read_view(bad.path()).is_err(), "readers never guess");
            let store = open(bad.path());
            assert_eq!(summary(&store.view()), good);
            assert!(store.repaired().is_some());
            store.finish().unwrap();
            assert_eq!(summary(&read_view(bad.path()).unwrap()), good);
            assert!(open(bad.path()).repaired().is_none());
            // A folded segment is as well guarded as the snapshot was.
            for segment in log::folded(&Layout::new(bad.path())).unwrap() {
                let mut bytes = fs::read(&segment.path).unwrap();
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                fs::write(&segment.path, bytes).unwrap();
            }
            assert_eq!(
                summary(&open(bad.path()).view()),
                good,
                "it is read only when needed"
            );
            fs::write(
                snapshot::snapshots(bad.path()).unwrap().swap_remove(0).path,
                "rubbish\n",
            )
            .unwrap();
            assert!(try_open(bad.path()).is_err());
        }
    }
}

#[test]
fn a_state_that_grows_and_shrinks_changes_its_home() {
    let dir = tempfile::tempdir().unwrap();
    let working = dir.path().join("working");
    let mut expected = Vec::new();
    for round in 0..3 {
        for (large, address) in [(false, "thing.a"), (true, "thing.b"), (false, "thing.c")] {
            let mut store = open(dir.path());
            if large {
                make_large(&mut store);
            } else {
                store
                    .commit(vec![Entry::Remove {
                        address: "thing.bulk".into(),
                    }])
                    .unwrap();
            }
            let address = format!("{address}[{round}]");
            store.commit(vec![Entry::Put(record(&address, "1"))]).unwrap();
            expected.push(address);
            store.finish().unwrap();
            assert!(!large || working.is_dir());
            let view = read_view(dir.path()).unwrap();
            assert_eq!(summary(&open(dir.path()).view()), summary(&view));
            assert!(expected.iter().all(|address| view.get(address).is_some()));
            assert_eq!(view.len(), expected.len() + usize::from(large));
        }
    }
    // A working store that was passed over, and is behind, is not left to be believed one day.
    for run in 0..16 {
        let mut store = open(dir.path());
        store
            .commit(vec![Entry::Put(record("thing.d", &run.to_string()))])
            .unwrap();
        store.finish().unwrap();
    }
    assert!(!working.exists());
}

#[test]
fn a_killed_fold_is_done_again() {
    let (dir, killed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut store = open(dir.path());
    make_large(&mut store);
    store
        .commit(vec![
            Entry::Put(record("thing.a", "1")),
            Entry::Put(record("thing.b", "1")),
        ])
        .unwrap();
    store.finish().unwrap();
    let mut store = open(dir.path());
    let id = store.next_intent_id();
    store
        .commit(vec![
            Entry::Put(record("thing.a", "2")),
            Entry::Remove {
                address: "thing.b".into(),
            },
        ])
        .unwrap();
    store
        .commit(vec![
            Entry::Put(record("thing.c", "2")),
            Entry::Intent(intent(id, "thing.d")),
        ])
        .unwrap();
    let good = summary(&store.view());
    // Killed in the fold: the items are in, the account of where the store stands is not.
    copy(dir.path(), killed.path());
    let layout = Layout::new(killed.path());
    let working = Working::open(&layout.working()).unwrap();
    let before = working.standing().unwrap().unwrap();
    let mut pending = Pending::new();
    log::replay(
        &layout,
        &log::segments(&layout).unwrap(),
        before.seq,
        |commit, _| {
            pending.extend(
                commit
                    .items
                    .into_iter()
                    .map(|Item(kind, id, text)| ((kind, id), text)),
            );
            Ok(())
        },
    )
    .unwrap();
    assert!(!pending.is_empty());
    working.fold(&pending, &before).unwrap();
    drop(working);
    let mut again = open(killed.path());
    assert_eq!(summary(&again.view()), good);
    assert_eq!(again.open_intents().len(), 1);
    again.commit(vec![Entry::Settled { intent: id }]).unwrap();
    again.finish().unwrap();
    let again = open(killed.path());
    assert_eq!(summary(&again.view()), good);
    assert!(again.open_intents().is_empty());
}

#[test]
fn a_full_disk_loses_nothing_that_is_retried() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    store.commit(vec![Entry::Put(record("thing.a", "1"))]).unwrap();
    log::DISK_IS_FULL.set(true);
    let error = store
        .commit(vec![Entry::Put(record("thing.b", "1"))])
        .unwrap_err();
    assert!(matches!(error, StateError::AppendLog { .. }), "{error}");
    assert_eq!(store.view().len(), 2, "what happened outside is not forgotten");
    assert_eq!(read_view(dir.path()).unwrap().len(), 1);

    store.commit(vec![Entry::Put(record("thing.c", "1"))]).unwrap();
    assert_eq!(read_view(dir.path()).unwrap().len(), 3);
    log::DISK_IS_FULL.set(true);
    store
        .commit(vec![Entry::Remove {
            address: "thing.a".into(),
        }])
        .unwrap_err();
    let good = summary(&store.view());
    store.finish().unwrap();
    assert_eq!(summary(&open(dir.path()).view()), good);
}

#[test]
fn a_newer_format_is_refused_and_named() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    store.commit(vec![Entry::Put(record("thing.a", "1"))]).unwrap();
    let log = only_segment(dir.path());
    drop(store);
    let mut bytes = fs::read(&log).unwrap();
    bytes[..8].copy_from_slice(b"SFLOG002");
    fs::write(&log, bytes).unwrap();
    let text = try_open(dir.path()).unwrap_err().to_string();
    assert!(
        text.contains("format version 2") && text.contains("upgrade"),
        "{text}"
    );
}

#[cfg(unix)]
#[test]
fn everything_is_the_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    fn check(path: &Path) {
        let mode = fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(
            mode,
            if path.is_dir() { 0o700 } else { 0o600 },
            "{}",
            path.display()
        );
        if path.is_dir() {
            fs::read_dir(path)
                .unwrap()
                .for_each(|entry| check(&entry.unwrap().path()));
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("streamform.state/default");
    for _ in 0..2 {
        let mut store = open(&state);
        commits(&mut store);
        check(&dir.path().join("streamform.state"));
        store.finish().unwrap();
    }
    open(&state)
        .commit(vec![Entry::Put(record("thing.z", "1"))])
        .unwrap();
    check(&dir.path().join("streamform.state"));
    assert_eq!(
        crate::workspaces(&dir.path().join("streamform.state")).unwrap(),
        ["default"]
    );
}
