//! States in folders of this machine.

mod check;
pub(crate) mod checked_lines;
mod documents;
mod indexed;
pub(crate) mod layout;
pub(crate) mod lock;
pub(crate) mod log;
mod manifest;
pub(crate) mod medium;
mod places;
mod reader;
mod recovery;
mod reseal;
mod restore;
mod snapshot;
mod working;

use std::fs;
use std::path::Path;
use std::path::PathBuf;

pub use layout::workspace_dir;
pub use layout::workspaces;
pub use lock::force_unlock;
pub use lock::lock_info;
pub use places::DEFAULT_WORKSPACE;
pub use places::Places;
pub use places::file_of_folder;
pub use places::folder_of_file;
pub use reader::read_view;
pub use reader::read_view_sealed;
pub use restore::Restored;
pub use restore::read_snapshot;
pub use restore::restore;
pub(crate) use restore::set_aside;
pub use snapshot::SnapshotInfo;
pub use snapshot::snapshots;

use crate::HolderInfo;
use crate::KeptSnapshot;
use crate::LockWait;
use crate::RawJson;
use crate::Rekeyed;
use crate::StateError;
use crate::StateView;
use crate::backend::Keeper;
use crate::backend::Opened;
use crate::check::Examined;
use crate::contents::Standing;
use crate::item::Codec;
use crate::item::Item;
use crate::item::Kind;

/// Where the state in a folder stands, and all its items in their stored form; `None` when there is no folder.
pub(crate) fn all_items(
    dir: &Path,
    codec: &Codec,
) -> Result<Option<(Standing, Vec<StoredItem>)>, StateError> {
    if !dir.is_dir() {
        return Ok(None);
    }
    let layout = layout::Layout::new(dir);
    let standing = recovery::read(&layout, codec)?.standing();
    let items = recovery::everything(&layout, codec)?.into_iter();
    Ok(Some((
        standing,
        items.filter_map(|(name, text)| Some((name, text?))).collect(),
    )))
}

type StoredItem = ((Kind, String), RawJson);

/// Where the last run has left the state in a folder, if it ended in order and nothing came after it. No item is read.
pub(crate) fn ended_at(dir: &Path) -> Result<Option<Standing>, StateError> {
    let layout = layout::Layout::new(dir);
    if !log::segments(&layout)?.is_empty() {
        return Ok(None);
    }
    manifest::read(&layout.manifest())
}

/// Begins a state in a folder that has none with items that come from elsewhere.
pub(crate) fn begin_with(
    layout: &layout::Layout,
    standing: &Standing,
    mut items: impl Iterator<Item = Item>,
) -> Result<(), StateError> {
    snapshot::write(layout, standing, false, |take| {
        items.try_for_each(|item| take(&item))
    })?;
    manifest::write(&layout.manifest(), standing)
}

/// Folders on this machine.
#[derive(Debug)]
pub(crate) enum LocalKeeper {
    /// One for each workspace.
    Places(Places),
    /// This one, for whatever workspace.
    Folder(PathBuf),
}

impl LocalKeeper {
    fn folder(&self, workspace: &str) -> PathBuf {
        match self {
            Self::Places(places) => places.folder(workspace),
            Self::Folder(folder) => folder.clone(),
        }
    }
}

impl Keeper for LocalKeeper {
    fn place(&self, workspace: &str) -> String {
        self.folder(workspace).display().to_string()
    }

    fn local_folder(&self, workspace: &str) -> Option<PathBuf> {
        Some(self.folder(workspace))
    }

    fn workspaces(&self) -> Result<Vec<String>, StateError> {
        match self {
            Self::Places(places) => places.workspaces(),
            Self::Folder(_) => Ok(vec![DEFAULT_WORKSPACE.to_owned()]),
        }
    }

    fn exists(&self, workspace: &str) -> Result<bool, StateError> {
        Ok(self.folder(workspace).exists())
    }

    fn foreign(&self, workspace: &str) -> Result<Option<(String, Vec<u8>)>, StateError> {
        let file = file_of_folder(&self.folder(workspace));
        match fs::read(&file) {
            Ok(bytes) => Ok(Some((file.display().to_string(), bytes))),
            Err(_) if !file.is_file() => Ok(None),
            Err(error) => Err(StateError::read(&file, error)),
        }
    }

    fn open(
        &self,
        workspace: &str,
        holder: &HolderInfo,
        wait: LockWait,
        codec: &Codec,
    ) -> Result<Opened, StateError> {
        medium::open(&self.folder(workspace), holder, wait, codec)
    }

    fn read(&self, workspace: &str, codec: &Codec) -> Result<StateView, StateError> {
        reader::read(&self.folder(workspace), codec)
    }

    fn delete(&self, workspace: &str) -> Result<(), StateError> {
        let folder = self.folder(workspace);
        fs::remove_dir_all(&folder).map_err(|error| StateError::write(&folder, error))
    }

    fn holders(&self, workspace: &str) -> Result<Vec<HolderInfo>, StateError> {
        Ok(lock_info(&self.folder(workspace)).into_iter().collect())
    }

    fn force_unlock(&self, workspace: &str, id: &str) -> Result<HolderInfo, StateError> {
        force_unlock(&self.folder(workspace), id)
    }

    fn check(
        &self,
        workspace: &str,
        holder: &HolderInfo,
        wait: LockWait,
        codec: &Codec,
    ) -> Result<Examined, StateError> {
        check::examine(&self.folder(workspace), holder, wait, codec)
    }

    fn snapshots(&self, workspace: &str, codec: &Codec) -> Result<Vec<KeptSnapshot>, StateError> {
        let read = |info: SnapshotInfo| {
            let contents = snapshot::read(&info.path, codec, |_| {});
            KeptSnapshot {
                info,
                records: contents.map(|contents| contents.view.len()),
            }
        };
        Ok(snapshots(&self.folder(workspace))?
            .into_iter()
            .map(read)
            .collect())
    }

    fn restore(
        &self,
        workspace: &str,
        holder: &HolderInfo,
        wait: LockWait,
        serial: Option<u64>,
        codec: &Codec,
    ) -> Result<Restored, StateError> {
        restore::restore_sealed(&self.folder(workspace), holder, wait, serial, codec)
    }

    fn create_document(&self, workspace: &str, name: &str, stored: &[u8]) -> Result<bool, StateError> {
        documents::create(&self.folder(workspace), name, stored)
    }

    fn document(&self, workspace: &str, name: &str) -> Result<Option<Vec<u8>>, StateError> {
        documents::read(&self.folder(workspace), name)
    }

    fn documents(&self, workspace: &str, prefix: &str) -> Result<Vec<String>, StateError> {
        documents::list(&self.folder(workspace), prefix)
    }

    fn replace_document(&self, workspace: &str, name: &str, stored: &[u8]) -> Result<(), StateError> {
        documents::replace(&self.folder(workspace), name, stored)
    }

    fn reseal_copies(
        &self,
        workspace: &str,
        holder: &HolderInfo,
        wait: LockWait,
        codec: &Codec,
    ) -> Result<Rekeyed, StateError> {
        reseal::reseal_copies(&self.folder(workspace), holder, wait, codec)
    }

    fn remove_document(&self, workspace: &str, name: &str) -> Result<(), StateError> {
        documents::remove(&self.folder(workspace), name)
    }
}

#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod indexed_tests;
