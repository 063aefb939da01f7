//! What functions have looked at in files, for whoever wants to evaluate the same again later.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use serde::Deserialize;
use serde::Serialize;

use super::Surroundings;
use super::crypto;
use super::filesystem::files_of_set;

/// What was looked at. File names are as functions clean them: relative to the folder of the run, or absolute.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookedAt {
    /// Files that were read, with the SHA-256 of their content in hexadecimal digits.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub contents: BTreeMap<String, String>,
    /// Names for which it was asked whether there is a file.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub exist: BTreeMap<String, bool>,
    /// Folder and pattern of a set of files, and what was found.
    #[serde(default, with = "sets", skip_serializing_if = "BTreeMap::is_empty")]
    pub sets: BTreeMap<(String, String), Vec<String>>,
}

impl LookedAt {
    /// Whether nothing was looked at.
    pub fn is_empty(&self) -> bool {
        self.contents.is_empty() && self.exist.is_empty() && self.sets.is_empty()
    }

    /// What is not as it was, in words. A file that was read and is not there any more is none of it: it may not be read again,
    /// and if it is, the function says so.
    pub fn other_now(&self, around: &Surroundings) -> Vec<String> {
        let file = |name: &str| around.base_dir.join(name);
        let mut found = Vec::new();
        for (name, digest) in &self.contents {
            let path = file(name);
            // (What has become a pipe or a device may never end.)
            let bytes = path.is_file().then(|| std::fs::read(&path));
            let bytes = bytes.and_then(Result::ok);
            if bytes.is_some_and(|bytes| crypto::hex(&crypto::sha256(&bytes)) != *digest) {
                found.push(format!("{name}: its content is another one"));
            }
        }
        for (name, there) in &self.exist {
            match (there, file(name).is_file()) {
                (true, false) => found.push(format!("{name}: it is not there any more")),
                (false, true) => found.push(format!("{name}: it was not there")),
                _ => {}
            }
        }
        for ((folder, pattern), files) in &self.sets {
            if files_of_set(folder, pattern, around).is_ok_and(|now| now != *files) {
                found.push(format!("{folder}/{pattern}: other files are found"));
            }
        }
        found
    }
}

/// What files held at an earlier time. Functions find it in place of what is there now.
#[derive(Clone, Debug, Default)]
pub struct KeptFiles {
    /// What was looked at.
    pub looked_at: LookedAt,
    /// Contents that were kept, by their digests.
    pub contents: BTreeMap<String, Vec<u8>>,
}

impl KeptFiles {
    /// The content of a file, if it was kept.
    pub(super) fn content(&self, name: &str) -> Option<&[u8]> {
        let digest = self.looked_at.contents.get(name)?;
        self.contents.get(digest).map(Vec::as_slice)
    }

    /// Whether there was such a file, if somebody asked.
    pub(super) fn existence(&self, name: &str) -> Option<bool> {
        self.looked_at.exist.get(name).copied()
    }

    /// The files of a set, if somebody asked for it.
    pub(super) fn set(&self, folder: &str, pattern: &str) -> Option<&[String]> {
        let set = (folder.to_owned(), pattern.to_owned());
        self.looked_at.sets.get(&set).map(Vec::as_slice)
    }
}

/// Sets of files as a list: names of members of JSON are plain texts.
mod sets {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde::Deserializer;
    use serde::Serializer;

    type Sets = BTreeMap<(String, String), Vec<String>>;

    pub(super) fn serialize<S: Serializer>(sets: &Sets, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(
            sets.iter()
                .map(|((folder, pattern), found)| (folder, pattern, found)),
        )
    }

    pub(super) fn deserialize<'d, D: Deserializer<'d>>(deserializer: D) -> Result<Sets, D::Error> {
        let sets = Vec::<(String, String, Vec<String>)>::deserialize(deserializer)?;
        let entry = |(folder, pattern, found)| ((folder, pattern), found);
        Ok(sets.into_iter().map(entry).collect())
    }
}

/// Notes what is looked at. What is looked at twice counts as it was the first time.
#[derive(Debug, Default)]
pub struct FilesRead(Mutex<LookedAt>);

impl FilesRead {
    /// Begins with what was looked at before.
    pub fn going_on_from(before: LookedAt) -> Self {
        FilesRead(Mutex::new(before))
    }

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
