use std::collections::BTreeMap;

use super::*;
use crate::AttributePath;
use crate::Entry;
use crate::HolderInfo;
use crate::Intent;
use crate::IntentAction;
use crate::LockWait;
use crate::Mode;
use crate::Object;
use crate::OutputValue;
use crate::RawJson;
use crate::Record;
use crate::Store;
use crate::read_view;
use crate::read_view_sealed;

fn raw(text: &str) -> RawJson {
    RawJson::from_text(text.into()).unwrap()
}

fn record(address: &str, secret: bool) -> Record {
    let object = Object {
        attributes: raw(r#"{"password":"hunter2"}"#),
        sensitive_paths: if secret {
            vec![AttributePath::attribute("password")]
        } else {
            Vec::new()
        },
        ..Object::default()
    };
    Record {
        address: address.into(),
        mode: Mode::Managed,
        type_name: "thing".into(),
        provider: "provider[\"registry.terraform.io/acme/thing\"]".into(),
        current: Some(object),
        deposed: BTreeMap::new(),
        version: 0,
    }
}

fn intent(id: u64) -> Intent {
    Intent {
        id,
        run: "run-1".into(),
        address: "thing.a".into(),
        deposed: None,
        action: IntentAction::Create,
        type_name: "thing".into(),
        provider: "p".into(),
        planned: raw("\"hunter2\""),
        prior: None,
        token: "t".into(),
        started_at: "2026-11-21T10:00:00Z".into(),
        dependencies: Vec::new(),
        create_before_destroy: false,
        prevent_destroy: false,
        private: None,
    }
}

fn holder() -> HolderInfo {
    HolderInfo::new(
        "OperationTypeApply",
        "ada@engine",
        "run-1",
        "2026-11-21T10:00:00Z",
    )
}

fn open(dir: &Path, key: &SealKey) -> Result<Store, StateError> {
    Store::open_sealed(dir, holder(), LockWait::No, key.clone())
}

/// Whether some file below the folder holds these bytes.
fn holds(dir: &Path, needle: &[u8]) -> bool {
    fs::read_dir(dir).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds(&path, needle);
        }
        fs::read(path)
            .unwrap()
            .windows(needle.len())
            .any(|window| window == needle)
    })
}

#[test]
fn no_secret_is_readable_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    let key = SealKey::at(dir.path().join("config/streamform/state.key"));
    let state = dir.path().join("state");
    let mut store = open(&state, &key).unwrap();
    let output = OutputValue {
        value: raw("\"hunter2\""),
        value_type: raw("\"string\""),
        sensitive: true,
    };
    store
        .commit(vec![
            Entry::Put(record("thing.a", true)),
            Entry::Intent(intent(7)),
            Entry::Outputs([("o".to_owned(), output)].into()),
        ])
        .unwrap();
    assert!(!holds(&state, b"hunter2"), "not in the log");
    drop(store);
    open(&state, &key).unwrap().finish().unwrap();
    assert!(
        !holds(&state, b"hunter2"),
        "neither in the working store nor in the snapshot"
    );
    assert!(holds(&state, b"thing.a"), "names stay readable");

    let again = SealKey::at(key.path());
    let view = read_view_sealed(&state, &again).unwrap();
    assert!(
        view.get("thing.a")
            .unwrap()
            .current
            .as_ref()
            .unwrap()
            .attributes
            .as_str()
            .contains("hunter2")
    );
    assert_eq!(open(&state, &again).unwrap().open_intents(), [intent(7)]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(
            fs::metadata(key.path()).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
}

#[test]
fn plain_and_sealed_records_read_side_by_side() {
    let dir = tempfile::tempdir().unwrap();
    let key = SealKey::at(dir.path().join("state.key"));
    let state = dir.path().join("state");
    let mut store = Store::open(&state, holder(), LockWait::No).unwrap();
    store
        .commit(vec![Entry::Put(record("thing.plain", true))])
        .unwrap();
    store.finish().unwrap();
    assert!(!key.path().exists());
    let mut store = open(&state, &key).unwrap();
    store
        .commit(vec![Entry::Put(record("thing.open", false))])
        .unwrap();
    assert!(
        !key.path().exists(),
        "no key is made before there is something to seal"
    );
    store
        .commit(vec![Entry::Put(record("thing.sealed", true))])
        .unwrap();
    store.finish().unwrap();
    assert_eq!(open(&state, &key).unwrap().view().len(), 3);
}

#[test]
fn without_the_key_the_error_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let key = SealKey::at(dir.path().join("state.key"));
    let state = dir.path().join("state");
    let mut store = open(&state, &key).unwrap();
    store.commit(vec![Entry::Put(record("thing.a", true))]).unwrap();
    store.finish().unwrap();
    let name = key.load().unwrap().unwrap().name.clone();

    let other = SealKey::at(dir.path().join("other.key"));
    other.make().unwrap();
    for error in [
        open(&state, &other).unwrap_err(),
        open(&state, &SealKey::at(dir.path().join("absent.key"))).unwrap_err(),
        read_view_sealed(&state, &other).unwrap_err(),
        read_view(&state).unwrap_err(),
    ] {
        assert!(matches!(error, StateError::Unseal { .. }), "{error}");
        assert!(error.to_string().contains(&name), "{error}");
    }
    fs::write(other.path(), "streamform-key-9 abc").unwrap();
    let error = open(&state, &SealKey::at(other.path())).unwrap_err();
    assert!(matches!(error, StateError::KeyFile { .. }), "{error}");
    assert!(open(&state, &key).is_ok(), "nothing was harmed");
}

#[test]
fn a_sealed_item_cannot_stand_for_another() {
    let dir = tempfile::tempdir().unwrap();
    let key = SealKey::at(dir.path().join("state.key"));
    let sealed = key.seal(Kind::Resource, "thing.a", "\"x\"").unwrap();
    assert_eq!(
        key.open(Kind::Resource, "thing.a", &sealed).ok().as_deref(),
        Some("\"x\"")
    );
    assert!(matches!(
        key.open(Kind::Resource, "thing.b", &sealed),
        Err(NotOpened::Broken)
    ));
    assert!(matches!(
        key.open(Kind::Output, "thing.a", &sealed),
        Err(NotOpened::Broken)
    ));
}

#[test]
fn the_first_key_that_is_made_stays() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (
        SealKey::at(dir.path().join("state.key")),
        SealKey::at(dir.path().join("state.key")),
    );
    one.make().unwrap();
    two.make().unwrap();
    assert_eq!(
        one.load().unwrap().unwrap().name,
        two.load().unwrap().unwrap().name
    );
}

#[test]
fn a_text_opens_only_under_its_purpose() {
    let dir = tempfile::tempdir().unwrap();
    let key = SealKey::at(dir.path().join("state.key"));
    let sealed = key.seal_text("plan variables", "hunter2").unwrap();
    assert!(!sealed.contains("hunter2"));
    assert_eq!(key.open_text("plan variables", &sealed).unwrap(), "hunter2");
    assert!(matches!(
        key.open_text("other", &sealed),
        Err(StateError::CorruptItem { .. })
    ));
    assert!(matches!(
        key.open_text("plan variables", "{}"),
        Err(StateError::CorruptItem { .. })
    ));
    let other = SealKey::at(dir.path().join("other.key"));
    assert!(matches!(
        other.open_text("plan variables", &sealed),
        Err(StateError::Unseal { .. })
    ));
}

#[test]
fn a_key_that_cannot_be_made_stops_a_commit_before_it_begins() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("file"), "").unwrap();
    let key = SealKey::at(dir.path().join("file/state.key"));
    let mut store = open(&dir.path().join("state"), &key).unwrap();
    let entries = vec![Entry::Put(record("thing.a", false)), Entry::Intent(intent(7))];
    store.commit(entries).unwrap_err();
    assert!(store.view().is_empty() && store.open_intents().is_empty());
    store.commit(vec![Entry::Put(record("thing.a", false))]).unwrap();
}
