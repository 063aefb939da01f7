//! The lock: one writer at a time, decided by the kernel and explained by a file.

use std::fs::File;
use std::fs::TryLockError;
use std::io::Read as _;
use std::io::Seek as _;
use std::io::SeekFrom;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use crate::HolderInfo;
use crate::LockWait;
use crate::StateError;
use crate::durable;
use crate::local::layout::Layout;

/// Readers hold a shared lock for an instant to see whether a holder is alive ([`lock_info`]); one who does not want to
/// wait must not fail over that.
const GRACE: Duration = Duration::from_millis(60);

/// The lock, held. Released when dropped, and by the kernel when the process dies.
#[derive(Debug)]
pub(crate) struct StateLock {
    file: File,
    taken_over: Option<HolderInfo>,
}

impl StateLock {
    pub(crate) fn acquire(layout: &Layout, holder: &HolderInfo, wait: LockWait) -> Result<Self, StateError> {
        let path = layout.lock();
        let io = |error| StateError::write(&path, error);
        let file = durable::owner_only()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(io)?;
        let mut waiting = wait.begin(GRACE, Duration::from_millis(5), Duration::from_millis(500));
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(error)) => return Err(io(error)),
                Err(TryLockError::WouldBlock) => {}
            }
            if !waiting.pause() {
                return Err(StateError::locked_here(layout.dir(), read_holder(&path)));
            }
        }
        // A holder that ended in order has emptied the file.
        let taken_over = read_holder(&path);
        let mut lock = Self { file, taken_over };
        lock.describe(holder)
            .map_err(|error| StateError::write(&path, error))?;
        Ok(lock)
    }

    pub(crate) fn taken_over(&self) -> Option<&HolderInfo> {
        self.taken_over.as_ref()
    }

    fn describe(&mut self, holder: &HolderInfo) -> std::io::Result<()> {
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        let mut text = serde_json::to_vec(holder)?;
        text.push(b'\n');
        self.file.write_all(&text)
    }
}

impl Drop for StateLock {
    fn drop(&mut self) {
        // Emptied while still locked; if that fails, the next one merely says that it took over.
        let _ = self.file.set_len(0);
        let _ = self.file.unlock();
    }
}

/// Who holds the lock of the state in `dir` at this moment; `None` when nobody does.
pub fn lock_info(dir: &Path) -> Option<HolderInfo> {
    let path = Layout::new(dir).lock();
    let holder = read_holder(&path)?;
    is_held(&path).then_some(holder)
}

/// Clears what a dead holder left in the lock file. It does not take the lock away from a living one: nothing can.
///
/// # Errors
/// When `id` is not the lock's, when there is none, or when its holder is alive.
pub fn force_unlock(dir: &Path, id: &str) -> Result<HolderInfo, StateError> {
    let layout = Layout::new(dir);
    let path: PathBuf = layout.lock();
    let Some(holder) = read_holder(&path) else {
        return Err(StateError::NotLocked { path: dir.to_owned() });
    };
    if holder.id != id {
        return Err(StateError::OtherLock {
            path: dir.to_owned(),
            asked: id.into(),
            found: holder.id,
        });
    }
    let file = File::options()
        .write(true)
        .open(&path)
        .map_err(|error| StateError::write(&path, error))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(StateError::locked_here(dir, Some(holder)));
        }
        Err(TryLockError::Error(error)) => return Err(StateError::write(&path, error)),
    }
    file.set_len(0).map_err(|error| StateError::write(&path, error))?;
    Ok(holder)
}

fn is_held(path: &Path) -> bool {
    let Ok(file) = File::open(path) else { return false };
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

fn read_holder(path: &Path) -> Option<HolderInfo> {
    let mut text = String::new();
    File::open(path).ok()?.read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(operation: &str) -> HolderInfo {
        HolderInfo::new(operation, "ada@engine", "run-1", "2026-11-21T10:00:00Z")
    }

    fn acquire(dir: &Path, operation: &str) -> Result<StateLock, StateError> {
        let layout = Layout::new(dir);
        layout.create().unwrap();
        StateLock::acquire(&layout, &holder(operation), LockWait::No)
    }

    #[test]
    fn the_second_one_learns_who_is_in_the_way() {
        let dir = tempfile::tempdir().unwrap();
        let first = acquire(dir.path(), "OperationTypeApply").unwrap();
        let text = acquire(dir.path(), "OperationTypePlan").unwrap_err().to_string();
        for part in [
            "Operation: OperationTypeApply",
            "ada@engine",
            "2026-11-21T10:00:00Z",
            &std::process::id().to_string(),
        ] {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
        assert_eq!(lock_info(dir.path()).unwrap().operation, "OperationTypeApply");
        drop(first);
        assert_eq!(lock_info(dir.path()), None);
        assert!(
            acquire(dir.path(), "OperationTypePlan")
                .unwrap()
                .taken_over()
                .is_none()
        );
    }

    #[test]
    fn waits_as_long_as_it_was_told() {
        let dir = tempfile::tempdir().unwrap();
        let first = acquire(dir.path(), "OperationTypeApply").unwrap();
        let path = dir.path().to_owned();
        let waiter = std::thread::spawn(move || {
            let wait = LockWait::UpTo(Duration::from_secs(60));
            StateLock::acquire(&Layout::new(&path), &holder("OperationTypePlan"), wait).is_ok()
        });
        drop(first);
        assert!(waiter.join().unwrap());
    }

    #[test]
    fn a_dead_holder_is_taken_over_or_cleared() {
        let dir = tempfile::tempdir().unwrap();
        let dead = holder("OperationTypeApply");
        let leave =
            || std::fs::write(dir.path().join(".lock"), serde_json::to_string(&dead).unwrap()).unwrap();

        leave();
        assert_eq!(lock_info(dir.path()), None);
        let lock = acquire(dir.path(), "OperationTypePlan").unwrap();
        assert_eq!(lock.taken_over(), Some(&dead));
        drop(lock);

        leave();
        assert!(matches!(
            force_unlock(dir.path(), "other"),
            Err(StateError::OtherLock { .. })
        ));
        assert_eq!(force_unlock(dir.path(), &dead.id).unwrap(), dead);
        assert!(matches!(
            force_unlock(dir.path(), &dead.id),
            Err(StateError::NotLocked { .. })
        ));
    }

    #[test]
    fn a_living_holder_cannot_be_unlocked() {
        let dir = tempfile::tempdir().unwrap();
        let _first = acquire(dir.path(), "OperationTypeApply").unwrap();
        let id = lock_info(dir.path()).unwrap().id;
        assert!(matches!(
            force_unlock(dir.path(), &id),
            Err(StateError::Locked { .. })
        ));
    }
}
