//! Going back to a snapshot.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use crate::HolderInfo;
use crate::LockWait;
use crate::SealKey;
use crate::StateError;
use crate::StateView;
use crate::contents::Contents;
use crate::durable;
use crate::item::Codec;
use crate::item::Item;
use crate::local::layout::Layout;
use crate::local::lock::StateLock;
use crate::local::log;
use crate::local::manifest;
use crate::local::recovery::INDEXED;
use crate::local::snapshot;
use crate::local::working::Pending;

/// What [`restore`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The snapshot that it began with, or the database.
    pub snapshot: PathBuf,
    /// The serial of the state that was brought back.
    pub from_serial: u64,
    /// The serial that it has now: higher than any before.
    pub serial: u64,
    /// Where the files that were replaced lie now, for a closer look.
    pub set_aside: PathBuf,
    /// What could not be kept: kind and name of each item that does not read well and has no copy.
    pub lost: Vec<String>,
}

/// Replaces the state in `dir` by one of its snapshots: that of `serial`, or the newest that reads well, and then also as
/// much of the log after it as reads well. Sealed items are checked with `key`. The files that were there are set aside, those of an earlier restore given up.
///
/// # Errors
/// When the lock is held, when no snapshot fits, or when files cannot be written.
pub fn restore(
    dir: &Path,
    holder: &HolderInfo,
    wait: LockWait,
    serial: Option<u64>,
    key: Option<&SealKey>,
) -> Result<Restored, StateError> {
    restore_sealed(dir, holder, wait, serial, &Codec::new(key.cloned()))
}

pub(super) fn restore_sealed(
    dir: &Path,
    holder: &HolderInfo,
    wait: LockWait,
    serial: Option<u64>,
    codec: &Codec,
) -> Result<Restored, StateError> {
    let layout = Layout::new(dir);
    let nothing = || StateError::NoSnapshot {
        path: layout.snapshots(),
        serial,
    };
    if !layout.snapshots().is_dir() {
        return Err(nothing());
    }
    let _lock = StateLock::acquire(&layout, holder, wait)?;
    let all = snapshot::snapshots(dir)?;
    let wanted = all
        .iter()
        .filter(|snapshot| serial.is_none_or(|serial| snapshot.serial == serial));
    let mut chosen = None;
    for candidate in wanted {
        let mut items = Pending::new();
        let read = snapshot::read(&candidate.path, codec, |Item(kind, id, text)| {
            items.insert((kind, id), text);
        });
        match read {
            Ok(contents) => {
                chosen = Some((candidate, contents, items));
                break;
            }
            // A newer program's snapshot is not a damaged one, nor is one that another key opens.
            Err(
                error @ (StateError::NewerFormat { .. }
                | StateError::Unseal { .. }
                | StateError::KeyFile { .. }),
            ) => return Err(error),
            Err(_) => {}
        }
    }
    let (chosen, mut contents, mut items) = chosen.ok_or_else(nothing)?;
    if serial.is_none() {
        follow_log(&layout, codec, &mut contents, &mut items);
    }
    let from_serial = contents.view.serial;

    // Above everything known, so that neither a plan made before nor a leftover file is taken for part of the new state.
    let manifest = manifest::read(&layout.manifest()).ok().flatten();
    let segments = log::segments(&layout)?;
    let known = |of: fn(&crate::contents::Standing) -> u64| manifest.as_ref().map_or(0, of);
    contents.view.serial = 1 + all
        .iter()
        .map(|snapshot| snapshot.serial)
        .chain([contents.view.serial, known(|manifest| manifest.serial)])
        .fold(0, u64::max);
    contents.seq = 1 + all
        .iter()
        .map(|snapshot| snapshot.commit)
        .chain(segments.iter().map(|segment| segment.first))
        .chain([contents.seq, known(|manifest| manifest.seq)])
        .fold(0, u64::max);

    let standing = contents.standing();
    let bytes: usize = items.values().flatten().map(|text| text.as_str().len()).sum();
    snapshot::write(&layout, &standing, bytes as u64 >= INDEXED, |take| {
        items
            .into_iter()
            .filter(|(_, text)| text.is_some())
            .try_for_each(|((kind, id), text)| take(&Item(kind, id, text)))
    })?;
    set_aside(&layout, &[layout.manifest(), layout.logs(), layout.working()])?;
    manifest::write(&layout.manifest(), &standing)?;
    Ok(Restored {
        snapshot: chosen.path.clone(),
        from_serial,
        serial: standing.serial,
        set_aside: layout.set_aside(),
        lost: Vec::new(),
    })
}

/// The state in one snapshot, for looking at it.
///
/// # Errors
/// When it cannot be read or is damaged.
pub fn read_snapshot(path: &Path, key: Option<&SealKey>) -> Result<StateView, StateError> {
    snapshot::read(path, &Codec::new(key.cloned()), |_| {}).map(|contents| contents.view)
}

/// Takes in the commits after the snapshot up to the first that does not read well.
fn follow_log(layout: &Layout, codec: &Codec, contents: &mut Contents, items: &mut Pending) {
    let mut ahead = contents.clone();
    let mut ahead_items = Pending::new();
    let after = contents.seq;
    let followed = log::folded(layout).and_then(|mut segments| {
        segments.extend(log::segments(layout)?);
        log::replay(layout, &segments, after, |commit, path| {
            for item in &commit.items {
                ahead.load(codec, item).map_err(|bad| bad.in_file(path))?;
            }
            ahead.stand_at(&commit.standing);
            if ahead.standing() != commit.standing {
                return Err(StateError::corrupt(path, "a commit does not add up"));
            }
            for Item(kind, id, text) in commit.items {
                ahead_items.insert((kind, id), text);
            }
            // This far it holds together.
            *contents = ahead.clone();
            items.extend(ahead_items.drain());
            Ok(())
        })
    });
    if let Err(error) = followed {
        tracing::warn!(error = %error, commit = contents.seq, "the log was followed up to this commit");
    }
}

/// Moves files and folders out of the way; what was set aside before is given up.
pub(crate) fn set_aside(layout: &Layout, paths: &[PathBuf]) -> Result<(), StateError> {
    let to = layout.set_aside();
    match fs::remove_dir_all(&to) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(StateError::write(&to, error));
        }
        _ => {}
    }
    durable::create_folder(&to)?;
    for path in paths {
        let Some(name) = path.file_name() else { continue };
        match fs::rename(path, to.join(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(StateError::write(path, error));
            }
            _ => {}
        }
    }
    durable::sync_folder(&to)?;
    durable::sync_folder(layout.dir())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Entry;
    use crate::Store;
    use crate::read_view;
    use crate::snapshots;

    fn holder() -> HolderInfo {
        HolderInfo::new("restore", "ada@engine", "run-1", "2026-11-21T10:00:00Z")
    }

    /// Three finished runs and one that was killed, each adding a check result that counts.
    fn history(dir: &Path) {
        for run in 1..=4 {
            let mut store = Store::open(dir, holder(), LockWait::No).unwrap();
            for part in 0..2 {
                store
                    .commit(vec![Entry::Checks(serde_json::json!([run, part]))])
                    .unwrap();
            }
            if run < 4 {
                store.finish().unwrap();
            }
        }
    }

    fn checks(dir: &Path) -> serde_json::Value {
        let store = Store::open(dir, holder(), LockWait::No).unwrap();
        let checks = store.view().checks().clone();
        assert_eq!(read_view(dir).unwrap().serial(), store.view().serial());
        store.finish().unwrap();
        checks
    }

    #[test]
    fn goes_back_to_a_serial_and_forward_in_serials() {
        let dir = tempfile::tempdir().unwrap();
        history(dir.path());
        let restored = restore(dir.path(), &holder(), LockWait::No, Some(2), None).unwrap();
        assert_eq!((restored.from_serial, restored.serial), (2, 4));
        assert_eq!(checks(dir.path()), serde_json::json!([2, 1]));
        let known: Vec<u64> = snapshots(dir.path())
            .unwrap()
            .iter()
            .map(|snapshot| snapshot.serial)
            .collect();
        assert_eq!(known, [4, 3, 2, 1]);
        let error = restore(dir.path(), &holder(), LockWait::No, Some(9), None).unwrap_err();
        assert!(error.to_string().contains("None has the serial 9"), "{error}");
        assert_eq!(checks(dir.path()), serde_json::json!([2, 1]));
    }

    #[test]
    fn brings_back_all_that_reads_well() {
        let dir = tempfile::tempdir().unwrap();
        history(dir.path());
        let log = log::segments(&Layout::new(dir.path()))
            .unwrap()
            .pop()
            .unwrap()
            .path;
        let mut bytes = fs::read(&log).unwrap();
        let last = bytes.len() - 3;
        bytes[last] ^= 1;
        fs::write(&log, bytes).unwrap();
        let error = Store::open(dir.path(), holder(), LockWait::No)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("damaged at byte") && error.contains("state restore"),
            "{error}"
        );

        let restored = restore(dir.path(), &holder(), LockWait::No, None, None).unwrap();
        assert_eq!((restored.from_serial, restored.serial), (4, 5));
        assert!(restored.set_aside.join("log").is_dir());
        assert_eq!(checks(dir.path()), serde_json::json!([4, 0]));
    }

    #[test]
    fn passes_over_a_damaged_snapshot() {
        let dir = tempfile::tempdir().unwrap();
        history(dir.path());
        let newest = snapshots(dir.path()).unwrap().swap_remove(0).path;
        fs::write(&newest, "rubbish\n").unwrap();
        for segment in log::folded(&Layout::new(dir.path())).unwrap() {
            fs::remove_file(segment.path).unwrap();
        }
        assert!(Store::open(dir.path(), holder(), LockWait::No).is_err());
        let restored = restore(dir.path(), &holder(), LockWait::No, None, None).unwrap();
        assert_eq!(restored.from_serial, 2);
        assert_eq!(checks(dir.path()), serde_json::json!([2, 1]));
        assert_eq!(read_snapshot(&restored.snapshot, None).unwrap().serial(), 2);
    }

    #[test]
    fn follows_the_log_that_a_damaged_snapshot_covered() {
        let dir = tempfile::tempdir().unwrap();
        history(dir.path());
        let newest = snapshots(dir.path()).unwrap().swap_remove(0).path;
        fs::write(&newest, "rubbish\n").unwrap();
        let restored = restore(dir.path(), &holder(), LockWait::No, None, None).unwrap();
        assert_eq!(restored.from_serial, 4);
        assert_eq!(checks(dir.path()), serde_json::json!([4, 1]));
    }

    #[test]
    fn needs_a_snapshot() {
        let dir = tempfile::tempdir().unwrap();
        let error = restore(dir.path(), &holder(), LockWait::No, None, None).unwrap_err();
        assert!(matches!(error, StateError::NoSnapshot { .. }));
    }
}
