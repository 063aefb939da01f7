//! A process that is killed while it commits has lost nothing that it was told is durable.

use std::collections::BTreeMap;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;

use streamform_state::Entry;
use streamform_state::HolderInfo;
use streamform_state::LockWait;
use streamform_state::Mode;
use streamform_state::Object;
use streamform_state::RawJson;
use streamform_state::Record;
use streamform_state::StateError;
use streamform_state::Store;
use streamform_state::lock_info;
use streamform_state::read_view;

/// Set for the child: the folder to write to.
const CHILD: &str = "STREAMFORM_STATE_KILL_TEST";

fn holder() -> HolderInfo {
    HolderInfo::new(
        "OperationTypeApply",
        "ada@engine",
        "run-1",
        "2026-11-21T10:00:00Z",
    )
}

fn record(number: usize) -> Record {
    Record {
        address: format!("thing.a[{number}]"),
        mode: Mode::Managed,
        type_name: "thing".into(),
        provider: "provider[\"registry.terraform.io/acme/thing\"]".into(),
        current: Some(Object {
            attributes: RawJson::from_value(&number).unwrap(),
            ..Object::default()
        }),
        deposed: BTreeMap::new(),
        version: 0,
    }
}

/// The child: commits until it is killed, and says after each commit that it is durable.
fn commit_for_ever(dir: &Path) {
    let mut store = Store::open(dir, holder(), LockWait::No).unwrap();
    let mut out = std::io::stdout();
    for number in store.view().len().. {
        store.commit(vec![Entry::Put(record(number))]).unwrap();
        writeln!(out, "durable {number}").unwrap();
        out.flush().unwrap();
    }
}

#[test]
fn nothing_durable_is_lost() {
    if let Some(dir) = std::env::var_os(CHILD) {
        return commit_for_ever(Path::new(&dir));
    }
    let dir = tempfile::tempdir().unwrap();
    let mut durable = 0;
    for round in 1..=4 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["nothing_durable_is_lost", "--exact", "--nocapture"])
            .env(CHILD, dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok);
        // The test harness writes to the same stream.
        let mut numbers = lines.filter_map(|line| line.split("durable ").nth(1)?.parse::<usize>().ok());
        let mut seen = 0;
        while seen < 40 * round {
            durable = numbers.next().unwrap() + 1;
            seen += 1;
        }
        if round == 1 {
            let error = Store::open(dir.path(), holder(), LockWait::No).unwrap_err();
            assert!(
                matches!(error, StateError::Locked { holder: Some(_), .. }),
                "{error}"
            );
            assert_eq!(lock_info(dir.path()).unwrap().pid, child.id());
            assert!(
                read_view(dir.path()).unwrap().len() >= durable,
                "readers do not wait"
            );
        }
        child.kill().unwrap();
        durable = numbers.last().map_or(durable, |last| last + 1);
        child.wait().unwrap();

        let store = Store::open(dir.path(), holder(), LockWait::No).unwrap();
        assert_eq!(store.taken_over().map(|dead| dead.pid), Some(child.id()));
        let view = store.view();
        assert!(
            view.len() == durable || view.len() == durable + 1,
            "{} of {durable}",
            view.len()
        );
        assert!((0..view.len()).all(|number| view.get(&format!("thing.a[{number}]")).is_some()));
        // Every other round leaves the log as it is for the next one.
        if round % 2 == 0 {
            store.finish().unwrap();
        }
    }
}
