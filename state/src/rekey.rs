//! Another key for a state: everything that is sealed is sealed anew, also in snapshots and documents.
//!
//! The state itself changes in one commit; then each copy is replaced in one step. Whatever instant a run is killed at, every part is
//! sealed with the one key or the other, and a second run seals the rest.

use std::path::Path;

use crate::Backend;
use crate::HolderInfo;
use crate::LockWait;
use crate::SealKey;
use crate::StateError;
use crate::contents::Contents;
use crate::contents::Standing;
use crate::document;
use crate::item::Codec;
use crate::item::Item;

/// What [`Backend::rekey`] has sealed anew.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rekeyed {
    /// Records, outputs and intents.
    pub items: usize,
    /// Snapshots and documents.
    pub copies: usize,
    /// Copies that stay as they are: they are damaged, or sealed with a key that is not at hand.
    pub left: Vec<String>,
}

impl Rekeyed {
    pub(crate) fn add(&mut self, other: Rekeyed) {
        self.items += other.items;
        self.copies += other.copies;
        self.left.extend(other.left);
    }
}

impl Backend {
    /// Seals a workspace's state with another key: its items, its copies and its documents. The key that it was made with opens
    /// what is there. Neither serial nor content changes.
    ///
    /// # Errors
    /// When the lock is held, when an item is sealed with a key that is not at hand, or when something cannot be written. What
    /// was not sealed anew yet stays as it was: run it again.
    pub fn rekey(
        &self,
        workspace: &str,
        holder: &HolderInfo,
        wait: LockWait,
        new: &SealKey,
    ) -> Result<Rekeyed, StateError> {
        new.ready()?;
        let codec = Codec::new(Some(new.also_opening(self.codec().key().cloned())));
        let backend = self.with_codec(codec.clone());
        let mut store = backend.open(workspace, holder.clone(), wait)?;
        let mut done = Rekeyed {
            items: store.reseal()?,
            ..Rekeyed::default()
        };
        store.finish()?;
        done.add(self.keeper().reseal_copies(workspace, holder, wait, &codec)?);
        for name in backend.documents(workspace, "")? {
            let Some(stored) = backend.keeper().document(workspace, &name)? else {
                continue;
            };
            match document::reseal(&codec, &backend.place(workspace), &name, &stored) {
                Ok(None) => {}
                Ok(Some(fresh)) => {
                    backend
                        .keeper()
                        .replace_document(workspace, &name, fresh.as_bytes())?;
                    done.copies += 1;
                }
                Err(_) => done.left.push(name),
            }
        }
        Ok(done)
    }
}

/// The items of a copy, sealed with the codec's own key, and where the copy stands then: sealing anew changes the digest. `None` when
/// nothing in it is sealed otherwise.
pub(crate) fn reseal_items(
    path: &Path,
    codec: &Codec,
    before: &Standing,
    mut items: Vec<Item>,
) -> Result<Option<(Standing, Vec<Item>)>, StateError> {
    let mut changed = false;
    for Item(kind, id, text) in &mut items {
        if let Some(old) = text
            && let Some(fresh) = codec.reseal(*kind, id, old).map_err(|bad| bad.in_file(path))?
        {
            *text = Some(fresh);
            changed = true;
        }
    }
    if !changed {
        return Ok(None);
    }
    let mut contents = Contents::empty(&before.lineage);
    for item in &items {
        contents.load(codec, item).map_err(|bad| bad.in_file(path))?;
    }
    contents.stand_at(before);
    Ok(Some((contents.standing(), items)))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::Entry;
    use crate::OutputValue;
    use crate::RawJson;

    fn holder() -> HolderInfo {
        HolderInfo::new("rekey", "ada@engine", "run-1", "2026-11-21T10:00:00Z")
    }

    fn output(text: &str) -> Entry {
        let raw = |text: String| RawJson::from_text(text).unwrap();
        let value = OutputValue {
            value: raw(format!("\"{text}\"")),
            value_type: raw("\"string\"".into()),
            sensitive: true,
        };
        Entry::Outputs([("o".to_owned(), value)].into())
    }

    /// Two runs, the second much larger or not, and a document.
    fn written(folder: &Path, key: &SealKey, size: usize) -> Backend {
        let backend = Backend::folder(folder.join("state")).sealed(Some(key.clone()));
        for text in ["first", "second"] {
            let mut store = backend.open("", holder(), LockWait::No).unwrap();
            store.commit(vec![output(&text.repeat(size))]).unwrap();
            store.finish().unwrap();
        }
        assert!(
            backend
                .create_document("", "history/1", "a secret", true)
                .unwrap()
        );
        assert!(
            backend
                .create_document("", "history/2", "no secret", false)
                .unwrap()
        );
        backend
    }

    #[test]
    fn everything_opens_with_the_new_key_alone() {
        for size in [1, 3000] {
            let folder = tempfile::tempdir().unwrap();
            let old = SealKey::at(folder.path().join("old.key"));
            let new = SealKey::at(folder.path().join("new.key"));
            let backend = written(folder.path(), &old, size);
            let before = backend.read("").unwrap();
            let done = backend.rekey("", &holder(), LockWait::No, &new).unwrap();
            assert_eq!((done.items, &done.left), (1, &Vec::new()), "{done:?}");
            fs::remove_file(folder.path().join("old.key")).unwrap();

            let alone = Backend::folder(folder.path().join("state"))
                .sealed(Some(SealKey::at(folder.path().join("new.key"))));
            let after = alone.read("").unwrap();
            assert_eq!(
                (after.serial(), after.outputs()),
                (before.serial(), before.outputs())
            );
            assert_eq!(
                alone.document("", "history/1").unwrap().as_deref(),
                Some("a secret")
            );
            assert_eq!(
                alone.document("", "history/2").unwrap().as_deref(),
                Some("no secret")
            );
            let snapshots = crate::snapshots(&folder.path().join("state")).unwrap();
            for snapshot in &snapshots {
                crate::read_snapshot(&snapshot.path, Some(&new)).unwrap();
            }
            assert!(snapshots.iter().any(|s| s.serial == 1), "{snapshots:?}");
            // And it goes on from there.
            let mut store = alone.open("", holder(), LockWait::No).unwrap();
            assert!(store.repaired().is_none());
            store.commit(vec![output("third")]).unwrap();
            store.finish().unwrap();
            assert_eq!(alone.read("").unwrap().serial(), before.serial() + 1);
        }
    }

    #[test]
    fn a_run_that_was_killed_half_way_is_finished_by_another() {
        let folder = tempfile::tempdir().unwrap();
        let old = SealKey::at(folder.path().join("old.key"));
        let new = SealKey::at(folder.path().join("new.key"));
        let backend = written(folder.path(), &old, 1);
        // Killed behind its commit.
        let both = backend.with_codec(Codec::new(Some(new.also_opening([old]))));
        let mut store = both.open("", holder(), LockWait::No).unwrap();
        store.reseal().unwrap();
        drop(store);
        assert!(
            backend.read("").is_err(),
            "the old key alone does not do any more"
        );
        let done = backend.rekey("", &holder(), LockWait::No, &new).unwrap();
        assert!(done.copies >= 2 && done.left.is_empty(), "{done:?}");
        let again = backend.rekey("", &holder(), LockWait::No, &new).unwrap();
        assert_eq!(again.copies, 0, "nothing is left to do: {again:?}");
    }

    #[test]
    fn a_copy_that_no_key_opens_is_named_and_left() {
        let folder = tempfile::tempdir().unwrap();
        let old = SealKey::at(folder.path().join("old.key"));
        let new = SealKey::at(folder.path().join("new.key"));
        let backend = written(folder.path(), &old, 1);
        let first = crate::snapshots(&folder.path().join("state"))
            .unwrap()
            .pop()
            .unwrap();
        fs::write(&first.path, "rubbish\n").unwrap();
        let done = backend.rekey("", &holder(), LockWait::No, &new).unwrap();
        assert_eq!(done.left, [first.path.display().to_string()]);
        let wrong = Backend::folder(folder.path().join("state")).sealed(None);
        assert!(matches!(
            wrong.rekey("", &holder(), LockWait::No, &old),
            Err(StateError::Unseal { .. })
        ));
    }
}
