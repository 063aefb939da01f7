//! The cost of long histories, and readers beside a writer. (`backend/tests/laws.rs` has random histories.)

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use super::tests::open;
use super::tests::record;
use super::*;
use crate::local::layout::Layout;
use crate::local::log;
use crate::read_view;

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
