//! Documents: files below the folder `documents` of a state.

use std::fs;
use std::io::ErrorKind;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;

use crate::StateError;
use crate::durable;
use crate::steps::step;

fn root(dir: &Path) -> PathBuf {
    dir.join("documents")
}

/// Writes a document that is not there yet; `false` when it is.
pub(super) fn create(dir: &Path, name: &str, stored: &[u8]) -> Result<bool, StateError> {
    let path = root(dir).join(name);
    if path.exists() {
        return Ok(false);
    }
    let folder = path.parent().unwrap_or(dir);
    durable::create_folder(folder)?;
    // Written aside and linked: whoever sees the name sees the whole text, and of two writers one learns that it was late.
    let fresh = folder.join(format!(".{}.new", uuid::Uuid::new_v4()));
    let linked = durable::owner_only()
        .write(true)
        .create_new(true)
        .open(&fresh)
        .and_then(|mut file| {
            file.write_all(stored)?;
            file.sync_all()
        })
        .and_then(|()| fs::hard_link(&fresh, &path));
    // What is left behind has a hidden name, which is never read.
    let _ = fs::remove_file(&fresh);
    match linked {
        Ok(()) => {
            durable::sync_folder(folder)?;
            step("document: written");
            Ok(true)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(StateError::write(&path, error)),
    }
}

/// Writes a document in the place of the one that is there, in one step.
pub(super) fn replace(dir: &Path, name: &str, stored: &[u8]) -> Result<(), StateError> {
    let path = root(dir).join(name);
    durable::replace_file(&path, |out| {
        out.write_all(stored)
            .map_err(|error| StateError::write(&path, error))
    })
}

/// The stored form of a document; `None` when there is none of that name.
pub(super) fn read(dir: &Path, name: &str) -> Result<Option<Vec<u8>>, StateError> {
    let path = root(dir).join(name);
    match fs::read(&path) {
        Ok(stored) => Ok(Some(stored)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StateError::read(&path, error)),
    }
}

/// The names that begin with `prefix`, sorted.
pub(super) fn list(dir: &Path, prefix: &str) -> Result<Vec<String>, StateError> {
    let root = root(dir);
    let mut names = Vec::new();
    // Only the folder that the prefix names can hold what is asked for.
    let (within, _) = prefix.rsplit_once('/').unwrap_or_default();
    let mut folders = vec![within.to_owned()];
    while let Some(folder) = folders.pop() {
        let path = root.join(&folder);
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(StateError::read(&path, error)),
        };
        for entry in entries {
            let entry = entry.map_err(|error| StateError::read(&path, error))?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            if name.starts_with('.') {
                continue;
            }
            let name = if folder.is_empty() {
                name
            } else {
                format!("{folder}/{name}")
            };
            let kind = entry
                .file_type()
                .map_err(|error| StateError::read(&path, error))?;
            if kind.is_dir() {
                folders.push(name);
            } else if name.starts_with(prefix) {
                names.push(name);
            }
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Removes a document, if it is there.
pub(super) fn remove(dir: &Path, name: &str) -> Result<(), StateError> {
    let path = root(dir).join(name);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(StateError::write(&path, error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_taken_once() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        assert_eq!(list(dir, "").unwrap(), Vec::<String>::new());
        assert!(create(dir, "a/2", b"two").unwrap());
        assert!(create(dir, "a/1", b"one").unwrap());
        assert!(create(dir, "b", b"b").unwrap());
        assert!(!create(dir, "a/1", b"other").unwrap());
        assert_eq!(read(dir, "a/1").unwrap().as_deref(), Some(b"one".as_slice()));
        assert_eq!(read(dir, "a/3").unwrap(), None);
        assert_eq!(list(dir, "").unwrap(), ["a/1", "a/2", "b"]);
        assert_eq!(list(dir, "a/").unwrap(), ["a/1", "a/2"]);
        assert_eq!(list(dir, "a/2").unwrap(), ["a/2"]);
        remove(dir, "a/1").unwrap();
        remove(dir, "a/1").unwrap();
        assert_eq!(list(dir, "a/").unwrap(), ["a/2"]);
    }
}
