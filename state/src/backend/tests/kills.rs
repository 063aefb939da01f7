//! A process that is killed at every step of its writing, and one that sleeps longer than its lock lasts.

use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Write as _;
use std::process::Command;
use std::process::Stdio;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::Backend;
use crate::Entry;
use crate::LockWait;
use crate::Store;

use super::places::Medium;
use super::places::Place;
use super::places::backend_of;
use super::places::holder;
use super::places::open;
use super::places::over_every_medium;
use super::places::put;
use super::places::value_of;

/// Set for the child: the address of the state.
const ADDRESS: &str = "STREAMFORM_MEDIA_ADDRESS";
/// Set for the child: the step at which it dies.
const DIES_AT: &str = "STREAMFORM_MEDIA_DIES_AT";
/// Set for the child that is put to sleep.
const SLEEPS: &str = "STREAMFORM_MEDIA_SLEEPS";

/// Commits of a run of the child.
const COMMITS: usize = 2;

fn say(text: &str) {
    let mut out = std::io::stdout();
    writeln!(out, "\nsays {text}").unwrap();
    out.flush().unwrap();
}

/// What the child commits as number `n`, counted from 1: a new record, and another text for the first one.
fn commit(store: &mut Store, n: usize) {
    let change = format!("{n}");
    store
        .commit(vec![
            put(&format!("thing.a[{n}]"), "0"),
            put("thing.first", &change),
        ])
        .unwrap();
}

/// Three runs, the last one long enough for a snapshot to be due.
fn live(backend: &Backend) {
    let mut n = 0;
    for run in 0..3 {
        let mut store = open(backend, LockWait::No);
        let commits = if run == 2 { 3 * COMMITS } else { COMMITS };
        for _ in 0..commits {
            n += 1;
            commit(&mut store, n);
            say(&format!("durable {n}"));
        }
        store.finish().unwrap();
    }
    say("the end");
}

static LEFT: AtomicU64 = AtomicU64::new(0);

/// The child of a test in this file, if this is one.
fn is_child() -> bool {
    let Ok(address) = std::env::var(ADDRESS) else {
        return false;
    };
    let backend = backend_of(&address);
    if std::env::var_os(SLEEPS).is_some() {
        sleep(&backend);
    } else {
        LEFT.store(std::env::var(DIES_AT).unwrap().parse().unwrap(), Ordering::SeqCst);
        crate::watch_steps(|_| {
            if LEFT.fetch_sub(1, Ordering::SeqCst) == 1 {
                // No destructor runs, no lock is let go of.
                std::process::abort();
            }
        });
        live(&backend);
    }
    true
}

fn child(test: &str, place: &Place) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([
            &format!("backend::tests::kills::{test}"),
            "--exact",
            "--nocapture",
        ])
        .env(ADDRESS, &place.address)
        .stderr(Stdio::null())
        .stdout(Stdio::piped());
    command
}

fn test_name(law: &str, medium: Medium) -> String {
    format!("{law}::{}", format!("{medium:?}").to_lowercase())
}

/// Whatever step it is killed at: what was durable is there, and of what was not either all or nothing.
fn every_step_can_be_the_last(medium: Medium) {
    if is_child() {
        return;
    }
    let name = test_name("every_step_can_be_the_last", medium);
    let mut killed = Vec::new();
    for step in 1.. {
        let Some(place) = Place::new(medium) else { return };
        let done = child(&name, &place)
            .env(DIES_AT, step.to_string())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&done.stdout).into_owned();
        let durable = text
            .lines()
            .filter_map(|line| line.split("says durable ").nth(1))
            .next_back();
        let durable: usize = durable.map_or(0, |n| n.parse().unwrap());
        if text.contains("says the end") {
            break;
        }
        assert!(
            !done.status.success(),
            "it should have been killed at step {step}: {text}"
        );
        killed.push((step, place, durable));
    }
    assert!(killed.len() > 20, "only {} steps", killed.len());
    for (step, place, durable) in killed {
        let context = format!("{medium:?}, step {step}, durable {durable}");
        if durable > 0 {
            let seen = place.backend().read("default").unwrap();
            assert!(seen.len() > durable, "{context}: a reader sees {}", seen.len());
        }
        let mut store = place.open();
        let found = store.view().len().saturating_sub(1);
        assert!(found == durable || found == durable + 1, "{context}: {found}");
        if found > 0 {
            let first = store.get("thing.first").unwrap();
            assert_eq!(value_of(first), found.to_string(), "{context}");
            assert!(
                (1..=found).all(|n| store.get(&format!("thing.a[{n}]")).is_some()),
                "{context}"
            );
        }
        commit(&mut store, found + 1);
        store.finish().unwrap();
        let backend = place.backend();
        assert_eq!(backend.read("default").unwrap().len(), found + 2, "{context}");
        let check = backend.check("default", &holder(), LockWait::No).unwrap();
        assert_eq!(check.wrong(), 0, "{context}: {:?}", check.findings);
    }
}

over_every_medium!(every_step_can_be_the_last);

/// The child: has the lock, is put to sleep, and goes on when it is told to.
fn sleep(backend: &Backend) {
    let mut store = open(backend, LockWait::No);
    store.commit(vec![put("thing.old", "1")]).unwrap();
    say("ready");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    let done = store
        .commit(vec![put("thing.old", "2")])
        .and_then(|()| store.finish().map(drop));
    say(&match done {
        Ok(()) => "it was written".to_owned(),
        Err(error) => format!("lost: {} {}", error.title(), error.to_string().replace('\n', " ")),
    });
}

/// A holder that sleeps longer than its lock lasts is taken over, and cannot write when it wakes up.
fn who_sleeps_too_long_cannot_write(medium: Medium) {
    if is_child() {
        return;
    }
    if medium == Medium::Local {
        // The kernel keeps the lock of a process that sleeps: nobody takes it over.
        return;
    }
    let Some(place) = Place::new(medium) else { return };
    let name = test_name("who_sleeps_too_long_cannot_write", medium);
    let mut old = child(&name, &place)
        .env(SLEEPS, "1")
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(old.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    assert!(lines.any(|line| line.contains("says ready")));
    let signal = |name: &str| {
        let sent = Command::new("kill").args([name, &old.id().to_string()]).status();
        assert!(sent.unwrap().success());
    };
    signal("-STOP");
    // What a lease does by itself is done by the server when a machine vanishes, and behind an address by whoever clears the lock.
    if let Some((server, database)) = &place.postgres {
        server.cut(database);
    }
    place.clear_lock();
    let elsewhere = match medium {
        // Another machine: with a journal of its own.
        Medium::Http => backend_of(&format!("{}-elsewhere", place.address)),
        _ => place.backend(),
    };
    let wait = LockWait::UpTo(Duration::from_secs(30));
    let mut store = open(&elsewhere, wait);
    if medium != Medium::Http {
        assert_eq!(store.taken_over().map(|dead| dead.pid), Some(old.id()));
    }
    store.commit(vec![put("thing.new", "1")]).unwrap();
    store.finish().unwrap();

    signal("-CONT");
    writeln!(old.stdin.take().unwrap()).unwrap();
    let said = lines.find(|line| line.contains("says ")).unwrap();
    assert!(said.contains("lost: State lock lost"), "{said}");
    old.wait().unwrap();
    let view = elsewhere.read("default").unwrap();
    assert!(view.get("thing.new").is_some());
    let old = view.get("thing.old").map(|old| value_of(old));
    assert_ne!(old.as_deref(), Some("2"));
    let check = elsewhere.check("default", &holder(), wait).unwrap();
    assert_eq!(check.wrong(), 0, "{:?}", check.findings);
    let mut store = open(&elsewhere, wait);
    store
        .commit(vec![Entry::Remove {
            address: "thing.new".into(),
        }])
        .unwrap();
    store.finish().unwrap();
}

over_every_medium!(who_sleeps_too_long_cannot_write);
