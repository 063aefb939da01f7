//! The journal on this machine: a local state, and a note of what the server has of it.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use super::Items;
use crate::StateError;
use crate::contents::Standing;
use crate::durable;
use crate::item::Codec;
use crate::item::Item;
use crate::local;
use crate::local::layout::Layout;

/// What is in the journal.
pub(super) struct Journal {
    pub(super) standing: Standing,
    pub(super) items: Items,
    /// What the server was given last by this machine.
    pub(super) sent: Option<Standing>,
}

fn note(folder: &Path) -> PathBuf {
    folder.join("sent.json")
}

fn read_note(folder: &Path) -> Result<Option<Standing>, StateError> {
    let path = note(folder);
    match fs::read(&path) {
        Ok(text) => serde_json::from_slice(&text)
            .map(Some)
            .map_err(|_| StateError::corrupt(&path, "it is no note")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StateError::read(&path, error)),
    }
}

/// Reads the journal; `None` when there is none.
pub(super) fn read(folder: &Path, codec: &Codec) -> Result<Option<Journal>, StateError> {
    let sent = read_note(folder)?;
    let all = match local::all_items(folder, codec) {
        // The state was given another key elsewhere. What was sent from here is not needed any more.
        Err(StateError::Unseal { .. }) if sent.is_some() && local::ended_at(folder)? == sent => None,
        all => all?,
    };
    let Some((standing, items)) = all else {
        return Ok(None);
    };
    Ok(Some(Journal {
        standing,
        items: items.into_iter().collect(),
        sent,
    }))
}

/// Notes what the server has now.
pub(super) fn sent(folder: &Path, standing: &Standing) -> Result<(), StateError> {
    use std::io::Write as _;
    let path = note(folder);
    durable::replace_file(&path, |out| {
        let text = serde_json::to_vec(standing).map_err(|error| StateError::write(&path, error.into()))?;
        out.write_all(&text)
            .map_err(|error| StateError::write(&path, error))
    })
}

/// Begins the journal anew with what the server has (`None`: nothing). Its lock is held. What it was is set aside, and what is
/// kept beside the state stays.
pub(super) fn reset(layout: &Layout, server: Option<(&Standing, &Items)>) -> Result<(), StateError> {
    if layout.holds_state() {
        let parts = [
            layout.manifest(),
            layout.logs(),
            layout.working(),
            layout.snapshots(),
        ];
        local::set_aside(layout, &parts)?;
    }
    let Some((standing, items)) = server else {
        let path = note(layout.dir());
        return match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(StateError::write(&path, error))
            }
            _ => Ok(()),
        };
    };
    // The note comes first: a journal without it would pass for one whose results were never sent.
    sent(layout.dir(), standing)?;
    let items = items
        .iter()
        .map(|((kind, id), text)| Item(*kind, id.clone(), Some(text.clone())));
    local::begin_with(layout, standing, items)
}

/// Removes it with all that is kept beside it.
pub(super) fn remove(folder: &Path) -> Result<(), StateError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(StateError::write(folder, error)),
        _ => Ok(()),
    }
}
