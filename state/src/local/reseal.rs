//! Another key for the copies of a state.

use std::path::Path;

use crate::HolderInfo;
use crate::LockWait;
use crate::Rekeyed;
use crate::StateError;
use crate::item::Codec;
use crate::item::Item;
use crate::local::layout::Layout;
use crate::local::lock::StateLock;
use crate::local::log;
use crate::local::recovery::INDEXED;
use crate::local::snapshot;
use crate::rekey;

/// Seals all snapshots with the codec's own key, each in one step, and gives up what only repeats them: log segments that they cover,
/// the working store, and what a restore has set aside. The run before has left a snapshot of the present state.
pub(super) fn reseal_copies(
    dir: &Path,
    holder: &HolderInfo,
    wait: LockWait,
    codec: &Codec,
) -> Result<Rekeyed, StateError> {
    let layout = Layout::new(dir);
    let _lock = StateLock::acquire(&layout, holder, wait)?;
    let mut done = Rekeyed::default();
    for copy in snapshot::snapshots(dir)? {
        match reseal(&layout, &copy.path, codec) {
            Ok(true) => done.copies += 1,
            Ok(false) => {}
            Err(error @ StateError::WriteFile { .. }) => return Err(error),
            // Nothing that the present state needs.
            Err(_) => done.left.push(copy.path.display().to_string()),
        }
    }
    if log::segments(&layout)?.is_empty() {
        log::remove(&log::folded(&layout)?)?;
        for folder in [layout.working(), layout.set_aside()] {
            match std::fs::remove_dir_all(&folder) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(StateError::write(&folder, error));
                }
                _ => {}
            }
        }
    }
    Ok(done)
}

/// Whether there was anything to seal anew.
fn reseal(layout: &Layout, path: &Path, codec: &Codec) -> Result<bool, StateError> {
    let mut items = Vec::new();
    let before = snapshot::read(path, codec, |item| items.push(item))?.standing();
    let Some((standing, items)) = rekey::reseal_items(path, codec, &before, items)? else {
        return Ok(false);
    };
    let bytes: usize = items
        .iter()
        .map(|Item(_, id, text)| id.len() + text.as_ref().map_or(0, |text| text.as_str().len()))
        .sum();
    snapshot::write(layout, &standing, bytes as u64 >= INDEXED, |take| {
        items.iter().try_for_each(take)
    })?;
    Ok(true)
}
