//! Key files: one line with a version and the key.

use std::fs;
use std::io::ErrorKind;
use std::io::Write as _;
use std::path::Path;

use super::KEY_BYTES;
use super::KEY_HEAD;
use super::key_from_text;
use crate::StateError;
use crate::bytes;
use crate::durable;

/// Reads a key file; `None` when there is none. The error is what is wrong with it.
pub(super) fn read(path: &Path) -> Result<Option<[u8; KEY_BYTES]>, String> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let text = text.trim();
    let key = match text.split_once(' ') {
        Some((KEY_HEAD, key)) => key_from_text(key),
        Some((head, _)) if head.starts_with("streamform-key-") => {
            return Err(
                "it is of a format that this version does not know: a newer Streamform made it".into(),
            );
        }
        _ => key_from_text(text),
    };
    key.map(Some).ok_or_else(|| {
        "it does not hold a key, which is 32 bytes in base64 (`openssl rand -base64 32` makes one)".into()
    })
}

/// Makes a key file, unless another process was faster. Only its owner may read it. The inner error is a detail about the file.
pub(super) fn make(path: &Path) -> Result<(), Result<StateError, String>> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        durable::create_folder(folder).map_err(Ok)?;
    }
    let key: [u8; KEY_BYTES] = rand::random();
    let fresh = path.with_extension(format!("{}.new", std::process::id()));
    let written = durable::owner_only()
        .write(true)
        .create(true)
        .truncate(true)
        .open(&fresh)
        .and_then(|mut file| {
            writeln!(file, "{KEY_HEAD} {}", bytes::encode(&key))?;
            file.sync_all()
        })
        // A link is made only where nothing is yet; a rename would replace the key of the other process.
        .and_then(|()| fs::hard_link(&fresh, path));
    let _ = fs::remove_file(&fresh);
    match written {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(Err(error.to_string())),
        _ => {}
    }
    path.parent().map_or(Ok(()), durable::sync_folder).map_err(Ok)
}
