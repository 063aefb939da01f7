//! Files that are there after a power cut, and that only their owner may read.

use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::BufWriter;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;

use crate::StateError;
use crate::steps::step;

/// Makes a folder and those above it, mode 0700 where the system knows modes.
pub(crate) fn create_folder(path: &Path) -> Result<(), StateError> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(path)
        .map_err(|error| StateError::write(path, error))?;
    if let Some(parent) = path.parent() {
        sync_folder(parent)?;
    }
    Ok(())
}

/// Options for a new file of mode 0600.
pub(crate) fn owner_only() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes the names in a folder durable: files that were made, renamed or removed there.
pub(crate) fn sync_folder(path: &Path) -> Result<(), StateError> {
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    // Windows cannot sync a folder, and does not need it.
    if cfg!(unix) {
        File::open(path)
            .and_then(|folder| folder.sync_all())
            .map_err(|error| StateError::write(path, error))?;
    }
    Ok(())
}

/// Writes a file so that at any instant either the old one or the whole new one is there.
pub(crate) fn replace_file(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<File>) -> Result<(), StateError>,
) -> Result<(), StateError> {
    // Hidden: whoever lists a folder passes over what a kill has left.
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".new");
    let fresh: PathBuf = path.with_file_name(name);
    let written = (|| {
        let io = |error: io::Error| StateError::write(&fresh, error);
        let file = owner_only()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&fresh)
            .map_err(io)?;
        let mut writer = BufWriter::with_capacity(1 << 16, file);
        fill(&mut writer)?;
        writer.flush().map_err(io)?;
        writer.get_ref().sync_all().map_err(io)?;
        step("file: before rename");
        fs::rename(&fresh, path).map_err(|error| StateError::write(path, error))?;
        step("file: after rename");
        Ok(())
    })();
    if written.is_err() {
        // Best effort: what is left behind is never read, and the next attempt overwrites it.
        let _ = fs::remove_file(&fresh);
    }
    written?;
    path.parent().map_or(Ok(()), sync_folder)
}
