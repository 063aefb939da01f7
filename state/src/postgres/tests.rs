//! The store over a real server.

pub(crate) mod server;
mod strangers;

use std::collections::BTreeMap;
use std::time::Duration;

use self::server::Server;
use super::*;
use crate::Backend;
use crate::Entry;
use crate::Record;
use crate::SealKey;
use crate::Store;
use crate::store::tests::intent;
use crate::store::tests::output;
use crate::store::tests::record;
use crate::store::tests::summary;

fn settings(conn_str: &str, more: &[(&str, &str)]) -> PostgresSettings {
    let mut arguments: BTreeMap<String, String> = [("conn_str".into(), conn_str.into())].into();
    arguments.extend(more.iter().map(|(name, value)| ((*name).into(), (*value).into())));
    PostgresSettings::new(&arguments, &|_| None).unwrap()
}

/// A backend over an empty database, and the name of that.
fn backend(server: &Server) -> (Backend, String) {
    let conn_str = server.database();
    let name = conn_str.rsplit('/').next().unwrap().split('?').next().unwrap();
    (Backend::postgres(settings(&conn_str, &[])), name.to_owned())
}

fn holder(run: &str) -> HolderInfo {
    HolderInfo::new("OperationTypeApply", "ada@engine", run, "2026-11-21T10:00:00Z")
}

fn open(backend: &Backend) -> Store {
    backend.open("default", holder("run"), LockWait::No).unwrap()
}

fn part(backend: &Backend, run: &str, roots: &[&str]) -> Result<Store, StateError> {
    let scope = Scope::Subtrees(roots.iter().map(|root| (*root).to_owned()).collect());
    backend.open_part("default", holder(run), LockWait::No, &scope)
}

fn put(address: &str, attributes: &str) -> Entry {
    Entry::Put(record(address, attributes))
}

fn removed(address: &str) -> Entry {
    Entry::Remove {
        address: address.into(),
    }
}

#[test]
fn what_is_committed_is_there_for_everybody() {
    let Some(server) = Server::shared() else { return };
    let server = &*server;
    let (backend, database) = backend(server);
    assert!(!backend.exists("default").unwrap());
    assert!(backend.read("default").unwrap().is_empty());
    assert_eq!(backend.workspaces().unwrap(), ["default"]);
    let mut store = open(&backend);
    let lineage = store.view().lineage().to_owned();
    let id = store.next_intent_id();
    store.commit(vec![Entry::Intent(intent(id, "thing.a"))]).unwrap();
    assert_eq!(store.view().serial(), 0);
    store
        .commit(vec![
            Entry::Settled { intent: id },
            put("thing.a", "{\"x\":1.0}"),
            put("thing.b", "1"),
            removed("thing.b"),
            put("thing.b", "2"),
            Entry::Outputs([("o".to_owned(), output("\"v\""))].into()),
            Entry::Checks(serde_json::json!([{"status": "pass"}])),
        ])
        .unwrap();
    let before = store.view();
    assert_eq!(before.serial(), 1);
    assert_eq!(summary(&backend.read("default").unwrap()), summary(&before));
    store.finish().unwrap();

    let store = open(&backend);
    assert_eq!(summary(&store.view()), summary(&before));
    assert_eq!(store.view().lineage(), lineage);
    assert!(store.open_intents().is_empty() && store.taken_over().is_none());
    let attributes = &store.get("thing.a").unwrap().current.as_ref().unwrap().attributes;
    assert_eq!(attributes.as_str(), "{\"x\":1.0}", "attributes keep their text");
    drop(store);

    let place = backend.place("default");
    assert!(
        place.ends_with(&format!("/{database}/terraform_remote_state/default")),
        "{place}"
    );
    let rows = "SELECT count(*), sum((kind = 'resource')::int) FROM terraform_remote_state.streamform_items";
    assert_eq!(server.sql(&database, rows).unwrap(), "4|2", "a row an item");
    backend.delete("default").unwrap();
    assert!(!backend.exists("default").unwrap());
}

#[test]
fn rows_that_another_program_changed_are_noticed() {
    let Some(server) = Server::shared() else { return };
    let server = &*server;
    let (backend, database) = backend(server);
    let mut store = open(&backend);
    store
        .commit(vec![put("thing.a", "1"), put("thing.b", "1")])
        .unwrap();
    store.finish().unwrap();
    server
        .sql(
            &database,
            "DELETE FROM terraform_remote_state.streamform_items WHERE id = 'thing.b'",
        )
        .unwrap();
    let error = backend.read("default").unwrap_err();
    assert!(matches!(error, StateError::Contradiction { .. }), "{error}");
}

#[test]
fn a_second_one_waits_and_is_told_for_whom() {
    let Some(server) = Server::shared() else { return };
    let server = &*server;
    let (backend, _) = backend(server);
    let mut first = part(&backend, "run-1", &["module.a", "thing.b[0]"]).unwrap();
    let held = backend.holders("default").unwrap().remove(0);
    assert_eq!(held.run, "run-1");
    for roots in [&["module.a.thing.x"][..], &["thing.b"]] {
        match part(&backend, "run-2", roots) {
            Err(StateError::Locked { holder, .. }) => assert_eq!(holder.unwrap().id, held.id),
            other => panic!("{other:?}"),
        }
    }
    assert!(matches!(
        backend.open("default", holder("run-2"), LockWait::No),
        Err(StateError::Locked { .. })
    ));
    first.commit(vec![put("module.a.thing.x", "1")]).unwrap();
    std::thread::scope(|threads| {
        let second = threads.spawn(|| {
            let wait = LockWait::UpTo(Duration::from_secs(20));
            backend.open("default", holder("run-2"), wait).unwrap()
        });
        std::thread::sleep(Duration::from_millis(150));
        first.commit(vec![put("thing.b[0]", "1")]).unwrap();
        first.finish().unwrap();
        let second = second.join().unwrap();
        assert_eq!(second.view().len(), 2, "it sees what it waited for");
        assert!(second.taken_over().is_none());
    });
}

#[test]
fn two_write_disjoint_parts_at_the_same_time() {
    let Some(server) = Server::shared() else { return };
    let server = &*server;
    let (backend, _) = backend(server);
    let mut store = open(&backend);
    store
        .commit(vec![
            put("thing.a", "0"),
            Entry::Outputs([("old".to_owned(), output("\"v\""))].into()),
        ])
        .unwrap();
    store.finish().unwrap();

    let mut one = part(&backend, "run-1", &["module.a"]).unwrap();
    let mut other = part(&backend, "run-2", &["module.b"]).unwrap();
    let (mine, theirs) = (one.next_intent_id(), other.next_intent_id());
    assert_ne!(mine, theirs);
    one.commit(vec![Entry::Intent(intent(mine, "module.a.thing.x"))])
        .unwrap();
    let third = part(&backend, "run-3", &["thing.a"]).unwrap();
    assert!(
        third.open_intents().is_empty(),
        "what others are about to do is theirs"
    );
    third.finish().unwrap();
    assert!(backend.snapshot("default").unwrap().left_open.is_empty());

    std::thread::scope(|threads| {
        for (store, module) in [(&mut one, "module.a"), (&mut other, "module.b")] {
            threads.spawn(move || {
                for i in 0..30 {
                    store
                        .commit(vec![put(&format!("{module}.thing.x[{i}]"), "1")])
                        .unwrap();
                }
                let outputs = [
                    ("old".to_owned(), output("\"v\"")),
                    (module.replace('.', "_"), output("\"n\"")),
                ];
                store.commit(vec![Entry::Outputs(outputs.into())]).unwrap();
            });
        }
    });
    one.commit(vec![
        Entry::Settled { intent: mine },
        removed("module.a.thing.x[0]"),
    ])
    .unwrap();
    one.finish().unwrap();
    other.finish().unwrap();
    let view = backend.read("default").unwrap();
    assert_eq!(view.len(), 1 + 29 + 30);
    assert_eq!(view.serial(), 3, "each of the two counts");
    let names: Vec<&str> = view.outputs().keys().map(String::as_str).collect();
    assert_eq!(names, ["module_a", "module_b", "old"]);
    let versions: BTreeMap<u64, usize> = view.records().fold(BTreeMap::new(), |mut all, record| {
        *all.entry(record.version).or_default() += 1;
        all
    });
    assert!(versions.len() > 1);
    assert!(open(&backend).open_intents().is_empty());
}

/// A connection that is gone, as the server sees it when a process is killed.
fn killed(store: Store, server: &Server, database: &str) {
    server.cut(database);
    // (What a killed process does not do either.)
    std::mem::forget(store);
}

#[test]
fn a_dead_holder_is_taken_over() {
    let Some(server) = Server::shared() else { return };
    let server = &*server;
    let (backend, database) = backend(server);
    let mut store = part(&backend, "run-1", &["module.a"]).unwrap();
    let id = store.next_intent_id();
    store
        .commit(vec![Entry::Intent(intent(id, "module.a.thing.x"))])
        .unwrap();
    killed(store, server, &database);

    let left: Vec<_> = backend.snapshot("default").unwrap().left_open;
    assert_eq!(left, [intent(id, "module.a.thing.x")]);
    let elsewhere = part(&backend, "run-2", &["module.b"]).unwrap();
    assert!(elsewhere.taken_over().is_none(), "that lock is in nobody's way");
    elsewhere.finish().unwrap();
    let wait = LockWait::UpTo(Duration::from_secs(5));
    let mut next = backend.open("default", holder("run-3"), wait).unwrap();
    assert_eq!(next.taken_over().unwrap().run, "run-1");
    assert_eq!(next.open_intents(), [intent(id, "module.a.thing.x")]);
    next.commit(vec![Entry::Settled { intent: id }]).unwrap();
    next.finish().unwrap();
    assert!(open(&backend).taken_over().is_none());
}

#[test]
fn a_broken_connection_is_made_anew_if_nobody_took_over() {
    let Some(server) = Server::shared() else { return };
    let server = &*server;
    let (backend, database) = backend(server);
    let mut store = open(&backend);
    store.commit(vec![put("thing.a", "1")]).unwrap();
    server.cut(&database);
    store.commit(vec![put("thing.b", "1")]).unwrap();
    let second = backend.open("default", holder("run-2"), LockWait::No);
    assert!(
        matches!(second, Err(StateError::Locked { .. })),
        "it is alive again"
    );
    server.cut(&database);
    store.finish().unwrap();
    let store = open(&backend);
    assert_eq!(store.view().len(), 2);
    assert!(store.taken_over().is_none());
}

#[test]
fn whose_lock_was_taken_cannot_write() {
    let Some(server) = Server::shared() else { return };
    let server = &*server;
    let (backend, database) = backend(server);
    let mut cut_off = open(&backend);
    cut_off.commit(vec![put("thing.a", "1")]).unwrap();
    server.cut(&database);
    let wait = LockWait::UpTo(Duration::from_secs(5));
    let mut next = backend.open("default", holder("run-2"), wait).unwrap();
    let error = cut_off.commit(vec![put("thing.a", "2")]).unwrap_err();
    match &error {
        StateError::LockLost { by: Some(by), .. } => assert_eq!(by.run, "run-2"),
        other => panic!("{other:?}"),
    }
    assert_eq!(
        next.get("thing.a")
            .unwrap()
            .current
            .as_ref()
            .unwrap()
            .attributes
            .as_str(),
        "1"
    );
    next.commit(vec![put("thing.a", "3")]).unwrap();
    assert!(cut_off.finish().is_err(), "what it has cannot be kept");
    next.finish().unwrap();
    let view = backend.read("default").unwrap();
    let text = |record: &Record| record.current.as_ref().unwrap().attributes.as_str().to_owned();
    assert_eq!(text(view.get("thing.a").unwrap()), "3");
}

#[test]
fn force_unlock_takes_the_lock_away() {
    let Some(server) = Server::shared() else { return };
    let server = &*server;
    let (backend, _) = backend(server);
    assert!(matches!(
        backend.force_unlock("default", "x"),
        Err(StateError::NotLocked { .. })
    ));
    let mut store = open(&backend);
    let id = backend.holders("default").unwrap().remove(0).id;
    match backend.force_unlock("default", "x") {
        Err(StateError::OtherLock { found, .. }) => assert_eq!(found, id),
        other => panic!("{other:?}"),
    }
    assert!(matches!(
        backend.delete("default"),
        Err(StateError::Locked { .. })
    ));
    backend.force_unlock("default", &id).unwrap();
    assert_eq!(backend.holders("default").unwrap(), []);
    let error = store.commit(vec![put("thing.a", "1")]).unwrap_err();
    assert!(error.to_string().contains("force-unlock"), "{error}");
    drop(store);
    open(&backend).finish().unwrap();
}

#[test]
fn a_state_takes_the_identity_of_another_and_documents_lie_beside_it() {
    let Some(server) = Server::shared() else { return };
    let server = &*server;
    let (backend, _) = backend(server);
    let mut store = backend.open("prod", holder("run"), LockWait::No).unwrap();
    store
        .commit(vec![
            Entry::Identity {
                lineage: "theirs".into(),
                serial: 41,
            },
            put("thing.a", "1"),
        ])
        .unwrap();
    assert_eq!(store.finish().unwrap().serial, 41);
    let view = backend.read("prod").unwrap();
    assert_eq!((view.lineage(), view.serial()), ("theirs", 41));
    assert_eq!(backend.workspaces().unwrap(), ["default", "prod"]);

    assert!(
        backend
            .create_document("prod", "history/1", "one", false)
            .unwrap()
    );
    assert!(
        !backend
            .create_document("prod", "history/1", "two", false)
            .unwrap()
    );
    assert!(
        backend
            .create_document("prod", "history/2", "two", false)
            .unwrap()
    );
    assert_eq!(
        backend.document("prod", "history/1").unwrap().as_deref(),
        Some("one")
    );
    assert_eq!(backend.document("default", "history/1").unwrap(), None);
    assert_eq!(
        backend.documents("prod", "history/").unwrap(),
        ["history/1", "history/2"]
    );
    backend.remove_document("prod", "history/1").unwrap();
    backend.delete("prod").unwrap();
    assert!(backend.documents("prod", "").unwrap().is_empty());
}

#[test]
fn secrets_are_sealed_with_a_key_that_others_have() {
    let Some(server) = Server::shared() else { return };
    let server = &*server;
    let (backend, database) = backend(server);
    let folder = tempfile::tempdir().unwrap();
    let sealed = backend
        .clone()
        .sealed(Some(SealKey::at(folder.path().join("key"))));
    let mut store = sealed.open("default", holder("run"), LockWait::No).unwrap();
    let id = store.next_intent_id();
    store.commit(vec![Entry::Intent(intent(id, "thing.a"))]).unwrap();
    drop(store);
    let stored = server
        .sql(
            &database,
            "SELECT envelope FROM terraform_remote_state.streamform_items",
        )
        .unwrap();
    assert!(
        stored.contains("sealed") && !stored.contains("hunter2"),
        "{stored}"
    );
    assert_eq!(
        sealed
            .open("default", holder("run"), LockWait::No)
            .unwrap()
            .open_intents(),
        [intent(id, "thing.a")]
    );
    if let Some(own) = SealKey::of_user() {
        let refused = backend
            .sealed(Some(own))
            .open("default", holder("run"), LockWait::No);
        assert!(
            matches!(refused, Err(StateError::KeyNotShared { .. })),
            "{refused:?}"
        );
    }
}

#[test]
fn tables_are_made_once_and_only_where_that_is_wanted() {
    let Some(server) = Server::shared() else { return };
    let server = &*server;
    let conn_str = server.database();
    let database = conn_str.rsplit('/').next().unwrap().split('?').next().unwrap();
    let quoted = [("schema_name", "my \"states\""), ("skip_schema_creation", "true")];
    let here = Backend::postgres(settings(&conn_str, &quoted));
    let error = here.open("default", holder("run"), LockWait::No).unwrap_err();
    assert!(matches!(error, StateError::Database { .. }), "{error}");
    server
        .sql(database, "CREATE SCHEMA \"my \"\"states\"\"\"")
        .unwrap();
    let without = [("schema_name", "my \"states\""), ("skip_table_creation", "true")];
    let error = Backend::postgres(settings(&conn_str, &without))
        .open("default", holder("run"), LockWait::No)
        .unwrap_err();
    assert!(error.to_string().contains("skip_table_creation"), "{error}");
    std::thread::scope(|threads| {
        let wait = LockWait::UpTo(Duration::from_secs(20));
        let both = [(); 2].map(|()| {
            threads.spawn(move || {
                let here = Backend::postgres(settings(&conn_str_of(database, server), &quoted));
                here.open("default", holder("run"), wait)
                    .unwrap()
                    .finish()
                    .unwrap();
            })
        });
        both.into_iter().for_each(|one| one.join().unwrap());
    });
    server
        .sql(
            database,
            "UPDATE \"my \"\"states\"\"\".streamform_format SET version = 9",
        )
        .unwrap();
    let error = here.read("default").unwrap_err();
    assert!(
        matches!(error, StateError::NewerFormat { found: 9, .. }),
        "{error}"
    );
}

#[test]
fn the_documented_statements_make_the_tables() {
    let Some(server) = Server::shared() else { return };
    let conn_str = server.database();
    let database = conn_str.rsplit('/').next().unwrap().split('?').next().unwrap();
    let docs = include_str!("../../../docs/backends.md");
    let statements = docs.split("```sql\n").nth(1).unwrap();
    let statements = statements.split("```").next().unwrap();
    server.sql(database, "CREATE SCHEMA made").unwrap();
    server
        .sql(database, &format!("SET search_path = made; {statements}"))
        .unwrap();
    let limited = "CREATE ROLE runner LOGIN; GRANT USAGE ON SCHEMA made TO runner; \
                   GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA made TO runner; \
                   GRANT USAGE ON ALL SEQUENCES IN SCHEMA made TO runner; \
                   REVOKE CREATE ON DATABASE";
    server
        .sql(database, &format!("{limited} {database} FROM runner"))
        .unwrap();
    let as_runner = conn_str.replace("postgres:not-shown@", "runner@");
    let here = Backend::postgres(settings(
        &as_runner,
        &[
            ("schema_name", "made"),
            ("skip_schema_creation", "true"),
            ("skip_table_creation", "true"),
        ],
    ));
    let mut store = open(&here);
    store.commit(vec![put("thing.a", "1")]).unwrap();
    store.finish().unwrap();
    assert_eq!(here.read("default").unwrap().len(), 1);
    here.create_document("default", "history/1", "one", false)
        .unwrap();
    here.delete("default").unwrap();
}

fn conn_str_of(database: &str, server: &Server) -> String {
    server.conn_str(database)
}

#[test]
fn a_server_that_is_not_there_is_told_without_the_password() {
    let nowhere = settings("postgres://ada:hunter2@127.0.0.1:1/d?sslmode=disable", &[]);
    let error = Backend::postgres(nowhere).read("default").unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(
        text.contains("127.0.0.1:1/d") && !text.contains("hunter2"),
        "{text}"
    );
}
