//! What functions have looked at in files, for whoever wants to evaluate the same again later.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use super::crypto;

/// What was looked at. File names are as functions clean them: relative to the folder of the run, or absolute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LookedAt {
    /// Files that were read, with the SHA-256 of their content in hexadecimal digits.
    pub contents: BTreeMap<String, String>,
    /// Names for which it was asked whether there is a file.
    pub exist: BTreeMap<String, bool>,
    /// Folder and pattern of a set of files, and what was found.
    pub sets: BTreeMap<(String, String), Vec<String>>,
}

/// Notes what is looked at. What is looked at twice counts as it was the first time.
#[derive(Debug, Default)]
pub struct FilesRead(Mutex<LookedAt>);

impl FilesRead {
    /// What was looked at so far.
    pub fn so_far(&self) -> LookedAt {
        self.notes().clone()
    }

    fn notes(&self) -> MutexGuard<'_, LookedAt> {
        // A note is whole or not there, whatever happened to the thread that made it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn content(&self, name: &str, bytes: &[u8]) {
        if self.notes().contents.contains_key(name) {
            return;
        }
        let digest = crypto::hex(&crypto::sha256(bytes));
        self.notes().contents.insert(name.to_owned(), digest);
    }

    pub(super) fn existence(&self, name: &str, exists: bool) {
        self.notes().exist.entry(name.to_owned()).or_insert(exists);
    }

    pub(super) fn set(&self, folder: &str, pattern: &str, found: &[String]) {
        self.notes()
            .sets
            .entry((folder.to_owned(), pattern.to_owned()))
            .or_insert_with(|| found.to_vec());
    }
}
