//! The store: opened, read, written and finished by one process at a time.

use std::path::Path;

use crate::Entry;
use crate::HolderInfo;
use crate::Intent;
use crate::LockWait;
use crate::StateError;
use crate::StateView;

/// A state that this process may write. See the crate's documentation for how it is kept.
#[derive(Debug)]
pub struct Store {
    view: StateView,
}

/// What [`Store::finish`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// The serial that the state has now.
    pub serial: u64,
    /// Whether this run changed the state.
    pub changed: bool,
}

impl Store {
    /// Opens the state in the folder `dir` for writing, and makes it when it is not there.
    ///
    /// # Errors
    /// When another process holds the lock, when a file cannot be read, or when what was read does not hold together.
    pub fn open(dir: &Path, _holder: HolderInfo, _wait: LockWait) -> Result<Self, StateError> {
        Err(StateError::OpenWorkingStore {
            path: dir.to_owned(),
            detail: "writing is not there yet".into(),
        })
    }

    /// The state after the last commit.
    pub fn view(&self) -> StateView {
        self.view.clone()
    }

    /// Intents without an outcome: of a run that was killed, of one that could not learn the outcome, and those of this run
    /// that are under way. Ordered by number.
    pub fn open_intents(&self) -> Vec<Intent> {
        Vec::new()
    }

    /// A number for a new [`Intent`], never used before in this store.
    pub fn next_intent_id(&mut self) -> u64 {
        1
    }

    /// The dead process whose lock this one took over, if there was one.
    pub fn taken_over(&self) -> Option<&HolderInfo> {
        None
    }

    /// Makes entries durable: all of them, with one append and one sync of the log, or none.
    ///
    /// # Errors
    /// [`StateError::AppendLog`] when the disk refuses. The entries are in the view nevertheless, and are written again with
    /// the next commit (which may be empty): start nothing new, but keep committing the results of what is under way.
    pub fn commit(&mut self, _entries: Vec<Entry>) -> Result<(), StateError> {
        Ok(())
    }

    /// Brings the log into the working store, writes a snapshot when one is due, and releases the lock.
    ///
    /// # Errors
    /// When one of these fails. Nothing committed is lost: the next opening takes up the log.
    pub fn finish(self) -> Result<Finished, StateError> {
        Ok(Finished {
            serial: self.view.serial(),
            changed: false,
        })
    }
}
