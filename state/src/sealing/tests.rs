use std::collections::BTreeMap;

use std::fs;

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
        skip_destroy: false,
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

    let again = SealKey::at(key.path().unwrap());
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
            fs::metadata(key.path().unwrap()).unwrap().permissions().mode() & 0o777,
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
    assert!(!key.path().unwrap().exists());
    let mut store = open(&state, &key).unwrap();
    store
        .commit(vec![Entry::Put(record("thing.open", false))])
        .unwrap();
    assert!(
        !key.path().unwrap().exists(),
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
    without_the_key(1);
}

/// Records of a large state are read late; a key that is not there is missed at once.
#[test]
fn without_the_key_a_large_state_is_not_opened() {
    without_the_key(60);
}

fn without_the_key(records: usize) {
    let dir = tempfile::tempdir().unwrap();
    let key = SealKey::at(dir.path().join("state.key"));
    let state = dir.path().join("state");
    let mut store = open(&state, &key).unwrap();
    for number in 0..records {
        let sealed = record(&format!("thing.a[{number}]"), true);
        store.commit(vec![Entry::Put(sealed)]).unwrap();
    }
    store.finish().unwrap();
    let name = key.name().unwrap();

    let other = SealKey::at(dir.path().join("other.key"));
    other.ready().unwrap();
    for error in [
        open(&state, &other).unwrap_err(),
        open(&state, &SealKey::at(dir.path().join("absent.key"))).unwrap_err(),
        read_view_sealed(&state, &other).unwrap_err(),
        read_view(&state).unwrap_err(),
    ] {
        assert!(matches!(error, StateError::Unseal { .. }), "{error}");
        assert!(error.to_string().contains(&name), "{error}");
    }
    fs::write(other.path().unwrap(), "streamform-key-9 abc").unwrap();
    let error = open(&state, &SealKey::at(other.path().unwrap())).unwrap_err();
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
    key_file::make(one.path().unwrap()).ok().unwrap();
    key_file::make(two.path().unwrap()).ok().unwrap();
    assert_eq!(one.name().unwrap(), two.name().unwrap());
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
        Err(StateError::BrokenSeal { .. })
    ));
    assert!(matches!(
        key.open_text("plan variables", "{}"),
        Err(StateError::BrokenSeal { .. })
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

/// A state with one sealed record.
fn sealed_state(dir: &Path, key: &SealKey) {
    let mut store = open(dir, key).unwrap();
    store.commit(vec![Entry::Put(record("thing.a", true))]).unwrap();
    store.finish().unwrap();
}

#[test]
fn a_passphrase_is_all_that_another_machine_needs() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    let phrase = |text: &str| SealKey::of_passphrase(text).unwrap();
    sealed_state(&state, &phrase("correct horse"));
    // A second run seals with the same derivation, so that the third derives one key and not two.
    let second = phrase("correct horse");
    let mut store = open(&state, &second).unwrap();
    store.commit(vec![Entry::Put(record("thing.b", true))]).unwrap();
    store.finish().unwrap();
    let third = phrase("correct horse");
    assert_eq!(read_view_sealed(&state, &third).unwrap().len(), 2);
    assert_eq!(third.name().unwrap(), second.name().unwrap());

    let error = read_view_sealed(&state, &phrase("wrong horse"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("STREAMFORM_STATE_PASSPHRASE"), "{error}");
    let file = SealKey::at(dir.path().join("state.key"));
    let error = read_view_sealed(&state, &file).unwrap_err().to_string();
    assert!(error.contains("STREAMFORM_STATE_PASSPHRASE"), "{error}");
    assert!(!file.path().unwrap().exists());
    let error = SealKey::of_passphrase("short").unwrap_err().to_string();
    assert!(
        error.contains("8 characters") && !error.contains("short"),
        "{error}"
    );
}

#[test]
fn older_keys_open_and_never_seal() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    let old = SealKey::at(dir.path().join("old.key"));
    sealed_state(&state, &old);
    let new = SealKey::of_passphrase("a new passphrase").unwrap();
    let absent = SealKey::at(dir.path().join("absent.key"));
    let both = new.also_opening([absent.clone(), SealKey::at(old.path().unwrap())]);
    let mut store = open(&state, &both).unwrap();
    store.commit(vec![Entry::Put(record("thing.b", true))]).unwrap();
    store.finish().unwrap();
    assert!(!absent.path().unwrap().exists());
    assert_eq!(read_view_sealed(&state, &both).unwrap().len(), 2);
    assert!(matches!(
        read_view_sealed(&state, &new),
        Err(StateError::Unseal { id, .. }) if id == "thing.a"
    ));
    assert!(matches!(
        read_view_sealed(&state, &old),
        Err(StateError::Unseal { id, .. }) if id == "thing.b"
    ));
}

#[test]
fn the_same_bytes_are_the_same_key_wherever_they_come_from() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.key");
    fs::write(&path, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n").unwrap();
    let state = dir.path().join("state");
    sealed_state(&state, &SealKey::at(&path));
    let command = SealKey::of_command(if cfg!(windows) {
        format!("type {}", path.display())
    } else {
        format!("cat '{}'", path.display())
    });
    assert_eq!(read_view_sealed(&state, &command).unwrap().len(), 1);
    assert!(!SealKey::at(&path).is_machine_made());
}

#[test]
fn bytes_open_only_under_their_purpose_and_whole() {
    let dir = tempfile::tempdir().unwrap();
    let key = SealKey::at(dir.path().join("state.key"));
    let mut sealed = key.seal_bytes("a plan", b"hunter2").unwrap();
    assert!(!sealed.windows(7).any(|window| window == b"hunter2"));
    assert_eq!(key.open_bytes("a plan", &sealed).unwrap(), b"hunter2");
    assert!(matches!(
        key.open_bytes("another", &sealed),
        Err(StateError::BrokenSeal { .. })
    ));
    let last = sealed.len() - 1;
    sealed[last] ^= 1;
    for bad in [&sealed[..], b"", b"{}\n", b"rubbish"] {
        assert!(matches!(
            key.open_bytes("a plan", bad),
            Err(StateError::BrokenSeal { .. })
        ));
    }
}
