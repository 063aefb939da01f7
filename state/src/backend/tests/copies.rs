//! Another key, damage, and the way back.

use crate::Backend;
use crate::Entry;
use crate::LockWait;
use crate::OutputValue;
use crate::RawJson;
use crate::SealKey;
use crate::StateError;
use crate::Verdict;
use crate::item::Codec;

use super::places::Medium;
use super::places::Place;
use super::places::backend_of;
use super::places::holder;
use super::places::open;
use super::places::over_every_medium;
use super::places::put;
use super::places::value_of;

fn secret(text: &str) -> Entry {
    let raw = |text: String| RawJson::from_text(text).unwrap();
    let value = OutputValue {
        value: raw(format!("\"{text}\"")),
        value_type: raw("\"string\"".into()),
        sensitive: true,
    };
    Entry::Outputs([("o".to_owned(), value)].into())
}

fn key(place: &Place, name: &str) -> SealKey {
    SealKey::at(place.folder.path().join(name))
}

/// Two runs and a document, sealed.
fn written(place: &Place, key: &SealKey) -> Backend {
    let backend = place.backend().sealed(Some(key.clone()));
    for text in ["first", "second"] {
        let mut store = open(&backend, LockWait::No);
        store.commit(vec![secret(text), put("thing.a", "1")]).unwrap();
        store.finish().unwrap();
    }
    for (name, text, sealed) in [("history/1", "a secret", true), ("history/2", "no secret", false)] {
        assert!(backend.create_document("default", name, text, sealed).unwrap());
    }
    backend
}

/// The state with all that belongs to it, with one key alone.
fn opens_with(place: &Place, key: &SealKey, copies: usize) {
    let alone = place.backend().sealed(Some(key.clone()));
    let view = alone.read("default").unwrap();
    assert_eq!(view.outputs()["o"].value.as_str(), "\"second\"");
    assert_eq!(
        alone.document("default", "history/1").unwrap().as_deref(),
        Some("a secret")
    );
    assert_eq!(
        alone.document("default", "history/2").unwrap().as_deref(),
        Some("no secret")
    );
    if alone.keeps_copies() {
        let kept = alone.snapshots("default").unwrap();
        assert!(kept.len() >= copies, "{kept:?}");
        assert!(kept.iter().all(|copy| copy.records.is_ok()), "{kept:?}");
    }
    let check = alone.check("default", &holder(), LockWait::No).unwrap();
    assert_eq!(check.wrong(), 0, "{:?}", check.findings);
}

/// With another key everything is sealed anew, and nothing needs the old one.
fn another_key_for_everything(medium: Medium) {
    let Some(place) = Place::new(medium) else { return };
    let (old, new) = (key(&place, "old.key"), key(&place, "new.key"));
    let backend = written(&place, &old);
    let before = backend.read("default").unwrap();
    let done = backend.rekey("default", &holder(), LockWait::No, &new).unwrap();
    assert!(done.items == 1 && done.left.is_empty(), "{done:?}");
    std::fs::remove_file(place.folder.path().join("old.key")).unwrap();
    let new = key(&place, "new.key");
    opens_with(&place, &new, 2);
    let alone = place.backend().sealed(Some(new.clone()));
    assert_eq!(alone.read("default").unwrap().serial(), before.serial());
    if let Some(store) = &place.objects {
        let name = |object: &String| object.starts_with(place.address.rsplit('|').next().unwrap());
        let key_name = new.name().unwrap();
        for object in store.objects().iter().filter(|object| name(object)) {
            let text = store.object(object);
            let sealed = text.contains("\"sealed\"") || text.contains("sealed\\\"");
            assert!(
                !sealed || text.contains(&key_name),
                "{object} has the old key: {text}"
            );
        }
    }
    // And it goes on from there.
    let mut store = open(&alone, LockWait::No);
    assert!(store.repaired().is_none());
    store.commit(vec![secret("third")]).unwrap();
    store.finish().unwrap();
    assert_eq!(alone.read("default").unwrap().serial(), before.serial() + 1);
    let again = alone.rekey("default", &holder(), LockWait::No, &new).unwrap();
    assert_eq!(again.copies, 0, "nothing is left to do: {again:?}");
}

/// A run that gives the state another key and is killed half way is finished by another.
fn half_a_change_of_keys_is_finished(medium: Medium) {
    let Some(place) = Place::new(medium) else { return };
    let (old, new) = (key(&place, "old.key"), key(&place, "new.key"));
    let backend = written(&place, &old);
    // Killed behind its commit.
    let both = backend.with_codec(Codec::new(Some(new.also_opening([old.clone()]))));
    let mut store = open(&both, LockWait::No);
    store.reseal().unwrap();
    drop(store);
    let alone = place.backend().sealed(Some(old));
    assert!(
        alone.read("default").is_err(),
        "the old key alone does not do any more"
    );
    let done = backend.rekey("default", &holder(), LockWait::No, &new).unwrap();
    assert!(done.left.is_empty(), "{done:?}");
    opens_with(&place, &new, 2);
}

#[test]
fn the_journal_of_another_machine_may_have_the_old_key() {
    let place = Place::new(Medium::Http).unwrap();
    let (old, new) = (key(&place, "old.key"), key(&place, "new.key"));
    let backend = written(&place, &old);
    let elsewhere = backend_of(&format!("{}-elsewhere", place.address));
    let mut store = open(&elsewhere.clone().sealed(Some(old)), LockWait::No);
    store.commit(vec![put("thing.b", "1")]).unwrap();
    store.finish().unwrap();
    backend.rekey("default", &holder(), LockWait::No, &new).unwrap();
    let elsewhere = elsewhere.sealed(Some(new));
    assert_eq!(elsewhere.read("default").unwrap().len(), 2);
    let mut store = open(&elsewhere, LockWait::No);
    store.commit(vec![put("thing.c", "1")]).unwrap();
    store.finish().unwrap();
}

over_every_medium!(another_key_for_everything, half_a_change_of_keys_is_finished);

/// Three finished runs: serials 1 to 3.
fn three_runs(place: &Place) -> Backend {
    let backend = place.backend();
    for run in 1..=3 {
        let mut store = open(&backend, LockWait::No);
        for n in 0..20 {
            store
                .commit(vec![put("thing.a", &format!("{run}{n:02}"))])
                .unwrap();
        }
        store.finish().unwrap();
    }
    backend
}

fn value(backend: &Backend) -> String {
    let view = backend.read("default").unwrap();
    value_of(view.get("thing.a").unwrap())
}

/// What is wrong, by the check's account.
fn wrong(backend: &Backend) -> Vec<String> {
    let check = backend.check("default", &holder(), LockWait::No).unwrap();
    check
        .findings
        .into_iter()
        .filter(|finding| finding.verdict == Verdict::Wrong)
        .map(|finding| {
            format!(
                "{}: {} {}",
                finding.part,
                finding.text,
                finding.advice.unwrap_or_default()
            )
        })
        .collect()
}

/// The state goes back to a serial, and forward in serials; what was planned before is refused.
fn back_to_a_serial(medium: Medium) {
    let Some(place) = Place::new(medium) else { return };
    let backend = three_runs(&place);
    assert_eq!(value(&backend), "319");
    let restored = backend.restore("default", &holder(), LockWait::No, Some(2));
    if medium == Medium::Postgres {
        assert!(
            matches!(restored, Err(StateError::NoSnapshotsThere { .. })),
            "{restored:?}"
        );
        return;
    }
    let restored = restored.unwrap();
    assert_eq!((restored.from_serial, restored.serial), (2, 4));
    let fresh = place.backend();
    assert_eq!(value(&fresh), "219");
    assert_eq!(fresh.read("default").unwrap().serial(), 4);
    assert_eq!(wrong(&fresh), Vec::<String>::new());
    let mut store = open(&fresh, LockWait::No);
    store.commit(vec![put("thing.b", "1")]).unwrap();
    assert_eq!(store.finish().unwrap().serial, 5);
    let none = fresh.restore("default", &holder(), LockWait::No, Some(99));
    assert!(matches!(none, Err(StateError::NoSnapshot { .. })), "{none:?}");
}

over_every_medium!(back_to_a_serial);

#[test]
fn a_damaged_snapshot_in_a_bucket_is_named_and_read_around() {
    let Some(place) = Place::new(Medium::S3) else {
        return;
    };
    let backend = three_runs(&place);
    let store = place.objects.as_ref().unwrap();
    let key = place.address.rsplit('|').next().unwrap();
    let of = |folder: &str| -> Vec<String> {
        let all = store.objects().into_iter();
        all.filter(|name| name.starts_with(&format!("{key}.streamform/{folder}")))
            .collect()
    };
    let newest = of("snapshots/").pop().unwrap();
    store.replace(&newest, "rubbish\n");
    let fresh = place.backend();
    let error = fresh.read("default").unwrap_err().to_string();
    assert!(
        error.contains(&newest) && error.contains("state restore"),
        "{error}"
    );
    let found = wrong(&fresh);
    assert!(
        found[0].contains(&newest) && found[0].contains("state restore"),
        "{found:?}"
    );
    // The older one, and all commits since: nothing is lost.
    let restored = fresh.restore("default", &holder(), LockWait::No, None).unwrap();
    assert_eq!((restored.from_serial, restored.serial), (3, 4));
    assert!(!restored.snapshot.to_string_lossy().contains(&newest));
    assert_eq!(value(&place.backend()), "319");
    assert_eq!(wrong(&backend), Vec::<String>::new());
    assert!(of("set-aside/snapshots/").len() == 1 && !of("set-aside/log/").is_empty());

    // A commit that is damaged: up to it.
    let mut open = open(&place.backend(), LockWait::No);
    open.commit(vec![put("thing.a", "400")]).unwrap();
    open.commit(vec![put("thing.a", "401")]).unwrap();
    drop(open);
    let last = of("log/").pop().unwrap();
    store.replace(&last, "{}");
    assert!(wrong(&fresh).iter().any(|text| text.contains(&last)));
    fresh.restore("default", &holder(), LockWait::No, None).unwrap();
    assert_eq!(value(&place.backend()), "400");
    // The manifest.
    store.replace(&format!("{key}.streamform/manifest.json"), "[]");
    assert!(wrong(&fresh).iter().any(|text| text.starts_with("manifest: ")));
    fresh.restore("default", &holder(), LockWait::No, None).unwrap();
    assert_eq!(value(&place.backend()), "400");
}

#[test]
fn a_damaged_document_behind_an_address_is_sent_again() {
    let place = Place::new(Medium::Http).unwrap();
    let backend = three_runs(&place);
    let server = place.http.as_ref().unwrap();
    server.replace("{\"version\":");
    let fresh = place.backend();
    assert!(fresh.read("default").is_err());
    let found = wrong(&fresh);
    assert!(
        found[0].starts_with("document: ") && found[0].contains("state restore"),
        "{found:?}"
    );
    let restored = fresh.restore("default", &holder(), LockWait::No, None).unwrap();
    assert_eq!((restored.from_serial, restored.serial), (3, 4));
    assert_eq!((value(&backend), wrong(&fresh)), ("319".to_owned(), Vec::new()));

    // It is gone.
    server.replace("");
    match fresh.read("default").unwrap_err() {
        StateError::DocumentGone { serial: 4, .. } => {}
        other => panic!("{other:?}"),
    }
    fresh.restore("default", &holder(), LockWait::No, None).unwrap();
    assert_eq!(
        (value(&place.backend()), wrong(&fresh)),
        ("319".to_owned(), Vec::new())
    );
}

#[test]
fn of_damaged_rows_the_others_are_kept() {
    let Some(place) = Place::new(Medium::Postgres) else {
        return;
    };
    let backend = three_runs(&place);
    let mut store = open(&backend, LockWait::No);
    store
        .commit(vec![put("thing.b", "1"), put("thing.c", "1")])
        .unwrap();
    store.finish().unwrap();
    let healthy = backend.restore("default", &holder(), LockWait::No, None);
    assert!(
        matches!(healthy, Err(StateError::NoSnapshotsThere { .. })),
        "{healthy:?}"
    );
    let (server, database) = place.postgres.as_ref().unwrap();
    let sql = |text: &str| server.sql(database, text).unwrap();
    sql(
        "UPDATE terraform_remote_state.streamform_items SET envelope = replace(envelope, 'thing.b', 'thing.x') WHERE id = 'thing.b'",
    );
    let fresh = place.backend();
    let error = fresh.read("default").unwrap_err().to_string();
    assert!(error.contains("resource `thing.b`"), "{error}");
    let found = wrong(&fresh);
    assert!(
        found[0].contains("resource `thing.b`") && !found[0].contains("thing.c"),
        "{found:?}"
    );
    let restored = fresh.restore("default", &holder(), LockWait::No, None).unwrap();
    assert_eq!(restored.lost, ["resource `thing.b`"]);
    assert_eq!((restored.from_serial, restored.serial), (4, 5));
    let view = place.backend().read("default").unwrap();
    assert!(view.len() == 2 && view.get("thing.b").is_none() && view.serial() == 5);
    assert_eq!(wrong(&fresh), Vec::<String>::new());
    let aside = fresh.documents("default", "set-aside/").unwrap();
    assert!(
        fresh
            .document("default", &aside[0])
            .unwrap()
            .unwrap()
            .contains("thing.x")
    );

    // A row that is gone cannot be named; what is there is kept.
    sql("DELETE FROM terraform_remote_state.streamform_items WHERE id = 'thing.c'");
    let found = wrong(&fresh);
    assert!(found[0].contains("rows were lost"), "{found:?}");
    fresh.restore("default", &holder(), LockWait::No, None).unwrap();
    assert_eq!(
        (place.backend().read("default").unwrap().len(), wrong(&fresh)),
        (1, Vec::new())
    );
}
