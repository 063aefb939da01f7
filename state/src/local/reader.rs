//! Reading a state without its lock, also while somebody else writes it.

use std::path::Path;
use std::time::Duration;

use crate::SealKey;
use crate::StateError;
use crate::StateView;
use crate::item::Codec;
use crate::local::layout::Layout;
use crate::local::recovery;
use crate::local::snapshot;

/// A writer that finishes between two of our reads replaces files under our hands: then we look again.
const ATTEMPTS: usize = 5;

/// The state in `dir` as of its last commit, from the newest snapshot and the log since. Needs no lock and never waits for
/// one. A state that is not there yet is empty, with an empty lineage.
///
/// # Errors
/// When files cannot be read or do not hold together.
pub fn read_view(dir: &Path) -> Result<StateView, StateError> {
    read(dir, &Codec::default())
}

/// Like [`read_view`], opening with `key` what is sealed.
///
/// # Errors
/// As there, and when something is sealed with another key.
pub fn read_view_sealed(dir: &Path, key: &SealKey) -> Result<StateView, StateError> {
    read(dir, &Codec::new(Some(key.clone())))
}

/// The state in a folder as of its last commit.
pub(super) fn read(dir: &Path, codec: &Codec) -> Result<StateView, StateError> {
    let layout = Layout::new(dir);
    let mut attempt = 1;
    loop {
        match recovery::read(&layout, codec) {
            Ok(contents) => return Ok(contents.view),
            Err(
                error @ (StateError::NewerFormat { .. }
                | StateError::Unseal { .. }
                | StateError::KeyFile { .. }),
            ) => return Err(error),
            Err(error) if attempt == ATTEMPTS => {
                return Err(error.pointing_to(|| snapshot::newest_good(&layout, codec)));
            }
            Err(_) => std::thread::sleep(Duration::from_millis(4 << attempt)),
        }
        attempt += 1;
    }
}
